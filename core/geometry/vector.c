#include "core/geometry/vector.h"

#include <math.h>

#include "core/geometry/dyadic.h"
#include "core/geometry/predicates.h"
#include "core/geometry/quad.h"

const char *const vector_operation_names[] = {"dot",     "cross",   "length",    "distance", "angle", "rotate",
                                              "project", "reflect", "normalize", "compare",  NULL};

bool vector_wants_b(enum vector_operation operation) {
    return operation != VECTOR_LENGTH && operation != VECTOR_ROTATE && operation != VECTOR_NORMALIZE;
}

bool vector_gives_vector(enum vector_operation operation) {
    return operation >= VECTOR_ROTATE && operation <= VECTOR_NORMALIZE;
}

/* A vector before it is rounded. */
struct wide {
    quad x, y;
};

static struct value shown(quad x) { return trace_real((double)x); }

static quad dot(struct trace *t, struct wide a, struct wide b) {
    quad x = a.x * b.x, y = a.y * b.y;
    trace_add(t, "dot", TRACE_NOWHERE, NULL, TRACE_VARS({"x", shown(x)}, {"y", shown(y)}, {"sum", shown(x + y)}));
    return x + y;
}

static quad cross(struct trace *t, struct wide a, struct wide b) {
    quad left = a.x * b.y, right = a.y * b.x;
    trace_add(t, "cross", TRACE_NOWHERE, NULL,
              TRACE_VARS({"left", shown(left)}, {"right", shown(right)}, {"difference", shown(left - right)}));
    return left - right;
}

static quad noted(struct trace *t, const char *op, quad value) {
    trace_add(t, op, TRACE_NOWHERE, NULL, TRACE_VARS({"value", shown(value)}));
    return value;
}

static quad length(struct trace *t, struct wide a) { return noted(t, "root", quad_sqrt(dot(t, a, a))); }

static struct wide difference(struct trace *t, struct wide a, struct wide b) {
    struct wide d = {a.x - b.x, a.y - b.y};
    trace_add(t, "difference", TRACE_NOWHERE, NULL, TRACE_VARS({"x", shown(d.x)}, {"y", shown(d.y)}));
    return d;
}

static struct wide rotated(struct trace *t, struct wide a, double angle) {
    quad s, c;
    quad_sin_cos(angle, &s, &c);
    trace_add(t, "turn", TRACE_NOWHERE, NULL, TRACE_VARS({"cosine", shown(c)}, {"sine", shown(s)}));
    return (struct wide){c * a.x - s * a.y, s * a.x + c * a.y};
}

static struct wide scaled(struct wide a, quad by) { return (struct wide){a.x * by, a.y * by}; }

/* projected is a's part along b. */
static struct wide projected(struct trace *t, struct wide a, struct wide b) {
    quad along = dot(t, a, b);
    return scaled(b, noted(t, "ratio", along / dot(t, b, b)));
}

static struct wide reflected(struct trace *t, struct wide a, struct wide b) {
    struct wide along = projected(t, a, b);
    return difference(t, scaled(along, 2), a);
}

static struct wide normalized(struct trace *t, struct wide a) { return scaled(a, 1 / length(t, a)); }

static quad angle(struct trace *t, struct wide a, struct wide b) {
    quad y = cross(t, a, b);
    return quad_atan2(y, dot(t, a, b));
}

/* exact_value is a0 b0 + a1 b1, the nearest double; where 113 bits are rounded, that may be its neighbour. */
static double exact_value(double a0, double b0, double a1, double b1) {
    struct dyadic p, q, r, s, sum, one;
    dyadic_set(&p, a0), dyadic_set(&q, b0);
    dyadic_set(&r, a1), dyadic_set(&s, b1);
    dyadic_products(&sum, &p, &q, &r, &s, false);
    dyadic_set(&one, 1);
    return dyadic_ratio(&sum, &one);
}

/* order_of holds a - b against eps exactly. */
static int order_of(double a, double b, double eps) {
    int above = products_sign((const double[][2]){{a, 1}, {-b, 1}, {-eps, 1}}, 3);
    int below = products_sign((const double[][2]){{b, 1}, {-a, 1}, {-eps, 1}}, 3);
    return (above > 0) - (below > 0);
}

