#include "core/window/exact_sum.h"
#include "core/window/sliding_parts.h"

#include <math.h>

struct player {
    struct trace *t;
    const struct sliding_in *in;
    const struct windows *w;
    const struct sliding_out *out;
};

/* note_answer records the figure of window j. */
static void note_answer(const struct player *p, size_t j, const int64_t *at, size_t n_at) {
    trace_add(p->t, "answer", at, n_at, n_at ? &p->in->values : NULL,
              TRACE_VARS({"position", trace_int(p->out->first + (int64_t)j * p->w->step)},
                         {"from", trace_int(window_low(p->w, j))}, {"to", trace_int(window_high(p->w, j))},
                         {"value", array_at(&p->out->values, j)}));
}

/* A queue of candidates, each strictly better than all behind it, the best in front. */
struct queue {
    const char *name; /* NULL: there is one only */
    bool least;
    int64_t *at, next; /* next: the first element that it has not seen */
    size_t head, tail;
};

static bool beats(const struct array *a, int64_t i, int64_t j, bool least) {
    if (a->kind == KIND_INT)
        return least ? a->ints[i] < a->ints[j] : a->ints[i] > a->ints[j];
    return least ? a->reals[i] < a->reals[j] : a->reals[i] > a->reals[j];
}

static void note_queue(const struct player *p, const struct queue *q, const char *op, int64_t at) {
    const struct trace_var name = {"queue", trace_text(q->name ? q->name : "")};
    trace_add(p->t, op, TRACE_AT(at), &p->in->values, &name, q->name ? 1 : 0);
}

/* advance brings the queue to window j; its front is the best of it. */
static int64_t advance(const struct player *p, struct queue *q, size_t j) {
    for (int64_t high = window_high(p->w, j); q->next <= high; q->next++) {
        for (; q->tail > q->head && beats(&p->in->values, q->next, q->at[q->tail - 1], q->least); q->tail--)
            note_queue(p, q, "pop", q->at[q->tail - 1]);
        q->at[q->tail++] = q->next;
        note_queue(p, q, "push", q->next);
    }
    for (; q->at[q->head] < window_low(p->w, j); q->head++)
        note_queue(p, q, "expire", q->at[q->head]);
    return q->at[q->head];
}

static enum status play_extreme(struct ctx *ctx, const struct player *p) {
    struct queue q = {.least = sliding_is_least(p->in->operation), .at = ctx_alloc(ctx, p->in->values.n, 8)};
    if (!q.at)
        return STATUS_NO_MEMORY;
    for (size_t j = 0; j < p->w->count; j++)
        note_answer(p, j, TRACE_AT(advance(p, &q, j)));
    return STATUS_OK;
}

static enum status play_range(struct ctx *ctx, const struct player *p) {
    struct queue most = {.name = "max", .at = ctx_alloc(ctx, p->in->values.n, 8)};
    struct queue least = {.name = "min", .least = true, .at = ctx_alloc(ctx, p->in->values.n, 8)};
    if (!most.at || !least.at)
        return STATUS_NO_MEMORY;
    for (size_t j = 0; j < p->w->count; j++) {
        int64_t at[2] = {advance(p, &most, j), advance(p, &least, j)};
        note_answer(p, j, at, 2);
    }
    return STATUS_OK;
}

/* slide lets elements leave and enter, those that stand in no window not at all. */
static void slide(const struct player *p, void (*move)(void *self, int64_t i, bool enters), void *self,
                  void (*answer)(void *self, size_t j)) {
    int64_t low = 0, next = 0; /* inside are low .. next - 1 */
    for (size_t j = 0; j < p->w->count; j++) {
        for (; low < window_low(p->w, j) && low < next; low++)
            move(self, low, false);
        low = window_low(p->w, j);
        next = next < low ? low : next;
        for (; next <= window_high(p->w, j); next++)
            move(self, next, true);
        answer(self, j);
    }
}

struct running_sum {
    const struct player *p;
    wide_int ints;
    struct exact_sum reals;
};

