/* rate.h - the learning rate of a step: a linear warm-up, then half a cosine (Loshchilov, Hutter 2017). */
#ifndef SOLVENT_RATE_H
#define SOLVENT_RATE_H

#include <stdint.h>

struct rate {
    double peak, last; /* the greatest rate, and the part of it that is left at the end, 0 .. 1 */
    uint64_t warm_up;  /* steps: the first has peak / warm_up */
    uint64_t steps;    /* in all; later ones have the last rate. 0: the peak after the warm-up */
};

/* rate_at gives that of step 0, 1, ... */
double rate_at(const struct rate *rate, uint64_t step);

#endif
