#include "core/diffusion/plan_build.h"

#include <math.h>
#include <string.h>

#include "core/diffusion/solver.h"

void linear_add(struct linear *sum, double by, size_t vector) {
    if (by == 0)
        return;
    for (size_t i = 0; i < sum->n; i++)
        if (sum->terms[i].of == vector) {
            sum->terms[i].by += by;
            return;
        }
    if (sum->n == PLAN_MAX_TERMS)
        sum->overflow = true;
    else
        sum->terms[sum->n++] = (struct plan_term){vector, by};
}

void linear_plus(struct linear *sum, double by, const struct linear *other) {
    for (size_t i = 0; i < other->n; i++)
        linear_add(sum, by * other->terms[i].by, other->terms[i].of);
    sum->overflow |= other->overflow;
}

struct linear linear_of(double by, size_t vector) {
    struct linear sum = {0};
    linear_add(&sum, by, vector);
    return sum;
}

void plan_begin(struct plan_build *b, struct ctx *ctx, const struct path *path, const struct solver_options *options,
                double start_alpha, double start_sigma) {
    *b = (struct plan_build){.ctx = ctx, .path = path, .options = options};
    b->plan.start_alpha = start_alpha;
    b->plan.start_sigma = start_sigma;
}

/* grow doubles an array in the arena; NULL (and a status) where it cannot. */
static void *grow(struct plan_build *b, void *old, size_t n, size_t *size, size_t bytes) {
    if (n < *size)
        return old;
    size_t larger = *size ? 2 * *size : 64;
    void *to = b->status == STATUS_OK ? ctx_alloc(b->ctx, larger, bytes) : NULL;
    if (!to) {
        b->status = b->status == STATUS_OK ? STATUS_NO_MEMORY : b->status;
        return NULL;
    }
    if (n)
        memcpy(to, old, n * bytes);
    *size = larger;
    return to;
}

static size_t add_op(struct plan_build *b, const struct plan_op *op) {
    struct plan_op *ops = grow(b, b->ops, b->plan.n_ops, &b->size_ops, sizeof *ops);
    if (!ops)
        return 0;
    b->ops = ops;
    b->ops[b->plan.n_ops++] = *op;
    return b->plan.n_ops;
}

static size_t add_draw(struct plan_build *b, double from, double to) {
    struct plan_draw *draws = grow(b, b->draws, b->plan.n_draws, &b->size_draws, sizeof *draws);
    if (!draws)
        return 0;
    b->draws = draws;
    b->draws[b->plan.n_draws] = (struct plan_draw){from, to};
    b->plan.bridges |= from != to;
    return b->plan.n_draws++;
}

static size_t call(struct plan_build *b, size_t x, const struct path_point *at, bool unguided) {
    b->plan.n_calls++;
    return add_op(b, &(struct plan_op){.kind = PLAN_CALL, .at = *at, .in = x, .unguided = unguided});
}

size_t plan_clip(struct plan_build *b, size_t vector) {
    if (b->clip.range == 0 && b->clip.quantile == 0)
        return vector;
    return add_op(b, &(struct plan_op){.kind = PLAN_CLIP, .in = vector, .clip = b->clip});
}

size_t plan_call_raw(struct plan_build *b, size_t x, const struct path_point *at) { return call(b, x, at, false); }

size_t plan_call(struct plan_build *b, size_t x, const struct path_point *at) {
    return plan_clip(b, call(b, x, at, false));
}

size_t plan_call_spread(struct plan_build *b, size_t x, const struct path_point *at, size_t *spread) {
    size_t D = call(b, x, at, false);
    if (D)
        b->ops[D - 1].spreads = b->plan.spreads = true;
    *spread = add_op(b, &(struct plan_op){.kind = PLAN_SPREAD, .in = D});
    return plan_clip(b, D);
}

size_t plan_call_unguided(struct plan_build *b, size_t x, const struct path_point *at) {
    return plan_clip(b, call(b, x, at, true));
}

void plan_skip(struct plan_build *b) { (void)add_draw(b, 0, 0); }

size_t plan_mix_bridge(struct plan_build *b, const struct linear *sum, double noise, double from, double to) {
    struct plan_op op = {.kind = PLAN_MIX, .n_terms = sum->n, .noise = noise};
    if (sum->overflow)
        b->status = ctx_fail(b->ctx, STATUS_INTERNAL, "", "A step of this solver has more terms than a plan can hold.");
    struct plan_term *terms = b->status == STATUS_OK ? ctx_alloc(b->ctx, sum->n, sizeof *terms) : NULL;
    if (!terms) {
        b->status = b->status == STATUS_OK ? STATUS_NO_MEMORY : b->status;
        return 0;
    }
    memcpy(terms, sum->terms, sum->n * sizeof *terms);
    op.terms = terms;
    if (noise != 0)
        op.draw = add_draw(b, from, to);
    return add_op(b, &op);
}

