/* The traces of sliding-window and kth-largest, played to the answer. */
#include <math.h>

#include "tests/support/replay.h"

enum { ROUNDS = 100, MOST = 2000 };

static json_t *numbers(const int64_t *a, size_t n, bool halves) {
    json_t *values = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(values, halves ? json_real((double)a[i] / 2) : json_integer(a[i]));
    return values;
}

static double value_of(json_t *values, int64_t i) { return json_number_value(json_array_get(values, (size_t)i)); }

/* What a page keeps while it plays: queues, or the members in order of their values. */
struct window {
    int64_t queue[2][MOST], members[MOST];
    size_t head[2], tail[2], n;
    double sum;
};

static void play_queue(struct window *w, const struct replay *r, size_t q) {
    int64_t at = replay_at(r, 0);
    if (replay_is(r, "push"))
        w->queue[q][w->tail[q]++] = at;
    else if (replay_is(r, "pop"))
        assert_int_equal(w->queue[q][--w->tail[q]], at);
    else
        assert_true(replay_is(r, "expire") && w->queue[q][w->head[q]++] == at);
}

static void play_member(struct window *w, const struct replay *r, json_t *values, bool ordered) {
    int64_t at = replay_at(r, 0);
    bool enters = replay_is(r, "enter");
    size_t place = w->n - !enters;
    if (ordered)
        place = (size_t)replay_var(r, "place");
    for (size_t k = 0; !ordered && !enters && k < w->n; k++)
        place = w->members[k] == at ? k : place;
    assert_true(enters ? place <= w->n : w->members[place] == at);
    memmove(w->members + place + enters, w->members + place + !enters, (w->n - place - !enters) * sizeof at);
    if (enters)
        w->members[place] = at;
    w->n += enters ? 1 : (size_t)-1;
    w->sum += enters ? value_of(values, at) : -value_of(values, at);
    assert_true(ordered || w->sum == replay_var(r, "sum"));
    for (size_t k = 1; ordered && k < w->n; k++) {
        double last = value_of(values, w->members[k - 1]), here = value_of(values, w->members[k]);
        assert_true(last < here || (last == here && w->members[k - 1] < w->members[k]));
    }
}

/* figure is what the window's state says. */
static double figure(const struct window *w, const struct replay *r, json_t *values, const char *operation) {
    size_t width = (size_t)(replay_var(r, "to") - replay_var(r, "from")) + 1;
    if (strncmp(operation, "arg", 3) == 0)
        return (double)w->queue[0][w->head[0]];
    if (strcmp(operation, "range") == 0)
        return value_of(values, w->queue[0][w->head[0]]) - value_of(values, w->queue[1][w->head[1]]);
    if (w->tail[0] > 0)
        return value_of(values, w->queue[0][w->head[0]]);
    assert_int_equal(w->n, width);
    double low = value_of(values, w->members[(width - 1) / 2]), high = value_of(values, w->members[width / 2]);
    return strcmp(operation, "sum") == 0          ? w->sum
           : strcmp(operation, "mean") == 0       ? w->sum / (double)width
           : strcmp(operation, "median_low") == 0 ? low
           : strcmp(operation, "median") == 0     ? (low + high) / 2
                                                  : high;
}

static void play_sliding(json_t *request, const char *operation) {
    static struct window w;
    memset(&w, 0, sizeof w);
    struct replay r = replay_ask("sliding-window", request);
    json_t *values = json_object_get(request, "values"), *answers = json_object_get(r.answer, "values");
    size_t step = (size_t)json_integer_value(json_object_get(request, "step")), j = 0;
    while (replay_next(&r)) {
        if (replay_is(&r, "answer")) {
            assert_true(replay_var(&r, "position") == replay_number(&r, "first") + (double)(j * step));
            double found = figure(&w, &r, values, operation);
            assert_true(found == replay_var(&r, "value") && found == value_of(answers, (int64_t)j));
            j++;
        } else if (replay_is(&r, "enter") || replay_is(&r, "leave")) {
            play_member(&w, &r, values, strncmp(operation, "median", 6) == 0);
        } else {
            play_queue(&w, &r, strcmp(operation, "range") == 0 && strcmp(replay_text(&r, "queue"), "min") == 0);
        }
    }
    assert_int_equal(j, json_array_size(answers));
    replay_end(&r);
}

static void sliding_window(void **state) {
    (void)state;
    static const char *const OPERATIONS[] = {"max",    "min",        "range",       "sum",    "mean",
                                             "median", "median_low", "median_high", "argmax", "argmin"};
    static int64_t a[MOST];
    uint64_t random = 1;
    for (int round = 0; round <= ROUNDS; round++)
        for (size_t o = 0; o < COUNT(OPERATIONS); o++) {
            size_t n = round == ROUNDS ? MOST : 1 + test_below(&random, 40);
            for (size_t i = 0; i < n; i++)
                a[i] = (int64_t)test_below(&random, 20) - 10;
            int64_t k = 1 + (int64_t)test_below(&random, n), least = 1 + (int64_t)test_below(&random, (uint64_t)k);
            play_sliding(json_pack("{s:o,s:I,s:I,s:I,s:s}", "values", numbers(a, n, round % 2), "k", k, "min_count",
                                   least, "step", 1 + (json_int_t)test_below(&random, 5), "operation", OPERATIONS[o]),
                         OPERATIONS[o]);
        }
}

