/* judge.c - do generated images show what was asked for? A classifier that saw real images alone says so.
 *     judge IMAGES LABELS [SAMPLES.npy...]
 *
 * It is trained on all but HELD of the images (IDX, 28 x 28 grey), with small shifts, and must first prove itself on those.
 * Files hold samples of class 0, 1, ..., [count][784] in -1 .. 1; more files than classes are further sets of them. Printed
 * are held_out, its accuracy on images it has not seen, and a line for each set: accuracy, the part of the samples that it
 * takes for what they should be; nearest_5th, the 5th percentile of their distance to the nearest image of IMAGES (small:
 * they are copies). */
#include <math.h>
#include <string.h>

#include "bench/measure.h"
#include "core/base/epoch_order.h"
#include "core/base/philox.h"
#include "core/nn/gradient.h"
#include "core/nn/initial.h"
#include "core/nn/optimiser.h"
#include "core/nn/rate.h"
#include "core/tensor/tensor.h"
#include "handlers/npy.h"
#include "server/machine.h"
#include "server/pool.h"
#include "server/train_data.h"

enum {
    SIDE = 28,
    PIXELS = SIDE * SIDE,
    CLASSES_MAX = 10,
    HELD = 1000,
    BATCH = 64,
    EPOCHS = 10,
    STEPS_MAX = 2500,
    SHIFT = 2,
    SEED = 1
};

struct judge {
    struct ctx ctx;
    struct dataset data;
    struct graph *graph;
    struct gradient *gradient;
    struct optimiser o;
    size_t classes;
    float *x, *out, *d_out, *by_weights;
    int64_t labels[BATCH];
};

static void must(const struct judge *j, enum status status) {
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "judge: %s\n", j->ctx.err.detail);
    exit(1);
}

/* -- The network -- */

static int layer(struct graph *g, int x, const char *name, size_t out) {
    char norm[PARAMETER_NAME];
    snprintf(norm, sizeof norm, "%s_norm", name);
    x = graph_conv(g, x, &(struct conv){.name = name, .out = out, .kernel = 3});
    return graph_group_norm(g, x,
                            &(struct norm){.name = norm, .groups = 8, .eps = 1e-5f, .activation = ACTIVATION_RELU});
}

static void make_network(struct judge *j) {
    struct graph *g = graph_new(&j->ctx, tensor_kernels_for(j->ctx.isa));
    int x = graph_input(g, SIDE, SIDE, 1);
    x = graph_pool(g, layer(g, layer(g, x, "a", 16), "b", 16));
    x = graph_pool(g, layer(g, layer(g, x, "c", 32), "d", 32));
    x = layer(g, x, "e", 64);
    x = graph_conv(
        g, x,
        &(struct conv){.name = "f", .out = 64, .kernel = SIDE / 4, .stride = SIDE / 4, .activation = ACTIVATION_RELU});
    graph_output(g, graph_conv(g, x, &(struct conv){.name = "g", .out = j->classes, .kernel = 1, .linear = true}));
    j->graph = g;
    must(j, graph_failed(g) ? STATUS_NO_MEMORY : STATUS_OK);
    must(j, gradient_new(&j->ctx, g, BATCH, &j->gradient));
    must(j, optimiser_new(&j->ctx, gradient_numbers(g), &j->o));
    initial_weights(g, SEED, j->o.weights);
    j->x = measure_must(ctx_alloc(&j->ctx, BATCH * PIXELS, sizeof *j->x));
    j->out = measure_must(ctx_alloc(&j->ctx, BATCH * j->classes, sizeof *j->out));
    j->d_out = measure_must(ctx_alloc(&j->ctx, BATCH * j->classes, sizeof *j->d_out));
    j->by_weights = measure_must(ctx_alloc(&j->ctx, j->o.n, sizeof *j->by_weights));
}

/* -- Learning -- */

