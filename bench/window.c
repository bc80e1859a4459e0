/* window - how fast core/window is, beside a plain monotone queue over the same data in the same run.
 *
 *     make build/release/bench/window && build/release/bench/window [N]
 *
 * Sliding windows: nanoseconds a value, the median of five rounds; making the answer's array is part of it. Minimum
 * windows: milliseconds for N bytes. bench/solve has SciPy and bottleneck beside it. */
#include "core/window/minimum_window.h"
#include "core/window/sliding.h"

#include <string.h>

#include "bench/measure.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { ROUNDS = 5 };

static double time_sliding(const struct array *values, int64_t k, enum sliding_operation op) {
    double times[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        struct ctx ctx;
        struct sliding_out out;
        ctx_init(&ctx, (size_t)4 << 30);
        struct sliding_in in = {*values, k, 1, k, op, SLIDING_TRAILING};
        double start = measure_seconds();
        enum status status = sliding_solve(&ctx, &in, NULL, &out);
        times[r] = status == STATUS_OK ? 1e9 * (measure_seconds() - start) / (double)values->n : -1;
        ctx_release(&ctx);
    }
    return measure_median(times, ROUNDS);
}

/* time_queue is the textbook's queue of indices. */
static double time_queue(const double *x, size_t n, size_t k) {
    double times[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        double start = measure_seconds(), *out = measure_must(malloc((n - k + 1) * sizeof *out));
        size_t *queue = measure_must(malloc((n + 1) * sizeof *queue)), head = 0, tail = 0;
        for (size_t i = 0; i < n; i++) {
            while (tail > head && x[queue[tail - 1]] <= x[i])
                tail--;
            queue[tail++] = i;
            head += queue[head] + k <= i;
            if (i + 1 >= k)
                out[i + 1 - k] = x[queue[head]];
        }
        times[r] = 1e9 * (measure_seconds() - start) / (double)n;
        free(out);
        free(queue);
    }
    return measure_median(times, ROUNDS);
}

static void sliding(size_t n) {
    static const int64_t KS[] = {3, 16, 100, 1000, 100000};
    double *reals = measure_must(malloc(n * sizeof *reals));
    int64_t *ints = measure_must(malloc(n * sizeof *ints));
    uint64_t random = 1;
    for (size_t i = 0; i < n; i++) {
        ints[i] = (int64_t)(measure_random(&random) >> 33);
        reals[i] = (double)(measure_random(&random) >> 11) * 0x1p-53;
    }
    const struct array kinds[] = {array_1d(KIND_REAL, reals, n), array_1d(KIND_INT, ints, n)};
    printf("%-7s %8s", "kind", "k");
    for (int op = 0; sliding_operation_names[op]; op++)
        if (op != SLIDING_MIN && op != SLIDING_MEDIAN_LOW && op != SLIDING_MEDIAN_HIGH && op != SLIDING_ARGMIN)
            printf(" %8s", sliding_operation_names[op]);
    printf(" %8s\n", "queue");
    for (size_t a = 0; a < COUNT(kinds); a++)
        for (size_t i = 0; i < COUNT(KS) && KS[i] <= (int64_t)n; i++) {
            printf("%-7s %8lld", a ? "int64" : "double", (long long)KS[i]);
            for (int op = 0; sliding_operation_names[op]; op++)
                if (op != SLIDING_MIN && op != SLIDING_MEDIAN_LOW && op != SLIDING_MEDIAN_HIGH && op != SLIDING_ARGMIN)
                    printf(" %8.2f", time_sliding(&kinds[a], KS[i], (enum sliding_operation)op));
            printf(" %8.2f\n", time_queue(reals, n, (size_t)KS[i]));
            fflush(stdout);
        }
    free(reals);
    free(ints);
}

static double time_minimum(struct str s, const char *t, enum minimum_window_unit unit, bool all) {
    double times[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        struct ctx ctx;
        struct minimum_window_out out;
        ctx_init(&ctx, (size_t)4 << 30);
        struct minimum_window_in in = {.s = s, .t = {t, strlen(t)}, .unit = unit, .all = all};
        double start = measure_seconds();
        enum status status = minimum_window_solve(&ctx, &in, NULL, &out);
        times[r] = status == STATUS_OK ? 1e3 * (measure_seconds() - start) : -1;
        ctx_release(&ctx);
    }
    return measure_median(times, ROUNDS);
}

/* row times a text whose characters are drawn from `letters` of the alphabet. */
static void row(const char *name, size_t n, unsigned letters, const char *t) {
    char *text = measure_must(malloc(n + 2));
    uint64_t random = 2;
    size_t at = 0;
    while (at < n) {
        unsigned c = (unsigned)(measure_random(&random) % letters);
        if (c < 26) {
            text[at++] = (char)('a' + c);
        } else { /* U+0400 and on */
            text[at++] = (char)(0xd0 + (c - 26) / 64);
            text[at++] = (char)(0x80 + (c - 26) % 64);
        }
    }
    struct str s = {text, at};
    printf("%-34s %8.1f %8.1f %8.1f\n", name, time_minimum(s, t, MINIMUM_WINDOW_CODEPOINT, false),
           time_minimum(s, t, MINIMUM_WINDOW_BYTE, false), time_minimum(s, t, MINIMUM_WINDOW_CODEPOINT, true));
    free(text);
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    sliding(n);
    printf("\n%-34s %8s %8s %8s\n", "minimum window, ms", "codept", "byte", "all");
    row("26 letters, t of 6", n, 26, "thequi");
    row("26 letters, t of 40", n, 26, "aaaaabbbbbcccccdddddeeeeefffffggggghhhhh");
    row("4 letters, t of 8", n, 4, "aaabbccd");
    row("1 letter, t not there", n, 1, "ab");
    row("26 and 100 of two bytes, t of both", n, 126, "ab\xd0\x80\xd0\x81\xd0\x80");
    return 0;
}
