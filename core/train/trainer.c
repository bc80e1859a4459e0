#include "core/train/trainer.h"

#include <math.h>
#include <string.h>

#include "core/base/epoch_order.h"
#include "core/nn/initial.h"
#include "core/nn/optimiser.h"
#include "core/nn/rate.h"
#include "core/tensor/backward.h"
#include "core/train/scaler.h"

/* Whom the gradient tells what is final, so that a team sums it while the rest is made. */
struct team_watch {
    struct gradient_watch watch;
    struct team *team;
};

struct trainer {
    struct ctx *ctx;
    struct train_data data;
    const struct loss *loss;
    struct trainer_options options;
    struct rate rate;
    struct optimiser_options adam;
    struct optimiser o;
    struct scaler scaler; /* all zero where the loss is not scaled */
    struct gradient *gradient;
    struct team_watch watch;
    struct loss_batch batch; /* this rank's part */
    float *out, *d_out, *by_weights;
    size_t first, rows; /* of the whole batch's rows, those that are gathered: all where they are coupled */
    float *x0;          /* [rows][d] */
    double *x1;         /* [rows][d] what they come from; NULL: the noise of the loss */
    int64_t *labels;    /* [rows] */
};

/* What starts otherwise than in PyTorch's layers: residual branches and outputs say nothing at first (Goyal et al. 2017;
 * of a DiT by the gates of its modulation: Peebles and Xie 2023), and classes, which are added to the time, are small
 * beside it. Where a gate is zero, what it lets through is not, or neither would ever learn. */
void trainer_first_weights(const struct graph *graph, uint64_t seed, float *weights) {
    static const struct {
        const char *part;
        double std;
    } OTHERS[] = {{"conv2.", 0},
                  {"to_out.0.", 0},
                  {"conv_out.", 0},
                  {"class_embedding.", 0.5},
                  {"output.", 0},
                  {"class.", 0.5},
                  {"attn1.to_out.0.weight", 0.05},
                  {"norm1.linear.", 0},
                  {"proj_out_1.", 0},
                  {"proj_out_2.", 0},
                  {"class_embedder.", 0.5}};
    initial_weights(graph, seed, weights);
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        initial_normal(graph, OTHERS[i].part, OTHERS[i].std, seed, weights);
}

static bool scaled(const struct trainer *t) { return t->options.dtype == GRADIENT_F16; }

static void set_options(struct trainer *t, const struct trainer_options *o) {
    t->options = *o;
    t->rate = (struct rate){.peak = o->lr, .last = o->lr_end, .warm_up = o->warmup, .steps = o->steps};
    t->adam = optimiser_default();
    t->adam.beta1 = o->beta1;
    t->adam.beta2 = o->beta2;
    t->adam.decay = o->weight_decay;
    t->adam.clip = o->clip_norm;
    t->adam.average = o->ema;
    if (scaled(t))
        t->scaler = scaler_begin();
}

/* part is how many rows of a batch are this rank's. */
static size_t part(const struct trainer *t) {
    return t->options.batch / (t->options.team ? t->options.team->ranks : 1);
}

/* make_rows makes room for what is gathered; of x1 the batch sees its part. */
static enum status make_rows(struct trainer *t) {
    const bool coupled = t->options.coupling != COUPLING_INDEPENDENT, paired = coupled || t->options.source;
    const size_t d = t->data.d;
    t->first = coupled ? 0 : t->batch.first;
    t->rows = coupled ? t->batch.whole : t->batch.images;
    t->x0 = ctx_alloc(t->ctx, t->rows * d, sizeof *t->x0);
    t->x1 = paired ? ctx_alloc(t->ctx, t->rows * d, sizeof *t->x1) : NULL;
    t->labels = ctx_alloc(t->ctx, t->rows, sizeof *t->labels);
    if (!t->x0 || (paired && !t->x1) || !t->labels)
        return STATUS_NO_MEMORY;
    t->batch.paired = paired;
    if (paired)
        t->batch.noise = t->x1 + (t->batch.first - t->first) * d;
    return STATUS_OK;
}

static void made(struct gradient_watch *self, size_t n) {
    struct team *team = ((struct team_watch *)self)->team;
    team->sum_made(team, n);
}

