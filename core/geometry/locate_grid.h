/* locate_grid.h - square cells over the box of a polygon: those that no edge touches are inside or outside as a whole.
 *
 * Method:  an edge marks the cells of each row that it meets, with a hundredth of a cell to spare. Points come to their
 *          cells by a rounded product that is off by less than 2^-40 of a cell; so all of a cell that is not marked is
 *          on one side, exactly.
 * Cost:    at most one step a point that will be asked for, else the cells become greater.
 * Threads: reentrant. */
#ifndef SOLVENT_LOCATE_GRID_H
#define SOLVENT_LOCATE_GRID_H

#include "core/geometry/polygon.h"

enum { GRID_TOUCHED = 255 };

struct grid {
    size_t side; /* cells along an axis; 0: no grid, as it would not pay or the box is too great or too small */
    double low[2], high[2], scale[2];
    unsigned char *cells; /* [side][side], rows from below: GRID_TOUCHED, or whatever the owner has put there */
};

/* grid_touch begins a grid for n points to come: cells are GRID_TOUCHED or 0. Errors: NO_MEMORY, CANCELLED,
 * TIMED_OUT. */
enum status grid_touch(struct ctx *ctx, const struct rings *rings, size_t n, struct grid *out) MUST_CHECK;

/* grid_middle gives a point of a cell; false where doubles are too coarse for one. */
bool grid_middle(const struct grid *g, size_t column, size_t row, double at[2]);

/* grid_place is the column (axis 0) or row (axis 1) of x, which is from low to high. It grows with x. */
static inline size_t grid_place(const struct grid *g, int axis, double x) {
    size_t place = (size_t)((x - g->low[axis]) * g->scale[axis]);
    return place < g->side ? place : g->side - 1;
}

#endif
