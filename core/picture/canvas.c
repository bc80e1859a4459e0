#include "core/picture/canvas.h"

#include <math.h>
#include <string.h>

static float channel(unsigned colour, int i) { return (float)(colour >> (16 - 8 * i) & 255); }

enum status canvas_make(struct ctx *ctx, size_t width, size_t height, unsigned colour, struct canvas *out) {
    *out = (struct canvas){width, height, {0, 0, (double)width, (double)height}, NULL};
    out->rgb = ctx_alloc(ctx, width * height, 3 * sizeof *out->rgb);
    if (!out->rgb)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < width * height * 3; i++)
        out->rgb[i] = channel(colour, (int)(i % 3));
    return STATUS_OK;
}

void canvas_unclip(struct canvas *c) { canvas_clip(c, 0, 0, (double)c->width, (double)c->height); }

void canvas_clip(struct canvas *c, double x0, double y0, double x1, double y1) {
    c->clip[0] = x0 > 0 ? floor(x0) : 0;
    c->clip[1] = y0 > 0 ? floor(y0) : 0;
    c->clip[2] = x1 < (double)c->width ? ceil(x1) : (double)c->width;
    c->clip[3] = y1 < (double)c->height ? ceil(y1) : (double)c->height;
}

static void blend(struct canvas *c, size_t x, size_t y, unsigned colour, double opacity) {
    float *p = c->rgb + (y * c->width + x) * 3, a = (float)opacity;
    for (int i = 0; i < 3; i++)
        p[i] += a * (channel(colour, i) - p[i]);
}

/* The pixels that a box touches, within the clip. */
struct span {
    size_t x0, y0, x1, y1;
};

/* touched: false where there are none (or the box is no box: NaN). */
static bool touched(const struct canvas *c, double x0, double y0, double x1, double y1, struct span *out) {
    x0 = x0 < c->clip[0] ? c->clip[0] : x0; /* NaN stays */
    y0 = y0 < c->clip[1] ? c->clip[1] : y0;
    x1 = x1 > c->clip[2] ? c->clip[2] : x1;
    y1 = y1 > c->clip[3] ? c->clip[3] : y1;
    if (!(x0 < x1 && y0 < y1))
        return false;
    *out = (struct span){(size_t)x0, (size_t)y0, (size_t)ceil(x1), (size_t)ceil(y1)};
    return true;
}

/* covered is how much of a pixel lies inside an edge that is `inside` pixels away from its centre. */
static double covered(double inside) { return inside >= 0.5 ? 1 : inside <= -0.5 ? 0 : inside + 0.5; }

void canvas_disc(struct canvas *c, double x, double y, double radius, unsigned colour, double opacity) {
    struct span s;
    double reach = radius + 0.5;
    if (!touched(c, x - reach, y - reach, x + reach, y + reach, &s))
        return;
    for (size_t j = s.y0; j < s.y1; j++)
        for (size_t i = s.x0; i < s.x1; i++) {
            double dx = (double)i + 0.5 - x, dy = (double)j + 0.5 - y;
            double part = covered(radius - sqrt(dx * dx + dy * dy));
            if (part > 0)
                blend(c, i, j, colour, part * opacity);
        }
}

/* overlap is the length that [a, b] and the pixel [i, i + 1] have in common. */
static double overlap(double a, double b, size_t i) {
    double low = a > (double)i ? a : (double)i, high = b < (double)(i + 1) ? b : (double)(i + 1);
    return high > low ? high - low : 0;
}

void canvas_rectangle(struct canvas *c, double x0, double y0, double x1, double y1, unsigned colour, double opacity) {
    struct span s;
    if (!touched(c, x0, y0, x1, y1, &s))
        return;
    for (size_t j = s.y0; j < s.y1; j++)
        for (size_t i = s.x0; i < s.x1; i++)
            blend(c, i, j, colour, overlap(x0, x1, i) * overlap(y0, y1, j) * opacity);
}

/* -- Lines -- */

/* shorten moves the ends of a segment to the border of a box, where they lie outside; false: it does not meet the box.
 * (Liang and Barsky 1984.) A line from far away then costs no more than one within. */
static bool shorten(double box[4], double *a, double *b) {
    double low = 0, high = 1;
    for (int axis = 0; axis < 2; axis++) {
        double d = b[axis] - a[axis], to_low = box[axis] - a[axis], to_high = box[axis + 2] - a[axis];
        if (d == 0 && (to_low > 0 || to_high < 0))
            return false;
        if (d == 0)
            continue;
        double in = (d > 0 ? to_low : to_high) / d, out = (d > 0 ? to_high : to_low) / d;
        low = in > low ? in : low;
        high = out < high ? out : high;
    }
    if (!(low <= high))
        return false;
    double from[2] = {a[0], a[1]}, d[2] = {b[0] - a[0], b[1] - a[1]};
    for (int axis = 0; axis < 2; axis++) {
        a[axis] = from[axis] + low * d[axis];
        b[axis] = from[axis] + high * d[axis];
    }
    return true;
}

/* distance_to is that of (x, y) from the segment a b; *along gets where on it the nearest point lies, 0 to 1. */
static double distance_to(const double *a, const double *b, double x, double y, double *along) {
    double dx = b[0] - a[0], dy = b[1] - a[1], square = dx * dx + dy * dy;
    double t = square > 0 ? ((x - a[0]) * dx + (y - a[1]) * dy) / square : 0;
    *along = t = t < 0 ? 0 : t > 1 ? 1 : t;
    dx = a[0] + t * dx - x, dy = a[1] + t * dy - y;
    return sqrt(dx * dx + dy * dy);
}

