/* vector.h - operations on vectors of the plane, rounded once.
 *
 * CROSS and DOT are the nearest double (dyadic.h). Every other result is computed with 113 bits (quad.h) and then
 * rounded: the nearest double, or rarely its neighbour. Angles are radians.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_VECTOR_H
#define SOLVENT_VECTOR_H

#include "core/base/trace.h"

enum vector_operation {
    VECTOR_DOT,       /* value: a . b */
    VECTOR_CROSS,     /* value: a.x b.y - a.y b.x */
    VECTOR_LENGTH,    /* value: |a| */
    VECTOR_DISTANCE,  /* value: |a - b| */
    VECTOR_ANGLE,     /* value: from a to b, counter-clockwise, in (-pi, pi] */
    VECTOR_ROTATE,    /* vector: a, turned counter-clockwise by `angle` */
    VECTOR_PROJECT,   /* vector: a's part along b */
    VECTOR_REFLECT,   /* vector: a mirrored in the line through the origin along b */
    VECTOR_NORMALIZE, /* vector: a / |a| */
    VECTOR_COMPARE,   /* order, equal */
    VECTOR_OPERATIONS
};

extern const char *const vector_operation_names[]; /* ends with NULL */

enum { VECTOR_MAX_ANGLE = 1000 * 1000 * 1000 };

struct vector_in {
    enum vector_operation operation;
    double a[2], b[2]; /* finite; b where the operation wants it */
    double angle;      /* at most VECTOR_MAX_ANGLE */
    double eps;        /* COMPARE: coordinates that differ by at most this are equal, decided exactly; >= 0 */
};

struct vector_out {
    double value, vector[2];
    int order; /* COMPARE: -1, 0, 1 for a before, like, after b: by x, then by y */
};

/* vector_wants_b, vector_gives_vector: what an operation takes and makes. */
bool vector_wants_b(enum vector_operation operation);
bool vector_gives_vector(enum vector_operation operation);

/* vector_solve. Steps, figures rounded: "dot" with the terms x, y and their sum; "cross" with left, right and their
 * difference; "difference" and "turn" of vectors; "root", "ratio" of numbers; "compare" at a coordinate; last "answer".
 * Errors: INVALID at /a, /b (a zero vector has no direction), at "" (a result beyond the greatest double); NO_MEMORY
 * with a trace. */
enum status vector_solve(struct ctx *ctx, const struct vector_in *in, struct trace *trace,
                         struct vector_out *out) MUST_CHECK;

#endif
