#include "core/base/elementary.h"
#include "core/diffusion/grid.h"
#include "core/diffusion/path_families.h"

static struct path_point at(const struct path *path, double k) {
    (void)path;
    return (struct path_point){.t = k, .k = k, .alpha = 1, .sigma = k};
}

static struct path_rates rates(const struct path *path, const struct path_point *at_point) {
    (void)path, (void)at_point;
    return (struct path_rates){.alpha = 0, .sigma = 1};
}

static double time_of(const struct path_point *at_point) { return 0.25 * elementary_log(at_point->k); }

const struct path_family path_edm = {
    .name = "edm",
    .scaled_input = true,
    .grid = GRID_KARRAS,
    .t_min = 0.002,
    .t_max = 80,
    .k_min = 0.002,
    .k_max = 80,
    .k_low = PATH_K_LOW,
    .k_high = PATH_K_HIGH,
    .at_t = at,
    .at_k = at,
    .rates = rates,
    .time = time_of,
};
