/* combine - how fast core/combine counts and lists combination sums.
 *
 *     make build/release/bench/combine && build/release/bench/combine
 *
 * Every row: the median of its rounds. Counting is given in milliseconds, with the digits of the count; listing in
 * combinations a second before any is written as text, the tables included. */
#include "bench/measure.h"
#include "core/combine/combination.h"
#include "core/combine/combination_count.h"
#include "core/combine/combination_walk.h"

#include <string.h>

enum { ROUNDS = 5, MOST = 3000000 };

/* 10^255, about a quarter on the way through 1..200. */
#define ZEROS "000000000000000000000000000000000000000000000000000"
static const char RANK[] = "1" ZEROS ZEROS ZEROS ZEROS ZEROS;

static struct combination_in input(int64_t *candidates, size_t n, int64_t from, int64_t to, int64_t target) {
    uint64_t random = 1;
    for (size_t i = 0; i < n; i++)
        candidates[i] = to - from + 1 == (int64_t)n
                            ? from + (int64_t)i
                            : from + (int64_t)(measure_random(&random) % (uint64_t)(to - from + 1));
    return (struct combination_in){candidates, n, target, true, false, 0, INT64_MAX};
}

static void count_row(const char *name, const struct combination_in *in, bool offset) {
    double times[ROUNDS];
    size_t digits = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct ctx ctx;
        struct combination_out out;
        struct combination_page page = {.count = true, .list = offset, .limit = 1};
        if (offset)
            page.offset = (struct value){.kind = KIND_STRING, .s = {RANK, sizeof RANK - 1}};
        ctx_init(&ctx, (size_t)1 << 30);
        double start = measure_seconds();
        if (combination_solve(&ctx, in, &page, &out) != STATUS_OK)
            printf("%s\n", ctx.err.detail);
        times[round] = measure_seconds() - start;
        digits = out.count.kind == KIND_STRING ? out.count.s.n : 16;
        ctx_release(&ctx);
    }
    printf("%-44s %9.2f ms  %zu digits\n", name, 1e3 * measure_median(times, ROUNDS), digits);
}

static void walk_row(const char *name, const struct combination_in *in) {
    double times[ROUNDS], first[ROUNDS];
    size_t n = 0, values = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct ctx ctx;
        struct combination_plan plan;
        struct combination_walk walk;
        ctx_init(&ctx, (size_t)1 << 30);
        double start = measure_seconds();
        if (combination_plan_make(&ctx, in, &plan) != STATUS_OK || combination_begin(&ctx, &plan, &walk) != STATUS_OK)
            printf("%s\n", ctx.err.detail);
        first[round] = measure_seconds() - start;
        for (n = values = 0; n < MOST && combination_next(&walk); n++)
            values += walk.depth;
        times[round] = measure_seconds() - start;
        ctx_release(&ctx);
    }
    printf("%-44s %9.2f million a second  (%zu of %.1f values; %.2f ms to the first)\n", name,
           1e-6 * (double)n / measure_median(times, ROUNDS), n, (double)values / (double)n,
           1e3 * measure_median(first, ROUNDS));
}

int main(void) {
    static int64_t candidates[200];
    struct combination_in in = input(candidates, 200, 1, 200, 100000);
    count_row("count 1..200, target 10^5", &in, false);
    count_row("count and offset 1..200, target 10^5", &in, true);
    in = input(candidates, 200, 1, 5000, 100000);
    count_row("count 200 of 1..5000, target 10^5", &in, false);
    in.reuse = false;
    count_row("the same, each once", &in, false);
    in = input(candidates, 8, 1, 8, 1000000);
    count_row("count 1..8, target 10^6", &in, false);
    in = input(candidates, 20, 1, 20, 300);
    in.ordered = true;
    count_row("count sequences of 1..20, target 300", &in, false);
    in = input(candidates, 40, 1, 40, 60);
    walk_row("list 1..40, target 60", &in);
    in = input(candidates, 200, 1, 200, 1000);
    in.max_length = 8;
    walk_row("list 1..200, target 1000, at most 8", &in);
    in = input(candidates, 200, 1, 5000, 20000);
    walk_row("list 200 of 1..5000, target 20000", &in);
    in.reuse = false;
    walk_row("the same, each once", &in);
    in = input(candidates, 200, 100, 2000, 100000);
    walk_row("list 200 of 100..2000, target 10^5", &in);
    in = input(candidates, 20, 1, 20, 40);
    in.ordered = true;
    walk_row("list sequences of 1..20, target 40", &in);
    return 0;
}
