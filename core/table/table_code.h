/* table_code.h - rows of a table as features that a network for numbers can learn, and back.
 *
 *     table_code_fit(ctx, table, label, joint, &code)           what the columns are like
 *     table_encode(&code, table, features, labels)              ... a network learns them, and draws others ...
 *     table_decode(&code, rows, features, labels, &drawn)       rows like those that it learnt from
 *
 * column                     features
 * numeric, integer           (x - mean) / std of what is there; 0 where it is missing
 *   with gaps                and one more: 1 where it is missing, -1 where it is there
 * categorical                one a category: 1 for the one that it is, -1 for the others
 *   with gaps                and one more for a missing one
 * the label (categorical)    none: it is the class that the network is told; a missing label is a class of its own.
 *   joint                    those of a categorical column, too, so that a network that is told no class draws it with
 *                            the rest: of columns that are given, say
 *
 * What is given of a row is a number for each of its features, NaN where nothing is (core/diffusion/loss.h).
 *
 * Back, a row has the greatest of a column's categories, is missing where the flag is above 0, and its numbers are
 * within what was observed, at a step that was: where all numbers of a column are multiples of 10^-decimals, those drawn
 * are too, and print with no more digits. Integers stay integers. A row that was observed comes back as it was, where
 * the column's step is not lost in features of 24 bits (a step above 1e-7 of the largest score).
 * Source: Kotelnikov et al. 2023 (TabDDPM), sec. 4, who take quantiles for numbers; on iris and wine (bench/tables.py)
 * scores are nearer to rows held out. +-1 for categories: Chen et al. 2023 (analog bits). Threads: reentrant. */
#ifndef SOLVENT_TABLE_CODE_H
#define SOLVENT_TABLE_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/table/table.h"

enum { TABLE_FEATURES_MAX = 8192, TABLE_DECIMALS_MAX = 9 };
#define TABLE_NO_LABEL SIZE_MAX
#define TABLE_NEVER UINT32_MAX /* LOSS_NEVER, which this area does not see */

struct column_code {
    enum column_kind kind;
    size_t categories;
    bool gaps;           /* some values were missing: the last of its features tells it */
    double low, high;    /* what was observed; 0 and 0 where all were missing, as mean is 0 and std 1 */
    double mean, std;    /* std > 0: 1 where all are the same */
    int decimals;        /* 0 .. TABLE_DECIMALS_MAX; -1: numbers have more */
    size_t first, width; /* its features */
};

/* column_gap is the feature that tells that a column with gaps is missing. */
static inline size_t column_gap(const struct column_code *c) { return c->first + c->width - 1; }

struct table_code {
    size_t n, features, rows;    /* rows: that it was fit to */
    struct column_code *columns; /* [n] */
    size_t label;                /* a column; TABLE_NO_LABEL: there is none */
    bool joint;                  /* the label has features, too */
    size_t classes;              /* of the label, a missing one too; 0: no label */
    int64_t *counts;             /* [classes] rows of each */
};

/* table_code_fit looks at a table of at least one row. Errors: INVALID ("/label": no categorical column;
 * "/rows": no rows; too many features, a number beyond 1e30, no column but the label), NO_MEMORY. */
enum status table_code_fit(struct ctx *ctx, const struct table *table, size_t label, bool joint,
                           struct table_code *out) MUST_CHECK;

/* table_code_place sets first, width, features and classes of a code whose other members are there: of one that was
 * kept. Errors: INVALID (the members are not those of a code), NO_MEMORY. */
enum status table_code_place(struct ctx *ctx, struct table_code *code) MUST_CHECK;

/* table_encode writes features[rows][code->features] and, where there is a label, labels[rows]. The table has the code's
 * columns; a category that is not the code's, and a missing value where it has no gaps, is left as nothing: zeros. */
void table_encode(const struct table_code *code, const struct table *table, float *features, int64_t *labels);

/* table_decode writes rows of features[rows][code->features] into out->columns[i].values, which the caller gives. A label
 * of TABLE_DRAWN is one that the features tell: of a joint code. */
#define TABLE_DRAWN (-1)
void table_decode(const struct table_code *code, size_t rows, const double *features, const int64_t *labels,
                  struct table *out);

/* table_give writes what is given where a column of a row is `value` (NaN: missing, where it has gaps) to the row's
 * given[code->features]. table_give_there writes that it is not missing, where it has gaps. */
void table_give(const struct table_code *code, size_t column, double value, double *given);
void table_give_there(const struct table_code *code, size_t column, double *given);

/* table_fill changes a row's features so that none of its columns is missing when it is decoded. */
void table_fill(const struct table_code *code, double *features);

/* table_groups writes groups[features] and also[features] as loss.h has them: a column is known as a whole, or that it
 * is not missing alone; the label never, which the class stands for. */
void table_groups(const struct table_code *code, uint32_t *groups, uint32_t *also);

/* table_label_at draws the class of row i of an endless sequence with the shares that were observed: it is
 * the class at frac(start + i / golden ratio) of them (Kronecker's sequence), so that any stretch of n rows has each
 * share to within O(log n / n) instead of chance's 1 / sqrt n. start is 0 .. 1. */
int64_t table_label_at(const struct table_code *code, double start, uint64_t i);

#endif
