#include "core/diffusion/path.h"

#include "core/diffusion/path_families.h"

static const struct path_family *const FAMILIES[PATH_COUNT] = {
    [PATH_DDPM_LINEAR] = &path_ddpm_linear,
    [PATH_DDPM_COSINE] = &path_ddpm_cosine,
    [PATH_VP] = &path_vp,
    [PATH_VE] = &path_ve,
    [PATH_EDM] = &path_edm,
    [PATH_FLOW] = &path_flow,
};

const char *const path_names[] = {"ddpm-linear", "ddpm-cosine", "vp", "ve", "edm", "flow", NULL};

void path_set_family(struct path *path, const struct path_family *family) {
    *path = (struct path){
        .family = family,
        .t_min = family->t_min,
        .t_max = family->t_max,
        .k_min = family->k_min,
        .k_max = family->k_max,
        .k_low = family->k_low,
        .k_high = family->k_high,
    };
}

enum status path_make(struct ctx *ctx, enum path_id id, struct path *out) {
    path_set_family(out, FAMILIES[id]);
    return out->family->make ? out->family->make(ctx, out) : STATUS_OK;
}

struct path_point path_at_t(const struct path *path, double t) {
    return path->family->at_t(path, t);
}

struct path_point path_at_k(const struct path *path, double k) {
    return path->family->at_k(path, k);
}

struct path_rates path_rates(const struct path *path, const struct path_point *at) {
    return path->family->rates(path, at);
}

double path_prior_std(const struct path *path, const struct path_point *at) {
    return path->family->variance_preserving ? 1 : at->sigma;
}
