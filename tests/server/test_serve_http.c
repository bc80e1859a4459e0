/* The protocol, as a client sees it. */
#include <sys/wait.h>
#include <zlib.h>

#include "tests/server/slow_endpoints.h"

static struct test_server server;

static int start_shared(void **state) {
    (void)state;
    return server_start(&server, "/proc/self/exe",
                        (const char *const[]){"--max-body", "64k", "--gzip-min", "1000", NULL})
               ? 0
               : -1;
}
static int end_shared(void **state) {
    (void)state;
    return server_end(&server, SIGTERM) == 0 ? 0 : -1;
}

static bool has(const struct response *r, const char *name, const char *value) {
    char got[256];
    if (!response_header(r, name, got, sizeof got))
        return value == NULL;
    if (value && !strcmp(got, value))
        return true;
    print_message("%s: %s, want %s\n", name, got, value ? value : "none");
    return false;
}

static void problems_are_documents_with_the_request_id(void **state) {
    (void)state;
    static const struct {
        const char *method, *path, *headers, *body;
        int status;
        const char *code;
    } rows[] = {
        {"GET", "/nothing", "", NULL, 404, "not_found"},
        {"POST", "/nothing", "", "{}", 404, "not_found"},
        {"GET", "/test/spin", "", NULL, 405, "method_not_allowed"},
        {"DELETE", "/test/spin", "", NULL, 405, "method_not_allowed"},
        {"POST", "/healthz", "", "{}", 405, "method_not_allowed"},
        {"BREW", "/healthz", "", NULL, 405, "method_not_allowed"},
        {"GET", "/healthz%00", "", NULL, 404, "not_found"},
        {"GET", "/healthz/", "", NULL, 404, "not_found"},
        {"POST", "/test/spin", "", "{", 400, "not_json"},
        {"POST", "/test/spin", "", "", 400, "not_json"},
        {"POST", "/test/spin", "", "{\"ms\":-1}", 422, "invalid"},
        {"POST", "/test/spin", "", "{\"unknown\":1}", 422, "invalid"},
        {"POST", "/test/spin", "Content-Type: text/csv\r\n", "{}", 415, "unsupported_media"},
        {"POST", "/test/spin", "Content-Encoding: gzip\r\n", "{}", 415, "encoded_body"},
        {"POST", "/test/spin", "Accept: image/png\r\n", "{}", 406, "not_acceptable"},
    };
    struct client client;
    assert_true(client_open(&client, server.port)); /* one connection: none of these ends it */
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct response r;
        char headers[256], id[32];
        snprintf(id, sizeof id, "row.%zu", i);
        snprintf(headers, sizeof headers, "X-Request-Id: %s\r\n%s", id, rows[i].headers);
        assert_true(client_ask(&client, rows[i].method, rows[i].path, headers, rows[i].body, &r));
        if (r.status != rows[i].status)
            fail_msg("%s %s: %d %s", rows[i].method, rows[i].path, r.status, r.body);
        assert_true(has(&r, "Content-Type", "application/problem+json"));
        assert_true(has(&r, "Cache-Control", "no-store"));
        assert_true(has(&r, "X-Request-Id", id));
        assert_non_null(strstr(r.body, rows[i].code));
        assert_non_null(strstr(r.body, id));
        if (r.status == 405)
            assert_true(has(&r, "Allow", !strcmp(rows[i].path, "/healthz") ? "GET, HEAD, OPTIONS" : "POST, OPTIONS"));
        response_free(&r);
    }
    client_close(&client);
}

static void ids_are_made_where_the_client_has_none(void **state) {
    (void)state;
    struct response a, b;
    char first[160], second[160];
    assert_true(ask_once(server.port, "GET", "/healthz", "", NULL, &a));
    assert_true(ask_once(server.port, "GET", "/healthz", "X-Request-Id: bad id\r\n", NULL, &b));
    assert_true(response_header(&a, "X-Request-Id", first, sizeof first));
    assert_true(response_header(&b, "X-Request-Id", second, sizeof second));
    assert_int_equal(strlen(first), 16);
    assert_int_equal(strlen(second), 16);
    assert_string_not_equal(first, second);
    response_free(&a), response_free(&b);
}

