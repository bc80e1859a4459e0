#include "handlers/geometry_fields.h"

#include <stdio.h>

#include "handlers/geojson.h"
#include "handlers/number.h"

const char *const geometry_format_names[] = {"coordinates", "geojson", "wkt", NULL};

const char *geometry_pointer(const struct geometry_text *text) { return text->wkt.p ? "/wkt" : "/geojson"; }

enum status geometry_read(struct ctx *ctx, const struct geometry_text *text, unsigned types, struct wkt *out) {
    const char *pointer = geometry_pointer(text);
    return text->wkt.p ? wkt_read(ctx, text->wkt, types, pointer, out)
                       : geojson_read(ctx, text->geojson, types, pointer, out);
}

/* The least that a point takes: "1 2," and "[1,2],". */
uint64_t geometry_size(const struct geometry_text *text) { return text->wkt.n / 4 + text->geojson.n / 6; }

double points_count(const struct array *points, const struct geometry_text *text) {
    uint64_t n = points->n / 2 + geometry_size(text);
    return (double)n;
}

enum status points_blame(struct ctx *ctx, const struct geometry_text *text, enum status status) {
    static const char AT[] = "/points";
    if (status != STATUS_OK && (text->wkt.p || text->geojson.p) && strncmp(ctx->err.pointer, AT, sizeof AT - 1) == 0)
        (void)snprintf(ctx->err.pointer, sizeof ctx->err.pointer, "%s", geometry_pointer(text));
    return status;
}

enum status points_given(struct ctx *ctx, const struct array *points, const struct geometry_text *text, unsigned types,
                         size_t least, struct array *array, struct points *out) {
    struct array read = *points;
    const char *name = "points";
    if (points->kind == KIND_NONE) {
        struct wkt wkt;
        enum status status = geometry_read(ctx, text, types | WKT_MANY, &wkt);
        if (status != STATUS_OK)
            return status;
        name = geometry_pointer(text) + 1;
        read = (struct array){
            .kind = KIND_REAL, .dims = 2, .shape = {wkt.n_points, 2}, .n = 2 * wkt.n_points, .reals = wkt.xy};
    }
    if (array)
        *array = read;
    return points_of(ctx, &read, name, least, out);
}

/* How a form writes a geometry. */
struct form {
    char open, between, close; /* between the numbers of a point */
    bool json;                 /* names and points are those of JSON */
};
static const struct form FORMS[] = {[FORMAT_GEOJSON] = {'[', ',', ']', true}, [FORMAT_WKT] = {'(', ' ', ')', false}};

struct writer {
    struct buf out;
    const struct form *form;
    const struct geometry *geometry;
};

static const double *point_at(const struct geometry *g, size_t i) { return g->xy + 2 * (g->at ? (size_t)g->at[i] : i); }

static void write_point(struct writer *w, const double *xy) {
    char *to = buf_room(&w->out, 2 * NUMBER_REAL_MAX + 3);
    if (!to)
        return;
    size_t n = 0;
    if (w->form->json)
        to[n++] = '[';
    n += number_format_real(to + n, xy[0]);
    to[n++] = w->form->between;
    n += number_format_real(to + n, xy[1]);
    if (w->form->json)
        to[n++] = ']';
    buf_commit(&w->out, n);
}

/* write_path writes the points of path k, and with `ring` the first once more where the last is another. */
static void write_path(struct writer *w, size_t k, bool ring) {
    const struct geometry *g = w->geometry;
    size_t from = k ? g->end[k - 1] : 0, to = g->end[k];
    buf_byte(&w->out, w->form->open);
    for (size_t i = from; i < to; i++) {
        if (i > from)
            buf_byte(&w->out, ',');
        write_point(w, point_at(g, i));
    }
    const double *first = point_at(g, from), *last = point_at(g, to - 1);
    if (ring && (first[0] != last[0] || first[1] != last[1])) {
        buf_byte(&w->out, ',');
        write_point(w, first);
    }
    buf_byte(&w->out, w->form->close);
}