size_t plan_mix_variance(struct plan_build *b, const struct linear *sum, const struct plan_variance *variance) {
    size_t made = plan_mix_bridge(b, sum, 1, 0, 0);
    if (made)
        b->ops[made - 1].variance = *variance;
    return made;
}

size_t plan_mix_noise(struct plan_build *b, const struct linear *sum, double noise) {
    return plan_mix_bridge(b, sum, noise, 0, 0);
}

size_t plan_mix(struct plan_build *b, const struct linear *sum) { return plan_mix_bridge(b, sum, 0, 0, 0); }

size_t plan_langevin(struct plan_build *b, size_t x, size_t D, const struct path_point *at, double snr, double a) {
    struct plan_op op = {.kind = PLAN_LANGEVIN, .at = *at, .in = x, .D = D, .snr = snr, .a = a};
    op.draw = add_draw(b, 0, 0);
    return add_op(b, &op);
}

size_t plan_known(struct plan_build *b, size_t x, const struct path_point *at) {
    struct plan_op op = {.kind = PLAN_KNOWN, .at = *at, .in = x};
    op.draw = add_draw(b, 0, 0);
    return add_op(b, &op);
}

/* Solvers look at the newest entry unasked: where memory has run out, a spare one stands in until their step ends. */
void plan_remember(struct plan_build *b, size_t D) {
    struct plan_past *past = grow(b, b->past, b->n_past, &b->size_past, sizeof *past);
    b->past = past ? past : &b->spare;
    b->n_past = past ? b->n_past : 0;
    b->past[b->n_past++] = (struct plan_past){b->from, b->x, D, b->x};
}

size_t plan_denoise(struct plan_build *b) {
    size_t D = plan_call(b, b->x, &b->from);
    plan_remember(b, D);
    return D;
}

void plan_forget(struct plan_build *b) { b->n_past = 0; }

void plan_eps(struct linear *sum, double by, const struct path_point *at, size_t x, size_t D) {
    linear_add(sum, -by * at->alpha / at->sigma, D);
    linear_add(sum, by / at->sigma, x);
}

double plan_ratio(const struct path_point *from, const struct path_point *to) {
    return to->sigma * from->alpha / (to->alpha * from->sigma);
}

size_t plan_first_order(struct plan_build *b, const struct path_point *from, size_t x, size_t D,
                        const struct path_point *to, double v, double noise) {
    struct linear sum = linear_of(to->alpha, D);
    plan_eps(&sum, to->sigma * v, from, x, D);
    return plan_mix_noise(b, &sum, noise);
}

struct plan_frame plan_frame(const struct plan_build *b, const struct path_point *at) {
    return b->path->family->velocity ? (struct plan_frame){at->t, 1} : (struct plan_frame){at->k, at->alpha};
}

void plan_slope(const struct plan_build *b, struct linear *sum, double by, const struct path_point *at, size_t x,
                size_t D) {
    if (!b->path->family->velocity) {
        plan_eps(sum, by, at, x, D);
        return;
    }
    struct path_rates rates = path_rates(b->path, at);
    linear_add(sum, by * rates.alpha, D);
    plan_eps(sum, by * rates.sigma, at, x, D);
}

size_t plan_raise(struct plan_build *b, size_t x, const struct path_point *from, const struct path_point *to,
                  double noise) {
    double kept = to->alpha / from->alpha, rest = (to->sigma - kept * from->sigma) * (to->sigma + kept * from->sigma);
    const struct linear sum = linear_of(kept, x);
    return plan_mix_noise(b, &sum, noise * sqrt(rest > 0 ? rest : 0));
}

/* begin_step makes room for a step; false where there is none, or was none for an earlier one. */
static bool begin_step(struct plan_build *b, const struct path_point *from, const struct path_point *to) {
    struct plan_step *all = grow(b, b->steps, b->plan.n_steps, &b->size_steps, sizeof *all);
    if (!all || b->status != STATUS_OK)
        return false;
    b->steps = all;
    b->from = *from;
    b->to = *to;
    b->steps[b->plan.n_steps] = (struct plan_step){.from = *from, .to = *to, .first = b->plan.n_ops};
    return true;
}

static void end_step(struct plan_build *b) {
    struct plan_step *step = &b->steps[b->plan.n_steps++];
    if (b->known)
        b->x = plan_known(b, b->x, &step->to);
    step->end = b->plan.n_ops;
    step->state = b->x;
    for (size_t i = step->first; i < step->end && !step->D; i++)
        if (b->ops[i].kind == PLAN_CALL)
            step->D = i + 1;
}

