/* farthest.h - which of some consecutive points is farthest from a segment.
 *
 * Distances are squared, rounded doubles, and those that agree in their first 24 bits count as equal, so that the first
 * point of a row of equal ones is taken whatever the rounding: they are compared by farthest_rank.
 * Source:  a tree over the points in their order, whose nodes have a convex polygon around their points: their hull
 *          while it has few corners, else a box along their chord (the strips of D. Ballard, Strip Trees: A Hierarchical
 *          Representation for Curves, 1981). The distance from a segment is a convex function, so no point is beyond
 *          the farthest corner; nodes that cannot beat the best point are passed over.
 * Cost:    O(n log n) to build, 32 to 40 bytes a point; a search looks at O(log n) nodes unless many nodes are within
 *          their polygon's slack of the farthest point.
 * Threads: reentrant. */
#ifndef SOLVENT_FARTHEST_H
#define SOLVENT_FARTHEST_H

#include <string.h>

#include "core/geometry/point_set.h"

struct farthest {
    uint64_t rank;
    size_t at;
};

/* from_segment is the squared distance of p from the segment ab. */
static inline double from_segment(struct point p, struct point a, struct point b) {
    double dx = b.x - a.x, dy = b.y - a.y, px = p.x - a.x, py = p.y - a.y;
    double along = px * dx + py * dy, length = dx * dx + dy * dy;
    if (length == 0 || along <= 0)
        return px * px + py * py;
    if (along >= length) {
        double qx = p.x - b.x, qy = p.y - b.y;
        return qx * qx + qy * qy;
    }
    double cross = dx * py - dy * px;
    return cross * (cross / length);
}

/* farthest_rank is the square, which is not negative, to the nearest of 24 bits; in the order of the squares. */
static inline uint64_t farthest_rank(double square) {
    uint64_t bits;
    memcpy(&bits, &square, sizeof bits);
    return (bits + (UINT64_C(1) << 28)) >> 29;
}

/* farthest_scan looks at all points strictly between two places: the first one of the greatest rank; rank 0 where there
 * is none. O(to - from). */
struct farthest farthest_scan(const struct point *at, size_t from, size_t to, struct point a, struct point b);

/* farthest_beyond is where the stretch from a = at[from] is cut: at `far`, what farthest_scan or farthest_find gave for
 * it, where that is beyond the limit (a square), else `to`. Where it is about as far as the limit every point is asked,
 * and the first beyond it taken; but for distances all in that narrow range this is done once a point, as the stretch is
 * then done with. *work grows by the points that were asked. */
size_t farthest_beyond(const struct farthest *far, const struct point *at, size_t from, size_t to, struct point b,
                       double limit, size_t *work);

struct farthest_tree;

/* farthest_tree_of builds the tree, in the arena, which borrows the points. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status farthest_tree_of(struct ctx *ctx, const struct points *points, struct farthest_tree **tree) MUST_CHECK;

/* farthest_find gives what farthest_scan gives. *work grows by the points and corners that were looked at. */
struct farthest farthest_find(const struct farthest_tree *tree, size_t from, size_t to, struct point a, struct point b,
                              size_t *work);

#endif
