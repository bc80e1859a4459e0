/* plan_build.h - how solvers write plans.
 *
 *     struct plan_build b;
 *     plan_begin(&b, ctx, path, options);
 *     plan_walk(&b, solver, points, steps, 0, steps);
 *     status = plan_end(&b, &plan);
 *
 * A solver's step() reads b->from, b->to, b->x (the vector of the state at `from`) and b->past, adds operations and
 * sets b->x to the state at `to`. Sums are written with struct linear: a weighted sum of vectors, equal vectors merged.
 * Where memory runs out, operations are dropped and plan_end says so: solvers check nothing. */
#ifndef SOLVENT_PLAN_BUILD_H
#define SOLVENT_PLAN_BUILD_H

#include <math.h>

#include "core/diffusion/plan.h"

struct linear {
    size_t n;
    struct plan_term terms[PLAN_MAX_TERMS];
    bool overflow; /* a solver asked for more terms: its plan ends in INTERNAL */
};

/* linear_add adds by * vector; linear_plus adds by * other; linear_of is one vector alone. A coefficient 0 is no
 * term, so that a coefficient may be left out by being 0. */
void linear_add(struct linear *sum, double by, size_t vector);
void linear_plus(struct linear *sum, double by, const struct linear *other);
struct linear linear_of(double by, size_t vector);

/* What an earlier step's first call saw. */
struct plan_past {
    struct path_point at;
    size_t x, D;  /* vectors */
    size_t state; /* x, or what a corrector made of it */
};

struct solver_options;
struct solver;

struct plan_build {
    struct ctx *ctx;
    const struct path *path;
    const struct solver_options *options;
    size_t index, n_steps;          /* which step of how many (for rules about the last steps) */
    const struct path_point *ahead; /* the points after `to`, for rules that look ahead: [n_steps - index - 1] */
    struct path_point from, to;
    size_t x;                         /* the state */
    bool known;                       /* set by the caller: every step ends with a KNOWN */
    struct plan_clip clip;            /* set by the caller: every D is clipped */
    const struct path_point *targets; /* set by the caller, [n_steps]: where steps lead to; NULL: to the next point */
    struct plan_past *past;           /* [n_past], the newest last; emptied by plan_forget */
    size_t n_past;
    /* Private. */
    struct plan_past spare;
    struct plan plan;
    struct plan_op *ops;
    struct plan_step *steps;
    struct plan_draw *draws;
    size_t size_ops, size_steps, size_draws, size_past;
    enum status status;
};

/* plan_begin starts a plan whose first state is alpha * data + sigma * latent. */
void plan_begin(struct plan_build *b, struct ctx *ctx, const struct path *path, const struct solver_options *options,
                double start_alpha, double start_sigma);

/* plan_walk lets a solver take the steps from points[first] to points[end], of points[0 .. n_steps]. It may follow on
 * another walk. */
void plan_walk(struct plan_build *b, const struct solver *solver, const struct path_point *points, size_t n_steps,
               size_t first, size_t end);

/* plan_jump adds a step that only raises the noise from one level to a higher one, and forgets. */
void plan_jump(struct plan_build *b, const struct path_point *from, const struct path_point *to);

/* plan_forget empties the history: the state has been moved, and what earlier calls saw no longer lies on its way. */
void plan_forget(struct plan_build *b);

/* plan_end gives the finished plan, which lives in ctx. Errors: NO_MEMORY, INTERNAL. */
enum status plan_end(struct plan_build *b, struct plan *out) MUST_CHECK;

/* plan_make is all of it for a plain sampler: from the path's prior at points[0] through points[steps]. */
enum status plan_make(struct ctx *ctx, const struct path *path, const struct path_point *points, size_t steps,
                      const struct solver *solver, const struct solver_options *options, struct plan *out) MUST_CHECK;

