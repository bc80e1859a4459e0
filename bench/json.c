/* json - 10^6 numbers as JSON: our reader and writer beside jansson's, which an endpoint would otherwise use.
 * Reading: text -> array of int64 or double; jansson: json_loadb, copy out, json_decref. Writing: array -> text;
 * jansson: a json_array of the numbers, json_dumps, json_decref ("dump": json_dumps alone). Every round runs all four, so that a slow minute slows them
 * all; the figures are medians. */
#include "bench/measure.h"
#include "handlers/number.h"

#include <jansson.h>
#include <string.h>

enum { N = 1000 * 1000, ROUNDS = 9, STEPS = 5 };

struct sample {
    const char *name;
    enum kind kind;
    char *text;
    size_t n;
    void *values; /* int64_t or double */
};

static uint64_t random_state = 1;

static double uniform(void) { return (double)(measure_random(&random_state) >> 11) * 0x1p-53; }

static void add_int(struct sample *s, size_t i, int64_t v) {
    ((int64_t *)s->values)[i] = v;
    s->n += (size_t)sprintf(s->text + s->n, "%s%lld", i ? "," : "[", (long long)v);
}

static void add_real(struct sample *s, size_t i, const char *format, double v) {
    char *start = s->text + s->n;
    s->n += (size_t)sprintf(start, i ? "," : "[");
    size_t n = (size_t)sprintf(s->text + s->n, format, v);
    ((double *)s->values)[i] = strtod(s->text + s->n, NULL);
    s->n += n;
}

/* fill makes sample number `which`; false when there is none. */
static bool fill(struct sample *s, int which) {
    static const char *const names[] = {"integers 0 .. 255",  "integers, 32 bits", "integers, 64 bits",
                                        "integers, any size", "reals, 17 digits",  "reals, 6 decimals",
                                        "reals, 2 decimals"};
    if (which >= (int)(sizeof names / sizeof *names))
        return false;
    *s = (struct sample){.name = names[which], .kind = which < 4 ? KIND_INT : KIND_REAL};
    s->text = measure_must(malloc(N * 32));
    s->values = measure_must(malloc(N * 8));
    for (size_t i = 0; i < N; i++) {
        int64_t r = (int64_t)measure_random(&random_state);
        switch (which) {
        case 0: add_int(s, i, r & 255); break;
        case 1: add_int(s, i, (int32_t)r); break;
        case 2: add_int(s, i, r); break;
        case 3: add_int(s, i, r >> (measure_random(&random_state) & 63)); break;
        case 4: add_real(s, i, "%.17g", uniform() * 2 - 1); break;
        case 5: add_real(s, i, "%.6f", uniform() * 2000 - 1000); break;
        default: add_real(s, i, "%.2f", uniform() * 10000); break;
        }
    }
    s->text[s->n++] = ']';
    return true;
}

static void wrong(const struct sample *s, const char *what) {
    fprintf(stderr, "bench/json: %s: %s gives other numbers\n", s->name, what);
    exit(1);
}

static void read_ours(const struct sample *s) {
    struct ctx ctx;
    struct array a;
    struct number_place place;
    struct numbers_want want = {KIND_INT | KIND_REAL, 1, N};
    ctx_init(&ctx, (size_t)1 << 30);
    if (numbers_read(&ctx, s->text, s->n, &want, &a, &place) != NUMBER_OK || a.kind != s->kind || a.n != N ||
        memcmp(a.data, s->values, N * 8) != 0)
        wrong(s, "our reader");
    ctx_release(&ctx);
}

/* read_jansson copies into an array, as a solver needs it. */
static void read_jansson(const struct sample *s) {
    json_t *json = measure_must(json_loadb(s->text, s->n, 0, NULL)), *item;
    int64_t *copy = measure_must(malloc(N * 8));
    size_t i;
    json_array_foreach(json, i, item) {
        double real = json_real_value(item);
        if (s->kind == KIND_INT)
            copy[i] = json_integer_value(item);
        else
            memcpy(&copy[i], &real, 8);
    }
    if (memcmp(copy, s->values, N * 8) != 0)
        wrong(s, "jansson");
    free(copy);
    json_decref(json);
}

static size_t write_ours(const struct sample *s) {
    struct buf b;
    struct array a = array_1d(s->kind, s->values, N);
    buf_init(&b, (size_t)1 << 30);
    numbers_write(&b, &a);
    if (b.failed)
        measure_must(NULL);
    size_t n = b.n;
    buf_release(&b);
    return n;
}

static size_t dump_jansson(const json_t *json) {
    char *text = measure_must(json_dumps(json, JSON_COMPACT));
    size_t n = strlen(text);
    free(text);
    return n;
}

static size_t write_jansson(const struct sample *s) {
    json_t *json = measure_must(json_array());
    for (size_t i = 0; i < N; i++)
        json_array_append_new(json, s->kind == KIND_INT ? json_integer(((const int64_t *)s->values)[i])
                                                        : json_real(((const double *)s->values)[i]));
    size_t n = dump_jansson(json);
    json_decref(json);
    return n;
}

static void measure(const struct sample *s) {
    double t[STEPS][ROUNDS], m[STEPS];
    json_t *json = measure_must(json_loadb(s->text, s->n, 0, NULL));
    size_t ours = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double start[STEPS + 1];
        start[0] = measure_seconds();
        read_ours(s);
        start[1] = measure_seconds();
        read_jansson(s);
        start[2] = measure_seconds();
        ours = write_ours(s);
        start[3] = measure_seconds();
        (void)write_jansson(s);
        start[4] = measure_seconds();
        (void)dump_jansson(json);
        start[5] = measure_seconds();
        for (int k = 0; k < STEPS; k++)
            t[k][i] = start[k + 1] - start[k];
    }
    json_decref(json);
    for (int k = 0; k < STEPS; k++)
        m[k] = measure_median(t[k], ROUNDS);
    printf("%-18s %5.1f MB | read %5.1f ms %5.0f MB/s %5.1fx | write %5.1f ms %5.0f MB/s %5.1fx (dump alone %4.1fx) | "
           "in and out %5.1fx\n",
           s->name, (double)s->n / 1e6, m[0] * 1e3, (double)s->n / m[0] / 1e6, m[1] / m[0], m[2] * 1e3,
           (double)ours / m[2] / 1e6, m[3] / m[2], m[4] / m[2], (m[1] + m[3]) / (m[0] + m[2]));
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct sample s;
    printf("10^6 numbers; x: how many times jansson's time, medians of %d interleaved rounds\n", ROUNDS);
    for (int which = 0; fill(&s, which); which++) {
        if (argc < 2 || atoi(argv[1]) == which)
            measure(&s);
        free(s.text);
        free(s.values);
    }
    return 0;
}
