#include "core/search/answer.h"
#include "core/search/answer_problems.h"
#include "tests/support/test.h"

#include <math.h>

enum { MAX_N = 7 };

/* A small random request, and what a naive search says: whether the candidate x is feasible, by trying things out. */
struct small {
    struct answer_in in;
    int64_t v[3 * MAX_N];
    int64_t sorted[3 * MAX_N];
    size_t n;
};

static int find_problem(const char *name) {
    for (int i = 0; answer_problem_names[i]; i++)
        if (strcmp(answer_problem_names[i], name) == 0)
            return i;
    fail_msg("there is no problem %s", name);
    return -1;
}

/* fewest_runs: the fewest runs of the values whose sums are at most x; by trying every cut. */
static int64_t fewest_runs(const struct small *s, size_t from, int64_t x) {
    if (from == s->n)
        return 0;
    int64_t best = 1000, load = 0;
    for (size_t i = from; i < s->n && (load += s->v[i]) <= x; i++) {
        int64_t rest = fewest_runs(s, i + 1, x);
        best = rest + 1 < best ? rest + 1 : best;
    }
    return best;
}

static bool runs(const struct small *s, int64_t x, int64_t parts) { return fewest_runs(s, 0, x) <= parts; }
static bool ship(const struct small *s, int64_t x) { return runs(s, x, s->in.days); }
static bool split(const struct small *s, int64_t x) { return runs(s, x, s->in.k); }

/* taken: the steps of x that finish all values, one value a step at most. */
static int64_t taken(const struct small *s, int64_t x) {
    int64_t steps = 0;
    for (size_t i = 0; i < s->n; i++)
        for (int64_t rest = s->v[i]; rest > 0; rest -= x)
            steps++;
    return steps;
}

static bool eating(const struct small *s, int64_t x) { return x > 0 && taken(s, x) <= s->in.hours; }
static bool divisor(const struct small *s, int64_t x) { return x > 0 && taken(s, x) <= s->in.threshold; }
static bool stores(const struct small *s, int64_t x) { return x > 0 && taken(s, x) <= s->in.n; }

static bool bags(const struct small *s, int64_t x) {
    int64_t splits = 0;
    for (size_t i = 0; i < s->n && x > 0; i++)
        for (int64_t rest = s->v[i]; rest > x; rest -= x)
            splits++;
    return x > 0 && splits <= s->in.max_operations;
}

/* magnetic: some subset of m places is x apart. */
static bool magnetic(const struct small *s, int64_t x) {
    for (unsigned set = 0; set < 1u << s->n; set++) {
        bool apart = __builtin_popcount(set) == s->in.m;
        for (size_t i = 0; i < s->n && apart; i++)
            for (size_t j = 0; j < i; j++)
                if (set >> i & 1 && set >> j & 1 && llabs(s->v[i] - s->v[j]) < x)
                    apart = false;
        if (apart)
            return true;
    }
    return false;
}

static bool table(const struct small *s, int64_t x) {
    int64_t count = 0;
    for (int64_t i = 1; i <= s->in.m; i++)
        for (int64_t j = 1; j <= s->in.n; j++)
            count += i * j <= x;
    return count >= s->in.k;
}

static bool root(const struct small *s, int64_t x) {
    int64_t power = 1;
    for (int64_t i = 0; i < s->in.degree && power < 1 << 30; i++)
        power *= x;
    return x >= 0 && power <= s->in.n;
}

static bool h_index(const struct small *s, int64_t x) {
    int64_t papers = 0;
    for (size_t i = 0; i < s->n; i++)
        papers += s->v[i] >= x;
    return papers >= x;
}

static bool bouquets(const struct small *s, int64_t x) {
    int64_t made = 0;
    for (size_t i = 0; i + (size_t)s->in.k <= s->n;) {
        bool all = true;
        for (size_t j = i; j < i + (size_t)s->in.k; j++)
            all &= s->v[j] <= x;
        made += all;
        i += all ? (size_t)s->in.k : 1;
    }
    return made >= s->in.m;
}

