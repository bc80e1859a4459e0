/* train_tell.h - what a run says of itself on standard error before it begins: the data as they were understood, which is
 * where a wrong separator or a decimal comma shows, and how they are learnt. */
#ifndef SOLVENT_TRAIN_TELL_H
#define SOLVENT_TRAIN_TELL_H

#include "handlers/train_plan.h"

/* train_tell writes a line, and another one for the columns of a table. steps_before: of the run that the folder holds;
 * 0: it holds none. */
void train_tell(const struct ctx *ctx, const struct train_plan *plan, size_t steps_before);

#endif
