/* quad.h - IEEE binary128, 113 bits and exponents to 16383: differences and products of doubles fit, mostly exactly,
 * and never over- or underflow. In software on most machines (20 to 60 ns an operation) and the same bits on all.
 * Source: Muller et al., "Handbook of Floating-Point Arithmetic"; sine, cosine and arc tangent are Taylor series after
 * reduction. Threads: reentrant. */
#ifndef SOLVENT_QUAD_H
#define SOLVENT_QUAD_H

#if defined(__x86_64__)
typedef __float128 quad;
#else
typedef long double quad; /* binary128 on aarch64 */
#endif

/* quad_sqrt is the root of x >= 0, to about 2^-105. */
quad quad_sqrt(quad x);

/* quad_atan2 is the angle of (x, y) in (-pi, pi]; 0 for the origin. About 2^-105 relative, as are the others. */
quad quad_atan2(quad y, quad x);

/* quad_sin_cos: of an angle of at most 2^30. */
void quad_sin_cos(quad angle, quad *sine, quad *cosine);

extern const quad quad_pi;

static inline quad quad_abs(quad x) { return x < 0 ? -x : x; }

#endif
