/* scheduler_class.h - how the classes of scheduler_classes.c are described and made. For scheduler*.c only. */
#ifndef SOLVENT_SCHEDULER_CLASS_H
#define SOLVENT_SCHEDULER_CLASS_H

#include "core/diffusion/scheduler.h"

struct making {
    struct ctx *ctx;
    struct scheduler *s;
    const struct scheduler_config *c;
    const struct scheduler_run *run;
    size_t n;     /* steps */
    size_t asked; /* the steps that were asked for, of which lambda_min_clipped may leave fewer */
    double *t;    /* [n + 2]: what the network is told */
    double *k;    /* [n + 2]: the levels */
};

/* Which lists of a run a class takes. */
enum { LISTS_TIMES = 1, LISTS_SIGMAS = 2 };

/* What of other levels than trained ones a class rounds. */
enum told { TOLD_AS_IS, TOLD_ROUNDED, TOLD_CUT };

struct scheduler_class {
    const char *name;
    const struct solver *const solver;
    enum solver_id plain; /* where solver is NULL */
    uint64_t takes;
    uint64_t runs;                   /* mask of the options (OPT) that a run may have */
    unsigned lists;                  /* LISTS_... */
    unsigned schedules, predictions; /* masks by config_schedule, config_prediction */
    bool floors_snr;                 /* abar of a zero-SNR table ends at 2^-24 instead of 0 */
    bool whole_karras;               /* in k: times of karras levels are rounded */
    struct scheduler_config defaults;
    enum status (*check)(struct making *m); /* or NULL */
    enum status (*points)(struct making *m);
    size_t (*most)(const struct scheduler_config *c); /* the most steps; NULL: the trained ones */
};

/* The points of a class: m->s gets points, steps, start_sigma and, where needed, targets (scheduler_points.c). */
enum status scheduler_points_k(struct making *m);           /* classes that hold y = x / alpha */
enum status scheduler_points_lambda(struct making *m);      /* DPM and its kin */
enum status scheduler_points_inverse_dpm(struct making *m); /* the same, upwards */
enum status scheduler_points_table(struct making *m);       /* DDPM */
enum status scheduler_points_ddim(struct making *m);
enum status scheduler_points_pndm(struct making *m);
enum status scheduler_points_inverse_ddim(struct making *m);
enum status scheduler_points_lcm(struct making *m);
enum status scheduler_points_tcd(struct making *m);
enum status scheduler_points_edm(struct making *m); /* (scheduler_points_other.c) */
enum status scheduler_points_cm(struct making *m);
enum status scheduler_points_flow(struct making *m);
enum status scheduler_points_ipndm(struct making *m);
enum status scheduler_points_ve(struct making *m);
enum status scheduler_points_vp(struct making *m);

/* A run's list, and its options (scheduler_run.c). scheduler_run_check says which of them the class does not take;
 * scheduler_run_times fills m->t[n], falling, in 0 .. T - 1, where `whole` only trained steps; scheduler_run_sigmas
 * m->k[n + rest], falling, in 0 .. most, all but the last above 0; scheduler_run_wrong is what they say of number i.
 * scheduler_run_options sets s->options, from its
 * defaults. */
enum status scheduler_run_check(struct making *m) MUST_CHECK;
enum status scheduler_run_times(struct making *m, bool whole) MUST_CHECK;
enum status scheduler_run_sigmas(struct making *m, double most) MUST_CHECK;
enum status scheduler_run_wrong(struct making *m, const char *name, size_t i, double x, const char *want) MUST_CHECK;
enum status scheduler_run_options(struct making *m) MUST_CHECK;

/* scheduler_regrids: the levels are other than the trained steps'. */
static inline bool scheduler_regrids(const struct scheduler_config *c) {
    return c->use_karras_sigmas || c->use_exponential_sigmas || c->use_beta_sigmas || c->use_lu_lambdas;
}

/* scheduler_continuous: networks are told ln(k) / 4. */
static inline bool scheduler_continuous(const struct scheduler_config *c) {
    return c->timestep_type == TIMESTEP_CONTINUOUS && c->prediction_type == PREDICTS_V;
}

/* scheduler_holds_last: of the levels evenly in ln k the last is where the last step leads. */
static inline bool scheduler_holds_last(const struct scheduler_config *c) {
    return c->interpolation_type == INTERPOLATION_LOG_LINEAR && !scheduler_regrids(c) && !scheduler_continuous(c);
}

/* scheduler_make_points allocates the points and, with `targets`, those too. */
enum status scheduler_make_points(struct making *m, bool targets) MUST_CHECK;

#endif
