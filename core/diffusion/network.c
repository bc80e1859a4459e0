#include "core/diffusion/network.h"

#include <math.h>

#include "core/diffusion/network_parts.h"
#include "core/diffusion/scheduler.h"

struct prediction network_at(const struct network_model *m, const struct path_point *at, float *time) {
    const struct network_use *use = &m->use;
    *time = (float)path_time(use->scheduler ? &use->scheduler->path : use->path, at);
    return use->scheduler ? scheduler_network(use->scheduler, at)
                          : prediction_at(use->path, at, use->prediction, use->sigma_data);
}

/* A call's scratch: the graph's workspace, what goes in and comes out, times and classes. */
struct buffers {
    float *workspace, *in, *out, *times;
    int64_t *classes;
};

static size_t doubles(size_t floats) { return (floats + 1) / 2; }

static struct buffers lay_out(const struct network_model *m, size_t rows, double *scratch) {
    struct buffers b = {.workspace = (float *)scratch};
    scratch += doubles(graph_floats(m->network.graph, rows));
    b.in = (float *)scratch;
    scratch += doubles(rows * m->numbers_in);
    b.out = (float *)scratch;
    scratch += doubles(rows * m->numbers_out);
    b.times = (float *)scratch;
    b.classes = (int64_t *)(scratch + doubles(rows));
    return b;
}

/* put_given takes a pixel's known numbers out of the noisy ones, and puts them behind, with which they are. */
static void put_given(const struct network *n, const double *given, size_t p, float *to) {
    const size_t pixels = n->height * n->width;
    for (size_t c = 0; c < n->channels; c++) {
        const double x = given ? given[c * pixels + p] : (double)NAN;
        to[c] = isnan(x) ? to[c] : 0;
        to[n->channels + c] = isnan(x) ? 0 : (float)x;
        to[2 * n->channels + c] = isnan(x) ? 0 : 1;
    }
}

void network_lay_in(const struct network *n, double by, const double *x, const double *given, float *to) {
    const size_t pixels = n->height * n->width, in = network_channels_in(n);
    for (size_t p = 0; p < pixels; p++, to += in) {
        for (size_t c = 0; c < n->channels; c++)
            to[c] = (float)(by * x[c * pixels + p]);
        if (n->given)
            put_given(n, given, p, to);
    }
}

/* keep_given: what is known is its own expectation. */
static void keep_given(const double *given, size_t d, double *D) {
    for (size_t j = 0; j < d; j++)
        D[j] = isnan(given[j]) ? D[j] : given[j];
}

void network_gather(const struct network *n, const struct prediction *p, const double *x, const float *F, double *D,
                    double *said) {
    size_t pixels = n->height * n->width;
    for (size_t c = 0; said && c < n->channels; c++)
        for (size_t i = 0; i < pixels; i++)
            said[c * pixels + i] = (double)F[i * n->out_channels + n->channels + c];
    for (size_t c = 0; c < n->channels; c++)
        for (size_t i = 0; i < pixels; i++)
            D[c * pixels + i] = p->x_by * x[c * pixels + i] + p->out_by * (double)F[i * n->out_channels + c];
}

/* A question: rows at the points at[0], at[stride], ... */
struct question {
    const struct path_point *at;
    size_t stride, rows;
    const struct told *told;
    const double *x;
};

/* ask answers it; said NULL: what else the network says is not wanted. */
static void ask(const struct network_model *m, const struct question *q, double *D, double *said, double *scratch) {
    const size_t d = m->base.d;
    const double *given = m->network.given && q->told ? q->told->given : NULL;
    const int64_t *classes = q->told ? q->told->classes : NULL;
    struct buffers b = lay_out(m, q->rows, scratch);
    for (size_t r = 0; r < q->rows; r++) {
        const struct prediction p = network_at(m, &q->at[r * q->stride], &b.times[r]);
        network_lay_in(&m->network, p.input, q->x + r * d, given ? given + r * d : NULL, b.in + r * m->numbers_in);
        b.classes[r] = network_class(m, classes, r);
    }
    const struct graph_in in = {.x = b.in, .times = b.times, .classes = b.classes};
    graph_run(m->ctx, m->network.graph, q->rows, &in, b.out, b.workspace);
    for (size_t r = 0; r < q->rows; r++) {
        const struct prediction p = network_at(m, &q->at[r * q->stride], &b.times[r]);
        network_gather(&m->network, &p, q->x + r * d, b.out + r * m->numbers_out, D + r * d,
                       said ? said + r * d : NULL);
        if (given)
            keep_given(given + r * d, d, D + r * d);
    }
}

static void eval(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                 const double *x, double *out, double *scratch) {
    ask((const struct network_model *)self, &(struct question){at, 0, rows, told, x}, out, NULL, scratch);
}

static void eval_spread(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                        const double *x, double *out, double *spread, double *scratch) {
    ask((const struct network_model *)self, &(struct question){at, 0, rows, told, x}, out, spread, scratch);
}

void network_each(const struct denoiser *self, const struct denoiser_each *q, double *scratch) {
    const struct told told = {.classes = q->classes};
    if (q->D)
        ask((const struct network_model *)self, &(struct question){q->at, 1, q->rows, &told, q->x}, q->D, NULL,
            scratch);
}

/* A point where the prediction says nothing of the data: eps at alpha = 0, say. */
enum status network_check(struct ctx *ctx, const struct network_use *use, const struct path_point *at) {
    const struct prediction p = use->scheduler ? scheduler_network(use->scheduler, at)
                                               : prediction_at(use->path, at, use->prediction, use->sigma_data);
    if (isfinite(p.x_by) && isfinite(p.out_by))
        return STATUS_OK;
    if (use->scheduler)
        return scheduler_fail(
            ctx, "prediction_type",
            "The first call is made where alpha is 0, and there this prediction_type does not determine the data; "
            "want v_prediction.");
    return ctx_fail(ctx, STATUS_INVALID, "/prediction",
                    "The first call is made where alpha is 0, and there %s does not determine the data; want x0, v, "
                    "velocity or edm, or a sampler.sigma_max.",
                    prediction_names[use->prediction]);
}

enum status network_denoiser(struct ctx *ctx, const struct network *network, const struct network_use *use,
                             const struct denoiser **out) {
    enum status status = use->scheduler ? STATUS_OK : prediction_check(ctx, use->path, use->prediction);
    if (status != STATUS_OK)
        return status;
    struct network_model *m = ctx_zalloc(ctx, 1, sizeof *m);
    if (!m)
        return STATUS_NO_MEMORY;
    size_t pixels = network->height * network->width;
    m->network = *network;
    m->use = *use;
    m->ctx = ctx;
    m->numbers_in = pixels * network_channels_in(network);
    m->numbers_out = pixels * network->out_channels;
    m->base.d = pixels * network->channels;
    m->base.eval = eval;
    m->base.eval_spread = network->out_channels == 2 * network->channels ? eval_spread : NULL;
    m->base.cost = graph_cost(network->graph);
    /* Each part is rounded up to whole doubles once, and once for each row here, which is never less. */
    m->base.scratch_row =
        doubles(graph_floats(network->graph, 1)) + doubles(m->numbers_in) + doubles(m->numbers_out) + 2;
    m->base.scratch = 4;
    m->base.each = network_each;
    m->base.each_scratch = m->base.scratch;
    m->base.each_scratch_row = m->base.scratch_row;
    *out = &m->base;
    return use->slopes ? network_slopes(ctx, m) : STATUS_OK;
}
