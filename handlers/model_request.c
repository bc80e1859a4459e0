#include "handlers/model_request.h"

#include <stdio.h>
#include <string.h>

struct mixture_params {
    struct array weights, means, stds, covariances, classes;
};

struct points_params {
    struct array points, classes;
    double bandwidth;
};

struct network_params {
    struct str name, digest;
    struct array shape;
    double work;
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
          "Of a sample: [channels, height, width]; a sample is these numbers in a row.", .required = true,
          .kinds = KIND_INT, .min_items = 3, .max_items = 3, FIELD_INTS(1, UNET_CHANNELS_MAX)),
    FIELD(struct network_params, work, NUMBER, "Multiply-adds of a call for one sample.", .required = true,
          FIELD_REALS(0, 1e18)),
    {0}};

const struct variant model_variants[] = {
    {"mixture", "A mixture of Gaussians; its denoiser is a formula, so the only error is that of the steps.",
     MIXTURE_FIELDS, sizeof(struct mixture_params), MIXTURE_RULES},
    {"points", "A finite set of equally likely points, each widened by a Gaussian (a kernel density estimate).",
     POINTS_FIELDS, sizeof(struct points_params), NULL},
    {"network",
     "A neural network that the service has loaded. This object is what its name stands for: a request gives the name "
     "alone. Sampled by a scheduler_config: the model's own, unless the request has one.",
     NETWORK_FIELDS, sizeof(struct network_params), NULL},
    {0}};

struct model_extent model_extent(const struct choice *model) {
    if (model->variant == MODEL_POINTS) {
        const struct points_params *p = model->params;
        return (struct model_extent){p->points.shape[0], model_columns(&p->points), MIXTURE_ROUND};
    }
    if (model->variant == MODEL_NETWORK) {
        const int64_t *shape = ((const struct network_params *)model->params)->shape.ints;
        return (struct model_extent){1, (size_t)(shape[0] * shape[1] * shape[2]), MIXTURE_ROUND};
    }
    const struct mixture_params *m = model->params;
    enum mixture_shape shape = m->covariances.kind ? MIXTURE_FULL : m->stds.dims == 2 ? MIXTURE_AXES : MIXTURE_ROUND;
    return (struct model_extent){m->means.shape[0], model_columns(&m->means), shape};
}

enum status model_check_size(struct call *call, const struct choice *model, const char *name) {
    struct model_extent e = model_extent(model);
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/%s", name);
    if (e.d <= MIXTURE_MAX_D || (model->variant == MODEL_NETWORK && e.d <= NETWORK_MAX_D))
        return STATUS_OK;
    return call_fail(call, STATUS_TOO_LARGE, pointer, "The model has %zu dimensions, want at most %d.", e.d,
                     MIXTURE_MAX_D);
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

/* Which parts a class has: index[n], rising. */
struct selection {
    size_t n;
    size_t *index;
};

static enum status select_class(struct ctx *ctx, const struct array *classes, size_t k, struct model_class of,
                                struct selection *out) {
    if (classes->kind && classes->n != k)
        return ctx_fail(ctx, STATUS_INVALID, "/model/classes",
                        "classes holds %zu numbers, want one for each of the %zu parts.", classes->n, k);
    if (!classes->kind)
        return ctx_fail(ctx, STATUS_INVALID, "/class",
                        "A class is asked for, but the model names none; want model.classes, a number for each part.");
    out->index = ctx_alloc(ctx, k, sizeof *out->index);
    if (!out->index)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < k; i++)
        if (classes->ints[i] == of.id)
            out->index[out->n++] = i;
    if (out->n)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/class", "class is %lld, want one that model.classes holds.",
                    (long long)of.id);
}

/* pick keeps the selected rows of rows[k][size]; NULL where memory is short. */
static double *pick(struct ctx *ctx, const struct selection *s, const double *rows, size_t size) {
    double *to = ctx_alloc(ctx, s->n, size * sizeof *to);
    for (size_t i = 0; to && i < s->n; i++)
        memcpy(to + i * size, rows + s->index[i] * size, size * sizeof *to);
    return to;
}

