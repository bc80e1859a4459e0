/* predicates.h - the two signs that plane geometry stands on, exact for all finite doubles.
 *
 * Points:  double[2], x and y. Any finite value, from the least subnormal to DBL_MAX; nothing over- or underflows.
 *          Not finite: the sign means nothing.
 * Method:  a filter in plain doubles with the forward error bounds of Shewchuk, "Adaptive Precision Floating-Point
 *          Arithmetic and Fast Robust Geometric Predicates", Discrete & Computational Geometry 18, 1997, section 4;
 *          where it cannot tell, error-free differences and products; where these have tails, the whole determinant in
 *          fixed point, as many bits as the exponents of the coordinates span. Differs from the paper there: the last
 *          stage is one sum of integers instead of expansions, so that no range is left out.
 * Cost:    a few ns where the filter tells; about 0.1 us (orient2d), 1 us (incircle) where it does not, more only where
 *          the coordinates span hundreds of binary orders.
 * Threads: reentrant. The same sign on every machine. */
#ifndef SOLVENT_PREDICATES_H
#define SOLVENT_PREDICATES_H

#include <stddef.h>

/* products_sign is the sign of pairs[0][0] * pairs[0][1] + pairs[1][0] * pairs[1][1] + ... for n <= PRODUCTS_MAX pairs
 * of finite doubles. No filter: the sum in fixed point, about 10 ns a product. */
enum { PRODUCTS_MAX = 16 };
int products_sign(const double (*pairs)[2], size_t n);

/* orient2d is 1 where a, b, c turn to the left (counter-clockwise), -1 where they turn to the right, 0 where they lie
 * on one line (two of them equal is such a line). */
int orient2d(const double a[2], const double b[2], const double c[2]);

/* incircle is 1 where d lies inside of the circle through a, b, c, -1 where outside, 0 where on it, for a, b, c
 * counter-clockwise; the opposite sign for clockwise. For a, b, c on one line, which is a circle of infinite radius, it
 * tells the side of that line on which d lies, by the order of a, b, c along it; 0 where two of them are equal, or d
 * lies on the line. */
int incircle(const double a[2], const double b[2], const double c[2], const double d[2]);

#endif
