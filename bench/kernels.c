/* kernels - one case of bench/solve by our core, in a process that takes turns with those of its peers.
 *
 *     kernels CASE FILE      write the input to FILE, say "ready LABEL", then for each line that is read run one round
 *                            and print "SECONDS CHECK [NOTE]"; the checks of all who answer right are equal
 *     kernels CASE           run ROUNDS rounds and print the least of them
 *
 * CASE is words joined by "-": sort-KIND-SHAPE, argsort-KIND-SHAPE, kth-KIND-SHAPE (the median), ranks-KIND-SHAPE (the
 * nine tenths), window-OPERATION-K-SHAPE, knapsack-CLASS-N-R-SEED, hull-PLACES, delaunay-PLACES, locate-PLACES,
 * near-PLACES (points within 1e-5 of an edge), count-WHAT, list-WHAT. The environment: N (10^7 values, 10^6 points), THREADS (1), KERNELS (the best
 * that are here), LIMIT (seconds for a knapsack, 3), SPARE (MiB of memory that the next round gets again, as the service
 * keeps it for the next request: 256).
 *
 * FILE holds raw numbers of this machine: values (int32, int64 or double); points x, y, and for locate the polygon's
 * LOCATE_CORNERS first; a knapsack's n, capacity, weights and values as int64. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "bench/knapsack_classes.h"
#include "bench/places.h"
#include "bench/shapes.h"
#include "core/base/spare.h"
#include "core/combine/combination.h"
#include "core/combine/combination_walk.h"
#include "core/combine/knapsack.h"
#include "core/geometry/delaunay.h"
#include "core/geometry/hull.h"
#include "core/geometry/locate.h"
#include "core/geometry/near_edges.h"
#include "core/sort/select.h"
#include "core/sort/sort.h"
#include "core/window/sliding.h"
#include "server/pool.h"

enum { WORDS = 6, ROUNDS = 5, RANKS = 9, LOCATE_CORNERS = 10000, LIST_MOST = 3000000 };
static const double NEAR_EPS = 1e-5;

struct work {
    const char *word[WORDS];  /* of the case; "" where there are fewer */
    char label[96], note[48]; /* the note stands behind a round's check */
    struct array values;
    struct points points, polygon;
    struct instance items;
    int64_t k;
    enum sliding_operation operation;
    struct combination_in sums;
    atomic_int stop;
};

static atomic_int *alarm_stop; /* set where a time limit is */
static void on_alarm(int signal_number) { (void)signal_number, atomic_store(alarm_stop, STOP_DEADLINE); }

