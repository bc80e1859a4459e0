/* Answers that are written while they are computed: the bytes are those of the whole answer, wherever they are cut. */
#include <jansson.h>

#include "handlers/call.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#define SUMS "/v1/solve/combination-sum"
#define KNAPSACK "/v1/solve/knapsack"

/* A sink that sends line by line, to `all`, and refuses from line `patience` on. */
struct lines {
    struct sink sink;
    struct buf all;
    int64_t n, patience;
};

static bool take_line(struct sink *sink) {
    struct lines *lines = (struct lines *)sink;
    if (lines->n >= lines->patience)
        return false;
    lines->n++;
    buf_add(&lines->all, sink->out.data, sink->out.n);
    buf_clear(&sink->out);
    sink->whole = 0;
    return true;
}

static void open_lines(struct lines *lines, size_t full, int64_t patience) {
    *lines = (struct lines){.sink = {.full = full, .hungry = full == 0, .send = take_line}, .patience = patience};
    buf_init(&lines->sink.out, 1 << 24);
    buf_init(&lines->all, 1 << 24);
}

static void close_lines(struct lines *lines) {
    buf_release(&lines->sink.out);
    buf_release(&lines->all);
}

/* stream answers a request into lines->all; the rest of the last piece included. */
static enum status stream(const char *route, const char *body, enum media media, struct lines *lines) {
    struct call call;
    call_init(&call, test_endpoint("POST", route), &test_host);
    call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
    assert_int_equal(call_decode(&call), STATUS_OK);
    enum status status = call_stream(&call, media, &lines->sink);
    if (status != STATUS_OK)
        call_stream_problem(&call, media, "test", &lines->sink);
    buf_add(&lines->all, lines->sink.out.data, lines->sink.out.n);
    buf_byte(&lines->all, '\0');
    call_release(&call);
    return status;
}

/* whole answers it with call_run and call_encode. */
static char *whole(const char *route, const char *body, enum media media) {
    struct call call;
    struct buf out;
    buf_init(&out, 1 << 24);
    call_init(&call, test_endpoint("POST", route), &test_host);
    call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
    assert_int_equal(call_decode(&call), STATUS_OK);
    assert_int_equal(call_run(&call), STATUS_OK);
    assert_int_equal(call_encode(&call, media, &out), STATUS_OK);
    buf_byte(&out, '\0');
    call_release(&call);
    return out.data;
}

static void compare(const char *route, const char *body) {
    char *want = whole(route, body, MEDIA_NDJSON);
    static const size_t FULL[] = {0, 1, 50, SIZE_MAX};
    for (size_t i = 0; i < COUNT(FULL); i++) {
        struct lines lines;
        open_lines(&lines, FULL[i], INT64_MAX);
        assert_int_equal(stream(route, body, MEDIA_NDJSON, &lines), STATUS_OK);
        if (strcmp(lines.all.data, want) != 0)
            fail_msg("%s: %s, want %s", body, lines.all.data, want);
        close_lines(&lines);
    }
    free(want);
}

static void every_example_is_the_same_in_pieces(void **state) {
    (void)state;
    int lines = 0;
    for (const struct endpoint *const *e = endpoints; *e; e++)
        if (endpoint_has_lines(*e) && (*e)->input) {
            compare((*e)->route, (*e)->example);
            lines++;
        }
    assert_true(lines > 5);
}

/* long_values is a request of so many numbers, strings or rows. */
static char *long_values(size_t n, const char *format, const char *rest) {
    struct buf body;
    buf_init(&body, 1 << 22);
    buf_text(&body, "{\"values\":[");
    for (size_t i = 0; i < n; i++)
        buf_printf(&body, format, i ? "," : "", (unsigned)(i * 7919 % n));
    buf_printf(&body, "]%s}", rest);
    buf_byte(&body, '\0');
    return body.data;
}

