/* polygon_fields.h - a polygon in a request, the same for every endpoint that takes one: `polygon` with `holes`,
 * `wkt`, or `geojson`.
 *
 *     struct params { struct array polygon; struct list holes; struct geometry_text text; ... };
 *     static const struct field INPUT[] = {POLYGON_INPUT(struct params), ..., {0}};
 *     static const struct rule RULES[] = {POLYGON_RULES, ..., {0}}; */
#ifndef SOLVENT_POLYGON_FIELDS_H
#define SOLVENT_POLYGON_FIELDS_H

#include "core/geometry/polygon.h"
#include "handlers/geometry_fields.h"
#include "handlers/trace_fields.h"

enum { POLYGON_MAX_VERTICES = 1000 * 1000 };

struct hole {
    struct array ring;
};

extern const struct field polygon_hole_fields[];

#define POLYGON_INPUT(S)                                                                                               \
    FIELD(S, polygon, ARRAY,                                                                                           \
          "The exterior ring as `[[x,y],...]`; or rings of equal length, the exterior first, as the `coordinates` of " \
          "a GeoJSON Polygon, `[[[x,y],...],...]`. Whether the last point repeats the first is no matter. Holes of "   \
          "other lengths go into `holes`.",                                                                            \
          .kinds = KIND_REAL, .lossless = true, .min_dims = 2, .max_dims = 3, .columns = 2,                            \
          .max_items = 2 * POLYGON_MAX_VERTICES),                                                                      \
        FIELD(S, holes, LIST, "Rings that are cut out of `polygon`, each an object.", .fields = polygon_hole_fields,   \
              .size = sizeof(struct hole), .max_items = 100 * 1000),                                                   \
        GEOMETRY_TEXT_INPUT(                                                                                           \
            S, "The polygon as well-known text, in the plane.",                                                        \
            "The polygon as a GeoJSON object: a geometry, a Feature, or a FeatureCollection of one; in the plane.")

#define POLYGON_RULES EXACTLY_ONE("polygon", "wkt", "geojson"), REQUIRES("holes", "polygon")

/* polygon_rings makes rings of these fields; `types` are those of wkt_read. Errors: INVALID, NO_MEMORY. */
enum status polygon_rings(struct ctx *ctx, const struct array *polygon, const struct list *holes,
                          const struct geometry_text *text, unsigned types, struct rings *out) MUST_CHECK;

/* polygon_size is at least the number of vertices, for cost models. */
uint64_t polygon_size(const struct array *polygon, const struct list *holes, const struct geometry_text *text);

/* polygon_trace_open is trace_open for a polygon and n more points, which count together. */
enum status polygon_trace_open(struct ctx *ctx, bool wanted, const struct trace_params *params,
                               const struct rings *rings, size_t n, struct trace *trace) MUST_CHECK;

#endif
