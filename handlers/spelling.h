/* spelling.h - how far a name is from another one, to ask whether that was meant. */
#ifndef SOLVENT_SPELLING_H
#define SOLVENT_SPELLING_H

#include "core/base/array.h"

enum { SPELLING_NEAR = 2 }; /* a name that is this far off, or less, may have been meant */

/* edit_distance counts how few insertions, deletions and replacements of a byte lead from a to b (Wagner and Fischer 1974);
 * SIZE_MAX where one has more than 64 bytes. */
size_t edit_distance(struct str a, struct str b);

#endif
