#include "core/picture/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PAPER = 0xffffff,
    INK = 0x404040,
    FRAME = 0x8c8c8c,
    DOT = 0xd55e00,
    WAY = 0x202020,
    CURVE = 0x0072b2,
    SHEET = 0xe8e8e8
};
enum { LEFT = 46, RIGHT = 14, TOP = 12, BOTTOM = 26, TICK = 4, GAP = 2 };

static const double LEAST = 1e-100; /* of ranges on a line */

/* From white to blue; a density of the greatest's quarter is in the middle. */
static const unsigned SHADES[] = {0xffffff, 0xdcebf7, 0xb0d2ec, 0x7fb5de, 0x4f95cb, 0x2a74b3};

/* Labels are drawn at twice the size in large pictures, margins too. */
static unsigned scale_of(const struct plot_in *in) { return in->width >= 900 && in->height >= 900 ? 2 : 1; }

void plot_frame(const struct plot_in *in, double frame[4]) {
    double scale = scale_of(in);
    frame[0] = LEFT * scale;
    frame[1] = TOP * scale;
    frame[2] = (double)in->width - RIGHT * scale;
    frame[3] = (double)in->height - BOTTOM * scale;
}

/* -- Ranges -- */

/* A column of [n][stride] numbers. */
struct column {
    const double *first;
    size_t n, stride;
};

static void extent_of(const struct column *c, double *low, double *high) {
    for (size_t i = 0; i < c->n; i++) {
        double v = c->first[c->stride * i];
        *low = v < *low ? v : *low;
        *high = v > *high ? v : *high;
    }
}

static void axis_range(struct column points, struct column more, double *x0, double *x1) {
    double low = INFINITY, high = -INFINITY;
    extent_of(&points, &low, &high);
    double width = high - low, least = 1e-6 * fmax(fabs(low), fabs(high));
    if (width <= least) { /* one place: show some room around it */
        double room = least > 0 ? 1e5 * least : 1;
        low -= room, high += room;
        width = high - low;
    }
    double wide_low = low, wide_high = high;
    extent_of(&more, &wide_low, &wide_high);
    low = fmax(wide_low, low - 0.5 * width);
    high = fmin(wide_high, high + 0.5 * width);
    *x0 = low - 0.05 * (high - low);
    *x1 = high + 0.05 * (high - low);
}

void plot_range_of(const double *points, size_t n, const double *more, size_t n_more, struct plot_range *out) {
    axis_range((struct column){points, n, 2}, (struct column){more, n_more, 2}, &out->x0, &out->x1);
    axis_range((struct column){points + 1, n, 2}, (struct column){more ? more + 1 : NULL, n_more, 2}, &out->y0,
               &out->y1);
}

void plot_span_of(const double *numbers, size_t n, double *x0, double *x1) {
    axis_range((struct column){numbers, n, 1}, (struct column){0}, x0, x1);
    if (*x1 - *x0 < LEAST) /* densities would be beyond the doubles */
        *x0 -= LEAST, *x1 += LEAST;
}

/* -- Axes -- */

/* Ticks are at the multiples of digit * 10^power. */
struct ticks {
    int digit, power;
    double step;
};

static double tenfold(double x, int power) {
    for (; power > 0; power--)
        x *= 10;
    for (; power < 0; power++)
        x /= 10;
    return x;
}

/* ticks_of finds the least step of 1, 2 or 5 times a power of ten that is at least `least`. */
static struct ticks ticks_of(double least) {
    static const int DIGITS[] = {1, 2, 5};
    int power = 0;
    while (tenfold(1, power) > least)
        power--;
    while (tenfold(10, power) <= least)
        power++;
    for (size_t i = 0; i < 3; i++)
        if (tenfold(DIGITS[i], power) >= least)
            return (struct ticks){DIGITS[i], power, tenfold(DIGITS[i], power)};
    return (struct ticks){1, power + 1, tenfold(1, power + 1)};
}