/* arrival: hours are given in quarters. */
static bool arrival(const struct small *s, int64_t x) {
    int64_t whole = 0;
    for (size_t i = 0; i + 1 < s->n && x > 0; i++)
        for (int64_t rest = s->v[i]; rest > 0; rest -= x)
            whole++;
    return x > 0 && 4 * whole * x + 4 * s->v[s->n - 1] <= (int64_t)(s->in.hour * 4) * x;
}

/* ranges: some choice of integers is x apart; in the order of the starts, all choices tried. */
static bool choose(const struct small *s, size_t i, int64_t last, int64_t x) {
    if (i == s->n)
        return true;
    for (int64_t at = s->sorted[i]; at <= s->sorted[i] + s->in.d; at++)
        if ((i == 0 || at - last >= x) && choose(s, i + 1, at, x))
            return true;
    return false;
}
static bool ranges(const struct small *s, int64_t x) { return choose(s, 0, 0, x); }

static bool mountain(const struct small *s, int64_t x) {
    int64_t units = 0;
    for (size_t i = 0; i < s->n; i++)
        for (int64_t u = 1, spent = s->v[i]; spent <= x; u++, spent += s->v[i] * u)
            units++;
    return units >= s->in.mountain_height;
}

/* game: every walk of m steps that begins before place 0. */
static bool walk(const struct small *s, int at, int64_t steps, int64_t score[MAX_N], int64_t x) {
    bool done = true;
    for (size_t i = 0; i < s->n; i++)
        done &= score[i] >= x;
    if (done || steps == 0)
        return done;
    for (int to = at - 1; to <= at + 1; to += 2) {
        if (to < 0 || to >= (int)s->n)
            continue;
        score[to] += s->v[to];
        bool reached = walk(s, to, steps - 1, score, x);
        score[to] -= s->v[to];
        if (reached)
            return true;
    }
    return false;
}
static bool game(const struct small *s, int64_t x) {
    int64_t score[MAX_N] = {0};
    return walk(s, -1, s->in.m, score, x);
}

static bool trips(const struct small *s, int64_t x) {
    int64_t made = 0;
    for (int64_t now = 1; now <= x; now++)
        for (size_t i = 0; i < s->n; i++)
            made += now % s->v[i] == 0;
    return made >= s->in.total_trips;
}

static bool cars(const struct small *s, int64_t x) {
    int64_t made = 0;
    for (size_t i = 0; i < s->n; i++)
        for (int64_t c = 1; s->v[i] * c * c <= x; c++)
            made++;
    return made >= s->in.cars;
}

static bool candies(const struct small *s, int64_t x) {
    int64_t children = 0;
    for (size_t i = 0; i < s->n && x > 0; i++)
        for (int64_t rest = s->v[i]; rest >= x; rest -= x)
            children++;
    return x <= 0 || children >= s->in.k;
}

static bool pairs(const struct small *s, int64_t x) {
    int64_t count = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < i; j++)
            count += llabs(s->v[i] - s->v[j]) <= x;
    return count >= s->in.k;
}

/* computers: minute by minute, the n fullest batteries serve. */
static bool computers(const struct small *s, int64_t x) {
    int64_t left[MAX_N];
    memcpy(left, s->v, s->n * sizeof *left);
    for (int64_t minute = 0; minute < x; minute++)
        for (int64_t c = 0, used = 0; c < s->in.n; c++) {
            int best = -1;
            for (size_t i = 0; i < s->n; i++)
                if (!(used >> i & 1) && left[i] > 0 && (best < 0 || left[i] > left[best]))
                    best = (int)i;
            if (best < 0)
                return false;
            left[best]--;
            used |= 1 << best;
        }
    return true;
}

static bool bad(const struct small *s, int64_t x) { return x >= s->in.bad && x <= s->in.n; }

