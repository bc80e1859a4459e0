#include "core/diffusion/grid.h"

#include <math.h>

#include "core/base/elementary.h"

const char *const grid_names[] = {"linspace", "leading", "trailing", "karras", "uniform", NULL};

typedef void fill_function(const struct path *path, const struct grid_in *in, struct path_point *points);

static void linspace(const struct path *path, const struct grid_in *in, struct path_point *points) {
    double last = (double)(path->steps - 1), step = in->steps > 1 ? last / (double)(in->steps - 1) : 0;
    for (size_t i = 0; i < in->steps; i++)
        points[i] = path_at_t(path, i == 0 ? last : (double)(in->steps - 1 - i) * step);
}

static void leading(const struct path *path, const struct grid_in *in, struct path_point *points) {
    size_t stride = path->steps / in->steps;
    for (size_t i = 0; i < in->steps; i++)
        points[i] = path_at_t(path, (double)((in->steps - 1 - i) * stride));
}

static void trailing(const struct path *path, const struct grid_in *in, struct path_point *points) {
    double stride = (double)path->steps / (double)in->steps;
    for (size_t i = 0; i < in->steps; i++)
        points[i] = path_at_t(path, rint((double)path->steps - (double)i * stride) - 1);
}

static void karras(const struct path *path, const struct grid_in *in, struct path_point *points) {
    double high = elementary_pow(in->k_max, 1 / in->rho), low = elementary_pow(in->k_min, 1 / in->rho);
    for (size_t i = 0; i < in->steps; i++) {
        double u = in->steps > 1 ? (double)i / (double)(in->steps - 1) : 0;
        double k = elementary_pow(high + u * (low - high), in->rho);
        if (i == 0)
            k = in->k_max;
        else if (i == in->steps - 1)
            k = in->k_min;
        points[i] = path_at_k(path, k);
    }
}

static void uniform(const struct path *path, const struct grid_in *in, struct path_point *points) {
    double from = in->k_max > 0 ? path_at_k(path, in->k_max).t : path->t_max;
    double to = in->k_min > 0 ? path_at_k(path, in->k_min).t : path->t_min;
    bool ends_at_data = in->k_min == 0 && path_at_t(path, to).k == 0;
    double intervals = (double)(ends_at_data ? in->steps : in->steps - 1);
    for (size_t i = 0; i < in->steps; i++)
        points[i] = path_at_t(path, i == 0 ? from : from + (double)i / intervals * (to - from));
}

static const struct {
    fill_function *fill;
    bool discrete; /* counts trained steps */
    bool divides;  /* wants no more steps than were trained */
    bool bounded;  /* takes k_min and k_max */
} GRIDS[GRID_COUNT] = {
    [GRID_LINSPACE] = {linspace, .discrete = true},
    [GRID_LEADING] = {leading, .discrete = true, .divides = true},
    [GRID_TRAILING] = {trailing, .discrete = true, .divides = true},
    [GRID_KARRAS] = {karras, .bounded = true},
    [GRID_UNIFORM] = {uniform, .bounded = true},
};

static enum status check_level(struct ctx *ctx, const struct path *path, const char *name, double k) {
    char pointer[32] = "/sampler/";
    size_t at = 9;
    for (const char *c = name; *c; c++)
        pointer[at++] = *c;
    pointer[at] = '\0';
    if (k == 0 || (k >= path->k_low && k <= path->k_high))
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "sampler.%s is %.9g, want a noise level that path \"%s\" has: %.9g to %.9g.", name, k,
                    path->family->name, path->k_low, path->k_high);
}

static enum status check_levels(struct ctx *ctx, const struct path *path, const struct grid_in *in) {
    if (!GRIDS[in->id].bounded && (in->k_min != 0 || in->k_max != 0))
        return ctx_fail(ctx, STATUS_INVALID, in->k_min != 0 ? "/sampler/sigma_min" : "/sampler/sigma_max",
                        "sampler.%s does not go with grid \"%s\", which counts the trained steps; want grid "
                        "\"karras\" or \"uniform\".",
                        in->k_min != 0 ? "sigma_min" : "sigma_max", grid_names[in->id]);
    enum status status = check_level(ctx, path, "sigma_min", in->k_min);
    if (status == STATUS_OK)
        status = check_level(ctx, path, "sigma_max", in->k_max);
    if (status != STATUS_OK)
        return status;
    bool in_t = in->id == GRID_UNIFORM;
    double low = in->k_min > 0 ? in->k_min : in_t ? path_at_t(path, path->t_min).k : path->k_min;
    double high = in->k_max > 0 ? in->k_max : in_t ? path_at_t(path, path->t_max).k : path->k_max;
    if (low < high)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, in->k_min > 0 ? "/sampler/sigma_min" : "/sampler/sigma_max",
                    "The grid would run from sigma_max = %.9g to sigma_min = %.9g, want a sigma_max above sigma_min.",
                    high, low);
}

static enum status check_rho(struct ctx *ctx, const struct grid_in *in) {
    if (in->rho == 0)
        return STATUS_OK;
    if (in->id != GRID_KARRAS)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/rho",
                        "sampler.rho does not go with grid \"%s\", want grid \"karras\".", grid_names[in->id]);
    if (in->rho >= 0.1 && in->rho <= 100)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/sampler/rho", "sampler.rho is %.9g, want 0.1 to 100.", in->rho);
}

static enum status check(struct ctx *ctx, const struct path *path, const struct grid_in *in) {
    if (in->steps < 1 || in->steps > GRID_MAX_STEPS)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/steps", "sampler.steps is %zu, want 1 to %d.", in->steps,
                        GRID_MAX_STEPS);
    if (GRIDS[in->id].discrete && !path->steps)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/grid",
                        "Grid \"%s\" counts trained steps, and time is continuous on path \"%s\"; want \"karras\" or "
                        "\"uniform\".",
                        grid_names[in->id], path->family->name);
    if (GRIDS[in->id].divides && in->steps > path->steps)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/steps",
                        "sampler.steps is %zu, but grid \"%s\" picks from the %zu trained steps of path \"%s\"; want "
                        "at most that many.",
                        in->steps, grid_names[in->id], path->steps, path->family->name);
    enum status status = check_levels(ctx, path, in);
    return status == STATUS_OK ? check_rho(ctx, in) : status;
}

enum status grid_make(struct ctx *ctx, const struct path *path, const struct grid_in *in, struct path_point **points) {
    enum status status = check(ctx, path, in);
    if (status != STATUS_OK)
        return status;
    struct grid_in full = *in;
    if (in->id == GRID_KARRAS) {
        full.rho = in->rho > 0 ? in->rho : 7;
        full.k_min = in->k_min > 0 ? in->k_min : path->k_min;
        full.k_max = in->k_max > 0 ? in->k_max : path->k_max;
    }
    *points = ctx_alloc(ctx, in->steps + 1, sizeof **points);
    if (!*points)
        return STATUS_NO_MEMORY;
    GRIDS[in->id].fill(path, &full, *points);
    (*points)[in->steps] = path_at_k(path, 0);
    for (size_t i = 0; i < in->steps; i++)
        if (!((*points)[i].k > (*points)[i + 1].k))
            return ctx_fail(ctx, STATUS_INVALID, "/sampler/steps",
                            "%zu steps are too many for this range of noise levels: neighbours could not be told "
                            "apart; want fewer steps or a wider range.",
                            in->steps);
    return STATUS_OK;
}
