/* path_families.h - the families that path.c lists. For path*.c only. */
#ifndef SOLVENT_PATH_FAMILIES_H
#define SOLVENT_PATH_FAMILIES_H

#include "core/diffusion/path.h"

/* Levels that a request may name on a continuous path; their squares and quotients stay finite. */
#define PATH_K_LOW 1e-9
#define PATH_K_HIGH 1e9

extern const struct path_family path_ddpm_linear, path_ddpm_scaled_linear, path_ddpm_cosine, path_ddpm_sigmoid,
    path_ddpm_exp, path_vp, path_sub_vp, path_ve, path_edm, path_flow, path_condot, path_gvp;

/* path_option_range checks low < value <= high of a number among the options. */
enum status path_option_range(struct ctx *ctx, const char *name, double value, double low, double high) MUST_CHECK;

#endif
