/* dataset_parts.h - the inside of dataset.h: arrays of files and what they become. */
#ifndef SOLVENT_DATASET_PARTS_H
#define SOLVENT_DATASET_PARTS_H

#include "handlers/dataset.h"

enum data_array_as { AS_BYTES, AS_INTS, AS_REALS };

/* Numbers of a file, however it holds them. */
struct data_array {
    const char *file;
    size_t dims, shape[4], n;
    enum data_array_as as;
    union {
        const unsigned char *bytes; /* [n] */
        const int64_t *ints;
        const double *reals; /* finite */
    };
};

/* data_array_open reads an IDX or NPY file, gz too. Errors: INVALID, UNSUPPORTED, NO_MEMORY. */
enum status data_array_open(struct ctx *ctx, const struct data_file *file, struct data_array *out) MUST_CHECK;
/* data_array_of an array borrows its numbers and the name. */
struct data_array data_array_of(const char *file, const struct array *a);
static inline double data_array_value(const struct data_array *a, size_t i) {
    return a->as == AS_BYTES ? (double)a->bytes[i] : a->as == AS_INTS ? (double)a->ints[i] : a->reals[i];
}

/* dataset_scale makes rows[n][d] of numbers, given column by column. Errors: INVALID (numbers beyond 1e30), NO_MEMORY. */
typedef double data_number(const void *self, size_t row, size_t column);
enum status dataset_scale(struct ctx *ctx, data_number *number, const void *self, size_t n, size_t d,
                          struct dataset *out) MUST_CHECK;

/* dataset_array makes a data set of one array, dataset_labels adds labels of another. Errors: as of dataset_read. */
enum status dataset_array(struct ctx *ctx, const struct data_array *a, struct dataset *out) MUST_CHECK;
enum status dataset_labels(struct ctx *ctx, const struct data_array *a, struct dataset *out) MUST_CHECK;

/* The kinds of files. Errors: as of dataset_read. */
enum status dataset_csv(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) MUST_CHECK;
enum status dataset_png(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) MUST_CHECK;

#endif
