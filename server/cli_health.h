/* cli_health.h - `solvent health`: asks the service on this machine whether it is alive, for containers that have no
 * curl. */
#ifndef SOLVENT_CLI_HEALTH_H
#define SOLVENT_CLI_HEALTH_H

#include <stdbool.h>

enum { HEALTH_ERROR = 256, HEALTH_TIMEOUT_MS = 3000 };

/* health_check sends GET /healthz to `listen` (as --listen takes it; "every interface" is asked on the loopback one)
 * and tells whether the answer is 200 within timeout_ms. false: error is a sentence. Blocks. */
bool health_check(const char *listen, int timeout_ms, char error[HEALTH_ERROR]);

#endif
