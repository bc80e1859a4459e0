/* cli_call.h - `solvent call METHOD PATH [BODY|- [ACCEPT]]`: one request without a server.
 *
 * The answer goes to standard output (a stream as it is made) and the exit code is 0; or the problem document does and
 * it is 1. SIGINT stops the computation. */
#ifndef SOLVENT_CLI_CALL_H
#define SOLVENT_CLI_CALL_H

struct options;

/* cli_call runs argv[0 .. argc-1] = METHOD PATH [BODY [ACCEPT]]; BODY "-" reads standard input, ACCEPT is a media
 * type, as the header would have it. Returns the exit code; 2: wrong usage. */
int cli_call(struct options *options, int argc, char **argv);

#endif
