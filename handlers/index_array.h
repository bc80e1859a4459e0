/* index_array.h - indices and points of the core as arrays of an answer. */
#ifndef SOLVENT_INDEX_ARRAY_H
#define SOLVENT_INDEX_ARRAY_H

#include "core/geometry/point_set.h"

/* index_array copies n indices. Errors: NO_MEMORY. */
enum status index_array(struct ctx *ctx, const uint32_t *at, size_t n, struct array *out) MUST_CHECK;

/* points_array copies the n points that `which` names (NULL: the first n), as an array of shape [n][2]. -0.0
 * becomes 0.0. Errors: NO_MEMORY. */
enum status points_array(struct ctx *ctx, const struct point *at, const uint32_t *which, size_t n,
                         struct array *out) MUST_CHECK;

#endif
