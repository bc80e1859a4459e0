/* sort - how fast core/sort sorts, beside libc's qsort of the same data in the same run.
 *
 *     make build/release/bench/sort && build/release/bench/sort [LARGEST_N]
 *
 * Every row: one shape and size. The rivals take turns, several rounds; each figure is the median of its rounds.
 * qsort's is given in nanoseconds an element, the others as how many times as fast. The copy that a sort in place needs
 * is part of qsort's time, as making the answer is of ours. */
#include "core/sort/sort.h"
#include "bench/shapes.h"
#include "core/sort/select.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { MAX_ROUNDS = 15 };

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

static const char *used; /* what auto chose */

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

static double time_select(const struct array *a, bool distinct) {
    struct ctx ctx;
    ctx_init(&ctx, (size_t)4 << 30);
    int64_t k = (int64_t)(distinct ? 1 : a->n / 2 + 1);
    struct select_in in = {.values = *a, .ks = &k, .n_ks = 1, .single = true, .distinct = distinct};
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
        return time_select(a, false);
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
        int length = snprintf(p, 64, format, (unsigned long long)((uint64_t)shape_bits() % range));
        a[i] = (struct str){p, (size_t)length};
        p += length;
    }
    struct array values = array_1d(KIND_STRING, a, n);
    row("string", name, &values);
    free(a);
    free(text);
}

int main(int argc, char **argv) {
    size_t largest = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    int64_t *ints = malloc(largest * sizeof *ints + 8);
    printf("%-7s %-11s %9s %9s", "kind", "shape", "n", "qsort ns");
    for (int i = 0; sort_algorithm_names[i]; i++)
        printf(" %8s", sort_algorithm_names[i]);
    printf(" %8s %8s  auto is\n", "argsort", "median");
    for (size_t n = 1000; n <= largest; n *= 10)
        for (size_t k = 0; k < SHAPES_N; k++)
            numbers(&SHAPES[k], n, ints);
    for (size_t n = 1000; n <= largest && n <= 1000000; n *= 10) {
        strings("digits", n, "%llu", 1ull << 60);
        strings("few", n, "label %llu", 16);
        strings("prefixed", n, "/v1/solve/a/rather/long/path/in/common/%010llu", 1ull << 32);
    }
    free(ints);
    return 0;
}
