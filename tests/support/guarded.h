/* guarded.h - arrays of floats that end where the next page may not be touched. */
#ifndef SOLVENT_TEST_GUARDED_H
#define SOLVENT_TEST_GUARDED_H

#include <stddef.h>
#include <stdint.h>

/* guarded gives room for n floats, random in -4 .. 4; drop gives it back. */
float *guarded(size_t n, uint64_t *seed);
void drop(float *f, size_t n);

#endif
