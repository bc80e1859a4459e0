/* mixture_parts.h - a checked mixture and the kernels that evaluate it. For mixture*.c only.
 * Kernels are written once, in *_body.h, and compiled for each instruction set (core/base/lanes.h); a table holds those
 * of a set. Rows are taken LANES at a time and transposed, vec x[d], so that no sum runs across a vector. */
#ifndef SOLVENT_MIXTURE_PARTS_H
#define SOLVENT_MIXTURE_PARTS_H

#include "core/diffusion/mixture.h"
#include "core/diffusion/mixture_screen.h"

#define MIXTURE_NEVER -1e300 /* a logarithm that is finite (infinities would meet as inf - inf) and beyond all others */
#define LG_E 1.4426950408889634 /* log2 e */

/* MOST_LANES of any set; a tile of rows shares what is read or computed once a part. Scratch is sized for these:
 *     round  four numbers a part, or of all; y and sums [MIXTURE_ROUND_TILE][d]; with a screen what it needs
 *     oval   bias[k], a number an axis [d], x and sums [MIXTURE_TILE][d], room for two vectors [d][MOST_LANES], and the
 *            posterior [k][MIXTURE_TILE]
 *     each   nine vectors [d][MOST_LANES] */
enum { MOST_LANES = 8, MIXTURE_TILE = 16, MIXTURE_ROUND_TILE = 32 };

struct mixture {
    struct denoiser base; /* first: a denoiser pointer is a mixture pointer */
    size_t k;
    bool round;                          /* S_c = s_c^2 I for all parts */
    bool alike;                          /* round, and all parts have one variance */
    double ln_total;                     /* log of the sum of exp(ln_weight) */
    double cut;                          /* round: parts whose weight is below 2^-cut of the greatest count as 0 */
    double least_variance;               /* round: of all parts */
    double reach2;                       /* round: the greatest of norm2 */
    const double *means;                 /* [k][d] */
    const double *norm2;                 /* round: [k] |m_c|^2 */
    const struct mixture_screen *screen; /* round: NULL: there are too few parts or dimensions for one */
    const double *ln_weight;             /* [k]; parts of weight 0 have MIXTURE_NEVER */
    const double *lg_weight;             /* round: [k] the same to base 2, and MIXTURE_NEVER for another SCREEN_BLOCK */
    const double *variance;              /* round: [k]; else [k][d], along the axes of `axes` */
    const double *axes;                  /* [k][d][d], column i an eigenvector; NULL: the coordinate axes */
};

/* mixture_level_numbers is how many doubles round parts have at a level, rounded up so that vectors follow. */
static inline size_t mixture_level_numbers(const struct mixture *m) {
    return (4 * (m->alike ? 1 : m->k + SCREEN_BLOCK) + MOST_LANES - 1) / MOST_LANES * MOST_LANES;
}

/* The kernels of an instruction set, as denoiser.eval and denoiser.each. */
struct mixture_kernels {
    void (*round)(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                  const double *x, double *out, double *scratch);
    void (*oval)(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                 const double *x, double *out, double *scratch);
    void (*each)(const struct denoiser *self, const struct denoiser_each *q, double *scratch);
};

extern const struct mixture_kernels mixture_kernels_ref, mixture_kernels_avx2, mixture_kernels_avx512;

#endif
