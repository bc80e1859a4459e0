/* toy.h - two sets of points in the plane that everybody draws, to try a network on without any data.
 *
 * name            is                                                                       class
 * moons           two half circles of radius 1.3 that reach into each other; noise 0.07    which moon, 0 or 1
 * eight-gaussians Gaussians of deviation 0.1 on a circle of radius sqrt 2 (variance 1.01)   which, 0 .. 7
 *
 * Coordinates have mean 0 (moons: nearly). A point is Philox's of (seed; point): the first m of n points are the m
 * points of a smaller set. */
#ifndef SOLVENT_TOY_H
#define SOLVENT_TOY_H

#include <stddef.h>
#include <stdint.h>

enum toy { TOY_MOONS, TOY_EIGHT_GAUSSIANS, TOY_COUNT };
extern const char *const toy_names[]; /* in the order of toy; ends with NULL */

int64_t toy_classes(enum toy toy);

/* toy_draw writes n points, [n][2], and their classes. */
void toy_draw(enum toy toy, uint64_t seed, size_t n, float *points, int64_t *classes);

#endif
