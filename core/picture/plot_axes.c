#include "core/picture/plot_axes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INK = 0x404040, FRAME = 0x8c8c8c };
enum { LEFT = 46, RIGHT = 14, TOP = 12, BOTTOM = 26, TICK = 4 };

/* Labels are drawn at twice the size in large pictures, margins too. */
unsigned plot_scale(const struct plot_in *in) { return in->width >= 900 && in->height >= 900 ? 2 : 1; }

void plot_frame(const struct plot_in *in, double frame[4]) {
    double scale = plot_scale(in);
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
    if (*x1 - *x0 < PLOT_LEAST) /* densities would be beyond the doubles */
        *x0 -= PLOT_LEAST, *x1 += PLOT_LEAST;
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

/* axis draws the ticks of one axis, 0: x, below; 1: y, to the left. */
static void axis(struct canvas *c, const struct plot_in *in, int which, const double frame[4]) {
    const unsigned scale = plot_scale(in);
    const double v0 = which ? in->range.y0 : in->range.x0, v1 = which ? in->range.y1 : in->range.x1;
    const double p0 = which ? frame[3] : frame[0], p1 = which ? frame[1] : frame[2];
    const double apart = (which ? 48 : 70) * scale, most = fmax(fabs(v0), fabs(v1));
    const struct ticks t = ticks_of((v1 - v0) * apart / fabs(p1 - p0));
    for (double i = ceil(v0 / t.step); i * t.step <= v1; i++) {
        char text[32];
        double at = i * t.step, p = floor(plot_pixel(at, v0, v1, p0, p1));
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

void plot_axes(struct canvas *c, const struct plot_in *in, const double frame[4]) {
    draw_frame(c, frame);
    axis(c, in, 0, frame);
    axis(c, in, 1, frame);
}