/* label writes as many digits as tell one tick from the next, as far as there is room. */
static void label(char text[32], const struct ticks *t, double at, double most) {
    int digits = 1;
    for (double s = t->step; s < most && digits < 7; s *= 10)
        digits++;
    if (most >= 1e5 || t->power < -4)
        snprintf(text, 32, "%.*g", digits, at);
    else
        snprintf(text, 32, "%.*f", t->power < 0 ? -t->power : 0, at);
}

static double to_pixel(double v, double v0, double v1, double p0, double p1) {
    return p0 + (v - v0) / (v1 - v0) * (p1 - p0);
}

/* axis draws the ticks of one axis, 0: x, below; 1: y, to the left. */
static void axis(struct canvas *c, const struct plot_in *in, int which, const double frame[4]) {
    const unsigned scale = scale_of(in);
    const double v0 = which ? in->range.y0 : in->range.x0, v1 = which ? in->range.y1 : in->range.x1;
    const double p0 = which ? frame[3] : frame[0], p1 = which ? frame[1] : frame[2];
    const double apart = (which ? 48 : 70) * scale, most = fmax(fabs(v0), fabs(v1));
    const struct ticks t = ticks_of((v1 - v0) * apart / fabs(p1 - p0));
    for (double i = ceil(v0 / t.step); i * t.step <= v1; i++) {
        char text[32];
        double at = i * t.step, p = floor(to_pixel(at, v0, v1, p0, p1));
        label(text, &t, at == 0 ? 0 : at, most); /* no -0 */
        double wide = CANVAS_CELL * scale * (double)strlen(text) - scale;
        if (which) {
            canvas_rectangle(c, frame[0] - TICK * scale, p, frame[0], p + 1, FRAME, 1);
            canvas_text(c, text, frame[0] - (TICK + 3) * scale - wide, p - 3 * scale, scale, INK);
        } else {
            canvas_rectangle(c, p, frame[3], p + 1, frame[3] + TICK * scale, FRAME, 1);
            canvas_text(c, text, p - floor(wide / 2), frame[3] + (TICK + 4) * scale, scale, INK);
        }
    }
}

static void draw_frame(struct canvas *c, const double f[4]) {
    canvas_rectangle(c, f[0] - 1, f[1] - 1, f[2] + 1, f[1], FRAME, 1);
    canvas_rectangle(c, f[0] - 1, f[3], f[2] + 1, f[3] + 1, FRAME, 1);
    canvas_rectangle(c, f[0] - 1, f[1], f[0], f[3], FRAME, 1);
    canvas_rectangle(c, f[2], f[1], f[2] + 1, f[3], FRAME, 1);
}

static void draw_axes(struct canvas *c, const struct plot_in *in, const double frame[4]) {
    draw_frame(c, frame);
    axis(c, in, 0, frame);
    axis(c, in, 1, frame);
}

/* -- The density -- */

/* between is the density at a place given in cells, linear from one middle to the next. */
static double between(const struct plot_in *in, double column, double row) {
    double x = fmin(fmax(column - 0.5, 0), (double)in->columns - 1), y = fmin(fmax(row - 0.5, 0), (double)in->rows - 1);
    size_t i = (size_t)x, j = (size_t)y, next_i = i + 1 < in->columns ? i + 1 : i,
           next_j = j + 1 < in->rows ? j + 1 : j;
    double s = x - (double)i, t = y - (double)j;
    const double *top = in->density + j * in->columns, *bottom = in->density + next_j * in->columns;
    return (1 - t) * ((1 - s) * top[i] + s * top[next_i]) + t * ((1 - s) * bottom[i] + s * bottom[next_i]);
}

static void shade(float *rgb, double share) {
    const size_t last = sizeof SHADES / sizeof *SHADES - 1;
    double at = sqrt(share) * (double)last;
    size_t i = at < (double)last ? (size_t)at : last - 1;
    float t = (float)(at - (double)i);
    for (int k = 0; k < 3; k++) {
        float low = (float)(SHADES[i] >> (16 - 8 * k) & 255), high = (float)(SHADES[i + 1] >> (16 - 8 * k) & 255);
        rgb[k] = low + t * (high - low);
    }
}