struct stroke {
    double half; /* of the width */
    unsigned colour;
    double opacity;
};

/* segment draws a b, but what `before` b covers (NULL: nothing does): so a path has no dark joints. */
static void segment(struct canvas *c, const double *before, const double *a, const double *b,
                    const struct stroke *stroke) {
    struct span s;
    double reach = stroke->half + 0.5, along;
    if (!touched(c, fmin(a[0], b[0]) - reach, fmin(a[1], b[1]) - reach, fmax(a[0], b[0]) + reach,
                 fmax(a[1], b[1]) + reach, &s))
        return;
    for (size_t j = s.y0; j < s.y1; j++)
        for (size_t i = s.x0; i < s.x1; i++) {
            double x = (double)i + 0.5, y = (double)j + 0.5;
            double part = covered(stroke->half - distance_to(a, b, x, y, &along));
            if (part > 0 && before)
                part -= covered(stroke->half - distance_to(before, a, x, y, &along));
            if (part > 0)
                blend(c, i, j, stroke->colour, part * stroke->opacity);
        }
}

/* A long slanted segment has a large box, most of it empty: it is drawn in pieces. */
enum { PIECE = 24 };

static void long_segment(struct canvas *c, const double *before, const double *a, const double *b,
                         const struct stroke *stroke) {
    double dx = b[0] - a[0], dy = b[1] - a[1];
    size_t pieces = (size_t)(sqrt(dx * dx + dy * dy) / PIECE) + 1;
    double from[2] = {a[0], a[1]}, last[2];
    for (size_t i = 1; i <= pieces; i++) {
        double share = (double)i / (double)pieces, to[2] = {a[0] + share * dx, a[1] + share * dy};
        segment(c, i > 1 ? last : before, from, to, stroke);
        memcpy(last, from, sizeof last);
        memcpy(from, to, sizeof from);
    }
}

/* drawable: so far out that differences and their squares are finite. */
static bool drawable(const double *p) { return fabs(p[0]) < 1e150 && fabs(p[1]) < 1e150; }

void canvas_path(struct canvas *c, const double *points, size_t n, double width, unsigned colour, double opacity) {
    const struct stroke stroke = {width / 2, colour, opacity};
    double box[4] = {c->clip[0] - width, c->clip[1] - width, c->clip[2] + width, c->clip[3] + width};
    double last[2];
    bool joined = false;
    for (size_t i = 1; i < n; i++) {
        double a[2] = {points[2 * i - 2], points[2 * i - 1]}, b[2] = {points[2 * i], points[2 * i + 1]};
        double start[2] = {a[0], a[1]};
        if (!drawable(a) || !drawable(b) || !shorten(box, a, b)) {
            joined = false;
            continue;
        }
        joined = joined && a[0] == start[0] && a[1] == start[1];
        long_segment(c, joined ? last : NULL, a, b, &stroke);
        memcpy(last, a, sizeof last);
        joined = b[0] == points[2 * i] && b[1] == points[2 * i + 1];
    }
}

/* -- Text -- */

/* A row of a character is five bits, the leftmost the greatest. */
static const struct glyph {
    char c;
    unsigned char rows[CANVAS_LINE];
} GLYPHS[] = {
    {'0', {14, 17, 17, 17, 17, 17, 14}}, {'1', {4, 12, 4, 4, 4, 4, 14}},    {'2', {14, 17, 1, 2, 4, 8, 31}},
    {'3', {14, 17, 1, 6, 1, 17, 14}},    {'4', {2, 6, 10, 18, 31, 2, 2}},   {'5', {31, 16, 30, 1, 1, 17, 14}},
    {'6', {6, 8, 16, 30, 17, 17, 14}},   {'7', {31, 1, 2, 4, 4, 8, 8}},     {'8', {14, 17, 17, 14, 17, 17, 14}},
    {'9', {14, 17, 17, 15, 1, 2, 12}},   {'.', {0, 0, 0, 0, 0, 12, 12}},    {'-', {0, 0, 0, 14, 0, 0, 0}},
    {'+', {0, 4, 4, 31, 4, 4, 0}},       {'e', {0, 0, 14, 17, 31, 16, 14}},
};

static const struct glyph *glyph_of(char c) {
    for (size_t i = 0; i < sizeof GLYPHS / sizeof *GLYPHS; i++)
        if (GLYPHS[i].c == c)
            return &GLYPHS[i];
    return NULL;
}

void canvas_text(struct canvas *c, const char *text, double x, double y, unsigned scale, unsigned colour) {
    for (; *text; text++, x += CANVAS_CELL * scale) {
        const struct glyph *g = glyph_of(*text);
        for (unsigned row = 0; g && row < CANVAS_LINE; row++)
            for (unsigned column = 0; column < 5; column++) {
                double left = x + column * scale, top = y + row * scale;
                if (g->rows[row] >> (4 - column) & 1)
                    canvas_rectangle(c, left, top, left + scale, top + scale, colour, 1);
            }
    }
}

unsigned char *canvas_bytes(struct ctx *ctx, const struct canvas *c) {
    size_t n = c->width * c->height * 3;
    unsigned char *bytes = ctx_alloc(ctx, n, 1);
    for (size_t i = 0; bytes && i < n; i++) {
        float v = c->rgb[i] + 0.5F;
        bytes[i] = v <= 0 ? 0 : v >= 255 ? 255 : (unsigned char)v;
    }
    return bytes;
}