/* Arrays that are there in whole leave in pieces all the same, and no further than they are wanted. */
static void long_arrays_are_the_same_in_pieces(void **state) {
    (void)state;
    static const struct {
        const char *route, *format, *rest;
        size_t n, pieces;
    } rows[] = {
        {"/v1/solve/sort", "%s%u", "", 10000, 3}, /* numbers go some at a time */
        {"/v1/solve/sort", "%s%u.5", "", 4096, 1},
        {"/v1/solve/sort", "%s%u", "", 4097, 2},
        {"/v1/solve/sort", "%s\"%u\"", "", 5000, 5000},
        {"/v1/solve/sliding-window", "%s%u", ",\"k\":3", 9000, 3},
        {"/v1/solve/sort", "%s%u", ",\"trace\":{\"max_steps\":50}", 500, 50},
        {"/v1/solve/sort", "%s%u", ",\"trace\":{\"max_steps\":50,\"format\":\"commands\"}", 500, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *body = long_values(rows[i].n, rows[i].format, rows[i].rest);
        compare(rows[i].route, body);
        struct lines lines;
        open_lines(&lines, 1, INT64_MAX);
        assert_int_equal(stream(rows[i].route, body, MEDIA_NDJSON, &lines), STATUS_OK);
        assert_int_equal(lines.n, rows[i].pieces);
        close_lines(&lines);
        open_lines(&lines, 1, (int64_t)rows[i].pieces - 1);
        assert_int_equal(stream(rows[i].route, body, MEDIA_NDJSON, &lines), STATUS_CANCELLED);
        assert_int_equal(lines.n, rows[i].pieces - 1);
        assert_non_null(strstr(lines.all.data, "{\"done\":false,"));
        close_lines(&lines);
        free(body);
    }
}

static void combinations_are_the_same_in_pieces(void **state) {
    (void)state;
    static const char *const FORMS[] = {
        "\"reuse\":true",
        "\"reuse\":false",
        "\"ordered\":true",
        "\"min_length\":3",
        "\"limit\":1",
        "\"limit\":7,\"offset\":3",
        "\"max_length\":4,\"count\":false",
        "\"count_only\":true",
        "\"offset\":1000000",
        "\"limit\":3,\"trace\":{}",
        "\"limit\":2,\"trace\":{\"format\":\"commands\"}",
    };
    uint64_t seed = 1;
    for (int round = 0; round < 40; round++)
        for (size_t f = 0; f < COUNT(FORMS); f++) {
            char body[512];
            int at = snprintf(body, sizeof body, "{\"candidates\":[%d", 1 + (int)test_below(&seed, 12));
            for (int i = 0; i < round % 8; i++)
                at += snprintf(body + at, sizeof body - (size_t)at, ",%d", 1 + (int)test_below(&seed, 12));
            snprintf(body + at, sizeof body - (size_t)at, "],\"target\":%d,%s}", (int)test_below(&seed, 16), FORMS[f]);
            compare(SUMS, body);
        }
}

/* Pages of a stream, one behind the other, are the whole stream; what is behind a cursor shares nothing with the line
 * before it. */
static void cursors_go_on_with_the_stream(void **state) {
    (void)state;
    struct lines all;
    open_lines(&all, 0, INT64_MAX);
    assert_int_equal(stream(SUMS, "{\"candidates\":[1,2,5,10,25,50],\"target\":100,\"count\":false,\"limit\":100000}",
                            MEDIA_NDJSON, &all),
                     STATUS_OK);
    size_t at = 0, pages = 0;
    char cursor[256] = "";
    do {
        struct lines page;
        char body[512];
        open_lines(&page, 0, INT64_MAX);
        snprintf(body, sizeof body,
                 "{\"candidates\":[1,2,5,10,25,50],\"target\":100,\"count\":false,\"limit\":29%s%s%s}",
                 *cursor ? ",\"cursor\":\"" : "", cursor, *cursor ? "\"" : "");
        assert_int_equal(stream(SUMS, body, MEDIA_NDJSON, &page), STATUS_OK);
        char *last = strstr(page.all.data, "{\"done\"");
        assert_memory_equal(page.all.data, all.all.data + at, (size_t)(last - page.all.data));
        at += (size_t)(last - page.all.data);
        *cursor = '\0';
        sscanf(last, "{\"done\":true,\"next_cursor\":\"%255[^\"]", cursor);
        close_lines(&page);
        pages++;
    } while (*cursor);
    assert_true(pages > 10);
    assert_string_equal(all.all.data + at, "{\"done\":true}\n");
    close_lines(&all);
}

static void a_stream_may_be_longer_than_an_answer(void **state) {
    (void)state;
    static const char BODY[] = "{\"candidates\":[1,2,3],\"target\":30,\"limit\":1000001}";
    char *text;
    int http;
    text = test_post(SUMS, BODY, &http);
    assert_int_equal(http, 422);
    assert_non_null(strstr(text, "limit is 1000001, want at most 1000000, or a stream"));
    free(text);
    struct lines lines;
    open_lines(&lines, 0, INT64_MAX);
    assert_int_equal(stream(SUMS, BODY, MEDIA_NDJSON, &lines), STATUS_OK);
    assert_int_equal(lines.n, 91);
    assert_non_null(strstr(lines.all.data, "[3,3,3,3,3,3,3,3,3,3]\n{\"done\":true,\"count\":91}\n"));
    close_lines(&lines);
}

static void nobody_reads_any_more(void **state) {
    (void)state;
    for (int64_t patience = 0; patience < 7; patience++) {
        struct lines lines;
        open_lines(&lines, 0, patience);
        assert_int_equal(stream(SUMS, "{\"candidates\":[2,3,6,7],\"target\":12}", MEDIA_NDJSON, &lines),
                         STATUS_CANCELLED);
        assert_int_equal(lines.n, patience);
        close_lines(&lines);
    }
}

/* A buffer that has no room for a line: whole lines only, then the problem. */
static void a_full_buffer_is_told(void **state) {
    (void)state;
    struct lines lines;
    open_lines(&lines, 1000, INT64_MAX);
    lines.sink.out.cap = 300;
    assert_int_equal(stream(SUMS, "{\"candidates\":[1],\"target\":1000}", MEDIA_NDJSON, &lines), STATUS_TOO_LARGE);
    close_lines(&lines);
    open_lines(&lines, SIZE_MAX, INT64_MAX);
    lines.sink.out.cap = 600;
    assert_int_equal(stream(SUMS, "{\"candidates\":[1,2],\"target\":40}", MEDIA_NDJSON, &lines), STATUS_TOO_LARGE);
    close_lines(&lines);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static const char BODY[] = "{\"candidates\":[1,2,3,5,8],\"target\":400,\"limit\":200}";
    enum status status = STATUS_NO_MEMORY;
    for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
        struct call call;
        struct sink sink;
        sink_memory(&sink, 1 << 20);
        call_init(&call, test_endpoint("POST", SUMS), &test_host);
        call.request = (struct request){.query = "", .body = BODY, .n = strlen(BODY)};
        assert_int_equal(call_decode(&call), STATUS_OK);
        call.ctx.fail_after = fail_after;
        status = call_stream(&call, MEDIA_NDJSON, &sink);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_in_range(fail_after, 0, 1000);
        buf_release(&sink.out);
        call_release(&call);
    }
}