static enum status make_room(struct trainer *t, const struct graph *graph) {
    struct ctx *ctx = t->ctx;
    const size_t batch = part(t), d = t->data.d, numbers = gradient_numbers(graph);
    enum status status = loss_batch_make(ctx, batch, d, t->data.labels, &t->batch);
    if (status == STATUS_OK && t->loss->given.rate > 0)
        status = loss_batch_tell(ctx, &t->batch);
    t->batch.first = t->options.team ? t->options.team->rank * batch : 0;
    t->batch.whole = t->options.batch;
    if (status == STATUS_OK)
        status = make_rows(t);
    if (status == STATUS_OK)
        status = optimiser_new(ctx, numbers, &t->o);
    if (status == STATUS_OK)
        status = gradient_new_rounded(ctx, graph, batch, t->options.dtype, &t->gradient);
    if (status != STATUS_OK)
        return status;
    t->watch = (struct team_watch){.watch.made = made, .team = t->options.team};
    gradient_watched(t->gradient, t->options.team ? &t->watch.watch : NULL);
    t->out = ctx_alloc(ctx, batch * d, sizeof *t->out);
    t->d_out = ctx_alloc(ctx, batch * d, sizeof *t->d_out);
    t->by_weights = ctx_zalloc(ctx, numbers, sizeof *t->by_weights);
    return t->out && t->d_out && t->by_weights ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status trainer_check(struct ctx *ctx, const struct trainer_options *o) {
    if (o->coupling == COUPLING_OT && o->batch > PAIRS_COUPLED_MAX)
        return ctx_fail(ctx, STATUS_INVALID, "", "A batch of %zu is too large to be coupled by ot; want at most %d.",
                        o->batch, PAIRS_COUPLED_MAX);
    if (!o->team || o->batch % o->team->ranks == 0)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "",
                    "A batch of %zu cannot be shared out to %zu ranks evenly; want a multiple of %zu.", o->batch,
                    o->team->ranks, o->team->ranks);
}

enum status trainer_make(struct ctx *ctx, const struct graph *graph, const struct train_data *data,
                         const struct loss *loss, const struct trainer_options *options, struct trainer **out) {
    enum status status = loss_check(ctx, loss);
    if (status == STATUS_OK)
        status = trainer_check(ctx, options);
    if (status != STATUS_OK)
        return status;
    struct trainer *t = ctx_zalloc(ctx, 1, sizeof *t);
    if (!t)
        return STATUS_NO_MEMORY;
    t->ctx = ctx;
    t->data = *data;
    t->loss = loss;
    set_options(t, options);
    status = make_room(t, graph);
    if (status != STATUS_OK)
        return status;
    if (options->initial)
        memcpy(t->o.weights, options->initial, t->o.n * sizeof *t->o.weights);
    else
        trainer_first_weights(graph, options->seed, t->o.weights);
    memcpy(t->o.average, t->o.weights, t->o.n * sizeof *t->o.weights);
    *out = t;
    return STATUS_OK;
}

/* place_of is a permutation of the data: what is learnt from lies below n - held, what is held out above. */
static size_t place_of(const struct trainer *t, size_t i) {
    return t->options.held ? epoch_order_at(~t->options.seed, t->data.n, i) : i;
}

void train_data_item(const struct train_data *data, size_t item, float *to) {
    if (data->rows)
        memcpy(to, data->rows + item * data->d, data->d * sizeof *to);
    for (size_t j = 0; data->bytes && j < data->d; j++)
        to[j] = (float)data->bytes[item * data->d + j] / 127.5f - 1;
}

/* take puts an item into place i of the rows. */
static void take(struct trainer *t, size_t item, size_t i) {
    train_data_item(&t->data, item, t->x0 + i * t->data.d);
    t->labels[i] = t->data.labels ? t->data.labels[item] : 0;
}

enum { TAKEN_TOGETHER = 64 };

static void gather_some(void *arg, size_t piece) {
    struct trainer *t = arg;
    const size_t n = t->data.n - t->options.held, from = piece * TAKEN_TOGETHER;
    const size_t end = t->rows - from < TAKEN_TOGETHER ? t->rows : from + TAKEN_TOGETHER;
    const uint64_t first = trainer_at(t) * t->batch.whole + t->first;
    for (size_t i = from; i < end; i++) {
        take(t, place_of(t, epoch_order_at(t->options.seed, n, first + i)), i);
        if (mirror_draws(&t->options.mirror, first + i))
            mirror_item(&t->options.mirror, t->data.d, t->x0 + i * t->data.d);
    }
}

/* gather takes the step's items. */
static void gather(struct trainer *t) {
    parallel_for(t->ctx, (t->rows + TAKEN_TOGETHER - 1) / TAKEN_TOGETHER, gather_some, t);
}

/* gather_held takes the items of a round that were held out. */
static void gather_held(struct trainer *t, size_t round) {
    const size_t held = t->options.held, at = round * t->batch.whole + t->first;
    for (size_t i = 0; i < t->rows; i++)
        take(t, place_of(t, t->data.n - held + (at + i) % held), i);
}

