/* point_shapes.h - point sets that are hard on geometry: grids, lines, noise of the last bit, equal points. */
#ifndef SOLVENT_TEST_POINT_SHAPES_H
#define SOLVENT_TEST_POINT_SHAPES_H

#include "core/geometry/point_set.h"

enum shape {
    SHAPE_UNIFORM,
    SHAPE_GRID,     /* few coordinates: many equal, many ties */
    SHAPE_CIRCLE,   /* on a circle of radius 25 exactly, and on multiples of it */
    SHAPE_ROUNDED,  /* on a circle but for rounding */
    SHAPE_CLUSTERS, /* tight ones, far apart */
    SHAPE_LINE,
    SHAPE_NEARLY, /* on a line but for the last bits */
    SHAPE_NOISE,  /* all within 1e-17 */
    SHAPE_EQUAL,
    SHAPES
};

/* shape_points gives n points, malloc'ed. */
struct point *shape_points(enum shape shape, size_t n, uint64_t *random);

/* assert_near fails unless |a - b| <= slack. */
#define assert_near(a, b, slack) assert_true(fabs((a) - (b)) <= (slack))

#endif
