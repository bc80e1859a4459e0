/* gaussian.h - the smallest model there is, N(0, 0.25) in one dimension, on a path and a grid. Its flow is known: y' =
 * y sqrt((s^2 + k'^2) / (s^2 + k^2)). */
#ifndef SOLVENT_TESTS_GAUSSIAN_H
#define SOLVENT_TESTS_GAUSSIAN_H

#include "core/diffusion/grid.h"
#include "core/diffusion/mixture.h"
#include "tests/support/test.h"

/* gaussian_make gives its denoiser, the path, and the grid's points; the result is the number of steps. */
static inline size_t gaussian_make(struct ctx *ctx, enum path_id id, const struct grid_in *grid, struct path *path,
                                   struct path_point **points, const struct denoiser **denoiser) {
    static const double mean = 0, std = 0.5; /* borrowed */
    const struct mixture_in data = {.k = 1, .d = 1, .means = &mean, .stds = &std, .n_stds = 1};
    size_t steps;
    assert_int_equal(mixture_make(ctx, &data, denoiser), STATUS_OK);
    assert_int_equal(path_make(ctx, id, NULL, path), STATUS_OK);
    assert_int_equal(grid_make(ctx, path, grid, points, &steps), STATUS_OK);
    return steps;
}

#endif
