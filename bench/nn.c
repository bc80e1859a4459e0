/* nn.c - networks of known sizes with random weights: the time of a call, and what part that is of the multiply-adds
 * that this machine's registers alone do in the same run. `nn CASE FILE` is one case of the script bench/nn, by the
 * protocol of kernels.c; a round's check is the number of parameters, or of `conv` the seconds that registers alone
 * would need. `nn CASE...` prints a line for each, `nn` for those of TABLE; of bfloat16 with its error, the root of the
 * mean square of the differences to float32 in parts of that of the output. `nn memory [CASE...]` tells what a call takes:
 * weights and workspace; the most that lives at once in the workspace, of that; both beside the weights and the two
 * largest values; and how far the memory of a process that makes the network and calls it grew.
 *
 *     CASE    cifar, digits, dit, decoder (of AutoencoderKL, 128x128 pixels), conv or pipeline (DDIM, 50 steps, of
 *             cifar), then -BATCH-THREADS, and -bf16 where products are of bfloat16 */
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/multiply_adds.h"
#include "bench/networks.h"
#include "core/diffusion/network.h"
#include "core/diffusion/plan_build.h"
#include "core/diffusion/sampler.h"
#include "core/diffusion/scheduler.h"
#include "core/nn/vae.h"
#include "server/pool.h"

enum { STEPS = 50, SIDE = 16, CHANNELS = 256 };
static const char *const TABLE[] = {"conv-1-1",   "cifar-1-1",   "cifar-4-1", "cifar-1-2", "cifar-4-2", "digits-1-1",
                                    "digits-1-2", "digits-64-2", "dit-1-1",   "dit-1-2",   "dit-64-2"};
static const char *const MEMORY[] = {"cifar-1-2",   "cifar-4-2", "cifar-16-2", "digits-1-2",
                                     "digits-64-2", "dit-1-2",   "dit-64-2",   "decoder-1-2"};

/* -- Networks -- */

/* decoder is that of the latents of Stable Diffusion. */
static enum status decoder(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct vae_config c = vae_default();
    const size_t channels[] = {128, 256, 512, 512};
    c.levels = 4;
    memcpy(c.block_out_channels, channels, sizeof channels);
    c.layers_per_block = 2;
    c.height = c.width = 128;
    return vae_make(ctx, k, &c, VAE_DECODER, out);
}

static enum status conv(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = *out = graph_new(ctx, k);
    if (!g)
        return STATUS_NO_MEMORY;
    int x = graph_input(g, SIDE, SIDE, CHANNELS);
    graph_output(g, graph_conv(g, x, &(struct conv){.name = "conv", .out = CHANNELS, .kernel = 3}));
    return graph_failed(g) ? STATUS_NO_MEMORY : STATUS_OK;
}

static const struct family {
    const char *name;
    enum status (*make)(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out);
    size_t side, channels;
    bool pipeline;
} FAMILIES[] = {{"cifar", networks_cifar, 32, 3, false}, {"digits", networks_digits, 28, 1, false},
                {"dit", networks_dit, 28, 1, false},     {"decoder", decoder, 128, 4, false},
                {"conv", conv, SIDE, CHANNELS, false},   {"pipeline", networks_cifar, 32, 3, true}};

/* -- A case -- */

struct work {
    const struct family *family;
    size_t batch, threads, parameters;
    bool half;
    double most; /* multiply-adds a second of one thread's registers */
    struct ctx ctx;
    struct pool *pool;
    struct graph *graph;
    float *x, *y, *workspace, *times;
    int64_t *classes;
};

static void must(const struct ctx *ctx, enum status status) {
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "nn: %s\n", ctx->err.detail);
    exit(1);
}

static void read_case(const char *text, struct work *w) {
    char copy[64], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    const char *name = strsep(&rest, "-");
    for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++)
        if (!strcmp(name, FAMILIES[i].name))
            w->family = &FAMILIES[i];
    w->batch = rest ? strtoull(strsep(&rest, "-"), NULL, 10) : 0;
    w->threads = rest ? strtoull(strsep(&rest, "-"), NULL, 10) : 0;
    w->half = rest && !strcmp(rest, "bf16");
    if (w->family && w->batch && w->threads)
        return;
    fprintf(stderr, "nn: there is no case %s\n", text);
    exit(2);
}

