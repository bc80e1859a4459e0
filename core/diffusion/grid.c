#include "core/diffusion/grid.h"

#include <math.h>
#include <stdio.h>

#include "core/base/elementary.h"
#include "core/diffusion/grid_levels.h"

enum { LCM_STEPS = 50 }; /* of consistency distillation */

const char *const grid_names[] = {"linspace",        "leading",  "trailing",   "simple",  "sgm-uniform",
                                  "smoothstep",      "lcm",      "karras",     "uniform", "exponential",
                                  "polyexponential", "beta",     "kl-optimal", "vp",      "bong-tangent",
                                  "ays-sd15",        "ays-sdxl", "ays-svd",    "custom",  NULL};

const char *const grid_docs[] = {
    "N trained steps at equal distances, both ends included.",
    "Every floor(T/N)-th trained step, from 0 up (Ho et al., DDIM).",
    "Every T/N-th trained step, from the last one down (Lin et al. 2024).",
    "Trained steps T - 1 - floor(i T/N) (ComfyUI, stable-diffusion.cpp).",
    "N + 1 trained steps at equal distances without the last one, not rounded (Stability's generative-models).",
    "Trained steps by 3 u^2 - 2 u^3, close together at both ends (stable-diffusion.cpp).",
    "Of the 50 trained steps that consistency distillation uses, equal shares (Luo et al. 2023).",
    "Evenly in k^(1/rho) (Karras et al. 2022, eq. 5).",
    "Evenly in t; with shift s, t <- s t / (1 + (s - 1) t) (Esser et al. 2024).",
    "Evenly in ln k; also known as lu.",
    "ln k at distances that u^rho cuts.",
    "The quantiles of Beta(0.6, 0.6) between the least and the greatest k (Lee et al. 2024).",
    "Evenly in atan k (Sabour et al. 2024).",
    "Evenly in the time of the path vp (k-diffusion).",
    "Two arcs of atan, from the greatest k to the middle and on to the least (RES4LYF).",
    "Align Your Steps for Stable Diffusion 1.5; log-linear between its ten levels (Sabour et al. 2024).",
    "Align Your Steps for SDXL.",
    "Align Your Steps for Stable Video Diffusion.",
    "The levels of sampler.sigmas, or the times of sampler.times.",
    NULL};

/* A way to space levels: by trained steps, by t, by k, from a table, or as listed. */
enum kind_of_grid { TRAINED, IN_T, IN_K, TABLE, LISTED };

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
    const double all = (double)path->steps,
                 down = (all - all / (double)in->steps) - all; /* numpy's: halves hang on it */
    for (size_t i = 0; i < in->steps; i++)
        points[i] = path_at_t(path, rint(all + (double)i * down) - 1);
}

static void simple(const struct path *path, const struct grid_in *in, struct path_point *points) {
    for (size_t i = 0; i < in->steps; i++) {
        const size_t down = i * path->steps / in->steps;
        points[i] = path_at_t(path, (double)(path->steps - 1 - down));
    }
}

/* Between trained steps ln k is linear, as where this grid comes from. */
static void sgm_uniform(const struct path *path, const struct grid_in *in, struct path_point *points) {
    const double last = (double)(path->steps - 1);
    for (size_t i = 0; i < in->steps; i++) {
        const double t = last - last * (double)i / (double)in->steps, part = t - floor(t);
        const size_t low = (size_t)t;
        const double k = path->k[low];
        points[i] = part > 0 ? path_at_k(path, k * elementary_pow(path->k[low + 1] / k, part)) : path_at_t(path, t);
    }
}

static void smoothstep(const struct path *path, const struct grid_in *in, struct path_point *points) {
    for (size_t i = 0; i < in->steps; i++) {
        const double u = 1 - (double)i / (double)in->steps;
        points[i] = path_at_t(path, round(u * u * (3 - 2 * u) * (double)(path->steps - 1)));
    }
}

static void lcm(const struct path *path, const struct grid_in *in, struct path_point *points) {
    const size_t stride = path->steps / LCM_STEPS;
    for (size_t i = 0; i < in->steps; i++) {
        const size_t down = i * LCM_STEPS / in->steps;
        points[i] = path_at_t(path, (double)((LCM_STEPS - down) * stride - 1));
    }
}

