#include "core/window/median_kernels.h"

static inline void exchange(struct ordered *o, int64_t old, int64_t x) {
    int64_t *a = o->room[o->turn] + MEDIAN_LANES;
    while (*a < old)
        a++;
    for (; a[1] < x; a++)
        a[0] = a[1];
    for (; a[-1] > x; a--)
        a[0] = a[-1];
    *a = x;
}

#define KERNEL median_ref
#include "core/window/median_table.h"
