/* The traces of the knapsack's core and of its branch and bound, played to the answer; nothing is left undecided. */
#include "tests/support/replay.h"

enum { ROUNDS = 300, MOST = 40 };

struct sack {
    size_t n;
    int64_t w[MOST], p[MOST], capacity;
    int64_t order[MOST]; /* as the trace gives it */
    size_t ordered;
    int64_t base, best; /* the value of items without weight; the best one so far */
};

static json_t *column(const int64_t *a, size_t n) {
    json_t *numbers = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(numbers, json_integer(a[i]));
    return numbers;
}

static struct sack random_sack(size_t n, uint64_t size, uint64_t *random) {
    struct sack s = {.n = n, .best = -1};
    int64_t sum = 1;
    for (size_t i = 0; i < n; i++) {
        s.w[i] = (int64_t)test_below(random, size);
        s.p[i] = test_below(random, 4) ? s.w[i] + (int64_t)test_below(random, 4) : (int64_t)test_below(random, size);
        sum += s.w[i];
    }
    s.capacity = (int64_t)test_below(random, (uint64_t)sum);
    return s;
}

/* begin reads "taken" and "order", and checks the order. */
static void begin(struct replay *r, struct sack *s) {
    assert_true(replay_next(r));
    if (replay_is(r, "taken")) {
        for (size_t k = 0; k < replay_places(r); k++) {
            assert_int_equal(s->w[replay_at(r, k)], 0);
            s->base += s->p[replay_at(r, k)];
        }
        assert_true(replay_next(r));
    }
    assert_string_equal(r->op, "order");
    s->ordered = replay_places(r);
    size_t wanted = 0;
    for (size_t i = 0; i < s->n; i++)
        wanted += s->w[i] > 0 && s->w[i] <= s->capacity && s->p[i] > 0;
    assert_int_equal(s->ordered, wanted);
    for (size_t k = 0; k < s->ordered; k++) {
        int64_t i = s->order[k] = replay_at(r, k), last = k ? s->order[k - 1] : i;
        assert_true(s->p[last] * s->w[i] >= s->p[i] * s->w[last]);
    }
}

/* end checks the last step, the answer. */
static void end(struct replay *r, const struct sack *s) {
    int64_t w = 0, p = 0;
    assert_string_equal(r->op, "answer");
    assert_int_equal(replay_places(r), replay_length(r, "chosen"));
    for (size_t k = 0; k < replay_places(r); k++) {
        int64_t i = replay_at(r, k);
        assert_int_equal(i, replay_element(r, "chosen", k));
        w += s->w[i], p += s->p[i];
    }
    assert_true(w <= s->capacity && p == s->best && p == replay_number(r, "value"));
    assert_true(!replay_next(r));
}

struct states {
    size_t n;
    int64_t at[30000][2];
};

static size_t find(const struct states *t, const struct replay *r) {
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i][0] == replay_var(r, "weight") && t->at[i][1] == replay_var(r, "value"))
            return i;
    fail_msg("step %zu: there is no such state", r->i - 1);
    return 0;
}

static bool is_dominated(const struct states *t, size_t k) {
    for (size_t i = 0; i < t->n; i++)
        if (i != k && t->at[i][0] <= t->at[k][0] && t->at[i][1] >= t->at[k][1])
            return true;
    return false;
}

/* bound_of is Dantzig's for a state with the items of the order from left to right - 1 decided. */
static int64_t bound_of(const struct sack *s, const int64_t state[2], size_t left, size_t right) {
    int64_t room = s->capacity - state[0];
    if (room >= 0) {
        int64_t i = right < s->ordered ? s->order[right] : -1;
        return state[1] + (i < 0 ? 0 : room * s->p[i] / s->w[i]);
    }
    if (left == 0)
        return -1;
    int64_t i = s->order[left - 1], loss = (-room * s->p[i] + s->w[i] - 1) / s->w[i];
    return loss > state[1] ? -1 : state[1] - loss;
}

/* change doubles the states; the items of the core stay a stretch of the order. */
static void change(struct states *t, const struct sack *s, const struct replay *r, size_t *left, size_t *right) {
    bool add = replay_is(r, "add");
    int64_t item = replay_at(r, 0);
    assert_int_equal(item, s->order[add ? (*right)++ : --*left]);
    for (size_t i = 0, n = t->n; i < n; i++, t->n++) {
        t->at[t->n][0] = t->at[i][0] + (add ? s->w[item] : -s->w[item]);
        t->at[t->n][1] = t->at[i][1] + (add ? s->p[item] : -s->p[item]);
    }
}

static void play_core(struct replay *r, struct sack *s) {
    static struct states t;
    size_t left = 0, right;
    begin(r, s);
    assert_true(replay_next(r) && replay_is(r, "break"));
    t = (struct states){.n = 1, .at = {{0, s->base}}};
    while (left < s->ordered && t.at[0][0] + s->w[s->order[left]] <= s->capacity)
        t.at[0][0] += s->w[s->order[left]], t.at[0][1] += s->p[s->order[left++]];
    assert_true(find(&t, r) == 0 && replay_places(r) == (left < s->ordered));
    right = left;
    while (replay_next(r) && !replay_is(r, "answer")) {
        if (replay_is(r, "add") || replay_is(r, "remove")) {
            for (size_t i = 0; i < t.n; i++)
                assert_false(is_dominated(&t, i));
            change(&t, s, r, &left, &right);
            continue;
        }
        size_t k = find(&t, r);
        if (replay_is(r, "best")) {
            assert_true(t.at[k][0] <= s->capacity && t.at[k][1] > s->best);
            s->best = t.at[k][1];
            continue;
        }
        if (replay_is(r, "dominated")) {
            assert_true(is_dominated(&t, k));
        } else {
            assert_string_equal(r->op, "bounded");
            int64_t bound = bound_of(s, t.at[k], left, right);
            assert_true(bound == replay_var(r, "bound") && bound <= s->best);
        }
        memcpy(t.at[k], t.at[--t.n], sizeof t.at[k]);
    }
    assert_int_equal(t.n, 0); /* so nothing is better */
    end(r, s);
}

