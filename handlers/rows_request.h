/* rows_request.h - a request for rows of a table, as the requests to /v1/sample that it stands for: one for each class
 * that some of its rows have, and one for those whose label is drawn with the rest. */
#ifndef SOLVENT_ROWS_REQUEST_H
#define SOLVENT_ROWS_REQUEST_H

#include "handlers/call.h"
#include "handlers/model_load.h"
#include "handlers/model_named.h"
#include "handlers/rows_cells.h"

enum { ROWS_COUNT_MAX = 100 * 1000, ROWS_STEPS_MAX = 1000, ROWS_CSV_MAX = 64 << 20 };

enum rows_format { ROWS_COLUMNS, ROWS_CSV };

/* The rows of one class; of none: class is that behind the last. */
struct rows_part {
    struct call call; /* of /v1/sample, decoded */
    bool begun;       /* it is to be released */
    size_t n;
    int64_t class;
    double *given; /* [n][features] as of table_give; NULL: nothing is, and no choices are made */
};

struct rows_params {
    struct str model, label, given, columns, csv;
    int64_t count, seed, steps, time_limit_ms;
    double guidance;
    bool has_count, has_guidance;
    int format, dtype;

    /* prepare's: */
    struct model_named named;
    struct str json;                /* of the model, which the call keeps */
    const struct table_file *table; /* its table */
    struct rows_cells cells;        /* what is given */
    int64_t *classes;               /* [count] of each row; that of no class where its label is drawn */
    struct rows_part *parts;        /* [n_parts] */
    size_t n_parts, choices;        /* choices: at most so many are made of a row */
};

extern const struct field rows_fields[];
extern const struct rule rows_rules[];

/* rows_prepare finds the model, reads what is given, and decodes the parts; `count` is that of the rows with gaps then. Errors: INVALID, TOO_LARGE, NO_MEMORY; as of
 * model_store.find. */
enum status rows_prepare(struct call *call, struct rows_params *params) MUST_CHECK;
void rows_release(struct rows_params *params);

/* rows_begin decodes the request of a part's rows: by Heun's method, or with `ask` in one step, which is E[x0 | given]
 * of its first latents. It is to be released where it ends with OK. Errors: those of the request, as of rows_adopt; NO_MEMORY. */
enum status rows_begin(struct call *call, const struct rows_params *p, const struct rows_part *part, bool ask,
                       struct call *out) MUST_CHECK;

/* rows_adopt makes the failure of a part's call this call's, at the fields of this request. */
enum status rows_adopt(struct call *call, const struct call *part);

/* rows_canonical writes the request with its model by digest, NAME@DIGEST. */
void rows_canonical(const struct rows_params *params, struct buf *out);

#endif
