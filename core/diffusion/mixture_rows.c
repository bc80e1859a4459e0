#include "core/diffusion/mixture_parts.h"

/* Lanes beyond the last row repeat it: they cost nothing extra and are not written back. */
void mixture_gather(size_t d, size_t rows, const double *x, double *to) {
    for (size_t l = 0; l < LANES; l++) {
        const double *row = x + (l < rows ? l : rows - 1) * d;
        for (size_t j = 0; j < d; j++)
            to[j * LANES + l] = row[j];
    }
}

static void scatter(size_t d, size_t rows, const double *from, double *out) {
    for (size_t l = 0; l < rows && l < LANES; l++)
        for (size_t j = 0; j < d; j++)
            out[l * d + j] = from[j * LANES + l];
}

void mixture_rows(const struct mixture *m, const struct path_point *at, mixture_kernel *kernel, const double *prepared,
                  size_t rows, const double *x, double *out, double *scratch) {
    size_t d = m->base.d;
    double *in_lanes = scratch, *out_lanes = in_lanes + d * LANES, *rest = out_lanes + d * LANES;
    for (size_t first = 0; first < rows; first += LANES) {
        mixture_gather(d, rows - first, x + first * d, in_lanes);
        kernel(m, at, prepared, in_lanes, out_lanes, rest);
        scatter(d, rows - first, out_lanes, out + first * d);
    }
}