static void head_is_get_without_the_body(void **state) {
    (void)state;
    struct client client;
    struct response get, head;
    char length[32];
    assert_true(client_open(&client, server.port));
    assert_true(client_ask(&client, "GET", "/healthz", "", NULL, &get));
    assert_true(client_ask(&client, "HEAD", "/healthz", "", NULL, &head));
    assert_int_equal(head.status, 200);
    assert_true(response_header(&head, "Content-Length", length, sizeof length));
    assert_int_equal(atoi(length), get.n);
    response_free(&get), response_free(&head);
    assert_true(client_ask(&client, "GET", "/healthz", "", NULL, &get)); /* the stream is still in step */
    assert_int_equal(get.status, 200);
    response_free(&get);
    client_close(&client);
}

static void preflight_and_options(void **state) {
    (void)state;
    struct response r;
    assert_true(ask_once(server.port, "OPTIONS", "/test/spin",
                         "Origin: https://a.org\r\nAccess-Control-Request-Method: POST\r\n"
                         "Access-Control-Request-Headers: content-type\r\n",
                         NULL, &r));
    assert_int_equal(r.status, 204);
    assert_true(has(&r, "Access-Control-Allow-Origin", "*"));
    assert_true(has(&r, "Access-Control-Allow-Methods", "POST, OPTIONS"));
    assert_true(has(&r, "Access-Control-Allow-Headers",
                    "Accept, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, X-Request-Id"));
    assert_true(has(&r, "Access-Control-Max-Age", "86400"));
    response_free(&r);
    assert_true(ask_once(server.port, "OPTIONS", "/test/spin", "", NULL, &r));
    assert_int_equal(r.status, 204);
    assert_true(has(&r, "Allow", "POST, OPTIONS"));
    assert_true(has(&r, "Access-Control-Allow-Methods", NULL));
    response_free(&r);
    assert_true(ask_once(server.port, "OPTIONS", "*", "", NULL, &r));
    assert_int_equal(r.status, 204);
    response_free(&r);
    assert_true(ask_once(server.port, "OPTIONS", "/nothing", "", NULL, &r));
    assert_int_equal(r.status, 404);
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/spin", "Origin: https://a.org\r\n", "{}", &r));
    assert_true(has(&r, "Access-Control-Allow-Origin", "*"));
    assert_true(has(&r, "Access-Control-Expose-Headers",
                    "Cache-Status, ETag, Location, Preference-Applied, Retry-After, Server-Timing, X-Request-Id"));
    response_free(&r);
}

static void origins_can_be_limited(void **state) {
    (void)state;
    struct test_server own;
    struct response r;
    START(&own, "--cors-origin", "https://a.org,https://b.org");
    assert_true(ask_once(own.port, "POST", "/test/spin", "Origin: https://b.org\r\n", "{}", &r));
    assert_true(has(&r, "Access-Control-Allow-Origin", "https://b.org"));
    assert_true(has(&r, "Vary", "Accept, Accept-Encoding, Origin"));
    response_free(&r);
    assert_true(ask_once(own.port, "POST", "/test/spin", "Origin: https://c.org\r\n", "{}", &r));
    assert_true(has(&r, "Access-Control-Allow-Origin", NULL));
    response_free(&r);
    assert_true(ask_once(own.port, "OPTIONS", "/test/spin",
                         "Origin: https://c.org\r\nAccess-Control-Request-Method: POST\r\n", NULL, &r));
    assert_true(has(&r, "Access-Control-Allow-Methods", NULL));
    response_free(&r);
    assert_int_equal(server_end(&own, SIGTERM), 0);
}

/* inflate_all undoes gzip; *n is the length. */
static char *inflate_all(const struct response *r, size_t *n) {
    char *to = malloc(1 << 22);
    z_stream z = {.next_in = (Bytef *)r->body, .avail_in = (uInt)r->n, .next_out = (Bytef *)to, .avail_out = 1 << 22};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    *n = z.total_out;
    inflateEnd(&z);
    return to;
}

