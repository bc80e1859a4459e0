#include "handlers/model_request.h"

#include <stdio.h>
#include <string.h>

#include "core/diffusion/conditional.h"
#include "handlers/class_request.h"

struct mixture_params {
    struct array weights, means, stds, covariances, classes;
};

struct points_params {
    struct array points, classes;
    double bandwidth;
};

struct network_params {
    struct str name, digest;
    struct array shape, latents;
    double work, decode, encode, workspace;
};

enum { MODEL_MIXTURE, MODEL_POINTS, MODEL_NETWORK };

enum {
    NETWORK_MAX_D = 3 * 1024 * 1024,
    NETWORK_SETUP = 50 * 1000, /* more than is computed on a loop: its weights may have to be read */
};

static const struct field MIXTURE_FIELDS[] = {
    FIELD(struct mixture_params, weights, ARRAY,
          "How likely each part is, [K]. Divided by their sum; absent: all the same.", .kinds = KIND_REAL,
          .min_items = 1, .max_items = MODEL_MAX_NUMBERS, FIELD_REALS(0, 1e308)),
    FIELD(struct mixture_params, means, ARRAY, "The means of the parts, [K][d]; or [K] in one dimension.",
          .required = true, .kinds = KIND_REAL, .max_dims = 2, .min_items = 1, .max_items = MODEL_MAX_NUMBERS,
          FIELD_REALS(-MIXTURE_MAX_VALUE, MIXTURE_MAX_VALUE)),
    FIELD(struct mixture_params, stds, ARRAY,
          "Standard deviations: a number for all parts, [K] of each part, or [K][d] of each part along each axis.",
          .kinds = KIND_REAL, .scalar = true, .max_dims = 2, .min_items = 1, .max_items = MODEL_MAX_NUMBERS,
          FIELD_REALS(0, MIXTURE_MAX_VALUE)),
    FIELD(struct mixture_params, covariances, ARRAY,
          "Covariance matrices, [K][d][d], symmetric and positive definite; d up to 256.", .kinds = KIND_REAL,
          .min_dims = 3, .max_dims = 3, .min_items = 1, .max_items = MODEL_MAX_NUMBERS,
          FIELD_REALS(-MIXTURE_MAX_VALUE, MIXTURE_MAX_VALUE)),
    FIELD(struct mixture_params, classes, ARRAY, "The class of each part, [K]; a request's `class` selects by it.",
          .kinds = KIND_INT, .min_items = 1, .max_items = MODEL_MAX_NUMBERS),
    {0}};

static const struct rule MIXTURE_RULES[] = {EXACTLY_ONE("stds", "covariances"), {0}};

static const struct field POINTS_FIELDS[] = {
    FIELD(struct points_params, points, ARRAY, "The points, [n][d]; or [n] in one dimension.", .required = true,
          .kinds = KIND_REAL, .max_dims = 2, .min_items = 1, .max_items = MODEL_MAX_NUMBERS,
          FIELD_REALS(-MIXTURE_MAX_VALUE, MIXTURE_MAX_VALUE)),
    FIELD(struct points_params, bandwidth, NUMBER,
          "The standard deviation of the Gaussian around each point. With 0 the samples are the points themselves, as "
          "far as the steps allow: the optimal denoiser of a training set.",
          .def = "0", FIELD_REALS(0, MIXTURE_MAX_VALUE)),
    FIELD(struct points_params, classes, ARRAY, "The class of each point, [n]; a request's `class` selects by it.",
          .kinds = KIND_INT, .min_items = 1, .max_items = MODEL_MAX_NUMBERS),
    {0}};

