#include "core/diffusion/loss.h"

#include <math.h>

#include "core/base/elementary.h"
#include "core/base/normal.h"
#include "core/base/philox.h"

const char *const loss_times_names[] = {"uniform", "logit-normal", "log-normal", NULL};

enum status loss_check(struct ctx *ctx, const struct loss *loss) {
    enum status status = prediction_check(ctx, loss->path, loss->prediction);
    if (status != STATUS_OK)
        return status;
    if (loss->prediction == PREDICTION_SCORE)
        return ctx_fail(ctx, STATUS_INVALID, "/prediction",
                        "A score grows without bound where noise ends, and is eps in other units; want eps.");
    if (loss->prediction == PREDICTION_EPS && loss->path->options.zero_snr)
        return ctx_fail(ctx, STATUS_INVALID, "/zero_snr",
                        "Where there is nothing but noise (zero_snr) eps says nothing of the data; want v or x0.");
    if (loss->times == LOSS_LOG_NORMAL && loss->path->steps)
        return ctx_fail(ctx, STATUS_INVALID, "/times",
                        "Noise levels cannot be log-normal on path \"%s\", which has %zu of them; want uniform or "
                        "logit-normal.",
                        loss->path->family->name, loss->path->steps);
    return STATUS_OK;
}

enum status loss_batch_make(struct ctx *ctx, size_t images, size_t d, bool classes, struct loss_batch *out) {
    *out = (struct loss_batch){
        .images = images,
        .d = d,
        .in = d,
        .whole = images,
        .x = ctx_alloc(ctx, images * d, sizeof(float)),
        .times = ctx_alloc(ctx, images, sizeof(float)),
        .classes = classes ? ctx_alloc(ctx, images, sizeof(int64_t)) : NULL,
        .targets = ctx_alloc(ctx, images * d, sizeof(float)),
        .weights = ctx_alloc(ctx, images, sizeof(double)),
        .noise = ctx_alloc(ctx, images * d, sizeof(double)),
        .sums = ctx_alloc(ctx, images, sizeof(double)),
    };
    bool whole =
        out->x && out->times && (out->classes || !classes) && out->targets && out->weights && out->noise && out->sums;
    return whole ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status loss_batch_tell(struct ctx *ctx, struct loss_batch *batch) {
    batch->in = 3 * batch->d;
    batch->x = ctx_alloc(ctx, batch->images, batch->in * sizeof *batch->x);
    return batch->x ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Normal numbers cost least where many are drawn at once, so images of few numbers are drawn together. */
enum { DRAWN_TOGETHER = 256 };

/* A batch that is drawn. */
struct drawing {
    const struct loss *loss;
    uint32_t step;
    const float *x0;
    const int64_t *labels;
    struct loss_batch *batch;
    normal_rows_function *normals;
    size_t each; /* images of a piece */
};

/* uniform is (word + 1/2) / 2^32: neither 0 nor 1. */
static double uniform(uint32_t word) { return (word + 0.5) * 0x1p-32; }

/* part_of the path's times, 0 .. 1, as a point of it. */
static struct path_point at_part(const struct path *path, double part) {
    if (!path->steps)
        return path_at_t(path, path->t_min + part * (path->t_max - path->t_min));
    double at = floor(part * (double)path->steps);
    return path_at_t(path, at < (double)path->steps ? at : (double)path->steps - 1);
}

/* draw_point takes a word and a standard normal number, of which a way of drawing reads one. */
static struct path_point draw_point(const struct drawing *d, size_t image, uint32_t word, double z) {
    const struct path *path = d->loss->path;
    const double normal = d->loss->mean + d->loss->std * z;
    switch (d->loss->times) {
    case LOSS_LOGIT_NORMAL: return at_part(path, 1 / (1 + elementary_exp(-normal)));
    case LOSS_LOG_NORMAL: return path_at_k(path, fmin(fmax(elementary_exp(normal), path->k_low), path->k_high));
    case LOSS_UNIFORM: break;
    }
    return at_part(path, ((double)(d->batch->first + image) + uniform(word)) / (double)d->batch->whole);
}

/* weigh: an error of F is out_by times as large in x0. */
static double weigh(const struct loss *loss, const struct path_point *at, const struct prediction *p) {
    double snr = at->alpha * at->alpha / (at->sigma * at->sigma);
    return loss->min_snr > 0 ? fmin(snr, loss->min_snr) * p->out_by * p->out_by : 1;
}

/* Words of an image: block 0 has those of its time, class and number of known numbers, the others one for each group. */
struct words {
    uint32_t key[2], image, step, block, of[4];
};

static void take_block(struct words *w, uint32_t block) {
    w->block = block;
    philox4x32(w->key, (uint32_t[]){block, w->image, w->step, NORMAL_TRAIN_WORDS}, w->of);
}

static struct words words_of(const struct drawing *d, size_t image) {
    struct words w = {.key = {(uint32_t)d->loss->seed, (uint32_t)(d->loss->seed >> 32)},
                      .image = (uint32_t)(d->batch->first + image),
                      .step = d->step};
    take_block(&w, 0);
    return w;
}

/* falls_below: a group's number is below the share; its block is the one that was looked at last, mostly. */
static bool falls_below(struct words *w, uint32_t group, double share) {
    if (group == LOSS_NEVER)
        return false;
    if (w->block != 1 + group / 4)
        take_block(w, 1 + group / 4);
    return uniform(w->of[group % 4]) < share;
}

/* What a row of a batch with choices is for. */
enum purpose { ALL, ASKED, CHOSEN };

static enum purpose purpose_of(const struct drawing *d, size_t image) {
    static const enum purpose OF[] = {ASKED, CHOSEN, ALL, CHOSEN};
    const uint64_t row = (uint64_t)d->step * d->batch->whole + d->batch->first + image; /* a batch may be of one */
    return d->loss->given.rate > 0 && d->loss->given.choices ? OF[row % 4] : ALL;
}

/* chosen_before is the choice before which all are known. */
static uint32_t chosen_before(const struct loss_given *given, enum purpose purpose, struct words *w) {
    return purpose == CHOSEN ? LOSS_NEVER : purpose == ASKED ? (uint32_t)(uniform(w->of[0]) * given->n_choices) : 0;
}

static void tell_given(const struct loss_given *given, enum purpose purpose, struct words w, const float *x0, size_t d,
                       float *x) {
    const double share = uniform(w.of[2]) < (purpose == ASKED ? 0.5 : given->rate) ? uniform(w.of[3]) : 0;
    const uint32_t before = chosen_before(given, purpose, &w);
    for (size_t j = 0; j < d; j++) {
        const bool known =
            (before > 0 && given->choices[j] < before) ||
            (share > 0 && (falls_below(&w, given->groups[j], share) || falls_below(&w, given->also[j], share)));
        x[d + j] = known ? x0[j] : 0;
        x[2 * d + j] = known;
        x[j] = known ? 0 : x[j];
    }
}

static void draw_image(const struct drawing *d, size_t i, double z) {
    const struct loss *loss = d->loss;
    struct loss_batch *b = d->batch;
    const struct words words = words_of(d, i);
    const enum purpose purpose = purpose_of(d, i);
    const struct path_point at = purpose == ASKED ? at_part(loss->path, 1) : draw_point(d, i, words.of[0], z);
    const struct prediction p = prediction_at(loss->path, &at, loss->prediction, loss->sigma_data);
    const struct prediction_target to = prediction_target(loss->path, &at, loss->prediction, loss->sigma_data);
    b->times[i] = (float)path_time(loss->path, &at);
    b->weights[i] = weigh(loss, &at, &p);
    if (b->classes)
        b->classes[i] = uniform(words.of[1]) < loss->drop ? loss->none : d->labels[i];
    float *x = b->x + i * b->in;
    for (size_t j = 0, k = i * b->d; j < b->d; j++, k++) {
        double x0 = (double)d->x0[k], eps = purpose == ASKED ? 0 : b->noise[k];
        x[j] = (float)(p.input * (at.alpha * x0 + at.sigma * eps));
        b->targets[k] = (float)(to.x0_by * x0 + to.eps_by * eps);
    }
    if (loss->given.rate > 0)
        tell_given(&loss->given, purpose, words, d->x0 + i * b->d, b->d, x);
}

static void draw_piece(void *arg, size_t piece) {
    const struct drawing *d = arg;
    const struct loss_batch *b = d->batch;
    const size_t first = piece * d->each, left = b->images - first, rows = left < d->each ? left : d->each;
    double z[DRAWN_TOGETHER] = {0};
    if (d->loss->times != LOSS_UNIFORM)
        d->normals(d->loss->seed, NORMAL_TRAIN_TIME, d->step, b->first + first, rows, 1, z);
    if (!b->paired)
        d->normals(d->loss->seed, NORMAL_TRAIN_NOISE, d->step, b->first + first, rows, b->d, b->noise + first * b->d);
    for (size_t i = 0; i < rows; i++)
        draw_image(d, first + i, z[i]);
}

void loss_draw(struct ctx *ctx, const struct loss *loss, uint32_t step, const float *x0, const int64_t *labels,
               struct loss_batch *batch) {
    struct drawing d = {.loss = loss,
                        .step = step,
                        .x0 = x0,
                        .labels = labels,
                        .batch = batch,
                        .normals = normal_rows_for(ctx->isa),
                        .each = batch->d < DRAWN_TOGETHER ? DRAWN_TOGETHER / batch->d : 1};
    parallel_for(ctx, (batch->images + d.each - 1) / d.each, draw_piece, &d);
}

void loss_noise(struct ctx *ctx, const struct loss *loss, uint32_t step, size_t first, size_t rows, size_t d,
                double *out) {
    normal_rows_for(ctx->isa)(loss->seed, NORMAL_TRAIN_NOISE, step, first, rows, d, out);
}

void loss_compare(const struct loss_batch *b, size_t first, size_t images, const float *out, float *d_out) {
    for (size_t i = first; i < first + images; i++) {
        const float *known = b->in > b->d ? b->x + i * b->in + 2 * b->d : NULL;
        double sum = 0, by = 2 * b->weights[i] / ((double)b->whole * (double)b->d);
        for (size_t j = i * b->d; j < (i + 1) * b->d; j++) {
            double off = known && known[j - i * b->d] != 0 ? 0 : (double)out[j] - (double)b->targets[j];
            sum += off * off;
            d_out[j] = (float)(by * off);
        }
        b->sums[i] = b->weights[i] * sum;
    }
}

double loss_sum(const struct loss_batch *b) {
    double sum = 0;
    for (size_t i = 0; i < b->images; i++)
        sum += b->sums[i];
    return sum / ((double)b->whole * (double)b->d);
}

struct comparing {
    const struct loss_batch *batch;
    const float *out;
    float *d_out;
};

static void compare_image(void *arg, size_t i) {
    const struct comparing *c = arg;
    loss_compare(c->batch, i, 1, c->out, c->d_out);
}

double loss_mean(struct ctx *ctx, const struct loss_batch *batch, const float *out, float *d_out) {
    struct comparing c = {batch, out, d_out};
    parallel_for(ctx, batch->images, compare_image, &c);
    return loss_sum(batch);
}
