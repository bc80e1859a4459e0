/* What happens under load, with bad clients, and at the end. */
#include <sys/socket.h>

#include "tests/server/slow_endpoints.h"

static bool post(struct client *client, const char *path, const char *body) {
    char text[512];
    snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n%s", path, strlen(body),
             body);
    return client_send(client, text);
}

static void open_and_post(struct client *client, int port, const char *path, const char *body) {
    assert_true(client_open(client, port));
    assert_true(post(client, path, body));
}

static int read_status(struct client *client) {
    struct response r;
    int status = client_read(client, &r, false) ? r.status : 0;
    response_free(&r);
    return status;
}

/* Around the counts at which libmicrohttpd's own epoll loop stalls: exactly 128 or 256 sockets ready at once. Inline and parked answers. */
static void many_clients_at_once_do_not_stall(void **state) {
    (void)state;
    static const int counts[] = {127, 128, 129, 256};
    static struct client clients[256];
    struct test_server server;
    START(&server, "--queue", "1000");
    for (size_t c = 0; c < COUNT(counts); c++) {
        for (int i = 0; i < counts[c]; i++)
            assert_true(client_open(&clients[i], server.port));
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < counts[c]; i++) {
                char body[64];
                snprintf(body, sizeof body, "{\"ms\":%d,\"tag\":%d}", round % 2, round * 1000 + i);
                assert_true(post(&clients[i], "/test/spin", body));
            }
            for (int i = 0; i < counts[c]; i++)
                assert_int_equal(read_status(&clients[i]), 200);
        }
        for (int i = 0; i < counts[c]; i++)
            client_close(&clients[i]);
    }
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_long_computation_delays_nobody(void **state) {
    (void)state;
    struct test_server server;
    struct client slow, other;
    START(&server, "--workers", "1");
    open_and_post(&slow, server.port, "/test/spin", "{\"ms\":1000}");
    assert_true(await_metric(server.port, "solvent_workers_busy", 1, 5000));
    assert_true(client_open(&other, server.port));
    for (int i = 0; i < 20; i++) {
        struct response r;
        assert_true(client_ask(&other, "GET", "/healthz", "", NULL, &r));
        assert_int_equal(r.status, 200);
        response_free(&r);
    }
    assert_true(metric(server.port, "solvent_workers_busy") == 1); /* it still computes */
    assert_int_equal(read_status(&slow), 200);
    client_close(&slow), client_close(&other);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void slow_computations_leave_room_for_quick_ones(void **state) {
    (void)state;
    struct test_server server;
    struct client slow[6];
    struct response r;
    START(&server, "--workers", "2");
    for (int i = 0; i < 6; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"ms\":600000,\"tag\":%d}", i);
        open_and_post(&slow[i], server.port, "/test/spin", body);
    }
    assert_true(await_metric(server.port, "solvent_queue_length", 5, 5000));
    assert_true(ask_once(server.port, "POST", "/test/spin", "", "{\"ms\":5,\"tag\":100}", &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
    assert_true(metric_becomes(server.port, "solvent_queue_length", 5));
    for (int i = 0; i < 6; i++)
        client_close(&slow[i]);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* The wait is bounded generously, since the machine may be busy; what it took is shown (about 40 ms, the watchdog's tick). */
static void a_client_that_leaves_stops_its_computation(void **state) {
    (void)state;
    struct test_server server;
    START(&server, "--workers", "1");
    static const int hows[] = {0 /* close */, 1 /* shutdown(WR) */, 2 /* reset */};
    for (size_t i = 0; i < COUNT(hows); i++) {
        struct client slow;
        open_and_post(&slow, server.port, "/test/spin", "{\"ms\":600000}");
        assert_true(await_metric(server.port, "solvent_workers_busy", 1, 5000));
        long left = now_ms();
        if (hows[i] == 1)
            shutdown(slow.fd, SHUT_WR);
        else if (hows[i] == 2)
            setsockopt(slow.fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
        if (hows[i] != 1)
            client_close(&slow);
        while (metric(server.port, "solvent_workers_busy") > 0 && now_ms() < left + 5000)
            wait_ms(5);
        print_message("stopped after %ld ms\n", now_ms() - left);
        assert_true(now_ms() < left + 5000);
        assert_true(metric_becomes(server.port, "solvent_cancelled_total", (double)i + 1));
        if (hows[i] ==
            1) { /* half-closing counts as leaving; it is told so, unless libmicrohttpd reads the end first and closes */
            struct response r;
            if (client_read(&slow, &r, false)) {
                assert_int_equal(r.status, 503);
                assert_non_null(strstr(r.body, "\"cancelled\""));
            }
            response_free(&r);
            client_close(&slow);
        }
    }
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_full_queue_answers_503(void **state) {
    (void)state;
    struct test_server server;
    struct client busy, queued;
    struct response r;
    char retry[16];
    START(&server, "--workers", "1", "--queue", "1");
    open_and_post(&busy, server.port, "/test/spin", "{\"ms\":600000,\"tag\":1}");
    assert_true(await_metric(server.port, "solvent_workers_busy", 1, 5000));
    open_and_post(&queued, server.port, "/test/spin", "{\"ms\":1,\"tag\":2}");
    assert_true(await_metric(server.port, "solvent_queue_length", 1, 5000));
    assert_true(ask_once(server.port, "POST", "/test/spin", "", "{\"ms\":1,\"tag\":3}", &r));
    assert_int_equal(r.status, 503);
    assert_non_null(strstr(r.body, "queue_full"));
    assert_true(response_header(&r, "Retry-After", retry, sizeof retry));
    assert_in_range(atoi(retry), 1, 60);
    response_free(&r);
    assert_true(metric(server.port, "solvent_rejected_total{reason=\"queue_full\"}") == 1);
    client_close(&queued); /* one that leaves the queue makes room at once */
    for (long end = now_ms() + 5000; metric(server.port, "solvent_queue_length") > 0 && now_ms() < end;)
        wait_ms(5);
    assert_true(metric_becomes(server.port, "solvent_queue_length", 0));
    client_close(&busy);
    assert_true(ask_once(server.port, "POST", "/test/spin", "", "{\"ms\":1,\"tag\":4}", &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
    assert_true(metric_becomes(server.port, "solvent_memory_reserved_bytes", 0)); /* nothing leaks from the budget */
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void memory_is_a_budget(void **state) {
    (void)state;
    struct test_server server;
    struct client busy;
    struct response r;
    START(&server, "--memory", "1500k"); /* one small request's estimate fits, two do not */
    open_and_post(&busy, server.port, "/test/spin", "{\"ms\":600000,\"tag\":1}");
    assert_true(await_metric(server.port, "solvent_workers_busy", 1, 5000));
    assert_true(ask_once(server.port, "POST", "/test/spin", "", "{\"ms\":1,\"tag\":3}", &r));
    assert_int_equal(r.status, 503);
    assert_non_null(strstr(r.body, "\"busy\""));
    response_free(&r);
    client_close(&busy);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* drip sends one byte every 20 ms until the server hangs up; how long that took. */
static long drip(int port, const char *first, const char *byte) {
    struct client client;
    long begun = now_ms();
    assert_true(client_open(&client, port));
    assert_true(client_send(&client, first));
    while (now_ms() < begun + 15000) {
        char got;
        ssize_t k = recv(client.fd, &got, 1, MSG_DONTWAIT);
        if (k == 0 || !client_send(&client, byte))
            break;
        wait_ms(20);
    }
    client_close(&client);
    return now_ms() - begun;
}

static void slow_requests_are_cut_by_a_total_deadline(void **state) {
    (void)state;
    struct test_server server;
    START(&server, "--header-timeout", "400ms", "--body-timeout", "600ms", "--idle-timeout", "300ms");
    assert_in_range(drip(server.port, "GET /healthz HTTP/1.1\r\nX: ", "a"), 300, 10000);
    assert_in_range(drip(server.port, "G", "E"), 300, 10000);
    assert_in_range(drip(server.port, "POST /test/size HTTP/1.1\r\nHost: t\r\nContent-Length: 50000\r\n\r\n", " "), 500,
                    10000);
    struct client idle;
    assert_true(client_open(&idle, server.port)); /* says nothing at all */
    assert_true(client_closed(&idle, 10000));
    client_close(&idle);
    assert_true(client_open(&idle, server.port)); /* asks once, then nothing */
    struct response r;
    assert_true(client_ask(&idle, "GET", "/healthz", "", NULL, &r));
    response_free(&r);
    assert_true(client_closed(&idle, 10000));
    client_close(&idle);
    assert_true(ask_once(server.port, "POST", "/test/spin", "", "{\"ms\":1500}", &r)); /* parked is not slow */
    assert_int_equal(r.status, 200);
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_reader_that_stalls_is_cut(void **state) {
    (void)state;
    struct test_server server;
    struct client client;
    START(&server, "--header-timeout", "400ms", "--body-timeout", "600ms", "--idle-timeout", "300ms");
    open_and_post(&client, server.port, "/test/spin", "{\"pad\":9000000}"); /* 18 MB: no socket buffer holds that */
    assert_true(metric_becomes(server.port, "solvent_requests_in_flight", 2));
    assert_true(metric_becomes(server.port, "solvent_requests_in_flight", 1));
    assert_true(server_logged(&server, "\"cut\":true", 5000));
    client_close(&client);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void the_time_limit_cuts_a_computation(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    char value[64];
    START(&server, "--time-limit", "300ms");
    static const char *const bodies[] = {"{\"ms\":600000}", "{\"ms\":600000,\"time_limit_ms\":20}",
                                         "{\"ms\":600000,\"time_limit_ms\":500000}"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        assert_true(ask_once(server.port, "POST", "/test/spin", "", bodies[i], &r));
        assert_int_equal(r.status, 200);
        assert_non_null(strstr(r.body, "\"done\":false"));
        assert_true(response_header(&r, "Cache-Control", value, sizeof value));
        assert_string_equal(value, "no-store");
        assert_false(response_header(&r, "ETag", value, sizeof value));
        response_free(&r);
    }
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void draining_finishes_what_is_parked(void **state) {
    (void)state;
    struct test_server server;
    struct client parked[8], idle;
    START(&server, "--workers", "2", "--threads", "2");
    assert_true(client_open(&idle, server.port));
    struct response r;
    assert_true(client_ask(&idle, "GET", "/healthz", "", NULL, &r));
    response_free(&r);
    for (int i = 0; i < 8; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"ms\":100,\"tag\":%d,\"pad\":200000}", i);
        open_and_post(&parked[i], server.port, "/test/spin", body);
    }
    assert_true(await_metric(server.port, "solvent_requests_in_flight", 9, 5000));
    kill(server.pid, SIGTERM);
    for (int i = 0; i < 8; i++) { /* whole answers, all of them */
        char value[32];
        assert_true(client_read(&parked[i], &r, false));
        assert_int_equal(r.status, 200);
        assert_true(r.n > 400000);
        assert_true(response_header(&r, "Connection", value, sizeof value));
        assert_string_equal(value, "close");
        response_free(&r);
        client_close(&parked[i]);
    }
    assert_true(client_closed(&idle, 5000));
    client_close(&idle);
    assert_int_equal(server_end(&server, 0), 0);
}

static void draining_cancels_in_the_end(void **state) {
    (void)state;
    struct test_server server;
    struct client running, queued;
    struct response r;
    START(&server, "--workers", "1", "--drain", "200ms");
    open_and_post(&running, server.port, "/test/spin", "{\"ms\":600000,\"tag\":1}");
    assert_true(await_metric(server.port, "solvent_workers_busy", 1, 5000));
    open_and_post(&queued, server.port, "/test/spin", "{\"ms\":600000,\"tag\":2}");
    assert_true(await_metric(server.port, "solvent_queue_length", 1, 5000));
    kill(server.pid, SIGTERM);
    struct client late;
    wait_ms(100);
    bool connected = client_open(&late, server.port);
    client_close(&late);
    assert_false(connected);
    struct client *both[] = {&running, &queued};
    for (int i = 0; i < 2; i++) {
        assert_true(client_read(both[i], &r, false));
        assert_int_equal(r.status, 503);
        assert_non_null(strstr(r.body, "\"cancelled\""));
        response_free(&r);
        client_close(both[i]);
    }
    assert_int_equal(server_end(&server, 0), 0);
}

static void a_second_signal_ends_at_once(void **state) {
    (void)state;
    struct test_server server;
    struct client deaf;
    START(&server, "--workers", "1", "--drain", "100s");
    open_and_post(&deaf, server.port, "/test/deaf", "{\"ms\":100000}");
    assert_true(await_metric(server.port, "solvent_workers_busy", 1, 5000));
    kill(server.pid, SIGTERM);
    assert_true(server_logged(&server, "finishing what is in progress", 5000));
    wait_ms(50);
    long begun = now_ms();
    assert_int_equal(server_end(&server, SIGTERM), 128 + SIGTERM);
    assert_true(now_ms() - begun < 5000);
    client_close(&deaf);
}

static void readiness_ends_with_draining(void **state) {
    (void)state;
    struct test_server server;
    struct client client, other;
    struct response r;
    START(&server, "--workers", "1");
    open_and_post(&other, server.port, "/test/spin", "{\"ms\":1000}");
    assert_true(await_metric(server.port, "solvent_workers_busy", 1, 5000));
    assert_true(client_open(&client, server.port));
    assert_true(
        client_send(&client, "GET /readyz HTTP/1.1\r\nHost: t\r\n")); /* begun before the signal, finished after */
    wait_ms(50);
    kill(server.pid, SIGTERM);
    assert_true(server_logged(&server, "finishing what is in progress", 5000));
    wait_ms(50);
    assert_true(client_send(&client, "\r\n"));
    assert_true(client_read(&client, &r, false));
    assert_int_equal(r.status, 503);
    assert_non_null(strstr(r.body, "not_ready"));
    response_free(&r);
    assert_int_equal(read_status(&other), 200);
    client_close(&client), client_close(&other);
    assert_int_equal(server_end(&server, 0), 0);
}

static void many_threads_and_leaving_clients(void **state) {
    (void)state;
    struct test_server server;
    uint64_t random = 3;
    START(&server, "--threads", "3", "--workers", "3", "--queue", "20");
    for (int round = 0; round < 300; round++) {
        struct client client;
        char body[64];
        snprintf(body, sizeof body, "{\"ms\":%d,\"tag\":%d}", (int)test_below(&random, 30),
                 (int)test_below(&random, 4));
        open_and_post(&client, server.port, "/test/spin", body);
        if (test_below(&random, 3) == 0)
            assert_true(read_status(&client) != 0);
        client_close(&client);
    }
    assert_true(metric_becomes(server.port, "solvent_requests_in_flight", 1)); /* the question itself */
    assert_true(metric_becomes(server.port, "solvent_memory_reserved_bytes", 0));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_clients_at_once_do_not_stall),
        cmocka_unit_test(a_long_computation_delays_nobody),
        cmocka_unit_test(slow_computations_leave_room_for_quick_ones),
        cmocka_unit_test(a_client_that_leaves_stops_its_computation),
        cmocka_unit_test(a_full_queue_answers_503),
        cmocka_unit_test(memory_is_a_budget),
        cmocka_unit_test(slow_requests_are_cut_by_a_total_deadline),
        cmocka_unit_test(a_reader_that_stalls_is_cut),
        cmocka_unit_test(the_time_limit_cuts_a_computation),
        cmocka_unit_test(draining_finishes_what_is_parked),
        cmocka_unit_test(draining_cancels_in_the_end),
        cmocka_unit_test(a_second_signal_ends_at_once),
        cmocka_unit_test(readiness_ends_with_draining),
        cmocka_unit_test(many_threads_and_leaving_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