static size_t size_from(const char *name, size_t otherwise) {
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static _Noreturn void quit(const char *why) {
    fprintf(stderr, "kernels: %s\n", why);
    exit(2);
}

/* -- Inputs -- */

/* make_values fills an array by kind ("int32", "int64" or "double") and shape. */
static void make_values(struct work *w, const char *kind, const char *shape_name, FILE *file) {
    const struct shape *shape = shape_named(shape_name);
    if (!shape)
        quit("there is no such shape");
    size_t n = size_from("N", 10000000);
    bool real = strcmp(kind, "double") == 0, narrow_file = strcmp(kind, "int32") == 0;
    w->values = array_1d(real ? KIND_REAL : KIND_INT, measure_must(malloc(n * 8)), n);
    for (size_t i = 0; i < n; i++) {
        int64_t v = shape->at(i, n);
        if (real)
            w->values.reals[i] = (double)v * 0x1p-31;
        else
            w->values.ints[i] = narrow_file ? (int32_t)v : v;
        if (file && narrow_file)
            fwrite(&(int32_t){(int32_t)v}, 4, 1, file);
    }
    if (file && !narrow_file)
        fwrite(w->values.data, 8, n, file);
}

static void make_sort(struct work *w, FILE *file) { make_values(w, w->word[1], w->word[2], file); }

static void make_window(struct work *w, FILE *file) {
    int op = 0;
    while (sliding_operation_names[op] && strcmp(sliding_operation_names[op], w->word[1]) != 0)
        op++;
    w->operation = (enum sliding_operation)op;
    w->k = atoll(w->word[2]);
    make_values(w, "double", w->word[3], file);
}

static struct points make_places(const char *name, size_t n, FILE *file) {
    struct point *at = measure_must(malloc(n * sizeof *at));
    places_fill(at, n, place_named(name));
    if (file)
        fwrite(at, sizeof *at, n, file);
    return (struct points){at, n};
}

static void make_points(struct work *w, FILE *file) {
    w->points = make_places(w->word[1], size_from("N", 1000000), file);
}

/* make_locate: points of the square around a star of many corners. */
static void make_locate(struct work *w, FILE *file) {
    w->polygon = make_places(w->word[1], LOCATE_CORNERS, file);
    w->points = make_places("around", size_from("N", 1000000), file);
}

static void make_knapsack(struct work *w, FILE *file) {
    const struct class *class = &classes[(size_t)atoi(w->word[1]) % CLASSES_N];
    size_t n = strtoull(w->word[2], NULL, 10);
    w->items = (struct instance){.weight = measure_must(malloc(n * 8)), .value = measure_must(malloc(n * 8))};
    make(&w->items, class, n, atoll(w->word[3]), atoi(w->word[4]));
    snprintf(w->label, sizeof w->label, "%s, n %zu, R %s", class->name, n, w->word[3]);
    if (!file)
        return;
    fwrite(&(int64_t){(int64_t)n}, 8, 1, file);
    fwrite(&w->items.capacity, 8, 1, file);
    fwrite(w->items.weight, 8, n, file);
    fwrite(w->items.value, 8, n, file);
}

/* make_sums: counting asks for 1..200 or 200 of 1..5000, listing for what has millions of combinations. */
static void make_sums(struct work *w, FILE *file) {
    static int64_t candidates[200];
    (void)file;
    bool list = strcmp(w->word[0], "list") == 0, scattered = strcmp(w->word[1], "scattered") == 0;
    for (int i = 0; i < 200; i++)
        candidates[i] = scattered ? 1 + (int64_t)((uint64_t)shape_bits() % 5000) : i + 1;
    w->sums = (struct combination_in){candidates, list && !scattered ? 40 : 200, 100000, true, false, 0, INT64_MAX};
    if (list)
        w->sums.target = scattered ? 20000 : 60;
}

/* -- Rounds: each gives a figure that tells right answers from wrong ones -- */

static void must(struct ctx *ctx, enum status status) {
    if (status != STATUS_OK)
        quit(ctx->err.detail);
}

static double number_at(const struct array *a, size_t i) {
    return a->kind == KIND_INT ? (double)a->ints[i] : a->reals[i];
}

static double run_sort(struct work *w, struct ctx *ctx) {
    struct sort_out out;
    must(ctx, sort_solve(ctx, &(struct sort_in){.values = w->values}, &out));
    return number_at(&out.values, out.values.n / 3);
}

static double run_argsort(struct work *w, struct ctx *ctx) {
    struct sort_out out;
    must(ctx, sort_solve(ctx, &(struct sort_in){.values = w->values, .argsort = true}, &out));
    return (double)out.indices.ints[out.indices.n / 3];
}

static double run_ranks(struct work *w, struct ctx *ctx) {
    struct array out;
    int64_t ks[RANKS];
    double sum = 0;
    for (size_t i = 0; i < RANKS; i++)
        ks[i] = (int64_t)(w->values.n * (i + 1) / (RANKS + 1)) + 1;
    must(ctx, select_solve(ctx, &(struct select_in){w->values, ks, RANKS, .smallest = true}, &out));
    for (size_t i = 0; i < RANKS; i++)
        sum += number_at(&out, i);
    return sum;
}

static double run_kth(struct work *w, struct ctx *ctx) {
    struct array out;
    int64_t k = (int64_t)w->values.n / 2 + 1;
    must(ctx, select_solve(ctx, &(struct select_in){w->values, &k, 1, .single = true, .smallest = true}, &out));
    return number_at(&out, 0);
}

static double run_window(struct work *w, struct ctx *ctx) {
    struct sliding_out out;
    struct sliding_in in = {w->values, w->k, 1, w->k, w->operation, SLIDING_TRAILING};
    must(ctx, sliding_solve(ctx, &in, NULL, &out));
    double v = number_at(&out.values, out.values.n / 3); /* bottleneck counts positions from the window's end */
    return w->operation == SLIDING_ARGMAX ? (double)(out.values.n / 3 + (size_t)w->k - 1) - v : v;
}

static double run_hull(struct work *w, struct ctx *ctx) {
    struct hull out;
    must(ctx, hull_of(ctx, &w->points, false, NULL, &out));
    return (double)out.n;
}

static double run_delaunay(struct work *w, struct ctx *ctx) {
    struct triangulation out;
    must(ctx, delaunay_of(ctx, &w->points, &out));
    return (double)out.n;
}

static double run_locate(struct work *w, struct ctx *ctx) {
    unsigned char *at = ctx_alloc(ctx, w->points.n, 1);
    const struct ring ring = {&w->polygon.at->x, w->polygon.n};
    double inside = 0;
    must(ctx, locate_points(ctx, &(struct rings){1, &ring}, &w->points.at->x, w->points.n, measure_must(at)));
    for (size_t i = 0; i < w->points.n; i++)
        inside += at[i] == LOCATION_INSIDE;
    return inside;
}

/* run_near counts the points within NEAR_EPS of the boundary. */
static double run_near(struct work *w, struct ctx *ctx) {
    unsigned char *near = ctx_alloc(ctx, w->points.n, 1);
    const struct ring ring = {&w->polygon.at->x, w->polygon.n};
    const struct rings rings = {1, &ring};
    double count = 0;
    must(ctx, near_edges(ctx, &rings, &w->points.at->x, w->points.n, NEAR_EPS, measure_must(near)));
    for (size_t i = 0; i < w->points.n; i++)
        count += near[i];
    return count;
}

static double run_knapsack(struct work *w, struct ctx *ctx) {
    struct knapsack_out out;
    struct itimerval limit = {.it_value.tv_sec = (time_t)size_from("LIMIT", 3)};
    struct instance *t = &w->items;
    struct knapsack_in in = {t->n, t->weight, t->value, 1, t->capacity, KNAPSACK_COLUMNS};
    atomic_store(&w->stop, STOP_NONE);
    alarm_stop = &w->stop;
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &limit, NULL);
    ctx->stop = &w->stop;
    must(ctx, knapsack_solve(ctx, &in, &out));
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_sec = 0}, NULL);
    w->note[0] = 0;
    if (!out.optimal)
        snprintf(w->note, sizeof w->note, "at most %lld", (long long)out.bound);
    return (double)out.value;
}