static const struct field NETWORK_FIELDS[] = {
    FIELD(struct network_params, name, STRING, "Its name among the service's models.", .required = true,
          .max_items = 64),
    FIELD(struct network_params, digest, STRING,
          "A digest of its files and of the kernels that run it, so that an answer stands for one network only.",
          .required = true, .max_items = 128),
    FIELD(struct network_params, shape, ARRAY,
          "Of a sample: [channels, height, width], or [features]; a sample is these numbers in a row.",
          .required = true, .kinds = KIND_INT, .min_items = 1, .max_items = 3, FIELD_INTS(1, MLP_WIDTH_MAX)),
    FIELD(struct network_params, latents, ARRAY,
          "Where the network works on latents, which an autoencoder makes samples of: their [channels, height, width].",
          .kinds = KIND_INT, .min_items = 3, .max_items = 3, FIELD_INTS(1, UNET_CHANNELS_MAX)),
    FIELD(struct network_params, work, NUMBER, "Multiply-adds of a call for one sample.", .required = true,
          FIELD_REALS(0, 1e18)),
    FIELD(struct network_params, decode, NUMBER, "With latents: multiply-adds of making a sample of one.", .def = "0",
          FIELD_REALS(0, 1e18)),
    FIELD(struct network_params, encode, NUMBER, "With latents: multiply-adds of the way back; 0: there is none.",
          .def = "0", FIELD_REALS(0, 1e18)),
    FIELD(struct network_params, workspace, NUMBER, "Bytes that the greatest of these works with, for one sample.",
          .def = "0", FIELD_REALS(0, 1e18)),
    {0}};

const struct variant model_variants[] = {
    {"mixture", "A mixture of Gaussians; its denoiser is a formula, so the only error is that of the steps.",
     MIXTURE_FIELDS, sizeof(struct mixture_params), MIXTURE_RULES},
    {"points", "A finite set of equally likely points, each widened by a Gaussian (a kernel density estimate).",
     POINTS_FIELDS, sizeof(struct points_params), NULL},
    {"network",
     "A neural network that the service has loaded. This object is what its name stands for: a request gives the name "
     "alone. Sampled by its own scheduler_config, unless the request has one, or a sampler, or a path and a "
     "prediction.",
     NETWORK_FIELDS, sizeof(struct network_params), NULL},
    {0}};

static size_t numbers_of(const struct array *shape) {
    size_t n = 1;
    for (size_t i = 0; i < shape->n; i++)
        n *= (size_t)shape->ints[i]; /* three, each below 2^17 */
    return n;
}

static struct model_extent network_extent(const struct network_params *p) {
    const size_t d = numbers_of(&p->shape);
    return (struct model_extent){1, p->latents.kind ? numbers_of(&p->latents) : d, d, MIXTURE_ROUND};
}

struct model_extent model_extent(const struct choice *model) {
    if (model->variant == MODEL_NETWORK)
        return network_extent(model->params);
    if (model->variant == MODEL_POINTS) {
        const struct points_params *p = model->params;
        const size_t d = model_columns(&p->points);
        return (struct model_extent){p->points.shape[0], d, d, MIXTURE_ROUND};
    }
    const struct mixture_params *m = model->params;
    const size_t d = model_columns(&m->means);
    enum mixture_shape shape = m->covariances.kind ? MIXTURE_FULL : m->stds.dims == 2 ? MIXTURE_AXES : MIXTURE_ROUND;
    return (struct model_extent){m->means.shape[0], d, d, shape};
}

enum status model_check_size(struct call *call, const struct choice *model, const char *name) {
    struct model_extent e = model_extent(model);
    const size_t most = e.d > e.sample_d ? e.d : e.sample_d;
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/%s", name);
    if (most <= MIXTURE_MAX_D || (model->variant == MODEL_NETWORK && most <= NETWORK_MAX_D))
        return STATUS_OK;
    return call_fail(call, STATUS_TOO_LARGE, pointer, "The model has %zu dimensions, want at most %d.", most,
                     model->variant == MODEL_NETWORK ? NETWORK_MAX_D : MIXTURE_MAX_D);
}

/* Nanoseconds; fitted to bench/sample.c. */
double model_setup_cost(const struct choice *model) {
    if (model->variant == MODEL_NETWORK)
        return NETWORK_SETUP;
    struct model_extent e = model_extent(model);
    double d = (double)e.d;
    return (double)e.k * (e.shape == MIXTURE_FULL ? 200 + 25 * d * d * d : 5 + d);
}

double model_row_cost(const struct choice *model) {
    if (model->variant == MODEL_NETWORK)
        return 1000 + ((const struct network_params *)model->params)->work / GRAPH_RATE;
    struct model_extent e = model_extent(model);
    return mixture_cost(e.k, e.d, e.shape);
}

