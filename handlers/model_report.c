#include "handlers/model_report.h"

#include "handlers/model_graphs.h"
#include "handlers/scheduler_request.h"

struct report {
    struct call call; /* its arena; what reads a scheduler wants a call */
    struct files *files;
    struct model_files model;
    struct buf *out;
};

static double mb(size_t bytes) { return (double)bytes / 1e6; }

static size_t workspace(const struct model_graphs *g) {
    size_t most = graph_floats(g->network, 1), coder = 0;
    if (g->decode)
        coder = coder_floats(&g->decoder, 1);
    if (g->encode && coder_floats(&g->encoder, 1) > coder)
        coder = coder_floats(&g->encoder, 1);
    return (most > coder ? most : coder) * sizeof(float);
}

static void write_part(struct report *r, const char *what, const struct model_part *part) {
    buf_printf(r->out, "%s: %zu numbers in %zu tensors (", what, part->numbers, part->weights.n);
    for (int i = 0, first = 1; i < DTYPE_COUNT; i++)
        if (part->tensors[i]) {
            buf_printf(r->out, "%s%zu %s", first ? "" : ", ", part->tensors[i], dtype_text((enum dtype)i));
            first = 0;
        }
    buf_text(r->out, ")\n");
}

static void write_networks(struct report *r, const struct model_graphs *g) {
    const struct model_files *m = &r->model;
    if (g->dims == 1)
        buf_printf(r->out, "network: %s of rows of %zu numbers\n", m->architecture, g->channels);
    else
        buf_printf(r->out, "network: %s of %zu x %zu %s, %zu channels in, %zu out\n", m->architecture, g->height,
                   g->width, m->latent ? "latents" : "pixels", g->channels, g->out_channels);
    if (m->latent)
        buf_printf(r->out, "autoencoder: AutoencoderKL of pictures of %zu x %zu pixels, %zu channels%s\n", g->shape[1],
                   g->shape[2], g->shape[0], g->encode ? "" : ", without an encoder");
    if (m->source)
        buf_printf(r->out, "source: %zu points\n", m->source->shape[0]);
    if (g->classes.n)
        buf_printf(r->out, "classes: %zu\n", g->classes.n);
    if (m->labels.n)
        buf_printf(r->out, "labels: %zu\n", m->labels.n);
    write_part(r, "weights", &m->network);
    if (m->latent)
        write_part(r, "autoencoder's weights", &m->autoencoder);
}

static size_t kept(const struct graph *g) { return g ? graph_load_bytes(g) : 0; }

/* write_memory is for graphs that know which weights stay in half precision. */
static void write_memory(struct report *r, const struct model_graphs *g) {
    buf_printf(r->out, "memory: %.2f MB for the weights, %.2f MB for each image\n",
               mb(kept(g->network) + kept(g->decode) + kept(g->encode)), mb(workspace(g)));
}

/* read_numbers reads every parameter once, which finds those that are not finite. */
static enum status read_numbers(struct report *r, const struct graph *graph, struct model_part *part) {
    struct ctx *ctx = &r->call.ctx;
    const struct parameter *list = NULL;
    size_t n = graph ? graph_parameters(graph, &list) : 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        struct ctx_mark mark = ctx_mark(ctx);
        float *to = ctx_alloc(ctx, list[i].n, sizeof *to);
        status = to ? model_part_find(part, ctx, &list[i], to) : STATUS_NO_MEMORY;
        ctx_rewind(ctx, mark);
    }
    return status;
}

/* read_source wants points of the network's samples. */
static enum status read_source(struct report *r, const struct model_graphs *g) {
    struct ctx *ctx = &r->call.ctx;
    struct ctx_mark mark = ctx_mark(ctx);
    float *points;
    if (!r->model.source)
        return STATUS_OK;
    enum status status = source_file_read(ctx, r->model.source, g->dims, g->shape, &points);
    ctx_rewind(ctx, mark);
    return status;
}

static enum status check_networks(struct report *r) {
    struct ctx *ctx = &r->call.ctx;
    struct model_files *m = &r->model;
    struct model_graphs g;
    enum status status = model_graphs_make(ctx, m, &g);
    if (status != STATUS_OK)
        return status;
    write_networks(r, &g);
    status = model_graphs_check(ctx, m, &g);
    if (status != STATUS_OK)
        return status;
    write_memory(r, &g);
    status = read_source(r, &g);
    if (status == STATUS_OK)
        status = read_numbers(r, g.network, &m->network);
    if (status == STATUS_OK)
        status = read_numbers(r, g.decode, &m->autoencoder);
    return status == STATUS_OK ? read_numbers(r, g.encode, &m->autoencoder) : status;
}

/* check_scheduler: one that is not to be had is no error, since a request can say its own path. */
static void check_scheduler(struct report *r) {
    struct scheduler_answer answer = {0};
    struct file_warnings *w = &r->model.warnings;
    struct ctx *ctx = &r->call.ctx;
    if (!r->model.scheduler.n)
        return;
    if (scheduler_request(&r->call, r->model.scheduler, NULL, &answer) != STATUS_OK) {
        file_warn(ctx, w, "The scheduler is of no use, so a request has to name its path: %.300s", ctx->err.detail);
        return;
    }
    buf_printf(r->out, "scheduler: %.*s\n", (int)answer.name.n, answer.name.p);
    for (size_t i = 0; i < answer.ignored.n; i++)
        file_warn(ctx, w, "scheduler_config.json has the key %.60s, which means nothing to its class.",
                  answer.ignored.strings[i].p);
}

/* write_line shows a sentence that may quote what a file holds: nothing of it commands a terminal. */
static void write_line(struct buf *out, const char *what, const char *sentence) {
    buf_text(out, what);
    for (; *sentence; sentence++)
        buf_byte(out, (unsigned char)*sentence < ' ' || *sentence == 127 ? '?' : *sentence);
    buf_byte(out, '\n');
}

static void write_warnings(const struct report *r) {
    const struct file_warnings *w = &r->model.warnings;
    for (size_t i = 0; i < w->n; i++)
        write_line(r->out, "warning: ", w->list[i]);
    if (w->total > w->n)
        buf_printf(r->out, "warning: There are %zu more.\n", w->total - w->n);
}

bool model_report(struct files *files, enum isa isa, size_t memory, struct buf *out) {
    static const struct host nobody = {0};
    struct report r = {.files = files, .out = out};
    call_init(&r.call, endpoints[0], &nobody);
    r.call.ctx.cap = memory;
    r.call.ctx.isa = isa;
    enum status status = model_files_open(&r.call.ctx, files, &r.model);
    if (status == STATUS_OK)
        status = check_networks(&r);
    struct error error = r.call.ctx.err;
    if (status == STATUS_OK)
        check_scheduler(&r);
    write_warnings(&r);
    if (status != STATUS_OK)
        write_line(out, "error: ", error.detail);
    call_release(&r.call);
    return status == STATUS_OK;
}
