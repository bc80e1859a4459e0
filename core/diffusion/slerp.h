/* slerp.h - the way between two latents along the sphere, so that what lies between is as long as a latent should be.
 * Source: Shoemake 1985, sec. 3.3, over all d numbers; where the angle is below 1e-4 (or next to pi, where no way is
 * the shortest) the straight line. */
#ifndef SOLVENT_SLERP_H
#define SOLVENT_SLERP_H

#include <stddef.h>

/* slerp_rows writes out[n][d]: row i is the share i / (n - 1) of the way from a[d] to b[d]; n >= 2. */
void slerp_rows(size_t d, const double *a, const double *b, size_t n, double *out);

#endif
