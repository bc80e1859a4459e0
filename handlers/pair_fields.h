/* pair_fields.h - what the endpoints have in common that find two of many points. */
#ifndef SOLVENT_PAIR_FIELDS_H
#define SOLVENT_PAIR_FIELDS_H

#include "handlers/geometry_fields.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct pair_params {
    struct array points;
    struct geometry_text text;
    int format;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};
struct pair_result {
    double distance;
    struct array pair;
    struct geometry_text text;
    struct trace trace;
};
extern const struct field pair_input[];
extern const struct rule pair_rules[];

/* PAIR_OUTPUT: the fields of struct pair_result but for its trace, whose steps are the endpoint's own. */
#define PAIR_OUTPUT                                                                                                   \
    FIELD(struct pair_result, distance, NUMBER, "Their distance.", .required = true),                                 \
        FIELD(struct pair_result, pair, ARRAY, "The indices of the two points, from 0, ascending.", .required = true, \
              .kinds = KIND_INT),                                                                                     \
        FORMAT_OUTPUT(struct pair_result)

/* Two points by their indices, a < b. */
struct point_pair {
    double distance;
    uint32_t a, b;
};
typedef enum status pair_find(struct ctx *ctx, const struct points *points, struct point_pair *out);
typedef enum status pair_trace(struct ctx *ctx, const struct points *points, struct trace *trace);

/* pair_run checks the points, finds the pair, makes the steps where they are wanted, and the answer. params and result
 * are those of above. */
enum status pair_run(struct call *call, const void *params, pair_find *find, pair_trace *steps,
                     void *result) MUST_CHECK;

#endif
