/* model_listing.h - what GET /v1/models and GET /v1/models/{id} tell of a model. */
#ifndef SOLVENT_MODEL_LISTING_H
#define SOLVENT_MODEL_LISTING_H

#include "handlers/call.h"

struct model_listing {
    struct str name, architecture, digest, scheduler;
    bool network, has_scheduler;
    int kind;
    int64_t parameters, bytes, classes;
    double work;
    struct array shape;
};

extern const struct field model_listing_fields[];

/* model_list describes the model of this name, which the host has. Errors: NO_MEMORY. */
enum status model_list(struct call *call, const char *name, struct model_listing *out) MUST_CHECK;

#endif