static const struct {
    const char *name;
    bool (*feasible)(const struct small *s, int64_t x);
    int64_t low, high; /* candidates that are tried */
} ORACLES[] = {
    {"ship-capacity", ship, 0, 100},
    {"eating-speed", eating, 1, 100},
    {"split-array", split, 0, 100},
    {"magnetic-force", magnetic, 0, 100},
    {"multiplication-table", table, 1, 100},
    {"integer-root", root, 0, 100},
    {"h-index", h_index, 0, 100},
    {"bouquets", bouquets, 0, 100},
    {"smallest-divisor", divisor, 1, 100},
    {"arrival-speed", arrival, 1, 100},
    {"minimized-maximum-products", stores, 0, 100},
    {"score-of-ranges", ranges, 0, 30},
    {"mountain-height", mountain, 1, 600},
    {"game-score", game, 0, 60},
    {"trips", trips, 1, 100},
    {"repair-cars", cars, 1, 800},
    {"candies", candies, 0, 100},
    {"bag-limit", bags, 0, 100},
    {"pair-distance", pairs, 0, 100},
    {"computers", computers, 0, 100},
    {"first-bad-version", bad, 1, 100},
};

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* draw makes a request of the problem's own fields, of small numbers. */
static void draw(struct small *s, int problem, uint64_t *seed) {
    const struct answer_problem *p = &answer_problems[problem];
    *s = (struct small){.in.problem = problem};
    s->n = (p->min_values ? p->min_values : 1) + test_below(seed, 5 - p->min_values);
    for (size_t i = 0; i < s->n; i++)
        s->v[i] = s->sorted[i] = 1 + (int64_t)test_below(seed, 9);
    qsort(s->sorted, s->n, sizeof *s->sorted, by_size);
    for (int f = 0; f < ANSWER_N_FIELDS; f++) {
        if (!(p->fields >> f & 1))
            continue;
        s->in.given[f] = f >= ANSWER_N_ARRAYS;
        if (f < ANSWER_N_ARRAYS)
            s->in.arrays[f] = array_1d(KIND_INT, s->v, s->n);
        else if (f < ANSWER_hour)
            s->in.numbers[f - ANSWER_N_ARRAYS] = 1 + (int64_t)test_below(seed, 9);
        else
            s->in.hour = (double)(1 + test_below(seed, 40)) / 4;
    }
    s->in.degree = 2 + (int64_t)test_below(seed, 3);
    s->in.d = s->in.d % 4;
    if (p->floor && s->in.numbers[p->floor_field - ANSWER_N_ARRAYS] < p->floor)
        s->in.numbers[p->floor_field - ANSWER_N_ARRAYS] = p->floor;
}

static void each_problem_agrees_with_trying_all_candidates(void **state) {
    (void)state;
    uint64_t seed = 11;
    for (size_t o = 0; o < COUNT(ORACLES); o++) {
        int problem = find_problem(ORACLES[o].name), found = 0;
        bool greatest = answer_problems[problem].goal == ANSWER_GREATEST;
        for (int round = 0; round < 300; round++) {
            struct small s;
            draw(&s, problem, &seed);
            int64_t best = -1;
            for (int64_t x = ORACLES[o].low; x <= ORACLES[o].high && (greatest || best < 0); x++)
                if (ORACLES[o].feasible(&s, x))
                    best = x;
            struct ctx ctx;
            struct answer_out out;
            ctx_init(&ctx, 1 << 20);
            enum status status = answer_solve(&ctx, &s.in, NULL, &out);
            if (status != STATUS_OK)
                fail_msg("%s: %s", ORACLES[o].name, ctx.err.detail);
            if (out.found != (best >= 0) || (out.found && out.answer.i != best))
                fail_msg("%s, round %d: %lld, want %lld", ORACLES[o].name, round, (long long)out.answer.i,
                         (long long)best);
            if (out.found) {
                assert_int_equal(out.holds_at.i, best);
                assert_int_equal(out.fails_at.i, greatest ? best + 1 : best - 1);
                found++;
            }
            assert_in_range(out.evaluations, 1, 66);
            ctx_release(&ctx);
        }
        assert_in_range(found, 10, 300);
    }
}

