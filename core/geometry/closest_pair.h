/* closest_pair.h - the two points of least distance.
 *
 * Source:  J. L. Bentley and M. I. Shamos, Divide-and-Conquer in Multidimensional Space, 1976. Distances whose rounded
 *          squares are too close to tell are compared exactly.
 * Cost:    O(n log n), whatever the points. Threads: reentrant. */
#ifndef SOLVENT_CLOSEST_PAIR_H
#define SOLVENT_CLOSEST_PAIR_H

#include "core/geometry/point_set.h"

struct close_pair {
    double distance; /* to within two units of the last place */
    uint32_t a, b;   /* a < b; of equally close pairs the lexicographically smallest */
};

/* closest_pair wants at least two points. Errors: INVALID (the distance is beyond the greatest double), NO_MEMORY,
 * CANCELLED, TIMED_OUT. */
enum status closest_pair(struct ctx *ctx, const struct points *points, struct close_pair *out) MUST_CHECK;

#endif
