/* pair_fields.h - what the endpoints have in common that find two of many points. */
#ifndef SOLVENT_PAIR_FIELDS_H
#define SOLVENT_PAIR_FIELDS_H

#include "core/geometry/point_set.h"
#include "handlers/call.h"

struct pair_params {
    struct array points;
};
struct pair_result {
    double distance;
    struct array pair;
};
extern const struct field pair_input[], pair_output[];

/* Two points by their indices, a < b. */
struct point_pair {
    double distance;
    uint32_t a, b;
};
typedef enum status pair_find(struct ctx *ctx, const struct points *points, struct point_pair *out);

/* pair_run checks the points, finds the pair and makes the answer. params and result are those of above. */
enum status pair_run(struct call *call, const void *params, pair_find *find, void *result) MUST_CHECK;

#endif
