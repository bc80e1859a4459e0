/* outer_check.h - sums of products over pixels (backward.h) beside sums in double precision. */
#ifndef SOLVENT_TEST_OUTER_CHECK_H
#define SOLVENT_TEST_OUTER_CHECK_H

#include "core/tensor/backward.h"

/* outer_check runs it for random numbers of the shape's lines, pixels, rows and columns, with gaps between all of them and
 * pages behind the arrays that may not be touched; halves: of bfloat16. */
void outer_check(void (*run)(const struct outer *o), bool halves, struct outer shape, uint64_t *seed);

#endif