void plan_walk(struct plan_build *b, const struct solver *solver, const struct path_point *points, size_t n_steps,
               size_t first, size_t end) {
    b->n_steps = n_steps;
    for (size_t i = first; i < end && begin_step(b, &points[i], b->targets ? &b->targets[i] : &points[i + 1]); i++) {
        b->index = i;
        b->ahead = points + i + 2;
        solver->step(b);
        end_step(b);
    }
}

void plan_jump(struct plan_build *b, const struct path_point *from, const struct path_point *to) {
    plan_forget(b);
    if (!begin_step(b, from, to))
        return;
    b->x = plan_raise(b, b->x, from, to, 1);
    end_step(b);
}

/* last_uses writes, for each vector, the last operation that reads it (SIZE_MAX: none). States and first calls stay
 * until their step has ended, since whoever watches the steps looks at them there. */
static void last_uses(const struct plan_build *b, size_t *last) {
    for (size_t v = 0; v <= b->plan.n_ops; v++)
        last[v] = v ? v - 1 : 0;
    for (size_t i = 0; i < b->plan.n_ops; i++) {
        const struct plan_op *op = &b->ops[i];
        for (size_t j = 0; j < op->n_terms; j++)
            last[op->terms[j].of] = i;
        if (op->kind != PLAN_MIX)
            last[op->in] = i;
        if (op->kind == PLAN_LANGEVIN)
            last[op->D] = i;
        if (op->variance.spread)
            last[op->variance.spread] = i;
    }
    for (size_t s = 0; s < b->plan.n_steps; s++) {
        const struct plan_step *step = &b->steps[s];
        size_t end = step->end, watched[] = {step->state, step->D};
        for (size_t j = 0; j < 2; j++)
            if (watched[j] && last[watched[j]] < end)
                last[watched[j]] = end;
    }
    last[b->x] = SIZE_MAX;
}

/* Slots are handed out in order of the operations: the lowest that no living vector holds. All but calls may write over
 * a vector that they read last. */
static bool assign_slots(struct plan_build *b) {
    size_t n = b->plan.n_ops, n_slots = 1;
    size_t *last = ctx_alloc(b->ctx, n + 1, sizeof *last), *until = ctx_alloc(b->ctx, n + 1, sizeof *until);
    if (!last || !until)
        return false;
    last_uses(b, last);
    until[0] = last[0]; /* until[slot]: the last operation that reads what lies there */
    for (size_t i = 0; i < n; i++) {
        size_t slot = 0;
        bool over = b->ops[i].kind != PLAN_CALL;
        while (slot < n_slots && (over ? until[slot] > i : until[slot] >= i))
            slot++;
        n_slots += slot == n_slots;
        until[slot] = last[i + 1];
        b->ops[i].slot = slot;
    }
    b->plan.n_slots = n_slots;
    return true;
}

/* check_finite: some configurations of schedulers divide by steps of no length. */
static enum status check_finite(const struct plan_build *b) {
    bool finite = b->plan.start_sigma - b->plan.start_sigma == 0;
    for (size_t i = 0; i < b->plan.n_ops; i++) {
        const struct plan_op *op = &b->ops[i];
        finite &= op->noise - op->noise == 0 && op->variance.high - op->variance.low < HUGE_VAL;
        for (size_t j = 0; j < op->n_terms; j++)
            finite &= op->terms[j].by - op->terms[j].by == 0;
    }
    if (finite)
        return STATUS_OK;
    return ctx_fail(b->ctx, STATUS_INVALID, "/scheduler_config",
                    "With these steps this scheduler divides by zero, here as in diffusers; want other levels, a lower "
                    "order, or fewer steps.");
}

enum status plan_end(struct plan_build *b, struct plan *out) {
    if (b->status == STATUS_OK && b->options->scheduler)
        b->status = check_finite(b);
    if (b->status != STATUS_OK)
        return b->status;
    if (!assign_slots(b))
        return STATUS_NO_MEMORY;
    b->plan.result = b->x;
    b->plan.ops = b->ops;
    b->plan.steps = b->steps;
    b->plan.draws = b->draws;
    *out = b->plan;
    return STATUS_OK;
}

enum status plan_make(struct ctx *ctx, const struct path *path, const struct path_point *points, size_t steps,
                      const struct solver *solver, const struct solver_options *options, struct plan *out) {
    struct plan_build b;
    plan_begin(&b, ctx, path, options, points[0].alpha, path_prior_std(path, &points[0]));
    plan_walk(&b, solver, points, steps, 0, steps);
    return plan_end(&b, out);
}
