/* geometry_fields.h - geometry in a request and in an answer, the same for every endpoint that has it.
 *
 * In: an array, or well-known text, or a GeoJSON object:
 *
 *     struct params { struct array points; struct geometry_text text; int format; ... };
 *     static const struct field INPUT[] = {POINTS_INPUT(struct params, "..."), FORMAT_INPUT(struct params, "..."), {0}};
 *     static const struct rule RULES[] = {POINTS_RULES, {0}};
 *
 * Out: coordinates always; where `format` asks for it the same as one geometry, in the member of that name:
 *
 *     struct result { ...; struct geometry_text text; };
 *     static const struct field OUTPUT[] = {..., FORMAT_OUTPUT(struct result), {0}}; */
#ifndef SOLVENT_GEOMETRY_FIELDS_H
#define SOLVENT_GEOMETRY_FIELDS_H

#include "core/geometry/point_set.h"
#include "handlers/call.h"
#include "handlers/wkt.h"

/* A geometry as text; at most one of the two is given. */
struct geometry_text {
    struct str wkt, geojson;
};

enum { GEOMETRY_MAX_WKT = 64 << 20 };

#define GEOMETRY_TEXT_INPUT(S, wkt_doc, geojson_doc)                                                   \
    {.name = "wkt",                                                                                    \
     .doc = wkt_doc,                                                                                   \
     .type = FIELD_STRING,                                                                             \
     .offset = offsetof(S, text.wkt),                                                                  \
     .max_items = GEOMETRY_MAX_WKT},                                                                   \
    {                                                                                                  \
        .name = "geojson", .doc = geojson_doc, .type = FIELD_JSON, .offset = offsetof(S, text.geojson) \
    }

/* geometry_read reads whichever text is given; `types` as of wkt_read. Errors: INVALID at or below /wkt or /geojson,
 * NO_MEMORY. */
enum status geometry_read(struct ctx *ctx, const struct geometry_text *text, unsigned types,
                          struct wkt *out) MUST_CHECK;

/* geometry_pointer is where a request has the text. */
const char *geometry_pointer(const struct geometry_text *text);

/* geometry_size is at least the number of points in the text, for cost models. */
uint64_t geometry_size(const struct geometry_text *text);

/* Points. */

#define LINE_TYPES (WKT_LINESTRING | WKT_MULTILINESTRING)
#define POINT_TYPES (WKT_POINT | WKT_MULTIPOINT | LINE_TYPES)
#define ANY_TYPES (POINT_TYPES | WKT_LINEARRING | WKT_POLYGON | WKT_MULTIPOLYGON)

#define POINTS_INPUT(S, text)                                                             \
    POINTS_INPUT_OF(S, text,                                                              \
                    "The points as well-known text: those of a geometry of any type, in " \
                    "order as they stand there, points that close rings too.")
#define POINTS_INPUT_OF(S, text, wkt_doc)                                                                            \
    FIELD(S, points, ARRAY, text, .kinds = KIND_REAL, .lossless = true, .min_dims = 2, .max_dims = 2, .columns = 2), \
        GEOMETRY_TEXT_INPUT(S, wkt_doc,                                                                              \
                            "The same as a GeoJSON object: a geometry, a Feature, or a FeatureCollection, whose "    \
                            "features' points follow each other; in the plane.")
#define POINTS_RULES EXACTLY_ONE("points", "wkt", "geojson")

/* points_given takes the points of a request as points_of does; *array (NULL: not wanted) is set to them. `types`
 * beside WKT_MANY. Errors: those of geometry_read and points_of. */
enum status points_given(struct ctx *ctx, const struct array *points, const struct geometry_text *text, unsigned types,
                         size_t least, struct array *array, struct points *out) MUST_CHECK;

/* points_blame gives the status back; an error at or below /points is one at the text where the points came as such. */
enum status points_blame(struct ctx *ctx, const struct geometry_text *text, enum status status) MUST_CHECK;

/* points_count is at least the number of points, for cost models. */
double points_count(const struct array *points, const struct geometry_text *text);

/* Answers. */

enum geometry_format { FORMAT_COORDINATES, FORMAT_GEOJSON, FORMAT_WKT };
extern const char *const geometry_format_names[];

#define FORMAT_INPUT(S, what)                                                                      \
    FIELD(S, format, ENUM,                                                                         \
          "`geojson`, `wkt`: also give the answer in that form, in the member of that name: " what \
          " Where there is nothing: an empty GeometryCollection.",                                 \
          .names = geometry_format_names, .def = "coordinates")
#define FORMAT_OUTPUT(S)                                                                                          \
    {.name = "geojson",                                                                                           \
     .doc = "The answer as a GeoJSON geometry, where `format` asks for it. Coordinates are those of the plane.",  \
     .type = FIELD_JSON,                                                                                          \
     .offset = offsetof(S, text.geojson)},                                                                        \
    {                                                                                                             \
        .name = "wkt", .doc = "The answer as well-known text, where `format` asks for it.", .type = FIELD_STRING, \
        .offset = offsetof(S, text.wkt)                                                                           \
    }

/* A geometry to write. Type: POINT, LINESTRING, POLYGON (rings, the exterior first), MULTILINESTRING, MULTIPOLYGON (of
 * each polygon the exterior first), or COLLECTION: a path of one point is a point, of two a line, of more a polygon. Rings of polygons are closed in writing where they
 * are not. No path at all: an empty collection, whatever the type. */
struct geometry {
    enum wkt_type type;
    size_t n_paths;
    const size_t *end;     /* [n_paths] path k has the points end[k-1] .. end[k]-1 */
    const double *xy;      /* the points */
    const int64_t *at;     /* NULL, or in the place of point i stands at[i] */
    const size_t *polygon; /* of a MULTIPOLYGON: [n_paths] ascending, as of struct wkt */
};

/* geometry_write gives the text that `format` asks for; numbers read back as the same doubles. With COORDINATES both
 * stay absent. Errors: NO_MEMORY. */
enum status geometry_write(struct ctx *ctx, int format, const struct geometry *geometry,
                           struct geometry_text *out) MUST_CHECK;

/* geometry_write_path is geometry_write for a single path; n 0: nothing. */
enum status geometry_write_path(struct ctx *ctx, int format, enum wkt_type type, const double *xy, size_t n,
                                struct geometry_text *out) MUST_CHECK;

/* geometry_write_triangles writes n triangles of three indices each. */
enum status geometry_write_triangles(struct ctx *ctx, int format, const double *xy, const int64_t *at, size_t n,
                                     struct geometry_text *out) MUST_CHECK;

#endif
