/* nn.c - networks of known sizes with random weights: the time of a forward pass, and what part it is of the most
 * multiply-adds that this machine's registers alone can do in the same run.
 *     nn [cifar|digits [BATCH [THREADS]]] */
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "core/nn/unet.h"
#include "server/pool.h"

static enum status random_weights(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    (void)ctx;
    for (size_t i = 0; i < p->n; i++)
        to[i] = p->role == PARAMETER_ONE ? 1 : ((float)(measure_random(self) >> 40) * 0x1p-24f - 0.5f) * 0.05f;
    return STATUS_OK;
}

static struct unet_config cifar(void) {
    struct unet_config c = unet_default();
    const size_t channels[] = {128, 256, 256, 256};
    for (size_t i = 0; i < 4; i++) {
        c.block_out_channels[i] = channels[i];
        c.down_attention[i] = i == 1;
        c.up_attention[i] = i == 2;
    }
    c.attention_head_dim = 0;
    c.downsample_padding = 0;
    c.flip_sin_to_cos = false;
    c.freq_shift = 1;
    c.norm_eps = 1e-6;
    return c;
}

static struct unet_config digits(void) {
    struct unet_config c = unet_default();
    c.height = c.width = 28;
    c.in_channels = c.out_channels = 1;
    c.levels = 3;
    for (size_t i = 0; i < 3; i++) {
        c.block_out_channels[i] = (size_t)16 << i;
        c.down_attention[i] = c.up_attention[i] = false;
    }
    c.layers_per_block = 1;
    c.norm_num_groups = 8;
    c.class_embed_type = UNET_CLASS_EMBEDDING;
    c.num_class_embeds = 11;
    return c;
}

/* peak is the multiply-adds a nanosecond (times 2) of a tile whose numbers stay in the first-level cache. */
static double peak(const struct tensor_kernels *k) {
    enum { DEPTH = 256 };
    static float a[DEPTH], b[DEPTH * TILE_COLUMNS_MAX], out[TILE_ROWS_MAX * TILE_COLUMNS_MAX];
    const float *rows[TILE_ROWS_MAX];
    for (size_t i = 0; i < TILE_ROWS_MAX; i++)
        rows[i] = a;
    const struct tile t = {.a = rows,
                           .rows = k->rows,
                           .segment = (const size_t[]){0},
                           .segments = 1,
                           .depth = DEPTH,
                           .panel = b,
                           .out = out};
    double best = 0;
    for (int round = 0; round < 20; round++) {
        double start = measure_seconds();
        for (int i = 0; i < 1000; i++)
            k->tile(&t);
        double rate = 2e-6 * (double)(DEPTH * k->rows * k->columns) / (measure_seconds() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

int main(int argc, char **argv) {
    bool small = argc > 1 && !strcmp(argv[1], "digits");
    size_t batch = argc > 2 ? (size_t)atoi(argv[2]) : 1, threads = argc > 3 ? (size_t)atoi(argv[3]) : 1;
    struct ctx ctx;
    ctx_init(&ctx, (size_t)4 << 30);
    struct pool *pool = threads > 1 ? pool_open((unsigned)threads - 1, 0) : NULL;
    ctx.parallel = pool ? pool_parallel(pool) : NULL;
    const struct tensor_kernels *k = tensor_kernels_for(isa_best());
    const struct unet_config c = small ? digits() : cifar();
    struct graph *g;
    uint64_t seed = 1;
    if (unet_make(&ctx, k, &c, &g) != STATUS_OK || graph_load(&ctx, g, random_weights, &seed) != STATUS_OK) {
        fprintf(stderr, "%s\n", ctx.err.detail);
        return 1;
    }
    size_t n = batch * c.height * c.width * c.in_channels;
    float *x = measure_must(ctx_zalloc(&ctx, n, sizeof *x)), *y = measure_must(ctx_zalloc(&ctx, n, sizeof *y));
    float *times = measure_must(ctx_zalloc(&ctx, batch, sizeof *times)),
          *work = measure_must(ctx_alloc(&ctx, graph_floats(g, batch), sizeof *work));
    int64_t *classes = measure_must(ctx_zalloc(&ctx, batch, sizeof *classes));
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(measure_random(&seed) >> 40) * 0x1p-23f - 1;
    double best = 1e9, work_gflop = (small ? 0.140 : 12.44) * (double)batch;
    for (int round = 0; round < (small ? 30 : 5); round++) {
        double start = measure_seconds();
        graph_run(&ctx, g, batch, &(struct graph_in){.x = x, .times = times, .classes = classes}, y, work);
        double took = measure_seconds() - start;
        best = took < best ? took : best;
    }
    double most = peak(k) * (double)threads;
    printf("%s %s batch %zu threads %zu: %.2f ms, %.1f GFLOP/s = %.2f of the tile's own %.1f; workspace %.1f MB\n",
           isa_text(k->isa), small ? "digits" : "cifar", batch, threads, best * 1e3, work_gflop / best,
           work_gflop / best / most, most, (double)graph_floats(g, batch) * 4e-6);
    ctx_release(&ctx);
    pool_close(pool);
    return 0;
}
