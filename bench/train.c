/* train.c - a step of training: forward, the derivative of a mean square, backward, AdamW with clipping and an average.
 *     train [CASE]             milliseconds a step of the cases below, or of one, GFLOP/s (3 products for each one of a
 *                              forward run) and their share of the multiply-add peak of as many threads in this run
 *     mpirun -n N train CASE   the ranks share out the batch; milliseconds a step where the gradient is summed while it is
 *                              made, beside those where it is summed afterwards, and what the sums took
 * `train CASE FILE` is one case of the script bench/train, by the protocol of kernels.c; FILE gets weights, inputs,
 * times, classes and targets as float32, FILE.names the parameters in their order, and a round is STEPS steps, its check the loss before the last. */
#include <math.h>
#include <string.h>

#include "bench/measure.h"
#include "bench/multiply_adds.h"
#include "bench/networks.h"
#include "core/nn/gradient.h"
#include "core/nn/initial.h"
#include "core/nn/mlp.h"
#include "core/nn/optimiser.h"
#include "core/train/scaler.h"
#include "server/pool.h"
#include "server/ranks.h"

enum { CLASSES = 11 };

struct work {
    struct gradient_watch watch;
    struct team *team; /* NULL: this process is alone */
    struct ctx ctx;
    struct pool *pool;
    struct graph *graph;
    struct gradient *gradient;
    struct optimiser optimiser;
    size_t batch, threads, n, numbers, steps;                /* n: floats of x and of out */
    float *x, *target, *out, *d, *by_weights, *times, scale; /* scale: of the loss */
    int64_t *classes;
};

static enum status make(struct work *w, const char *kind) {
    const struct tensor_kernels *k = tensor_kernels_for(isa_best());
    struct mlp_config mlp = mlp_default();
    if (!strcmp(kind, "toy")) /* models/moons */
        mlp.hidden_size = mlp.time_size = 64, mlp.num_classes = 2;
    if (!strcmp(kind, "wide"))
        mlp.hidden_size = mlp.time_size = 512, mlp.num_blocks = 6;
    if (!strcmp(kind, "digits"))
        return networks_digits(&w->ctx, k, &w->graph);
    if (!strcmp(kind, "cifar"))
        return networks_cifar(&w->ctx, k, &w->graph);
    return !strcmp(kind, "dit") ? networks_dit(&w->ctx, k, &w->graph) : mlp_make(&w->ctx, k, &mlp, &w->graph);
}

static float *random_floats(struct work *w, size_t n, uint64_t seed, float scale) {
    float *list = measure_must(ctx_alloc(&w->ctx, n, sizeof *list));
    for (size_t i = 0; i < n; i++)
        list[i] = ((float)(measure_random(&seed) >> 40) * 0x1p-23f - 1) * scale;
    return list;
}

static enum gradient_dtype dtype_of(const char *text) {
    return !text ? GRADIENT_F32 : strcmp(text, "f16") ? GRADIENT_BF16 : GRADIENT_F16;
}

/* read_case understands KIND-BATCH-THREADS, with -bf16 or -f16 behind it or without; of kinds there are digits, dit, mlp
 * and toy. */
