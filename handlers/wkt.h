/* wkt.h - well-known text read: POINT, LINESTRING, LINEARRING, POLYGON, MULTIPOINT, MULTILINESTRING, MULTIPOLYGON,
 * where wanted a GEOMETRYCOLLECTION of these, and their EMPTY forms, in the plane.
 *
 * Source:  OGC 06-103r4, Simple Feature Access 1, section 7. Words in any case; numbers as there ("+1", ".5", "007"
 *          too), correctly rounded. Z, M, SRID and collections within collections are refused with a sentence: what asks
 *          has no use for them.
 * Cost:    linear. Threads: reentrant. */
#ifndef SOLVENT_WKT_H
#define SOLVENT_WKT_H

#include "core/base/array.h"
#include "core/base/ctx.h"

enum wkt_type {
    WKT_POINT = 1,
    WKT_LINESTRING = 2,
    WKT_LINEARRING = 4,
    WKT_POLYGON = 8,
    WKT_MULTIPOINT = 16,
    WKT_MULTILINESTRING = 32,
    WKT_MULTIPOLYGON = 64,
    WKT_COLLECTION = 128, /* written only: of points, lines and polygons of one ring */
    WKT_MANY = 256, /* among types that are wanted: also a collection of any number of these; `type` is the last */
};

/* Paths: a point, a line or a ring each, one after the other; path k has the points end[k-1] .. end[k]-1. Empty members
 * of a MULTI... leave no path. */
struct wkt {
    enum wkt_type type;
    size_t n_points, n_paths;
    double *xy;
    size_t *end;
    size_t *polygon; /* [n_paths] of each ring its polygon, from 0, ascending; of other paths no matter */
};

/* wkt_read reads text of one of `types` (a mask). Errors: INVALID at `pointer`, with the byte; NO_MEMORY. */
enum status wkt_read(struct ctx *ctx, struct str text, unsigned types, const char *pointer, struct wkt *out) MUST_CHECK;

#endif