static enum status make_points(struct ctx *ctx, const struct points_params *p, struct model_class of,
                               const struct denoiser **out) {
    const double *points = p->points.reals;
    size_t n = p->points.shape[0], d = model_columns(&p->points);
    if (of.given) {
        struct selection s = {0};
        enum status status = select_class(ctx, &p->classes, n, of, &s);
        if (status != STATUS_OK)
            return status;
        points = pick(ctx, &s, points, d);
        n = s.n;
    }
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

static enum status make_mixture(struct ctx *ctx, const struct mixture_params *m, struct model_class of,
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
    if (status == STATUS_OK && of.given) {
        struct selection s = {0};
        status = select_class(ctx, &m->classes, in.k, of, &s);
        if (status == STATUS_OK)
            status = pick_mixture(ctx, &s, &in);
    }
    return status == STATUS_OK ? mixture_make(ctx, &in, out) : status;
}

static bool same(struct str a, struct str b) { return a.n == b.n && !memcmp(a.p, b.p, a.n); }

bool model_is_network(const struct choice *model) { return model->variant == MODEL_NETWORK; }

enum status model_network(struct call *call, const struct choice *model, const struct loaded_model **out) {
    *out = NULL;
    if (model->variant != MODEL_NETWORK)
        return STATUS_OK;
    const struct network_params *p = model->params;
    struct kept_model *kept;
    enum status status = call_keep_model(call, p->name, p->digest, MODEL_DIGESTED, &kept);
    if (status == STATUS_OK && !kept)
        return call_fail(call, STATUS_INVALID, "/model/name", "There is no network of this name.");
    if (status == STATUS_OK && kept->named.outline && !same(p->digest, kept->named.digest))
        return call_fail(call, STATUS_INVALID, "/model/digest",
                         "This network's digest is %.*s; want that, or its name alone.", (int)kept->named.digest.n,
                         kept->named.digest.p);
    if (status == STATUS_OK && !kept->named.outline)
        return call_fail(call, STATUS_INVALID, "/model/name", "The model of this name is no network.");
    return status == STATUS_OK ? call_load_model(call, kept, out) : status;
}

/* find_network is model_network, if it is the one that the request means. */
static enum status find_network(struct call *call, const struct choice *model, const struct loaded_model **out) {
    const struct network_params *p = model->params;
    enum status status = model_network(call, model, out);
    if (status != STATUS_OK)
        return status;
    const struct loaded_model *m = *out;
    const int64_t *shape = p->shape.ints;
    const struct network *n = &m->network;
    if ((size_t)shape[0] != n->channels || (size_t)shape[1] != n->height || (size_t)shape[2] != n->width)
        return call_fail(call, STATUS_INVALID, "/model/shape", "This network's samples have the shape [%zu, %zu, %zu].",
                         n->channels, n->height, n->width);
    return STATUS_OK;
}

/* class_of is what the network is told: without a class its last one, which those trained for guidance keep for "none". */
static enum status class_of(struct call *call, const struct model_classes *c, struct model_class of, int64_t *class) {
    if (of.given && !c->n)
        return call_fail(call, STATUS_INVALID, "/class", "A class is asked for, but this network knows none.");
    *class = of.given ? of.id : c->none;
    if (!of.given || (*class >= 0 && *class < (int64_t)c->n))
        return STATUS_OK;
    return call_fail(call, STATUS_INVALID, "/class", "class is %lld, want 0 to %lld: the network knows so many.",
                     (long long)of.id, (long long)c->n - 1);
}

static enum status make_network(struct call *call, const struct choice *model, struct model_class of,
                                const struct denoiser **out) {
    const struct loaded_model *m;
    struct network_use use = {.scheduler = of.scheduler};
    if (!of.scheduler)
        return call_fail(
            call, STATUS_INVALID, "/model",
            "A network is asked by the steps of a scheduler, which there are only in /v1/sample with fixed "
            "steps; want a mixture or points here.");
    enum status status = find_network(call, model, &m);
    if (status == STATUS_OK)
        status = class_of(call, &m->classes, of, &use.class);
    return status == STATUS_OK ? network_denoiser(&call->ctx, &m->network, &use, out) : status;
}

void model_describe(const struct loaded_model *m, const char *name, const char *digest, struct buf *out) {
    const struct network *n = &m->network;
    buf_printf(out, "{\"type\":\"network\",\"name\":\"%s\",\"digest\":\"%s\",\"shape\":[%zu,%zu,%zu],\"work\":%.0f}",
               name, digest, n->channels, n->height, n->width, graph_work(n->graph));
}

enum status model_make(struct call *call, const struct choice *model, struct model_class of,
                       const struct denoiser **out) {
    if (model->variant == MODEL_NETWORK)
        return make_network(call, model, of, out);
    return model->variant == MODEL_POINTS ? make_points(&call->ctx, model->params, of, out)
                                          : make_mixture(&call->ctx, model->params, of, out);
}
