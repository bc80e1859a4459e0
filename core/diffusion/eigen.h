/* eigen.h - the eigenvalues and eigenvectors of a symmetric matrix.
 * Source: Golub, Van Loan, "Matrix Computations" (4th ed.), sec. 8.5: cyclic Jacobi. Only + - * / sqrt in a fixed
 * order. Cost: O(d^3) a sweep, mostly 5 to 10 sweeps. */
#ifndef SOLVENT_EIGEN_H
#define SOLVENT_EIGEN_H

#include <stdbool.h>
#include <stddef.h>

/* eigen_symmetric overwrites a[d][d] (symmetric, finite, entries below 1e100): a's diagonal becomes the eigenvalues,
 * and column i of q[d][d] the unit eigenvector of a[i][i]. False where 60 sweeps were not enough (not seen). */
bool eigen_symmetric(size_t d, double *a, double *q);

#endif