double model_coding_cost(const struct choice *model, double decoded, double encoded) {
    if (model->variant != MODEL_NETWORK)
        return 0;
    const struct network_params *p = model->params;
    return (decoded * p->decode + encoded * p->encode) / GRAPH_RATE;
}

double model_memory(const struct choice *model, double count) {
    if (model->variant != MODEL_NETWORK)
        return 0;
    const struct network_params *p = model->params;
    const struct model_extent e = network_extent(p);
    return p->workspace + 8 * count * (double)(e.d + (p->latents.kind ? e.sample_d : 0));
}

static enum status check_mixture(struct ctx *ctx, const struct mixture_params *m, size_t k, size_t d) {
    if (m->weights.kind && m->weights.n != k)
        return ctx_fail(ctx, STATUS_INVALID, "/model/weights",
                        "weights holds %zu numbers, want one for each of the %zu means.", m->weights.n, k);
    if (m->stds.dims == 2 && (m->stds.shape[0] != k || m->stds.shape[1] != d))
        return ctx_fail(ctx, STATUS_INVALID, "/model/stds",
                        "stds has the shape [%zu][%zu], want [%zu][%zu] as the means.", m->stds.shape[0],
                        m->stds.shape[1], k, d);
    if (m->stds.dims == 1 && m->stds.n != 1 && m->stds.n != k)
        return ctx_fail(ctx, STATUS_INVALID, "/model/stds",
                        "stds holds %zu numbers, want 1 (of all parts) or %zu (one for each mean).", m->stds.n, k);
    const size_t *s = m->covariances.shape;
    if (m->covariances.kind && (s[0] != k || s[1] != d || s[2] != d))
        return ctx_fail(ctx, STATUS_INVALID, "/model/covariances",
                        "covariances has the shape [%zu][%zu][%zu], want [%zu][%zu][%zu] to go with the means.", s[0],
                        s[1], s[2], k, d, d);
    return STATUS_OK;
}

/* pick keeps the selected rows of rows[k][size]; NULL where memory is short. */
static double *pick(struct ctx *ctx, const struct selection *s, const double *rows, size_t size) {
    double *to = ctx_alloc(ctx, s->n, size * sizeof *to);
    for (size_t i = 0; to && i < s->n; i++)
        memcpy(to + i * size, rows + s->index[i] * size, size * sizeof *to);
    return to;
}

/* make_points makes the denoiser of the selected points; s NULL: of all. */
static enum status make_points(struct ctx *ctx, const struct points_params *p, const struct selection *s,
                               const struct denoiser **out) {
    const size_t n = s ? s->n : p->points.shape[0], d = model_columns(&p->points);
    const double *points = s ? pick(ctx, s, p->points.reals, d) : p->points.reals;
    return points ? points_make(ctx, points, n, d, p->bandwidth, out) : STATUS_NO_MEMORY;
}

static enum status pick_mixture(struct ctx *ctx, const struct selection *s, struct mixture_in *in) {
    bool each = in->n_stds > 1;
    if ((in->weights && !(in->weights = pick(ctx, s, in->weights, 1))) ||
        !(in->means = pick(ctx, s, in->means, in->d)) ||
        (each && !(in->stds = pick(ctx, s, in->stds, in->n_stds / in->k))) ||
        (in->covariances && !(in->covariances = pick(ctx, s, in->covariances, in->d * in->d))))
        return STATUS_NO_MEMORY;
    in->n_stds = each ? in->n_stds / in->k * s->n : in->n_stds;
    in->k = s->n;
    return STATUS_OK;
}

/* make_mixture makes the denoiser of the selected parts; s NULL: of all. */
static enum status make_mixture(struct ctx *ctx, const struct mixture_params *m, const struct selection *s,
                                const struct denoiser **out) {
    struct mixture_in in = {
        .k = m->means.shape[0],
        .d = model_columns(&m->means),
        .weights = m->weights.kind ? m->weights.reals : NULL,
        .means = m->means.reals,
        .stds = m->stds.kind ? m->stds.reals : NULL,
        .n_stds = m->stds.n,
        .covariances = m->covariances.kind ? m->covariances.reals : NULL,
    };
    enum status status = check_mixture(ctx, m, in.k, in.d);
    if (status == STATUS_OK && s)
        status = pick_mixture(ctx, s, &in);
    return status == STATUS_OK ? mixture_make(ctx, &in, out) : status;
}

