#include "handlers/train_samples.h"

#include <math.h>
#include <string.h>

#include "core/diffusion/grid.h"
#include "core/diffusion/guidance.h"
#include "core/diffusion/network.h"
#include "core/diffusion/plan_build.h"
#include "core/diffusion/sampler.h"
#include "core/picture/plot.h"
#include "handlers/png.h"

enum { POINTS_EACH = 16, PLANE = 512, SHEET_SIDE = 56 };

struct drawing {
    struct ctx *ctx;
    const struct train_plan *plan;
    struct network network;
    struct plan steps;
    struct noise_source noise; /* of a run without a source: base alone */
    size_t d;
};

/* -- The network -- */

/* Parameters come in the order in which they lie. */
static enum status next_weights(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    const float **at = self;
    (void)ctx;
    memcpy(to, *at, p->n * sizeof *to);
    *at += p->n;
    return STATUS_OK;
}

static enum status load_network(struct drawing *d, const float *weights) {
    const struct dataset *data = d->plan->data;
    struct graph *graph;
    enum status status = train_plan_graph(d->ctx, d->plan, &graph);
    if (status == STATUS_OK)
        status = graph_load(d->ctx, graph, next_weights, &weights);
    d->network = (struct network){graph,          data->height,   data->width,
                                  data->channels, data->channels, d->plan->loss.given.rate > 0};
    return status;
}

static enum status denoiser_of(struct drawing *d, int64_t class, const struct denoiser **out) {
    const struct loss *loss = &d->plan->loss;
    const struct network_use use = {
        .path = loss->path, .prediction = loss->prediction, .sigma_data = loss->sigma_data, .class = class};
    return network_denoiser(d->ctx, &d->network, &use, out);
}

static enum status guided(struct drawing *d, int64_t class, const struct denoiser **out) {
    struct guidance_in in = {.scale = d->plan->config.sample_guidance, .high = (double)INFINITY};
    enum status status = denoiser_of(d, class, &in.good);
    if (status == STATUS_OK)
        status = denoiser_of(d, d->plan->loss.none, &in.ref);
    return status == STATUS_OK ? guidance_make(d->ctx, &in, out) : status;
}

/* -- The sampler -- */

static enum status make_steps(struct drawing *d) {
    const struct path *path = d->plan->loss.path;
    const struct grid_in grid = {.id = (enum grid_id)path->family->grid, .steps = (size_t)d->plan->config.sample_steps};
    const struct solver *solver = solver_find(SOLVER_DPMPP_2M);
    const struct solver_options given = {0};
    struct solver_options *options = ctx_alloc(d->ctx, 1, sizeof *options); /* the plan keeps them */
    struct path_point *points;
    struct plan_build b;
    size_t n;
    if (!options)
        return STATUS_NO_MEMORY;
    enum status status = solver_resolve(d->ctx, solver, path, &given, options);
    if (status == STATUS_OK)
        status = grid_make(d->ctx, path, &grid, &points, &n);
    if (status != STATUS_OK)
        return status;
    plan_begin(&b, d->ctx, path, options, points[0].alpha, path_prior_std(path, &points[0]));
    plan_walk(&b, solver, points, n, 0, n);
    return plan_end(&b, &d->steps);
}

static enum status draw(struct drawing *d, const struct denoiser *denoiser, size_t count, double *to) {
    const struct sampler_in in = {.denoiser = denoiser, .plan = &d->steps, .noise = &d->noise.base, .count = count};
    struct sampler_out out;
    enum status status = sampler_run(d->ctx, &in, &out);
    if (status == STATUS_OK)
        memcpy(to, out.samples, count * d->d * sizeof *to);
    return status;
}

/* -- Pictures -- */

