/* batching.c - would it pay to run requests for one network together that wait at the same time? Eight images of the
 * 28x28 UNet: one by one on the workers, as eight clients' requests run, and in one batch. Processor time tells, since
 * the workers are busy either way: a batch pays where an image takes less of it than alone.
 * Measured (2 cores, AVX-512): 2.1 ms an image alone, 2.1 to 2.2 in batches of 2 to 8; over HTTP, 20 steps of DDIM, 50.5
 * and 50.3 ms. The tiles of one image already have all the rows they take at once, and the weights stay in the
 * second-level cache, so there is nothing to share; and a batch makes the first of eight wait for the last. */
#include <string.h>

#include "bench/measure.h"
#include "bench/networks.h"
#include "server/pool.h"

enum { IMAGES = 8, WORKERS = 2, ROUNDS = 15, PIXELS = 28 * 28 };

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct work {
    struct ctx ctx;
    const struct graph *graph;
    float *x, *y, *times, *workspace; /* of all images */
    int64_t *classes;
};

static void run_some(struct work *w, size_t first, size_t images) {
    const struct graph_in in = {w->x + first * PIXELS, w->times + first, w->classes + first};
    graph_run(&w->ctx, w->graph, images, &in, w->y + first * PIXELS, w->workspace + first * graph_floats(w->graph, 1));
}

/* run_one leaves the other workers to the other images. */
static void run_one(void *arg, size_t i) {
    struct work alone = *(struct work *)arg;
    alone.ctx.parallel = NULL;
    run_some(&alone, i, 1);
}

static void *floats(struct ctx *ctx, size_t n) { return measure_must(ctx_zalloc(ctx, n, sizeof(float))); }

static void make(struct work *w) {
    struct graph *g;
    uint64_t seed = 1;
    if (networks_digits(&w->ctx, tensor_kernels_for(isa_best()), &g) != STATUS_OK ||
        graph_load(&w->ctx, g, networks_random, &seed) != STATUS_OK) {
        fprintf(stderr, "%s\n", w->ctx.err.detail);
        exit(1);
    }
    w->graph = g;
    w->x = floats(&w->ctx, IMAGES * PIXELS);
    w->y = floats(&w->ctx, IMAGES * PIXELS);
    w->times = floats(&w->ctx, IMAGES);
    w->workspace = floats(&w->ctx, IMAGES * graph_floats(g, 1) + IMAGES);
    w->classes = measure_must(ctx_zalloc(&w->ctx, IMAGES, sizeof *w->classes));
    for (size_t i = 0; i < IMAGES * PIXELS; i++)
        w->x[i] = (float)(measure_random(&seed) >> 40) * 0x1p-23f - 1;
}

/* measure gives milliseconds of processor time an image. */
static double measure(struct work *w, bool together) {
    double took[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double begun = processor_seconds();
        if (together)
            run_some(w, 0, IMAGES);
        else
            parallel_for(&w->ctx, IMAGES, run_one, w);
        took[i] = (processor_seconds() - begun) * 1e3 / IMAGES;
    }
    return measure_median(took, ROUNDS);
}

int main(void) {
    struct work w;
    ctx_init(&w.ctx, (size_t)1 << 30);
    struct pool *pool = measure_must(pool_open(WORKERS - 1, 0));
    w.ctx.parallel = pool_parallel(pool);
    make(&w);
    float *alone = floats(&w.ctx, IMAGES * PIXELS);
    double apart = measure(&w, false);
    memcpy(alone, w.y, IMAGES * PIXELS * sizeof *alone);
    double together = measure(&w, true);
    bool same = memcmp(alone, w.y, IMAGES * PIXELS * sizeof *alone) == 0;
    printf("28x28 UNet, %d images, %d threads: %.2f ms an image one by one, %.2f in one batch (%.2f of it); %s\n",
           IMAGES, WORKERS, apart, together, together / apart, same ? "the same bytes" : "OTHER BYTES");
    ctx_release(&w.ctx);
    pool_close(pool);
    return same ? 0 : 1;
}
