/* The straight path: rectified flow, conditional optimal transport. t counts noise, as checkpoints of the field do: t =
 * 1 is noise and t = 0 data. */
#include <math.h>

#include "core/diffusion/grid.h"
#include "core/diffusion/path_families.h"

static struct path_point at_t(const struct path *path, double t) {
    (void)path;
    double k = t < 1 ? t / (1 - t) : (double)INFINITY;
    return (struct path_point){.t = t, .k = k, .alpha = 1 - t, .sigma = t};
}

static struct path_point at_k(const struct path *path, double k) {
    if (k == (double)INFINITY)
        return at_t(path, 1);
    return (struct path_point){.t = k / (1 + k), .k = k, .alpha = 1 / (1 + k), .sigma = k / (1 + k)};
}

static struct path_rates rates(const struct path *path, const struct path_point *at) {
    (void)path, (void)at;
    return (struct path_rates){.alpha = -1, .sigma = 1};
}

static double time_of(const struct path_point *at) { return 1000 * at->t; }

/* A grid in k starts at 80 (t = 0.988), where edm does: t = 1 has no finite k. */
const struct path_family path_flow = {
    .name = "flow",
    .velocity = true,
    .grid = GRID_UNIFORM,
    .t_min = 0,
    .t_max = 1,
    .k_min = 0.002,
    .k_max = 80,
    .k_low = PATH_K_LOW,
    .k_high = PATH_K_HIGH,
    .at_t = at_t,
    .at_k = at_k,
    .rates = rates,
    .time = time_of,
};