static void draw_density(struct canvas *c, const struct plot_in *in, const double frame[4]) {
    double most = 0;
    for (size_t i = 0; i < in->rows * in->columns; i++)
        most = fmax(most, in->density[i]);
    if (!(most > 0))
        return;
    for (size_t j = (size_t)frame[1]; j < (size_t)frame[3]; j++)
        for (size_t i = (size_t)frame[0]; i < (size_t)frame[2]; i++) {
            double column = to_pixel((double)i + 0.5, frame[0], frame[2], 0, (double)in->columns);
            double row = to_pixel((double)j + 0.5, frame[1], frame[3], 0, (double)in->rows);
            shade(c->rgb + (j * c->width + i) * 3, between(in, column, row) / most);
        }
}

/* -- Dots and lines -- */

struct place {
    double x, y;
};

static struct place place_of(const struct plot_in *in, const double frame[4], const double *at) {
    return (struct place){to_pixel(at[0], in->range.x0, in->range.x1, frame[0], frame[2]),
                          to_pixel(at[1], in->range.y0, in->range.y1, frame[3], frame[1])};
}

/* How dots look, by how many there are for the room. */
struct dots {
    double radius, opacity;
    bool apart; /* each with a light rim */
};

enum { SIDE = 64 };

/* crowd is how many others lie in the same of SIDE x SIDE cells as a sample does, on average. */
static double crowd(const struct plot_in *in, const double frame[4]) {
    uint32_t cells[SIDE * SIDE] = {0};
    double sum = 0, shown = 0;
    for (size_t i = 0; i < in->count; i++) {
        struct place p = place_of(in, frame, in->samples + 2 * i);
        double x = (p.x - frame[0]) / (frame[2] - frame[0]) * SIDE, y = (p.y - frame[1]) / (frame[3] - frame[1]) * SIDE;
        if (x >= 0 && y >= 0 && x < SIDE && y < SIDE)
            cells[(size_t)y * SIDE + (size_t)x]++;
    }
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        sum += (double)cells[i] * (double)cells[i];
        shown += (double)cells[i];
    }
    return shown > 0 ? sum / shown - 1 : 0;
}

static struct dots dots_of(const struct plot_in *in, const double frame[4]) {
    double area = (frame[2] - frame[0]) * (frame[3] - frame[1]), room = area / ((double)in->count + 1);
    double radius = fmin(fmax(0.18 * sqrt(room), 0.8), 4 * scale_of(in));
    double cell = area / (SIDE * SIDE), layers = crowd(in, frame) * 3.14 * radius * radius / cell;
    return (struct dots){radius, layers > 1.2 ? fmin(0.9, 1.2 / layers) : 0.9, radius > 2};
}

static enum status draw_dots(struct ctx *ctx, struct canvas *c, const struct plot_in *in, const double frame[4]) {
    const struct dots dots = dots_of(in, frame);
    for (size_t i = 0; i < in->count; i++) {
        struct place p = place_of(in, frame, in->samples + 2 * i);
        if (dots.apart)
            canvas_disc(c, p.x, p.y, dots.radius + 0.9, PAPER, 0.7);
        canvas_disc(c, p.x, p.y, dots.radius, DOT, dots.opacity);
        if (i % 4096 == 0 && ctx_stop(ctx) == STOP_CANCEL)
            return ctx_stopped(ctx);
    }
    return STATUS_OK;
}

/* way_of writes the way of a sample in pixels. Points that hardly differ from the one before are left out, but for the
 * last: short pieces would lie over each other. */
static size_t way_of(const struct plot_in *in, const double frame[4], size_t sample, double least, double *way) {
    size_t n = 0;
    for (size_t k = 0; k < in->points; k++) {
        struct place p = place_of(in, frame, in->states + (k * in->count + sample) * 2);
        bool near = n > 0 && fabs(p.x - way[2 * n - 2]) + fabs(p.y - way[2 * n - 1]) < least;
        if (near && k + 1 < in->points)
            continue;
        n -= near && n > 1; /* the last takes the place of the one before */
        way[2 * n] = p.x, way[2 * n + 1] = p.y;
        n++;
    }
    return n;
}

