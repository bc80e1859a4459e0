/* intersect.h - what two segments have in common; all crossing pairs of many.
 *
 * Exact:   the kind and the detail, for all finite coordinates: they are decided by orient2d and comparisons.
 * Points:  an end point where one end point is common, bit for bit; else the nearest double of each coordinate
 *          (exact_place.h), which is inside of the boxes of both segments.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_INTERSECT_H
#define SOLVENT_INTERSECT_H

#include "core/base/ctx.h"

enum meeting_kind { MEETING_NONE, MEETING_POINT, MEETING_OVERLAP };
enum meeting_detail {
    MEETING_APART,     /* nothing in common, not on one line */
    MEETING_GAP,       /* nothing in common, yet all on one line */
    MEETING_PROPER,    /* a point inside of both */
    MEETING_TOUCH,     /* an end point of one lies inside of the other */
    MEETING_ENDPOINT,  /* a common end point, and nothing else */
    MEETING_COLLINEAR, /* a piece of one line */
};

struct meeting {
    enum meeting_kind kind;
    enum meeting_detail detail;
    double points[2][2]; /* 0, 1 or 2 of them; of an overlap, its ends, the lesser (by x, then y) first */
};

/* Names for answers, in the order of the enums; end with NULL. */
extern const char *const meeting_kind_names[], *const meeting_detail_names[];

/* segments_meet: a segment is x0, y0, x1, y1; it may be a point. */
struct meeting segments_meet(const double p[4], const double q[4]);

/* segments_meet_at_all is whether that has a kind other than NONE; a few ns where the boxes are apart. */
bool segments_meet_at_all(const double p[4], const double q[4]);

struct pair {
    size_t i, j; /* i < j */
};

struct pairs {
    size_t n, size;
    struct pair *pair; /* by i, then j */
    size_t total;      /* those beyond `limit` too */
};

/* segment_pairs finds all pairs of n segments (4 doubles each) that meet, and gives those with the least (i, j), at
 * most `limit`. Cost and errors: those of segment_sweep; 32 bytes a pair that is given. */
enum status segment_pairs(struct ctx *ctx, const double *segments, size_t n, size_t limit,
                          struct pairs *out) MUST_CHECK;

#endif
