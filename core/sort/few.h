/* few.h - private to core/sort: numbers of which nearly all repeat others, sorted by counting each.
 * Cost: one reading of the values and the writing of the answer; where it fails, at most that reading. */
#ifndef SOLVENT_FEW_H
#define SOLVENT_FEW_H

#include "core/sort/keys.h"

/* FEW_MAX different values are counted, in tables of FEW_SLOTS; fewer numbers than FEW_MIN are not worth a look. */
enum { FEW_MAX = 64, FEW_SLOTS = 1 << 12, FEW_MIN = 1 << 13 };

/* few_numbers sorts n >= 1 numbers and hands them to the sink, which wants no indices and whose min is the least key,
 * or 0; *done is false, and nothing is, where there are more than a few different ones. NO_MEMORY. */
enum status few_numbers(struct sorter *s, const struct array *values, const struct sink *sink, bool *done) MUST_CHECK;

#endif
