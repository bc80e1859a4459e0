#include "core/nn/autoencoder.h"

#include <math.h>

enum { GROUP_MAX = 16, GROUP_FLOATS = 16 << 20 };

static size_t row_floats(const struct coder *c, size_t rows) {
    return graph_floats(c->graph, rows) + rows * (coder_in(c) + coder_out(c));
}

/* group is how many rows are run at once. */
static size_t group(const struct coder *c, size_t rows) {
    size_t n = rows < GROUP_MAX ? rows : GROUP_MAX;
    while (n > 1 && row_floats(c, n) > GROUP_FLOATS)
        n--;
    return n;
}

size_t coder_floats(const struct coder *c, size_t rows) { return row_floats(c, group(c, rows)); }

static void spread(size_t pixels, size_t channels, const double *from, float *to) {
    for (size_t p = 0; p < pixels; p++)
        for (size_t c = 0; c < channels; c++)
            to[p * channels + c] = (float)from[c * pixels + p];
}

static bool gather(size_t pixels, size_t channels, const float *from, double *to) {
    bool finite = true;
    for (size_t p = 0; p < pixels; p++)
        for (size_t c = 0; c < channels; c++) {
            to[c * pixels + p] = (double)from[p * channels + c];
            finite &= isfinite(from[p * channels + c]) != 0;
        }
    return finite;
}

static enum status run_group(struct ctx *ctx, const struct coder *c, size_t rows, const double *in, double *out,
                             float *work) {
    const size_t pixels_in = c->in_height * c->in_width, pixels_out = c->out_height * c->out_width;
    float *x = work, *y = x + rows * coder_in(c), *rest = y + rows * coder_out(c);
    bool finite = true;
    for (size_t r = 0; r < rows; r++)
        spread(pixels_in, c->in_channels, in + r * coder_in(c), x + r * coder_in(c));
    graph_run(ctx, c->graph, rows, &(struct graph_in){.x = x}, y, rest);
    enum status status = ctx_stopped(ctx);
    for (size_t r = 0; status == STATUS_OK && r < rows; r++)
        finite &= gather(pixels_out, c->out_channels, y + r * coder_out(c), out + r * coder_out(c));
    if (finite)
        return status;
    return ctx_fail(ctx, STATUS_INVALID, "",
                    "The autoencoder made no finite numbers of a sample; its numbers are too far out.");
}

enum status coder_run(struct ctx *ctx, const struct coder *c, size_t rows, const double *in, double *out, bool late) {
    const struct ctx_mark mark = ctx_mark(ctx);
    const size_t most = group(c, rows);
    float *work = ctx_alloc(ctx, row_floats(c, most), sizeof *work);
    enum status status = work ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t first = 0; status == STATUS_OK && first < rows; first += most) {
        const size_t n = rows - first < most ? rows - first : most;
        const atomic_int *stop = ctx->stop;
        if (late && ctx_stop(ctx) != STOP_CANCEL)
            ctx->stop = NULL; /* for one group: a client that leaves is seen at the next */
        status = run_group(ctx, c, n, in + first * coder_in(c), out + first * coder_out(c), work);
        ctx->stop = stop;
    }
    ctx_rewind(ctx, mark);
    return status;
}