static void uniform(const struct path *path, const struct grid_in *in, struct path_point *points) {
    double from = in->k_max > 0 ? path_at_k(path, in->k_max).t : path->t_max;
    double to = in->k_min > 0 ? path_at_k(path, in->k_min).t : path->t_min;
    bool ends_at_data = in->k_min == 0 && path_at_t(path, to).k == 0;
    double intervals = (double)(ends_at_data ? in->steps : in->steps - 1), s = in->shift;
    for (size_t i = 0; i < in->steps; i++) {
        double t = i == 0 ? from : from + (double)i / intervals * (to - from);
        points[i] = path_at_t(path, s == 0 || s == 1 ? t : s * t / (1 + (s - 1) * t));
    }
}

static const struct {
    enum kind_of_grid kind;
    int table;           /* TABLE */
    fill_function *fill; /* TRAINED, IN_T */
    grid_levels *levels; /* IN_K */
    double rho;          /* its default; 0: takes none */
    bool divides;        /* wants no more steps than were trained */
    bool stops_short;    /* IN_K: k_min would be the level after the last */
} GRIDS[GRID_COUNT] = {
    [GRID_LINSPACE] = {TRAINED, .fill = linspace},
    [GRID_LEADING] = {TRAINED, .fill = leading, .divides = true},
    [GRID_TRAILING] = {TRAINED, .fill = trailing, .divides = true},
    [GRID_KARRAS] = {IN_K, .levels = grid_karras, .rho = 7},
    [GRID_UNIFORM] = {IN_T, .fill = uniform},
    [GRID_EXPONENTIAL] = {IN_K, .levels = grid_polyexponential},
    [GRID_POLYEXPONENTIAL] = {IN_K, .levels = grid_polyexponential, .rho = 1},
    [GRID_BETA] = {IN_K, .levels = grid_beta},
    [GRID_KL_OPTIMAL] = {IN_K, .levels = grid_kl_optimal},
    [GRID_VP] = {IN_K, .levels = grid_vp},
    [GRID_BONG_TANGENT] = {IN_K, .levels = grid_bong_tangent, .stops_short = true},
    [GRID_SIMPLE] = {TRAINED, .fill = simple, .divides = true},
    [GRID_SGM_UNIFORM] = {TRAINED, .fill = sgm_uniform},
    [GRID_SMOOTHSTEP] = {TRAINED, .fill = smoothstep},
    [GRID_LCM] = {TRAINED, .fill = lcm, .divides = true},
    [GRID_AYS_SD15] = {TABLE, .table = 0},
    [GRID_AYS_SDXL] = {TABLE, .table = 1},
    [GRID_AYS_SVD] = {TABLE, .table = 2},
    [GRID_CUSTOM] = {LISTED},
};

enum status grid_check_level(struct ctx *ctx, const struct path *path, const char *name, double k) {
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

static enum status foreign(struct ctx *ctx, const char *pointer, const char *name, enum grid_id id, const char *want) {
    return ctx_fail(ctx, STATUS_INVALID, pointer, "sampler.%s does not go with grid \"%s\"; want %s.", name,
                    grid_names[id], want);
}

static enum status check_levels(struct ctx *ctx, const struct path *path, const struct grid_in *in) {
    enum kind_of_grid kind = GRIDS[in->id].kind;
    if (kind != IN_K && kind != IN_T && (in->k_min != 0 || in->k_max != 0))
        return foreign(ctx, in->k_min != 0 ? "/sampler/sigma_min" : "/sampler/sigma_max",
                       in->k_min != 0 ? "sigma_min" : "sigma_max", in->id, "grid \"karras\" or \"uniform\", say");
    enum status status = grid_check_level(ctx, path, "sigma_min", in->k_min);
    if (status == STATUS_OK)
        status = grid_check_level(ctx, path, "sigma_max", in->k_max);
    if (status != STATUS_OK)
        return status;
    double low = in->k_min > 0 ? in->k_min : kind == IN_T ? path_at_t(path, path->t_min).k : path->k_min;
    double high = in->k_max > 0 ? in->k_max : kind == IN_T ? path_at_t(path, path->t_max).k : path->k_max;
    if (low < high)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, in->k_min > 0 ? "/sampler/sigma_min" : "/sampler/sigma_max",
                    "The grid would run from sigma_max = %.9g to sigma_min = %.9g, want a sigma_max above sigma_min.",
                    high, low);
}

