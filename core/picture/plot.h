/* plot.h - samples in the plane as a picture: dots, lines, and the density they should have behind them, with axes.
 * Samples on a line are bars as high as their density is, and the one they should have is a curve over them.
 * Dots are vermilion and densities blue, which the common kinds of colour blindness tell apart (Okabe, Ito 2008). Many
 * dots get smaller and more transparent, so that how many lie in a place stays visible.
 * Cost: about 20 to 100 ns a dot, 3 ns a number, 10 ns a pixel. Threads: one. */
#ifndef SOLVENT_PLOT_H
#define SOLVENT_PLOT_H

#include "core/picture/canvas.h"

/* What of the plane is shown. */
struct plot_range {
    double x0, x1, y0, y1; /* x0 < x1, y0 < y1 */
};

struct plot_in {
    size_t width, height; /* pixels, PLOT_MIN .. CANVAS_MAX */
    struct plot_range range;
    const double *samples; /* [count][2] */
    size_t count;
    const double *states;  /* [points][count][2], ways of the samples; NULL: no lines */
    size_t points, lines;  /* lines <= count: those of the first samples */
    const double *density; /* [rows][columns] >= 0, at the middles of equal cells from the upper left; NULL: none */
    size_t rows, columns;
};

enum { PLOT_MIN = 128 };

/* plot_frame is where the plane is in the picture: x0, y0, x1, y1 in pixels. */
void plot_frame(const struct plot_in *in, double frame[4]);

/* plot_range_of finds a range that shows n points [n][2], with a margin; the range of `more` points beside them is
 * shown as far as it is no more than half as wide again on each side. */
void plot_range_of(const double *points, size_t n, const double *more, size_t n_more, struct plot_range *out);

/* plot_draw_plane and plot_draw_sheet draw. Errors: NO_MEMORY, CANCELLED. */
enum status plot_draw_plane(struct ctx *ctx, const struct plot_in *in, struct canvas *out) MUST_CHECK;

/* plot_span_of is plot_range_of for the x of numbers. */
void plot_span_of(const double *numbers, size_t n, double *x0, double *x1);

/* plot_draw_bars draws numbers: of `in`, samples are [count], density [columns] at the middles of equal pieces, in the
 * unit of y, states and rows are not read. Where y1 <= y0, y is from 0 to what bars and curve need. Bars are as narrow
 * as lets one in them have count^(2/3) others beside it on average: about 2 count^(1/3) bars for a single hump.
 * Errors: NO_MEMORY. */
enum status plot_draw_bars(struct ctx *ctx, const struct plot_in *in, struct canvas *out) MUST_CHECK;

/* A sheet of images. */
struct plot_sheet {
    const double *samples;                 /* [count][channels][height][width] */
    size_t count, channels, height, width; /* channels 1 or 3 */
    double black, white;
    size_t columns, scale; /* images in a row; pixels of the picture for one of an image */
};

/* plot_sheet_size gives the size of the picture. */
void plot_sheet_size(const struct plot_sheet *in, size_t *width, size_t *height);
enum status plot_draw_sheet(struct ctx *ctx, const struct plot_sheet *in, struct canvas *out) MUST_CHECK;

/* plot_draw_image draws one of the images alone, without a border. Errors: NO_MEMORY. */
enum status plot_draw_image(struct ctx *ctx, const struct plot_sheet *in, size_t index, struct canvas *out) MUST_CHECK;

#endif