static struct value sum_of(const struct running_sum *s) {
    if (s->p->in->values.kind == KIND_REAL)
        return trace_real(exact_read(&s->reals, 1));
    bool fits = s->ints >= INT64_MIN && s->ints <= INT64_MAX;
    return fits ? trace_int((int64_t)s->ints) : (struct value){.kind = KIND_NONE};
}

static void move_sum(void *self, int64_t i, bool enters) {
    struct running_sum *s = self;
    const struct array *a = &s->p->in->values;
    if (a->kind == KIND_INT)
        s->ints += enters ? (wide_int)a->ints[i] : -(wide_int)a->ints[i];
    else
        (enters ? exact_join : exact_leave)(&s->reals, a->reals[i]);
    trace_add(s->p->t, enters ? "enter" : "leave", TRACE_AT(i), a, TRACE_VARS({"sum", sum_of(s)}));
}

static void answer_sum(void *self, size_t j) {
    const struct running_sum *s = self;
    note_answer(s->p, j, TRACE_NOWHERE);
}

static enum status play_sum(struct ctx *ctx, const struct player *p) {
    struct running_sum *s = ctx_zalloc(ctx, 1, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    s->p = p;
    slide(p, move_sum, s, answer_sum);
    return STATUS_OK;
}

/* The indices of a window in the order of their values: equal ones as they came, -0.0 before 0.0. */
struct ordered {
    const struct player *p;
    int64_t *at;
    size_t n;
};

static bool precedes(const struct array *a, int64_t i, int64_t j) {
    if (a->kind == KIND_INT)
        return a->ints[i] < a->ints[j];
    double x = a->reals[i], y = a->reals[j];
    return x < y || (x == y && signbit(x) && !signbit(y));
}

static void move_ordered(void *self, int64_t i, bool enters) {
    struct ordered *o = self;
    const struct array *a = &o->p->in->values;
    size_t place = 0;
    while (place < o->n && (enters ? !precedes(a, i, o->at[place]) : o->at[place] != i))
        place++;
    int64_t *from = o->at + place;
    size_t behind = o->n - place - (enters ? 0 : 1);
    memmove(from + enters, from + !enters, behind * sizeof *from);
    if (enters)
        *from = i;
    o->n += enters ? 1 : (size_t)-1;
    trace_add(o->p->t, enters ? "enter" : "leave", TRACE_AT(i), a, TRACE_VARS({"place", trace_int((int64_t)place)}));
}

static void answer_ordered(void *self, size_t j) {
    const struct ordered *o = self;
    int64_t low = o->at[(o->n - 1) / 2], high = o->at[o->n / 2];
    enum sliding_operation which = o->p->in->operation;
    int64_t at[2] = {which == SLIDING_MEDIAN_HIGH ? high : low, high};
    note_answer(o->p, j, at, which == SLIDING_MEDIAN ? 2 : 1);
}

static enum status play_median(struct ctx *ctx, const struct player *p) {
    struct ordered o = {p, ctx_alloc(ctx, p->in->values.n, sizeof *o.at), 0};
    if (!o.at)
        return STATUS_NO_MEMORY;
    slide(p, move_ordered, &o, answer_ordered);
    return STATUS_OK;
}

enum status sliding_trace(struct ctx *ctx, const struct sliding_in *in, const struct windows *w,
                          const struct sliding_out *out, struct trace *t) {
    struct player p = {t, in, w, out};
    enum status status = STATUS_OK;
    switch (in->operation) {
    case SLIDING_SUM:
    case SLIDING_MEAN: status = play_sum(ctx, &p); break;
    case SLIDING_RANGE: status = play_range(ctx, &p); break;
    case SLIDING_MEDIAN:
    case SLIDING_MEDIAN_LOW:
    case SLIDING_MEDIAN_HIGH: status = play_median(ctx, &p); break;
    default: status = play_extreme(ctx, &p);
    }
    return status == STATUS_OK ? trace_end(t) : status;
}