static void set_up(struct work *w) {
    const struct tensor_kernels *k = tensor_kernels_for(isa_best());
    const struct parameter *list;
    uint64_t seed = 1;
    ctx_init(&w->ctx, (size_t)4 << 30);
    w->ctx.isa = isa_best();
    w->pool = w->threads > 1 ? measure_must(pool_open((unsigned)w->threads - 1, 0)) : NULL;
    w->ctx.parallel = w->pool ? pool_parallel(w->pool) : NULL;
    must(&w->ctx, w->family->make(&w->ctx, k, &w->graph));
    if (w->half)
        must(&w->ctx, graph_halve_products(w->graph, half_kernels_for(w->ctx.isa)));
    must(&w->ctx, graph_load(&w->ctx, w->graph, networks_random, &seed));
    for (size_t i = graph_parameters(w->graph, &list); i-- > 0;)
        w->parameters += list[i].n;
    size_t n = w->batch * w->family->side * w->family->side * w->family->channels;
    w->x = measure_must(ctx_alloc(&w->ctx, n, sizeof *w->x));
    w->y = measure_must(ctx_alloc(&w->ctx, n, sizeof *w->y));
    w->workspace = measure_must(ctx_alloc(&w->ctx, graph_floats(w->graph, w->batch), sizeof *w->workspace));
    w->times = measure_must(ctx_zalloc(&w->ctx, w->batch, sizeof *w->times));
    w->classes = measure_must(ctx_zalloc(&w->ctx, w->batch, sizeof *w->classes));
    for (size_t i = 0; i < n; i++)
        w->x[i] = (float)(measure_random(&seed) >> 40) * 0x1p-23f - 1;
    for (size_t i = 0; i < w->batch; i++)
        w->times[i] = 500;
}

static void tear_down(struct work *w) {
    ctx_release(&w->ctx);
    if (w->pool)
        pool_close(w->pool);
}

/* draw is the whole of a sampling run, its schedule included. */
static void draw(struct work *w) {
    static const struct scheduler_config nothing;
    struct ctx *ctx = &w->ctx;
    struct ctx_mark mark = ctx_mark(ctx);
    struct scheduler *s = measure_must(ctx_alloc(ctx, 1, sizeof *s));
    struct plan_build b;
    struct plan plan;
    struct sampler_out out;
    const struct denoiser *denoiser;
    const struct noise noise = noise_of_seed(ctx->isa, 1);
    const struct network network = {w->graph, w->family->side, w->family->side, w->family->channels,
                                    w->family->channels};
    must(ctx, scheduler_make(ctx, scheduler_class_find("DDIMScheduler"), &nothing,
                             &(struct scheduler_run){.steps = STEPS}, s));
    plan_begin(&b, ctx, &s->path, &s->options, s->points[0].alpha, s->start_sigma);
    b.targets = s->targets;
    b.clip = s->clip;
    plan_walk(&b, s->solver, s->points, s->steps, 0, s->steps);
    must(ctx, plan_end(&b, &plan));
    must(ctx, network_denoiser(ctx, &network, &(struct network_use){.scheduler = s}, &denoiser));
    const struct sampler_in in = {.denoiser = denoiser, .plan = &plan, .noise = &noise, .count = w->batch};
    must(ctx, sampler_run(ctx, &in, &out));
    ctx_rewind(ctx, mark);
}

static void call(struct work *w) {
    graph_run(&w->ctx, w->graph, w->batch, &(struct graph_in){w->x, w->times, w->classes}, w->y, w->workspace);
}

static double one_round(struct work *w) {
    double start = measure_seconds();
    if (w->family->pipeline)
        draw(w);
    else
        call(w);
    double took = measure_seconds() - start, rate = multiply_adds(w->ctx.isa);
    w->most = rate > w->most ? rate : w->most;
    return took;
}

