/* Time limits of requests whose answers take long to write. The clock goes on by a tick whenever it is read, so that
 * writing 2^15 numbers takes a tick, and a number twice its share of that. */
#include <jansson.h>

#include "handlers/deadline.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#define MODEL "\"model\":{\"type\":\"mixture\",\"means\":[[-1,0],[1,0.5]],\"stds\":[0.2]}"
#define MS 1000000

struct clock {
    struct host host;
    int64_t now, tick;
};

static int64_t read_clock(void *self) {
    struct clock *c = self;
    return c->now += c->tick;
}

static void set(struct clock *c, int64_t tick, size_t memory) {
    *c = (struct clock){.host = test_host, .tick = tick};
    c->host.self = c;
    c->host.now_ns = read_clock;
    c->host.max_memory = memory;
}

/* answer gives the answer, or the problem; NULL where memory failed. */
static json_t *answer(struct clock *c, const char *accept, const char *body, size_t fail_after) {
    struct call call;
    struct buf out;
    enum media media;
    buf_init(&out, 1 << 26);
    call_init(&call, test_endpoint("POST", "/v1/sample"), &c->host);
    call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
    assert_int_equal(call_media(&call, accept, &media), STATUS_OK);
    assert_int_equal(call_decode(&call), STATUS_OK);
    call.ctx.fail_after = fail_after;
    enum status status = call_run(&call);
    if (status == STATUS_OK)
        status = call_encode(&call, media, &out);
    if (status != STATUS_OK && status != STATUS_NO_MEMORY)
        call_problem(&call, "test", &out);
    json_t *tree = status == STATUS_NO_MEMORY                   ? NULL
                   : status == STATUS_OK && media != MEDIA_JSON ? json_true()
                                                                : json_loadb(out.data, out.n, 0, NULL);
    buf_release(&out);
    call_release(&call);
    return tree;
}

static json_t *answer_json(struct clock *c, const char *body) {
    json_t *tree = answer(c, NULL, body, SIZE_MAX);
    assert_non_null(tree);
    return tree;
}

static double number(json_t *tree, const char *name) { return json_number_value(json_object_get(tree, name)); }

/* A tick is a millisecond: to write 40000 numbers takes 2.4 of the 50, so that sampling has 47.6 from the first reading
 * on, and 2.5 beyond. Two ticks are gone for measuring, and each step takes one: another would end at 51 ms. */
static void sampling_ends_before_the_answer_is_written(void **state) {
    (void)state;
#define STEPS "{" MODEL ",\"seed\":3,\"count\":20000,\"sampler\":{\"solver\":\"euler\",\"steps\":60}"
    struct clock c;
    set(&c, 1 * MS, 0);
    json_t *cut = answer_json(&c, STEPS ",\"time_limit_ms\":50}");
    assert_true(json_is_true(json_object_get(cut, "cut")));
    assert_int_equal(number(cut, "steps_done"), 47);
    json_t *same = answer_json(&c, STEPS ",\"stop_after\":47}");
    assert_true(json_equal(json_object_get(cut, "samples"), json_object_get(same, "samples")));
    json_decref(cut), json_decref(same);
    cut = answer_json(&c, STEPS ",\"time_limit_ms\":70}"); /* time enough */
    assert_null(json_object_get(cut, "cut"));
    same = answer_json(&c, STEPS "}");
    assert_true(json_equal(json_object_get(cut, "samples"), json_object_get(same, "samples")));
    json_decref(cut), json_decref(same);
}

static void adaptive_samples_end_in_time(void **state) {
    (void)state;
#define WAYS "{" MODEL ",\"seed\":3,\"count\":20000,\"sampler\":{\"solver\":\"dopri5\"}"
    struct clock c;
    set(&c, 5000, 0);
    json_t *a = answer_json(&c, WAYS ",\"time_limit_ms\":50}"), *b = answer_json(&c, WAYS "}");
    json_t *cut = json_object_get(json_object_get(a, "adaptive"), "cut");
    json_t *x = json_object_get(a, "samples"), *y = json_object_get(b, "samples");
    size_t n = json_array_size(cut), next = 0;
    assert_in_range(n, 5000, 19000);
    for (size_t i = 0; i < 20000; i++)
        if (next < n && json_integer_value(json_array_get(cut, next)) == (json_int_t)i)
            next++;
        else
            assert_true(json_equal(json_array_get(x, i), json_array_get(y, i)));
    assert_int_equal(next, n);
    json_decref(a), json_decref(b);
}

static void what_cannot_be_written_in_time_is_refused(void **state) {
    (void)state;
    static const char *const ROWS[] = {"", ",\"sampler\":{\"solver\":\"dopri5\"}",
                                       ",\"sampler\":{\"solver\":\"heun\"}"};
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char body[300];
        struct clock c;
        set(&c, 30 * MS, 0); /* 40000 numbers take 73 ms */
        snprintf(body, sizeof body, "{" MODEL ",\"count\":20000,\"time_limit_ms\":50%s}", ROWS[i]);
        json_t *a = answer_json(&c, body), *error = json_array_get(json_object_get(a, "errors"), 0);
        assert_int_equal(number(a, "status"), 503);
        assert_string_equal(json_string_value(json_object_get(error, "pointer")), "/time_limit_ms");
        assert_non_null(strstr(json_string_value(json_object_get(a, "detail")), "or Accept: application/x-npy."));
        json_decref(a);
        if (i == 0) { /* an array is written at once */
            set(&c, 5 * MS, 0);
            assert_true(json_is_true(answer(&c, "application/x-npy", body, SIZE_MAX)));
        }
    }
}

/* 20000 samples in the plane are 320 kB a vector, of which ipndm has seven beside D, twice. */
static void a_long_history_wants_memory(void **state) {
    (void)state;
    static const struct {
        size_t memory;
        const char *solver, *words;
    } ROWS[] = {{0, "ipndm", "ipndm makes one call"}, {(size_t)3 << 20, "euler", "no memory for more than euler"}};
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct clock c;
        set(&c, 20000, ROWS[i].memory);
        json_t *a = answer_json(&c, "{" MODEL ",\"seed\":1,\"count\":20000,\"time_limit_ms\":100}");
        json_t *chosen = json_object_get(a, "chosen");
        assert_string_equal(json_string_value(json_object_get(chosen, "solver")), ROWS[i].solver);
        assert_non_null(strstr(json_string_value(json_object_get(chosen, "why")), ROWS[i].words));
        json_decref(a);
    }
}

static void allocations_fail_in_turn(void **state) {
    (void)state;
    size_t n = 0;
    json_t *a = NULL;
    for (; !a; n++) {
        struct clock c;
        set(&c, 1 * MS, 0);
        a = answer(&c, NULL, "{" MODEL ",\"count\":20000,\"time_limit_ms\":50,\"sampler\":{\"steps\":2}}", n);
    }
    assert_in_range(n, 10, 3000);
    assert_non_null(json_object_get(a, "samples"));
    json_decref(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sampling_ends_before_the_answer_is_written),
        cmocka_unit_test(adaptive_samples_end_in_time),
        cmocka_unit_test(what_cannot_be_written_in_time_is_refused),
        cmocka_unit_test(a_long_history_wants_memory),
        cmocka_unit_test(allocations_fail_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