static atomic_int stop;

/* stop_soon comes as a deadline after some lines. */
static bool stop_soon(struct sink *sink) {
    if (sink->out.n > 1 << 16)
        atomic_store(&stop, STOP_DEADLINE);
    return true;
}

static void a_deadline_ends_a_page_with_a_cursor(void **state) {
    (void)state;
    static const char BODY[] = "{\"candidates\":[1,2,3,4,5,6,7,8,9],\"target\":200,\"limit\":100000000}";
    struct call call;
    struct sink sink;
    sink_memory(&sink, 1 << 28);
    sink.hungry = true;
    sink.send = stop_soon;
    call_init(&call, test_endpoint("POST", SUMS), &test_host);
    call.ctx.stop = &stop;
    call.request = (struct request){.query = "", .body = BODY, .n = strlen(BODY)};
    assert_int_equal(call_decode(&call), STATUS_OK);
    assert_int_equal(call_stream(&call, MEDIA_NDJSON, &sink), STATUS_OK);
    buf_byte(&sink.out, '\0');
    assert_true(call.partial);
    const char *last = strstr(sink.out.data, "{\"done\":true,\"count\":");
    assert_non_null(last);
    assert_non_null(strstr(last, "\"next_cursor\":\""));
    buf_release(&sink.out);
    call_release(&call);
}

