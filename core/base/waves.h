/* waves.h - cosines and sines of many angles in single precision, by elementary.h's formulas in double precision: the
 * same bits on every machine. Threads: reentrant. */
#ifndef SOLVENT_WAVES_H
#define SOLVENT_WAVES_H

#include <stddef.h>

#include "core/base/cpu.h"

/* waves writes cosine[i] and sine[i] of angle[i] radians, |angle| <= 2^50, for n angles. */
typedef void waves_function(size_t n, const float *angle, float *cosine, float *sine);

/* waves_for gives the function with the instructions of a set: about 2 ns an angle with AVX2. */
waves_function *waves_for(enum isa isa);

waves_function waves_ref, waves_avx2, waves_avx512; /* private to waves*.c: the same, compiled for each */

#endif
