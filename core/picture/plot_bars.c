/* Numbers on a line. */
#include <math.h>

#include "core/picture/plot_axes.h"

enum { CURVE = 0x0072b2 };
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
    return most > PLOT_LEAST ? fmin(1.05 * most, 1 / PLOT_LEAST) : 1;
}

static void draw_bars(struct canvas *c, const struct plot_in *in, const struct bars *bars, const double frame[4]) {
    const double width = (frame[2] - frame[0]) / (double)bars->n, gap = width >= 6 ? 1 : 0;
    for (size_t i = 0; i < bars->n; i++) {
        double left = floor(frame[0] + width * (double)i), right = floor(frame[0] + width * (double)(i + 1));
        double top = plot_pixel(bars->height[i], in->range.y0, in->range.y1, frame[3], frame[1]);
        double base = plot_pixel(0, in->range.y0, in->range.y1, frame[3], frame[1]);
        canvas_rectangle(c, left, fmin(fmax(top, -10), base), right - gap, base, PLOT_DOT, 0.55);
    }
}

static enum status draw_curve(struct ctx *ctx, struct canvas *c, const struct plot_in *in, const double frame[4]) {
    double *way = ctx_alloc(ctx, in->columns, 2 * sizeof *way);
    if (!way)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < in->columns; i++) {
        double y = plot_pixel(in->density[i], in->range.y0, in->range.y1, frame[3], frame[1]);
        way[2 * i] = plot_pixel((double)i + 0.5, 0, (double)in->columns, frame[0], frame[2]);
        way[2 * i + 1] = fmin(fmax(y, -(double)in->height), 2 * (double)in->height);
    }
    canvas_path(c, way, in->columns, 2 * plot_scale(in), CURVE, 1);
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
    enum status status = canvas_make(ctx, in.width, in.height, PLOT_PAPER, out);
    if (status != STATUS_OK)
        return status;
    canvas_clip(out, frame[0], frame[1], frame[2], frame[3]);
    draw_bars(out, &in, &bars, frame);
    if (in.density)
        status = draw_curve(ctx, out, &in, frame);
    canvas_unclip(out);
    plot_axes(out, &in, frame);
    return status;
}
