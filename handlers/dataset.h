/* dataset.h - what a network learns from, out of the files it comes in.
 *
 * files                                        gives
 * IDX of bytes [n][height][width] (or [..][1|3])  images         .gz too
 * IDX of [n][d]                                rows
 * NPY of integers 0 .. 255, [n][height][width]    images
 * NPY of [n][d]                                rows
 * CSV (csv.h), .gz too: columns of numbers without gaps    rows, and labels from a column of categories or of integers >= 0
 * CSV of any other columns                     rows of a table (dataset_table.h), and labels from one of categories
 * PNG (several)                                images of one size: grey where the first is; CLASS/NAME.png has a label
 * toy.h                                        rows, and labels
 *
 * Labels beside IDX or NPY come from a file of one dimension of integers >= 0, IDX or NPY.
 * Rows are given as (number - mean) / std of their column, but for tables, whose features stand for it, and toys, which are
 * of the size of 1. */
#ifndef SOLVENT_DATASET_H
#define SOLVENT_DATASET_H

#include "core/base/array.h"
#include "core/train/toy.h"
#include "core/train/trainer.h"

enum { DATASET_TOY_POINTS = 10000, DATASET_CLASSES_MAX = 100 * 1000, DATASET_WIDTH_MAX = 65536 };

/* A file's name, for sentences, and its bytes. For PNG the name is the path below the folder. */
struct data_file {
    const char *name;
    const unsigned char *p;
    size_t n;
};

struct table_file;

struct dataset {
    bool images;
    size_t height, width, channels; /* rows: 1, 1, numbers in a row */
    struct train_data data;
    size_t classes;                 /* labels are 0 .. classes - 1; 0: there are none */
    struct str *class_names;        /* [classes]; NULL: they have none but their numbers */
    double *mean, *std;             /* [channels] of rows; NULL: images */
    const struct table_file *table; /* rows are those of this table, as features; NULL: they are none */
};

/* What a CSV becomes. */
enum dataset_kind { DATASET_AUTO, DATASET_POINTS, DATASET_TABLE }; /* auto: points where they can be */
extern const char *const dataset_kind_names[];                     /* in that order; ends with NULL */

struct dataset_in {
    const struct data_file *files;
    size_t n;
    const struct data_file *labels; /* NULL: no such file */
    const char *label_column;       /* of a CSV; "": none */
    enum dataset_kind kind;
    const char
        *categorical; /* columns of a table whose numbers are names, with commas between them; NULL or "": none */
    bool joint;       /* of a table: table_code.h */
};

/* dataset_is_csv says whether a file of that name is read as a CSV: .csv or .tsv, .gz behind it or not. */
bool dataset_is_csv(const char *name);

/* dataset_read reads them; what it gives lies in ctx, and in the files' bytes, which must outlive it.
 * Errors: INVALID (a sentence with the file and the place), TOO_LARGE, NO_MEMORY; those of the readers. */
enum status dataset_read(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) MUST_CHECK;

/* dataset_toy draws DATASET_TOY_POINTS points. Errors: NO_MEMORY. */
enum status dataset_toy(struct ctx *ctx, enum toy toy, uint64_t seed, struct dataset *out) MUST_CHECK;

/* dataset_name_classes gives the classes the names of a list, "cat,dog", which must outlive it. Errors: INVALID (another
 * number of names than of classes, a name that is empty, names that are there already), NO_MEMORY. */
enum status dataset_name_classes(struct ctx *ctx, const char *names, struct dataset *d) MUST_CHECK;

#endif
