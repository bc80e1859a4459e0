/* sort - how fast core/sort sorts, beside libc's qsort of the same data in the same run.
 *
 *     make build/release/bench/sort && build/release/bench/sort [LARGEST_N]
 *     build/release/bench/sort file PATH int64|double THREADS ROUNDS
 *
 * The second form is for bench/sort_peers: it reads raw numbers and prints "sort argsort median ranks9 chosen", the
 * best of the rounds in nanoseconds an element.
 * Every row of the first: one shape and size. The rivals take turns, several rounds; each figure is the median of its rounds.
 * qsort's is given in nanoseconds an element, the others as how many times as fast. The copy that a sort in place needs
 * is part of qsort's time, as making the answer is of ours. */
#include "core/sort/sort.h"
#include "bench/measure.h"
#include "core/sort/select.h"
#include "server/pool.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { MAX_ROUNDS = 15 };

static uint64_t random_state = 1;
static int64_t narrow(size_t i, size_t n) { return (void)i, (void)n, (int64_t)(measure_random(&random_state) >> 33); }
static int64_t wide(size_t i, size_t n) { return (void)i, (void)n, (int64_t)measure_random(&random_state); }
static int64_t dense(size_t i, size_t n) { return (void)i, (int64_t)(measure_random(&random_state) % n); }
static int64_t bytes(size_t i, size_t n) { return (void)i, (void)n, (int64_t)(measure_random(&random_state) % 256); }
static int64_t equal(size_t i, size_t n) { return (void)i, (void)n, 5; }
static int64_t sawtooth(size_t i, size_t n) { return (void)n, (int64_t)(i % 1000) * 1000003; }
static int64_t few(size_t i, size_t n) { return (void)i, (void)n, (int64_t)(measure_random(&random_state) % 16); }
static int64_t few_wide(size_t i, size_t n) {
    return (void)i, (void)n, (int64_t)((measure_random(&random_state) % 16) * 0x0123456789abcdefu);
}
static int64_t sorted(size_t i, size_t n) { return (void)n, (int64_t)i * 1000003; }
static int64_t reversed(size_t i, size_t n) { return (int64_t)(n - i) * 1000003; }
static int64_t runs(size_t i, size_t n) { return (int64_t)(i % (n / 16 + 1)) * 1000003; }
static int64_t nearly(size_t i, size_t n) {
    return (int64_t)(measure_random(&random_state) % 100 ? i : measure_random(&random_state) % n) * 1000003;
}
static int64_t organ(size_t i, size_t n) { return (int64_t)(i < n / 2 ? i : n - i) * 1000003; }
static int64_t killer(size_t i, size_t n) { /* Musser's sequence against the median of 3 */
    size_t half = n / 2;
    return (int64_t)(i < half ? (i % 2 == 0 ? i + 1 : half + i + (half % 2 == 0)) : 2 * (i - half + 1));
}

static const struct shape {
    const char *name;
    int64_t (*at)(size_t i, size_t n);
} SHAPES[] = {{"31 bits", narrow},   {"64 bits", wide},      {"below n", dense}, {"bytes", bytes},
              {"16 values", few},    {"16 wide", few_wide},  {"sorted", sorted}, {"reversed", reversed},
              {"16 runs", runs},     {"1% astray", nearly},  {"equal", equal},   {"sawtooth", sawtooth},
              {"organ pipe", organ}, {"med3 killer", killer}};

static int compare_ints(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}
static int compare_reals(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static int compare_strings(const void *a, const void *b) {
    const struct str *s = a, *t = b;
    int c = memcmp(s->p, t->p, s->n < t->n ? s->n : t->n);
    return c ? c : (s->n > t->n) - (s->n < t->n);
}

static struct parallel *parallel; /* NULL: one thread */
static const char *used;          /* what auto chose */

static double time_qsort(const struct array *a) {
    size_t size = a->kind == KIND_STRING ? sizeof(struct str) : 8;
    double start = 1e9 * measure_seconds();
    void *copy = malloc(a->n * size);
    memcpy(copy, a->data, a->n * size);
    qsort(copy, a->n, size,
          a->kind == KIND_INT    ? compare_ints
          : a->kind == KIND_REAL ? compare_reals
                                 : compare_strings);
    double took = 1e9 * measure_seconds() - start;
    free(copy);
    return took;
}

static double time_sort(const struct array *a, enum sort_algorithm algorithm, bool argsort) {
    struct ctx ctx;
    ctx_init(&ctx, (size_t)4 << 30);
    ctx.parallel = parallel;
    struct sort_in in = {.values = *a, .algorithm = algorithm, .argsort = argsort};
    struct sort_out out;
    double start = 1e9 * measure_seconds();
    enum status status = sort_solve(&ctx, &in, &out);
    double took = 1e9 * measure_seconds() - start;
    if (algorithm == SORT_AUTO)
        used = sort_algorithm_names[out.algorithm];
    ctx_release(&ctx);
    return status == STATUS_OK ? took : -1;
}

/* time_select asks for the median, or for n_ks evenly spread ranks. */
static double time_select(const struct array *a, size_t n_ks) {
    struct ctx ctx;
    ctx_init(&ctx, (size_t)4 << 30);
    ctx.parallel = parallel;
    int64_t ks[9];
    for (size_t i = 0; i < n_ks; i++)
        ks[i] = (int64_t)(a->n * (i + 1) / (n_ks + 1) + 1);
    struct select_in in = {.values = *a, .ks = ks, .n_ks = n_ks, .single = n_ks == 1};
    struct array out;
    double start = 1e9 * measure_seconds();
    enum status status = select_solve(&ctx, &in, &out);
    double took = 1e9 * measure_seconds() - start;
    ctx_release(&ctx);
    return status == STATUS_OK ? took : -1;
}

/* The columns: qsort, the algorithms, auto with indices, the median by selection. */
enum { QSORT = 0, ARGSORT = SORT_QUICK + 2, SELECT, COLUMNS };

static double time_column(const struct array *a, unsigned column) {
    if (column == QSORT)
        return time_qsort(a);
    if (column == SELECT)
        return time_select(a, 1);
    return column == ARGSORT ? time_sort(a, SORT_AUTO, true) : time_sort(a, (enum sort_algorithm)(column - 1), false);
}

static void row(const char *kind, const char *shape, const struct array *a) {
    static double times[COLUMNS][MAX_ROUNDS];
    unsigned rounds = a->n >= 5000000 ? 3 : a->n >= 500000 ? 5 : MAX_ROUNDS;
    unsigned repeat = a->n >= 100000 ? 1 : (unsigned)(100000 / a->n);
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned column = 0; column < COLUMNS; column++) {
            times[column][round] = 0;
            for (unsigned i = 0; i < repeat; i++)
                times[column][round] += time_column(a, column) / repeat;
        }
    for (unsigned column = 0; column < COLUMNS; column++)
        (void)measure_median(times[column], rounds);
    double base = times[QSORT][rounds / 2];
    printf("%-7s %-11s %9zu %9.2f", kind, shape, a->n, base / (double)a->n);
    for (unsigned column = 1; column < COLUMNS; column++)
        if (times[column][rounds / 2] < 0)
            printf(" %8s", "-");
        else
            printf(" %8.2f", base / times[column][rounds / 2]);
    printf("  %s\n", used);
    fflush(stdout);
}

