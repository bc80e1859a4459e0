#include "core/search/bisect.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

enum { MAX_N = 12, MAX_TARGETS = 9 };

static struct bisect_in input(enum bisect_mode mode, struct array values, struct array targets) {
    return (struct bisect_in){.values = values, .targets = targets, .mode = mode, .hi = values.n, .check = true};
}

/* The oracle compares in long double, which holds every int64 and every double on the machines that run it. */
static long double wide_of(const struct array *a, size_t i) {
    return a->kind == KIND_INT ? (long double)a->ints[i] : (long double)a->reals[i];
}

static int compare(const struct array *a, size_t i, const struct array *b, size_t j) {
    if (a->kind == KIND_STRING) {
        struct str s = a->strings[i], t = b->strings[j];
        int c = memcmp(s.p, t.p, s.n < t.n ? s.n : t.n);
        return c ? c : (s.n > t.n) - (s.n < t.n);
    }
    long double x = wide_of(a, i), y = wide_of(b, j);
    return (x > y) - (x < y);
}

struct expected {
    int64_t index, end;
    bool found;
};

static struct expected by_hand(const struct bisect_in *in, size_t j) {
    struct expected e = {.index = -1, .end = (int64_t)in->hi};
    size_t lower = in->hi, upper = in->hi, equal = in->hi;
    for (size_t i = in->hi; i-- > in->lo;) {
        int c = compare(&in->values, i, &in->targets, j);
        lower = c >= 0 ? i : lower;
        upper = c > 0 ? i : upper;
        equal = c == 0 ? i : equal;
    }
    e.found = equal < in->hi;
    if (in->mode == BISECT_LOWER || in->mode == BISECT_RANGE)
        e.index = (int64_t)lower;
    else if (in->mode == BISECT_UPPER)
        e.index = (int64_t)upper;
    else if (in->mode != BISECT_NEAREST)
        e.index = e.found ? (int64_t)equal : -1;
    e.end = (int64_t)upper;
    long double best = INFINITY;
    for (size_t i = in->lo; in->mode == BISECT_NEAREST && i < in->hi; i++) {
        long double distance = fabsl(wide_of(&in->values, i) - wide_of(&in->targets, j));
        if (distance < best)
            best = distance, e.index = (int64_t)i;
    }
    return e;
}

static void check(const struct bisect_in *in) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 24);
    struct bisect_out out;
    enum status status = bisect_solve(&ctx, in, &out);
    if (status != STATUS_OK)
        fail_msg("%s: %s", bisect_mode_names[in->mode], ctx.err.detail);
    for (size_t j = 0; j < in->targets.n; j++) {
        struct expected e = by_hand(in, j);
        assert_int_equal(out.index[j], e.index);
        assert_int_equal(out.found[j], e.found);
        if (in->mode == BISECT_RANGE)
            assert_int_equal(out.end[j], e.end);
    }
    ctx_release(&ctx);
}

/* check_each tries all targets together, and each of them alone: the batch and its plain twin. */
static void check_each(struct bisect_in in) {
    check(&in);
    struct array all = in.targets;
    for (size_t j = 0; j < all.n; j++) {
        in.targets = array_1d(all.kind, all.kind == KIND_STRING ? (void *)&all.strings[j] : (void *)&all.ints[j], 1);
        check(&in);
    }
}

static void sort_array(struct array *a) {
    for (size_t i = 1; i < a->n; i++)
        for (size_t j = i; j > 0 && compare(a, j, a, j - 1) < 0; j--) {
            if (a->kind == KIND_STRING) {
                struct str s = a->strings[j];
                a->strings[j] = a->strings[j - 1], a->strings[j - 1] = s;
            } else {
                int64_t bits = a->ints[j]; /* moves reals as well */
                a->ints[j] = a->ints[j - 1], a->ints[j - 1] = bits;
            }
        }
}

static void fill(struct array *a, uint64_t *seed, unsigned style) {
    static const char *const WORDS[] = {"", "a", "aa", "ab", "b", "\xc3\xa9", "z"};
    for (size_t i = 0; i < a->n; i++) {
        int64_t small = (int64_t)test_below(seed, 9) - 4, wide = (int64_t)(test_random(seed) >> 3) - (INT64_C(1) << 60);
        if (a->kind == KIND_INT)
            a->ints[i] = style ? wide : small;
        else if (a->kind == KIND_REAL)
            a->reals[i] = style ? (double)(wide >> 9) / 2 : (double)small / 2;
        else
            a->strings[i] = (struct str){WORDS[test_below(seed, COUNT(WORDS))], 0};
        if (a->kind == KIND_STRING)
            a->strings[i].n = strlen(a->strings[i].p);
    }
    if (a->n && a->kind == KIND_INT && style)
        a->ints[test_below(seed, a->n)] = 0;
}

