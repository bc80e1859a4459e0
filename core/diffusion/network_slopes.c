/* D = x_by x + out_by F(input x, t), so J = x_by + out_by input F', and v' J v = x_by |v|^2 + out_by input (v' F') v.
 * A pass backward gives v' F' of as many images as went forward: of rows, each with its v, or for the trace of copies
 * of a row, each with a unit vector. */
#include <string.h>

#include "core/diffusion/network_parts.h"
#include "core/nn/gradient.h"
#include "core/nn/graph_weights.h"

enum { IMAGES = 8 }; /* that go forward and backward together */

/* What one body works with. */
struct slope_space {
    struct gradient *gradient;
    bool packed; /* it has the weights */
    float *in, *out, *d_out, *by_in;
    float times[IMAGES];
    int64_t classes[IMAGES];
};

/* forward asks for `images` inputs that lie in space->in. */
static void forward(const struct network_model *m, struct slope_space *s, size_t images) {
    const struct graph_in in = {.x = s->in, .times = s->times, .classes = s->classes};
    gradient_forward(m->ctx, s->gradient, s->packed ? NULL : m->weights, images, &in, s->out);
    s->packed = true;
}

/* put_row makes row r of a query an image. */
static void put_row(const struct network_model *m, struct slope_space *s, size_t image, const struct denoiser_each *q,
                    size_t r, const struct prediction *p, float time) {
    network_lay_in(&m->network, p->input, q->x + r * m->base.d, NULL, s->in + image * m->numbers_in);
    s->times[image] = time;
    s->classes[image] = network_class(m, q->classes, r);
}

/* place_of is where number j of a sample, channels first, lies in an image of so many channels. */
static size_t place_of(const struct network *n, size_t channels, size_t j) {
    const size_t pixels = n->height * n->width;
    return j % pixels * channels + j / pixels;
}

static void set_slope(const struct network_model *m, struct slope_space *s, size_t image, const double *v) {
    float *to = s->d_out + image * m->numbers_out;
    memset(to, 0, m->numbers_out * sizeof *to);
    for (size_t j = 0; j < m->base.d; j++)
        to[place_of(&m->network, m->network.out_channels, j)] = (float)v[j];
}

/* rows_vjv answers n rows, and D where it is wanted. */
static void rows_vjv(const struct network_model *m, struct slope_space *s, const struct denoiser_each *q, size_t first,
                     size_t n) {
    const size_t d = m->base.d;
    float time;
    for (size_t i = 0; i < n; i++) {
        const struct prediction p = network_at(m, &q->at[first + i], &time);
        put_row(m, s, i, q, first + i, &p, time);
        set_slope(m, s, i, q->v + (first + i) * d);
    }
    forward(m, s, n);
    gradient_by_input(m->ctx, s->gradient, s->d_out, s->by_in);
    for (size_t i = 0; i < n; i++) {
        const struct prediction p = network_at(m, &q->at[first + i], &time);
        const double *v = q->v + (first + i) * d;
        const float *by = s->by_in + i * m->numbers_in;
        double square = 0, product = 0;
        for (size_t j = 0; j < d; j++) {
            square += v[j] * v[j];
            product += v[j] * (double)by[place_of(&m->network, network_channels_in(&m->network), j)];
        }
        q->vJv[first + i] = p.x_by * square + p.out_by * p.input * product;
        if (q->D)
            network_gather(&m->network, &p, q->x + (first + i) * d, s->out + i * m->numbers_out, q->D + (first + i) * d,
                           NULL);
    }
}

/* row_trace answers row r. */
static void row_trace(const struct network_model *m, struct slope_space *s, const struct denoiser_each *q, size_t r) {
    const struct network *n = &m->network;
    const size_t d = m->base.d, images = d < IMAGES ? d : IMAGES;
    float time;
    const struct prediction p = network_at(m, &q->at[r], &time);
    double sum = 0;
    for (size_t i = 0; i < images; i++)
        put_row(m, s, i, q, r, &p, time);
    forward(m, s, images);
    for (size_t first = 0; first < d; first += images) {
        memset(s->d_out, 0, images * m->numbers_out * sizeof *s->d_out);
        for (size_t i = 0; i < images && first + i < d; i++)
            s->d_out[i * m->numbers_out + place_of(n, n->out_channels, first + i)] = 1;
        gradient_by_input(m->ctx, s->gradient, s->d_out, s->by_in);
        for (size_t i = 0; i < images && first + i < d; i++)
            sum += (double)s->by_in[i * m->numbers_in + place_of(n, network_channels_in(n), first + i)];
    }
    q->trace[r] = p.x_by * (double)d + p.out_by * p.input * sum;
    if (q->D)
        network_gather(n, &p, q->x + r * d, s->out, q->D + r * d, NULL);
}

static void each(const struct denoiser *self, const struct denoiser_each *q, double *scratch) {
    const struct network_model *m = (const struct network_model *)self;
    if (!q->vJv && !q->trace) {
        network_each(self, q, scratch);
        return;
    }
    const size_t mine = workspaces_take(m->spaces);
    struct slope_space *s = m->spaces->pieces[mine];
    for (size_t r = 0; q->vJv && r < q->rows; r += IMAGES)
        rows_vjv(m, s, q, r, q->rows - r < IMAGES ? q->rows - r : IMAGES);
    for (size_t r = 0; q->trace && r < q->rows; r++)
        row_trace(m, s, q, r);
    workspaces_give(m->spaces, mine);
}

static enum status make_space(struct ctx *ctx, const struct network_model *m, struct slope_space *s) {
    *s = (struct slope_space){
        .in = ctx_alloc(ctx, IMAGES * m->numbers_in, sizeof(float)),
        .out = ctx_alloc(ctx, IMAGES * m->numbers_out, sizeof(float)),
        .d_out = ctx_alloc(ctx, IMAGES * m->numbers_out, sizeof(float)),
        .by_in = ctx_alloc(ctx, IMAGES * m->numbers_in, sizeof(float)),
    };
    if (!s->in || !s->out || !s->d_out || !s->by_in)
        return STATUS_NO_MEMORY;
    return gradient_new(ctx, m->network.graph, IMAGES, &s->gradient);
}

enum status network_slopes(struct ctx *ctx, struct network_model *m) {
    m->weights = ctx_alloc(ctx, gradient_numbers(m->network.graph), sizeof *m->weights);
    m->spaces = ctx_alloc(ctx, 1, sizeof *m->spaces);
    enum status status = m->weights && m->spaces ? graph_weights(ctx, m->network.graph, m->weights) : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = workspaces_make(ctx, 1, sizeof(struct slope_space), m->spaces);
    for (size_t i = 0; status == STATUS_OK && i < m->spaces->n; i++)
        status = make_space(ctx, m, m->spaces->pieces[i]);
    m->base.each = each;
    m->base.gives = EACH_TRACE | EACH_VJV;
    return status;
}
