/* Every endpoint with a trace: as large as is stated, and one more; as many steps as there are, and one less; the steps
 * as commands; and each allocation failing in turn. */
#include <jansson.h>

#include "tests/support/host.h"
#include "tests/support/test.h"

enum shape { INTS, ASCENDING, WORDS, POINTS, STAR, SEGMENTS, TRIPLES, QUADRUPLES };

/* A request is `before`, n elements of a shape, `after`; most: what a trace takes of them; few: some, to look closer. */
static const struct row {
    const char *name, *before, *after;
    enum shape shape;
    size_t most, few;
} ROWS[] = {
    {"sort", "\"values\":[", "]", INTS, 2000, 20},
    {"sort", "\"algorithm\":\"counting\",\"values\":[", "]", INTS, 2000, 20},
    {"sort", "\"algorithm\":\"radix\",\"values\":[", "]", INTS, 2000, 20},
    {"sort", "\"algorithm\":\"bucket\",\"values\":[", "]", INTS, 2000, 20},
    {"sort", "\"algorithm\":\"heap\",\"values\":[", "]", INTS, 2000, 20},
    {"sort", "\"algorithm\":\"merge\",\"values\":[", "]", WORDS, 2000, 20},
    {"kth-largest", "\"k\":3,\"values\":[", "]", INTS, 2000, 20},
    {"kth-largest", "\"ks\":[3,4],\"values\":[", "]", INTS, 1998, 20},
    {"kth-largest", "\"quantiles\":[0.3],\"distinct\":true,\"values\":[", "]", INTS, 1998, 20},
    {"maximum-gap", "\"values\":[", "]", INTS, 2000, 20},
    {"longest-consecutive", "\"values\":[", "]", INTS, 2000, 20},
    {"heap",
     "\"operations\":[{\"op\":\"heapify\"},{\"op\":\"pop\"},{\"op\":\"sort\"},{\"op\":\"nlargest\",\"n\":3}],"
     "\"values\":[",
     "]", INTS, 2000, 20},
    {"heap", "\"values\":[1],\"operations\":[{\"op\":\"merge\",\"inputs\":[{\"values\":[1,2]},{\"values\":[", "]}]}]",
     ASCENDING, 1997, 20},
    {"binary-search", "\"target\":70,\"mode\":\"range\",\"values\":[", "]", ASCENDING, 2000, 20},
    {"binary-search", "\"mode\":\"peak\",\"values\":[", "]", INTS, 2000, 20},
    {"answer-search", "\"problem\":\"split-array\",\"k\":3,\"nums\":[", "]", INTS, 2000, 20},
    {"sliding-window", "\"k\":7,\"values\":[", "]", INTS, 2000, 20},
    {"sliding-window", "\"k\":7,\"operation\":\"median\",\"values\":[", "]", INTS, 2000, 20},
    {"sliding-window", "\"k\":7,\"operation\":\"range\",\"values\":[", "]", INTS, 2000, 20},
    {"sliding-window", "\"k\":7,\"operation\":\"mean\",\"values\":[", "]", INTS, 2000, 20},
    {"minimum-window", "\"wanted\":[\"w0\",\"w3918\"],\"tokens\":[", "]", WORDS, 2000, 20},
    {"combination-sum", "\"target\":7000,\"limit\":5,\"candidates\":[", "]", ASCENDING, 2000, 4},
    {"orientation", "\"triples\":[", "]", TRIPLES, 333, 5},
    {"incircle", "\"quadruples\":[", "]", QUADRUPLES, 250, 5},
    {"segment-intersection", "\"p\":[[0,0],[1,1]],\"q\":[", "]", POINTS, 0, 2},
    {"segment-intersection", "\"eps\":1,\"p\":[[0,0],[1,1]],\"q\":[", "]", POINTS, 0, 2},
    {"vector", "\"operation\":\"reflect\",\"a\":[3,4],\"b\":[", "]", INTS, 0, 2},
    {"segment-intersections", "\"segments\":[", "]", SEGMENTS, 500, 6},
    {"polygon", "\"polygon\":[", "]", STAR, 1000, 9},
    {"point-in-polygon", "\"point\":[1,1],\"polygon\":[", "]", STAR, 999, 9},
    {"point-in-polygon", "\"polygon\":[[0,0],[900,0],[0,900]],\"points\":[", "]", POINTS, 997, 9},
    {"convex-hull", "\"points\":[", "]", POINTS, 1000, 9},
    {"closest-pair", "\"points\":[", "]", POINTS, 1000, 9},
    {"farthest-pair", "\"points\":[", "]", POINTS, 1000, 9},
    {"enclosing-circle", "\"points\":[", "]", POINTS, 1000, 9},
    {"minimum-rectangle", "\"points\":[", "]", POINTS, 1000, 9},
    {"minimum-width", "\"points\":[", "]", POINTS, 1000, 9},
    {"delaunay", "\"points\":[", "]", POINTS, 1000, 9},
    {"polygon-triangulation", "\"polygon\":[", "]", STAR, 1000, 9},
    {"simplify", "\"tolerance\":3,\"points\":[", "]", POINTS, 1000, 9},
    {"simplify", "\"tolerance\":30,\"algorithm\":\"visvalingam\",\"points\":[", "]", STAR, 1000, 9},
    {"knapsack", "\"variant\":\"subset-sum\",\"capacity\":5003,\"algorithm\":\"core\",\"weights\":[", "]", INTS, 1000,
     12},
    {"knapsack", "\"variant\":\"subset-sum\",\"capacity\":5003,\"algorithm\":\"branch-and-bound\",\"weights\":[", "]",
     INTS, 1000, 12},
    {"knapsack", "\"capacity\":9,\"algorithm\":\"table-2d\",\"weights\":[2,3,4],\"values\":[", "]", INTS, 0, 3},
    {"knapsack", "\"capacity\":9,\"algorithm\":\"table-1d\",\"weights\":[2,3,4],\"values\":[", "]", INTS, 0, 3},
};

