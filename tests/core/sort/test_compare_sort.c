/* The comparison sorts against McIlroy's adversary ("A killer adversary for quicksort", Software: Practice and Experience 29, 1999): it fixes
 * values only when they are compared, so that every pivot turns out to be among the least. Played against the very code (the body, with
 * comparisons of its own), it leaves an input that is then sorted through the front door. */
#include "core/sort/compare_sort.h"
#include "tests/support/test.h"

enum { LENGTH = 1 << 15 };

static struct adversary {
    int64_t value[LENGTH]; /* INT64_MAX: not fixed yet */
    int64_t fixed, asked;
    size_t candidate; /* likely the pivot */
} adversary;

static bool adversary_less(const struct sorter *s, const size_t *x, const size_t *y) {
    (void)s;
    struct adversary *a = &adversary;
    a->asked++;
    if (a->value[*x] == INT64_MAX && a->value[*y] == INT64_MAX)
        a->value[*x == a->candidate ? *x : *y] = a->fixed++;
    if (a->value[*x] == INT64_MAX)
        a->candidate = *x;
    else if (a->value[*y] == INT64_MAX)
        a->candidate = *y;
    return a->value[*x] < a->value[*y];
}

void quick_played(struct sorter *s, size_t *a, size_t n);
void heap_played(struct sorter *s, size_t *a, size_t n);
void merge_played(struct sorter *s, size_t *a, size_t n, size_t *scratch);

#define ELEM size_t
#define NAME(x) x##_played
#define LESS adversary_less
#include "core/sort/compare_sort_body.h"

static const enum sort_algorithm ALGORITHMS[] = {SORT_QUICK, SORT_HEAP, SORT_MERGE};

/* play sorts LENGTH elements whose values the adversary makes up. */
static int64_t play(enum sort_algorithm algorithm) {
    static size_t a[LENGTH], scratch[LENGTH / 2 + 1];
    adversary = (struct adversary){.fixed = 0};
    for (size_t i = 0; i < LENGTH; i++) {
        a[i] = i;
        adversary.value[i] = INT64_MAX;
    }
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct sorter s = {.ctx = &ctx};
    if (algorithm == SORT_QUICK)
        quick_played(&s, a, LENGTH);
    else if (algorithm == SORT_HEAP)
        heap_played(&s, a, LENGTH);
    else
        merge_played(&s, a, LENGTH, scratch);
    for (size_t i = 1; i < LENGTH; i++)
        assert_true(adversary.value[a[i - 1]] <= adversary.value[a[i]]);
    assert_int_equal(s.stats.comparisons, adversary.asked); /* the statistics count what happened */
    return adversary.asked;
}

static void an_adversary_gets_no_more_than_n_log_n(void **state) {
    (void)state;
    for (size_t k = 0; k < COUNT(ALGORITHMS); k++)
        assert_in_range(play(ALGORITHMS[k]), LENGTH - 1, 3 * 15 * LENGTH); /* 15 = log2 LENGTH */
}

static void its_input_is_sorted_in_as_many(void **state) {
    (void)state;
    for (size_t k = 0; k < COUNT(ALGORITHMS); k++) {
        int64_t asked = play(ALGORITHMS[k]);
        for (size_t i = 0; i < LENGTH; i++) /* what was never fixed is above all else */
            adversary.value[i] = adversary.value[i] == INT64_MAX ? LENGTH : adversary.value[i];
        struct ctx ctx;
        ctx_init(&ctx, 1 << 24);
        struct sort_in in = {.values = array_1d(KIND_INT, adversary.value, LENGTH), .algorithm = ALGORITHMS[k]};
        struct sort_out out;
        assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_OK);
        assert_int_equal(out.stats.comparisons, asked);
        for (size_t i = 1; i < LENGTH; i++)
            assert_true(out.values.ints[i - 1] <= out.values.ints[i]);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_adversary_gets_no_more_than_n_log_n),
        cmocka_unit_test(its_input_is_sorted_in_as_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