static enum status draw_ways(struct ctx *ctx, struct canvas *c, const struct plot_in *in, const double frame[4]) {
    double *way = ctx_alloc(ctx, in->points, 2 * sizeof *way);
    if (!way)
        return STATUS_NO_MEMORY;
    const double opacity = fmin(0.7, 4 / sqrt((double)in->lines + 1)), width = 1.1 * scale_of(in);
    for (size_t i = 0; i < in->lines && ctx_stop(ctx) != STOP_CANCEL; i++) {
        size_t n = way_of(in, frame, i, 2 * width, way);
        canvas_path(c, way, n, width, WAY, opacity);
    }
    return ctx_stop(ctx) == STOP_CANCEL ? ctx_stopped(ctx) : STATUS_OK;
}

enum status plot_draw_plane(struct ctx *ctx, const struct plot_in *in, struct canvas *out) {
    double frame[4];
    plot_frame(in, frame);
    enum status status = canvas_make(ctx, in->width, in->height, PAPER, out);
    if (status != STATUS_OK)
        return status;
    if (in->density)
        draw_density(out, in, frame);
    canvas_clip(out, frame[0], frame[1], frame[2], frame[3]);
    if (in->states)
        status = draw_ways(ctx, out, in, frame);
    if (status == STATUS_OK)
        status = draw_dots(ctx, out, in, frame);
    canvas_unclip(out);
    draw_axes(out, in, frame);
    return status;
}

/* -- Numbers on a line -- */

enum { FINE = 192 };

struct bars {
    size_t n;
    double height[FINE]; /* the density of each */
};

static void count_fine(const struct plot_in *in, double cells[FINE]) {
    const double x0 = in->range.x0, x1 = in->range.x1;
    for (size_t i = 0; i < FINE; i++)
        cells[i] = 0;
    for (size_t i = 0; i < in->count; i++) {
        double v = in->samples[i], at = (v - x0) / (x1 - x0) * FINE;
        if (v >= x0 && v <= x1)
            cells[at < FINE ? (size_t)at : FINE - 1]++;
    }
}

/* gather makes bars of `merged` cells each and gives how many a sample shares its bar with, on average. */
static double gather(const double cells[FINE], size_t merged, struct bars *out) {
    double sum = 0, shown = 0;
    *out = (struct bars){.n = FINE / merged};
    for (size_t i = 0; i < FINE; i++)
        out->height[i / merged] += cells[i];
    for (size_t i = 0; i < out->n; i++) {
        sum += out->height[i] * out->height[i];
        shown += out->height[i];
    }
    return shown > 0 ? sum / shown : 0;
}

static void make_bars(const struct plot_in *in, double room, struct bars *out) {
    static const size_t MERGED[] = {1, 2, 3, 4, 6, 8, 12, 16, 24};
    const double n = (double)in->count;
    double cells[FINE];
    count_fine(in, cells);
    for (size_t i = 0; i < sizeof MERGED / sizeof *MERGED; i++) {
        double together = gather(cells, MERGED[i], out);
        if (room * (double)MERGED[i] >= 2 * FINE && together * together * together >= n * n)
            break;
    }
    for (size_t i = 0; i < out->n; i++)
        out->height[i] *= (double)out->n / n / (in->range.x1 - in->range.x0);
}

/* highest finds what y must reach. A density far above the bars (a needle between them) may leave the picture. */
static double highest(const struct plot_in *in, const struct bars *bars) {
    double bar = 0, curve = 0;
    for (size_t i = 0; i < bars->n; i++)
        bar = fmax(bar, bars->height[i]);
    for (size_t i = 0; in->density && i < in->columns; i++)
        curve = fmax(curve, in->density[i]);
    double most = bar > 0 ? fmax(bar, fmin(curve, 3 * bar)) : curve;
    return most > LEAST ? fmin(1.05 * most, 1 / LEAST) : 1;
}