/* add_point: on no line, no two the same below 1009; those of a star go round the middle. */
static size_t add_point(char *to, enum shape shape, size_t i, size_t n) {
    static const int ROUND[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    size_t quarter = 4 * i / n % 4, in = 4 * i % n, radius = 1000 + i * 37 % 500;
    const int *from = ROUND[quarter], *to_side = ROUND[(quarter + 1) % 4];
    double a = (double)(n - in) / (double)n * (double)radius, b = (double)in / (double)n * (double)radius;
    if (shape == STAR)
        return (size_t)sprintf(to, "[%.9g,%.9g]", a * from[0] + b * to_side[0], a * from[1] + b * to_side[1]);
    return (size_t)sprintf(to, "[%d,%d]", (int)(i * 7 % 1009), (int)(i * i * 11 % 997));
}

static size_t add_element(char *to, enum shape shape, size_t i, size_t n) {
    size_t points = shape == SEGMENTS ? 2 : shape == TRIPLES ? 3 : 4, at = 0;
    switch (shape) {
    case INTS: return (size_t)sprintf(to, "%d", (int)(1 + i * 7919 % 4001));
    case ASCENDING: return (size_t)sprintf(to, "%d", (int)(5 + 3 * i));
    case WORDS: return (size_t)sprintf(to, "\"w%d\"", (int)(i * 7919 % 4001));
    case POINTS:
    case STAR: return add_point(to, shape, i, n);
    default: break;
    }
    for (size_t k = 0; k < points; k++) {
        to[at++] = k ? ',' : '[';
        at += add_point(to + at, POINTS, i * points + k, n);
    }
    return at + (size_t)sprintf(to + at, "]");
}

/* body is malloc'ed; trace: the members of "trace". */
static char *body(const struct row *row, size_t n, const char *trace) {
    char *text = malloc(1000 + 100 * n);
    size_t at = (size_t)sprintf(text, "{%s", row->before);
    for (size_t i = 0; i < n; i++) {
        if (i)
            text[at++] = ',';
        at += add_element(text + at, row->shape, i, n);
    }
    sprintf(text + at, "%s,\"trace\":{%s}}", row->after, trace);
    return text;
}

static json_t *ask(const struct row *row, size_t n, const char *trace, int wanted) {
    char route[64], *request = body(row, n, trace);
    int http;
    snprintf(route, sizeof route, "/v1/solve/%s", row->name);
    char *text = test_post(route, request, &http);
    if (http != wanted)
        fail_msg("%s, %zu, %s: %.300s", row->name, n, trace, text);
    json_t *answer = json_loads(text, 0, NULL);
    free(request);
    free(text);
    return answer;
}

static void every_endpoint_is_here(void **state) {
    (void)state;
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        const struct field *f = (*e)->input;
        while (f && f->name && strcmp(f->name, "trace") != 0)
            f++;
        if (!f || !f->name)
            continue;
        bool found = false;
        for (size_t i = 0; i < COUNT(ROWS); i++)
            found |= strcmp((*e)->route + strlen("/v1/solve/"), ROWS[i].name) == 0;
        if (!found)
            fail_msg("%s has a trace, and its limits are not tested.", (*e)->route);
    }
}