/* at_most is the seconds that the multiply-adds of a call would take at the registers' rate. */
static double at_most(const struct work *w) {
    return graph_work(w->graph) * (double)w->batch / ((double)w->threads * w->most);
}

static void take_turns(const char *text) {
    struct work w = {0};
    char line[16];
    read_case(text, &w);
    set_up(&w);
    printf("ready %s\n", text);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        double took = one_round(&w);
        printf("%.9f %.17g\n", took, w.family->make == conv ? at_most(&w) : (double)w.parameters);
        fflush(stdout);
    }
    tear_down(&w);
}

/* error_of is how far a network with products of bfloat16 is from the same with float32. */
static double error_of(const char *text, struct work *w) {
    struct work plain = {0};
    double off = 0, size = 0;
    read_case(text, &plain);
    plain.half = false;
    set_up(&plain);
    call(w), call(&plain);
    for (size_t i = w->batch * w->family->side * w->family->side * w->family->channels; i-- > 0;) {
        off += ((double)w->y[i] - (double)plain.y[i]) * ((double)w->y[i] - (double)plain.y[i]);
        size += (double)plain.y[i] * (double)plain.y[i];
    }
    tear_down(&plain);
    return sqrt(off / size);
}

static void alone(const char *text) {
    struct work w = {0};
    double best = 1e9, spent = 0;
    read_case(text, &w);
    set_up(&w);
    for (int round = 0; round < 3 || (spent < 1 && round < 200); round++) {
        double took = one_round(&w);
        spent += took;
        best = took < best ? took : best;
    }
    printf("%-17s %s: %8.2f ms, %6.1f GFLOP/s, %.2f of the registers' %.1f; workspace %.1f MB", text,
           isa_text(w.ctx.isa), best * 1e3, 2e-9 * graph_work(w.graph) * (double)w.batch / best, at_most(&w) / best,
           2e-9 * w.most * (double)w.threads, (double)graph_floats(w.graph, w.batch) * 4e-6);
    if (w.half)
        printf("; error %.2g", error_of(text, &w));
    putchar('\n');
    fflush(stdout);
    tear_down(&w);
}

static double peak(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_maxrss * 1024;
}

static void tell_memory(const char *text) {
    struct work w = {0};
    const double before = peak();
    read_case(text, &w);
    set_up(&w);
    (void)one_round(&w);
    const struct graph_memory m = graph_memory(w.graph);
    const double images = (double)w.batch * sizeof(float), weights = (double)graph_load_bytes(w.graph),
                 workspace = images * (double)graph_floats(w.graph, 1), two = images * (double)m.two_largest;
    printf(
        "%-12s weights %6.1f MB, workspace %6.1f, %.3f of what lives at once; %.3f of the weights and the two largest "
        "values (%.1f); process %6.1f, %.3f\n",
        text, weights * 1e-6, workspace * 1e-6, workspace / images / (double)m.moment,
        (weights + workspace) / (weights + two), two * 1e-6, (peak() - before) * 1e-6,
        (peak() - before) / (weights + two));
    tear_down(&w);
}

/* memory_of measures in a process of its own, whose peak is that of the case. */
static void memory_of(const char *text) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        tell_memory(text);
        fflush(stdout);
        _exit(0);
    }
    int code;
    if (child < 0 || waitpid(child, &code, 0) != child || code != 0)
        exit(1);
}

static void tell_all_memory(int n, char **cases) {
    for (int i = 0; i < n; i++)
        memory_of(cases[i]);
    for (size_t i = 0; n == 0 && i < sizeof MEMORY / sizeof *MEMORY; i++)
        memory_of(MEMORY[i]);
}

int main(int argc, char **argv) {
    if (argc >= 2 && !strcmp(argv[1], "memory")) {
        tell_all_memory(argc - 2, argv + 2);
        return 0;
    }
    if (argc == 3 && strchr(argv[2], '/')) {
        take_turns(argv[1]);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        alone(argv[i]);
    for (size_t i = 0; argc == 1 && i < sizeof TABLE / sizeof *TABLE; i++)
        alone(TABLE[i]);
    return 0;
}
