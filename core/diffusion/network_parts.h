/* network_parts.h - the inside of a network's denoiser, for network.c and network_slopes.c. */
#ifndef SOLVENT_NETWORK_PARTS_H
#define SOLVENT_NETWORK_PARTS_H

#include "core/base/workspace.h"
#include "core/diffusion/network.h"

struct network_model {
    struct denoiser base; /* first: a denoiser pointer is a network_model pointer */
    struct network network;
    struct network_use use;
    struct ctx *ctx;
    size_t numbers_in, numbers_out; /* of the network, an image */
    /* With slopes: */
    float *weights;            /* in the layout of files */
    struct workspaces *spaces; /* of struct slope_space */
};

/* network_at gives the coefficients at a point, and what the network is told of its time. */
struct prediction network_at(const struct network_model *m, const struct path_point *at, float *time);

/* network_class is the class that the network is told of row r. */
static inline int64_t network_class(const struct network_model *m, const int64_t *classes, size_t r) {
    return classes ? classes[r] : m->use.class;
}

/* network_lay_in turns channels first into channels last, with what is given
 * (NULL: nothing is); network_gather takes the answer back: D = x_by x + out_by F, and what the network says
 * beside it (said NULL: that is not wanted). */
void network_lay_in(const struct network *n, double by, const double *x, const double *given, float *to);
void network_gather(const struct network *n, const struct prediction *p, const double *x, const float *F, double *D,
                    double *said);

/* network_each answers D alone. */
void network_each(const struct denoiser *self, const struct denoiser_each *q, double *scratch);

/* network_slopes makes a denoiser give EACH_TRACE and EACH_VJV. Errors: NO_MEMORY. */
enum status network_slopes(struct ctx *ctx, struct network_model *m) MUST_CHECK;

#endif
