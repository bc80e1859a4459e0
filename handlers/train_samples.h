/* train_samples.h - a picture of what a network draws while it learns.
 *
 * Images: sample_count of them in rows, one for each class where there are classes, with sample_guidance. Points:
 * 16 * sample_count of them, of all classes together; of rows of more than two numbers, the first two.
 * The sampler is dpmpp_2m in sample_steps steps; the latents are those of the run's seed, so that pictures of a run show
 * the same samples growing. */
#ifndef SOLVENT_TRAIN_SAMPLES_H
#define SOLVENT_TRAIN_SAMPLES_H

#include "handlers/train_plan.h"

/* train_samples appends a PNG of samples with these weights (laid out as gradient.h says). Memory is given back.
 * Errors: NO_MEMORY, CANCELLED, TIMED_OUT; INVALID (a state that left the doubles; more steps than the path has). */
enum status train_samples(struct ctx *ctx, const struct train_plan *plan, const float *weights,
                          struct buf *out) MUST_CHECK;

#endif
