/* train_request.h - a request for a model that learns from data that come with it: what it learns, and how it is learnt. */
#ifndef SOLVENT_TRAIN_REQUEST_H
#define SOLVENT_TRAIN_REQUEST_H

#include "handlers/call.h"
#include "handlers/table_file.h"
#include "handlers/train_plan.h"

enum { TRAIN_CSV_MAX = 64 << 20, TRAIN_NUMBERS_MAX = 64 << 20, TRAIN_FILE_MAX = 256 << 20 };

enum train_kind { TRAIN_TABLE, TRAIN_POINTS, TRAIN_IMAGES };
extern const char *const train_kind_names[]; /* in the order of train_kind; ends with NULL */

struct train_params {
    struct str name, csv, label, options, file, labels_file;
    struct array data, labels, categorical;
    bool replace;

    /* prepare's: */
    enum train_kind kind;
    struct table_file table; /* where kind is TRAIN_TABLE */
    struct dataset dataset;
    struct train_plan plan; /* points to the dataset */
    size_t numbers;         /* parameters of the network */
};

extern const struct field train_fields[];
extern const struct rule train_rules[];

/* train_refuse_taken fails where the host has a model of that name that is not to be replaced. Errors, at "/name":
 * CONFLICT, FORBIDDEN (it may not be); those of model_store.find. */
enum status train_refuse_taken(struct call *call, const struct train_params *params) MUST_CHECK;

/* train_prepare reads data and options, so that what is wrong with them is told before anything is learnt.
 * Errors: INVALID, TOO_LARGE, NO_MEMORY. */
enum status train_prepare(struct call *call, struct train_params *params) MUST_CHECK;

#endif