static void the_size_is_limited(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        if (ROWS[i].most == 0)
            continue;
        json_decref(ask(&ROWS[i], ROWS[i].most, "", 200));
        json_t *problem = ask(&ROWS[i], ROWS[i].most + 1, "", 413);
        const char *pointer =
            json_string_value(json_object_get(json_array_get(json_object_get(problem, "errors"), 0), "pointer"));
        assert_string_equal(pointer, "/trace");
        json_decref(problem);
    }
}

static json_t *trace_of(const struct row *row, const char *trace) {
    json_t *answer = ask(row, row->few, trace, 200), *found = json_incref(json_object_get(answer, "trace"));
    json_decref(answer);
    assert_non_null(found);
    return found;
}

/* check_steps asks for max_steps of the steps there are. */
static void check_steps(const struct row *row, json_t *steps, size_t max_steps) {
    char trace[64];
    snprintf(trace, sizeof trace, "\"max_steps\":%zu", max_steps);
    json_t *cut = trace_of(row, trace), *kept = json_object_get(cut, "steps");
    assert_int_equal(json_integer_value(json_object_get(cut, "total")), json_array_size(steps));
    assert_int_equal(json_array_size(kept), max_steps < json_array_size(steps) ? max_steps : json_array_size(steps));
    for (size_t k = 0; k < json_array_size(kept); k++)
        assert_true(json_equal(json_array_get(kept, k), json_array_get(steps, k)));
    json_decref(cut);
}

static void the_steps_are_limited(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        json_t *whole = trace_of(&ROWS[i], "\"max_steps\":100000"), *steps = json_object_get(whole, "steps");
        size_t n = json_array_size(steps);
        assert_true(n > 0);
        check_steps(&ROWS[i], steps, n);
        if (n > 1)
            check_steps(&ROWS[i], steps, n - 1);
        json_decref(ask(&ROWS[i], ROWS[i].few, "\"max_steps\":0", 422));
        json_decref(ask(&ROWS[i], ROWS[i].few, "\"max_steps\":100001", 422));
        json_decref(whole);
    }
}

static void commands_say_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        json_t *whole = trace_of(&ROWS[i], ""), *played = trace_of(&ROWS[i], "\"format\":\"commands\""), *one;
        json_t *steps = json_object_get(whole, "steps");
        size_t k, line = 0;
        json_array_foreach(json_object_get(played, "commands"), k, one) {
            if (strcmp(json_string_value(json_object_get(one, "method")), "println") != 0)
                continue;
            const char *op = json_string_value(json_object_get(json_array_get(steps, line++), "op"));
            const char *text = json_string_value(json_array_get(json_object_get(one, "args"), 0));
            assert_memory_equal(text, op, strlen(op));
        }
        assert_int_equal(line, json_array_size(steps));
        json_decref(whole);
        json_decref(played);
    }
}

static enum status run_failing(const struct endpoint *endpoint, const char *text, size_t after) {
    struct call call;
    call_init(&call, endpoint, &test_host);
    call.request = (struct request){.query = "", .media = "application/json", .body = text, .n = strlen(text)};
    enum status status = call_decode(&call);
    if (status == STATUS_OK) {
        call.ctx.fail_after = after;
        status = call_run(&call);
    }
    call_release(&call);
    return status;
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char route[64], *text = body(&ROWS[i], ROWS[i].few, "");
        snprintf(route, sizeof route, "/v1/solve/%s", ROWS[i].name);
        const struct endpoint *endpoint = test_endpoint("POST", route);
        size_t after = 0;
        for (enum status status; (status = run_failing(endpoint, text, after)) != STATUS_OK; after++) {
            assert_int_equal(status, STATUS_NO_MEMORY);
            assert_in_range(after, 0, 5000);
        }
        assert_true(after > 1);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_endpoint_is_here),   cmocka_unit_test(the_size_is_limited),
        cmocka_unit_test(the_steps_are_limited),    cmocka_unit_test(commands_say_the_same),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
