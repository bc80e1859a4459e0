#include "handlers/geojson.h"

#include <stdio.h>
#include <string.h>

#include "handlers/number.h"

static const struct {
    const char *name;
    unsigned depth; /* of brackets around a position */
    enum wkt_type type;
} TYPES[] = {
    {"Point", 0, WKT_POINT},
    {"LineString", 1, WKT_LINESTRING},
    {"Polygon", 2, WKT_POLYGON},
    {"MultiPoint", 1, WKT_MULTIPOINT},
    {"MultiLineString", 2, WKT_MULTILINESTRING},
    {"MultiPolygon", 3, WKT_MULTIPOLYGON},
};

struct reader {
    struct ctx *ctx;
    const char *at, *end;
    struct error place; /* its pointer says where `at` is */
    struct wkt *out;
    size_t polygons; /* that were taken */
};

/* The members that say what an object is, as text; n is 0 where there is none. */
struct members {
    struct str type, coordinates, geometry, geometries, features;
};

static enum status wrong(struct reader *r, const char *what) {
    return ctx_fail(r->ctx, STATUS_INVALID, r->place.pointer, "%s", what);
}

/* enter makes the pointer longer by a member or an index; gives what leave() takes to make it short again. */
static size_t enter(struct reader *r, const char *member, size_t index) {
    size_t n = strlen(r->place.pointer), size = sizeof r->place.pointer;
    if (member)
        (void)snprintf(r->place.pointer + n, size - n, "/%s", member);
    else
        (void)snprintf(r->place.pointer + n, size - n, "/%zu", index);
    return n;
}
static void leave(struct reader *r, size_t n) { r->place.pointer[n] = 0; }

/* take_value takes one value of JSON that is known to be well-formed and without spaces. */
static struct str take_value(struct reader *r) {
    const char *from = r->at;
    size_t depth = 0;
    bool string = false;
    for (; r->at < r->end; r->at++) {
        char c = *r->at;
        if (string) {
            r->at += c == '\\' && r->at + 1 < r->end;
            string = c != '"';
        } else if (depth == 0 && (c == ',' || c == '}' || c == ']' || c == ':')) {
            break;
        } else {
            string = c == '"';
            depth += (c == '{' || c == '[');
            depth -= (c == '}' || c == ']');
        }
    }
    return (struct str){from, (size_t)(r->at - from)};
}

static bool is_text(struct str s, const char *name) {
    return s.n == strlen(name) + 2 && s.p[0] == '"' && memcmp(s.p + 1, name, s.n - 2) == 0;
}

static enum status take_members(struct reader *r, struct members *m) {
    *m = (struct members){0};
    if (r->at == r->end || *r->at != '{')
        return wrong(r, "This is no object, want a GeoJSON object.");
    for (r->at++; r->at < r->end && *r->at == '"'; r->at += r->at < r->end && *r->at == ',') {
        struct str name = take_value(r), *to = is_text(name, "type")          ? &m->type
                                               : is_text(name, "coordinates") ? &m->coordinates
                                               : is_text(name, "geometry")    ? &m->geometry
                                               : is_text(name, "geometries")  ? &m->geometries
                                               : is_text(name, "features")    ? &m->features
                                                                              : &name;
        r->at += r->at < r->end; /* the colon */
        *to = take_value(r);
    }
    return STATUS_OK;
}

static enum status take_number(struct reader *r, double *x) {
    struct str token = take_value(r);
    enum number_error error = number_read_lossless(token.p, token.n, x);
    if (error == NUMBER_INEXACT)
        return ctx_fail(r->ctx, STATUS_INVALID, r->place.pointer, "A coordinate is %.*s, " NUMBER_LOSSLESS_TEXT,
                        (int)(token.n < 40 ? token.n : 40), token.p);
    if (error == NUMBER_RANGE)
        return wrong(r, "The number is beyond the greatest double, want a finite one.");
    return error == NUMBER_OK ? STATUS_OK : wrong(r, "A coordinate is no number, want one.");
}

static enum status take_position(struct reader *r) {
    double *xy = r->out->xy + 2 * r->out->n_points++;
    size_t n = 0;
    if (r->at == r->end || *r->at != '[')
        return wrong(r, "This is no array, want a position [x, y].");
    for (r->at++; r->at < r->end && *r->at != ']'; n++) {
        double more;
        enum status status = take_number(r, n < 2 ? xy + n : &more);
        if (status != STATUS_OK)
            return status;
        r->at += r->at < r->end && *r->at == ',';
    }
    r->at++;
    if (n == 2)
        return STATUS_OK;
    return ctx_fail(r->ctx, STATUS_INVALID, r->place.pointer, "The position has %zu coordinates, want 2: [x, y].", n);
}

static void end_path(struct reader *r) {
    size_t from = r->out->n_paths ? r->out->end[r->out->n_paths - 1] : 0;
    if (r->out->n_points == from)
        return;
    r->out->polygon[r->out->n_paths] = r->polygons;
    r->out->end[r->out->n_paths++] = r->out->n_points;
}

/* take_nested takes positions in `depth` brackets; at most three. */
static enum status take_nested(struct reader *r, unsigned depth, bool separate) {
    if (depth == 0)
        return take_position(r);
    if (r->at == r->end || *r->at != '[')
        return wrong(r, "This is no array, want one.");
    r->at++;
    for (size_t i = 0; r->at < r->end && *r->at != ']'; i++) {
        size_t place = enter(r, NULL, i);
        enum status status = take_nested(r, depth - 1, separate);
        if (status != STATUS_OK)
            return status;
        leave(r, place);
        if (separate)
            end_path(r);
        r->at += r->at < r->end && *r->at == ',';
    }
    r->at++;
    if (depth == 1)
        end_path(r);
    r->polygons += depth == 2;
    return STATUS_OK;
}

