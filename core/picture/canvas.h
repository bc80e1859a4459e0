/* canvas.h - a picture in memory: shapes with smooth edges, blended one over the other.
 *
 * Coordinates are in pixels from the upper left corner, x to the right and y down; pixel (i, j) is the square from
 * (i, j) to (i + 1, j + 1). A shape covers an edge pixel by its distance from the edge, which is the exact area to
 * within a tenth for shapes of a pixel or more. Colours are 0xRRGGBB and are mixed as they are stored.
 * Cost: the pixels of a shape's bounding box. What lies outside of the canvas, or of the clip, is left out; coordinates
 * may be anything: points beyond 1e150 and NaN are nowhere. Same shapes in the same order, same bytes. Threads: one canvas, one thread. */
#ifndef SOLVENT_CANVAS_H
#define SOLVENT_CANVAS_H

#include "core/base/ctx.h"

enum { CANVAS_MAX = 4096 }; /* pixels a side */

struct canvas {
    size_t width, height;
    double clip[4]; /* x0, y0, x1, y1: shapes are drawn within; whole pixels */
    float *rgb;     /* [height][width][3], 0 .. 255 */
};

/* canvas_make allocates one of a colour, in ctx. Errors: NO_MEMORY. */
enum status canvas_make(struct ctx *ctx, size_t width, size_t height, unsigned colour, struct canvas *out) MUST_CHECK;

/* canvas_clip draws from now on within a rectangle; canvas_unclip everywhere. */
void canvas_clip(struct canvas *c, double x0, double y0, double x1, double y1);
void canvas_unclip(struct canvas *c);

/* opacity is 0 (nothing) to 1. */
void canvas_disc(struct canvas *c, double x, double y, double radius, unsigned colour, double opacity);
void canvas_rectangle(struct canvas *c, double x0, double y0, double x1, double y1, unsigned colour, double opacity);

/* canvas_path is a line through n points, [n][2], with round ends and corners; it is as dark where it crosses itself
 * as elsewhere only from one of its segments to the next. */
void canvas_path(struct canvas *c, const double *points, size_t n, double width, unsigned colour, double opacity);

/* canvas_text writes digits and " .-+e" in cells of CANVAS_CELL x CANVAS_LINE times `scale` pixels, (x, y) the upper
 * left corner of the first; other characters are blanks. */
enum { CANVAS_CELL = 6, CANVAS_LINE = 7 };
void canvas_text(struct canvas *c, const char *text, double x, double y, unsigned scale, unsigned colour);

/* canvas_bytes rounds to 8 bits a colour, [height][width][3], in ctx; NULL: no memory. */
unsigned char *canvas_bytes(struct ctx *ctx, const struct canvas *c) MUST_CHECK;

#endif
