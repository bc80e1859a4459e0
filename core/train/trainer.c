#include "core/train/trainer.h"

#include <math.h>
#include <string.h>

#include "core/nn/gradient.h"
#include "core/nn/initial.h"
#include "core/nn/optimiser.h"
#include "core/nn/rate.h"
#include "core/train/epoch_order.h"

struct trainer {
    struct ctx *ctx;
    struct train_data data;
    const struct loss *loss;
    struct trainer_options options;
    struct rate rate;
    struct optimiser_options adam;
    struct optimiser o;
    struct gradient *gradient;
    struct loss_batch batch; /* this rank's part */
    float *x0, *out, *d_out, *by_weights;
    int64_t *labels;
};

/* What starts otherwise than in PyTorch's layers: residual branches and outputs say nothing at first (Goyal et al. 2017),
 * and classes, which are added to the time, are small beside it. */
static void first_weights(const struct graph *graph, uint64_t seed, float *weights) {
    static const struct {
        const char *part;
        double std;
    } OTHERS[] = {{"conv2.", 0},  {"to_out.0.", 0}, {"conv_out.", 0}, {"class_embedding.", 0.5},
                  {"output.", 0}, {"class.", 0.5}};
    initial_weights(graph, seed, weights);
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        initial_normal(graph, OTHERS[i].part, OTHERS[i].std, seed, weights);
}

static void set_options(struct trainer *t, const struct trainer_options *o) {
    t->options = *o;
    t->rate = (struct rate){.peak = o->lr, .last = o->lr_end, .warm_up = o->warmup, .steps = o->steps};
    t->adam = optimiser_default();
    t->adam.beta1 = o->beta1;
    t->adam.beta2 = o->beta2;
    t->adam.decay = o->weight_decay;
    t->adam.clip = o->clip_norm;
    t->adam.average = o->ema;
}

/* part is how many rows of a batch are this rank's. */
static size_t part(const struct trainer *t) {
    return t->options.batch / (t->options.team ? t->options.team->ranks : 1);
}

static enum status make_room(struct trainer *t, const struct graph *graph) {
    struct ctx *ctx = t->ctx;
    const size_t batch = part(t), d = t->data.d, numbers = gradient_numbers(graph);
    enum status status = loss_batch_make(ctx, batch, d, t->data.labels, &t->batch);
    t->batch.first = t->options.team ? t->options.team->rank * batch : 0;
    t->batch.whole = t->options.batch;
    if (status == STATUS_OK)
        status = optimiser_new(ctx, numbers, &t->o);
    if (status == STATUS_OK)
        status = gradient_new(ctx, graph, batch, &t->gradient);
    if (status != STATUS_OK)
        return status;
    t->x0 = ctx_alloc(ctx, batch * d, sizeof *t->x0);
    t->out = ctx_alloc(ctx, batch * d, sizeof *t->out);
    t->d_out = ctx_alloc(ctx, batch * d, sizeof *t->d_out);
    t->by_weights = ctx_alloc(ctx, numbers, sizeof *t->by_weights);
    t->labels = ctx_alloc(ctx, batch, sizeof *t->labels);
    return t->x0 && t->out && t->d_out && t->by_weights && t->labels ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status trainer_check(struct ctx *ctx, const struct trainer_options *o) {
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
    first_weights(graph, options->seed, t->o.weights);
    memcpy(t->o.average, t->o.weights, t->o.n * sizeof *t->o.weights);
    *out = t;
    return STATUS_OK;
}

/* place_of is a permutation of the data: what is learnt from lies below n - held, what is held out above. */
static size_t place_of(const struct trainer *t, size_t i) {
    return t->options.held ? epoch_order_at(~t->options.seed, t->data.n, i) : i;
}

/* take puts an item into place i of the batch. */
static void take(struct trainer *t, size_t item, size_t i) {
    const struct train_data *data = &t->data;
    float *to = t->x0 + i * data->d;
    if (data->rows)
        memcpy(to, data->rows + item * data->d, data->d * sizeof *to);
    for (size_t j = 0; data->bytes && j < data->d; j++)
        to[j] = (float)data->bytes[item * data->d + j] / 127.5f - 1;
    t->labels[i] = data->labels ? data->labels[item] : 0;
}

enum { TAKEN_TOGETHER = 64 };

static void gather_some(void *arg, size_t piece) {
    struct trainer *t = arg;
    const struct loss_batch *b = &t->batch;
    const size_t n = t->data.n - t->options.held, from = piece * TAKEN_TOGETHER;
    const size_t end = b->images - from < TAKEN_TOGETHER ? b->images : from + TAKEN_TOGETHER;
    const uint64_t first = t->o.step * b->whole + b->first;
    for (size_t i = from; i < end; i++)
        take(t, place_of(t, epoch_order_at(t->options.seed, n, first + i)), i);
}

/* gather takes the step's items. */
static void gather(struct trainer *t) {
    parallel_for(t->ctx, (t->batch.images + TAKEN_TOGETHER - 1) / TAKEN_TOGETHER, gather_some, t);
}

static struct graph_in network_in(const struct trainer *t) {
    return (struct graph_in){.x = t->batch.x, .times = t->batch.times, .classes = t->batch.classes};
}

static void compare(void *self, size_t first, size_t images) {
    const struct trainer *t = self;
    loss_compare(&t->batch, first, images, t->out, t->d_out);
}

/* together sums the loss over the ranks; where one was stopped, all are. It brings them to one time, too, so that none
 * waits for another in what comes next. */
static enum status together(struct trainer *t, double *loss) {
    enum status own = ctx_stopped(t->ctx);
    double shared[] = {own == STATUS_OK ? *loss : 0, own != STATUS_OK};
    if (!t->options.team)
        return own;
    t->options.team->sum_doubles(t->options.team, shared, 2);
    *loss = shared[0];
    return own == STATUS_OK && shared[1] > 0 ? STATUS_CANCELLED : own;
}

/* loss_of runs the network on what is drawn of a step, and gives this rank's share of the loss, which is not to be used
 * where ctx was stopped. */
static double loss_of(struct trainer *t, const struct loss *loss, uint32_t step, const float *weights) {
    loss_draw(t->ctx, loss, step, t->x0, t->labels, &t->batch);
    const struct graph_in in = network_in(t);
    gradient_forward(t->ctx, t->gradient, weights, t->batch.images, &in, t->out);
    return loss_mean(t->ctx, &t->batch, t->out, t->d_out);
}

enum status trainer_held_out(struct trainer *t, double *loss) {
    const struct loss_batch *b = &t->batch;
    const size_t batch = b->whole, held = t->options.held, rounds = held > batch ? held / batch : 1;
    struct loss all = *t->loss;
    all.drop = 0;
    *loss = 0;
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < b->images; i++)
            take(t, place_of(t, t->data.n - held + (round * batch + b->first + i) % held), i);
        *loss += loss_of(t, &all, UINT32_MAX - (uint32_t)round, t->o.average) / (double)rounds; /* no step of a run */
    }
    return together(t, loss);
}

