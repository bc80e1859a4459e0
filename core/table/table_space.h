/* table_space.h - rows of tables as points, between which distances mean something: numbers scaled to 0 .. 1 by the
 * range of one table, categories as 1/2 at one place of as many as there are, so that two rows of different categories
 * are 1 apart in L1. A missing category is one more; a missing number lies at 1/2 and has 1/2 in a place of its own.
 * Source: the protocol of Jolicoeur-Martineau et al. 2024 (ForestDiffusion). */
#ifndef SOLVENT_TABLE_SPACE_H
#define SOLVENT_TABLE_SPACE_H

#include "core/table/table_code.h"

struct table_space {
    const struct table_code *code; /* whose ranges scale; its label is a column as all others */
    size_t d;
};

struct table_space table_space_of(const struct table_code *code);

/* table_space_put writes points[rows][space->d] of a table with the code's columns; equal rows become equal points, and
 * others do not, but for numbers beyond 2^52 times the range apart. */
void table_space_put(const struct table_space *space, const struct table *table, double *points);

#endif
