/* Answers that are sent while they are computed: through the socket, with good clients and bad ones. */
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/server/slow_endpoints.h"

#define LINES "Accept: application/x-ndjson\r\n"
#define EVENTS "Accept: text/event-stream\r\n"

static void send_post(struct client *client, int port, const char *path, const char *headers, const char *body) {
    char text[1024];
    snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: t\r\n%sContent-Length: %zu\r\n\r\n%s", path, headers,
             strlen(body), body);
    assert_true(client_open(client, port));
    assert_true(client_send(client, text));
}

static void open_stream(struct client *client, int port, const char *headers, const char *body, struct response *r) {
    send_post(client, port, "/test/count", headers, body);
    assert_true(client_head(client, r));
    assert_int_equal(r->status, 200);
}

/* read_rest reads a stream to its end. */
static void read_rest(struct client *client, struct response *r) {
    while (client_chunk(client, r))
        ;
    assert_true(r->whole);
}

/* occupy keeps the only worker busy, until the client leaves. */
static void occupy(struct client *busy, int port) {
    send_post(busy, port, "/test/spin", "", "{\"ms\":600000}");
    assert_true(await_metric(port, "solvent_workers_busy", 1, 5000));
}

/* part ends a test of one client. */
static void part(struct test_server *server, struct client *client, struct response *r) {
    response_free(r);
    client_close(client);
    assert_int_equal(server_end(server, SIGTERM), 0);
}

/* check_lines checks that the body is the lines 0 .. n-1 and then `last`. */
static void check_lines(const struct response *r, long n, const char *last) {
    char *p = r->body;
    for (long i = 0; i < n; i++) {
        if (strtol(p, &p, 10) != i || *p != '\n')
            fail_msg("line %ld: %.40s", i, p);
        p++;
    }
    if (strncmp(p, last, strlen(last)) != 0)
        fail_msg("the last line is %.200s, want %s", p, last);
    assert_int_equal(r->body[r->n - 1], '\n');
    assert_ptr_equal(strchr(p, '\n'), r->body + r->n - 1);
}

static bool idle_again(int port) {
    for (long end = now_ms() + 10000; now_ms() < end; wait_ms(5))
        if (metric(port, "solvent_workers_busy") == 0)
            return true;
    return false;
}