/* The lines of a traced answer are the steps of the plain one, and the last line has all the rest. */
static void a_trace_comes_step_by_step(void **state) {
    (void)state;
    static const struct {
        const char *route, *body, *steps;
    } ROWS[] = {
        {"/v1/solve/sort", "{\"values\":[3,1,2],\"trace\":{}}", "steps"},
        {"/v1/solve/sort", "{\"values\":[3,1,2],\"trace\":{\"max_steps\":2}}", "steps"},
        {"/v1/solve/sort", "{\"values\":[3,1,2],\"trace\":{\"format\":\"commands\"}}", "commands"},
        {"/v1/solve/maximum-gap", "{\"values\":[3,1,2,9],\"trace\":{}}", "steps"},
        {SUMS, "{\"candidates\":[2,3],\"target\":8,\"trace\":{}}", "steps"},
        {KNAPSACK, "{\"items\":[{\"weight\":2,\"value\":3},{\"weight\":3,\"value\":4}],\"capacity\":4,\"trace\":{}}",
         "steps"},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char *plain = whole(ROWS[i].route, ROWS[i].body, MEDIA_JSON),
             *lines = whole(ROWS[i].route, ROWS[i].body, MEDIA_NDJSON);
        json_t *want = json_loads(plain, 0, NULL), *trace = json_object_get(want, "trace");
        json_t *steps = json_object_get(trace, ROWS[i].steps);
        char *line = lines;
        assert_true(json_array_size(steps) > 1);
        for (size_t k = 0; k < json_array_size(steps); k++) {
            json_t *got = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
            assert_true(json_equal(got, json_array_get(steps, k)));
            json_decref(got);
            line = strchr(line, '\n') + 1;
        }
        json_t *last = json_loads(line, 0, NULL);
        assert_true(json_is_true(json_object_get(last, "done")));
        json_object_del(last, "done");
        json_object_del(trace, ROWS[i].steps);
        assert_true(json_equal(last, want));
        json_decref(last), json_decref(want);
        free(plain), free(lines);
    }
}

static void all_best_sets_come_line_by_line(void **state) {
    (void)state;
    char *text = whole(KNAPSACK,
                       "{\"items\":[{\"weight\":1,\"value\":1},{\"weight\":1,\"value\":1},{\"weight\":1,\"value\":1}],"
                       "\"capacity\":2,\"all\":true}",
                       MEDIA_NDJSON);
    const char *at = text;
    for (int i = 0; i < 3; i++, at = strchr(at, '\n') + 1)
        assert_memory_equal(at, "{\"chosen\":[", 11);
    assert_memory_equal(at, "{\"done\":true,\"value\":2,", 23);
    free(text);
}

/* expect_event checks the event at `at`, and gives its data's JSON and the place behind it. */
static const char *read_event(const char *at, const char *name, json_t **data) {
    char want[64];
    int n = snprintf(want, sizeof want, "event: %s\ndata: ", name);
    if (strncmp(at, want, (size_t)n) != 0)
        return NULL;
    const char *end = strstr(at, "\n\n");
    assert_non_null(end);
    *data = json_loadb(at + n, (size_t)(end - at - n), 0, NULL);
    assert_non_null(*data);
    return end + 2;
}

/* follow checks that values rise to the answer, bounds sink to it, and `done` has the bytes of the plain answer; it
 * gives the number of events before that. */