static void large_answers_are_compressed_on_request(void **state) {
    (void)state;
    static const char *const bodies[] = {"{\"pad\":2000}", "{\"pad\":100000}"}; /* computed on the loop both */
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct response plain, packed;
        size_t n;
        assert_true(ask_once(server.port, "POST", "/test/spin", "", bodies[i], &plain));
        assert_true(has(&plain, "Content-Encoding", NULL));
        assert_true(
            ask_once(server.port, "POST", "/test/spin", "Accept-Encoding: br, gzip;q=0.8\r\n", bodies[i], &packed));
        assert_true(has(&packed, "Content-Encoding", "gzip"));
        assert_true(has(&packed, "Vary", "Accept, Accept-Encoding"));
        assert_true(packed.n < plain.n / 10);
        char *text = inflate_all(&packed, &n);
        assert_int_equal(n, plain.n); /* "runs" differs, the length hardly */
        assert_memory_equal(strstr(text, "\"tag\""), strstr(plain.body, "\"tag\""), 100);
        free(text);
        response_free(&plain), response_free(&packed);
    }
    struct response r;
    assert_true(ask_once(server.port, "POST", "/test/spin", "Accept-Encoding: gzip\r\n", "{\"pad\":10}", &r));
    assert_true(has(&r, "Content-Encoding", NULL)); /* too small */
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/spin", "Accept-Encoding: gzip;q=0\r\n", "{\"pad\":2000}", &r));
    assert_true(has(&r, "Content-Encoding", NULL));
    response_free(&r);
}

static void a_tag_is_worth_a_304(void **state) {
    (void)state;
    static const char *const bodies[] = {"{\"ms\":0,\"tag\":5}", "{\"ms\":30,\"tag\":6}"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct client client;
        struct response r;
        char tag[64], headers[160];
        assert_true(client_open(&client, server.port));
        assert_true(client_ask(&client, "POST", "/test/spin", "", bodies[i], &r));
        assert_true(response_header(&r, "ETag", tag, sizeof tag));
        assert_true(has(&r, "Cache-Control", "private, max-age=86400"));
        response_free(&r);
        snprintf(headers, sizeof headers, "If-None-Match: \"other\", W/%s\r\n", tag);
        assert_true(client_ask(&client, "POST", "/test/spin", headers, bodies[i], &r));
        assert_int_equal(r.status, 304);
        assert_true(has(&r, "ETag", tag));
        response_free(&r);
        assert_true(client_ask(&client, "POST", "/test/spin", headers, "{\"tag\":7}", &r));
        assert_int_equal(r.status, 200);
        response_free(&r);
        assert_true(client_ask(&client, "POST", "/test/spin", "If-None-Match: *\r\n", bodies[i], &r));
        assert_int_equal(r.status, 304);
        response_free(&r);
        assert_true(client_ask(&client, "POST", "/test/spin", "If-None-Match: *\r\n", "{\"ms\":-1}", &r));
        assert_int_equal(r.status, 422);
        response_free(&r);
        client_close(&client);
    }
    struct response r;
    char tag[64], headers[160];
    assert_true(ask_once(server.port, "GET", "/openapi.json", "", NULL, &r));
    assert_true(has(&r, "Cache-Control", "no-cache"));
    assert_true(response_header(&r, "ETag", tag, sizeof tag));
    response_free(&r);
    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", tag);
    assert_true(ask_once(server.port, "GET", "/openapi.json", headers, NULL, &r));
    assert_int_equal(r.status, 304);
    response_free(&r);
}

static void health_is_never_kept(void **state) {
    (void)state;
    struct response r;
    assert_true(ask_once(server.port, "GET", "/healthz", "If-None-Match: *\r\n", NULL, &r));
    assert_int_equal(r.status, 200);
    assert_true(has(&r, "Cache-Control", "no-store"));
    assert_true(has(&r, "ETag", NULL));
    response_free(&r);
}

