/* project.h - a denoiser whose D agrees with linear measurements A x0 = b:
 *     D + A^+ (b - A D),
 * the nearest point to D that does (in least squares where none does). Needs no gradient of the model.
 * Source: Wang, Yu, Zhang 2023 (DDNM), eq. 13; Golub, Van Loan, sec. 5.5 for the pseudo-inverse, here through the
 * eigenvectors of A A^T: directions whose eigenvalue is below 1e-12 of the greatest measure nothing.
 * Cost: 4 m d operations a row; preparing O(m^2 (m + d)). */
#ifndef SOLVENT_PROJECT_H
#define SOLVENT_PROJECT_H

#include "core/diffusion/denoiser.h"

enum { PROJECT_MAX_ROWS = 256 };

struct project_in {
    const struct denoiser *denoiser; /* borrowed */
    const double *a;                 /* [m][d]; borrowed */
    const double *b;                 /* [m]; borrowed */
    size_t m;                        /* 1 .. PROJECT_MAX_ROWS */
};

/* project_make prepares the denoiser in ctx. Errors: NO_MEMORY, INVALID ("/measurement/matrix": nothing is measured). */
enum status project_make(struct ctx *ctx, const struct project_in *in, const struct denoiser **out) MUST_CHECK;

#endif
