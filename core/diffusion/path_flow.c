/* The paths of flow matching: the straight one (rectified flow, conditional optimal transport) and the circle. t counts
 * noise, as checkpoints of diffusers do: t = 1 is noise and t = 0 data; SiT and its kin count the other way, which only
 * their networks are told. */
#include <math.h>

#include "core/base/elementary.h"
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

static double flow_time(const struct path_point *at) { return 1000 * at->t; }
static double data_time(const struct path_point *at) { return 1 - at->t; }

/* cos and sin of pi t / 2; k is the tangent. A zero is made +0: what is divided by it is +infinity then. */
static struct path_point gvp_at_t(const struct path *path, double t) {
    (void)path;
    double alpha = elementary_cospi(t / 2) + 0.0, sigma = elementary_sinpi(t / 2);
    return (struct path_point){
        .t = t, .k = alpha > 0 ? sigma / alpha : (double)INFINITY, .alpha = alpha, .sigma = sigma};
}

static struct path_point gvp_at_k(const struct path *path, double k) {
    if (k == (double)INFINITY)
        return gvp_at_t(path, 1);
    double alpha = 1 / sqrt(1 + k * k);
    return (struct path_point){.t = 2 * elementary_atanpi(k), .k = k, .alpha = alpha, .sigma = k * alpha};
}

static struct path_rates gvp_rates(const struct path *path, const struct path_point *at) {
    (void)path;
    return (struct path_rates){.alpha = -M_PI_2 * at->sigma, .sigma = M_PI_2 * at->alpha};
}

/* A grid in k starts at 80 (flow's t = 0.988), where edm does: t = 1 has no finite k. */
#define FLOW_ENDS                                                                                   \
    .grid = GRID_UNIFORM, .t_min = 0, .t_max = 1, .k_min = 0.002, .k_max = 80, .k_low = PATH_K_LOW, \
    .k_high = PATH_K_HIGH

const struct path_family path_flow = {
    .name = "flow",
    .velocity = true,
    FLOW_ENDS,
    .at_t = at_t,
    .at_k = at_k,
    .rates = rates,
    .time = flow_time,
};

const struct path_family path_condot = {
    .name = "condot",
    .velocity = true,
    .toward_data = true,
    FLOW_ENDS,
    .at_t = at_t,
    .at_k = at_k,
    .rates = rates,
    .time = data_time,
};

const struct path_family path_gvp = {
    .name = "gvp",
    .variance_preserving = true,
    .toward_data = true,
    FLOW_ENDS,
    .at_t = gvp_at_t,
    .at_k = gvp_at_k,
    .rates = gvp_rates,
    .time = data_time,
};
