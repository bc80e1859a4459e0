/* sign_fields.h - what the endpoints have in common that give the sign of a predicate of a few points: of points a, b,
 * c, ..., or of many rows of so many points at once.
 *
 *     static const struct field INPUT[] = {
 *         SIGN_POINT(0, "a", "The first point."), ..., SIGN_MANY("triples", "Many at once.", 3, 1000), SIGN_LIMITS,
 * {0}};
 *     static const struct field OUTPUT[] = {
 *         SIGN_ONE("1: to the left ..."), SIGN_SIGNS("The same for each of `triples`."),
 *         TRACE_OUTPUT(struct sign_result, "..."), {0}}; */
#ifndef SOLVENT_SIGN_FIELDS_H
#define SOLVENT_SIGN_FIELDS_H

#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/tolerance_field.h"
#include "handlers/trace_fields.h"

enum { SIGN_MAX_POINTS = 4 };

struct sign_params {
    struct array point[SIGN_MAX_POINTS], many;
    double eps;
    bool has_eps;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};
struct sign_result {
    int64_t sign;
    bool has_sign;
    struct array signs;
    struct trace trace;
};

#define SIGN_POINT(k, letter, text)                                                                         \
    {                                                                                                       \
        .name = letter, .doc = text, .type = FIELD_ARRAY, .offset = offsetof(struct sign_params, point[k]), \
        .kinds = KIND_REAL, .lossless = true, .min_items = 2, .max_items = 2                                \
    }
#define SIGN_MANY(plural, text, points, most)                                                               \
    {                                                                                                       \
        .name = plural, .doc = text, .type = FIELD_ARRAY, .offset = offsetof(struct sign_params, many),     \
        .kinds = KIND_REAL, .lossless = true, .min_dims = 3, .max_dims = 3, .rows = (points), .columns = 2, \
        .max_items = (size_t)(most)*2 * (points)                                                            \
    }
#define SIGN_LIMITS TRACE_INPUT_OF(struct sign_params, TRACE_LIMIT_POINTS), TIME_LIMIT_INPUT(struct sign_params)
#define SIGN_ONE(text) FIELD(struct sign_result, sign, INT, text, .present = offsetof(struct sign_result, has_sign))
#define SIGN_SIGNS(text) FIELD(struct sign_result, signs, ARRAY, text, .kinds = KIND_INT)

/* Of so many points, their coordinates one after the other; eps 0: no tolerance. steps() makes the trace of n rows of
 * them. */
struct predicate {
    size_t points;
    int (*sign)(const double *xy, double eps);
    enum status (*steps)(struct ctx *ctx, const double *rows, size_t n, double eps, struct trace *trace);
};

/* sign_run answers with the predicate. Params and result are those of above. */
enum status sign_run(struct call *call, const void *params, const struct predicate *predicate, void *result) MUST_CHECK;

#endif
