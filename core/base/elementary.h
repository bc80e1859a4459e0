/* elementary.h - exp, log and their kin with the same bits on every machine.
 * The C library's differ between CPUs (it picks FMA variants at run time) and between versions; these use only + - * /
 * sqrt and integer operations on the bits, in one fixed order, so that a sample has the same bytes everywhere.
 *
 * Source:   Muller, "Elementary Functions" (3rd ed.), ch. 11: Cody-Waite reduction; Taylor polynomials on the reduced
 *           range, so that every coefficient is a plain fraction. Dekker 1971 for the exact products in pow.
 * Accuracy: below 1 ulp for exp, log, sinpi, cospi (results in the normal range), below 2 for the rest; subnormal
 *           results of exp are rounded twice. Against libm: tests/core/base/test_elementary.c.
 * Cost:     5 to 15 ns a number, the *_n forms 2 to 5 ns. Rounding to nearest is assumed. NaN gives NaN. */
#ifndef SOLVENT_ELEMENTARY_H
#define SOLVENT_ELEMENTARY_H

#include <stddef.h>

double elementary_exp(double x);    /* +inf above 709.78, 0 below -745.14 */
double elementary_expm1(double x);  /* exp(x) - 1 */
double elementary_log(double x);    /* -inf of 0, NaN below; subnormals too */
double elementary_log1p(double x);  /* log(1 + x) */
double elementary_sinpi(double x);  /* sin(pi x), exact zeros at integers; |x| <= 2^50 */
double elementary_cospi(double x);  /* cos(pi x); |x| <= 2^50 */
double elementary_atanpi(double x); /* atan(x) / pi, x >= 0, 1/2 at infinity; below 4 ulp */

/* elementary_pow is x^y for x >= 0, finite, and finite y; 0^0 is 1. Below 2 ulp while |y log x| < 100, some more up to
 * the ends. */
double elementary_pow(double x, double y);

/* The same for n numbers in place, bit for bit what the scalar forms give. log_n wants normal, positive, finite
 * numbers. */
void elementary_exp_n(double *x, size_t n);
void elementary_log_n(double *x, size_t n);

#endif
