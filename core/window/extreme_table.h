/* extreme_table.h - the kernels of one instruction set, from one text that the compiler makes vectors of. Included by
 * extreme_ref.c and extreme_avx2.c, which name the TABLE that it defines. */
#include <string.h>

#include "core/window/extreme_kernels.h"

enum {
    LANES = 8,   /* joined in one step; a power of two */
    TILE = 1024, /* values that stay in the first cache */
    POLL = 1 << 20,
};

#define T int64_t
#define NAME(x) x##_max_int
#define BETTER >
#include "core/window/extreme_body.h"
#define T int64_t
#define NAME(x) x##_min_int
#define BETTER <
#include "core/window/extreme_body.h"
#define T double
#define NAME(x) x##_max_real
#define BETTER >
#include "core/window/extreme_body.h"
#define T double
#define NAME(x) x##_min_real
#define BETTER <
#include "core/window/extreme_body.h"

const struct extreme_kernels TABLE = {{{extreme_max_int, extreme_min_int}, {extreme_max_real, extreme_min_real}}};