/* start takes what the rows come from, which has a use for batch.x meanwhile. */
static void start(struct trainer *t, const struct loss *loss, uint64_t step) {
    const struct train_data *source = t->options.source;
    const size_t d = t->data.d;
    if (!source) {
        loss_noise(t->ctx, loss, (uint32_t)step, t->first, t->rows, d, t->x1);
        return;
    }
    for (size_t i = 0; i < t->rows; i++) {
        train_data_item(source, pairs_point(t->options.seed, source->n, t->batch.whole, step, t->first + i),
                        t->batch.x);
        for (size_t j = 0; j < d; j++)
            t->x1[i * d + j] = (double)t->batch.x[j];
    }
}

/* pair makes x1, where the loss does not draw it. */
static enum status pair(struct trainer *t, const struct loss *loss, uint64_t step) {
    if (!t->batch.paired)
        return STATUS_OK;
    start(t, loss, step);
    if (t->options.coupling == COUPLING_INDEPENDENT)
        return STATUS_OK;
    return pairs_couple(t->ctx, t->rows, t->data.d, t->x0, t->data.labels ? t->labels : NULL, t->x1);
}

/* draw makes this rank's part of a step's batch of what was gathered. Errors: as of pairs_couple. */
static enum status draw(struct trainer *t, const struct loss *loss, uint32_t step, struct graph_in *in) {
    const size_t mine = t->batch.first - t->first;
    enum status status = pair(t, loss, step);
    if (status == STATUS_OK)
        loss_draw(t->ctx, loss, step, t->x0 + mine * t->data.d, t->labels + mine, &t->batch);
    *in = (struct graph_in){.x = t->batch.x, .times = t->batch.times, .classes = t->batch.classes};
    return status;
}

static void compare(void *self, size_t first, size_t images) {
    const struct trainer *t = self;
    loss_compare(&t->batch, first, images, t->out, t->d_out);
    if (scaled(t))
        tensor_kernels_for(t->ctx->isa)
            ->backward->scale(images * t->data.d, (float)t->scaler.scale, t->d_out + first * t->data.d, false,
                              t->d_out + first * t->data.d);
}

/* together sums the loss over the ranks; where one was stopped, all are. */
static enum status together(struct trainer *t, enum status own, double *loss) {
    double shared[] = {own == STATUS_OK ? *loss : 0, own != STATUS_OK};
    if (!t->options.team)
        return own;
    t->options.team->sum_doubles(t->options.team, shared, 2);
    *loss = shared[0];
    return own == STATUS_OK && shared[1] > 0 ? STATUS_CANCELLED : own;
}

/* loss_of runs the network on what is drawn of a step, and gives this rank's share of the loss. */
static enum status loss_of(struct trainer *t, const struct loss *loss, uint32_t step, const float *weights,
                           double *mean) {
    struct graph_in in;
    enum status status = draw(t, loss, step, &in);
    if (status != STATUS_OK)
        return status;
    gradient_forward(t->ctx, t->gradient, weights, t->batch.images, &in, t->out);
    *mean = loss_mean(t->ctx, &t->batch, t->out, t->d_out);
    return ctx_stopped(t->ctx);
}

enum status trainer_held_out(struct trainer *t, double *loss) {
    const size_t batch = t->batch.whole, held = t->options.held, rounds = held > batch ? held / batch : 1;
    enum status status = STATUS_OK;
    struct loss all = *t->loss;
    all.drop = 0;
    *loss = 0;
    for (size_t round = 0; round < rounds && status == STATUS_OK; round++) {
        double mean = 0;
        gather_held(t, round);
        status = loss_of(t, &all, UINT32_MAX - (uint32_t)round, t->o.average, &mean); /* no step of a run */
        *loss += mean / (double)rounds;
    }
    return together(t, status, loss);
}

static enum status not_finite(const struct trainer *t, const char *what) {
    return ctx_fail(t->ctx, STATUS_INVALID, "",
                    "%s is no longer finite at step %zu; want a smaller lr, a longer warmup or a smaller clip_norm%s.",
                    what, trainer_at(t) + 1, scaled(t) ? ", or a dtype that reaches beyond 65504" : "");
}

/* derive finds this rank's share of a step's loss, and its gradient. */
static enum status derive(struct trainer *t, double *loss) {
    struct graph_in in;
    gather(t);
    enum status status = draw(t, t->loss, (uint32_t)trainer_at(t), &in);
    if (status != STATUS_OK)
        return status;
    gradient_step(t->ctx, t->gradient, t->o.weights, t->batch.images, &in, t->out, compare, t, t->d_out, t->by_weights);
    *loss = loss_sum(&t->batch);
    return ctx_stopped(t->ctx); /* what was stopped on its way is no gradient */
}

/* derive_together leaves the whole batch's gradient in by_weights. A rank that has none gives what lies there, for the
 * others wait for it; none of them uses the sum then. */