static void table_and_names_agree(void **state) {
    (void)state;
    size_t i = 0;
    for (; answer_problem_names[i]; i++)
        assert_string_equal(answer_problem_names[i], answer_problems[i].name);
    assert_null(answer_problems[i].name);
    assert_int_equal(i, COUNT(ORACLES) + 1);
    assert_string_equal(answer_field_names[ANSWER_hour], "hour");
    assert_string_equal(answer_field_names[ANSWER_days], "days");
    assert_string_equal(answer_field_names[ANSWER_squares], "squares");
}

/* half_is_below, in units of 2^-52: exact for y >= 1. */
static bool half_is_below(const struct small *s, double y) {
    __int128 at = (__int128)(y * 0x1p52), twice = 0;
    for (size_t i = 0; i < s->n; i += 3) {
        __int128 side = (__int128)s->v[i + 2] << 52, part = at - ((__int128)s->v[i + 1] << 52);
        part = part < 0 ? 0 : part > side ? side : part;
        twice += (2 * part - side) * s->v[i + 2];
    }
    return twice >= 0;
}

static void squares_are_halved_exactly(void **state) {
    (void)state;
    uint64_t seed = 21;
    for (int round = 0; round < 1000; round++) {
        struct small s = {.n = 3 * (1 + test_below(&seed, MAX_N))};
        for (size_t i = 0; i < s.n; i++)
            s.v[i] = (int64_t)test_below(&seed, round % 2 ? 1000000000 : 9) + (i % 3 != 0);
        s.in.problem = find_problem("separate-squares");
        s.in.squares = (struct array){.kind = KIND_INT, .dims = 2, .shape = {s.n / 3, 3}, .n = s.n, .ints = s.v};
        struct ctx ctx;
        struct answer_out out;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(answer_solve(&ctx, &s.in, NULL, &out), STATUS_OK);
        assert_true(out.found);
        double y = out.answer.r;
        assert_true(y > 1 && out.fails_at.r == nextafter(y, 0));
        assert_true(half_is_below(&s, y));
        assert_false(half_is_below(&s, nextafter(y, 0)));
        ctx_release(&ctx);
    }
}

struct big_row {
    const char *problem;
    int64_t v[3];
    size_t n;
    struct {
        enum answer_field field;
        int64_t value;
    } numbers[3];
    bool found;
    int64_t answer;
    enum status status;
};

