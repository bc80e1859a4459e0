#include "core/diffusion/prediction.h"

#include <math.h>

const char *const prediction_names[] = {"x0", "eps", "v", "score", "velocity", "edm", NULL};

const char *const prediction_docs[] = {"The data themselves.",
                                       "The noise.",
                                       "alpha eps - sigma x0 (Salimans, Ho 2022).",
                                       "The gradient of the log density.",
                                       "dx/dt along the flow; on condot and gvp its negative.",
                                       "EDM's raw network F: D = c_skip y + c_out F(c_in y) (Karras et al. 2022).",
                                       NULL};

enum status prediction_check(struct ctx *ctx, const struct path *path, enum prediction_id id) {
    if (id == PREDICTION_VELOCITY && !path->family->rates)
        return ctx_fail(ctx, STATUS_INVALID, "/prediction",
                        "A velocity is a derivative by time, and time is discrete on path \"%s\"; want eps, x0 or v.",
                        path->family->name);
    if (id == PREDICTION_V && path->family->velocity)
        return ctx_fail(ctx, STATUS_INVALID, "/prediction",
                        "v is defined where alpha^2 + sigma^2 = 1, which path \"%s\" is not; want velocity.",
                        path->family->name);
    return STATUS_OK;
}

/* With n^2 = alpha^2 + sigma^2, x / n is the state at unit variance, and v = (alpha eps - sigma x0) / n. */
static struct prediction of_v(const struct path_point *at) {
    double n2 = at->alpha * at->alpha + at->sigma * at->sigma;
    return (struct prediction){1, at->alpha / n2, -at->sigma / sqrt(n2)};
}

static struct prediction of_velocity(const struct path *path, const struct path_point *at) {
    struct path_rates rate = path_rates(path, at);
    double by = 1 / (at->alpha * rate.sigma - rate.alpha * at->sigma), sign = path->family->toward_data ? -1 : 1;
    return (struct prediction){1, rate.sigma * by, -sign * at->sigma * by};
}

/* c_skip, c_out and c_in of Karras et al., written in x so that alpha = 0 is no exception. */
static struct prediction of_edm(const struct path_point *at, double s) {
    double n2 = at->sigma * at->sigma + at->alpha * at->alpha * s * s;
    return (struct prediction){1 / sqrt(n2), s * s * at->alpha / n2, at->sigma * s / sqrt(n2)};
}

struct prediction prediction_at(const struct path *path, const struct path_point *at, enum prediction_id id,
                                double sigma_data) {
    struct prediction p = {1, 0, 1};
    switch (id) {
    case PREDICTION_X0: break;
    case PREDICTION_EPS: p = (struct prediction){1, 1 / at->alpha, -at->sigma / at->alpha}; break;
    case PREDICTION_V: p = of_v(at); break;
    case PREDICTION_SCORE: return (struct prediction){1, 1 / at->alpha, at->sigma * at->sigma / at->alpha};
    case PREDICTION_VELOCITY: return of_velocity(path, at);
    case PREDICTION_EDM: return of_edm(at, sigma_data);
    case PREDICTION_COUNT: break;
    }
    if (path->family->scaled_input)
        p.input = 1 / sqrt(at->alpha * at->alpha + at->sigma * at->sigma);
    return p;
}

struct prediction_target prediction_target(const struct path *path, const struct path_point *at, enum prediction_id id,
                                           double s) {
    switch (id) {
    case PREDICTION_X0: return (struct prediction_target){1, 0};
    case PREDICTION_EPS: return (struct prediction_target){0, 1};
    case PREDICTION_SCORE: return (struct prediction_target){0, -1 / at->sigma};
    case PREDICTION_V: {
        double n = sqrt(at->alpha * at->alpha + at->sigma * at->sigma);
        return (struct prediction_target){-at->sigma / n, at->alpha / n};
    }
    case PREDICTION_VELOCITY: {
        struct path_rates rate = path_rates(path, at);
        double sign = path->family->toward_data ? -1 : 1;
        return (struct prediction_target){sign * rate.alpha, sign * rate.sigma};
    }
    case PREDICTION_EDM: {
        double n = sqrt(at->sigma * at->sigma + at->alpha * at->alpha * s * s);
        return (struct prediction_target){at->sigma / (s * n), -at->alpha * s / n};
    }
    case PREDICTION_COUNT: break;
    }
    return (struct prediction_target){0, 0};
}
