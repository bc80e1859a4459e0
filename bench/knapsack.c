/* Pisinger's classes of knapsack instances (Kellerer, Pferschy, Pisinger 2004, section 5.5; "Where are the hard
 * knapsack problems?", 2005), drawn by a generator of our own: time, states and, where a table over all capacities is
 * affordable, how many times faster than that table (values only, one row) in the same run.
 *
 *     build/release/bench/knapsack [SECONDS]      at most so long a solve (10) */
#include "core/combine/knapsack.h"
#include "bench/knapsack_classes.h"

#include <pthread.h>

/* A table of more cells than this is not built: about two seconds. */
static const double MAX_CELLS = 4e9;
/* -- A watchdog that sets the stop flag -- */

static struct watchdog {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    double due; /* 0: nothing runs */
    atomic_int stop;
} dog = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, STOP_NONE};

static void *watch(void *arg) {
    (void)arg;
    pthread_mutex_lock(&dog.lock);
    for (;;) {
        struct timespec soon;
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 20 * 1000 * 1000;
        if (soon.tv_nsec >= 1000000000)
            soon.tv_sec++, soon.tv_nsec -= 1000000000;
        pthread_cond_timedwait(&dog.wake, &dog.lock, &soon);
        if (dog.due > 0 && measure_seconds() > dog.due)
            atomic_store(&dog.stop, STOP_DEADLINE);
    }
    return NULL;
}

static void set_due(double due) {
    pthread_mutex_lock(&dog.lock);
    dog.due = due;
    atomic_store(&dog.stop, STOP_NONE);
    pthread_mutex_unlock(&dog.lock);
}

/* -- Measuring -- */

struct measured {
    double seconds, table; /* table: seconds of the table; 0: not built */
    int64_t states, core, gap;
};

static int64_t table(const struct instance *t) {
    int64_t *best = calloc((size_t)t->capacity + 1, sizeof *best);
    for (size_t i = 0; i < t->n; i++)
        for (int64_t w = t->capacity; w >= t->weight[i]; w--) {
            int64_t with = best[w - t->weight[i]] + t->value[i];
            best[w] = with > best[w] ? with : best[w];
        }
    int64_t value = best[t->capacity];
    free(best);
    return value;
}

static struct measured measure(const struct instance *t, double limit) {
    struct ctx ctx;
    ctx_init(&ctx, (size_t)512 << 20);
    ctx.stop = &dog.stop;
    const struct knapsack_in in = {t->n, t->weight, t->value, 1, t->capacity, KNAPSACK_COLUMNS};
    struct knapsack_out out;
    double start = measure_seconds();
    set_due(start + limit);
    if (knapsack_solve(&ctx, &in, &out) != STATUS_OK) {
        fprintf(stderr, "%s\n", ctx.err.detail);
        exit(1);
    }
    struct measured m = {measure_seconds() - start, 0, out.stats.states, out.stats.core, out.bound - out.value};
    set_due(0);
    if ((double)t->capacity * (double)t->n <= MAX_CELLS) {
        start = measure_seconds();
        int64_t value = table(t);
        m.table = measure_seconds() - start;
        if (value < out.value || value > out.bound || (out.optimal && value != out.value)) {
            fprintf(stderr, "the table says %lld, the solver %lld\n", (long long)value, (long long)out.value);
            exit(1);
        }
    }
    ctx_release(&ctx);
    return m;
}

static void report(const struct class *class, struct instance *t, size_t n, int64_t r, double limit) {
    double sum = 0, worst = 0, solver = 0, tables = 0;
    int64_t states = 0, core = 0;
    int solved = 0, n_tables = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
        make(t, class, n, r, seed);
        struct measured m = measure(t, limit);
        sum += m.seconds;
        worst = m.seconds > worst ? m.seconds : worst;
        states = m.states > states ? m.states : states;
        core = m.core > core ? m.core : core;
        solved += m.gap == 0;
        if (m.table > 0) {
            n_tables++;
            tables += m.table;
            solver += m.seconds;
        }
    }
    printf("%-23s %6zu %6lld %5d/%d %10.2f %10.2f %6lld %11lld ", class->name, n, (long long)r, solved, SEEDS,
           sum / SEEDS * 1e3, worst * 1e3, (long long)core, (long long)states);
    if (n_tables)
        printf("%9.0fx (%d)\n", tables / solver, n_tables);
    else
        printf("%10s\n", "-");
    fflush(stdout);
}

int main(int argc, char **argv) {
    double limit = argc > 1 ? atof(argv[1]) : 10;
    pthread_t thread;
    pthread_create(&thread, NULL, watch, NULL);
    struct instance t = {.weight = calloc(10000, sizeof(int64_t)), .value = calloc(10000, sizeof(int64_t))};
    printf("%-23s %6s %6s %7s %10s %10s %6s %11s %10s\n", "class", "n", "R", "solved", "mean ms", "worst ms", "core",
           "states", "vs. table");
    for (size_t i = 0; i < CLASSES_N; i++)
        for (size_t n = 1000; n <= 10000; n *= 10)
            for (int64_t r = 1000; r <= 10000; r *= 10)
                report(&classes[i], &t, n, r, limit);
    free(t.weight);
    free(t.value);
    return 0;
}