static void see_best(struct replay *r, struct sack *s, int64_t w, int64_t p) {
    if (w > s->capacity || p <= s->best)
        return;
    assert_true(replay_next(r) && replay_is(r, "best"));
    assert_true(replay_var(r, "weight") == w && replay_var(r, "value") == p);
    s->best = p;
}

/* see_branch follows the whole tree below the items that are decided. */
static void see_branch(struct replay *r, struct sack *s, size_t k, int64_t w, int64_t p) {
    if (k == s->ordered)
        return;
    int64_t item = s->order[k], state[2] = {w, p};
    size_t at = k;
    for (; at < s->ordered && state[0] + s->w[s->order[at]] <= s->capacity; at++)
        state[0] += s->w[s->order[at]], state[1] += s->p[s->order[at]];
    int64_t bound = bound_of(s, state, 0, at);
    assert_true(replay_next(r) && replay_at(r, 0) == item);
    if (bound <= s->best) {
        assert_true(replay_is(r, "bound") && replay_var(r, "bound") == bound);
        return;
    }
    if (w + s->w[item] <= s->capacity) {
        assert_true(replay_is(r, "take") && replay_var(r, "value") == p + s->p[item]);
        see_best(r, s, w + s->w[item], p + s->p[item]);
        see_branch(r, s, k + 1, w + s->w[item], p + s->p[item]);
        assert_true(replay_next(r) && replay_at(r, 0) == item);
    }
    assert_true(replay_is(r, "leave") && replay_var(r, "weight") == w && replay_var(r, "value") == p);
    see_branch(r, s, k + 1, w, p);
}

static void play_tree(struct replay *r, struct sack *s) {
    begin(r, s);
    see_best(r, s, 0, s->base);
    see_branch(r, s, 0, 0, s->base);
    assert_true(replay_next(r));
    end(r, s);
}

static void each(const char *algorithm, void (*play)(struct replay *r, struct sack *s), size_t most) {
    uint64_t random = 1;
    for (int round = 0; round < ROUNDS; round++) {
        struct sack s = random_sack(round ? test_below(&random, most) : most, round % 2 ? 10 : 1000, &random);
        struct replay r =
            replay_ask("knapsack", json_pack("{s:o,s:o,s:I,s:s}", "weights", column(s.w, s.n), "values",
                                             column(s.p, s.n), "capacity", s.capacity, "algorithm", algorithm));
        play(&r, &s);
        replay_end(&r);
    }
}

static void core(void **state) { (void)state, each("core", play_core, MOST); }
static void branch_and_bound(void **state) { (void)state, each("branch-and-bound", play_tree, 14); }

/* sums asks for an odd sum of even numbers, which every choice may still come to. */
static int sums(const char *algorithm, size_t n, char **text) {
    char *at, body[2000];
    int http;
    at = body + sprintf(body,
                        "{\"variant\":\"subset-sum\",\"trace\":{},\"algorithm\":\"%s\",\"capacity\":%d,\"weights\":[0",
                        algorithm, (int)n * 50001 / 2 * 2 + 1);
    for (size_t i = 0; i < n; i++)
        at += sprintf(at, ",%d", (int)(100000 + 2 * (i * i * 37 % 997)));
    sprintf(at, "]}");
    *text = test_post("/v1/solve/knapsack", body, &http);
    return http;
}

static void searches_that_grow_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *algorithm, *words;
        size_t small, great;
    } rows[] = {{"core", "more than 10000 states at a time", 12, 24},
                {"branch-and-bound", "more than 100000 branches", 12, 24}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text;
        assert_int_equal(sums(rows[i].algorithm, rows[i].small, &text), 200);
        free(text);
        assert_int_equal(sums(rows[i].algorithm, rows[i].great, &text), 413);
        assert_non_null(strstr(text, rows[i].words));
        free(text);
    }
}

static void what_has_no_trace_says_so(void **state) {
    (void)state;
    static const struct test_row rows[] = {
        {"{\"weights\":[1],\"values\":[1],\"capacity\":1,\"trace\":{},\"algorithm\":\"core\",\"exact_fill\":true}",
         "\"/trace\""},
        {"{\"weights\":[1],\"values\":[1],\"capacity\":1,\"trace\":{},\"algorithm\":\"branch-and-bound\",\"at_most\":"
         "1}",
         "plain 0/1"},
        {"{\"weights\":[1],\"values\":[1],\"capacity\":1,\"trace\":{},\"algorithm\":\"core\",\"variant\":"
         "\"unbounded\"}",
         "plain 0/1"},
        {"{\"weights\":[1],\"values\":[1],\"capacity\":1,\"trace\":{},\"algorithm\":\"meet-in-the-middle\"}",
         "no trace of meet-in-the-middle"},
        {"{\"weights\":[[1,2]],\"values\":[1],\"capacities\":[1,1],\"trace\":{}}", "several capacities"},
    };
    test_refusals("/v1/solve/knapsack", rows, COUNT(rows));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core),
        cmocka_unit_test(branch_and_bound),
        cmocka_unit_test(searches_that_grow_are_refused),
        cmocka_unit_test(what_has_no_trace_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