static void draw_bars(struct canvas *c, const struct plot_in *in, const struct bars *bars, const double frame[4]) {
    const double width = (frame[2] - frame[0]) / (double)bars->n, gap = width >= 6 ? 1 : 0;
    for (size_t i = 0; i < bars->n; i++) {
        double left = floor(frame[0] + width * (double)i), right = floor(frame[0] + width * (double)(i + 1));
        double top = to_pixel(bars->height[i], in->range.y0, in->range.y1, frame[3], frame[1]);
        double base = to_pixel(0, in->range.y0, in->range.y1, frame[3], frame[1]);
        canvas_rectangle(c, left, fmin(fmax(top, -10), base), right - gap, base, DOT, 0.55);
    }
}

static enum status draw_curve(struct ctx *ctx, struct canvas *c, const struct plot_in *in, const double frame[4]) {
    double *way = ctx_alloc(ctx, in->columns, 2 * sizeof *way);
    if (!way)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < in->columns; i++) {
        double y = to_pixel(in->density[i], in->range.y0, in->range.y1, frame[3], frame[1]);
        way[2 * i] = to_pixel((double)i + 0.5, 0, (double)in->columns, frame[0], frame[2]);
        way[2 * i + 1] = fmin(fmax(y, -(double)in->height), 2 * (double)in->height);
    }
    canvas_path(c, way, in->columns, 2 * scale_of(in), CURVE, 1);
    return STATUS_OK;
}

enum status plot_draw_bars(struct ctx *ctx, const struct plot_in *given, struct canvas *out) {
    struct plot_in in = *given;
    struct bars bars;
    double frame[4];
    plot_frame(&in, frame);
    make_bars(&in, frame[2] - frame[0], &bars);
    if (!(in.range.y1 > in.range.y0))
        in.range.y0 = 0, in.range.y1 = highest(&in, &bars);
    enum status status = canvas_make(ctx, in.width, in.height, PAPER, out);
    if (status != STATUS_OK)
        return status;
    canvas_clip(out, frame[0], frame[1], frame[2], frame[3]);
    draw_bars(out, &in, &bars, frame);
    if (in.density)
        status = draw_curve(ctx, out, &in, frame);
    canvas_unclip(out);
    draw_axes(out, &in, frame);
    return status;
}

/* -- Images -- */

void plot_sheet_size(const struct plot_sheet *in, size_t *width, size_t *height) {
    size_t columns = in->columns < in->count ? in->columns : in->count, rows = (in->count + columns - 1) / columns;
    *width = columns * (in->width * in->scale + GAP) + GAP;
    *height = rows * (in->height * in->scale + GAP) + GAP;
}

static void draw_image(struct canvas *c, const struct plot_sheet *in, size_t index, size_t left, size_t top) {
    const size_t pixels = in->height * in->width;
    const double *image = in->samples + index * in->channels * pixels;
    for (size_t y = 0; y < in->height * in->scale; y++)
        for (size_t x = 0; x < in->width * in->scale; x++)
            for (size_t k = 0; k < 3; k++) {
                size_t from = y / in->scale * in->width + x / in->scale + (in->channels == 3 ? k * pixels : 0);
                double v = (image[from] - in->black) / (in->white - in->black);
                c->rgb[((top + y) * c->width + left + x) * 3 + k] = (float)(255 * fmin(fmax(v, 0), 1));
            }
}

enum status plot_draw_sheet(struct ctx *ctx, const struct plot_sheet *in, struct canvas *out) {
    size_t width, height;
    plot_sheet_size(in, &width, &height);
    enum status status = canvas_make(ctx, width, height, SHEET, out);
    for (size_t i = 0; status == STATUS_OK && i < in->count; i++) {
        draw_image(out, in, i, GAP + i % in->columns * (in->width * in->scale + GAP),
                   GAP + i / in->columns * (in->height * in->scale + GAP));
        if (ctx_stop(ctx) == STOP_CANCEL)
            status = ctx_stopped(ctx);
    }
    return status;
}

enum status plot_draw_image(struct ctx *ctx, const struct plot_sheet *in, size_t index, struct canvas *out) {
    enum status status = canvas_make(ctx, in->width * in->scale, in->height * in->scale, SHEET, out);
    if (status == STATUS_OK)
        draw_image(out, in, index, 0, 0);
    return status;
}