static enum status wrong_type(struct reader *r, unsigned types, bool member, struct str type) {
    char names[160] = "";
    size_t at = 0;
    for (size_t i = 0; i < COUNT_OF(TYPES); i++)
        if (TYPES[i].type & types)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", TYPES[i].name);
    (void)enter(r, "type", 0);
    if (type.n == 0)
        type = (struct str){"missing", 7};
    if (member)
        return ctx_fail(r->ctx, STATUS_INVALID, r->place.pointer, "The type is %.*s, want one of: %s.",
                        (int)(type.n < 40 ? type.n : 40), type.p, names);
    return ctx_fail(r->ctx, STATUS_INVALID, r->place.pointer,
                    "The type is %.*s, want one of: %s; or a %sFeature, or a FeatureCollection of %s.",
                    (int)(type.n < 40 ? type.n : 40), type.p, names,
                    types & WKT_MANY ? "GeometryCollection of such, or a " : "", types & WKT_MANY ? "such" : "one");
}

/* take_geometry takes the geometry of these members, which is no collection. */
static enum status take_geometry(struct reader *r, unsigned types, bool member, const struct members *m) {
    size_t k = 0;
    while (k < COUNT_OF(TYPES) && !(TYPES[k].type & types && is_text(m->type, TYPES[k].name)))
        k++;
    if (k == COUNT_OF(TYPES))
        return wrong_type(r, types, member, m->type);
    (void)enter(r, "coordinates", 0);
    if (m->coordinates.n == 0)
        return wrong(r, "coordinates is missing, want an array.");
    r->out->type = TYPES[k].type;
    r->at = m->coordinates.p, r->end = r->at + m->coordinates.n;
    enum status status = take_nested(r, TYPES[k].depth, TYPES[k].type == WKT_MULTIPOINT);
    if (TYPES[k].depth == 0)
        end_path(r);
    return status;
}

typedef enum status take_member(struct reader *r, unsigned types, struct members *m);

/* take_each takes the objects of the array `all`, the member `name`, one after the other; `want` says what is missing. */
static enum status take_each(struct reader *r, unsigned types, const char *name, struct str all, take_member *take,
                             const char *want) {
    (void)enter(r, name, 0);
    if (all.n == 0 || all.p[0] != '[' || (all.n < 3 && !(types & WKT_MANY)))
        return wrong(r, want);
    const char *at = all.p + 1, *end = all.p + all.n;
    for (size_t i = 0; all.n > 2 && at < end; i++, at++) {
        struct members m;
        r->at = at, r->end = end;
        struct str one = take_value(r);
        at = r->at;
        if (at < end && *at == ',' && !(types & WKT_MANY))
            return wrong(r, "There are several features, want one.");
        size_t place = enter(r, NULL, i);
        r->at = one.p, r->end = one.p + one.n;
        enum status status = take_members(r, &m);
        if (status == STATUS_OK)
            status = take(r, types, &m);
        if (status != STATUS_OK)
            return status;
        leave(r, place);
    }
    return STATUS_OK;
}

static enum status take_member_geometry(struct reader *r, unsigned types, struct members *m) {
    return take_geometry(r, types, true, m);
}

/* take_object takes a geometry, or with WKT_MANY a collection of them, or a feature that has one of these. */
static enum status take_object(struct reader *r, unsigned types, struct members *m) {
    if (is_text(m->type, "Feature")) {
        (void)enter(r, "geometry", 0);
        if (!m->geometry.n)
            return wrong(r, "The feature has no geometry, want one.");
        r->at = m->geometry.p, r->end = r->at + m->geometry.n;
        enum status status = take_members(r, m);
        if (status != STATUS_OK)
            return status;
    }
    if (types & WKT_MANY && is_text(m->type, "GeometryCollection"))
        return take_each(r, types, "geometries", m->geometries, take_member_geometry,
                         "There are no geometries, want an array of them.");
    return take_geometry(r, types, false, m);
}

/* make_room: there are fewer positions than brackets, and no more paths. */
static enum status make_room(struct reader *r) {
    size_t room = 1;
    for (const char *p = r->at; p < r->end; p++)
        room += *p == '[';
    r->out->xy = ctx_alloc(r->ctx, room, 2 * sizeof *r->out->xy);
    r->out->end = ctx_alloc(r->ctx, room, sizeof *r->out->end);
    r->out->polygon = ctx_alloc(r->ctx, room, sizeof *r->out->polygon);
    return r->out->xy && r->out->end && r->out->polygon ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status geojson_read(struct ctx *ctx, struct str text, unsigned types, const char *pointer, struct wkt *out) {
    struct reader r = {.ctx = ctx, .at = text.p, .end = text.p + text.n, .out = out};
    struct members m;
    *out = (struct wkt){0};
    (void)snprintf(r.place.pointer, sizeof r.place.pointer, "%s", pointer);
    enum status status = make_room(&r);
    if (status == STATUS_OK)
        status = take_members(&r, &m);
    if (status != STATUS_OK)
        return status;
    return is_text(m.type, "FeatureCollection")
               ? take_each(&r, types, "features", m.features, take_object, "There are no features, want one.")
               : take_object(&r, types, &m);
}