static int compared(struct trace *t, const struct vector_in *in) {
    int order = 0;
    for (int64_t k = 0; k < 2 && order == 0; k++) {
        order = order_of(in->a[k], in->b[k], in->eps);
        trace_add(t, "compare", TRACE_AT(k), NULL,
                  TRACE_VARS({"a", trace_real(in->a[k])}, {"b", trace_real(in->b[k])}, {"order", trace_int(order)}));
    }
    return order;
}

static bool is_zero(const double v[2]) { return v[0] == 0 && v[1] == 0; }

static enum status check(struct ctx *ctx, const struct vector_in *in) {
    enum vector_operation o = in->operation;
    const char *name = vector_operation_names[o];
    if ((o == VECTOR_ANGLE || o == VECTOR_NORMALIZE) && is_zero(in->a))
        return ctx_fail(ctx, STATUS_INVALID, "/a", "a is the zero vector, want one with a direction for \"%s\".", name);
    if ((o == VECTOR_ANGLE || o == VECTOR_PROJECT || o == VECTOR_REFLECT) && is_zero(in->b))
        return ctx_fail(ctx, STATUS_INVALID, "/b", "b is the zero vector, want one with a direction for \"%s\".", name);
    return STATUS_OK;
}

/* set rounds; there is no -0. */
static void set(struct vector_out *out, struct wide v) {
    out->vector[0] = (double)v.x + 0.0, out->vector[1] = (double)v.y + 0.0;
}

static void compute(const struct vector_in *in, struct trace *t, struct vector_out *out) {
    struct wide a = {in->a[0], in->a[1]}, b = {in->b[0], in->b[1]};
    switch (in->operation) {
    case VECTOR_DOT:
        (void)dot(t, a, b);
        out->value = exact_value(in->a[0], in->b[0], in->a[1], in->b[1]);
        break;
    case VECTOR_CROSS:
        (void)cross(t, a, b);
        out->value = exact_value(in->a[0], in->b[1], -in->a[1], in->b[0]);
        break;
    case VECTOR_LENGTH: out->value = (double)length(t, a); break;
    case VECTOR_DISTANCE: out->value = (double)length(t, difference(t, a, b)); break;
    case VECTOR_ANGLE: out->value = (double)angle(t, a, b); break;
    case VECTOR_ROTATE: set(out, rotated(t, a, in->angle)); break;
    case VECTOR_PROJECT: set(out, projected(t, a, b)); break;
    case VECTOR_REFLECT: set(out, reflected(t, a, b)); break;
    case VECTOR_NORMALIZE: set(out, normalized(t, a)); break;
    case VECTOR_COMPARE: out->order = compared(t, in); break;
    case VECTOR_OPERATIONS: break;
    }
    out->value += 0.0;
}

static void note_answer(const struct vector_in *in, const struct vector_out *out, struct trace *t) {
    if (vector_gives_vector(in->operation))
        trace_add(t, "answer", TRACE_NOWHERE, NULL,
                  TRACE_VARS({"x", trace_real(out->vector[0])}, {"y", trace_real(out->vector[1])}));
    else if (in->operation == VECTOR_COMPARE)
        trace_add(t, "answer", TRACE_NOWHERE, NULL, TRACE_VARS({"order", trace_int(out->order)}));
    else
        trace_add(t, "answer", TRACE_NOWHERE, NULL, TRACE_VARS({"value", trace_real(out->value)}));
}

enum status vector_solve(struct ctx *ctx, const struct vector_in *in, struct trace *trace, struct vector_out *out) {
    *out = (struct vector_out){0};
    enum status status = check(ctx, in);
    if (status != STATUS_OK)
        return status;
    compute(in, trace, out);
    if (!isfinite(out->value) || !isfinite(out->vector[0]) || !isfinite(out->vector[1]))
        return ctx_fail(ctx, STATUS_INVALID, "", "The result is beyond the greatest double, want shorter vectors.");
    note_answer(in, out, trace);
    return trace_end(trace);
}
