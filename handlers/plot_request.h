/* plot_request.h - samples as a picture: the `plot` of a request as fields, checked and drawn. */
#ifndef SOLVENT_PLOT_REQUEST_H
#define SOLVENT_PLOT_REQUEST_H

#include "core/picture/plot.h"
#include "handlers/model_request.h"

struct plot_params {
    int64_t width, height, lines, columns, scale;
    struct array x_range, y_range, image_shape, value_range;
    bool density, has_density, has_width, has_height, has_lines, has_columns, has_scale;
};
extern const struct field plot_fields[];

struct plot_job {
    const struct choice *model;
    struct model_class of;
    const double *samples; /* [count][d] */
    size_t count, d;
    const double *trajectory; /* [points][count][d]; NULL: none */
    size_t points;
};

/* plot_check refuses what cannot be drawn, before there are samples. Errors: INVALID, TOO_LARGE. */
enum status plot_check(struct ctx *ctx, const struct plot_params *params, size_t count, size_t d,
                       bool trajectory) MUST_CHECK;

/* plot_draw draws. The density is left out, and call->partial set, where the time limit has come. Errors: INVALID,
 * NO_MEMORY, CANCELLED. */
enum status plot_draw(struct call *call, const struct plot_params *params, const struct plot_job *job,
                      const struct canvas **out) MUST_CHECK;

/* plot_cost predicts the nanoseconds of plot_draw and of writing the picture, but for the density, which is left out
 * where there is no time: plot_density_cost. */
double plot_cost(const struct plot_params *params, size_t count);
double plot_density_cost(const struct plot_params *params);

#endif
