#include "core/heap/heap_kernel.h"

#include <string.h>

/* A subtree of so many levels fits a first-level cache; POLL values of a merge take some milliseconds. */
enum { SUBTREE_BITS = 12, POLL = 1 << 18 };

static inline bool str_before(struct str x, struct str y) {
    size_t n = x.n < y.n ? x.n : y.n;
    int c = n ? memcmp(x.p, y.p, n) : 0;
    return c ? c < 0 : x.n < y.n;
}

#define NAME(x) x##_int_min
#define TYPE int64_t
#define BEFORE(x, y) ((x) < (y))
#define GOES_FIRST(x, y, lower) (BEFORE(x, y) | ((lower) & !BEFORE(y, x)))
#include "core/heap/heap_body.h"

#define NAME(x) x##_int_max
#define TYPE int64_t
#define BEFORE(x, y) ((x) > (y))
#define GOES_FIRST(x, y, lower) (BEFORE(x, y) | ((lower) & !BEFORE(y, x)))
#include "core/heap/heap_body.h"

#define NAME(x) x##_real_min
#define TYPE double
#define BEFORE(x, y) ((x) < (y))
#define GOES_FIRST(x, y, lower) (BEFORE(x, y) | ((lower) & !BEFORE(y, x)))
#include "core/heap/heap_body.h"

#define NAME(x) x##_real_max
#define TYPE double
#define BEFORE(x, y) ((x) > (y))
#define GOES_FIRST(x, y, lower) (BEFORE(x, y) | ((lower) & !BEFORE(y, x)))
#include "core/heap/heap_body.h"

#define NAME(x) x##_str_min
#define TYPE struct str
#define BEFORE(x, y) str_before(x, y)
#define GOES_FIRST(x, y, lower) ((lower) ? !BEFORE(y, x) : BEFORE(x, y))
#include "core/heap/heap_body.h"

#define NAME(x) x##_str_max
#define TYPE struct str
#define BEFORE(x, y) str_before(y, x)
#define GOES_FIRST(x, y, lower) ((lower) ? !BEFORE(y, x) : BEFORE(x, y))
#include "core/heap/heap_body.h"

const struct heap_kernel *heap_kernel_of(enum kind kind, bool max) {
    if (kind == KIND_STRING)
        return max ? &kernel_str_max : &kernel_str_min;
    if (kind == KIND_REAL)
        return max ? &kernel_real_max : &kernel_real_min;
    return max ? &kernel_int_max : &kernel_int_min;
}