/* Numbers whose sums and products pass 64 bits. */
static void nothing_overflows(void **state) {
    (void)state;
    const int64_t M = ANSWER_MAX;
    const struct big_row rows[] = {
        {"ship-capacity", {M, M, M}, 3, {{ANSWER_days, 1}}, false, 0, STATUS_TOO_LARGE},
        {"ship-capacity", {M, M, M}, 3, {{ANSWER_days, 2}}, true, 2 * M, STATUS_OK},
        {"ship-capacity", {M, M, M}, 3, {{ANSWER_days, M}}, true, M, STATUS_OK},
        {"ship-capacity", {0, 0, 0}, 3, {{ANSWER_days, 1}}, true, 0, STATUS_OK},
        {"eating-speed", {M, M, M}, 3, {{ANSWER_hours, 3}}, true, M, STATUS_OK},
        {"eating-speed", {M, M, M}, 3, {{ANSWER_hours, 2}}, false, 0, STATUS_OK},
        {"eating-speed", {M, M, M}, 3, {{ANSWER_hours, M}}, true, 4, STATUS_OK},
        {"magnetic-force", {M, 0, M}, 3, {{ANSWER_m, 2}}, true, M, STATUS_OK},
        {"magnetic-force", {M, 0, M}, 3, {{ANSWER_m, 3}}, true, 0, STATUS_OK},
        {"magnetic-force", {M, 0, M}, 3, {{ANSWER_m, 4}}, false, 0, STATUS_OK},
        {"score-of-ranges", {0, M}, 2, {{ANSWER_d, M}}, true, 2 * M, STATUS_OK},
        {"mountain-height", {M}, 1, {{ANSWER_mountain_height, M}}, false, 0, STATUS_TOO_LARGE},
        {"mountain-height", {1}, 1, {{ANSWER_mountain_height, 4000000000}}, true, 8000000002000000000, STATUS_OK},
        {"mountain-height", {1}, 1, {{ANSWER_mountain_height, 4294967295}}, true, 9223372034707292160, STATUS_OK},
        {"game-score", {M, M}, 2, {{ANSWER_m, M}}, false, 0, STATUS_TOO_LARGE},
        {"game-score", {M, 0}, 2, {{ANSWER_m, M}}, true, 0, STATUS_OK},
        {"trips", {M}, 1, {{ANSWER_total_trips, 2}}, true, 2 * M, STATUS_OK},
        {"trips", {M}, 1, {{ANSWER_total_trips, 3}}, false, 0, STATUS_TOO_LARGE},
        {"repair-cars", {M}, 1, {{ANSWER_cars, M}}, false, 0, STATUS_TOO_LARGE},
        {"repair-cars", {1}, 1, {{ANSWER_cars, 3037000499}}, true, 9223372030926249001, STATUS_OK},
        {"candies", {M, M, M}, 3, {{ANSWER_k, M}}, true, 2, STATUS_OK},
        {"bag-limit", {M, M, M}, 3, {{ANSWER_max_operations, 3}}, true, M / 2, STATUS_OK},
        {"computers", {M, M, M}, 3, {{ANSWER_n, 1}}, false, 0, STATUS_TOO_LARGE},
        {"computers", {M, M, M}, 3, {{ANSWER_n, INT64_MAX}}, true, 0, STATUS_OK},
        {"integer-root", {0}, 0, {{ANSWER_n, INT64_MAX}, {ANSWER_degree, 2}}, true, 3037000499, STATUS_OK},
        {"integer-root", {0}, 0, {{ANSWER_n, INT64_MAX}, {ANSWER_degree, 64}}, true, 1, STATUS_OK},
        {"integer-root", {0}, 0, {{ANSWER_n, 0}, {ANSWER_degree, 3}}, true, 0, STATUS_OK},
        {"multiplication-table", {0}, 0, {{ANSWER_n, INT64_MAX}, {ANSWER_m, 1}, {ANSWER_k, M}}, true, M, STATUS_OK},
        {"multiplication-table", {0}, 0, {{ANSWER_n, 3}, {ANSWER_m, 3}, {ANSWER_k, 10}}, false, 0, STATUS_OK},
        {"multiplication-table",
         {0},
         0,
         {{ANSWER_n, ANSWER_MAX_ROWS + 1}, {ANSWER_m, ANSWER_MAX_ROWS + 1}, {ANSWER_k, 1}},
         false,
         0,
         STATUS_TOO_LARGE},
        {"multiplication-table",
         {0},
         0,
         {{ANSWER_n, ANSWER_MAX_ROWS}, {ANSWER_m, ANSWER_MAX_ROWS + 1}, {ANSWER_k, 2}},
         true,
         2,
         STATUS_OK},
        {"first-bad-version", {0}, 0, {{ANSWER_n, 0}, {ANSWER_bad, 1}}, false, 0, STATUS_OK},
        {"minimized-maximum-products", {0, 0}, 2, {{ANSWER_n, 3}}, true, 0, STATUS_OK},
        {"minimized-maximum-products", {0, 1}, 2, {{ANSWER_n, 0}}, false, 0, STATUS_OK},
        {"minimized-maximum-products", {0}, 1, {{ANSWER_n, 0}}, true, 0, STATUS_OK},
        {"bag-limit", {0}, 1, {{ANSWER_max_operations, 0}}, true, 0, STATUS_OK},
        {"first-bad-version", {0}, 0, {{ANSWER_n, M}, {ANSWER_bad, M}}, true, M, STATUS_OK},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t v[3];
        memcpy(v, rows[i].v, sizeof v);
        struct answer_in in = {.problem = find_problem(rows[i].problem)};
        for (int f = 0; f < ANSWER_N_ARRAYS; f++)
            if (answer_problems[in.problem].fields >> f & 1)
                in.arrays[f] = array_1d(KIND_INT, v, rows[i].n);
        for (size_t k = 0; k < 3; k++)
            if (rows[i].numbers[k].field) {
                in.given[rows[i].numbers[k].field] = true;
                in.numbers[rows[i].numbers[k].field - ANSWER_N_ARRAYS] = rows[i].numbers[k].value;
            }
        struct ctx ctx;
        struct answer_out out;
        ctx_init(&ctx, 1 << 20);
        enum status status = answer_solve(&ctx, &in, NULL, &out);
        if (status != rows[i].status || out.found != rows[i].found || (out.found && out.answer.i != rows[i].answer))
            fail_msg("row %zu, %s: status %d (%s), found %d, answer %lld", i, rows[i].problem, (int)status,
                     status ? ctx.err.detail : "", out.found, (long long)out.answer.i);
        ctx_release(&ctx);
    }
}

