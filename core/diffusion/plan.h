/* plan.h - a sampler written out as arithmetic on whole samples.
 *
 * A solver with fixed steps compiles to a list of operations on vectors of d numbers: network calls, and sums of
 * earlier vectors and drawn noise whose coefficients are known before the first call. sampler_run (sampler.h) executes
 * the list; POST /v1/schedule shows it, so that whoever runs a network of their own can follow the same solver.
 *
 * Vector 0 is the first state; operation i makes vector i + 1, once, from vectors below it.
 *
 *     CALL      D[in] = E[x0 | x_at = vector `in`]
 *     SPREAD    what the network said of the variance, beside its prediction, in the call just before (denoiser.h)
 *     MIX       sum over terms of by * vector `of`, + noise * z(draw); with a spread s, noise is there for each number
 *               exp((low + (high - low) (1 + s) / 2) / 2), between two logarithms of variances (Nichol, Dhariwal 2021,
 *               eq. 15), or sqrt(s) where s is the variance itself
 *     LANGEVIN  x + delta score + sqrt(2 delta) z, score = (alpha D - x) / sigma^2, delta = 2 a (snr |z| / |score|)^2,
 *               the norms those of this one sample. Song et al. 2021, alg. 4 and 5
 *     KNOWN     m (alpha known + sigma z) + (1 - m) x: what is known, at this noise level, over what is not
 *     CLIP      vector `in` in the range of the data, sample by sample (clip.h)
 *
 * plan_build.h makes plans. A finished plan is immutable and holds no pointer outside its ctx. */
#ifndef SOLVENT_PLAN_H
#define SOLVENT_PLAN_H

#include "core/base/normal.h"
#include "core/diffusion/path.h"

enum plan_kind { PLAN_CALL, PLAN_MIX, PLAN_LANGEVIN, PLAN_KNOWN, PLAN_CLIP, PLAN_SPREAD };

/* A variance that a network says: the vector of SPREAD, 0: none; and the range it lies in, where `ranged`. */
struct plan_variance {
    size_t spread;
    bool ranged;
    double low, high;
};

/* To -range .. range; or by a quantile (clip.h). Both 0: not at all. */
struct plan_clip {
    double range, quantile, most;
};

enum { PLAN_MAX_TERMS = 32 }; /* vectors in one MIX */

struct plan_term {
    size_t of; /* a vector */
    double by;
};

/* One standard normal vector. A bridge is (W(to) - W(from)) / sqrt(|to - from|) of one Brownian path over 0 .. 1, so
 * that finer steps follow the same path; else from and to are 0 and the draw is independent of all others. */
struct plan_draw {
    double from, to;
};

struct plan_op {
    enum plan_kind kind;
    struct path_point at;          /* CALL, LANGEVIN, KNOWN: the noise level; at.t is what the network is told */
    size_t in;                     /* CALL, LANGEVIN, KNOWN: the state they read; CLIP: what it clips */
    size_t D;                      /* LANGEVIN: the vector of D at `in` */
    bool unguided;                 /* CALL: without guidance (denoiser.h) */
    bool spreads;                  /* CALL: SPREAD comes next */
    const struct plan_term *terms; /* MIX: [n_terms], each vector once, in the order in which they are summed */
    size_t n_terms;
    double noise;                  /* MIX: the coefficient of z; 0: there is none; not 0 with a variance */
    struct plan_variance variance; /* MIX */
    size_t draw;                   /* which noise; of MIX with noise, LANGEVIN, KNOWN */
    double snr, a;                 /* LANGEVIN */
    struct plan_clip clip;
    size_t slot; /* where the executor keeps the result */
};

struct plan_step {
    struct path_point from, to;
    size_t first, end; /* its operations: first .. end - 1; the steps follow each other without gaps */
    size_t state;      /* the vector that holds x at `to` */
    size_t D;          /* the vector of its first call; 0: it makes none */
};

struct plan {
    double start_alpha, start_sigma; /* vector 0 is start_alpha * (given data, or 0) + start_sigma * latent */
    size_t n_ops, n_steps, n_draws, n_calls, n_slots;
    bool bridges;  /* some draw is a bridge */
    bool spreads;  /* it needs a denoiser with eval_spread */
    size_t result; /* the vector of the samples */
    const struct plan_op *ops;
    const struct plan_step *steps;
    const struct plan_draw *draws;
};

/* plan_slot is where the executor keeps a vector; vector 0 lies in slot 0. */
static inline size_t plan_slot(const struct plan *plan, size_t vector) {
    return vector ? plan->ops[vector - 1].slot : 0;
}

#endif
