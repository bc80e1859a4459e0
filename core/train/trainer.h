/* trainer.h - a network learns from data in memory, step by step.
 *
 *     trainer_make(ctx, graph, &data, &loss, &options, &t)
 *     while (trainer_at(t) < options.steps) trainer_step(t, &report)
 *     trainer_average(t)                                           the weights to sample with
 *
 * A step: the next `batch` items in the epoch's order (epoch_order.h), the batch that the loss makes of them (loss.h),
 * the gradient, its norm clipped, AdamW, and the moving average of the weights. Weights, moments, average and the
 * number of steps (and the scaler) are all that a run is: what trainer_save wrote and trainer_restore read goes on to the
 * same bits, and so it does on any number of threads. Other kernels (ctx->isa) give other last digits.
 * With GRADIENT_F16 the loss is scaled (scaler.h). A step whose gradient overflows, on any rank, is skipped: weights,
 * moments, average and their count of steps (which corrects the moments, and warms the average up) stay as they are. It is
 * a step of the run all the same: the next one has other items and draws, and the rate goes on along its schedule, so that
 * a run of so many steps ends after as many batches. What overflows on the way forwards ends the run: no scale mends it.
 * Data come from standard normal numbers, or from the points of a source, paired with them as `coupling` says (pairs.h).
 * In a team (team.h) each rank goes through its rows of every batch; what is drawn for a row is the same, so that a step
 * is that of one process but for the order of its sums.
 * Source: Loshchilov and Hutter 2019 (AdamW); Ho et al. 2020, app. B (the average). */
#ifndef SOLVENT_TRAINER_H
#define SOLVENT_TRAINER_H

#include "core/diffusion/loss.h"
#include "core/nn/gradient.h"
#include "core/train/mirror.h"
#include "core/train/pairs.h"
#include "core/train/team.h"

/* Items as the network sees them: [height][width][channels], or a row of numbers. One of rows and bytes is given. */
struct train_data {
    size_t n, d;
    const float *rows;          /* [n][d] */
    const unsigned char *bytes; /* [n][d]; a byte b is b / 127.5 - 1 */
    const int64_t *labels;      /* [n]; NULL: there are none */
};

/* train_data_item writes an item as the network sees it: to[d]. */
void train_data_item(const struct train_data *data, size_t item, float *to);

struct trainer_options {
    size_t steps, batch; /* both >= 1; batch may be more than there are items */
    double lr;           /* of AdamW after `warmup` steps, from where a half cosine leads to lr_end * lr at `steps` */
    double lr_end;
    size_t warmup;
    double beta1, beta2, weight_decay;
    double clip_norm;  /* of the gradient; 0: it is not clipped */
    double ema;        /* the average keeps min(ema, (1 + n) / (10 + n)) of itself in step n */
    uint64_t seed;     /* of the initial weights and of the order; the loss has its own */
    struct team *team; /* NULL: alone; its ranks divide the batch */
    size_t held;       /* items that are not learnt from, below data->n: drawn by the seed, for trainer_held_out */
    const struct train_data *source; /* in place of the noise, of the data's d; its labels say nothing. NULL: noise */
    enum coupling coupling;
    enum gradient_dtype dtype; /* of the factors of products with weights */
    struct mirror mirror;      /* of the items that are learnt from, not of those held out */
    const float *initial;      /* weights to start with, in the layout of gradient.h; NULL: trainer_first_weights */
};

/* What a step found. */
struct trainer_report {
    size_t step;             /* from 1 */
    double loss, norm, rate; /* norm: of the gradient, without the scale, before it is clipped; infinite: it overflowed,
                                and the step was skipped */
    double scale;            /* by which the loss was multiplied; 0: it was not */
    size_t skipped;          /* steps that were, this one included */
};

struct trainer;

/* trainer_first_weights draws weights[gradient_numbers(graph)] to start with: those of initial.h, but that residual branches
 * and outputs say nothing yet, and classes little. */
void trainer_first_weights(const struct graph *graph, uint64_t seed, float *weights);

/* trainer_check: the ranks of the team divide the batch, which can be coupled as is wanted. Errors: INVALID. */
enum status trainer_check(struct ctx *ctx, const struct trainer_options *options) MUST_CHECK;

/* trainer_make prepares the first step, in ctx; it borrows all that it is given. graph's input has data->d numbers (three
 * times as many where loss->given has a rate), and its classes, where data have labels, are those of the labels and loss->none.
 * Errors: INVALID (of loss_check, of gradient_new, of trainer_check), NO_MEMORY. */
enum status trainer_make(struct ctx *ctx, const struct graph *graph, const struct train_data *data,
                         const struct loss *loss, const struct trainer_options *options,
                         struct trainer **out) MUST_CHECK;

/* trainer_step takes one step; on an error the state is as it was. A team gets the same report, or the same error.
 * Errors: INVALID (the loss or, at the least scale, its gradient is no longer finite), NO_MEMORY (coupling), CANCELLED, TIMED_OUT. */
enum status trainer_step(struct trainer *t, struct trainer_report *report) MUST_CHECK;

size_t trainer_at(const struct trainer *t); /* steps gone by, those that were skipped with them */

/* trainer_held_out gives the mean loss of the average on the items that were held out (there must be some): the same
 * draws at any step, labels as they are. A team goes through them together. Errors: as of trainer_step. */
enum status trainer_held_out(struct trainer *t, double *loss) MUST_CHECK;

/* The weights and their moving average, in the layout of gradient.h; they change with the next step. */
const float *trainer_weights(const struct trainer *t);
const float *trainer_average(const struct trainer *t);

/* trainer_save writes trainer_bytes bytes: the state on this machine's order of bytes. trainer_restore reads it back.
 * Errors: INVALID (a state of another size, with more steps than there are, or with a scale that none has). */
size_t trainer_bytes(const struct trainer *t);
void trainer_save(const struct trainer *t, void *to);
enum status trainer_restore(struct trainer *t, const void *from, size_t n) MUST_CHECK;

#endif