static void bodies_over_the_limit(void **state) {
    (void)state;
    struct client client;
    struct response r;
    assert_true(client_open(&client, server.port)); /* announced: refused before a byte of it is sent */
    assert_true(client_send(
        &client, "POST /test/size HTTP/1.1\r\nHost: t\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n"));
    assert_true(client_read(&client, &r, false));
    assert_int_equal(r.status, 413);
    assert_non_null(strstr(r.body, "body_too_large"));
    assert_true(has(&r, "Connection", "close"));
    response_free(&r);
    client_close(&client);

    assert_true(client_open(&client, server.port)); /* chunked: read to its end, then refused; the connection lives */
    assert_true(client_send(&client, "POST /test/size HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"));
    static char kib[1024];
    memset(kib, ' ', sizeof kib);
    for (int i = 0; i < 100; i++)
        assert_true(client_send(&client, "400\r\n") && client_send_bytes(&client, kib, sizeof kib) &&
                    client_send(&client, "\r\n"));
    assert_true(client_send(&client, "0\r\n\r\n"));
    assert_true(client_read(&client, &r, false));
    assert_int_equal(r.status, 413);
    response_free(&r);
    assert_true(client_ask(&client, "GET", "/healthz", "", NULL, &r));
    assert_int_equal(r.status, 200);
    response_free(&r);

    assert_true(client_send(
        &client, "POST /test/size HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")); /* endless: cut */
    bool sent = true;
    for (int i = 0; i < 4000 && sent; i++)
        sent = client_send(&client, "400\r\n") && client_send_bytes(&client, kib, sizeof kib) &&
               client_send(&client, "\r\n");
    assert_true(!sent || client_closed(&client, 2000));
    client_close(&client);
    assert_true(metric(server.port, "solvent_rejected_total{reason=\"body_size\"}") >= 2);
}

static void a_body_at_the_limit_and_in_chunks(void **state) {
    (void)state;
    static char body[65537];
    memset(body, ' ', 65536);
    memcpy(body, "{\"values\":[1,2,3]}", 18);
    struct response r;
    assert_true(ask_once(server.port, "POST", "/test/size", "", body, &r));
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "{\"n\":3}");
    response_free(&r);
    struct client client;
    assert_true(client_open(&client, server.port));
    assert_true(client_send(&client, "POST /test/size HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "5\r\n{\"val\r\nd\r\nues\":[1,2,3]}\r\n0\r\n\r\n"));
    assert_true(client_read(&client, &r, false));
    assert_string_equal(r.body, "{\"n\":3}");
    response_free(&r);
    client_close(&client);
}

