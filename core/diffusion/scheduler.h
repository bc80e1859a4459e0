/* scheduler.h - the schedulers of diffusers: a scheduler_config.json as a path, the points that its steps visit, and a
 * solver, so that the plan's steps are those of the Python class.
 *
 * A point carries four numbers that a class may let disagree: the t that the network is told (rounded, or of another
 * table) and the k, alpha, sigma that the step computes with.
 * Source: the behaviour of diffusers 0.42 (Apache-2.0), class by class. Where it is known to be broken it is not
 * followed: FlowMatch* shift their levels once, not twice; fixed_large_log is the logarithm's exponential; trailing
 * spacing never makes a step too many. Arithmetic is double (diffusers': single), tables are rounded to single as theirs.
 * Adding a class: its line in CLASSES of scheduler_classes.c. Threads: a made scheduler is immutable. */
#ifndef SOLVENT_SCHEDULER_H
#define SOLVENT_SCHEDULER_H

#include "core/diffusion/prediction.h"
#include "core/diffusion/scheduler_config.h"
#include "core/diffusion/solver.h"

struct scheduler_class;

struct scheduler {
    const struct scheduler_class *class;
    struct scheduler_config config; /* resolved: the class's defaults where nothing was given */
    struct path path;
    struct path_point *points;  /* [steps + 1] */
    struct path_point *targets; /* [steps]: where a step leads to, when that is not the next point; or NULL */
    size_t steps;
    const struct solver *solver;
    struct solver_options options; /* options.scheduler is this one */
    double start_sigma;            /* the standard deviation of the first state */
    struct path_point final;       /* tables: the level below trained step 0 */
    struct plan_clip clip;
    bool inverse; /* from data to noise: there is no noise to start from */
    enum prediction_id prediction;
};

/* scheduler_class_find gives the class of a name, NULL if there is none; scheduler_class_name is number i of the names, or
 * NULL. */
const struct scheduler_class *scheduler_class_find(const char *name);
const char *scheduler_class_name(size_t i);

/* What a class takes (mask of KEY) and its defaults. */
uint64_t scheduler_takes(const struct scheduler_class *class);
const struct scheduler_config *scheduler_defaults(const struct scheduler_class *class);

/* What a pipeline would pass beside the config: to set_timesteps, and to every step. */
struct scheduler_run {
    size_t steps;                         /* 0: 32 or as many as the class allows, or as a list makes */
    struct config_list times, sigmas;     /* the class's timesteps or sigmas, of n > 0 at most one; borrowed */
    const struct solver_options *options; /* those of options->given; NULL: none */
};

/* scheduler_make prepares the steps of a run (NULL: as usual). `given` holds what a request gave, all of it in range. out
 * must stay where it is. Errors: INVALID (pointers below "/scheduler_config" and "/sampler"), NO_MEMORY. */
enum status scheduler_make(struct ctx *ctx, const struct scheduler_class *class, const struct scheduler_config *given,
                           const struct scheduler_run *run, struct scheduler *out) MUST_CHECK;

/* scheduler_fail is ctx_fail at a key of the config. */
enum status scheduler_fail(struct ctx *ctx, const char *key, const char *sentence) MUST_CHECK;

/* scheduler_network says how a network of the class's prediction_type becomes D at a point (prediction.h). */
struct prediction scheduler_network(const struct scheduler *s, const struct path_point *at);

/* For solvers: the order of a step near the end of a run, at most `order`; the level of trained step t, below 0: final. */
size_t scheduler_order(const struct plan_build *b, size_t order);
struct path_point scheduler_level(const struct scheduler *s, double t);

/* The steps that no other solver takes (scheduler_steps.c, scheduler_dpm.c). */
extern const struct solver scheduler_ddpm, scheduler_ddim, scheduler_ddim_inverse, scheduler_pndm, scheduler_ipndm,
    scheduler_euler_churn, scheduler_cm, scheduler_ve, scheduler_vp, scheduler_dpm_multi, scheduler_dpm_single;

#endif