static enum status make_parts(struct ctx *ctx, const struct choice *model, const struct selection *s,
                              const struct denoiser **out) {
    return model->variant == MODEL_POINTS ? make_points(ctx, model->params, s, out)
                                          : make_mixture(ctx, model->params, s, out);
}

/* classes_of is model.classes of a formula. */
static const struct array *classes_of(const struct choice *model) {
    return model->variant == MODEL_POINTS ? &((const struct points_params *)model->params)->classes
                                          : &((const struct mixture_params *)model->params)->classes;
}

static enum status make_formula(struct ctx *ctx, const struct choice *model, const struct array *asked,
                                const struct denoiser **out) {
    struct selection s;
    if (!asked->kind)
        return make_parts(ctx, model, NULL, out);
    enum status status = class_select(ctx, classes_of(model), model_extent(model).k, asked, &s);
    return status == STATUS_OK ? make_parts(ctx, model, &s, out) : status;
}

/* make_each makes a denoiser for each class of a formula, and of them one. */
static enum status make_each(struct ctx *ctx, const struct choice *model, const struct array *asked, size_t count,
                             struct conditioned *out) {
    struct class_parts *list;
    size_t n;
    enum status status = class_select_each(ctx, classes_of(model), model_extent(model).k, asked, &list, &n);
    if (status != STATUS_OK)
        return status;
    struct conditional_part *parts = ctx_alloc(ctx, n, sizeof *parts);
    if (!parts)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        parts[i].class = list[i].class;
        status = make_parts(ctx, model, &list[i].parts, &parts[i].denoiser);
    }
    if (status == STATUS_OK)
        status = conditional_make(ctx, parts, n, &out->denoiser);
    return status == STATUS_OK ? class_of_samples(ctx, asked->ints, asked->n, count, &out->classes) : status;
}

static bool same(struct str a, struct str b) { return a.n == b.n && !memcmp(a.p, b.p, a.n); }

bool model_is_network(const struct choice *model) { return model->variant == MODEL_NETWORK; }

enum status model_load_network(struct call *call, const struct choice *model, const struct loaded_model **out) {
    *out = NULL;
    if (model->variant != MODEL_NETWORK)
        return STATUS_OK;
    const struct network_params *p = model->params;
    struct kept_model *kept;
    enum status status = call_keep_model(call, p->name, p->digest, MODEL_DIGESTED, &kept);
    if (status == STATUS_OK && !kept)
        return ctx_fail(&call->ctx, STATUS_INVALID, "/model/name", "There is no network of this name.");
    if (status == STATUS_OK && kept->named.outline && !same(p->digest, kept->named.digest))
        return ctx_fail(&call->ctx, STATUS_INVALID, "/model/digest",
                        "This network's digest is %.*s; want that, or its name alone.", (int)kept->named.digest.n,
                        kept->named.digest.p);
    if (status == STATUS_OK && !kept->named.outline)
        return ctx_fail(&call->ctx, STATUS_INVALID, "/model/name", "The model of this name is no network.");
    return status == STATUS_OK ? call_load_model(call, kept, out) : status;
}

enum { SHAPE_TEXT = 80 };

/* write_shape writes "[3,32,32]". */
static void write_shape(const size_t *shape, size_t dims, char text[SHAPE_TEXT]) {
    size_t at = 0;
    for (size_t i = 0; i < dims; i++)
        at += (size_t)snprintf(text + at, SHAPE_TEXT - at, "%c%zu", i ? ',' : '[', shape[i]);
    snprintf(text + at, SHAPE_TEXT - at, "]");
}

static bool has_shape(const struct array *a, const size_t *shape, size_t dims) {
    bool equal = a->n == dims;
    for (size_t i = 0; equal && i < dims; i++)
        equal = (size_t)a->ints[i] == shape[i];
    return equal;
}