/* draw_classes draws `each` images of the first `classes` classes; 0: of none. */
static enum status draw_classes(struct drawing *d, size_t classes, size_t each, double *to) {
    const struct denoiser *denoiser;
    enum status status = STATUS_OK;
    for (size_t c = 0; c < classes && status == STATUS_OK; c++) {
        status = guided(d, (int64_t)c, &denoiser);
        if (status == STATUS_OK)
            status = draw(d, denoiser, each, to + c * each * d->d);
    }
    if (classes)
        return status;
    status = denoiser_of(d, d->plan->loss.none, &denoiser);
    return status == STATUS_OK ? draw(d, denoiser, each, to) : status;
}

static enum status draw_images(struct drawing *d, struct canvas *canvas) {
    const struct dataset *data = d->plan->data;
    const size_t wanted = (size_t)d->plan->config.sample_count;
    const size_t classes = data->classes < wanted ? data->classes : wanted;
    const size_t each = classes ? wanted / classes : wanted;
    const size_t count = classes ? each * classes : each,
                 side = data->height > data->width ? data->height : data->width;
    double *samples = ctx_alloc(d->ctx, count * d->d, sizeof *samples);
    enum status status = samples ? draw_classes(d, classes, each, samples) : STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    size_t columns = classes ? each : (size_t)ceil(sqrt((double)count));
    const struct plot_sheet sheet = {.samples = samples,
                                     .count = count,
                                     .channels = data->channels,
                                     .height = data->height,
                                     .width = data->width,
                                     .black = -1,
                                     .white = 1,
                                     .columns = columns,
                                     .scale = side < SHEET_SIDE ? SHEET_SIDE / side : 1};
    return plot_draw_sheet(d->ctx, &sheet, canvas);
}

/* keep_first leaves of each row the first k numbers, in the unit of the data. */
static void keep_first(const struct dataset *data, size_t count, size_t k, double *samples) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < k; j++)
            samples[i * k + j] = data->mean[j] + data->std[j] * samples[i * data->channels + j];
}

static enum status draw_points(struct drawing *d, struct canvas *canvas) {
    const struct dataset *data = d->plan->data;
    const size_t count = POINTS_EACH * (size_t)d->plan->config.sample_count;
    double *samples = ctx_alloc(d->ctx, count * d->d, sizeof *samples);
    enum status status = samples ? draw_classes(d, 0, count, samples) : STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    struct plot_in in = {.width = PLANE, .height = PLANE, .samples = samples, .count = count};
    keep_first(data, count, d->d == 1 ? 1 : 2, samples);
    if (d->d == 1) {
        plot_span_of(samples, count, &in.range.x0, &in.range.x1);
        return plot_draw_bars(d->ctx, &in, canvas);
    }
    plot_range_of(samples, count, NULL, 0, &in.range);
    return plot_draw_plane(d->ctx, &in, canvas);
}

/* find_start: samples of a run with a source start from its points. */
static enum status find_start(struct drawing *d) {
    const enum isa isa = d->ctx->isa;
    const uint64_t seed = (uint64_t)d->plan->config.seed;
    float *points;
    size_t n;
    d->noise.base = noise_of_seed(isa, seed);
    if (!d->plan->source)
        return STATUS_OK;
    enum status status = train_plan_starts(d->ctx, d->plan, &points, &n);
    if (status == STATUS_OK)
        d->noise = noise_of_source(isa, seed, points, n);
    return status;
}

static enum status draw_all(struct drawing *d, const float *weights, struct buf *out) {
    struct canvas canvas;
    enum status status = find_start(d);
    if (status == STATUS_OK)
        status = load_network(d, weights);
    if (status == STATUS_OK)
        status = make_steps(d);
    if (status == STATUS_OK)
        status = d->plan->data->images ? draw_images(d, &canvas) : draw_points(d, &canvas);
    return status == STATUS_OK ? png_write(d->ctx, &canvas, out) : status;
}

enum status train_samples(struct ctx *ctx, const struct train_plan *plan, const float *weights, struct buf *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct drawing d = {.ctx = ctx, .plan = plan, .d = plan->data->data.d};
    enum status status = draw_all(&d, weights, out);
    ctx_rewind(ctx, mark);
    return status;
}
