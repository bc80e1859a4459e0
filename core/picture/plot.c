#include <math.h>

#include "core/picture/plot_axes.h"

enum { WAY = 0x202020 };

/* From white to blue; a density of the greatest's quarter is in the middle. */
static const unsigned SHADES[] = {0xffffff, 0xdcebf7, 0xb0d2ec, 0x7fb5de, 0x4f95cb, 0x2a74b3};

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
            double column = plot_pixel((double)i + 0.5, frame[0], frame[2], 0, (double)in->columns);
            double row = plot_pixel((double)j + 0.5, frame[1], frame[3], 0, (double)in->rows);
            shade(c->rgb + (j * c->width + i) * 3, between(in, column, row) / most);
        }
}

/* -- Dots and lines -- */

struct place {
    double x, y;
};

static struct place place_of(const struct plot_in *in, const double frame[4], const double *at) {
    return (struct place){plot_pixel(at[0], in->range.x0, in->range.x1, frame[0], frame[2]),
                          plot_pixel(at[1], in->range.y0, in->range.y1, frame[3], frame[1])};
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
    double radius = fmin(fmax(0.18 * sqrt(room), 0.8), 4 * plot_scale(in));
    double cell = area / (SIDE * SIDE), layers = crowd(in, frame) * 3.14 * radius * radius / cell;
    return (struct dots){radius, layers > 1.2 ? fmin(0.9, 1.2 / layers) : 0.9, radius > 2};
}

static enum status draw_dots(struct ctx *ctx, struct canvas *c, const struct plot_in *in, const double frame[4]) {
    const struct dots dots = dots_of(in, frame);
    for (size_t i = 0; i < in->count; i++) {
        struct place p = place_of(in, frame, in->samples + 2 * i);
        if (dots.apart)
            canvas_disc(c, p.x, p.y, dots.radius + 0.9, PLOT_PAPER, 0.7);
        canvas_disc(c, p.x, p.y, dots.radius, PLOT_DOT, dots.opacity);
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
    const double opacity = fmin(0.7, 4 / sqrt((double)in->lines + 1)), width = 1.1 * plot_scale(in);
    for (size_t i = 0; i < in->lines && ctx_stop(ctx) != STOP_CANCEL; i++) {
        size_t n = way_of(in, frame, i, 2 * width, way);
        canvas_path(c, way, n, width, WAY, opacity);
    }
    return ctx_stop(ctx) == STOP_CANCEL ? ctx_stopped(ctx) : STATUS_OK;
}

enum status plot_draw_plane(struct ctx *ctx, const struct plot_in *in, struct canvas *out) {
    double frame[4];
    plot_frame(in, frame);
    enum status status = canvas_make(ctx, in->width, in->height, PLOT_PAPER, out);
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
    plot_axes(out, in, frame);
    return status;
}
