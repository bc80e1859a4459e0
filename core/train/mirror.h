/* mirror.h - images that are mirrored left to right as they are learnt from, half of them: where a thing looks to the left
 * as often as to the right, there are twice as many to learn from. Source: as of Krizhevsky et al. 2012, sec. 4.1.
 * Whether an item is mirrored is a function of the seed and of its place in the run (steps times batch, plus the row). */
#ifndef SOLVENT_MIRROR_H
#define SOLVENT_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mirror {
    size_t width, channels; /* of images [height][width][channels]; width 0: nothing is mirrored */
    uint64_t seed;
};

/* mirror_draws says whether the item at a place of the run is mirrored. */
bool mirror_draws(const struct mirror *m, uint64_t place);

/* mirror_item mirrors an image of d numbers. */
void mirror_item(const struct mirror *m, size_t d, float *item);

#endif
