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
};

/* loss_check says whether the parts fit each other. Errors: INVALID (pointers "/prediction", "/times", "/zero_snr"). */
enum status loss_check(struct ctx *ctx, const struct loss *loss) MUST_CHECK;

struct loss_batch {
    size_t images, d;
    size_t first, whole;  /* they are those from `first` on of a batch of `whole` */
    float *x;             /* [images][d] what the network gets */
    float *times;         /* [images] */
    int64_t *classes;     /* [images]; NULL: there are none */
    float *targets;       /* [images][d] */
    double *weights;      /* [images] */
    double *noise, *sums; /* scratch: [images][d], [images] */
};

/* loss_batch_make allocates one in ctx, a whole batch; who wants a part sets first and whole. Errors: NO_MEMORY. */
enum status loss_batch_make(struct ctx *ctx, size_t images, size_t d, bool classes, struct loss_batch *out) MUST_CHECK;

/* loss_draw fills it for a step from x0[images][d] and, where the batch has classes, labels[images]. */
void loss_draw(struct ctx *ctx, const struct loss *loss, uint32_t step, const float *x0, const int64_t *labels,
               struct loss_batch *batch);

/* loss_compare writes the gradient of the loss by out[images][d], d_out[images][d], of the batch's images first ..
 * first + images - 1, and keeps their sums: each image is summed by itself, on any thread. loss_sum, when all have been
 * compared, gives the loss, of a part its share of the whole batch's mean: the images in order, in double precision. */
void loss_compare(const struct loss_batch *batch, size_t first, size_t images, const float *out, float *d_out);
double loss_sum(const struct loss_batch *batch);

/* loss_mean does both for all images. */
double loss_mean(struct ctx *ctx, const struct loss_batch *batch, const float *out, float *d_out);

#endif
