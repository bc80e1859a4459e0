/* scaler.h - by how much a loss is multiplied before it is derived, so that derivatives stay within binary16: where they
 * overflow it becomes half as large and the step is skipped, and after 2000 steps on end that did not, twice as large.
 * Source: Micikevicius et al. 2018, sec. 3.2 (loss scaling); the numbers are those of PyTorch's torch.amp.GradScaler.
 * Differs: it never falls below 1, where an overflow is the run's fault, not the scale's.
 * The scale is a power of two, so that it changes no bit of a derivative that stays within range. */
#ifndef SOLVENT_SCALER_H
#define SOLVENT_SCALER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"

enum { SCALER_FIRST = 65536, SCALER_LEAST = 1, SCALER_INTERVAL = 2000 };

/* It has no padding: its bytes are kept in checkpoints. */
struct scaler {
    double scale;   /* SCALER_LEAST .. 2^127, as a float has it */
    uint64_t whole; /* steps without overflow since the scale has changed or a step overflowed, below SCALER_INTERVAL */
    uint64_t skipped; /* steps that overflowed, of all */
};

struct scaler scaler_begin(void);

/* scaler_whole counts a step that did not overflow. */
void scaler_whole(struct scaler *s);

/* scaler_overflow counts one that did; false: the scale is the least there is, and nothing has changed. */
bool scaler_overflow(struct scaler *s) MUST_CHECK;

/* scaler_sound: these may have been a scaler's numbers. */
bool scaler_sound(const struct scaler *s);

#endif