/* shifted copies an image moved by up to SHIFT pixels; what comes in is black. */
static void shifted(const unsigned char *from, uint32_t word, float *to) {
    const int dx = (int)(word % (2 * SHIFT + 1)) - SHIFT, dy = (int)(word / 16 % (2 * SHIFT + 1)) - SHIFT;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const int u = x - dx, v = y - dy;
            bool within = u >= 0 && u < SIDE && v >= 0 && v < SIDE;
            to[y * SIDE + x] = within ? (float)from[v * SIDE + u] / 127.5f - 1 : -1;
        }
}

/* The last HELD of an order are held out; items are those before. */
static size_t item_at(const struct judge *j, size_t i) { return epoch_order_at(SEED, j->data.data.n, i); }

/* softmax_loss writes the derivative of the mean cross entropy, with labels smoothed by 0.05. */
static void softmax_loss(const struct judge *j) {
    const double smooth = 0.05;
    for (size_t i = 0; i < BATCH; i++) {
        const float *out = j->out + i * j->classes;
        double sum = 0, top = (double)out[0];
        for (size_t c = 1; c < j->classes; c++)
            top = fmax(top, (double)out[c]);
        for (size_t c = 0; c < j->classes; c++)
            sum += exp((double)out[c] - top);
        for (size_t c = 0; c < j->classes; c++) {
            double wanted = smooth / (double)j->classes + (j->labels[i] == (int64_t)c ? 1 - smooth : 0);
            j->d_out[i * j->classes + c] = (float)((exp((double)out[c] - top) / sum - wanted) / BATCH);
        }
    }
}

static void learn_step(struct judge *j, size_t step, size_t items, const struct rate *rate) {
    const struct optimiser_options adam = {.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .decay = 0.05, .clip = 1};
    for (size_t i = 0; i < BATCH; i++) {
        uint32_t words[4];
        philox4x32((uint32_t[]){SEED, 1}, (uint32_t[]){(uint32_t)i, (uint32_t)step, 0, 0}, words);
        size_t item = item_at(j, epoch_order_at(SEED + 1, items, step * BATCH + i));
        shifted(j->data.data.bytes + item * PIXELS, words[0], j->x + i * PIXELS);
        j->labels[i] = j->data.data.labels[item];
    }
    const struct graph_in in = {.x = j->x};
    gradient_forward(&j->ctx, j->gradient, j->o.weights, BATCH, &in, j->out);
    softmax_loss(j);
    gradient_backward(&j->ctx, j->gradient, j->d_out, j->by_weights);
    optimiser_step(&j->ctx, &j->o, &adam, rate_at(rate, j->o.step), j->by_weights);
}

static void learn(struct judge *j) {
    const size_t items = j->data.data.n - HELD, wanted = EPOCHS * items / BATCH;
    const size_t steps = wanted < STEPS_MAX ? wanted : STEPS_MAX;
    const struct rate rate = {.peak = 3e-3, .last = 0.01, .warm_up = 50, .steps = steps};
    for (size_t step = 0; step < steps; step++)
        learn_step(j, step, items, &rate);
}

/* -- Judging -- */

/* right counts which of the n images in j->x are taken for their labels. */
static size_t right(struct judge *j, size_t n) {
    const struct graph_in in = {.x = j->x};
    size_t count = 0;
    gradient_forward(&j->ctx, j->gradient, j->o.weights, n, &in, j->out);
    for (size_t i = 0; i < n; i++) {
        const float *out = j->out + i * j->classes;
        size_t best = 0;
        for (size_t c = 1; c < j->classes; c++)
            best = out[c] > out[best] ? c : best;
        count += (int64_t)best == j->labels[i];
    }
    return count;
}

static double held_out(struct judge *j) {
    size_t count = 0, first = j->data.data.n - HELD;
    for (size_t done = 0, n; done < HELD; done += n) {
        n = HELD - done < BATCH ? HELD - done : BATCH;
        for (size_t i = 0; i < n; i++) {
            size_t item = item_at(j, first + done + i);
            shifted(j->data.data.bytes + item * PIXELS, SHIFT + 16 * SHIFT, j->x + i * PIXELS);
            j->labels[i] = j->data.data.labels[item];
        }
        count += right(j, n);
    }
    return (double)count / HELD;
}

