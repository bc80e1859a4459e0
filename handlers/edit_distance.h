/* edit_distance.h - how far one name is from another, for "did you mean". Source: Wagner and Fischer 1974. */
#ifndef SOLVENT_EDIT_DISTANCE_H
#define SOLVENT_EDIT_DISTANCE_H

#include <stddef.h>

/* edit_distance counts how few letters to put in, take out or replace lead from a to b; names of more than 32 letters are
 * far from all. */
size_t edit_distance(const char *a, const char *b);

#endif
