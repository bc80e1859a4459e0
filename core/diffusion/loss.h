/* loss.h - what a denoiser is trained on: draws of time and noise, what the network is given then and what it should
 * say, and how far off it is.
 *
 *     loss_batch_make(ctx, images, d, classes, &batch)
 *     loss_draw(ctx, &loss, step, x0, labels, &batch)            batch.x, .times, .classes go into the network
 *     mean = loss_mean(ctx, &batch, out, d_out)                  and d_out back into it
 *
 * The loss is the mean over images and numbers of weight * (F - target)^2, F the network's own output (prediction.h):
 * eps is the simple loss of Ho et al. 2020 (eq. 14), v that of Salimans and Ho 2022, edm the preconditioned one of Karras
 * et al. 2022 (lambda c_out^2 = 1), velocity on `flow` flow matching (Lipman et al. 2023; Liu et al. 2023).
 *
 * times        t is                                              source
 * uniform      (i + u) / images of the path's times, i the       stratified as of Kingma et al. 2021, app. I.1
 *              image in the batch: each has a stratum of its own
 * logit-normal 1 / (1 + exp(-(mean + std z))) of them            Esser et al. 2024, eq. 19
 * log-normal   k = exp(mean + std z); continuous paths           Karras et al. 2022, table 1
 *
 * On discrete paths the trained step is the part of the times that t falls into. All draws are Philox's of (seed; image
 * in the batch, step), so the same step of the same seed is the same batch, whatever came before and on any threads; and
 * several loss_batch may be parts of one batch, whose losses and gradients are the sums of theirs. */
#ifndef SOLVENT_LOSS_H
#define SOLVENT_LOSS_H

#include "core/diffusion/prediction.h"

enum loss_times { LOSS_UNIFORM, LOSS_LOGIT_NORMAL, LOSS_LOG_NORMAL };
extern const char *const loss_times_names[]; /* in the order of loss_times; ends with NULL */

/* Numbers that are known: with the chance `rate` a row has some, and each group of numbers is among them with a chance
 * that is drawn for the row, uniform in 0 .. 1, so that any number of groups is as likely. A number of two groups is
 * known where either is. The network gets three times as many numbers then: those with noise, 0 where they are known;
 * those that are known as they are, 0 elsewhere; and 1 where they are known, else 0. What is known counts nothing in the
 * loss. (With known numbers in the place of noisy ones, 2 d, categories were half as near to what they should be after as
 * many steps.)
 * Choices are groups of numbers that are drawn before all others, one after another, by what E[x0 | known] is where there
 * is nothing but noise. So of four rows one is at the end of the path, where alpha is 0, without noise, and teaches just
 * that: the first of its choices are known, any number of them as likely, and of half of such rows more, as above. Two
 * have all of their choices known, beside what else is; and one is as above.
 * Source: Ivanov et al. 2019 (VAEAC, sec. 4.1); Tashiro et al. 2021 (CSDI, sec. 4.2). */
struct loss_given {
    double rate;             /* 0 .. 1; 0: the network is not told what is known */
    const uint32_t *groups;  /* [d] the group of each number; LOSS_NEVER: it is never known */
    const uint32_t *also;    /* [d] its other one, or the same */
    const uint32_t *choices; /* [d] the choice it tells of, LOSS_NEVER: of none. NULL: there are none */
    uint32_t n_choices;
};
#define LOSS_NEVER UINT32_MAX

struct loss {
    const struct path *path;
    enum prediction_id prediction; /* all but score, whose loss is that of eps in other weights */
    double sigma_data;             /* EDM's: > 0 */
    enum loss_times times;
    double mean, std; /* std > 0; of the normal number behind a time that is not uniform */
    double min_snr;   /* gamma of Hang et al. 2023: in x0 a sample counts min(snr, gamma); 0: each counts 1 in F */
    double
        drop; /* 0 .. 1: how often a label is replaced by `none` (Ho, Salimans 2022: guidance without a classifier) */
    int64_t none; /* the class that stands for no label */
    uint64_t seed;
    struct loss_given given;
};

/* loss_check says whether the parts fit each other. Errors: INVALID (pointers "/prediction", "/times", "/zero_snr"). */
enum status loss_check(struct ctx *ctx, const struct loss *loss) MUST_CHECK;

struct loss_batch {
    size_t images, d, in; /* in: numbers that the network gets, d or, told what is known, 3 d */
    size_t first, whole;  /* they are those from `first` on of a batch of `whole` */
    float *x;             /* [images][in] what the network gets */
    float *times;         /* [images] */
    int64_t *classes;     /* [images]; NULL: there are none */
    float *targets;       /* [images][d] */
    double *weights;      /* [images] */
    double *noise, *sums; /* scratch: [images][d], [images] */
    bool paired;          /* noise holds what each image comes from, and loss_draw draws none */
};

/* loss_batch_make allocates one in ctx, a whole batch; who wants a part sets first and whole. loss_batch_tell widens x
 * for a loss with a given.rate. Errors: NO_MEMORY. */
enum status loss_batch_make(struct ctx *ctx, size_t images, size_t d, bool classes, struct loss_batch *out) MUST_CHECK;
enum status loss_batch_tell(struct ctx *ctx, struct loss_batch *batch) MUST_CHECK;

/* loss_draw fills it for a step from x0[images][d] and, where the batch has classes, labels[images]. */
void loss_draw(struct ctx *ctx, const struct loss *loss, uint32_t step, const float *x0, const int64_t *labels,
               struct loss_batch *batch);

/* loss_noise writes the noise that loss_draw gives rows first .. first + rows - 1 of a step's batch, [rows][d]. */
void loss_noise(struct ctx *ctx, const struct loss *loss, uint32_t step, size_t first, size_t rows, size_t d,
                double *out);

/* loss_compare writes the gradient of the loss by out[images][d], d_out[images][d], of the batch's images first ..
 * first + images - 1, and keeps their sums: each image is summed by itself, on any thread. loss_sum, when all have been
 * compared, gives the loss, of a part its share of the whole batch's mean: the images in order, in double precision. */
void loss_compare(const struct loss_batch *batch, size_t first, size_t images, const float *out, float *d_out);
double loss_sum(const struct loss_batch *batch);

/* loss_mean does both for all images. */
double loss_mean(struct ctx *ctx, const struct loss_batch *batch, const float *out, float *d_out);

#endif