static int follow(const char *body) {
    struct lines lines;
    open_lines(&lines, 0, INT64_MAX);
    assert_int_equal(stream(KNAPSACK, body, MEDIA_SSE, &lines), STATUS_OK);
    char *plain = whole(KNAPSACK, body, MEDIA_JSON);
    json_t *answer = json_loads(plain, 0, NULL), *data;
    double value = -1, bound = 1e300, final = json_number_value(json_object_get(answer, "value"));
    int events = 0;
    const char *at = lines.all.data;
    for (const char *next; (next = read_event(at, "progress", &data)); at = next, events++) {
        double v = json_number_value(json_object_get(data, "value")),
               b = json_number_value(json_object_get(data, "bound"));
        if (v < value || b > bound || v > final || b < final)
            fail_msg("%s: value %g then %g, bound %g then %g, the answer is %g", body, value, v, bound, b, final);
        value = v, bound = b;
        json_decref(data);
    }
    assert_memory_equal(at, "event: done\ndata: ", 18);
    assert_memory_equal(at + 18, plain, strlen(plain));
    assert_string_equal(at + 18 + strlen(plain), "\n\n");
    json_decref(answer);
    free(plain);
    close_lines(&lines);
    return events;
}

static void a_search_tells_how_far_it_is(void **state) {
    (void)state;
    static const char *const FORMS[] = {
        "",
        ",\"at_most\":3",
        ",\"algorithm\":\"branch-and-bound\"",
        ",\"variant\":\"unbounded\"",
        ",\"exact_fill\":true",
        ",\"variant\":\"subset-sum\"",
        ",\"algorithm\":\"branch-and-bound\",\"at_most\":4",
        ",\"algorithm\":\"core\",\"variant\":\"unbounded\"",
    };
    uint64_t seed = 9;
    int events[COUNT(FORMS)] = {0};
    for (int round = 0; round < 30; round++)
        for (size_t f = 0; f < COUNT(FORMS); f++) {
            char body[4096], values[2048];
            int n = 5 + (int)test_below(&seed, 20), sum = 0, v = 0, at = snprintf(body, sizeof body, "{\"weights\":[");
            for (int i = 0; i < n; i++) {
                int w = (int)test_below(&seed, 100) + (i > 0 || f == 3 || f == 7); /* one without weight */
                sum += w;
                at += snprintf(body + at, sizeof body - (size_t)at, "%s%d", i ? "," : "", w);
                v += snprintf(values + v, sizeof values - (size_t)v, "%s%d%s", i ? "," : "", w + 10,
                              round % 3 ? "" : ".5");
            }
            at += snprintf(body + at, sizeof body - (size_t)at, "],\"capacity\":%d%s", sum / 2, FORMS[f]);
            if (f == 5)
                snprintf(body + at, sizeof body - (size_t)at, "}");
            else
                snprintf(body + at, sizeof body - (size_t)at, ",\"values\":[%s]}", values);
            events[f] += follow(body);
        }
    for (size_t f = 0; f < COUNT(FORMS); f++)
        if (f != 4 && f != 1)
            assert_true(events[f] > 10);
}

static void a_problem_ends_a_stream(void **state) {
    (void)state;
    static const char BODY[] = "{\"items\":[{\"weight\":-1,\"value\":4}],\"capacity\":4}";
    struct lines lines;
    open_lines(&lines, 0, INT64_MAX);
    assert_int_equal(stream(KNAPSACK, BODY, MEDIA_SSE, &lines), STATUS_INVALID);
    json_t *data = NULL;
    const char *end = read_event(lines.all.data, "error", &data);
    assert_non_null(end);
    assert_string_equal(end, "");
    char *problem = test_post(KNAPSACK, BODY, NULL);
    json_t *want = json_loads(problem, 0, NULL);
    assert_true(json_equal(data, want));
    json_decref(data), json_decref(want);
    free(problem);
    close_lines(&lines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_is_the_same_in_pieces),
        cmocka_unit_test(long_arrays_are_the_same_in_pieces),
        cmocka_unit_test(combinations_are_the_same_in_pieces),
        cmocka_unit_test(cursors_go_on_with_the_stream),
        cmocka_unit_test(a_stream_may_be_longer_than_an_answer),
        cmocka_unit_test(nobody_reads_any_more),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_deadline_ends_a_page_with_a_cursor),
        cmocka_unit_test(a_trace_comes_step_by_step),
        cmocka_unit_test(all_best_sets_come_line_by_line),
        cmocka_unit_test(a_search_tells_how_far_it_is),
        cmocka_unit_test(a_problem_ends_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