/* play_select makes the swaps; each k-th value must then be the answer's, and stand where the sorted values have it. */
static struct replay play_select(json_t *request, int64_t *a, json_t *found) {
    struct replay r = replay_ask("kth-largest", request);
    int64_t low = 0, high = 0;
    while (replay_next(&r)) {
        int64_t i = replay_at(&r, 0), j = replay_places(&r) > 1 ? replay_at(&r, 1) : i;
        json_t *shown = json_object_get(r.step, "values");
        if (replay_is(&r, "swap")) {
            int64_t kept = a[i];
            a[i] = a[j], a[j] = kept;
        } else if (replay_is(&r, "pivot")) {
            low = (int64_t)replay_var(&r, "low"), high = (int64_t)replay_var(&r, "high");
        } else if (replay_is(&r, "narrow")) {
            int64_t to_low = (int64_t)replay_var(&r, "low"), to_high = (int64_t)replay_var(&r, "high");
            assert_true(i >= low && i <= high &&
                        (to_low == i + 1 ? to_high <= high : to_low == low && to_high == i - 1));
        } else if (replay_is(&r, "found")) {
            json_array_append_new(found, json_pack("[I,I]", a[i], (json_int_t)replay_var(&r, "k")));
        }
        assert_true(value_of(shown, 0) == (double)a[i] && value_of(shown, j != i) == (double)a[j]);
    }
    return r;
}

static void kth_largest(void **state) {
    (void)state;
    static int64_t a[MOST];
    uint64_t random = 2;
    for (int round = 0; round < 4 * ROUNDS; round++) {
        size_t n = round == 0 ? MOST - 9 : 1 + test_below(&random, 60), n_ks = 1 + test_below(&random, 9);
        for (size_t i = 0; i < n; i++)
            a[i] = (int64_t)test_below(&random, round % 3 ? 1000 : 5);
        json_t *ks = json_array(), *found = json_array(), *one;
        for (size_t i = 0; i < n_ks; i++)
            json_array_append_new(ks, json_integer(1 + (json_int_t)test_below(&random, round % 5 == 4 ? 1 : n)));
        json_t *request = json_pack("{s:o,s:o,s:s,s:b}", "values", numbers(a, n, false), "ks", ks, "order",
                                    round % 2 ? "largest" : "smallest", "distinct", round % 5 == 4);
        struct replay r = play_select(request, a, found);
        size_t i;
        assert_int_equal(json_array_size(found), n_ks);
        json_array_foreach(found, i, one) {
            assert_true(value_of(one, 0) == (double)replay_element(&r, "values", i));
            assert_true(value_of(one, 1) == value_of(ks, (int64_t)i));
        }
        json_decref(found);
        replay_end(&r);
    }
}

static void quantiles(void **state) {
    (void)state;
    static const char *const METHODS[] = {"linear",   "lower", "higher",       "nearest",
                                          "midpoint", "hazen", "inverted_cdf", "averaged_inverted_cdf"};
    int64_t a[50];
    uint64_t random = 3;
    for (int round = 0; round < 2 * ROUNDS; round++) {
        size_t n = 1 + test_below(&random, COUNT(a));
        for (size_t i = 0; i < n; i++)
            a[i] = (int64_t)test_below(&random, 30);
        double q = (double)test_below(&random, 101) / 100, h, g;
        json_t *found = json_array();
        struct replay r = play_select(json_pack("{s:o,s:[f],s:s,s:b}", "values", numbers(a, n, false), "quantiles", q,
                                                "method", METHODS[round / 2 % 8], "distinct", round % 2),
                                      a, found);
        /* With one neighbour it is the answer; with two the answer lies between them. */
        json_t *low = json_array_get(found, 0), *high = json_array_get(found, json_array_size(found) - 1);
        double answer = value_of(json_object_get(r.answer, "quantiles"), 0);
        g = modf(q * (double)(n - 1), &h);
        assert_true(answer >= value_of(low, 0) && answer <= value_of(high, 0));
        assert_true(round % 2 || (round / 2 % 8 != 0 && round / 2 % 8 != 4) ||
                    (value_of(low, 1) == h + 1 && value_of(high, 1) == h + 1 + (g > 0)));
        json_decref(found);
        replay_end(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sliding_window),
        cmocka_unit_test(kth_largest),
        cmocka_unit_test(quantiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