static void read_case(const char *text, struct work *w) {
    char copy[64], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    const char *kind = strsep(&rest, "-");
    w->batch = strtoull(rest ? strsep(&rest, "-") : "1", NULL, 10);
    w->threads = strtoull(rest ? strsep(&rest, "-") : "1", NULL, 10);
    w->scale = dtype_of(rest) == GRADIENT_F16 ? SCALER_FIRST : 1;
    ctx_init(&w->ctx, (size_t)8 << 30);
    w->ctx.isa = isa_best();
    if (ranks_open(&w->ctx, &w->team) != STATUS_OK)
        exit(1);
    w->batch /= w->team ? w->team->ranks : 1;
    w->pool = w->threads > 1 ? measure_must(pool_open((unsigned)w->threads - 1, 0)) : NULL;
    w->ctx.parallel = w->pool ? pool_parallel(w->pool) : NULL;
    if (make(w, kind) != STATUS_OK ||
        gradient_new_rounded(&w->ctx, w->graph, w->batch, dtype_of(rest), &w->gradient) != STATUS_OK)
        exit(1);
    w->numbers = gradient_numbers(w->graph);
    const bool points = !strcmp(kind, "mlp") || !strcmp(kind, "toy") || !strcmp(kind, "wide");
    w->n = points ? 2 : !strcmp(kind, "cifar") ? 3072 : 784;
    w->steps = !strcmp(kind, "cifar") ? 1 : !strcmp(kind, "wide") ? 5 : points ? 50 : 4;
    if (optimiser_new(&w->ctx, w->numbers, &w->optimiser) != STATUS_OK)
        exit(1);
    initial_weights(w->graph, 1, w->optimiser.weights);
    memcpy(w->optimiser.average, w->optimiser.weights, w->numbers * sizeof(float));
    w->x = random_floats(w, w->batch * w->n, 1, 1);
    w->target = random_floats(w, w->batch * w->n, 2, 1);
    w->out = random_floats(w, w->batch * w->n, 3, 1);
    w->d = random_floats(w, w->batch * w->n, 3, 1);
    w->by_weights = random_floats(w, w->numbers, 3, 1);
    w->times = random_floats(w, w->batch, 4, 0);
    w->classes = measure_must(ctx_alloc(&w->ctx, w->batch, sizeof *w->classes));
    for (size_t i = 0; i < w->batch; i++) {
        w->times[i] = 1000 * ((float)i + 0.5f) / (float)w->batch;
        w->classes[i] = (int64_t)(i % (strcmp(kind, "toy") ? CLASSES : 3));
    }
}

static void write_names(const char *name, const struct graph *g) {
    const struct parameter *list;
    size_t n = graph_parameters(g, &list);
    char path[512];
    snprintf(path, sizeof path, "%s.names", name);
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file && i < n; i++)
        fprintf(file, "%s\n", list[i].name);
    if (!file || fclose(file) != 0)
        exit(2);
}

static void write_input(const char *name, const struct work *w) {
    write_names(name, w->graph);
    FILE *file = fopen(name, "wb");
    if (!file || fwrite(w->optimiser.weights, sizeof(float), w->numbers, file) != w->numbers ||
        fwrite(w->x, sizeof(float), w->batch * w->n, file) != w->batch * w->n ||
        fwrite(w->times, sizeof(float), w->batch, file) != w->batch)
        exit(2);
    for (size_t i = 0; i < w->batch; i++)
        if (fwrite(&(float){(float)w->classes[i]}, sizeof(float), 1, file) != 1)
            exit(2);
    if (fwrite(w->target, sizeof(float), w->batch * w->n, file) != w->batch * w->n || fclose(file) != 0)
        exit(2);
}

static void compare(void *self, size_t first, size_t images) {
    struct work *w = self;
    for (size_t i = first * w->n; i < (first + images) * w->n; i++)
        w->d[i] = 2 * (w->out[i] - w->target[i]) / (float)(w->batch * w->n) * w->scale;
}

static void made(struct gradient_watch *self, size_t n) {
    struct team *team = ((struct work *)self)->team;
    team->sum_made(team, n);
}

static double step(struct work *w) {
    const struct optimiser_options options = {.beta1 = 0.9,
                                              .beta2 = 0.99,
                                              .eps = 1e-8,
                                              .decay = 0.01,
                                              .clip = 1,
                                              .scale = (double)w->scale,
                                              .average = 0.999};
    const struct graph_in in = {w->x, w->times, w->classes};
    double loss = 0;
    size_t n = w->batch * w->n;
    if (w->team)
        w->team->sum_begin(w->team, w->by_weights, w->numbers);
    gradient_step(&w->ctx, w->gradient, w->optimiser.weights, w->batch, &in, w->out, compare, w, w->d, w->by_weights);
    if (w->team)
        w->team->sum_end(w->team);
    for (size_t i = 0; i < n; i++)
        loss += (double)((w->out[i] - w->target[i]) * (w->out[i] - w->target[i]));
    optimiser_step(&w->ctx, &w->optimiser, &options, 1e-3, w->by_weights);
    return loss / (double)n;
}