/* check_options refuses numbers that mean nothing to the grid, or are out of range. */
static enum status check_options(struct ctx *ctx, const struct path *path, const struct grid_in *in) {
    enum kind_of_grid kind = GRIDS[in->id].kind;
    if (in->rho != 0 && GRIDS[in->id].rho == 0)
        return foreign(ctx, "/sampler/rho", "rho", in->id, "grid \"karras\" or \"polyexponential\"");
    if (in->rho != 0 && !(in->rho >= 0.1 && in->rho <= 100))
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/rho", "sampler.rho is %.9g, want 0.1 to 100.", in->rho);
    if (in->shift != 0 && (kind != IN_T || path->t_max != 1))
        return foreign(ctx, "/sampler/shift", "shift", in->id, "grid \"uniform\" on a path whose time is 0 to 1");
    if (in->shift != 0 && !(in->shift >= 0.01 && in->shift <= 100))
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/shift", "sampler.shift is %.9g, want 0.01 to 100.", in->shift);
    if (in->to_k_min && kind != IN_K)
        return foreign(ctx, "/sampler/final", "final", in->id, "a grid in k, such as \"karras\"");
    if (in->n_levels && kind != LISTED)
        return foreign(ctx, in->times ? "/sampler/times" : "/sampler/sigmas", in->times ? "times" : "sigmas", in->id,
                       "grid \"custom\", or no grid");
    return STATUS_OK;
}

static enum status check_steps(struct ctx *ctx, const struct path *path, const struct grid_in *in) {
    if (in->steps < 1 || in->steps > GRID_MAX_STEPS)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/steps", "sampler.steps is %zu, want 1 to %d.", in->steps,
                        GRID_MAX_STEPS);
    if (GRIDS[in->id].kind == TRAINED && !path->steps)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/grid",
                        "Grid \"%s\" counts trained steps, and time is continuous on path \"%s\"; want \"karras\" or "
                        "\"uniform\".",
                        grid_names[in->id], path->family->name);
    const size_t most = in->id == GRID_LCM && path->steps > LCM_STEPS ? LCM_STEPS : path->steps;
    if (in->id == GRID_LCM && path->steps < LCM_STEPS)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/grid",
                        "Grid \"lcm\" picks from %d trained steps, and path \"%s\" has %zu; want more trained_steps.",
                        LCM_STEPS, path->family->name, path->steps);
    if (GRIDS[in->id].divides && in->steps > most)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/steps",
                        "sampler.steps is %zu, but grid \"%s\" picks from the %zu trained steps of path \"%s\"; want "
                        "at most that many.",
                        in->steps, grid_names[in->id], most, path->family->name);
    return STATUS_OK;
}

/* Tables have three digits behind the point: 14.615 is the end of the path that it is for, 14.6146466. */
static double rounded_back(const struct path *path, double k) {
    return k > path->k_high && k <= path->k_high + 5e-4 ? path->k_high : k;
}

/* fill_k writes the points of levels k[n], which must exist on the path; on ddpm paths a level beyond the table's ends
 * keeps the end's time, so only tables can bring one, and those are refused. */
static enum status fill_k(struct ctx *ctx, const struct path *path, const struct grid_in *in, const double *k, size_t n,
                          struct path_point *points) {
    const bool table = GRIDS[in->id].kind == TABLE;
    for (size_t i = 0; i < n; i++) {
        const double level = table ? rounded_back(path, k[i]) : k[i];
        if (table && !(level >= path->k_low && level <= path->k_high))
            return ctx_fail(ctx, STATUS_INVALID, "/sampler/grid",
                            "Grid \"%s\" visits k = %.9g, and path \"%s\" has %.9g to %.9g; want another grid or path.",
                            grid_names[in->id], k[i], path->family->name, path->k_low, path->k_high);
        points[i] = path_at_k(path, level);
    }
    return STATUS_OK;
}

