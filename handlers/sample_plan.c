#include "handlers/sample_plan.h"

#include <math.h>

/* walk_with_jumps takes every stretch of `length` steps `repeats` times, going back between. */
static void walk_with_jumps(struct plan_build *b, const struct sampler_setup *s, size_t first, size_t length,
                            size_t repeats) {
    for (size_t i = first; i < s->steps; i += length) {
        size_t end = s->steps - i < length ? s->steps : i + length;
        plan_walk(b, s->solver, s->points, s->steps, i, end);
        for (size_t r = 1; r < repeats; r++) {
            plan_jump(b, &s->points[end], &s->points[i]);
            plan_walk(b, s->solver, s->points, s->steps, i, end);
        }
    }
}

enum status sample_plan_make(struct ctx *ctx, const struct sample_params *p, const struct sampler_setup *s,
                             struct plan *plan) {
    const bool inverse = s->scheduler.made && s->scheduler.made->inverse;
    const double given = p->has_strength ? p->strength : 0.8, *strength = p->init.kind && !inverse ? &given : NULL;
    size_t length = p->repaint.has_length ? (size_t)p->repaint.length : 10;
    struct plan_build b;
    sampler_start(&b, ctx, s, strength);
    b.known = p->mask.kind;
    walk_with_jumps(&b, s, sampler_first(s, strength), sample_repeats(p) > 1 ? length : s->steps,
                    (size_t)sample_repeats(p));
    return plan_end(&b, plan);
}

enum status sample_plan_inversion(struct ctx *ctx, const struct sampler_setup *s, struct plan *plan) {
    struct path_point *up = ctx_alloc(ctx, s->steps, sizeof *up);
    if (!up)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < s->steps; i++)
        up[i] = s->points[s->steps - 1 - i];
    struct plan_build b;
    plan_begin(&b, ctx, &s->path, &s->options, up[0].alpha, 0);
    const size_t last = s->steps - 1, by_solver = last > 0 && isinf(up[last].k) ? last - 1 : last;
    plan_walk(&b, s->solver, up, last, 0, by_solver);
    plan_walk(&b, solver_find(SOLVER_EULER), up, last, by_solver, last);
    return plan_end(&b, plan);
}
