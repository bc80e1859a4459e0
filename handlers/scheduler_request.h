/* scheduler_request.h - a diffusers scheduler_config.json as part of a request. */
#ifndef SOLVENT_SCHEDULER_REQUEST_H
#define SOLVENT_SCHEDULER_REQUEST_H

#include "core/diffusion/scheduler.h"
#include "handlers/call.h"

extern const char scheduler_config_doc[];

/* What an answer says of it. */
struct scheduler_answer {
    const struct scheduler *made; /* in the call's arena */
    struct str name;
    struct array ignored; /* keys that mean nothing to the class, in the order of the request */
};

/* scheduler_request reads the JSON object `text` and prepares the steps of a run (NULL: as usual).
 * Errors: INVALID (pointers below "/scheduler_config"; "/sampler/steps"), NO_MEMORY. */
enum status scheduler_request(struct call *call, struct str text, const struct scheduler_run *run,
                              struct scheduler_answer *out) MUST_CHECK;

#endif