static void numbers(const struct shape *shape, size_t n, int64_t *ints) {
    double *reals = malloc(n * sizeof *reals);
    for (size_t i = 0; i < n; i++)
        ints[i] = shape->at(i, n);
    struct array a = array_1d(KIND_INT, ints, n);
    row("int64", shape->name, &a);
    for (size_t i = 0; i < n; i++)
        reals[i] = (double)ints[i] * 0x1p-31;
    a = array_1d(KIND_REAL, reals, n);
    if (shape->at == narrow || shape->at == wide)
        row("double", shape->name, &a);
    free(reals);
}

static void strings(const char *name, size_t n, const char *format, uint64_t range) {
    struct str *a = malloc(n * sizeof *a);
    char *text = malloc(n * 64), *p = text;
    for (size_t i = 0; i < n; i++) {
        /* formats are those of main(), each with one number */
        int length = snprintf(p, 64, format, (unsigned long long)(measure_random(&random_state) % range));
        a[i] = (struct str){p, (size_t)length};
        p += length;
    }
    struct array values = array_1d(KIND_STRING, a, n);
    row("string", name, &values);
    free(a);
    free(text);
}

static int file(const char *path, enum kind kind, unsigned threads, unsigned rounds) {
    FILE *in = fopen(path, "rb");
    if (!in || fseek(in, 0, SEEK_END) != 0)
        return fprintf(stderr, "%s cannot be read.\n", path), 1;
    size_t n = (size_t)ftell(in) / 8;
    void *data = measure_must(malloc(n * 8 + 1));
    rewind(in);
    if (n == 0 || fread(data, 8, n, in) != n)
        return fprintf(stderr, "%s cannot be read.\n", path), 1;
    fclose(in);
    struct pool *pool = threads > 1 ? pool_open(threads - 1, 0) : NULL;
    parallel = pool ? pool_parallel(pool) : NULL;
    struct array a = array_1d(kind, data, n);
    double best[4] = {1e300, 1e300, 1e300, 1e300};
    for (unsigned round = 0; round < rounds; round++)
        for (int what = 0; what < 4; what++) {
            double took = what < 2 ? time_sort(&a, SORT_AUTO, what == 1) : time_select(&a, what == 2 ? 1 : 9);
            best[what] = took < best[what] ? took : best[what];
        }
    for (int what = 0; what < 4; what++)
        printf("%.3f ", best[what] / (double)n);
    puts(used);
    if (pool)
        pool_close(pool);
    free(data);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 6 && strcmp(argv[1], "file") == 0)
        return file(argv[2], strcmp(argv[3], "double") == 0 ? KIND_REAL : KIND_INT, (unsigned)atoi(argv[4]),
                    (unsigned)atoi(argv[5]));
    size_t largest = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    int64_t *ints = malloc(largest * sizeof *ints + 8);
    printf("%-7s %-11s %9s %9s", "kind", "shape", "n", "qsort ns");
    for (int i = 0; sort_algorithm_names[i]; i++)
        printf(" %8s", sort_algorithm_names[i]);
    printf(" %8s %8s  auto is\n", "argsort", "median");
    for (size_t n = 1000; n <= largest; n *= 10)
        for (size_t k = 0; k < COUNT(SHAPES); k++)
            numbers(&SHAPES[k], n, ints);
    for (size_t n = 1000; n <= largest && n <= 1000000; n *= 10) {
        strings("digits", n, "%llu", 1ull << 60);
        strings("few", n, "label %llu", 16);
        strings("prefixed", n, "/v1/solve/a/rather/long/path/in/common/%010llu", 1ull << 32);
    }
    free(ints);
    return 0;
}
