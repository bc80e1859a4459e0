/* table_report.h - how near drawn rows are to real ones, and whether they are copies of them.
 *
 * of a column   distance: numbers by Kolmogorov and Smirnov (the greatest gap between the two distribution functions),
 *               categories by total variation; of what is there. And the share that is missing.
 * of two columns  what they have to do with each other (table_pairs.h), among the real rows and among the drawn ones;
 *               of at most TABLE_PAIRED columns
 * of the rows   Wasserstein-1 in L1 (transport.h), coverage, nearest neighbours, in the space of table_space.h, scaled
 *               by the real rows
 *
 * Coverage is the share of reference rows that have a drawn row within the distance to their own k-th neighbour among
 * the reference rows. A copy is a drawn row that is a real one in every column.
 * Source: Naeem et al. 2020 (coverage, sec. 3.2); the protocol of Jolicoeur-Martineau et al. 2024. Theirs lets a row be its
 * own first neighbour; here it is not. Cost: O(rows^2 d), the Wasserstein distance O(rows^3) at worst, for which of more
 * than TABLE_REPORT_CARRIED rows as many are taken at equal steps. Threads: rows are shared out; same bytes for any. */
#ifndef SOLVENT_TABLE_REPORT_H
#define SOLVENT_TABLE_REPORT_H

#include "core/base/ctx.h"
#include "core/table/table.h"
#include "core/table/table_pairs.h"

enum { TABLE_REPORT_ROWS_MAX = 20000, TABLE_REPORT_CARRIED = 1000, TABLE_NEIGHBOURS_MAX = 100, TABLE_PAIRED = 128 };

struct column_report {
    double distance;                    /* 0 .. 1; 1 where one side has nothing and the other something */
    double missing_real, missing_drawn; /* shares */
};

/* What drawn rows are to the rows of a reference. */
struct rows_report {
    double wasserstein; /* 1-Wasserstein, L1 */
    double coverage;    /* 0 .. 1 */
};

/* How near to the real rows others are, each to its nearest. */
struct nearness {
    double least, median, mean;
    size_t copies; /* at distance 0 */
};

struct table_report {
    struct column_report *columns; /* [n], to the real rows */
    struct pair_report *pairs;     /* [n_pairs], all of them; none where there are too many columns */
    size_t n_pairs;
    double pairs_off;                                /* the mean of |real - drawn| over them; 0: there are none */
    struct rows_report real, held_out;               /* held_out: 0 where there are no such rows */
    struct nearness drawn_to_real, held_out_to_real; /* the second is what the first is to be held against */
};

struct table_report_in {
    const struct table *real, *drawn,
        *held_out;     /* the same columns; held_out NULL: none. 1 .. TABLE_REPORT_ROWS_MAX rows */
    size_t neighbours; /* k, 1 .. TABLE_NEIGHBOURS_MAX; less where there are fewer rows */
};

/* table_report_make compares. Errors: INVALID (of table_code_fit; numbers of rows), NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status table_report_make(struct ctx *ctx, const struct table_report_in *in, struct table_report *out) MUST_CHECK;

#endif
