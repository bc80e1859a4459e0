/* train_key.h - what a training run is of, as a digest: the data as they were read, what it starts from, and the options
 * that its result depends on. Those that are as by default are left out, so that a version with more options goes on
 * from what an older one wrote; and so is the number of steps, since a run may be made longer. */
#ifndef SOLVENT_TRAIN_KEY_H
#define SOLVENT_TRAIN_KEY_H

#include "handlers/train_plan.h"
#include "server/key.h"

struct key train_key(const struct train_plan *plan);

#endif