static void rotate(struct array *a, size_t by) {
    struct array copy = *a;
    size_t size = a->kind == KIND_STRING ? sizeof(struct str) : 8;
    char bytes[MAX_N * sizeof(struct str)];
    memcpy(bytes, copy.data, a->n * size);
    for (size_t i = 0; i < a->n; i++)
        memcpy((char *)a->data + i * size, bytes + (i + by) % a->n * size, size);
}

/* Small random arrays of each kind against targets of each kind, in every part [lo, hi) that is drawn. */
static void random_arrays(void **state) {
    (void)state;
    uint64_t seed = 1;
    static const enum kind PAIRS[][2] = {{KIND_INT, KIND_INT},
                                         {KIND_INT, KIND_REAL},
                                         {KIND_REAL, KIND_INT},
                                         {KIND_REAL, KIND_REAL},
                                         {KIND_STRING, KIND_STRING}};
    for (int round = 0; round < 4000; round++) {
        const enum kind *kinds = PAIRS[round % 5];
        struct str words[MAX_N], word_targets[MAX_TARGETS];
        int64_t numbers[MAX_N], number_targets[MAX_TARGETS];
        bool text = kinds[0] == KIND_STRING;
        struct array values = array_1d(kinds[0], text ? (void *)words : (void *)numbers, test_below(&seed, MAX_N + 1));
        struct array targets = array_1d(kinds[1], text ? (void *)word_targets : (void *)number_targets, MAX_TARGETS);
        fill(&values, &seed, round / 5 % 2);
        fill(&targets, &seed, round / 5 % 2);
        sort_array(&values);
        for (enum bisect_mode mode = BISECT_LOWER; mode <= BISECT_RANGE; mode++) {
            if (text && mode == BISECT_NEAREST)
                continue;
            struct bisect_in in = input(mode, values, targets);
            check_each(in);
            in.lo = test_below(&seed, values.n + 1);
            in.hi = in.lo + test_below(&seed, values.n - in.lo + 1);
            check_each(in);
        }
        if (values.n)
            rotate(&values, test_below(&seed, values.n));
        check_each(input(BISECT_ROTATED, values, targets));
        struct bisect_in blind = input(BISECT_ROTATED, values, targets);
        blind.check = false;
        check_each(blind);
    }
}

/* Pairs that differ only where rounding would hide it. */
static void values_of_two_kinds_compare_exactly(void **state) {
    (void)state;
    int64_t ints[] = {INT64_MIN, -1, 0, INT64_C(9007199254740992), INT64_C(9007199254740993), INT64_MAX - 1, INT64_MAX};
    double targets[] = {-0x1p63, -DBL_MAX, 0x1p63, DBL_MAX, 0x1p53, 0x1p53 + 2, -0.5, -1e-300, 1e-300, -0.0};
    struct array a = array_1d(KIND_INT, ints, COUNT(ints)), b = array_1d(KIND_REAL, targets, COUNT(targets));
    for (enum bisect_mode mode = BISECT_LOWER; mode <= BISECT_RANGE; mode++)
        if (mode != BISECT_NEAREST)
            check_each(input(mode, a, b)), check_each(input(mode, a, a));
    double reals[] = {-DBL_MAX, -0x1p63, -0.0, 0.0, 0x1p53, 0x1p53 + 2, 0x1p63, DBL_MAX};
    struct array c = array_1d(KIND_REAL, reals, COUNT(reals));
    for (enum bisect_mode mode = BISECT_LOWER; mode <= BISECT_RANGE; mode++)
        if (mode != BISECT_NEAREST)
            check_each(input(mode, c, a)), check_each(input(mode, c, b)), check_each(input(mode, c, c));
}

struct near_row {
    struct value below, above, target;
    int64_t index;
};

