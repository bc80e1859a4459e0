/* plot_axes.h - what pictures of the plane and of a line share: colours, the frame and its axes. For plot*.c only. */
#ifndef SOLVENT_PLOT_AXES_H
#define SOLVENT_PLOT_AXES_H

#include "core/picture/plot.h"

enum { PLOT_PAPER = 0xffffff, PLOT_DOT = 0xd55e00 };

#define PLOT_LEAST 1e-100 /* of ranges on a line */

/* plot_scale is 2 in large pictures, where labels and margins are twice as large. */
unsigned plot_scale(const struct plot_in *in);

/* plot_pixel is where v lies if v0 lies at p0 and v1 at p1. */
static inline double plot_pixel(double v, double v0, double v1, double p0, double p1) {
    return p0 + (v - v0) / (v1 - v0) * (p1 - p0);
}

/* plot_axes draws the frame and the ticks of in->range with their labels. */
void plot_axes(struct canvas *canvas, const struct plot_in *in, const double frame[4]);

#endif
