#include "handlers/model_report.h"

#include "core/tensor/tensor.h"
#include "handlers/model_files.h"
#include "handlers/scheduler_request.h"

struct report {
    struct call call; /* its arena; what reads a scheduler wants a call */
    struct files *files;
    struct model_files model;
    struct buf *out;
};

static double mb(size_t bytes) { return (double)bytes / 1e6; }

static void write_network(struct report *r, const struct graph *graph) {
    const struct model_files *m = &r->model;
    const struct unet_config *c = &m->unet;
    buf_printf(r->out, "network: %s of %zu x %zu pixels, %zu channels in, %zu out\n", m->architecture, c->height,
               c->width, c->in_channels, c->out_channels);
    if (c->num_class_embeds)
        buf_printf(r->out, "classes: %zu\n", c->num_class_embeds);
    buf_printf(r->out, "weights: %zu numbers in %zu tensors (", m->numbers, m->weights.n);
    for (int i = 0, first = 1; i < DTYPE_COUNT; i++)
        if (m->tensors[i]) {
            buf_printf(r->out, "%s%zu %s", first ? "" : ", ", m->tensors[i], dtype_text((enum dtype)i));
            first = 0;
        }
    buf_printf(r->out, ")\nmemory: %.2f MB for the weights, %.2f MB for each image\n", mb(m->bytes),
               mb(graph_floats(graph, 1) * sizeof(float)));
}

/* read_numbers reads every parameter once, which finds those that are not finite. */
static enum status read_numbers(struct report *r, const struct parameter *list, size_t n) {
    struct ctx *ctx = &r->call.ctx;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        struct ctx_mark mark = ctx_mark(ctx);
        float *to = ctx_alloc(ctx, list[i].n, sizeof *to);
        status = to ? model_files_find(&r->model, ctx, &list[i], to) : STATUS_NO_MEMORY;
        ctx_rewind(ctx, mark);
    }
    return status;
}

static enum status check_network(struct report *r) {
    struct ctx *ctx = &r->call.ctx;
    struct graph *graph = NULL;
    const struct parameter *list = NULL;
    enum status status = unet_make(ctx, tensor_kernels_for(ctx->isa), &r->model.unet, &graph);
    if (status != STATUS_OK)
        return status;
    write_network(r, graph);
    size_t n = graph_parameters(graph, &list);
    status = model_files_check(ctx, &r->model, list, n);
    return status == STATUS_OK ? read_numbers(r, list, n) : status;
}

/* check_scheduler: one that is not to be had is no error, since a request can say its own path. */
static void check_scheduler(struct report *r) {
    struct scheduler_answer answer = {0};
    struct file_warnings *w = &r->model.warnings;
    struct ctx *ctx = &r->call.ctx;
    if (!r->model.scheduler.n)
        return;
    if (scheduler_request(&r->call, r->model.scheduler, 0, &answer) != STATUS_OK) {
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
        status = check_network(&r);
    struct error error = r.call.ctx.err;
    if (status == STATUS_OK)
        check_scheduler(&r);
    write_warnings(&r);
    if (status != STATUS_OK)
        write_line(out, "error: ", error.detail);
    call_release(&r.call);
    return status == STATUS_OK;
}
