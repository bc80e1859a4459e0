/* kd_order.h - points in the order in which divide and conquer halves them: by x, then each half by y, and so on.
 *
 * Source:  C. A. R. Hoare, Algorithm 65: Find, 1961, with the median of three; where luck runs out, heap sort.
 * Cost:    O(n log n) expected, O(n log^2 n) at worst. Threads: reentrant. */
#ifndef SOLVENT_KD_ORDER_H
#define SOLVENT_KD_ORDER_H

#include "core/geometry/point_set.h"

struct kd_point {
    struct point p;
    uint32_t index;
};

/* Order along an axis. 0: by x, then y. 1: by y, then x downwards; that is axis 0 of the plane turned by a quarter. */
static inline bool kd_before(int axis, struct point a, struct point b) {
    if (axis == 0)
        return a.x < b.x || (a.x == b.x && a.y < b.y);
    return a.y < b.y || (a.y == b.y && a.x > b.x);
}

/* kd_cut permutes n different points: the first n / 2 are before the others along an axis. */
void kd_cut(struct kd_point *at, size_t n, int axis);

/* kd_order cuts n different points along an axis, which `ordered` says is done, and so on the halves along the axes in
 * turn, until at most three are left, which stand ordered by axis 0. False where ctx_stop asked for an end. Other
 * threads may order other points. */
bool kd_order(struct ctx *ctx, struct kd_point *at, size_t n, int axis, bool ordered) MUST_CHECK;

#endif
