/* model_listing.h - what GET /v1/models and GET /v1/models/{id} tell of a model, and what they say of those left out. */
#ifndef SOLVENT_MODEL_LISTING_H
#define SOLVENT_MODEL_LISTING_H

#include "handlers/call.h"

struct model_listing {
    struct str name, architecture, digest, scheduler, labels, columns;
    bool network, has_digest, has_scheduler, has_labels, has_columns, given, has_source, measured;
    int kind, state;
    int64_t parameters, bytes, classes, source_points;
    double work, call_ms;
    struct array shape;
};

extern const struct field model_listing_fields[];

/* model_name_fields are of a model that is left out: struct model_name. */
extern const struct field model_name_fields[];

/* model_list describes the model of this name, all in the arena. *found is false where there is none (any more).
 * Errors: as of model_store.find. */
enum status model_list(struct call *call, struct str name, enum model_need need, struct model_listing *out,
                       bool *found) MUST_CHECK;

#endif