/* Every problem with numbers at and near the ends of what a request may hold: no overflow (UBSan looks), no broken
 * bound, and a proof that stands beside the answer. */
static void extreme_requests_have_an_end(void **state) {
    (void)state;
    static const int64_t LOW[] = {
#define X(name, low, high, text) low,
        ANSWER_NUMBERS(X)
#undef X
    };
    static const int64_t HIGH[] = {
#define X(name, low, high, text) high,
        ANSWER_NUMBERS(X)
#undef X
    };
    uint64_t seed = 51;
    for (size_t o = 0; o < COUNT(ORACLES); o++)
        for (int round = 0; round < 200; round++) {
            struct small s;
            int problem = find_problem(ORACLES[o].name);
            bool table = strcmp(ORACLES[o].name, "multiplication-table") == 0;
            draw(&s, problem, &seed);
            for (size_t i = 0; i < s.n; i++) {
                static const int64_t ENDS[] = {0, 1, 2, 1000000007, ANSWER_MAX / 2, ANSWER_MAX - 1, ANSWER_MAX};
                bool positive = s.in.dist.kind || s.in.worker_times.kind || s.in.time.kind || s.in.ranks.kind;
                s.v[i] = ENDS[positive + test_below(&seed, COUNT(ENDS) - positive)];
            }
            for (size_t k = 0; k < COUNT(LOW); k++) {
                int64_t ends[] = {LOW[k], LOW[k] + 1, 1000, HIGH[k] - 1, HIGH[k]};
                s.in.numbers[k] = ends[test_below(&seed, 5)];
                s.in.numbers[k] = s.in.numbers[k] > HIGH[k] ? HIGH[k] : s.in.numbers[k];
            }
            s.in.m = table ? 1 + (int64_t)test_below(&seed, 1000) : s.in.m;
            struct ctx ctx;
            struct answer_out out;
            ctx_init(&ctx, 1 << 20);
            enum status status = answer_solve(&ctx, &s.in, NULL, &out);
            if (status != STATUS_OK && status != STATUS_TOO_LARGE && status != STATUS_INVALID)
                fail_msg("%s, round %d: %s", ORACLES[o].name, round, ctx.err.detail);
            if (status == STATUS_OK && out.found)
                assert_int_equal(llabs(out.holds_at.i - out.fails_at.i), 1);
            ctx_release(&ctx);
        }
}