static enum status make_levels(struct ctx *ctx, const struct path *path, const struct grid_in *in,
                               struct path_point *points) {
    const bool short_of = GRIDS[in->id].stops_short;
    const double low = in->k_min > 0 ? in->k_min : path->k_min;
    size_t n = in->steps + in->to_k_min;
    double *k = ctx_alloc(ctx, n, sizeof *k);
    if (!k)
        return STATUS_NO_MEMORY;
    if (GRIDS[in->id].kind == TABLE)
        grid_ays(GRIDS[in->id].table, n, k);
    else
        GRIDS[in->id].levels(short_of ? in->steps : n, in->k_max > 0 ? in->k_max : path->k_max, low,
                             in->rho > 0             ? in->rho
                             : GRIDS[in->id].rho > 0 ? GRIDS[in->id].rho
                                                     : 1,
                             k);
    if (in->to_k_min)
        k[n - 1] = low;
    return fill_k(ctx, path, in, k, n, points);
}

/* check_listed says what is wrong with number i of the list: it must exist on the path and be below the one before. */
static enum status check_listed(struct ctx *ctx, const struct path *path, const struct grid_in *in, size_t i) {
    const char *name = in->times ? "times" : "sigmas";
    double x = in->levels[i], low = in->times ? path->t_min : path->k_low,
           high = in->times ? path->t_max : path->k_high;
    char pointer[48];
    snprintf(pointer, sizeof pointer, "/sampler/%s/%zu", name, i);
    if (!(x >= low && x <= high) && !(x == 0 && i > 0 && i + 1 == in->n_levels))
        return ctx_fail(ctx, STATUS_INVALID, pointer,
                        "sampler.%s[%zu] is %.9g, want %.9g to %.9g on path \"%s\", or 0 at the end.", name, i, x, low,
                        high, path->family->name);
    if (i && !(x < in->levels[i - 1]))
        return ctx_fail(ctx, STATUS_INVALID, pointer, "sampler.%s[%zu] is %.9g, want less than the one before, %.9g.",
                        name, i, x, in->levels[i - 1]);
    return STATUS_OK;
}

/* custom: the list, and data where it does not end there. */
static enum status make_listed(struct ctx *ctx, const struct path *path, const struct grid_in *in,
                               struct path_point **points, size_t *steps) {
    if (in->n_levels == 0)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/sigmas",
                        "Grid \"custom\" visits what is listed; want sampler.sigmas or sampler.times.");
    size_t n = in->n_levels - (in->n_levels > 1 && in->levels[in->n_levels - 1] == 0);
    if (n > GRID_MAX_STEPS || (in->steps && in->steps != n))
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/steps", "The listed levels make %zu steps, want %zu.", n,
                        in->steps ? in->steps : (size_t)GRID_MAX_STEPS);
    for (size_t i = 0; i < in->n_levels; i++) {
        enum status status = check_listed(ctx, path, in, i);
        if (status != STATUS_OK)
            return status;
    }
    *points = ctx_alloc(ctx, n + 1, sizeof **points);
    if (!*points)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        (*points)[i] = in->times ? path_at_t(path, in->levels[i]) : path_at_k(path, in->levels[i]);
    *steps = n;
    return STATUS_OK;
}

static enum status make_spaced(struct ctx *ctx, const struct path *path, const struct grid_in *in,
                               struct path_point **points, size_t *steps) {
    enum status status = check_steps(ctx, path, in);
    if (status == STATUS_OK)
        status = check_levels(ctx, path, in);
    if (status != STATUS_OK)
        return status;
    *steps = in->steps;
    *points = ctx_alloc(ctx, in->steps + 1, sizeof **points);
    if (!*points)
        return STATUS_NO_MEMORY;
    if (!GRIDS[in->id].fill)
        return make_levels(ctx, path, in, *points);
    GRIDS[in->id].fill(path, in, *points);
    return STATUS_OK;
}

enum status grid_make(struct ctx *ctx, const struct path *path, const struct grid_in *in, struct path_point **points,
                      size_t *steps) {
    enum status status = check_options(ctx, path, in);
    if (status == STATUS_OK)
        status = GRIDS[in->id].kind == LISTED ? make_listed(ctx, path, in, points, steps)
                                              : make_spaced(ctx, path, in, points, steps);
    if (status != STATUS_OK)
        return status;
    if (!in->to_k_min)
        (*points)[*steps] = path_at_k(path, 0);
    for (size_t i = 0; i < *steps; i++)
        if (!((*points)[i].k > (*points)[i + 1].k))
            return ctx_fail(ctx, STATUS_INVALID, "/sampler/steps",
                            "%zu steps are too many for this range of noise levels: neighbours could not be told "
                            "apart; want fewer steps or a wider range.",
                            *steps);
    return STATUS_OK;
}
