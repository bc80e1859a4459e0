#include "tests/support/point_shapes.h"
#include "tests/support/test.h"

static double unit(uint64_t *state) { return (double)(test_random(state) >> 11) * 0x1p-53; }

static struct point one(enum shape shape, size_t i, uint64_t *state) {
    static const double ROUND[12][2] = {{25, 0},  {24, 7},   {20, 15},  {15, 20},   {7, 24},  {0, 25},
                                        {-7, 24}, {-15, 20}, {-24, -7}, {-20, -15}, {0, -25}, {15, -20}};
    double u = unit(state), v = unit(state);
    switch (shape) {
    case SHAPE_UNIFORM: return (struct point){u, v};
    case SHAPE_GRID: return (struct point){(double)test_below(state, 6), (double)test_below(state, 6)};
    case SHAPE_CIRCLE:
        return (struct point){ROUND[i % 12][0] * (double)(1 + i % 24 / 12),
                              ROUND[i % 12][1] * (double)(1 + i % 24 / 12)};
    case SHAPE_ROUNDED: return (struct point){cos(6.283185307179586 * u), sin(6.283185307179586 * u)};
    case SHAPE_CLUSTERS: return (struct point){(double)(i % 7) * 1e6 + u * 1e-6, (double)(i % 5) * 1e6 + v * 1e-9};
    case SHAPE_LINE: return (struct point){0.5 + (double)(i % 50), 0.25 + 3 * (double)(i % 50)};
    case SHAPE_NEARLY:
        return (struct point){0.5 + 0x1p-53 * (double)test_below(state, 64),
                              0.5 + 0x1p-53 * (double)test_below(state, 64)};
    case SHAPE_NOISE: return (struct point){(u - 0.5) * 1e-17, (v - 0.5) * 1e-17};
    default: return (struct point){3, -4};
    }
}

struct point *shape_points(enum shape shape, size_t n, uint64_t *random) {
    struct point *at = malloc((n + 1) * sizeof *at);
    for (size_t i = 0; i < n; i++)
        at[i] = one(shape, i, random);
    return at;
}