static const char *type_name(enum wkt_type type, bool json) {
    switch (type) {
    case WKT_POINT: return json ? "Point" : "POINT";
    case WKT_LINESTRING: return json ? "LineString" : "LINESTRING";
    case WKT_POLYGON: return json ? "Polygon" : "POLYGON";
    case WKT_MULTIPOLYGON: return json ? "MultiPolygon" : "MULTIPOLYGON";
    case WKT_MULTILINESTRING: return json ? "MultiLineString" : "MULTILINESTRING";
    default: return json ? "GeometryCollection" : "GEOMETRYCOLLECTION";
    }
}

static void write_head(struct writer *w, enum wkt_type type, const char *member) {
    const char *name = type_name(type, w->form->json);
    if (w->form->json)
        buf_printf(&w->out, "{\"type\":\"%s\",\"%s\":", name, member);
    else
        buf_text(&w->out, name);
}

static void write_times(struct writer *w, char byte, unsigned times) {
    while (times-- > 0)
        buf_byte(&w->out, byte);
}

/* write_one writes a geometry of the paths `from` .. `to` - 1. */
static void write_one(struct writer *w, enum wkt_type type, size_t from, size_t to) {
    const size_t *polygon = type == WKT_MULTIPOLYGON ? w->geometry->polygon : NULL;
    bool rings = type == WKT_POLYGON || polygon, nested = rings || type == WKT_MULTILINESTRING;
    write_head(w, type, "coordinates");
    write_times(w, w->form->open, (unsigned)nested + (polygon != NULL));
    for (size_t k = from; k < to; k++) {
        bool other = polygon && k > from && polygon[k] != polygon[k - 1];
        write_times(w, w->form->close, other);
        write_times(w, ',', k > from);
        write_times(w, w->form->open, other);
        if (type == WKT_POINT && w->form->json)
            write_point(w, point_at(w->geometry, k ? w->geometry->end[k - 1] : 0));
        else
            write_path(w, k, rings);
    }
    write_times(w, w->form->close, (unsigned)nested + (polygon != NULL));
    write_times(w, '}', w->form->json);
}

static void write_collection(struct writer *w) {
    const struct geometry *g = w->geometry;
    write_head(w, WKT_COLLECTION, "geometries");
    if (g->n_paths == 0 && !w->form->json) {
        buf_text(&w->out, " EMPTY");
        return;
    }
    buf_byte(&w->out, w->form->open);
    for (size_t k = 0; k < g->n_paths; k++) {
        size_t n = g->end[k] - (k ? g->end[k - 1] : 0);
        if (k)
            buf_byte(&w->out, ',');
        write_one(w, n == 1 ? WKT_POINT : n == 2 ? WKT_LINESTRING : WKT_POLYGON, k, k + 1);
    }
    buf_byte(&w->out, w->form->close);
    if (w->form->json)
        buf_byte(&w->out, '}');
}

enum status geometry_write(struct ctx *ctx, int format, const struct geometry *geometry, struct geometry_text *out) {
    if (format == FORMAT_COORDINATES)
        return STATUS_OK;
    struct writer w = {.form = &FORMS[format], .geometry = geometry};
    buf_init(&w.out, ctx->cap - ctx->used);
    if (geometry->type == WKT_COLLECTION || geometry->n_paths == 0)
        write_collection(&w);
    else
        write_one(&w, geometry->type, 0, geometry->n_paths);
    char *text = ctx_alloc(ctx, w.out.failed ? SIZE_MAX : w.out.n, 1);
    if (text)
        memcpy(text, w.out.data, w.out.n);
    *(format == FORMAT_WKT ? &out->wkt : &out->geojson) = (struct str){text, w.out.n};
    buf_release(&w.out);
    return text ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status geometry_write_path(struct ctx *ctx, int format, enum wkt_type type, const double *xy, size_t n,
                                struct geometry_text *out) {
    const struct geometry geometry = {.type = type, .n_paths = n > 0, .end = &n, .xy = xy};
    return geometry_write(ctx, format, &geometry, out);
}

enum status geometry_write_triangles(struct ctx *ctx, int format, const double *xy, const int64_t *at, size_t n,
                                     struct geometry_text *out) {
    if (format == FORMAT_COORDINATES)
        return STATUS_OK;
    size_t *end = ctx_alloc(ctx, n, sizeof *end);
    if (!end)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < n; k++)
        end[k] = 3 * k + 3;
    const struct geometry geometry = {.type = WKT_COLLECTION, .n_paths = n, .end = end, .xy = xy, .at = at};
    return geometry_write(ctx, format, &geometry, out);
}
