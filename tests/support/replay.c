#include "tests/support/replay.h"

static char *post(const char *name, const json_t *request, int *http) {
    char route[64], *body = json_dumps(request, JSON_COMPACT);
    snprintf(route, sizeof route, "/v1/solve/%s", name);
    char *text = test_post(route, body, http);
    free(body);
    return text;
}

struct replay replay_ask(const char *name, json_t *request) {
    int http;
    char *plain = post(name, request, &http);
    json_object_set_new(request, "trace", json_pack("{s:i}", "max_steps", 100000));
    char *text = post(name, request, &http), *again = post(name, request, &http);
    if (http != 200)
        fail_msg("%s: %s", name, text);
    assert_string_equal(text, again);
    struct replay r = {.request = request, .answer = json_loads(text, 0, NULL)};
    json_t *trace = json_incref(json_object_get(r.answer, "trace")), *untraced = json_loads(plain, 0, NULL);
    json_object_del(r.answer, "trace");
    r.steps = json_incref(json_object_get(trace, "steps"));
    r.n = json_array_size(r.steps);
    assert_int_equal(json_integer_value(json_object_get(trace, "total")), r.n);
    if (!json_equal(untraced, r.answer))
        fail_msg("%s: %s\nbut without a trace: %s", name, text, plain);
    json_decref(trace);
    json_decref(untraced);
    free(plain);
    free(text);
    free(again);
    return r;
}

bool replay_next(struct replay *r) {
    if (r->i == r->n)
        return false;
    r->step = json_array_get(r->steps, r->i);
    assert_int_equal(json_integer_value(json_object_get(r->step, "i")), r->i);
    r->op = json_string_value(json_object_get(r->step, "op"));
    r->i++;
    return true;
}

bool replay_is(const struct replay *r, const char *op) { return strcmp(r->op, op) == 0; }

size_t replay_places(const struct replay *r) { return json_array_size(json_object_get(r->step, "at")); }

int64_t replay_at(const struct replay *r, size_t k) {
    json_t *at = json_array_get(json_object_get(r->step, "at"), k);
    assert_true(json_is_integer(at));
    return json_integer_value(at);
}

static json_t *var(const struct replay *r, const char *name) {
    json_t *value = json_object_get(json_object_get(r->step, "vars"), name);
    if (!value)
        fail_msg("step %zu, %s, has no %s", r->i - 1, r->op, name);
    return value;
}

double replay_var(const struct replay *r, const char *name) { return json_number_value(var(r, name)); }
const char *replay_text(const struct replay *r, const char *name) { return json_string_value(var(r, name)); }

double replay_number(const struct replay *r, const char *name) {
    json_t *value = json_object_get(r->answer, name);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

int64_t replay_element(const struct replay *r, const char *name, size_t i) {
    json_t *value = json_array_get(json_object_get(r->answer, name), i);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

size_t replay_length(const struct replay *r, const char *name) {
    return json_array_size(json_object_get(r->answer, name));
}

void replay_end(struct replay *r) {
    json_decref(r->request);
    json_decref(r->answer);
    json_decref(r->steps);
}

struct spots spots_random(size_t n, uint64_t size, uint64_t *random) {
    struct spots s = {.n = n};
    for (size_t i = 0; i < n; i++)
        for (size_t axis = 0; axis < 2; axis++)
            s.at[i][axis] = (int64_t)test_below(random, size) - (int64_t)size / 2;
    return s;
}

json_t *spots_json(const struct spots *s) {
    json_t *points = json_array();
    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(points, json_pack("[I,I]", (json_int_t)s->at[i][0], (json_int_t)s->at[i][1]));
    return points;
}

int64_t spots_cross(const struct spots *s, int64_t a, int64_t b, int64_t c) {
    const int64_t *p = s->at[a], *q = s->at[b], *r = s->at[c];
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
}

int64_t spots_square(const struct spots *s, int64_t a, int64_t b) {
    int64_t x = s->at[a][0] - s->at[b][0], y = s->at[a][1] - s->at[b][1];
    return x * x + y * y;
}
