/* toy.h - sets of points in the plane that everybody draws, to try a network on without any data.
 *
 * name            is                                                                       class
 * moons           two half circles of radius 1.3 that reach into each other; noise 0.07    which moon, 0 or 1
 * eight-gaussians Gaussians of deviation 0.1 on a circle of radius sqrt 2 (variance 1.01)   which, 0 .. 7
 * cfm-moons       two half circles of radius 3, drawn out along the diagonal by 0 .. 0.6   which moon, 0 or 1
 * cfm-gaussians   Gaussians of variance 0.1^(1/2) on a circle of radius 5                   which, 0 .. 7
 *
 * The last two are the pair that flow matching between two sets of points is measured on (Tong et al. 2023, torchcfm:
 * "8gaussians" to "moons"). Coordinates of the first two have mean 0 (moons: nearly). A point is Philox's of (seed;
 * point): the first m of n points are the m points of a smaller set. */
#ifndef SOLVENT_TOY_H
#define SOLVENT_TOY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum toy { TOY_MOONS, TOY_EIGHT_GAUSSIANS, TOY_CFM_MOONS, TOY_CFM_GAUSSIANS, TOY_COUNT };
extern const char *const toy_names[]; /* in the order of toy; ends with NULL */

int64_t toy_classes(enum toy toy);

/* toy_is_unit: its coordinates are of the size of 1, so that a network takes them as they are. */
bool toy_is_unit(enum toy toy);

/* toy_draw writes n points, [n][2], and their classes. */
void toy_draw(enum toy toy, uint64_t seed, size_t n, float *points, int64_t *classes);

#endif