static enum status derive_together(struct trainer *t, double *loss) {
    struct team *team = t->options.team;
    if (team)
        team->sum_begin(team, t->by_weights, t->o.n);
    enum status status = derive(t, loss);
    if (team)
        team->sum_end(team);
    return together(t, status, loss);
}

/* skip counts a step whose gradient overflowed: all that is left of it is the smaller scale. */
static enum status skip(struct trainer *t, struct trainer_report *report) {
    if (!scaled(t))
        return not_finite(t, "The gradient");
    if (!scaler_overflow(&t->scaler))
        return not_finite(t, "The gradient, even of a loss that is scaled by 1,");
    report->norm = INFINITY;
    return STATUS_OK;
}

/* move takes the optimiser's step along the gradient. */
static enum status move(struct trainer *t, struct trainer_report *report) {
    report->rate = rate_at(&t->rate, trainer_at(t));
    report->scale = t->adam.scale = t->scaler.scale;
    report->norm = optimiser_step(t->ctx, &t->o, &t->adam, report->rate, t->by_weights);
    if (!isfinite(report->norm))
        return skip(t, report);
    if (scaled(t))
        scaler_whole(&t->scaler);
    return STATUS_OK;
}

enum status trainer_step(struct trainer *t, struct trainer_report *report) {
    double loss = 0;
    enum status status = derive_together(t, &loss);
    if (status != STATUS_OK)
        return status;
    if (!isfinite(loss))
        return not_finite(t, "The loss");
    *report = (struct trainer_report){.loss = loss};
    status = move(t, report);
    report->step = trainer_at(t);
    report->skipped = (size_t)t->scaler.skipped;
    return status;
}

size_t trainer_at(const struct trainer *t) { return (size_t)(t->o.step + t->scaler.skipped); }

const float *trainer_weights(const struct trainer *t) { return t->o.weights; }

const float *trainer_average(const struct trainer *t) { return t->o.average; }

/* -- The state as bytes: the number of the optimiser's steps, the scaler where there is one, then the four arrays -- */

enum { ARRAYS = 4 };

static void arrays(const struct trainer *t, float *list[ARRAYS]) {
    list[0] = t->o.weights;
    list[1] = t->o.first;
    list[2] = t->o.second;
    list[3] = t->o.average;
}

static size_t scaler_bytes(const struct trainer *t) { return scaled(t) ? sizeof t->scaler : 0; }

size_t trainer_bytes(const struct trainer *t) {
    return sizeof(uint64_t) + scaler_bytes(t) + ARRAYS * t->o.n * sizeof(float);
}

void trainer_save(const struct trainer *t, void *to) {
    float *list[ARRAYS];
    char *p = to;
    arrays(t, list);
    memcpy(p, &t->o.step, sizeof t->o.step);
    p += sizeof t->o.step;
    memcpy(p, &t->scaler, scaler_bytes(t));
    p += scaler_bytes(t);
    for (size_t i = 0; i < ARRAYS; i++, p += t->o.n * sizeof(float))
        memcpy(p, list[i], t->o.n * sizeof(float));
}

/* check_counts: the run has as many steps, and the scale is one. */
static enum status check_counts(const struct trainer *t, uint64_t step, const struct scaler *scaler) {
    if (step > t->options.steps || scaler->skipped > t->options.steps - step)
        return ctx_fail(t->ctx, STATUS_INVALID, "",
                        "The run is at step %llu already, and %zu are wanted; want no fewer steps.",
                        (unsigned long long)(step + scaler->skipped), t->options.steps);
    if (scaled(t) && !scaler_sound(scaler))
        return ctx_fail(t->ctx, STATUS_INVALID, "", "The state has the loss scale %g, after %llu steps; no run has.",
                        scaler->scale, (unsigned long long)scaler->whole);
    return STATUS_OK;
}

enum status trainer_restore(struct trainer *t, const void *from, size_t n) {
    float *list[ARRAYS];
    const char *p = from;
    uint64_t step;
    struct scaler scaler = {0};
    if (n != trainer_bytes(t))
        return ctx_fail(t->ctx, STATUS_INVALID, "", "The state has %zu bytes, and this network's has %zu.", n,
                        trainer_bytes(t));
    memcpy(&step, p, sizeof step);
    memcpy(&scaler, p + sizeof step, scaler_bytes(t));
    enum status status = check_counts(t, step, &scaler);
    if (status != STATUS_OK)
        return status;
    arrays(t, list);
    p += sizeof step + scaler_bytes(t);
    for (size_t i = 0; i < ARRAYS; i++, p += t->o.n * sizeof(float))
        memcpy(list[i], p, t->o.n * sizeof(float));
    t->o.step = step;
    t->scaler = scaler;
    return STATUS_OK;
}
