/* model_listing.h - what GET /v1/models and GET /v1/models/{id} tell of a model, and what they say of those left out. */
#ifndef SOLVENT_MODEL_LISTING_H
#define SOLVENT_MODEL_LISTING_H

#include "handlers/call.h"

struct model_listing {
    struct str name, architecture, digest, scheduler, labels, columns;
    bool network, has_digest, has_scheduler, has_labels, has_columns, table, given, has_source, measured, made;
    int kind, state;
    int64_t parameters, bytes, classes, source_points;
    double work, call_ms;
    struct array shape, left_out;
};

extern const struct field model_listing_fields[];

/* model_name_fields are of a model that is left out: struct model_name. */
extern const struct field model_name_fields[];

/* What a text of a model (its labels, columns, scheduler) has at most where it is told alone, and in a list: a hostile
 * id2label has 20 MB. The labels of ImageNet's 1000 classes have 30 KB. */
enum { MODEL_TEXT = 1 << 20, MODEL_TEXT_LISTED = 2 << 10 };

/* model_list describes the model of this name, all in the arena; texts of more than `most` bytes are left out. *found is
 * false where there is none (any more). Errors: as of model_store.find. */
enum status model_list(struct call *call, struct str name, enum model_need need, size_t most, struct model_listing *out,
                       bool *found) MUST_CHECK;

#endif