/* The samples in j->x, whose nearest images are looked for. */
struct search {
    const struct judge *j;
    double *nearest;
};

static void find_nearest(void *arg, size_t i) {
    const struct search *s = arg;
    const float *sample = s->j->x + i * PIXELS;
    float least = INFINITY;
    for (size_t item = 0; item < s->j->data.data.n; item++) {
        const unsigned char *image = s->j->data.data.bytes + item * PIXELS;
        float sum[8] = {0}; /* in lanes, so that the compiler may put them side by side */
        for (size_t p = 0; p < PIXELS; p++) {
            float off = sample[p] - ((float)image[p] / 127.5f - 1);
            sum[p % 8] += off * off;
        }
        least = fminf(least, sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7]);
    }
    s->nearest[i] = sqrt((double)least);
}

struct verdict {
    size_t right, n;
    double *nearest; /* [n] */
};

static void judge_file(struct judge *j, const char *path, int64_t class, struct verdict *v) {
    enum { ROOM = 1 << 26 };
    struct ctx_mark mark = ctx_mark(&j->ctx);
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = measure_must(ctx_alloc(&j->ctx, ROOM, 1));
    size_t n = f ? fread(bytes, 1, ROOM, f) : 0;
    struct array a;
    must(j, npy_read(&j->ctx, bytes, n, &a));
    size_t rows = a.n / PIXELS;
    v->nearest = measure_must(realloc(v->nearest, (v->n + rows) * sizeof *v->nearest));
    for (size_t done = 0, k; done < rows; done += k) {
        k = rows - done < BATCH ? rows - done : BATCH;
        for (size_t i = 0; i < k * PIXELS; i++)
            j->x[i] = (float)fmin(fmax(a.reals[done * PIXELS + i], -1), 1);
        for (size_t i = 0; i < k; i++)
            j->labels[i] = class;
        parallel_for(&j->ctx, k, find_nearest, &(struct search){j, v->nearest + v->n + done});
        v->right += right(j, k);
    }
    v->n += rows;
    if (f)
        fclose(f);
    ctx_rewind(&j->ctx, mark);
}

static void judge_set(struct judge *j, char **paths) {
    struct verdict v = {0};
    for (size_t i = 0; i < j->classes; i++)
        judge_file(j, paths[i], (int64_t)i, &v);
    qsort(v.nearest, v.n, sizeof *v.nearest, measure_compare);
    printf("accuracy %.4f nearest_5th %.3f\n", (double)v.right / (double)v.n, v.nearest[v.n / 20]);
    free(v.nearest);
}

int main(int argc, char **argv) {
    static struct judge j;
    struct train_files files;
    if (argc < 3) {
        fputs("usage: judge IMAGES LABELS [SAMPLES.npy of each class...]\n", stderr);
        return 2;
    }
    const struct train_config config = {.data = argv[1], .labels = argv[2], .label_column = "", .class_names = ""};
    struct pool *pool = pool_open(machine_cores() - 1, 0);
    ctx_init(&j.ctx, (size_t)2 << 30);
    j.ctx.isa = isa_best();
    j.ctx.parallel = pool ? pool_parallel(pool) : NULL;
    must(&j, train_data_open(&j.ctx, &config, &files, &j.data));
    j.classes = j.data.classes;
    if (!j.data.images || j.data.data.d != PIXELS || j.data.data.n < 2 * HELD || j.classes > CLASSES_MAX) {
        fprintf(stderr, "judge: want at least %d grey images of %d x %d, of at most %d classes.\n", 2 * HELD, SIDE,
                SIDE, CLASSES_MAX);
        return 1;
    }
    make_network(&j);
    learn(&j);
    printf("held_out %.4f\n", held_out(&j));
    for (int i = 3; i + (int)j.classes <= argc; i += (int)j.classes)
        judge_set(&j, argv + i);
    train_data_close(&files);
    pool_close(pool);
    ctx_release(&j.ctx);
    return 0;
}