static void ambiguous_framing_is_refused(void **state) {
    (void)state;
    static const char *const heads[] = {
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nContent-Length: 40\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 2, 2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: 0x2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length:\r\n",
        "Host: other\r\n",
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        struct client client;
        struct response r = {0};
        assert_true(client_open(&client, server.port));
        assert_true(client_send(&client, "POST /test/spin HTTP/1.1\r\nHost: t\r\n"));
        assert_true(client_send(&client, heads[i]));
        assert_true(client_send(&client, "\r\n{}GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n"));
        bool answered = client_read(&client, &r, false);
        if (answered && r.status != 400 && r.status != 413)
            fail_msg("%s: %d %s", heads[i], r.status, r.body);
        response_free(&r);
        assert_true(client_closed(&client, 5000));
        client_close(&client);
    }
    char *log = server_log(&server);
    assert_null(strstr(log, "smuggled"));
    free(log);
    struct response r;
    assert_true(ask_once(server.port, "GET", "/healthz", "", NULL, &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
}

static void garbage_does_no_harm(void **state) {
    (void)state;
    static const char *const texts[] = {
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /healthz\r\n\r\n",
        "\x16\x03\x01\x02",
        "GET / HTTP/9.9\r\nHost: t\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n" /* no Host */,
        "GET /%zz%00%ff HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost : t\r\n\r\n",
        "POST /test/spin HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /test/spin HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n{",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct client client;
        assert_true(client_open(&client, server.port));
        assert_true(client_send(&client, texts[i]));
        wait_ms(10);
        client_close(&client);
    }
    uint64_t random = 1;
    for (int i = 0; i < 50; i++) {
        struct client client;
        char bytes[512];
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (char)test_below(&random, 256);
        assert_true(client_open(&client, server.port));
        client_send_bytes(&client, bytes, sizeof bytes);
        client_close(&client);
    }
    static char long_line[70000];
    memset(long_line, 'a', sizeof long_line - 1);
    memcpy(long_line, "GET /", 5);
    struct client client;
    assert_true(client_open(&client, server.port));
    client_send(&client, long_line);
    client_close(&client);
    struct response r;
    assert_true(ask_once(server.port, "GET", "/healthz", "", NULL, &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
}

static void pipelined_requests_are_answered_in_order(void **state) {
    (void)state;
    struct client client;
    assert_true(client_open(&client, server.port));
    assert_true(client_send(&client,
                            "POST /test/spin HTTP/1.1\r\nHost: t\r\nContent-Length: 18\r\n\r\n{\"ms\":50,\"tag\":71}"
                            "GET /nothing HTTP/1.1\r\nHost: t\r\n\r\n"
                            "POST /test/spin HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n{\"tag\":72}"));
    static const char *const wanted[] = {"\"tag\":71", "not_found", "\"tag\":72"};
    for (size_t i = 0; i < COUNT(wanted); i++) {
        struct response r;
        assert_true(client_read(&client, &r, false));
        if (!strstr(r.body, wanted[i]))
            fail_msg("%zu: %s", i, r.body);
        response_free(&r);
    }
    client_close(&client);
}

static void absolute_targets_and_old_versions(void **state) {
    (void)state;
    struct response r;
    assert_true(ask_once(server.port, "GET", "http://example.org/healthz", "", NULL, &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
    struct client client;
    assert_true(client_open(&client, server.port));
    assert_true(client_send(&client, "GET /healthz HTTP/1.0\r\n\r\n"));
    assert_true(client_closed(&client, 5000));
    client_close(&client);
}

static void timings_are_told(void **state) {
    (void)state;
    struct response r;
    char timing[160];
    assert_true(ask_once(server.port, "POST", "/test/spin", "", "{\"ms\":20,\"tag\":81}", &r));
    assert_true(response_header(&r, "Server-Timing", timing, sizeof timing));
    double queue, solve, encode;
    assert_int_equal(sscanf(timing, "queue;dur=%lf, solve;dur=%lf, encode;dur=%lf", &queue, &solve, &encode), 3);
    assert_true(solve >= 18);
    response_free(&r);
}

static void metrics_count(void **state) {
    (void)state;
    static const char *const name = "solvent_requests_total{route=\"/test/size\",method=\"POST\",status=\"422\"}";
    struct response r;
    double before = metric(server.port, name);
    assert_true(ask_once(server.port, "POST", "/test/size", "", "{}", &r));
    response_free(&r);
    assert_true(metric(server.port, name) == (before < 0 ? 1 : before + 1));
    assert_true(metric(server.port, "solvent_queue_capacity") == 256);
    assert_true(metric(server.port, "process_resident_memory_bytes") > 1e6);
    assert_true(metric(server.port, "solvent_request_seconds_count{route=\"/test/size\"}") >= 1);
}

/* A test that fails halfway leaves no server behind. */
static void a_server_ends_with_who_started_it(void **state) {
    (void)state;
    int to_us[2], port = 0;
    struct response r;
    assert_int_equal(pipe(to_us), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct test_server left;
        if (server_start(&left, "/proc/self/exe", NULL)) {
            unlink(left.log);
            (void)!write(to_us[1], &left.port, sizeof left.port);
        }
        _exit(0);
    }
    assert_true(child > 0);
    close(to_us[1]);
    assert_int_equal(read(to_us[0], &port, sizeof port), sizeof port);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(to_us[0]);
    for (long end = now_ms() + CLIENT_WAIT_MS; ask_once(port, "GET", "/healthz", "", NULL, &r); wait_ms(5)) {
        response_free(&r);
        assert_true(now_ms() < end);
    }
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_are_documents_with_the_request_id),
        cmocka_unit_test(ids_are_made_where_the_client_has_none),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(preflight_and_options),
        cmocka_unit_test(origins_can_be_limited),
        cmocka_unit_test(large_answers_are_compressed_on_request),
        cmocka_unit_test(a_tag_is_worth_a_304),
        cmocka_unit_test(health_is_never_kept),
        cmocka_unit_test(bodies_over_the_limit),
        cmocka_unit_test(a_body_at_the_limit_and_in_chunks),
        cmocka_unit_test(ambiguous_framing_is_refused),
        cmocka_unit_test(garbage_does_no_harm),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(absolute_targets_and_old_versions),
        cmocka_unit_test(timings_are_told),
        cmocka_unit_test(metrics_count),
        cmocka_unit_test(a_server_ends_with_who_started_it),
    };
    return cmocka_run_group_tests(tests, start_shared, end_shared);
}
