#include "core/diffusion/grid.h"
#include "core/diffusion/path_families.h"

static struct path_point at(const struct path *path, double k) {
    (void)path;
    return (struct path_point){.t = k, .k = k, .alpha = 1, .sigma = k};
}

const struct path_family path_edm = {
    .name = "edm",
    .grid = GRID_KARRAS,
    .t_min = 0.002,
    .t_max = 80,
    .k_min = 0.002,
    .k_max = 80,
    .k_low = PATH_K_LOW,
    .k_high = PATH_K_HIGH,
    .at_t = at,
    .at_k = at,
};