static enum status not_finite(const struct trainer *t, const char *what) {
    return ctx_fail(t->ctx, STATUS_INVALID, "",
                    "%s is no longer finite at step %zu; want a smaller lr, a longer warmup or a smaller clip_norm.",
                    what, trainer_at(t) + 1);
}

enum status trainer_step(struct trainer *t, struct trainer_report *report) {
    gather(t);
    loss_draw(t->ctx, t->loss, (uint32_t)t->o.step, t->x0, t->labels, &t->batch);
    const struct graph_in in = network_in(t);
    gradient_step(t->ctx, t->gradient, t->o.weights, t->batch.images, &in, t->out, compare, t, t->d_out, t->by_weights);
    double loss = loss_sum(&t->batch);
    enum status status = together(t, &loss); /* what was stopped on its way is no gradient */
    if (status != STATUS_OK)
        return status;
    if (!isfinite(loss))
        return not_finite(t, "The loss");
    if (t->options.team)
        t->options.team->sum_floats(t->options.team, t->by_weights, t->o.n);
    *report = (struct trainer_report){.loss = loss, .rate = rate_at(&t->rate, t->o.step)};
    report->norm = optimiser_step(t->ctx, &t->o, &t->adam, report->rate, t->by_weights);
    if (!isfinite(report->norm))
        return not_finite(t, "The gradient");
    report->step = trainer_at(t);
    return STATUS_OK;
}

size_t trainer_at(const struct trainer *t) { return (size_t)t->o.step; }

const float *trainer_weights(const struct trainer *t) { return t->o.weights; }

const float *trainer_average(const struct trainer *t) { return t->o.average; }

/* -- The state as bytes: the number of steps, then the four arrays -- */

enum { ARRAYS = 4 };

static void arrays(const struct trainer *t, float *list[ARRAYS]) {
    list[0] = t->o.weights;
    list[1] = t->o.first;
    list[2] = t->o.second;
    list[3] = t->o.average;
}

size_t trainer_bytes(const struct trainer *t) { return sizeof(uint64_t) + ARRAYS * t->o.n * sizeof(float); }

void trainer_save(const struct trainer *t, void *to) {
    float *list[ARRAYS];
    char *p = to;
    arrays(t, list);
    memcpy(p, &t->o.step, sizeof t->o.step);
    p += sizeof t->o.step;
    for (size_t i = 0; i < ARRAYS; i++, p += t->o.n * sizeof(float))
        memcpy(p, list[i], t->o.n * sizeof(float));
}

enum status trainer_restore(struct trainer *t, const void *from, size_t n) {
    float *list[ARRAYS];
    const char *p = from;
    uint64_t step;
    if (n != trainer_bytes(t))
        return ctx_fail(t->ctx, STATUS_INVALID, "", "The state has %zu bytes, and this network's has %zu.", n,
                        trainer_bytes(t));
    memcpy(&step, p, sizeof step);
    if (step > t->options.steps)
        return ctx_fail(t->ctx, STATUS_INVALID, "", "The state is of step %llu, and the run has %zu.",
                        (unsigned long long)step, t->options.steps);
    arrays(t, list);
    p += sizeof step;
    for (size_t i = 0; i < ARRAYS; i++, p += t->o.n * sizeof(float))
        memcpy(list[i], p, t->o.n * sizeof(float));
    t->o.step = step;
    return STATUS_OK;
}
