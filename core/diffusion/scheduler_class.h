/* scheduler_class.h - how the classes of scheduler.c are described and made. For scheduler*.c only. */
#ifndef SOLVENT_SCHEDULER_CLASS_H
#define SOLVENT_SCHEDULER_CLASS_H

#include "core/diffusion/scheduler.h"

struct making {
    struct ctx *ctx;
    struct scheduler *s;
    const struct scheduler_config *c;
    size_t n;  /* steps */
    double *t; /* [n + 2]: what the network is told */
    double *k; /* [n + 2]: the levels */
};

/* Which trained steps a class picks, and what of other levels it rounds. */
enum told { TOLD_AS_IS, TOLD_ROUNDED, TOLD_CUT };

struct scheduler_class {
    const char *name;
    const struct solver *const solver;
    enum solver_id plain; /* where solver is NULL */
    uint64_t takes;
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

/* scheduler_make_points allocates the points and, with `targets`, those too. */
enum status scheduler_make_points(struct making *m, bool targets) MUST_CHECK;

#endif
