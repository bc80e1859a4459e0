/* The exchange in one reading without branches. Let c be the ordered a without `old`, and b that with x. Then c[i] is a[i]
 * where a[i] < old, else a[i + 1]; and b[i] = min(c[i], max(c[i - 1], x)). */
#include "core/window/median_kernels.h"

/* Four neighbours; compilers make of it what the instruction set has. */
typedef int64_t four __attribute__((vector_size(32)));

/* CHOSEN is a where `where` holds (all ones), else b. */
#define CHOSEN(where, a, b) (((where) & (a)) | (~(where) & (b)))

static inline void exchange(struct ordered *o, int64_t old, int64_t x) {
    const int64_t *a = o->room[o->turn] + MEDIAN_LANES;
    int64_t *b = o->room[o->turn ^= 1] + MEDIAN_LANES;
    four olds = {old, old, old, old}, xs = {x, x, x, x}, left, middle, right;
    memcpy(&left, a - MEDIAN_LANES, sizeof left);
    memcpy(&middle, a, sizeof middle);
    /* Whole vectors are read, as they were written, and shifted here: the parts of two that were just written would have
     * to reach the cache first. */
    for (size_t i = 0; i < o->width; i += MEDIAN_LANES, left = middle, middle = right) {
        memcpy(&right, a + i + MEDIAN_LANES, sizeof right);
        four one_left = __builtin_shufflevector(left, middle, 3, 4, 5, 6);
        four one_right = __builtin_shufflevector(middle, right, 1, 2, 3, 4);
        four before = CHOSEN(one_left < olds, one_left, middle), here = CHOSEN(middle < olds, middle, one_right);
        four most = CHOSEN(before > xs, before, xs), next = CHOSEN(here < most, here, most);
        memcpy(b + i, &next, sizeof next);
    }
}

#define KERNEL median_avx2
#include "core/window/median_table.h"
