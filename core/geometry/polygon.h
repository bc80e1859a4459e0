/* polygon.h - a polygon measured: area, centroid, perimeter, orientation, and whether it is convex and simple.
 *
 * Rings:   the first is the exterior, the others are holes. They close by themselves; a last point that repeats the
 *          first is dropped, and so are consecutive repeats. Any direction of going round is fine.
 * Exact:   `orientation` where the ring is simple, `convex` and `simple` with the kind of what they found (orient2d).
 * Measures: sums in binary128 (quad.h) around the first point: nearest doubles, but for polygons that are narrower than
 *          2^-100 of their size. `signed_area` is the exterior's: positive counter-clockwise; `area` is that of the
 *          exterior without that of the holes. Where a ring winds round a place twice, the place counts twice.
 * Centroid: of the area; where that is 0, of the boundary's length; where that is 0 too, the point.
 * Cost:    about 1 us a vertex, and a segment_sweep of the edges; where they meet, a few of them, at most log n.
 * Threads: reentrant. */
#ifndef SOLVENT_POLYGON_H
#define SOLVENT_POLYGON_H

#include "core/geometry/intersect.h"

struct ring {
    const double *xy; /* [n][2], finite; borrowed */
    size_t n;         /* >= 3, or 4 where the last repeats the first */
};

struct rings {
    size_t n; /* >= 1 */
    const struct ring *ring;
};

struct polygon_out {
    double area, signed_area, perimeter, centroid[2];
    int orientation; /* of the exterior: 1 counter-clockwise, -1 clockwise, 0 neither: no area */
    bool convex;     /* no holes, simple, turns only one way (straight angles are fine) */
    bool simple;     /* no two edges have a point in common but neighbours their common end */
    size_t vertices; /* without repeats */
    /* Where not simple: the first edge, on a walk along the rings, that meets an earlier one, and the first of these,
     * which stands first; edge k of a ring is that from its point k as it was given. */
    bool has_meeting;
    size_t ring[2], edge[2];
    struct meeting meeting;
};

/* rings_clean gives the rings without repeated points, in the arena, and where each kept point stood (may be NULL). */
enum status rings_clean(struct ctx *ctx, const struct rings *in, struct rings *out, size_t ***from) MUST_CHECK;

/* ring_signed_area is positive counter-clockwise; infinite beyond doubles. */
double ring_signed_area(const struct ring *ring);

/* ring_orientation is exact for simple rings without repeats: 1 counter-clockwise, -1 clockwise. */
int ring_orientation(const struct ring *ring);

/* polygon_meeting sets `simple` and the meeting of what rings_clean gave. With `touching` edges of different rings may
 * touch in a point. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status polygon_meeting(struct ctx *ctx, const struct rings *rings, size_t *const *from, bool touching,
                            struct polygon_out *out) MUST_CHECK;

/* polygon_measure. Errors: INVALID (a measure is beyond the greatest double), NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status polygon_measure(struct ctx *ctx, const struct rings *in, struct polygon_out *out) MUST_CHECK;

#endif