static void nearest_breaks_only_true_ties(void **state) {
    (void)state;
#define I(x) \
    { .kind = KIND_INT, .i = (x) }
#define R(x) \
    { .kind = KIND_REAL, .r = (x) }
    static const struct near_row rows[] = {
        {I(INT64_MIN), I(INT64_MAX), I(0), 1},
        {I(INT64_MIN), I(INT64_MAX), I(-1), 0},
        {I(1), I(2), R(1.5), 0},
        {I(1), I(2), R(0x1.8000000000001p0), 1},
        {I(-2), I(-1), R(-1.5), 0},
        {I(-2), I(-1), R(-0x1.8000000000001p0), 0},
        {I(-2), I(-1), R(-0x1.7ffffffffffffp0), 1},
        {I(-1), I(0), R(-1e-300), 1},
        {I(-5), I(5), R(-1e-300), 0},
        {I(-5), I(5), R(1e-300), 1},
        {I(0), I(1), R(0.5), 0},
        {I(0), I(3), R(2.0), 1},
        {R(-DBL_MAX), R(DBL_MAX), R(0), 0},
        {R(-DBL_MAX), R(DBL_MAX), R(DBL_TRUE_MIN), 1},
        {R(-DBL_MAX), R(DBL_MAX), I(1), 1},
        {R(-DBL_MAX), R(DBL_MAX), I(-1), 0},
        {R(0x1p1023), R(DBL_MAX), R(0x1.8p1023), 1},
        {R(0x1p1023), R(DBL_MAX), R(0x1.9p1023), 1},
        {R(0.1), R(0.3), R(0.2), 1},
        {R(1), R(0x1p60), R(0x1p59), 0},
        {R(0), R(0x1p60), R(0x1p59), 0},
        {R(-1), R(0x1p60), R(0x1p59), 1},
        {R(0x1p53), R(0x1p53 + 2), I(INT64_C(9007199254740993)), 0},
        {R(0x1p53 - 1), R(0x1p53 + 2), I(INT64_C(9007199254740993)), 1},
        {R(0x1p-1074), R(0x1p62), I(INT64_C(1) << 61), 0},
        {R(-0x1p-1074), R(0x1p62), I(INT64_C(1) << 61), 1},
        {R(0.5), R(0x1p62), I((INT64_C(1) << 61) + 1), 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t values[2] = {rows[i].below.i, rows[i].above.i}, target = rows[i].target.i; /* bits of either kind */
        struct bisect_in in =
            input(BISECT_NEAREST, array_1d(rows[i].below.kind, values, 2), array_1d(rows[i].target.kind, &target, 1));
        struct ctx ctx;
        struct bisect_out out;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(bisect_solve(&ctx, &in, &out), STATUS_OK);
        if (out.index[0] != rows[i].index)
            fail_msg("row %zu: %lld", i, (long long)out.index[0]);
        ctx_release(&ctx);
    }
}

static void peaks(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (int round = 0; round < 3000; round++) {
        int64_t numbers[MAX_N];
        struct array values = array_1d(KIND_INT, numbers, test_below(&seed, MAX_N + 1));
        fill(&values, &seed, 0);
        struct bisect_in in = input(BISECT_PEAK, values, (struct array){0});
        in.lo = test_below(&seed, values.n + 1);
        struct ctx ctx;
        struct bisect_out out;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(bisect_solve(&ctx, &in, &out), STATUS_OK);
        int64_t i = out.index[0];
        assert_int_equal(out.found[0], in.lo < values.n);
        if (in.lo == values.n) {
            assert_int_equal(i, -1);
        } else {
            assert_in_range(i, in.lo, values.n - 1);
            assert_true((size_t)i == in.lo || numbers[i - 1] <= numbers[i]);
            assert_true((size_t)i + 1 == values.n || numbers[i + 1] <= numbers[i]);
        }
        ctx_release(&ctx);
    }
}

/* replay follows the intervals of a trace: each is the one before without what was excluded. */
static int64_t replay(const struct trace *t, size_t *step) {
    const struct trace_step *s = &t->steps[(*step)++];
    assert_int_equal(strncmp(s->op, "start", 5), 0);
    int64_t lo = s->vars[0].value.i, hi = s->vars[1].value.i;
    for (; strcmp(t->steps[*step].op, "exclude") == 0; (*step)++) {
        s = &t->steps[*step];
        int64_t from = s->vars[3].value.i, to = s->vars[4].value.i;
        assert_int_equal(s->vars[0].value.i, lo);
        assert_int_equal(s->vars[1].value.i, hi);
        assert_in_range(s->vars[2].value.i, lo, hi - 1);
        assert_true(from < to && (from == lo || to == hi));
        bool left = s->vars[5].value.s.p[0] == 'l';
        assert_int_equal(left ? from : to, left ? lo : hi);
        if (left)
            lo = to;
        else
            hi = from;
    }
    s = &t->steps[(*step)++];
    assert_string_equal(s->op, "found");
    assert_int_equal(s->at[0], lo);
    assert_true(hi - lo <= 1);
    return lo;
}

static void traces_lead_to_the_answer(void **state) {
    (void)state;
    uint64_t seed = 9;
    for (int round = 0; round < 2000; round++) {
        int64_t numbers[MAX_N], target = (int64_t)test_below(&seed, 9) - 4;
        struct array values = array_1d(KIND_INT, numbers, 1 + test_below(&seed, MAX_N));
        fill(&values, &seed, 0);
        enum bisect_mode mode = (enum bisect_mode)(round % 7);
        if (mode != BISECT_PEAK)
            sort_array(&values);
        if (mode == BISECT_ROTATED)
            rotate(&values, test_below(&seed, values.n));
        struct bisect_in in =
            input(mode, values, mode == BISECT_PEAK ? (struct array){0} : array_1d(KIND_INT, &target, 1));
        struct ctx ctx;
        struct trace trace;
        struct bisect_out out, plain;
        ctx_init(&ctx, 1 << 22);
        assert_int_equal(bisect_solve(&ctx, &in, &plain), STATUS_OK);
        assert_int_equal(trace_begin(&ctx, &trace, 1000, &values), STATUS_OK);
        in.trace = &trace;
        assert_int_equal(bisect_solve(&ctx, &in, &out), STATUS_OK);
        assert_int_equal(out.index[0], plain.index[0]);
        assert_int_equal(out.found[0], plain.found[0]);
        size_t step = 0;
        if (mode == BISECT_ROTATED)
            assert_int_equal(replay(&trace, &step), out.pivot);
        int64_t at = replay(&trace, &step);
        if (mode == BISECT_LOWER || mode == BISECT_UPPER || mode == BISECT_RANGE || mode == BISECT_PEAK)
            assert_int_equal(at, out.index[0]);
        else if (mode == BISECT_EXACT && out.found[0])
            assert_int_equal(at, out.index[0]);
        else if (mode == BISECT_ROTATED && out.found[0])
            assert_true(at == out.index[0] || replay(&trace, &step) == out.index[0]);
        if (mode == BISECT_RANGE)
            assert_int_equal(replay(&trace, &step), out.end[0]);
        ctx_release(&ctx);
    }
}

/* Enough values and targets that the targets are put in order first; and few enough that they are not. */
static void many_targets_have_their_bounds(void **state) {
    (void)state;
    enum { N = (1 << 18) + 5, QUERIES = 30000 };
    int64_t *values = malloc(N * sizeof *values), *targets = malloc(QUERIES * sizeof *targets);
    uint64_t seed = 3;
    for (size_t n = N; n > 1000; n /= 8) {
        for (size_t i = 0; i < n; i++)
            values[i] = (i ? values[i - 1] : -1000) + (int64_t)test_below(&seed, 3);
        for (size_t j = 0; j < QUERIES; j++)
            targets[j] = (int64_t)test_below(&seed, n + 1000) - 1001;
        targets[7] = INT64_MAX, targets[8] = INT64_MIN;
        struct bisect_in in = input(BISECT_RANGE, array_1d(KIND_INT, values, n), array_1d(KIND_INT, targets, QUERIES));
        struct ctx ctx;
        struct bisect_out out, upper, exact, rotated;
        ctx_init(&ctx, 1 << 26);
        assert_int_equal(bisect_solve(&ctx, &in, &out), STATUS_OK);
        assert_int_equal(out.algorithm, n >= 1 << 18 ? BISECT_SORTED_GROUPS : BISECT_GROUPS);
        assert_non_null(out.why);
        in.mode = BISECT_UPPER;
        assert_int_equal(bisect_solve(&ctx, &in, &upper), STATUS_OK);
        in.mode = BISECT_EXACT;
        assert_int_equal(bisect_solve(&ctx, &in, &exact), STATUS_OK);
        for (size_t j = 0; j < QUERIES; j++) {
            int64_t low = out.index[j], high = out.end[j];
            assert_in_range(low, 0, n);
            assert_in_range(high, low, n);
            assert_true(low == 0 || values[low - 1] < targets[j]);
            assert_true((size_t)low == n || values[low] >= targets[j]);
            assert_true(high == 0 || values[high - 1] <= targets[j]);
            assert_true((size_t)high == n || values[high] > targets[j]);
            assert_int_equal(out.found[j], low < high);
            assert_int_equal(upper.index[j], high);
            assert_int_equal(upper.found[j], low < high);
            assert_int_equal(exact.index[j], low < high ? low : -1);
        }
        for (size_t i = 0; i < n; i++) /* rotated by a third, which is above all that stays in place */
            values[i] += i < n / 3 ? 4 * N : 0;
        in.mode = BISECT_ROTATED;
        assert_int_equal(bisect_solve(&ctx, &in, &rotated), STATUS_OK);
        assert_int_equal(rotated.pivot, n / 3);
        for (size_t j = 0; j < QUERIES; j++) {
            bool kept = exact.found[j] && out.end[j] > (int64_t)(n / 3);
            assert_int_equal(rotated.found[j], kept);
            int64_t first = out.index[j] < (int64_t)(n / 3) ? (int64_t)(n / 3) : out.index[j];
            assert_int_equal(rotated.index[j], kept ? first : -1);
        }
        ctx_release(&ctx);
    }
    free(values);
    free(targets);
}

static void disorder_is_found(void **state) {
    (void)state;
    static const struct {
        enum bisect_mode mode;
        int64_t values[6];
        size_t lo, hi;
        const char *pointer; /* NULL: accepted */
    } rows[] = {
        {BISECT_LOWER, {1, 2, 3, 3, 2, 1}, 0, 6, "/values/4"},
        {BISECT_LOWER, {1, 2, 3, 3, 2, 1}, 0, 4, NULL},
        {BISECT_LOWER, {9, 1, 2, 3, 4, 0}, 1, 5, NULL},
        {BISECT_UPPER, {9, 1, 2, 3, 4, 5}, 0, 6, "/values/1"},
        {BISECT_ROTATED, {3, 4, 5, 1, 2, 3}, 0, 6, NULL},
        {BISECT_ROTATED, {3, 4, 5, 1, 2, 4}, 0, 6, "/values/5"},
        {BISECT_ROTATED, {3, 4, 1, 2, 1, 2}, 0, 6, "/values/4"},
        {BISECT_ROTATED, {3, 4, 1, 2, 1, 2}, 0, 4, NULL},
        {BISECT_EXACT, {1, 1, 1, 1, 1, 1}, 0, 6, NULL},
        {BISECT_RANGE, {1, 1, 1, 1, 1, 0}, 0, 6, "/values/5"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int checked = 0; checked < 2; checked++) {
            int64_t values[6], target = 2;
            memcpy(values, rows[i].values, sizeof values);
            struct bisect_in in = input(rows[i].mode, array_1d(KIND_INT, values, 6), array_1d(KIND_INT, &target, 1));
            in.lo = rows[i].lo, in.hi = rows[i].hi, in.check = checked;
            struct ctx ctx;
            struct bisect_out out;
            ctx_init(&ctx, 1 << 20);
            bool refused = rows[i].pointer && checked;
            assert_int_equal(bisect_solve(&ctx, &in, &out), refused ? STATUS_INVALID : STATUS_OK);
            if (refused)
                assert_string_equal(ctx.err.pointer, rows[i].pointer);
            else
                assert_true(out.index[0] >= -1 && out.index[0] <= 6);
            ctx_release(&ctx);
        }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    int64_t values[] = {3, 4, 1, 2}, targets[] = {1, 2};
    for (enum bisect_mode mode = BISECT_LOWER; mode <= BISECT_ROTATED; mode++) {
        enum status status = STATUS_NO_MEMORY;
        for (size_t after = 0; status != STATUS_OK; after++) {
            struct ctx ctx;
            struct bisect_out out;
            struct trace trace;
            ctx_init(&ctx, 1 << 20);
            ctx.fail_after = after;
            struct bisect_in in = input(mode, array_1d(KIND_INT, values, 4), array_1d(KIND_INT, targets, 1));
            in.check = false;
            status = trace_begin(&ctx, &trace, 100, &in.values);
            in.trace = &trace;
            if (status == STATUS_OK)
                status = bisect_solve(&ctx, &in, &out);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            ctx_release(&ctx);
            assert_in_range(after, 0, 200);
        }
    }
}

static void a_stop_ends_it(void **state) {
    (void)state;
    int64_t values[] = {1, 2}, targets[] = {1, 2, 3};
    atomic_int stop = STOP_CANCEL;
    struct ctx ctx;
    struct bisect_out out;
    ctx_init(&ctx, 1 << 20);
    ctx.stop = &stop;
    struct bisect_in in = input(BISECT_LOWER, array_1d(KIND_INT, values, 2), array_1d(KIND_INT, targets, 3));
    assert_int_equal(bisect_solve(&ctx, &in, &out), STATUS_CANCELLED);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_arrays),
        cmocka_unit_test(values_of_two_kinds_compare_exactly),
        cmocka_unit_test(nearest_breaks_only_true_ties),
        cmocka_unit_test(peaks),
        cmocka_unit_test(traces_lead_to_the_answer),
        cmocka_unit_test(many_targets_have_their_bounds),
        cmocka_unit_test(disorder_is_found),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
