/* extreme_table.h - the kernels of one instruction set, from one text on vectors of its width. Included by extreme_ref.c
 * and extreme_avx2.c, ..., which name the TABLE that it defines. */
#include <math.h>
#include <string.h>

#include "core/base/lanes.h"
#include "core/window/extreme_kernels.h"

enum {
    TILE = 1024, /* values that stay in the first cache */
    POLL = 1 << 20,
    ROWS_MAX = 128, /* of a block: its suffixes stay in the first cache, too */
};

#define INLINE static inline __attribute__((always_inline)) /* what keeps its vectors in registers */

/* best_... is FIRST_BEST of the body, in each lane; AFTER(a, b, by) the vector whose lane l is lane l + by of a and,
 * behind it, b. vec_where as in lanes.h; max and min of doubles give the second where both are equal. */
#if defined(__AVX2__)
#define AFTER(a, b, by) __builtin_shufflevector(a, b, by, (by) + 1, (by) + 2, (by) + 3)
INLINE vec best_max_real(vec a, vec b) { return (vec)_mm256_max_pd((__m256d)b, (__m256d)a); }
INLINE vec best_min_real(vec a, vec b) { return (vec)_mm256_min_pd((__m256d)b, (__m256d)a); }
#else
#define AFTER(a, b, by) __builtin_shufflevector(a, b, by, (by) + 1)
#if defined(__SSE2__)
INLINE vec best_max_real(vec a, vec b) { return (vec)_mm_max_pd((__m128d)b, (__m128d)a); }
INLINE vec best_min_real(vec a, vec b) { return (vec)_mm_min_pd((__m128d)b, (__m128d)a); }
#else
INLINE vec best_max_real(vec a, vec b) { return vec_where(b > a, b, a); }
INLINE vec best_min_real(vec a, vec b) { return vec_where(b < a, b, a); }
#endif
#endif
INLINE vec_mask best_max_int(vec_mask a, vec_mask b) { return (vec_mask)vec_where(b > a, (vec)b, (vec)a); }
INLINE vec_mask best_min_int(vec_mask a, vec_mask b) { return (vec_mask)vec_where(b < a, (vec)b, (vec)a); }

#define T int64_t
#define V vec_mask
#define NAME(x) x##_max_int
#define BETTER >
#define WORST INT64_MIN
#include "core/window/extreme_body.h"
#define T int64_t
#define V vec_mask
#define NAME(x) x##_min_int
#define BETTER <
#define WORST INT64_MAX
#include "core/window/extreme_body.h"
#define T double
#define V vec
#define NAME(x) x##_max_real
#define BETTER >
#define WORST (-(double)INFINITY)
#include "core/window/extreme_body.h"
#define T double
#define V vec
#define NAME(x) x##_min_real
#define BETTER <
#define WORST ((double)INFINITY)
#include "core/window/extreme_body.h"

const struct extreme_kernels TABLE = {{{extreme_max_int, extreme_min_int}, {extreme_max_real, extreme_min_real}}};
