#include "core/diffusion/path.h"

#include <stddef.h>
#include <string.h>

#include "core/diffusion/path_families.h"

static const struct path_family *const FAMILIES[PATH_COUNT] = {
    [PATH_DDPM_LINEAR] = &path_ddpm_linear,
    [PATH_DDPM_SCALED_LINEAR] = &path_ddpm_scaled_linear,
    [PATH_DDPM_COSINE] = &path_ddpm_cosine,
    [PATH_DDPM_SIGMOID] = &path_ddpm_sigmoid,
    [PATH_DDPM_EXP] = &path_ddpm_exp,
    [PATH_VP] = &path_vp,
    [PATH_SUB_VP] = &path_sub_vp,
    [PATH_VE] = &path_ve,
    [PATH_EDM] = &path_edm,
    [PATH_FLOW] = &path_flow,
    [PATH_CONDOT] = &path_condot,
    [PATH_GVP] = &path_gvp,
};

const char *const path_names[] = {"ddpm-linear", "ddpm-scaled-linear",
                                  "ddpm-cosine", "ddpm-sigmoid",
                                  "ddpm-exp",    "vp",
                                  "sub-vp",      "ve",
                                  "edm",         "flow",
                                  "condot",      "gvp",
                                  NULL};

const char *const path_docs[] = {
    "Trained steps 0 .. 999, beta linear (Ho, Jain, Abbeel 2020).",
    "Trained steps, sqrt(beta) linear (Rombach et al. 2022, Stable Diffusion).",
    "Trained steps, abar a squared cosine (Nichol, Dhariwal 2021).",
    "Trained steps, beta a sigmoid (GeoDiff).",
    "Trained steps, abar = exp(-12 u).",
    "The variance preserving equation, t from 0 to 1 (Song et al. 2021).",
    "Its smaller sibling, sigma = 1 - alpha^2 (Song et al. 2021).",
    "The variance exploding equation (Song et al. 2021).",
    "alpha = 1, sigma = t (Karras et al. 2022).",
    "alpha = 1 - t, sigma = t (Liu, Gong, Liu 2023); networks are told 1000 t.",
    "The same line for networks that are told 1 - t and say where data lie (Lipman et al. 2023; SiT).",
    "alpha = cos(pi t / 2), sigma = sin(pi t / 2) (SiT's GVP).",
    NULL};

uint64_t path_takes(enum path_id id) { return FAMILIES[id]->takes; }

static void set_family(struct path *path, const struct path_family *family) {
    *path = (struct path){
        .family = family,
        .told_by = 1,
        .t_min = family->t_min,
        .t_max = family->t_max,
        .k_min = family->k_min,
        .k_max = family->k_max,
        .k_low = family->k_low,
        .k_high = family->k_high,
    };
}

static const struct option_entry OPTIONS[] = {
#define X(name, type, ...) {#name, "/path_options/" #name, offsetof(struct path_options, name), sizeof(option_##type)},
    PATH_OPTIONS(X)
#undef X
};

static enum status resolve(struct ctx *ctx, const struct path_family *family, const struct path_options *given,
                           struct path_options *out) {
    *out = family->defaults;
    out->given = given->given;
    out->betas = given->betas;
    out->last_abar = given->last_abar;
    const struct option_owner owner = {"path_options", "path", family->name, family->takes};
    return options_take(ctx, OPTIONS, PATH_OPTION_COUNT, &owner, given->given, given, out);
}

enum status path_option_range(struct ctx *ctx, const char *name, double value, double low, double high) {
    if (value > low && value <= high)
        return STATUS_OK;
    char pointer[48] = "/path_options/";
    strncat(pointer, name, sizeof pointer - 15);
    return ctx_fail(ctx, STATUS_INVALID, pointer, "path_options.%s is %.9g, want a number above %.9g and up to %.9g.",
                    name, value, low, high);
}

enum status path_make(struct ctx *ctx, enum path_id id, const struct path_options *options, struct path *out) {
    const struct path_family *family = FAMILIES[id];
    const struct path_options none = {0};
    set_family(out, family);
    enum status status = resolve(ctx, family, options ? options : &none, &out->options);
    return status == STATUS_OK && family->make ? family->make(ctx, out) : status;
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

double path_time(const struct path *path, const struct path_point *at) {
    return path->told_by * (path->family->time ? path->family->time(at) : at->t);
}

double path_prior_std(const struct path *path, const struct path_point *at) {
    return path->family->variance_preserving ? 1 : at->sigma;
}