/* find_network is model_load_network, if it is the one that the request means. */
static enum status find_network(struct call *call, const struct choice *model, const struct loaded_model **out) {
    const struct network_params *p = model->params;
    enum status status = model_load_network(call, model, out);
    if (status != STATUS_OK)
        return status;
    const struct loaded_model *m = *out;
    if (has_shape(&p->shape, m->shape, m->dims))
        return STATUS_OK;
    char shape[SHAPE_TEXT];
    write_shape(m->shape, m->dims, shape);
    return ctx_fail(&call->ctx, STATUS_INVALID, "/model/shape", "This network's samples have the shape %s.", shape);
}

/* wants_class: a network without a row for none cannot do without a class. */
static enum status wants_class(struct ctx *ctx, const struct loaded_model *m) {
    return ctx_fail(ctx, STATUS_INVALID, "/class",
                    "This network wants a class, 0 to %zu: its config.json has no _null_class, a row that it learnt "
                    "for none.",
                    m->classes.n - 1);
}

/* make_network makes a network's denoiser. It is told one class, its row for none where none is asked for, or of several
 * each sample's. */
static enum status make_network(struct call *call, const struct choice *model, struct model_class of, size_t count,
                                struct conditioned *out) {
    struct ctx *ctx = &call->ctx;
    const struct loaded_model *m;
    int64_t *numbers = NULL;
    if (!of.use)
        return ctx_fail(
            ctx, STATUS_INVALID, "/model",
            "A network is asked by a scheduler_config, or by a path and a prediction, which only requests to "
            "/v1/sample for networks have; want a mixture or points here.");
    enum status status = find_network(call, model, &m);
    if (status == STATUS_OK && of.asked.kind)
        status = class_numbers(ctx, m, &of.asked, &numbers);
    else if (status == STATUS_OK && m->classes.none < 0)
        status = wants_class(ctx, m);
    if (status != STATUS_OK)
        return status;
    struct network_use use = *of.use;
    use.class = numbers ? numbers[0] : m->classes.none;
    status = network_denoiser(ctx, &m->network, &use, &out->denoiser);
    return status == STATUS_OK && of.asked.n > 1 ? class_of_samples(ctx, numbers, of.asked.n, count, &out->classes)
                                                 : status;
}

static size_t greater(size_t a, size_t b) { return a > b ? a : b; }

static size_t workspace(const struct loaded_model *m) {
    size_t floats = graph_floats(m->network.graph, 1);
    if (m->decoder.graph)
        floats = greater(floats, coder_floats(&m->decoder, 1));
    if (m->encoder.graph)
        floats = greater(floats, coder_floats(&m->encoder, 1));
    return floats * sizeof(float);
}

void model_describe(const struct loaded_model *m, const char *name, const char *digest, struct buf *out) {
    char shape[SHAPE_TEXT];
    write_shape(m->shape, m->dims, shape);
    buf_printf(out, "{\"type\":\"network\",\"name\":\"%s\",\"digest\":\"%s\",\"shape\":%s", name, digest, shape);
    if (m->decoder.graph)
        buf_printf(out, ",\"latents\":[%zu,%zu,%zu]", m->network.channels, m->network.height, m->network.width);
    buf_printf(out, ",\"work\":%.0f", graph_work(m->network.graph));
    if (m->decoder.graph)
        buf_printf(out, ",\"decode\":%.0f,\"encode\":%.0f", graph_work(m->decoder.graph),
                   m->encoder.graph ? graph_work(m->encoder.graph) : 0.0);
    buf_printf(out, ",\"workspace\":%zu}", workspace(m));
}

enum status model_make(struct call *call, const struct choice *model, struct model_class of,
                       const struct denoiser **out) {
    struct conditioned made = {0};
    if (model->variant != MODEL_NETWORK)
        return make_formula(&call->ctx, model, &of.asked, out);
    enum status status = make_network(call, model, of, 1, &made);
    *out = made.denoiser;
    return status;
}

enum status model_make_each(struct call *call, const struct choice *model, struct model_class of, size_t count,
                            struct conditioned *out) {
    *out = (struct conditioned){0};
    if (model->variant == MODEL_NETWORK)
        return make_network(call, model, of, count, out);
    return of.asked.n > 1 ? make_each(&call->ctx, model, &of.asked, count, out)
                          : make_formula(&call->ctx, model, &of.asked, &out->denoiser);
}