/* The steps, replayed: each candidate lies in lo .. hi, and what it says makes the next interval. */
static void traces_lead_to_the_answer(void **state) {
    (void)state;
    uint64_t seed = 31;
    for (size_t o = 0; o < COUNT(ORACLES); o++) {
        int problem = find_problem(ORACLES[o].name);
        bool greatest = answer_problems[problem].goal == ANSWER_GREATEST;
        for (int round = 0; round < 20; round++) {
            struct small s;
            draw(&s, problem, &seed);
            struct ctx ctx;
            struct trace trace;
            struct answer_out out;
            ctx_init(&ctx, 1 << 20);
            assert_int_equal(trace_begin(&ctx, &trace, 1000, answer_values(&s.in)), STATUS_OK);
            assert_int_equal(answer_solve(&ctx, &s.in, &trace, &out), STATUS_OK);
            assert_int_equal(trace.total, out.evaluations);
            int64_t lo = INT64_MIN, hi = INT64_MAX; /* lo - 1 has not turned, hi has */
            for (size_t i = 0; i < trace.n; i++) {
                const struct trace_var *v = trace.steps[i].vars;
                assert_string_equal(trace.steps[i].op, "evaluate");
                assert_true(v[0].value.i <= v[2].value.i && v[2].value.i <= v[1].value.i);
                bool turned = v[3].value.i != greatest;
                if (turned && v[2].value.i < hi)
                    hi = v[2].value.i;
                if (!turned && v[2].value.i >= lo)
                    lo = v[2].value.i + 1;
            }
            if (out.found) {
                assert_int_equal(lo, hi);
                assert_int_equal(greatest ? lo - 1 : lo, out.answer.i);
            }
            ctx_release(&ctx);
        }
    }
}

static void hours_are_decimals(void **state) {
    (void)state;
    static const struct {
        double hour;
        enum status status;
        int64_t answer; /* of rides 1, 1 and 100000; 0: none */
    } rows[] = {
        {2.01, STATUS_OK, 10000000},
        {2.7, STATUS_OK, 142858},
        {2, STATUS_OK, 0},
        {2.000000001, STATUS_OK, 100000000000000},
        {0, STATUS_OK, 0},
        {2.0000000001, STATUS_INVALID, 0},
        {1.0 / 3, STATUS_INVALID, 0},
        {1e9, STATUS_OK, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t v[] = {1, 1, 100000};
        struct answer_in in = {.problem = find_problem("arrival-speed"), .hour = rows[i].hour};
        in.given[ANSWER_hour] = true;
        in.dist = array_1d(KIND_INT, v, 3);
        struct ctx ctx;
        struct answer_out out;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(answer_solve(&ctx, &in, NULL, &out), rows[i].status);
        assert_int_equal(out.found, rows[i].answer != 0);
        if (out.found)
            assert_int_equal(out.answer.i, rows[i].answer);
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    uint64_t seed = 41;
    for (size_t o = 0; o < COUNT(ORACLES); o++) {
        struct small s;
        draw(&s, find_problem(ORACLES[o].name), &seed);
        enum status status = STATUS_NO_MEMORY;
        for (size_t after = 0; status != STATUS_OK; after++) {
            struct ctx ctx;
            struct trace trace;
            struct answer_out out;
            ctx_init(&ctx, 1 << 20);
            ctx.fail_after = after;
            status = trace_begin(&ctx, &trace, 100, answer_values(&s.in));
            if (status == STATUS_OK)
                status = answer_solve(&ctx, &s.in, &trace, &out);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            ctx_release(&ctx);
            assert_in_range(after, 0, 400);
        }
    }
}

static void a_stop_ends_it(void **state) {
    (void)state;
    uint64_t seed = 43;
    struct small s;
    draw(&s, find_problem("trips"), &seed);
    atomic_int stop = STOP_DEADLINE;
    struct ctx ctx;
    struct answer_out out;
    ctx_init(&ctx, 1 << 20);
    ctx.stop = &stop;
    s.in.total_trips = 1000;
    assert_int_equal(answer_solve(&ctx, &s.in, NULL, &out), STATUS_TIMED_OUT);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_and_names_agree),
        cmocka_unit_test(each_problem_agrees_with_trying_all_candidates),
        cmocka_unit_test(squares_are_halved_exactly),
        cmocka_unit_test(nothing_overflows),
        cmocka_unit_test(extreme_requests_have_an_end),
        cmocka_unit_test(traces_lead_to_the_answer),
        cmocka_unit_test(hours_are_decimals),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
