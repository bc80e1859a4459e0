#include "handlers/latent_request.h"

#include <stdio.h>

const struct coder *latent_coder(const struct loaded_model *model) {
    return model && model->decoder.graph ? &model->decoder : NULL;
}

static enum status encode_rows(struct call *call, const struct coder *encoder, const char *name, const struct array *in,
                               struct array *out) {
    char pointer[32];
    if (!in->kind)
        return STATUS_OK;
    snprintf(pointer, sizeof pointer, "/%s", name);
    if (!encoder->graph)
        return ctx_fail(&call->ctx, STATUS_INVALID, pointer,
                        "This model's autoencoder came without an encoder, so it cannot make latents of %s.", name);
    const size_t rows = in->n / coder_in(encoder), d = coder_out(encoder);
    double *latents = ctx_alloc(&call->ctx, rows, d * sizeof *latents);
    if (!latents)
        return STATUS_NO_MEMORY;
    *out = (struct array){KIND_REAL, 2, {rows, d}, rows * d, {.reals = latents}};
    enum status status = coder_run(&call->ctx, encoder, rows, in->reals, latents, false);
    if (status == STATUS_INVALID)
        snprintf(call->ctx.err.pointer, sizeof call->ctx.err.pointer, "%s", pointer);
    return status;
}

/* cell_mean averages what one latent stands for: `side` pixels a side of all channels. */
static double cell_mean(const struct coder *c, const double *mask, size_t row, size_t column) {
    const size_t tall = c->in_height / c->out_height, wide = c->in_width / c->out_width;
    double sum = 0;
    for (size_t channel = 0; channel < c->in_channels; channel++)
        for (size_t y = row * tall; y < (row + 1) * tall; y++)
            for (size_t x = column * wide; x < (column + 1) * wide; x++)
                sum += mask[(channel * c->in_height + y) * c->in_width + x];
    return sum / (double)(c->in_channels * tall * wide);
}

static enum status shrink_mask(struct call *call, const struct coder *c, const struct array *in, struct array *out) {
    if (!in->kind)
        return STATUS_OK;
    const size_t pixels = c->out_height * c->out_width, d = coder_out(c);
    double *mask = ctx_alloc(&call->ctx, d, sizeof *mask);
    if (!mask)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < pixels; i++)
        mask[i] = cell_mean(c, in->reals, i / c->out_width, i % c->out_width);
    for (size_t i = pixels; i < d; i++)
        mask[i] = mask[i - pixels];
    *out = array_1d(KIND_REAL, mask, d);
    return STATUS_OK;
}

enum status latent_encode(struct call *call, const struct loaded_model *model, const struct sample_params *p,
                          struct latent_inputs *out) {
    *out = (struct latent_inputs){p->init, p->invert, p->mask, p->known};
    if (!latent_coder(model))
        return STATUS_OK;
    const struct coder *encoder = &model->encoder;
    enum status status = encode_rows(call, encoder, "init", &p->init, &out->init);
    if (status == STATUS_OK)
        status = encode_rows(call, encoder, "invert", &p->invert, &out->invert);
    if (status == STATUS_OK)
        status = encode_rows(call, encoder, "known", &p->known, &out->known);
    return status == STATUS_OK ? shrink_mask(call, encoder, &p->mask, &out->mask) : status;
}

/* restore puts the known data back: an autoencoder does not return them exactly. */
static void restore(const struct sample_params *p, size_t d, double *samples) {
    for (size_t i = 0; p->mask.kind && i < (size_t)p->count * d; i++) {
        const double by = p->mask.reals[i % d];
        samples[i] = by * p->known.reals[i % d] + (1 - by) * samples[i];
    }
}

enum status latent_decode(struct call *call, const struct loaded_model *model, const struct sample_params *p,
                          double *drawn, double **samples) {
    const struct coder *decoder = latent_coder(model);
    *samples = drawn;
    if (!decoder)
        return STATUS_OK;
    const size_t count = (size_t)p->count, d = coder_out(decoder);
    *samples = ctx_alloc(&call->ctx, count, d * sizeof **samples);
    if (!*samples)
        return STATUS_NO_MEMORY;
    enum status status = coder_run(&call->ctx, decoder, count, drawn, *samples, p->time_limit_ms > 0);
    if (status == STATUS_OK)
        restore(p, d, *samples);
    return status;
}

enum status latent_decode_ns(struct call *call, const struct loaded_model *model, size_t count, double *out) {
    const struct coder *decoder = latent_coder(model);
    const struct host *host = call->host;
    *out = 0;
    if (!decoder || call->time_limit_ms <= 0 || !host->now_ns)
        return STATUS_OK;
    const struct ctx_mark mark = ctx_mark(&call->ctx);
    double *in = ctx_zalloc(&call->ctx, coder_in(decoder), sizeof *in);
    double *to = ctx_alloc(&call->ctx, coder_out(decoder), sizeof *to);
    enum status status = in && to ? STATUS_OK : STATUS_NO_MEMORY;
    const int64_t before = host->now_ns(host->self);
    if (status == STATUS_OK)
        status = coder_run(&call->ctx, decoder, 1, in, to, false);
    *out = (double)(host->now_ns(host->self) - before) * (double)count;
    ctx_rewind(&call->ctx, mark);
    return status;
}