static double run_count(struct work *w, struct ctx *ctx) {
    struct combination_out out;
    must(ctx, combination_solve(ctx, &w->sums, &(struct combination_page){.count = true, .limit = 1}, &out));
    return (double)out.count.s.n; /* digits */
}

static double run_list(struct work *w, struct ctx *ctx) {
    struct combination_plan plan;
    struct combination_walk walk;
    must(ctx, combination_plan_make(ctx, &w->sums, &plan));
    must(ctx, combination_begin(ctx, &plan, &walk));
    size_t n = 0;
    while (n < LIST_MOST && combination_next(&walk))
        n++;
    return (double)n;
}

static const struct family {
    const char *name;
    void (*make)(struct work *w, FILE *file);
    double (*run)(struct work *w, struct ctx *ctx);
} FAMILIES[] = {{"sort", make_sort, run_sort},
                {"argsort", make_sort, run_argsort},
                {"kth", make_sort, run_kth},
                {"ranks", make_sort, run_ranks},
                {"window", make_window, run_window},
                {"hull", make_points, run_hull},
                {"delaunay", make_points, run_delaunay},
                {"locate", make_locate, run_locate},
                {"near", make_locate, run_near},
                {"knapsack", make_knapsack, run_knapsack},
                {"count", make_sums, run_count},
                {"list", make_sums, run_list}};

static const struct family *family_named(const char *name) {
    for (size_t i = 0; i < COUNT_OF(FAMILIES); i++)
        if (strcmp(FAMILIES[i].name, name) == 0)
            return &FAMILIES[i];
    quit("there is no such case");
}

static struct parallel *helpers; /* NULL: one thread */
static struct spare spare;
static enum isa isa;

static double round_of(const struct family *family, struct work *w, double *check) {
    struct ctx ctx;
    ctx_init(&ctx, (size_t)4 << 30);
    ctx.parallel = helpers;
    ctx.isa = isa;
    ctx.spare = &spare;
    double start = measure_seconds();
    *check = family->run(w, &ctx);
    double took = measure_seconds() - start;
    ctx_release(&ctx);
    return took;
}

static void alone(const struct family *family, struct work *w) {
    double least = 1e9, check = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double took = round_of(family, w, &check);
        least = took < least ? took : least;
    }
    printf("%.2f ms\n", 1e3 * least);
}

static void take_turns(const struct family *family, struct work *w) {
    char line[16];
    printf("ready %s\n", w->label);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        double check, took = round_of(family, w, &check);
        printf("%.9f %.17g %s\n", took, check, w->note);
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3)
        quit("usage: kernels CASE [FILE]");
    static struct work w;
    snprintf(w.label, sizeof w.label, "%s", argv[1]);
    char *rest = argv[1];
    for (int i = 0; i < WORDS; i++)
        w.word[i] = rest ? strsep(&rest, "-") : "";
    const struct family *family = family_named(w.word[0]);
    FILE *file = argc > 2 ? fopen(argv[2], "wb") : NULL;
    if (argc > 2 && !file)
        quit("the file cannot be written");
    family->make(&w, file);
    if (file && fclose(file) != 0)
        quit("the file cannot be written");
    unsigned threads = (unsigned)size_from("THREADS", 1);
    const char *kernels = getenv("KERNELS");
    isa = isa_best();
    spare_init(&spare, size_from("SPARE", 256) << 20);
    if (kernels && (!isa_find(kernels, &isa) || !isa_here(isa)))
        quit("these kernels are not here");
    struct pool *pool = threads > 1 ? measure_must(pool_open(threads - 1, 0)) : NULL;
    helpers = pool ? pool_parallel(pool) : NULL;
    if (argc > 2)
        take_turns(family, &w);
    else
        alone(family, &w);
    if (pool)
        pool_close(pool);
    spare_release(&spare);
    return 0;
}