static void short_answers_have_a_length_and_a_tag(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    char value[128];
    START(&server, "--workers", "1", "--stream-delay", "1m");
    assert_true(ask_once(server.port, "POST", "/test/count", LINES, "{\"lines\":300}", &r));
    assert_true(response_header(&r, "Content-Length", value, sizeof value));
    assert_true(response_header(&r, "ETag", value, sizeof value));
    check_lines(&r, 300, "{\"done\":true,\"runs\":1,\"n\":300,\"complete\":true}");
    response_free(&r);
    assert_true(metric_becomes(server.port, "solvent_streamed_total", 0));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void long_answers_come_in_chunks_and_leave_the_connection(void **state) {
    (void)state;
    struct test_server server;
    struct client client;
    struct response r;
    char value[128];
    START(&server, "--workers", "2");
    assert_true(client_open(&client, server.port));
    for (int round = 1; round <= 3; round++) {
        assert_true(client_ask(&client, "POST", "/test/count", LINES, "{\"lines\":400000}", &r));
        assert_int_equal(r.status, 200);
        assert_true(response_header(&r, "Transfer-Encoding", value, sizeof value));
        assert_false(response_header(&r, "ETag", value, sizeof value));
        assert_true(response_header(&r, "Cache-Control", value, sizeof value));
        assert_string_equal(value, "no-store");
        check_lines(&r, 400000, "{\"done\":true,");
        response_free(&r);
        assert_true(client_ask(&client, "GET", "/healthz", "", NULL, &r));
        assert_int_equal(r.status, 200);
        response_free(&r);
    }
    assert_true(metric_becomes(server.port, "solvent_streamed_total", 3));
    assert_true(metric_becomes(server.port, "solvent_cancelled_total", 0));
    client_close(&client);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void lines_come_while_the_work_goes_on(void **state) {
    (void)state;
    struct test_server server;
    struct client client;
    struct response r;
    START(&server, "--workers", "1");
    open_stream(&client, server.port, LINES, "{\"lines\":20,\"every\":40}", &r);
    assert_true(client_chunk(&client, &r));
    assert_true(strtol(r.body, NULL, 10) == 0);
    assert_true(r.n < 40);                                         /* not all */
    assert_true(metric(server.port, "solvent_workers_busy") == 1); /* and it still works */
    read_rest(&client, &r);
    check_lines(&r, 20, "{\"done\":true,");
    part(&server, &client, &r);
}

/* What is there in whole before its first line is sent in pieces all the same, where it is longer than one. */
static void long_arrays_come_in_chunks(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    char value[128], body[128];
    START(&server, "--workers", "1", "--stream-delay", "1m");
    for (int n = 4; n <= 20000; n *= 5000) { /* of ten bytes each */
        snprintf(body, sizeof body, "{\"model\":{\"type\":\"points\",\"points\":[[1.0,2.0]]},\"count\":%d,\"seed\":1}",
                 n);
        assert_true(ask_once(server.port, "POST", "/v1/sample", LINES, body, &r));
        assert_int_equal(r.status, 200);
        assert_int_equal(response_header(&r, "Content-Length", value, sizeof value), n == 4);
        assert_int_equal(response_header(&r, "ETag", value, sizeof value), n == 4);
        const char *at = r.body;
        for (int i = 0; i < n; i++, at = strchr(at, '\n') + 1)
            assert_int_equal(*at, '[');
        assert_memory_equal(at, "{\"done\":true,", 13);
        assert_ptr_equal(strchr(at, '\n'), r.body + r.n - 1);
        response_free(&r);
    }
    assert_true(metric_becomes(server.port, "solvent_streamed_total", 1));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* A streamed answer of moderate size that was costly is remembered, and comes whole the next time. */
static void streamed_answers_are_remembered(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    char value[128];
    START(&server, "--workers", "1");
    for (int round = 0; round < 2; round++) {
        assert_true(ask_once(server.port, "POST", "/test/count", LINES, "{\"lines\":30,\"every\":5}", &r));
        assert_int_equal(r.status, 200);
        check_lines(&r, 30, "{\"done\":true,\"runs\":1,");
        assert_int_equal(response_header(&r, "Content-Length", value, sizeof value), round);
        assert_true(response_header(&r, "Cache-Status", value, sizeof value));
        assert_string_equal(value, round ? "solvent; hit" : "solvent; fwd=miss");
        response_free(&r);
        assert_true(idle_again(server.port));
    }
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static double memory(int port) { return metric(port, "process_resident_memory_bytes"); }

static void a_slow_reader_slows_the_work(void **state) {
    (void)state;
    struct test_server server;
    struct client client;
    struct response r;
    START(&server, "--workers", "2");
    double before = memory(server.port);
    open_stream(&client, server.port, LINES, "{\"lines\":1000000000000}", &r);
    wait_ms(500); /* it could have made hundreds of megabytes */
    double grown = memory(server.port) - before;
    print_message("grown by %.1f MB\n", grown / 1e6);
    assert_true(grown < 64e6);
    assert_true(metric(server.port, "solvent_workers_busy") == 1);
    for (int i = 0; i < 100; i++) { /* slow, but it reads */
        assert_true(client_chunk(&client, &r));
        wait_ms(2);
    }
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/spin", "", "{\"ms\":3}", &r));
    response_free(&r);
    client_close(&client);
    assert_true(idle_again(server.port));
    assert_true(metric_becomes(server.port, "solvent_cancelled_total", 1));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* While the worker waits for room, and while the loop waits for lines; by closing, by a reset, by half-closing. */
static void a_client_that_leaves_stops_the_work(void **state) {
    (void)state;
    struct test_server server;
    START(&server, "--workers", "1");
    static const char *const bodies[] = {"{\"lines\":1000000000000}", "{\"lines\":1000000,\"every\":30}"};
    static const char *const heads[] = {LINES, EVENTS};
    double cancelled = 0;
    for (int kind = 0; kind < 12; kind++) {
        struct client client;
        struct response r;
        open_stream(&client, server.port, heads[kind / 2 % 2], bodies[kind % 2], &r);
        assert_true(client_chunk(&client, &r));
        response_free(&r);
        if (kind / 4 == 1)
            setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
        if (kind / 4 == 2) {
            shutdown(client.fd, SHUT_WR);
            wait_ms(20);
        }
        client_close(&client);
        if (!idle_again(server.port))
            fail_msg("kind %d still works", kind);
        assert_true(metric_becomes(server.port, "solvent_cancelled_total", ++cancelled));
    }
    assert_true(metric_becomes(server.port, "solvent_requests_in_flight", 1));
    assert_true(metric_becomes(server.port, "solvent_memory_reserved_bytes", 0));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_killed_client_stops_the_work(void **state) {
    (void)state;
    struct test_server server;
    START(&server, "--workers", "1");
    pid_t pid = fork();
    if (pid == 0) {
        struct client client;
        struct response r;
        open_stream(&client, server.port, LINES, "{\"lines\":1000000000000}", &r);
        for (;;)
            if (!client_chunk(&client, &r))
                _exit(1);
    }
    assert_true(await_metric(server.port, "solvent_streamed_total", 1, 10000));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_true(idle_again(server.port));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_client_that_stalls_is_cut(void **state) {
    (void)state;
    struct test_server server;
    struct client client;
    struct response r;
    START(&server, "--workers", "1", "--body-timeout", "300ms", "--idle-timeout", "300ms", "--header-timeout", "300ms");
    open_stream(&client, server.port, LINES, "{\"lines\":1000000000000}", &r);
    assert_true(idle_again(server.port)); /* after 64 KiB / 16 KiB/s more */
    assert_true(server_logged(&server, "\"cut\":true", 5000));
    part(&server, &client, &r);
}

/* A stream that has nothing to say for longer than that is no stalled client. */
static void a_slow_worker_is_no_stalled_client(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--workers", "1", "--body-timeout", "100ms", "--idle-timeout", "100ms", "--header-timeout", "100ms");
    assert_true(ask_once(server.port, "POST", "/test/count", LINES, "{\"lines\":4,\"every\":400}", &r));
    check_lines(&r, 4, "{\"done\":true,");
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_failure_is_the_last_line(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    struct client client;
    START(&server, "--workers", "1", "--stream-delay", "1m");
    assert_true(ask_once(server.port, "POST", "/test/count", LINES, "{\"lines\":3,\"fail\":true}", &r));
    assert_int_equal(r.status, 422); /* nothing had left */
    response_free(&r);
    assert_true(client_open(&client, server.port));
    assert_true(client_ask(&client, "POST", "/test/count", LINES, "{\"lines\":50000,\"fail\":true}", &r));
    assert_int_equal(r.status, 200);
    check_lines(&r, 50000, "{\"done\":false,\"error\":{\"type\":\"urn:solvent:problem:invalid\",");
    assert_non_null(strstr(r.body, "\"pointer\":\"/fail\""));
    response_free(&r);
    assert_true(client_ask(&client, "POST", "/test/count", EVENTS, "{\"lines\":2,\"every\":1,\"fail\":true}", &r));
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "event: line\ndata: {\"line\":1}\n\nevent: error\ndata: {\"type\":\"urn:"));
    assert_string_equal(r.body + r.n - 4, "]}\n\n");
    part(&server, &client, &r);
}

static void a_deadline_ends_a_stream_in_order(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--workers", "1");
    assert_true(
        ask_once(server.port, "POST", "/test/count", LINES, "{\"lines\":1000000000000,\"time_limit_ms\":150}", &r));
    assert_int_equal(r.status, 200);
    const char *last = strstr(r.body, "{\"done\":true,");
    assert_non_null(last);
    assert_non_null(strstr(last, "\"complete\":false}\n"));
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void http_1_0_gets_the_same_until_the_end_of_the_connection(void **state) {
    (void)state;
    struct test_server server;
    struct client client;
    struct response r;
    START(&server, "--workers", "1");
    assert_true(ask_once(server.port, "POST", "/test/count", LINES, "{\"lines\":100000}", &r));
    static const char ASK[] = "POST /test/count HTTP/1.0\r\n" LINES "Content-Length: 16\r\n\r\n{\"lines\":100000}";
    assert_true(client_open(&client, server.port));
    assert_true(client_send(&client, ASK));
    static char text[1 << 21];
    size_t n = 0;
    for (ssize_t k; n < sizeof text - 1 && (k = recv(client.fd, text + n, sizeof text - 1 - n, 0)) > 0;)
        n += (size_t)k;
    char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    assert_null(strstr(text, "chunked"));
    struct response old = {.body = body + 4, .n = n - (size_t)(body + 4 - text)};
    check_lines(&old, 100000, "{\"done\":true,");
    part(&server, &client, &r);
}

static void streams_leave_room_for_quick_requests(void **state) {
    (void)state;
    struct test_server server;
    struct client streams[3], quick;
    struct response r[3], answer;
    START(&server, "--workers", "3");
    for (int i = 0; i < 3; i++) { /* the third waits: one worker is for what is quick */
        send_post(&streams[i], server.port, "/test/count", LINES, "{\"lines\":1000000000000}");
        if (i < 2)
            assert_true(client_head(&streams[i], &r[i]));
    }
    assert_true(client_open(&quick, server.port));
    for (int i = 0; i < 50; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"ms\":1,\"tag\":%d}", i);
        assert_true(client_ask(&quick, "POST", "/test/spin", "", body, &answer));
        assert_int_equal(answer.status, 200);
        response_free(&answer);
        for (int k = 0; k < 2; k++)
            assert_true(client_chunk(&streams[k], &r[k]));
    }
    assert_true(metric_becomes(server.port, "solvent_queue_length", 1));
    for (int i = 0; i < 3; i++)
        client_close(&streams[i]);
    response_free(&r[0]), response_free(&r[1]);
    client_close(&quick);
    assert_true(idle_again(server.port));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void draining_waits_for_a_stream_and_then_ends_it(void **state) {
    (void)state;
    struct test_server server;
    struct client endless, stalled, queued, ending;
    struct response r, s, e;
    START(&server, "--workers", "4", "--drain", "400ms");
    open_stream(&ending, server.port, LINES, "{\"lines\":10,\"every\":20}", &e);
    open_stream(&endless, server.port, LINES, "{\"lines\":1000000,\"every\":20}", &r);
    open_stream(&stalled, server.port, LINES, "{\"lines\":1000000000000}", &s);
    open_stream(&queued, server.port, EVENTS, "{\"lines\":1000000,\"every\":20}", &s);
    kill(server.pid, SIGTERM);
    read_rest(&ending, &e);
    check_lines(&e, 10, "{\"done\":true,");
    read_rest(&endless, &r); /* in order, and it says why */
    assert_non_null(strstr(r.body, "{\"done\":false,\"error\":{\"type\":\"urn:solvent:problem:cancelled\""));
    while (client_chunk(&queued, &s))
        ;
    assert_non_null(strstr(s.body, "event: error\ndata: {\"type\":\"urn:solvent:problem:cancelled\""));
    assert_int_equal(server_end(&server, 0), 0);
    response_free(&r), response_free(&s), response_free(&e);
    client_close(&endless), client_close(&stalled), client_close(&queued), client_close(&ending);
}

static size_t count_text(const char *text, const char *what) {
    size_t n = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

static void events_end_with_the_answer(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    char value[64];
    START(&server, "--workers", "1");
    assert_true(ask_once(server.port, "POST", "/test/count", EVENTS, "{\"lines\":3,\"every\":30}", &r));
    assert_true(response_header(&r, "Content-Type", value, sizeof value));
    assert_string_equal(value, "text/event-stream");
    assert_true(response_header(&r, "Transfer-Encoding", value, sizeof value));
    assert_string_equal(r.body, "event: line\ndata: {\"line\":0}\n\nevent: line\ndata: {\"line\":1}\n\n"
                                "event: line\ndata: {\"line\":2}\n\n"
                                "event: done\ndata: {\"runs\":1,\"n\":3,\"complete\":true}\n\n");
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/count", EVENTS, "{\"lines\":\"x\"}", &r));
    assert_int_equal(r.status, 422);
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/spin", EVENTS, "{}", &r));
    assert_int_equal(r.status, 406);
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Also before the first event, and while the request waits for a worker. */
static void silence_is_filled_with_comments(void **state) {
    (void)state;
    struct test_server server;
    struct client busy, client, gone;
    struct response r, none;
    START(&server, "--workers", "1", "--heartbeat", "50ms");
    occupy(&busy, server.port);
    open_stream(&client, server.port, EVENTS, "{\"lines\":1,\"every\":300}", &r);
    open_stream(&gone, server.port, EVENTS, "{\"lines\":2,\"every\":300}", &none);
    for (int i = 0; i < 3; i++)
        assert_true(client_chunk(&client, &r));
    assert_string_equal(r.body, ":\n\n:\n\n:\n\n");
    client_close(&gone);
    client_close(&busy);
    read_rest(&client, &r);
    assert_in_range(count_text(r.body, ":\n\n"), 5, 10000);
    assert_non_null(strstr(r.body, ":\n\nevent: line\ndata: {\"line\":0}\n\nevent: done\n"));
    response_free(&r);
    client_close(&client);
    assert_true(idle_again(server.port));
    assert_true(metric_becomes(server.port, "solvent_memory_reserved_bytes", 0));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void one_that_leaves_the_queue_makes_room(void **state) {
    (void)state;
    struct test_server server;
    struct client busy, client;
    struct response r;
    START(&server, "--workers", "1", "--heartbeat", "20ms", "--queue", "1");
    occupy(&busy, server.port);
    open_stream(&client, server.port, EVENTS, "{\"lines\":1,\"every\":300}", &r);
    assert_true(metric_becomes(server.port, "solvent_queue_length", 1));
    client_close(&client);
    assert_true(metric_becomes(server.port, "solvent_queue_length", 0));
    client_close(&busy);
    assert_true(idle_again(server.port));
    assert_true(metric_becomes(server.port, "solvent_memory_reserved_bytes", 0));
    char *log = server_log(&server);
    if (strstr(log, "libmicrohttpd"))
        fail_msg("%s", strstr(log, "libmicrohttpd"));
    free(log);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Those that are queued when the service ends are told, too. */
static void a_queued_stream_is_told_of_the_end(void **state) {
    (void)state;
    struct test_server server;
    struct client busy, client;
    struct response r;
    START(&server, "--workers", "1", "--heartbeat", "20ms", "--drain", "100ms");
    occupy(&busy, server.port);
    open_stream(&client, server.port, EVENTS, "{\"lines\":1,\"every\":300}", &r);
    kill(server.pid, SIGTERM);
    read_rest(&client, &r);
    assert_non_null(strstr(r.body, "event: error\ndata: {\"type\":\"urn:solvent:problem:cancelled\""));
    response_free(&r);
    client_close(&client), client_close(&busy);
    assert_int_equal(server_end(&server, 0), 0);
}

/* An answer in the cache does not serve a client that was promised a stream already. */
static void a_stream_that_was_opened_early_is_computed(void **state) {
    (void)state;
    struct test_server server;
    struct client busy, client;
    struct response r;
    static const char BODY[] = "{\"lines\":20,\"every\":5}", SAME[] = "{\"lines\": 20, \"every\": 5}";
    START(&server, "--workers", "1", "--heartbeat", "20ms");
    assert_true(ask_once(server.port, "POST", "/test/count", EVENTS, BODY, &r)); /* kept in its canonical form, too */
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/count", EVENTS, SAME, &r));
    assert_non_null(strstr(r.body, "\"runs\":1,"));
    response_free(&r);
    occupy(&busy, server.port);
    open_stream(&client, server.port, EVENTS, "{ \"lines\": 20, \"every\": 5}", &r);
    client_close(&busy);
    read_rest(&client, &r);
    assert_non_null(strstr(r.body, "event: done\ndata: {\"runs\":2,\"n\":20,"));
    part(&server, &client, &r);
}

static void many_streams_with_many_fates(void **state) {
    (void)state;
    enum { MANY = 24 };
    struct test_server server;
    struct client clients[MANY];
    START(&server, "--workers", "3", "--threads", "2", "--heartbeat", "10ms", "--queue", "1000");
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < MANY; i++) {
            char body[96];
            snprintf(body, sizeof body, "{\"lines\":%d,\"every\":%d,\"fail\":%s}", i % 4 ? 30 + i : 60000 + i,
                     i % 4 / 2, i % 5 ? "false" : "true");
            send_post(&clients[i], server.port, "/test/count", i % 3 ? LINES : EVENTS, body);
        }
        for (int i = 0; i < MANY; i++) {
            struct response r = {0};
            if ((i + round) % 4 && client_read(&clients[i], &r, false) && r.status == 200 && !strstr(r.body, "done") &&
                !strstr(r.body, "event: error"))
                fail_msg("%d in round %d: %s", i, round, r.body);
            response_free(&r);
            client_close(&clients[i]);
        }
    }
    assert_true(idle_again(server.port));
    assert_true(metric_becomes(server.port, "solvent_requests_in_flight", 1));
    assert_true(metric_becomes(server.port, "solvent_memory_reserved_bytes", 0));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_answers_have_a_length_and_a_tag),
        cmocka_unit_test(long_answers_come_in_chunks_and_leave_the_connection),
        cmocka_unit_test(lines_come_while_the_work_goes_on),
        cmocka_unit_test(long_arrays_come_in_chunks),
        cmocka_unit_test(streamed_answers_are_remembered),
        cmocka_unit_test(a_slow_reader_slows_the_work),
        cmocka_unit_test(a_client_that_leaves_stops_the_work),
        cmocka_unit_test(a_killed_client_stops_the_work),
        cmocka_unit_test(a_client_that_stalls_is_cut),
        cmocka_unit_test(a_slow_worker_is_no_stalled_client),
        cmocka_unit_test(a_failure_is_the_last_line),
        cmocka_unit_test(a_deadline_ends_a_stream_in_order),
        cmocka_unit_test(http_1_0_gets_the_same_until_the_end_of_the_connection),
        cmocka_unit_test(streams_leave_room_for_quick_requests),
        cmocka_unit_test(draining_waits_for_a_stream_and_then_ends_it),
        cmocka_unit_test(events_end_with_the_answer),
        cmocka_unit_test(silence_is_filled_with_comments),
        cmocka_unit_test(one_that_leaves_the_queue_makes_room),
        cmocka_unit_test(a_queued_stream_is_told_of_the_end),
        cmocka_unit_test(a_stream_that_was_opened_early_is_computed),
        cmocka_unit_test(many_streams_with_many_fates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
