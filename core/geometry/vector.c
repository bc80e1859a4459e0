#include "core/geometry/vector.h"

#include <math.h>

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

static quad dot(struct wide a, struct wide b) { return a.x * b.x + a.y * b.y; }
static quad cross(struct wide a, struct wide b) { return a.x * b.y - a.y * b.x; }
static quad length(struct wide a) { return quad_sqrt(dot(a, a)); }

static struct wide rotated(struct wide a, double angle) {
    quad s, c;
    quad_sin_cos(angle, &s, &c);
    return (struct wide){c * a.x - s * a.y, s * a.x + c * a.y};
}

static struct wide scaled(struct wide a, quad by) { return (struct wide){a.x * by, a.y * by}; }

static struct wide reflected(struct wide a, struct wide b) {
    struct wide along = scaled(b, 2 * dot(a, b) / dot(b, b));
    return (struct wide){along.x - a.x, along.y - a.y};
}

static int order_of(double a, double b, double eps) {
    quad difference = (quad)a - b;
    return (difference > eps) - (difference < -(quad)eps);
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

enum status vector_solve(struct ctx *ctx, const struct vector_in *in, struct vector_out *out) {
    struct wide a = {in->a[0], in->a[1]}, b = {in->b[0], in->b[1]}, v = {0, 0};
    quad value = 0;
    *out = (struct vector_out){0};
    enum status status = check(ctx, in);
    if (status != STATUS_OK)
        return status;
    switch (in->operation) {
    case VECTOR_DOT: value = dot(a, b); break;
    case VECTOR_CROSS: value = cross(a, b); break;
    case VECTOR_LENGTH: value = length(a); break;
    case VECTOR_DISTANCE: value = length((struct wide){a.x - b.x, a.y - b.y}); break;
    case VECTOR_ANGLE: value = quad_atan2(cross(a, b), dot(a, b)); break;
    case VECTOR_ROTATE: v = rotated(a, in->angle); break;
    case VECTOR_PROJECT: v = scaled(b, dot(a, b) / dot(b, b)); break;
    case VECTOR_REFLECT: v = reflected(a, b); break;
    case VECTOR_NORMALIZE: v = scaled(a, 1 / length(a)); break;
    case VECTOR_COMPARE:
        out->order = order_of(in->a[0], in->b[0], in->eps);
        out->order = out->order ? out->order : order_of(in->a[1], in->b[1], in->eps);
        break;
    case VECTOR_OPERATIONS: break;
    }
    out->value = (double)value + 0.0; /* no -0 */
    out->vector[0] = (double)v.x + 0.0, out->vector[1] = (double)v.y + 0.0;
    if (!isfinite(out->value) || !isfinite(out->vector[0]) || !isfinite(out->vector[1]))
        return ctx_fail(ctx, STATUS_INVALID, "", "The result is beyond the greatest double, want shorter vectors.");
    return STATUS_OK;
}