/* What a step is made of. Each returns the vector it makes. plan_call clips where b->clip says so. */
size_t plan_call(struct plan_build *b, size_t x, const struct path_point *at);
/* plan_call_spread is plan_call that keeps the network's spread, too, as another vector, for plan_mix_variance. */
size_t plan_call_spread(struct plan_build *b, size_t x, const struct path_point *at, size_t *spread);
size_t plan_call_unguided(struct plan_build *b, size_t x, const struct path_point *at);
size_t plan_call_raw(struct plan_build *b, size_t x, const struct path_point *at);
size_t plan_clip(struct plan_build *b, size_t vector); /* by b->clip; the vector itself where that says nothing */
size_t plan_mix(struct plan_build *b, const struct linear *sum);
size_t plan_mix_noise(struct plan_build *b, const struct linear *sum, double noise);
/* plan_mix_variance adds noise of a variance that a network said. */
size_t plan_mix_variance(struct plan_build *b, const struct linear *sum, const struct plan_variance *variance);
/* plan_mix_bridge adds noise that belongs to the way from `from` to `to`, two numbers in 0 .. 1 (struct plan_draw). */
size_t plan_mix_bridge(struct plan_build *b, const struct linear *sum, double noise, double from, double to);
size_t plan_langevin(struct plan_build *b, size_t x, size_t D, const struct path_point *at, double snr, double a);
size_t plan_known(struct plan_build *b, size_t x, const struct path_point *at);

/* plan_raise makes the state at a higher noise level: x' = (alpha'/alpha) x + noise. `noise` scales what is added; 1
 * keeps the marginal distribution. */
size_t plan_raise(struct plan_build *b, size_t x, const struct path_point *from, const struct path_point *to,
                  double noise);

/* plan_denoise is the first call of a step: D of the state at `from`. It enters the history, whose newest entry is
 * this one from then on. */
size_t plan_denoise(struct plan_build *b);
/* plan_remember is the entry alone, for a D that was made by other means. */
void plan_remember(struct plan_build *b, size_t D);

/* plan_skip counts a draw that no operation uses, for those who draw in a given order. */
void plan_skip(struct plan_build *b);

/* plan_earlier is what the first call of the i-th step back saw; 0: this step's, once plan_denoise has asked. i < n_past. */
static inline const struct plan_past *plan_earlier(const struct plan_build *b, size_t i) {
    return &b->past[b->n_past - 1 - i];
}

/* plan_finite_calls counts the calls from plan_earlier(b, base) back that saw finite k, up to `most`. */
static inline size_t plan_finite_calls(const struct plan_build *b, size_t base, size_t most) {
    size_t n = 0;
    while (n < most && base + n < b->n_past && plan_earlier(b, base + n)->at.alpha > 0)
        n++;
    return n;
}

/* plan_shares gives the share of fresh noise in a step of first order and returns that of the old: u = min(1, eta sqrt(1 -
 * q^2)), v = sqrt(1 - u^2), q = k'/k. v^2 is summed from its parts, since 1 - (1 - q^2) would lose a small q. Upwards (an
 * inversion, q >= 1) nothing is fresh. */
static inline double plan_shares(double q, double eta, double *u) {
    *u = 0;
    if (!(q < 1))
        return 1;
    double fresh = eta * sqrt((1 - q) * (1 + q)), v2 = (1 - eta) * (1 + eta) + eta * eta * q * q;
    *u = fresh < 1 ? fresh : 1;
    return v2 > 0 ? sqrt(v2) : 0;
}

/* plan_down is the level that an ancestral step to k_next goes to before it adds noise of the deviation *up: k_down^2 +
 * up^2 = k_next^2, shared as plan_shares says. q is the ratio k_next / k. */
static inline double plan_down(double k_next, double q, double eta, double *up) {
    double fresh, old = plan_shares(q, eta, &fresh);
    *up = k_next * fresh;
    return k_next * old;
}

/* plan_eps adds by * eps = by * (x - alpha D) / sigma. */
void plan_eps(struct linear *sum, double by, const struct path_point *at, size_t x, size_t D);

/* plan_ratio is k'/k, also from infinite k. */
double plan_ratio(const struct path_point *from, const struct path_point *to);

/* plan_first_order is x' = alpha' D + sigma' v eps + noise z from x and D at `from`: the step of first order of every
 * path. Returns the vector of x'. */
size_t plan_first_order(struct plan_build *b, const struct path_point *from, size_t x, size_t D,
                        const struct path_point *to, double v, double noise);

/* The differential equation in the variable in which steps of higher order are taken. In k (all paths but those whose
 * family says velocity): state y = x / alpha, slope (y - D) / k. In t: state x, slope dx/dt = alpha_dot D + sigma_dot
 * eps, which stays finite where k does not. */
struct plan_frame {
    double s;     /* k or t */
    double scale; /* x = scale * state */
};
struct plan_frame plan_frame(const struct plan_build *b, const struct path_point *at);
/* plan_slope adds by * slope at a point, from x and D there. */
void plan_slope(const struct plan_build *b, struct linear *sum, double by, const struct path_point *at, size_t x,
                size_t D);

#endif
