/* train_alike.h - do all ranks learn the same? Those on several machines may see other files, or be other programs. */
#ifndef SOLVENT_TRAIN_ALIKE_H
#define SOLVENT_TRAIN_ALIKE_H

#include "handlers/train_plan.h"
#include "server/key.h"

/* train_alike compares what decides the weights, and what decides when ranks wait for each other, with the first rank's:
 * program, kernels, options, data (with the options they are run's digest `of`), and where t stands. All ranks call it.
 * Errors: INVALID (the first rank that differs, and in what). */
enum status train_alike(struct ctx *ctx, const struct train_plan *plan, const struct key *of, const struct graph *graph,
                        const struct trainer *t) MUST_CHECK;

#endif
