#include "core/diffusion/clip.h"

#include <math.h>
#include <string.h>

struct clip {
    struct denoiser base; /* first: a denoiser pointer is a clip pointer */
    struct clip_in in;
};

static double clamp(double x, double most) { return x > most ? most : x < -most ? -most : x; }

static void swap(double *a, double *b) {
    double t = *a;
    *a = *b;
    *b = t;
}

/* place puts the element of rank k (from 0) at a[k], no greater before it and no less after it: quickselect (Hoare
 * 1961). The pivot is the median of three places. */
static void place(double *a, size_t n, size_t k) {
    size_t low = 0, high = n - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a[middle] < a[low])
            swap(&a[middle], &a[low]);
        if (a[high] < a[low])
            swap(&a[high], &a[low]);
        if (a[high] < a[middle])
            swap(&a[high], &a[middle]);
        double pivot = a[middle];
        size_t i = low, j = high;
        for (;;) {
            while (a[i] < pivot)
                i++;
            while (pivot < a[j])
                j--;
            if (i >= j)
                break;
            swap(&a[i++], &a[j--]);
        }
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
}

static double quantile_of_magnitudes(size_t d, double q, const double *row, double *room) {
    for (size_t j = 0; j < d; j++)
        room[j] = fabs(row[j]);
    double h = q * (double)(d - 1);
    size_t below = (size_t)h;
    place(room, d, below);
    double low = room[below], high = low;
    for (size_t j = below + 1; j < d; j++)
        high = j == below + 1 || room[j] < high ? room[j] : high;
    return low + (h - (double)below) * (high - low);
}

void clip_row(size_t d, double range, double quantile, double most, double *row, double *room) {
    double scale = 1;
    if (range == 0) {
        double s = quantile_of_magnitudes(d, quantile, row, room);
        s = s < 1 ? 1 : s;
        range = scale = s > most ? most : s;
    }
    for (size_t j = 0; j < d; j++)
        row[j] = clamp(row[j], range) / scale;
}

static void eval_spread(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                        const double *x, double *out, double *spread, double *scratch) {
    const struct clip *c = (const struct clip *)(const void *)self;
    const struct denoiser *inner = c->in.denoiser;
    size_t d = self->d;
    double *room = scratch, *rest = scratch + (c->in.range > 0 ? 0 : d);
    if (spread)
        inner->eval_spread(inner, at, told, rows, x, out, spread, rest);
    else
        denoiser_eval(inner, at, told, rows, x, out, rest);
    for (size_t r = 0; r < rows; r++)
        clip_row(d, c->in.range, c->in.quantile, c->in.most, out + r * d, room);
}

static void eval(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                 const double *x, double *out, double *scratch) {
    eval_spread(self, at, told, rows, x, out, NULL, scratch);
}

enum status clip_make(struct ctx *ctx, const struct clip_in *in, const struct denoiser **out) {
    struct clip *c = ctx_zalloc(ctx, 1, sizeof *c);
    if (!c)
        return STATUS_NO_MEMORY;
    c->in = *in;
    c->base = *in->denoiser;
    c->base.eval = eval;
    c->base.eval_spread = in->denoiser->eval_spread ? eval_spread : NULL;
    c->base.each = NULL; /* the inner one knows nothing of this */
    c->base.gives = 0;
    c->base.scratch += in->range > 0 ? 0 : in->denoiser->d;
    c->base.cost += (in->range > 0 ? 1 : 8) * (double)in->denoiser->d;
    *out = &c->base;
    return STATUS_OK;
}
