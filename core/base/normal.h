/* normal.h - Gaussian noise as a pure function of (seed, stream, step, sample, element).
 * Source: Box and Muller 1958 over Philox4x32-10 (philox.h), key = the two halves of the seed, counter = (element / 4,
 * sample, step, stream). Words 0 and 1 of a block make elements 0 and 1 (radius, angle), words 2 and 3 make elements 2
 * and 3; u = (word + 1/2) / 2^32, so |z| < 6.77.
 *
 * Nothing depends on what else is drawn: the first m of n samples are the m samples of a smaller request, bit for
 * bit. */
#ifndef SOLVENT_NORMAL_H
#define SOLVENT_NORMAL_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/cpu.h"

/* What a number is drawn for: one seed serves several independent uses. */
enum normal_stream {
    NORMAL_LATENT = 0,        /* the initial state; step 0 */
    NORMAL_STEP = 1,          /* the noise that a sampler adds on its way; step counts its draws */
    NORMAL_BRIDGE = 2,        /* the midpoints of a Brownian path; plus 2^8 times a number that is part of the step */
    NORMAL_PROBE = 3,         /* directions of a random trace; step counts those of a sample */
    NORMAL_TRUTH = 4,         /* samples of a closed form itself; odd steps choose the part */
    NORMAL_SLICE = 5,         /* directions that samples are projected on */
    NORMAL_TRAIN_NOISE = 6,   /* the noise of a training sample; step counts the trainer's */
    NORMAL_TRAIN_TIME = 7,    /* the normal number behind its time */
    NORMAL_TRAIN_WORDS = 8,   /* words as Philox gives them: its uniform time, whether its label is dropped */
    NORMAL_TRAIN_ORDER = 9,   /* words too: in which order the data come; step counts epochs */
    NORMAL_TOY = 10,          /* data sets that are drawn */
    NORMAL_TRAIN_MIRROR = 11, /* words: whether an image is mirrored */
    NORMAL_WEIGHTS = 16,      /* those that training starts with; step counts the parameters */
};

/* normal_rows fills out[rows][d] with the noise of samples first .. first + rows - 1. first + rows and d below 2^32. */
typedef void normal_rows_function(uint64_t seed, uint32_t stream, uint32_t step, size_t first, size_t rows, size_t d,
                                  double *out);
normal_rows_function normal_rows;

/* normal_rows_for gives the same function, to the bit, with the instructions of a set: about 6 ns a number with AVX2, 12
 * without; a third more below 3 dimensions, where half of the words go unused. */
normal_rows_function *normal_rows_for(enum isa isa);

#endif
