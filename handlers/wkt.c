#include "handlers/wkt.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "handlers/number.h"

static const struct {
    const char *name;
    unsigned depth; /* of parentheses */
    enum wkt_type type;
} TYPES[] = {
    {"POINT", 1, WKT_POINT},
    {"LINESTRING", 1, WKT_LINESTRING},
    {"LINEARRING", 1, WKT_LINEARRING},
    {"POLYGON", 2, WKT_POLYGON},
    {"MULTIPOINT", 1, WKT_MULTIPOINT},
    {"MULTILINESTRING", 2, WKT_MULTILINESTRING},
    {"MULTIPOLYGON", 3, WKT_MULTIPOLYGON},
};

struct reader {
    struct ctx *ctx;
    const char *pointer, *text, *at, *end;
    struct wkt *out;
    size_t polygons; /* that were taken */
};

static void skip_space(struct reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static enum status wrong(struct reader *r, const char *want) {
    size_t byte = (size_t)(r->at - r->text);
    if (r->at == r->end)
        return ctx_fail(r->ctx, STATUS_INVALID, r->pointer, "The text ends at byte %zu, want %s.", byte, want);
    unsigned char c = (unsigned char)*r->at;
    if (c < 0x20 || c >= 0x7f)
        return ctx_fail(r->ctx, STATUS_INVALID, r->pointer, "The text has a byte 0x%02x at byte %zu, want %s.", c, byte,
                        want);
    return ctx_fail(r->ctx, STATUS_INVALID, r->pointer, "The text has '%c' at byte %zu, want %s.", c, byte, want);
}

static bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/* take_word reads a word of letters; empty where there is none. */
static struct str take_word(struct reader *r) {
    skip_space(r);
    const char *from = r->at;
    while (r->at < r->end && is_letter(*r->at))
        r->at++;
    return (struct str){from, (size_t)(r->at - from)};
}

static bool is_word(struct str word, const char *name) {
    return strlen(name) == word.n && strncasecmp(word.p, name, word.n) == 0;
}

/* take_empty takes the word EMPTY, if it is next. */
static bool take_empty(struct reader *r) {
    const char *from = r->at;
    if (is_word(take_word(r), "EMPTY"))
        return true;
    r->at = from;
    return false;
}

static bool take(struct reader *r, char c) {
    skip_space(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* as_json rewrites a number of WKT as one of JSON: no '+', no leading zeros, digits around the point. 0: too long. */
static size_t as_json(const char *p, const char *end, char *to, size_t size) {
    size_t n = 0;
    if ((size_t)(end - p) + 3 > size)
        return 0;
    if (p < end && (*p == '+' || *p == '-'))
        *p++ == '-' ? (void)(to[n++] = '-') : (void)0;
    while (end - p > 1 && p[0] == '0' && p[1] >= '0' && p[1] <= '9')
        p++;
    if (p < end && *p == '.' && end - p > 1 && p[1] >= '0' && p[1] <= '9')
        to[n++] = '0';
    for (; p < end; p++)
        if (*p != '.' || (end - p > 1 && p[1] >= '0' && p[1] <= '9'))
            to[n++] = *p;
    return n;
}

static bool in_number(char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

static enum status take_number(struct reader *r, double *x) {
    char json[400];
    skip_space(r);
    const char *from = r->at, *end = from;
    while (end < r->end && in_number(*end))
        end++;
    size_t n = as_json(from, end, json, sizeof json);
    enum number_error error = n ? number_read_lossless(json, n, x) : NUMBER_SYNTAX;
    if (error == NUMBER_INEXACT)
        return ctx_fail(r->ctx, STATUS_INVALID, r->pointer, "The number at byte %zu is %.*s, " NUMBER_LOSSLESS_TEXT,
                        (size_t)(from - r->text), (int)(n < 40 ? n : 40), json);
    if (error == NUMBER_RANGE)
        return ctx_fail(r->ctx, STATUS_INVALID, r->pointer,
                        "The number at byte %zu is beyond the greatest double, want a finite one.",
                        (size_t)(from - r->text));
    if (error != NUMBER_OK)
        return wrong(r, "a number of at most 390 characters");
    r->at = end;
    return STATUS_OK;
}

static enum status take_point(struct reader *r) {
    double *xy = r->out->xy + 2 * r->out->n_points;
    enum status status = take_number(r, xy);
    if (status == STATUS_OK)
        status = take_number(r, xy + 1);
    r->out->n_points++;
    return status;
}

static void end_path(struct reader *r) {
    r->out->polygon[r->out->n_paths] = r->polygons;
    r->out->end[r->out->n_paths++] = r->out->n_points;
}

/* take_path: ( x y, x y, ... ), or EMPTY. In a MULTIPOINT each point is a path and may have parentheses of its own. */
static enum status take_path(struct reader *r, bool single, bool separate) {
    if (take_empty(r))
        return STATUS_OK;
    if (!take(r, '('))
        return wrong(r, "'(' or EMPTY");
    do {
        if (separate && take_empty(r))
            continue;
        bool inner = separate && take(r, '(');
        enum status status = take_point(r);
        if (status != STATUS_OK)
            return status;
        if (inner && !take(r, ')'))
            return wrong(r, "')' after two numbers");
        if (separate)
            end_path(r);
    } while (!single && take(r, ','));
    if (!take(r, ')'))
        return wrong(r, single ? "')' after two numbers" : "',' or ')' after two numbers");
    if (!separate)
        end_path(r);
    return STATUS_OK;
}

static enum status take_nested(struct reader *r, unsigned depth, enum wkt_type type) {
    if (depth == 1)
        return take_path(r, type == WKT_POINT, type == WKT_MULTIPOINT);
    if (take_empty(r))
        return STATUS_OK;
    if (!take(r, '('))
        return wrong(r, "'(' or EMPTY");
    do {
        enum status status = take_nested(r, depth - 1, type); /* at most three deep */
        if (status != STATUS_OK)
            return status;
    } while (take(r, ','));
    r->polygons += depth == 2;
    return take(r, ')') ? STATUS_OK : wrong(r, "',' or ')'");
}

/* make_room: there are at most as many points as commas and one, as many paths as points. */
static enum status make_room(struct reader *r) {
    size_t points = 1;
    for (const char *p = r->text; p < r->end; p++)
        points += *p == ',';
    r->out->xy = ctx_alloc(r->ctx, points, 2 * sizeof *r->out->xy);
    r->out->end = ctx_alloc(r->ctx, points, sizeof *r->out->end);
    r->out->polygon = ctx_alloc(r->ctx, points, sizeof *r->out->polygon);
    return r->out->xy && r->out->end && r->out->polygon ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status wrong_type(struct reader *r, unsigned types, bool member, struct str word) {
    char names[160] = "";
    size_t at = 0;
    for (size_t i = 0; i < COUNT_OF(TYPES); i++)
        if (TYPES[i].type & types)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", TYPES[i].name);
    if (!member && types & WKT_MANY)
        (void)snprintf(names + at, sizeof names - at, ", GEOMETRYCOLLECTION");
    return ctx_fail(r->ctx, STATUS_INVALID, r->pointer, "The text %s \"%.*s\", want one of: %s.",
                    member ? "has a member" : "begins with", (int)(word.n < 30 ? word.n : 30), word.p, names);
}

/* refuse_kind refuses what may stand behind the name of a type. */
static enum status refuse_kind(struct reader *r) {
    const char *from = r->at;
    struct str word = take_word(r);
    if (is_word(word, "Z") || is_word(word, "M") || is_word(word, "ZM"))
        return ctx_fail(r->ctx, STATUS_INVALID, r->pointer, "The text has coordinates of kind %.*s, want x and y only.",
                        (int)word.n, word.p);
    r->at = from;
    return STATUS_OK;
}

/* take_geometry takes what begins with `word`: the text, or a member of a collection. */
static enum status take_geometry(struct reader *r, unsigned types, bool member, struct str word) {
    size_t k = 0;
    while (k < COUNT_OF(TYPES) && !(TYPES[k].type & types && is_word(word, TYPES[k].name)))
        k++;
    if (k == COUNT_OF(TYPES))
        return wrong_type(r, types, member, word);
    r->out->type = TYPES[k].type;
    enum status status = refuse_kind(r);
    return status == STATUS_OK ? take_nested(r, TYPES[k].depth, r->out->type) : status;
}

static enum status take_collection(struct reader *r, unsigned types) {
    enum status status = refuse_kind(r);
    if (status != STATUS_OK || take_empty(r))
        return status;
    if (!take(r, '('))
        return wrong(r, "'(' or EMPTY");
    do {
        status = take_geometry(r, types, true, take_word(r));
    } while (status == STATUS_OK && take(r, ','));
    return status != STATUS_OK || take(r, ')') ? status : wrong(r, "',' or ')'");
}

enum status wkt_read(struct ctx *ctx, struct str text, unsigned types, const char *pointer, struct wkt *out) {
    struct reader r = {
        .ctx = ctx, .pointer = pointer, .text = text.p, .at = text.p, .end = text.p + text.n, .out = out};
    *out = (struct wkt){0};
    enum status status = make_room(&r);
    if (status != STATUS_OK)
        return status;
    struct str word = take_word(&r);
    status = types & WKT_MANY && is_word(word, "GEOMETRYCOLLECTION") ? take_collection(&r, types)
                                                                     : take_geometry(&r, types, false, word);
    skip_space(&r);
    if (status == STATUS_OK && r.at < r.end)
        status = wrong(&r, "the end of the text");
    return status;
}
