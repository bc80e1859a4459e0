/* carried.c - how near are points to a toy's? The exact squared 2-Wasserstein distance to as many new ones of it.
 *     carried TOY CLASS SAMPLES.npy       CLASS -1: any
 *
 * Printed is carried, that distance, and new, the same between two sets of new points: what samples cannot be below but by
 * chance. SAMPLES has [n][2], n at most TRANSPORT_POINTS_MAX. */
#include <string.h>

#include "bench/measure.h"
#include "core/table/transport.h"
#include "core/train/toy.h"
#include "handlers/npy.h"

enum { ROOM = 1 << 24, DRAWN_EACH = 32 };

static int toy_of(const char *name) {
    for (int i = 0; toy_names[i]; i++)
        if (!strcmp(toy_names[i], name))
            return i;
    fprintf(stderr, "carried: there is no toy %s.\n", name);
    exit(2);
}

/* draw gives n points of a class, other ones for each seed. */
static double *draw(struct ctx *ctx, enum toy toy, int64_t class, uint64_t seed, size_t n) {
    const size_t drawn = n * DRAWN_EACH;
    float *points = measure_must(ctx_alloc(ctx, drawn, 2 * sizeof *points));
    int64_t *classes = measure_must(ctx_alloc(ctx, drawn, sizeof *classes));
    double *to = measure_must(ctx_alloc(ctx, n, 2 * sizeof *to));
    size_t k = 0;
    toy_draw(toy, seed, drawn, points, classes);
    for (size_t i = 0; i < drawn && k < n; i++)
        if (class < 0 || classes[i] == class) {
            to[2 * k] = (double)points[2 * i];
            to[2 * k++ + 1] = (double)points[2 * i + 1];
        }
    if (k == n)
        return to;
    fprintf(stderr, "carried: the toy has too few points of class %lld.\n", (long long)class);
    exit(2);
}

static struct array read_samples(struct ctx *ctx, const char *path) {
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = measure_must(ctx_alloc(ctx, ROOM, 1));
    size_t n = f ? fread(bytes, 1, ROOM, f) : 0;
    struct array a = {0};
    if (npy_read(ctx, bytes, n, &a) == STATUS_OK && a.kind == KIND_REAL && a.dims == 2 && a.shape[1] == 2 &&
        a.shape[0] <= TRANSPORT_POINTS_MAX) {
        fclose(f);
        return a;
    }
    fprintf(stderr, "carried: %s is no list of 1 to %d points.\n", path, TRANSPORT_POINTS_MAX);
    exit(2);
}

static double squared(struct ctx *ctx, const double *a, const double *b, size_t n) {
    double out = 0;
    if (transport_cost_of(ctx, TRANSPORT_SQUARES, 2, a, n, b, n, &out) == STATUS_OK)
        return out;
    fprintf(stderr, "carried: %s\n", ctx->err.detail);
    exit(1);
}

int main(int argc, char **argv) {
    struct ctx ctx;
    if (argc != 4) {
        fputs("usage: carried TOY CLASS SAMPLES.npy\n", stderr);
        return 2;
    }
    const enum toy toy = (enum toy)toy_of(argv[1]);
    const int64_t class = strtoll(argv[2], NULL, 10);
    ctx_init(&ctx, (size_t)1 << 30);
    const struct array samples = read_samples(&ctx, argv[3]);
    const size_t n = samples.shape[0];
    const double *some = draw(&ctx, toy, class, 1001, n), *others = draw(&ctx, toy, class, 1002, n);
    printf("carried %.4f new %.4f\n", squared(&ctx, samples.reals, some, n), squared(&ctx, others, some, n));
    ctx_release(&ctx);
    return 0;
}
