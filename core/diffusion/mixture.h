/* mixture.h - the exact denoiser of a Gaussian mixture, and of a set of points.
 *
 * Data are sum_c w_c N(m_c, S_c). Then x_t is a mixture too, with parts N(alpha m_c, alpha^2 S_c + sigma^2 I), and
 *     E[x0 | x] = sum_c r_c (m_c + alpha S_c (alpha^2 S_c + sigma^2 I)^-1 (x - alpha m_c)),
 * r_c the posterior of the part (softmax over log w_c + log density, by log-sum-exp). A set of points is the mixture of
 * equal weights and equal S = bandwidth^2 I; with bandwidth 0 it is the optimal denoiser of the set (Karras et al.
 * 2022, app. B.3).
 *
 * Cost a row: about K (2.2 + 0.12 d) ns where S_c = s_c^2 I, K (5 + 1.25 d) with one deviation an axis, K (6 + 1.2 d +
 * 0.5 d^2) with covariances; twice that without AVX2, and from 16 dimensions on twenty times where the CPU fuses no
 * multiplication and addition. With little noise a row is near few parts, and the others cost a sixth (mixture_screen.h).
 * Numbers are added in an order that is the same for all instruction sets: a row's bits depend on nothing but itself.
 * Parts so improbable that all of them together weigh less than 1e-17 of the rest are left out. Preparing costs O(K d),
 * with covariances O(K d^3). */
#ifndef SOLVENT_MIXTURE_H
#define SOLVENT_MIXTURE_H

#include "core/diffusion/denoiser.h"

enum { MIXTURE_MAX_D = 65536, MIXTURE_MAX_COVARIANCE_D = 256 };
#define MIXTURE_MAX_VALUE 1e9 /* of means, points and deviations: their squares over any noise level stay finite */

struct mixture_in {
    size_t k, d;           /* parts, dimensions; >= 1 */
    const double *weights; /* [k] >= 0, some > 0; divided by their sum. NULL: equal */
    const double *means;   /* [k][d] */
    const double *stds;    /* >= 0; [1]: of all, [k]: of each part, [k d]: of each part and axis. NULL: covariances */
    size_t n_stds;
    const double *covariances; /* [k][d][d] symmetric, no eigenvalue below zero (beyond rounding) */
};

/* mixture_make prepares the denoiser in ctx; everything in `in` is copied or borrowed until ctx is released.
 * Errors: INVALID (pointers "/model/weights/3", "/model/means/3/0", "/model/stds", "/model/covariances/2"),
 * NO_MEMORY. */
enum status mixture_make(struct ctx *ctx, const struct mixture_in *in, const struct denoiser **out) MUST_CHECK;

/* points_make: points[n][d], each as likely as the others. Errors: INVALID ("/model/points/3/0", "/model/bandwidth"),
 * NO_MEMORY. */
enum status points_make(struct ctx *ctx, const double *points, size_t n, size_t d, double bandwidth,
                        const struct denoiser **out) MUST_CHECK;

/* The data themselves, for judging samples by: of a denoiser that mixture_make or points_make made. Immutable. */
struct mixture_truth;
enum status mixture_truth_make(struct ctx *ctx, const struct denoiser *denoiser,
                               const struct mixture_truth **out) MUST_CHECK; /* Errors: NO_MEMORY */
size_t mixture_truth_parts(const struct mixture_truth *truth);
const double *mixture_truth_weights(const struct mixture_truth *truth); /* [parts], their sum is 1 */

/* mixture_truth_draw writes samples first .. of data set `set` (sets are independent), out[rows][d]; room[d]. They come
 * from the stream NORMAL_TRUTH of the seed, which no sampler uses. */
void mixture_truth_draw(const struct mixture_truth *truth, uint64_t seed, uint32_t set, size_t first, size_t rows,
                        double *out, double *room);

/* mixture_truth_posterior writes how likely it is that x[d] came from each part, out[parts]; room[2 d]. Its mean over
 * the data is the weights. Where parts have no width they are taken to have a thousandth of the spread of the means. */
void mixture_truth_posterior(const struct mixture_truth *truth, const double *x, double *out, double *room);

/* mixture_cost predicts the nanoseconds that one row takes. */
enum mixture_shape { MIXTURE_ROUND, MIXTURE_AXES, MIXTURE_FULL }; /* one deviation a part; one an axis; covariances */
double mixture_cost(size_t k, size_t d, enum mixture_shape shape);

#endif
