/* vector.h - vectors of LANES floats or integers, a power of two that who includes it has defined, as the compiler's vector
 * types; pointers need no alignment. */
#ifndef SOLVENT_VECTOR_H
#define SOLVENT_VECTOR_H

#include <stdint.h>

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int vint __attribute__((vector_size(LANES * 4)));
typedef unsigned vuint __attribute__((vector_size(LANES * 4)));
typedef float anywhere __attribute__((vector_size(LANES * 4), aligned(4), may_alias)); /* in memory */
typedef uint16_t halves_anywhere __attribute__((vector_size(LANES * 2), aligned(2), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *p) { return *(const anywhere *)p; }
INLINE void store(float *p, vec v) { *(anywhere *)p = v; }
INLINE vec splat(float x) { return x - (vec){0}; }

/* EACH_ROWS is CASE(n) for 1 to 24 rows of a tile: whoever uses it defines that. */
#define FOUR_ROWS(n) CASE(n) CASE((n) + 1) CASE((n) + 2) CASE((n) + 3)
#define EACH_ROWS FOUR_ROWS(1) FOUR_ROWS(5) FOUR_ROWS(9) FOUR_ROWS(13) FOUR_ROWS(17) FOUR_ROWS(21)

#endif
