/* table_pairs.h - how strongly two columns of a table go together, of the rows that have both.
 *
 * columns                      measure                                                            range
 * numbers, numbers             Pearson's correlation                                              -1 .. 1
 * categories, numbers          the correlation ratio: the square root of the share of the         0 .. 1
 *                              numbers' variance that lies between categories
 * categories, categories       Cramer's V: the square root of chi^2 / (n (least number of         0 .. 1
 *                              categories that occur - 1))
 * It is 0 where a column is the same in all of these rows, or there are none.
 * Source: Fisher 1925 (correlation ratio, sec. 45); Cramer 1946, sec. 21.9. Cost: O(rows + categories) a pair. Threads:
 * reentrant. */
#ifndef SOLVENT_TABLE_PAIRS_H
#define SOLVENT_TABLE_PAIRS_H

#include "core/base/ctx.h"
#include "core/table/table.h"

enum pair_measure { PAIR_CORRELATION, PAIR_RATIO, PAIR_CRAMER };
extern const char *const pair_measure_names[]; /* in that order; ends with NULL */

enum pair_measure table_pair_measure(const struct table *t, size_t a, size_t b);

/* table_pair_scratch is the doubles that table_pair needs for any two columns; all 0, before and after. */
size_t table_pair_scratch(const struct table *t);
double table_pair(const struct table *t, size_t a, size_t b, double *scratch);

/* table_pairs compares two tables of the same columns, pair by pair: (0, 1), (0, 2) .. (1, 2) ..; *out[n (n - 1) / 2] in
 * ctx. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
struct pair_report {
    size_t a, b; /* columns, a < b */
    enum pair_measure measure;
    double real, drawn;
};
enum status table_pairs(struct ctx *ctx, const struct table *real, const struct table *drawn,
                        struct pair_report **out) MUST_CHECK;

#endif
