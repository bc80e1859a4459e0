/* Answers are pure functions of their requests: kept, shared, and told apart from those that are not. */
#include <unistd.h>

#include "tests/server/slow_endpoints.h"

/* The cheapest computation that is worth keeping takes 100 us; a spin of a millisecond is. */
static char *status_of(const struct response *r, char value[96]) {
    if (!response_header(r, "Cache-Status", value, 96))
        strcpy(value, "none");
    return value;
}

static void ask(int port, const char *path, const char *headers, const char *body, struct response *r) {
    assert_true(ask_once(port, "POST", path, headers, body, r));
    if (r->status != 200)
        fail_msg("%s %s: %d %s", path, body, r->status, r->body);
}

static void a_costly_answer_is_kept(void **state) {
    (void)state;
    struct test_server server;
    struct response a, b;
    char value[96], tag[64], again[64];
    START(&server, "--workers", "2");
    ask(server.port, "/test/spin", "", "{\"ms\":5,\"tag\":1}", &a);
    assert_string_equal(status_of(&a, value), "solvent; fwd=miss; stored");
    assert_true(response_header(&a, "ETag", tag, sizeof tag));
    ask(server.port, "/test/spin", "", "{\"ms\":5,\"tag\":1}", &b);
    assert_string_equal(status_of(&b, value), "solvent; hit");
    assert_true(response_header(&b, "ETag", again, sizeof again));
    assert_string_equal(tag, again);
    assert_string_equal(a.body, b.body); /* "runs" is in it */
    response_free(&b);
    ask(server.port, "/test/spin", "", " { \"tag\" : 1, \"ms\":5 } ", &b); /* written differently, the same request */
    assert_string_equal(status_of(&b, value), "solvent; hit");
    assert_string_equal(a.body, b.body);
    response_free(&b);
    ask(server.port, "/test/spin", "", "{\"ms\":5,\"tag\":1,\"time_limit_ms\":9000}",
        &b); /* a limit that was not reached changes nothing */
    assert_string_equal(a.body, b.body);
    response_free(&b);
    ask(server.port, "/test/spin", "Accept-Encoding: gzip\r\n", "{\"ms\":5,\"tag\":1}",
        &b); /* another representation */
    assert_true(response_header(&b, "ETag", again, sizeof again));
    assert_string_not_equal(tag, again);
    response_free(&b);
    ask(server.port, "/test/spin", "", "{\"ms\":0,\"tag\":1}", &b);
    assert_string_equal(status_of(&b, value), "solvent; fwd=miss"); /* too cheap to keep */
    response_free(&a), response_free(&b);
    assert_true(metric(server.port, "solvent_cache_hits_total{level=\"memory\"}") >= 3);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void lines_are_a_representation_of_their_own(void **state) {
    (void)state;
    static const char body[] = "{\"model\":{\"type\":\"points\",\"points\":[[1.0,2.0]]},\"count\":4,\"seed\":1}";
    struct test_server server;
    struct response json, lines, again;
    char tag[64], other[64], value[96];
    START(&server, "--workers", "2", "--stream-delay", "1m");
    ask(server.port, "/v1/sample", "", body, &json);
    ask(server.port, "/v1/sample", "Accept: application/x-ndjson\r\n", body, &lines);
    assert_true(response_header(&lines, "Content-Type", value, sizeof value));
    assert_string_equal(value, "application/x-ndjson");
    assert_true(response_header(&json, "ETag", tag, sizeof tag) &&
                response_header(&lines, "ETag", other, sizeof other));
    assert_string_not_equal(tag, other);
    const char *samples = strstr(json.body, "[["), *at = lines.body; /* the same digits, row by row */
    for (int i = 0; i < 4; i++) {
        size_t n = strcspn(at, "\n");
        assert_non_null(samples);
        assert_memory_equal(++samples, at, n);
        samples += n, at += n + 1;
    }
    assert_memory_equal(at, "{\"done\":true,", 13);
    assert_string_equal(at + strlen(at) - 2, "}\n");
    ask(server.port, "/v1/sample", "Accept: application/x-ndjson\r\n", body, &again);
    assert_string_equal(again.body, lines.body);
    assert_true(response_header(&again, "ETag", tag, sizeof tag));
    assert_string_equal(tag, other);
    response_free(&json), response_free(&lines), response_free(&again);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_cut_answer_is_not_kept(void **state) {
    (void)state;
    struct test_server server;
    struct response a, b;
    char value[96];
    START(&server, "--workers", "2");
    ask(server.port, "/test/spin", "", "{\"ms\":60000,\"time_limit_ms\":10}", &a);
    ask(server.port, "/test/spin", "", "{\"ms\":60000,\"time_limit_ms\":10}", &b);
    assert_string_not_equal(a.body, b.body);
    assert_string_equal(status_of(&b, value), "solvent; fwd=miss");
    response_free(&a), response_free(&b);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void equal_requests_in_flight_are_computed_once(void **state) {
    (void)state;
    enum { N = 12 };
    struct test_server server;
    struct client clients[N];
    struct response r[N];
    static const char request[] =
        "POST /test/spin HTTP/1.1\r\nHost: t\r\nContent-Length: 18\r\n\r\n{\"ms\":500,\"tag\":9}";
    START(&server, "--workers", "2", "--threads", "2");
    for (int i = 0; i < N; i++)
        assert_true(client_open(&clients[i], server.port) && client_send(&clients[i], request));
    client_close(&clients[0]); /* the first one leaves; the others are served all the same */
    int collapsed = 0;
    for (int i = 1; i < N; i++) {
        char value[96];
        assert_true(client_read(&clients[i], &r[i], false));
        assert_int_equal(r[i].status, 200);
        assert_string_equal(r[i].body, r[1].body);
        collapsed += strcmp(status_of(&r[i], value), "solvent; fwd=miss; collapsed") == 0;
        client_close(&clients[i]);
    }
    assert_in_range(collapsed, N - 2, N - 1);
    assert_non_null(strstr(r[1].body, "\"runs\":1,"));
    for (int i = 1; i < N; i++)
        response_free(&r[i]);
    assert_true(metric_becomes(server.port, "solvent_collapsed_total", N - 1));
    assert_true(metric_becomes(server.port, "solvent_cancelled_total", 0));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Bodies that are decoded, or even hashed, on a worker find each other there. */
static void larger_requests_in_flight_are_merged(void **state) {
    (void)state;
    enum { N = 4 };
    static const size_t sizes[] = {6000, 40000};
    struct test_server server;
    START(&server, "--workers", "4");
    for (size_t s = 0; s < COUNT(sizes); s++) {
        struct client clients[N];
        static char body[40001], first[256];
        memset(body, ' ', sizes[s]);
        body[sizes[s]] = '\0';
        memcpy(body, "{\"ms\":400,\"tag\":77}", 19);
        for (int i = 0; i < N; i++) {
            char head[128];
            snprintf(head, sizeof head, "POST /test/spin HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n", sizes[s]);
            assert_true(client_open(&clients[i], server.port) && client_send(&clients[i], head) &&
                        client_send(&clients[i], body));
        }
        int collapsed = 0;
        for (int i = 0; i < N; i++) {
            struct response r;
            char value[96];
            assert_true(client_read(&clients[i], &r, false));
            assert_int_equal(r.status, 200);
            if (i == 0)
                snprintf(first, sizeof first, "%s", r.body);
            assert_string_equal(r.body, first);
            collapsed += strcmp(status_of(&r, value), "solvent; fwd=miss; collapsed") == 0;
            response_free(&r);
            client_close(&clients[i]);
        }
        assert_int_equal(collapsed, N - 1);
    }
    assert_true(metric_becomes(server.port, "solvent_memory_reserved_bytes", 0));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void all_who_wait_must_leave_to_cancel(void **state) {
    (void)state;
    struct test_server server;
    struct client a, b;
    static const char request[] = "POST /test/spin HTTP/1.1\r\nHost: t\r\nContent-Length: 13\r\n\r\n{\"ms\":600000}";
    START(&server, "--workers", "1");
    assert_true(client_open(&a, server.port) && client_send(&a, request));
    assert_true(client_open(&b, server.port) && client_send(&b, request));
    assert_true(await_metric(server.port, "solvent_collapsed_total", 1, 5000));
    client_close(&a);
    wait_ms(150);
    assert_true(metric(server.port, "solvent_workers_busy") == 1);
    client_close(&b);
    assert_true(await_metric(server.port, "solvent_cancelled_total", 1, 5000));
    struct response r; /* a request that comes after the cancelling is not cancelled with it */
    ask(server.port, "/test/spin", "", "{\"ms\":1}", &r);
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void drawn_seeds_differ_and_are_not_tagged(void **state) {
    (void)state;
    struct test_server server;
    struct response a, b;
    char value[96];
    START(&server, "--workers", "2");
    ask(server.port, "/test/draw", "", "{}", &a);
    ask(server.port, "/test/draw", "", "{}", &b);
    assert_string_not_equal(a.body, b.body);
    assert_false(response_header(&a, "ETag", value, sizeof value));
    assert_true(response_header(&a, "Cache-Control", value, sizeof value));
    assert_string_equal(value, "no-store");
    response_free(&b);
    ask(server.port, "/test/draw", "", a.body, &b); /* the answer is the request with its seed: it is kept under that */
    assert_string_equal(status_of(&b, value), "solvent; hit");
    assert_string_equal(a.body, b.body);
    assert_true(response_header(&b, "ETag", value, sizeof value));
    response_free(&a), response_free(&b);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static char *large_body(size_t n) {
    char *body = malloc(2 * n + 64);
    strcpy(body, "{\"values\":[1");
    size_t at = strlen(body);
    for (size_t i = 1; i < n; i++) {
        body[at++] = ',';
        body[at++] = (char)('0' + i % 10);
    }
    strcpy(body + at, "]}");
    return body;
}

static void large_bodies_are_computed_on_a_worker(void **state) {
    (void)state;
    static const size_t sizes[] = {1000, 2040, 2060, 5000, 9000, 100000, 3000000};
    struct test_server server;
    START(&server, "--workers", "2");
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct response r;
        char *body = large_body(sizes[i]), wanted[64], tag[64];
        snprintf(wanted, sizeof wanted, "{\"n\":%zu}", sizes[i]);
        ask(server.port, "/test/size", "If-None-Match: \"x\"\r\n", body,
            &r); /* who asks so gets a tag, however large the body */
        assert_string_equal(r.body, wanted);
        assert_true(response_header(&r, "ETag", tag, sizeof tag));
        response_free(&r);
        char headers[128];
        snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", tag);
        assert_true(ask_once(server.port, "POST", "/test/size", headers, body, &r));
        assert_int_equal(r.status, 304);
        response_free(&r);
        free(body);
    }
    assert_true(metric_becomes(server.port, "solvent_memory_reserved_bytes", 0));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void answers_survive_a_restart(void **state) {
    (void)state;
    char folder[] = "/tmp/solvent-test-XXXXXX", db[64], file[80], value[96];
    assert_non_null(mkdtemp(folder));
    snprintf(db, sizeof db, "%s/answers.db", folder);
    struct test_server server;
    struct response a, b;
    START(&server, "--db", db);
    ask(server.port, "/test/spin", "", "{\"ms\":20,\"tag\":1}", &a);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    START(&server, "--db", db);
    ask(server.port, "/test/spin", "", "{\"ms\":20,\"tag\":1}", &b);
    assert_string_equal(status_of(&b, value), "solvent; hit; detail=disk");
    assert_string_equal(a.body, b.body);
    response_free(&b);
    ask(server.port, "/test/spin", "", "{\"ms\":20,\"tag\":1}", &b);
    assert_string_equal(status_of(&b, value), "solvent; hit");
    response_free(&a), response_free(&b);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        snprintf(file, sizeof file, "%s%s", db, suffixes[i]);
        unlink(file);
    }
    rmdir(folder);
}

static void write_file(const char *folder, const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void models_are_read_again_on_sighup(void **state) {
    (void)state;
    char folder[] = "/tmp/solvent-test-XXXXXX", path[128];
    assert_non_null(mkdtemp(folder));
    write_file(folder, "good.json", "{\"type\":\"points\",\"points\":[[1]]}");
    write_file(folder, "bad.json", "{\"type\":\"points\",\"points\":[[1],[]]}");
    write_file(folder, "notes.txt", "nothing");
    struct test_server server;
    START(&server, "--models", folder);
    assert_true(server_logged(&server, "1 named models", 5000));
    assert_true(server_logged(&server, "bad.json is left out: model.points[1] differs in length", 5000));
    write_file(folder, "bad.json", "{\"type\":\"points\",\"points\":[[1],[2]]}");
    kill(server.pid, SIGHUP);
    assert_true(server_logged(&server, "2 named models", 5000));
    struct response r;
    assert_true(ask_once(server.port, "GET", "/healthz", "", NULL, &r));
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    static const char *const names[] = {"good.json", "bad.json", "notes.txt"};
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void every_request_is_a_line_of_the_log(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--workers", "1");
    assert_true(ask_once(server.port, "GET", "/a\"b\\c", "X-Request-Id: my-id\r\n", NULL, &r));
    response_free(&r);
    assert_true(server_logged(
        &server,
        "\"id\":\"my-id\",\"client\":\"127.0.0.1\",\"method\":\"GET\",\"path\":\"/a\\\"b\\\\c\",\"status\":404,",
        5000));
    ask(server.port, "/test/spin", "X-Request-Id: second\r\n", "{\"ms\":5}", &r);
    response_free(&r);
    assert_true(server_logged(&server, "\"cache\":\"stored\"}", 5000));
    char *log = server_log(&server), *line = strstr(log, "\"id\":\"second\"");
    double ms, queue, solve;
    int in, out;
    assert_non_null(line);
    line = strstr(line, "\"ms\":");
    assert_int_equal(sscanf(line, "\"ms\":%lf,\"queue_ms\":%lf,\"solve_ms\":%lf,\"bytes_in\":%d,\"bytes_out\":%d,", &ms,
                            &queue, &solve, &in, &out),
                     5);
    assert_true(ms >= solve && solve >= 3.9);
    assert_int_equal(in, 8);
    free(log);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_costly_answer_is_kept),
        cmocka_unit_test(lines_are_a_representation_of_their_own),
        cmocka_unit_test(a_cut_answer_is_not_kept),
        cmocka_unit_test(equal_requests_in_flight_are_computed_once),
        cmocka_unit_test(larger_requests_in_flight_are_merged),
        cmocka_unit_test(all_who_wait_must_leave_to_cancel),
        cmocka_unit_test(drawn_seeds_differ_and_are_not_tagged),
        cmocka_unit_test(large_bodies_are_computed_on_a_worker),
        cmocka_unit_test(answers_survive_a_restart),
        cmocka_unit_test(models_are_read_again_on_sighup),
        cmocka_unit_test(every_request_is_a_line_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