/* seconds that have passed, or that all threads have worked where CPU_TIME is set: on a machine that does other things. */
static double seconds(void) {
    struct timespec t;
    clock_gettime(getenv("CPU_TIME") ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double one_round(struct work *w, double *check) {
    double start = seconds();
    for (size_t i = 0; i < w->steps; i++)
        *check = step(w);
    return seconds() - start;
}

/* take_turns is the protocol of kernels.c. */
static void take_turns(const char *text, const char *file) {
    struct work w;
    char line[16];
    read_case(text, &w);
    write_input(file, &w);
    printf("ready %s\n", text);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        double check = 0, took = one_round(&w, &check);
        printf("%.9f %.4g %s\n", took, check, isa_text(isa_best()));
        fflush(stdout);
    }
    pool_close(w.pool);
    ctx_release(&w.ctx);
}

enum { TURNS = 5 };

/* show_team takes turns, since the ranks are not alone on their machines. */
static void show_team(const char *text, struct work *w) {
    double best[2] = {1e9, 1e9}, check = 0, waited[2] = {0}, seconds_of[2] = {0};
    w->watch.made = made;
    for (int turn = 0; turn < 2 * TURNS; turn++) {
        const bool overlaps = turn % 2;
        const struct ranks_traffic before = ranks_traffic(w->team);
        gradient_watched(w->gradient, overlaps ? &w->watch : NULL);
        double took = one_round(w, &check) / (double)w->steps;
        const struct ranks_traffic after = ranks_traffic(w->team);
        best[overlaps] = took < best[overlaps] ? took : best[overlaps];
        waited[overlaps] += (after.waited - before.waited) / TURNS / (double)w->steps;
        seconds_of[overlaps] += (after.seconds - before.seconds) / TURNS / (double)w->steps;
    }
    if (team_leads(w->team))
        printf("%-16s on %zu ranks, %.3g MB: %8.3f ms a step, sums %.3f ms of which %.3f are waited for; summed "
               "afterwards %8.3f ms, %.3f and %.3f (%.2f times)\n",
               text, w->team->ranks, 4e-6 * (double)w->numbers, best[1] * 1e3, seconds_of[1] * 1e3, waited[1] * 1e3,
               best[0] * 1e3, seconds_of[0] * 1e3, waited[0] * 1e3, best[0] / best[1]);
}

static void show_alone(const char *text, struct work *w) {
    double best = 1e9, check = 0;
    for (int round = 0; round < TURNS; round++) {
        double took = one_round(w, &check) / (double)w->steps;
        best = took < best ? took : best;
    }
    double rate = 6 * graph_work(w->graph) * (double)w->batch / best;
    printf("%-16s %8.3f ms a step, %7.1f GFLOP/s, %3.0f %% of the peak, loss %.4g\n", text, best * 1e3, 1e-9 * rate,
           50 * rate / multiply_adds(isa_best()) / (double)w->threads, check);
}

static void show(const char *text) {
    struct work w;
    read_case(text, &w);
    if (w.team)
        show_team(text, &w);
    else
        show_alone(text, &w);
    pool_close(w.pool);
    ranks_close(w.team);
    ctx_release(&w.ctx);
}

int main(int argc, char **argv) {
    static const char *const CASES[] = {"digits-32-1",   "digits-32-2", "dit-32-1",         "dit-32-2",
                                        "mlp-64-1",      "mlp-256-1",   "mlp-256-2",        "mlp-1024-2",
                                        "toy-512-1",     "toy-512-2",   "digits-32-2-bf16", "digits-32-2-f16",
                                        "dit-32-2-bf16", "dit-32-2-f16"};
    if (argc == 3)
        take_turns(argv[1], argv[2]);
    else if (argc == 2)
        show(argv[1]);
    else
        for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
            show(CASES[i]);
    return 0;
}
