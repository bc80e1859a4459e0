/* sampler_names.h - the names that other libraries have for paths, grids, solvers and predictions: taken in requests, and
 * answered with ours. From diffusers (class names), k-diffusion, score_sde, SiT and stable-diffusion.cpp. */
#ifndef SOLVENT_SAMPLER_NAMES_H
#define SOLVENT_SAMPLER_NAMES_H

#include "handlers/field.h"

extern const struct alias path_aliases[], grid_aliases[], solver_aliases[], prediction_aliases[];

#endif
