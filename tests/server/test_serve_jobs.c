/* Jobs through the socket: from 202 to the result, over kills and restarts. */
#include <dirent.h>
#include <jansson.h>

#include "tests/server/slow_endpoints.h"

#define ASYNC "Prefer: respond-async\r\n"
#define FOREVER "{\"ms\":600000}"

typedef char job_id[32];

/* -- asking -- */

static json_t *get(int port, const char *path, int wanted) {
    struct response r;
    assert_true(ask_once(port, "GET", path, "", NULL, &r));
    if (r.status != wanted)
        fail_msg("%s: %d %s", path, r.status, r.body);
    json_t *tree = json_loads(r.body, 0, NULL);
    assert_non_null(tree);
    response_free(&r);
    return tree;
}

static const char *text_of(json_t *tree, const char *name) {
    const char *text = json_string_value(json_object_get(tree, name));
    return text ? text : "";
}

static void path_of(char to[128], const char *id, const char *below) { snprintf(to, 128, "/v1/jobs/%s%s", id, below); }

static json_t *report(int port, const char *id) {
    char path[128];
    path_of(path, id, "");
    return get(port, path, 200);
}

/* await_state waits until a job is in a state, and gives its report. */
static json_t *await_state(int port, const char *id, const char *state) {
    json_t *tree = report(port, id);
    for (long end = now_ms() + CLIENT_WAIT_MS; strcmp(text_of(tree, "state"), state) != 0; wait_ms(2)) {
        if (now_ms() > end)
            fail_msg("%s is %s, want %s", id, text_of(tree, "state"), state);
        json_decref(tree);
        tree = report(port, id);
    }
    return tree;
}

static void expect_state(int port, const char *id, const char *state) { json_decref(await_state(port, id, state)); }

/* submit makes a job of a request. */
static void submit(int port, const char *path, const char *headers, const char *body, job_id id) {
    struct response r;
    assert_true(ask_once(port, "POST", path, headers, body, &r));
    if (r.status != 202)
        fail_msg("%s: %d %s", path, r.status, r.body);
    json_t *tree = json_loads(r.body, 0, NULL);
    snprintf(id, sizeof(job_id), "%s", text_of(tree, "id"));
    json_decref(tree);
    response_free(&r);
}

static void refuse(int port, const char *path, const char *headers, const char *body, int status, const char *words) {
    struct response r;
    assert_true(ask_once(port, "POST", path, headers, body, &r));
    if (r.status != status || !strstr(r.body, words))
        fail_msg("%s: %d %s", path, r.status, r.body);
    response_free(&r);
}

/* cancel_job gives the state that DELETE answers with. */
static void cancel_job(int port, const char *id, const char *state) {
    struct response r;
    char path[128];
    path_of(path, id, "");
    assert_true(ask_once(port, "DELETE", path, "", NULL, &r));
    assert_int_equal(r.status, 200);
    json_t *tree = json_loads(r.body, 0, NULL);
    assert_string_equal(text_of(tree, "state"), state);
    json_decref(tree);
    response_free(&r);
}

static bool header_is(const struct response *r, const char *name, const char *wanted) {
    char value[256];
    bool there = response_header(r, name, value, sizeof value);
    return wanted ? there && !strcmp(value, wanted) : !there;
}

/* -- a folder for files -- */

struct folder {
    char path[64], db[96];
};

static void folder_make(struct folder *f) {
    strcpy(f->path, "/tmp/solvent-test-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->db, sizeof f->db, "%s/answers.db", f->path);
}

static void folder_remove(struct folder *f) {
    DIR *dir = opendir(f->path);
    for (struct dirent *e; (e = readdir(dir));)
        unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    assert_int_equal(rmdir(f->path), 0);
}

/* -- tests -- */

static void a_request_becomes_a_job_and_has_its_answer(void **state) {
    (void)state;
    struct test_server server;
    struct response r, same;
    char path[128];
    START(&server, "--workers", "2");
    assert_true(
        ask_once(server.port, "POST", "/test/spin", ASYNC "X-Request-Id: mine\r\n", "{\"ms\":3,\"tag\":7}", &r));
    assert_int_equal(r.status, 202);
    assert_true(header_is(&r, "Preference-Applied", "respond-async"));
    assert_true(header_is(&r, "Cache-Control", "no-store"));
    json_t *tree = json_loads(r.body, 0, NULL);
    job_id id;
    snprintf(id, sizeof id, "%s", text_of(tree, "id"));
    path_of(path, id, "");
    assert_true(header_is(&r, "Location", path));
    assert_string_equal(text_of(tree, "url"), path);
    assert_string_equal(text_of(tree, "request_id"), "mine");
    json_decref(tree);
    response_free(&r);
    tree = await_state(server.port, id, "done");
    json_t *result = json_object_get(tree, "result");
    assert_int_equal(json_integer_value(json_object_get(result, "tag")), 7);
    assert_int_equal(json_integer_value(json_object_get(tree, "status")), 200);
    assert_true(ask_once(server.port, "GET", text_of(tree, "result_url"), "", NULL, &r));
    assert_int_equal(r.status, 200);
    assert_true(header_is(&r, "Content-Type", "application/json"));
    assert_true(ask_once(server.port, "POST", "/test/spin", "", "{\"ms\":3,\"tag\":7}", &same));
    assert_string_equal(r.body, same.body); /* what a job has computed is remembered */
    assert_true(header_is(&same, "Cache-Status", "solvent; hit"));
    response_free(&r), response_free(&same);
    json_decref(tree);
    submit(server.port, "/test/spin", ASYNC, "{\"tag\": 7, \"ms\": 3}", id); /* and for other jobs, too */
    tree = await_state(server.port, id, "done");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(tree, "result"), "runs")), 1);
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void the_preference_is_for_what_may_take_long(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--workers", "2");
    assert_true(ask_once(server.port, "POST", "/test/size", ASYNC, "{\"values\":[1,2]}", &r));
    assert_int_equal(r.status, 200);
    assert_true(header_is(&r, "Preference-Applied", NULL));
    response_free(&r);
    assert_true(
        ask_once(server.port, "POST", "/test/count", ASYNC "Accept: text/event-stream\r\n", "{\"lines\":1}", &r));
    assert_int_equal(r.status, 200); /* who listens is told all the while */
    assert_non_null(strstr(r.body, "event: done"));
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/train", "", "{\"steps\":1}", &r));
    assert_int_equal(r.status, 202); /* always */
    assert_true(header_is(&r, "Preference-Applied", NULL));
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/spin", "Prefer: wait=5\r\nPrefer: respond-async\r\n", "{}", &r));
    assert_int_equal(r.status, 202); /* in one of several lines */
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    START(&server, "--job-workers", "0");
    assert_true(ask_once(server.port, "POST", "/test/spin", ASYNC, "{}", &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
    json_decref(get(server.port, "/v1/jobs", 503));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void wrong_requests_are_refused_at_once(void **state) {
    (void)state;
    struct test_server server;
    START(&server, "--workers", "2");
    refuse(server.port, "/test/spin", ASYNC, "{\"ms\":\"x\"}", 422, "\"pointer\":\"/ms\"");
    refuse(server.port, "/test/spin", ASYNC, "{", 400, "not_json");
    refuse(server.port, "/test/spin", ASYNC "Accept: image/png\r\n", "{}", 406, "not_acceptable");
    refuse(server.port, "/test/spin", ASYNC "Idempotency-Key: a b\r\n", "{}", 422, "want 1 to 255 visible");
    json_t *tree = get(server.port, "/v1/jobs", 200);
    assert_int_equal(json_array_size(json_object_get(tree, "jobs")), 0);
    json_decref(tree);
    json_decref(get(server.port, "/v1/jobs/0123456789abcdef", 404));
    json_decref(get(server.port, "/v1/jobs/0123456789abcdef/result", 404));
    json_decref(get(server.port, "/v1/jobs/0123456789abcdef/events", 404));
    json_decref(get(server.port, "/v1/jobs?limit=0", 422));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_failed_job_has_the_problem(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    job_id id;
    START(&server, "--workers", "2");
    submit(server.port, "/test/count", ASYNC, "{\"lines\":2,\"fail\":true}", id);
    json_t *tree = await_state(server.port, id, "failed");
    assert_int_equal(json_integer_value(json_object_get(tree, "status")), 422);
    assert_string_equal(text_of(json_object_get(tree, "problem"), "code"), "invalid");
    assert_true(ask_once(server.port, "GET", text_of(tree, "result_url"), "Accept: image/png\r\n", NULL, &r));
    assert_int_equal(r.status, 422); /* as it was kept, whatever Accept says now */
    assert_true(header_is(&r, "Content-Type", "application/problem+json"));
    response_free(&r);
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void results_have_the_type_that_was_asked_for(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    job_id id;
    START(&server, "--workers", "2");
    submit(server.port, "/test/count", ASYNC "Accept: application/x-ndjson\r\n", "{\"lines\":3}", id);
    json_t *tree = await_state(server.port, id, "done");
    assert_null(json_object_get(tree, "result"));
    assert_string_equal(text_of(tree, "media"), "application/x-ndjson");
    assert_true(ask_once(server.port, "GET", text_of(tree, "result_url"), "", NULL, &r));
    assert_true(header_is(&r, "Content-Type", "application/x-ndjson"));
    assert_string_equal(r.body, "0\n1\n2\n{\"done\":true,\"runs\":1,\"n\":3,\"complete\":true}\n");
    response_free(&r);
    json_decref(tree);
    submit(server.port, "/test/spin", ASYNC, "{\"pad\":40000}", id); /* 80 kB are too much for a report */
    tree = await_state(server.port, id, "done");
    assert_null(json_object_get(tree, "result"));
    assert_true(ask_once(server.port, "GET", text_of(tree, "result_url"), "", NULL, &r));
    assert_in_range(r.n, 80000, 81000);
    response_free(&r);
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void jobs_wait_are_cancelled_and_forgotten(void **state) {
    (void)state;
    struct test_server server;
    job_id running, first, second;
    char path[128];
    START(&server, "--workers", "2");
    submit(server.port, "/test/spin", ASYNC, FOREVER, running);
    expect_state(server.port, running, "running");
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1,\"tag\":1}", first);
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1,\"tag\":2}", second);
    json_t *tree = report(server.port, second);
    assert_int_equal(json_integer_value(json_object_get(tree, "position")), 1);
    assert_in_range(json_number_value(json_object_get(tree, "eta_s")), 500, 600); /* by the cost of the first */
    json_decref(tree);
    path_of(path, second, "/result");
    tree = get(server.port, path, 404);
    assert_non_null(strstr(text_of(tree, "detail"), "is queued and has no result yet"));
    json_decref(tree);
    tree = get(server.port, "/v1/runtime/threads", 200);
    char *threads = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(strstr(threads, "\"name\":\"job-0\",\"request_id\":"));
    free(threads);
    json_decref(tree);
    assert_true(metric(server.port, "solvent_jobs{state=\"queued\"}") == 2);
    cancel_job(server.port, first, "cancelled");
    cancel_job(server.port, running, "cancelled"); /* which makes room for the second */
    expect_state(server.port, second, "done");
    path_of(path, running, "/result");
    json_decref(get(server.port, path, 404));
    cancel_job(server.port, first, "cancelled"); /* forgotten now */
    path_of(path, first, "");
    json_decref(get(server.port, path, 404));
    assert_true(metric(server.port, "solvent_jobs{state=\"cancelled\"}") == 1);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Those who wait for their answers do not wait for jobs. */
static void jobs_leave_the_workers_alone(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    job_id jobs[3];
    START(&server, "--workers", "1", "--job-workers", "2");
    for (int i = 0; i < 3; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"ms\":600000,\"tag\":%d}", i);
        submit(server.port, "/test/spin", ASYNC, body, jobs[i]);
    }
    expect_state(server.port, jobs[1], "running");
    for (int i = 0; i < 20; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"ms\":1,\"tag\":%d}", i);
        assert_true(ask_once(server.port, "POST", "/test/spin", "", body, &r));
        assert_int_equal(r.status, 200);
        response_free(&r);
    }
    expect_state(server.port, jobs[2], "queued");
    assert_true(metric(server.port, "solvent_workers_busy") == 0);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void the_same_key_is_the_same_job(void **state) {
    (void)state;
    struct test_server server;
    job_id a, b, c;
    START(&server, "--workers", "2");
    submit(server.port, "/test/spin", ASYNC "Idempotency-Key: k1\r\n", "{\"ms\":1}", a);
    submit(server.port, "/test/spin", ASYNC "Idempotency-Key: k1\r\n", "{\"ms\":1}", b);
    submit(server.port, "/test/spin", ASYNC "Idempotency-Key: k2\r\n", "{\"ms\":1}", c);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    refuse(server.port, "/test/spin", ASYNC "Idempotency-Key: k1\r\n", "{\"ms\":2}", 422, "stands for another request");
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void past_the_limits_it_says_so(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    job_id id;
    START(&server, "--workers", "2", "--jobs-max", "2", "--jobs-bytes", "3000");
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1}", id);
    expect_state(server.port, id, "done");
    submit(server.port, "/test/spin", ASYNC, "{\"pad\":2000}", id);
    json_t *tree = await_state(server.port, id, "failed"); /* 4 kB do not fit */
    assert_int_equal(json_integer_value(json_object_get(tree, "status")), 413);
    assert_non_null(strstr(text_of(json_object_get(tree, "problem"), "detail"), "--jobs-bytes"));
    json_decref(tree);
    assert_true(ask_once(server.port, "POST", "/test/spin", ASYNC, "{\"ms\":1}", &r));
    assert_int_equal(r.status, 503);
    assert_non_null(strstr(r.body, "\"code\":\"full\""));
    assert_non_null(strstr(r.body, "There are 2 jobs"));
    assert_true(header_is(&r, "Retry-After", "1"));
    response_free(&r);
    cancel_job(server.port, id, "failed");
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1}", id);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void lists_have_pages(void **state) {
    (void)state;
    struct test_server server;
    job_id ids[3];
    char path[128];
    START(&server, "--workers", "2");
    for (int i = 0; i < 3; i++) {
        submit(server.port, "/test/spin", ASYNC, "{\"ms\":1}", ids[i]);
        expect_state(server.port, ids[i], "done");
    }
    json_t *tree = get(server.port, "/v1/jobs?limit=2", 200), *list = json_object_get(tree, "jobs");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(text_of(json_array_get(list, 0), "id"), ids[2]);
    snprintf(path, sizeof path, "/v1/jobs?limit=2&state=done&before=%lld",
             (long long)json_integer_value(json_object_get(tree, "next")));
    json_decref(tree);
    tree = get(server.port, path, 200), list = json_object_get(tree, "jobs");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_of(json_array_get(list, 0), "id"), ids[0]);
    assert_null(json_object_get(tree, "next"));
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void results_expire(void **state) {
    (void)state;
    struct test_server server;
    job_id id;
    char path[128];
    START(&server, "--job-ttl", "1ms");
    submit(server.port, "/test/spin", ASYNC, "{}", id);
    path_of(path, id, "");
    struct response r = {.status = 200};
    for (long end = now_ms() + CLIENT_WAIT_MS; r.status == 200 && now_ms() < end;) {
        assert_true(ask_once(server.port, "GET", path, "", NULL, &r));
        response_free(&r);
    }
    assert_int_equal(r.status, 404);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* -- over the end of the process -- */

static void jobs_survive_a_kill(void **state) {
    (void)state;
    struct test_server server;
    struct folder folder;
    job_id done, running, queued;
    folder_make(&folder);
    START(&server, "--db", folder.db);
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1,\"tag\":5}", done);
    expect_state(server.port, done, "done");
    submit(server.port, "/test/spin", ASYNC, FOREVER, running);
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1,\"tag\":6}", queued);
    expect_state(server.port, running, "running");
    assert_int_equal(server_end(&server, SIGKILL), 128 + SIGKILL);
    START(&server, "--db", folder.db);
    json_t *tree = await_state(server.port, running, "running"); /* again, and first */
    assert_int_equal(json_integer_value(json_object_get(tree, "attempts")), 2);
    json_decref(tree);
    tree = await_state(server.port, done, "done");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(tree, "result"), "tag")), 5);
    json_decref(tree);
    expect_state(server.port, queued, "queued");
    cancel_job(server.port, running, "cancelled");
    tree = await_state(server.port, queued, "done");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(tree, "result"), "tag")), 6);
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    folder_remove(&folder);
}

static void a_service_that_ends_leaves_its_jobs_to_the_next(void **state) {
    (void)state;
    struct test_server server;
    struct folder folder;
    job_id id;
    folder_make(&folder);
    for (int round = 1; round <= 2; round++) {
        START(&server, "--jobs-db", folder.db);
        if (round == 1)
            submit(server.port, "/test/spin", ASYNC, FOREVER, id);
        json_t *tree = await_state(server.port, id, "running");
        assert_int_equal(json_integer_value(json_object_get(tree, "attempts")), 1); /* an orderly end is none */
        json_decref(tree);
        assert_int_equal(server_end(&server, SIGTERM), 0);
    }
    folder_remove(&folder);
}

/* events_after reads the events of a job that has ended, behind one. */
static char *events_after(int port, const char *id, const char *last) {
    char path[128], header[64];
    struct response r;
    path_of(path, id, "/events");
    snprintf(header, sizeof header, "%s%s%s", *last ? "Last-Event-ID: " : "", last, *last ? "\r\n" : "");
    assert_true(ask_once(port, "GET", path, header, NULL, &r));
    assert_int_equal(r.status, 200);
    assert_true(header_is(&r, "Content-Type", "text/event-stream"));
    return r.body;
}

/* The checkpoint, the seed that was drawn and the numbers of events outlive the process. */
static void a_killed_job_goes_on_from_its_checkpoint(void **state) {
    (void)state;
    struct test_server server;
    struct folder folder;
    struct response r;
    job_id before, id;
    char path[128];
    folder_make(&folder);
    START(&server, "--db", folder.db, "--job-workers", "1");
    submit(server.port, "/test/spin", ASYNC, FOREVER, before);
    submit(server.port, "/test/train", "", "{\"steps\":10,\"die\":7}", id);
    path_of(path, before, "");
    if (ask_once(server.port, "DELETE", path, "", NULL, &r)) /* it may die before it answers */
        response_free(&r);
    assert_int_equal(server_end(&server, 0), 128 + SIGKILL);
    START(&server, "--db", folder.db);
    json_t *tree = await_state(server.port, id, "done"), *result = json_object_get(tree, "result");
    assert_int_equal(json_integer_value(json_object_get(result, "began")), 6);
    assert_int_equal(json_integer_value(json_object_get(result, "seed")),
                     json_integer_value(json_object_get(result, "seed_before")));
    assert_int_equal(json_integer_value(json_object_get(tree, "attempts")), 2);
    json_decref(tree);
    char *events = events_after(server.port, id, "65");
    assert_memory_equal(events, "id: 66\nevent: share\ndata: {\"share\":0.66}\n\nid: 67\n", 49);
    assert_non_null(
        strstr(events, "id: 100\nevent: share\ndata: {\"share\":1.00}\n\nid: end\nevent: done\ndata: {\"id\":"));
    free(events);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    folder_remove(&folder);
}

/* Who has the file has the jobs; the other one serves without them until it is let in. */
static void two_services_do_not_share_jobs(void **state) {
    (void)state;
    struct test_server first, second;
    struct folder folder;
    struct response r;
    job_id id;
    folder_make(&folder);
    START(&first, "--jobs-db", folder.db);
    START(&second, "--jobs-db", folder.db);
    refuse(second.port, "/test/spin", ASYNC, "{\"ms\":1}", 503, "database is locked");
    assert_true(ask_once(second.port, "POST", "/test/spin", "", "{\"ms\":1}", &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
    submit(first.port, "/test/spin", ASYNC, FOREVER, id);
    assert_int_equal(server_end(&first, SIGTERM), 0);
    struct response ready = {0};
    for (long end = now_ms() + CLIENT_WAIT_MS; ready.status != 202 && now_ms() < end; wait_ms(5)) {
        assert_true(ask_once(second.port, "POST", "/test/spin", ASYNC, "{\"ms\":1}", &ready));
        response_free(&ready);
    }
    assert_int_equal(ready.status, 202);
    expect_state(second.port, id, "running");
    assert_int_equal(server_end(&second, SIGTERM), 0);
    folder_remove(&folder);
}

/* -- events -- */

static void send_get(struct client *client, int port, const char *path, const char *headers, struct response *r) {
    char text[512];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: t\r\n%s\r\n", path, headers);
    assert_true(client_open(client, port));
    assert_true(client_send(client, text));
    assert_true(client_head(client, r));
    assert_int_equal(r->status, 200);
}

/* read_until reads chunks until the text is among them; false: the stream ended before. */
static bool read_until(struct client *client, struct response *r, const char *text) {
    while (!r->body || !strstr(r->body, text))
        if (!client_chunk(client, r))
            return r->body && strstr(r->body, text);
    return true;
}

static void events_come_as_they_happen_and_again(void **state) {
    (void)state;
    struct test_server server;
    struct client client;
    struct response r, over;
    job_id first, id;
    char path[128];
    START(&server, "--workers", "2");
    submit(server.port, "/test/spin", ASYNC, FOREVER, first);
    submit(server.port, "/test/count", ASYNC, "{\"lines\":3,\"every\":1}", id);
    path_of(path, id, "/events");
    send_get(&client, server.port, path, "", &r);
    assert_true(read_until(&client, &r, "\"position\":0"));
    assert_memory_equal(r.body, "event: state\ndata: {\"id\":\"", 26); /* without a number */
    cancel_job(server.port, first, "cancelled");
    assert_true(read_until(&client, &r, "event: done"));
    assert_non_null(strstr(r.body, "id: 1\nevent: line\ndata: {\"line\":0}\n\nid: 2\nevent: line\n"));
    assert_non_null(strstr(r.body, "\n\nid: end\nevent: done\ndata: {\"id\":\""));
    assert_non_null(strstr(r.body, "\"result\":{\"runs\":1,\"n\":3,"));
    while (client_chunk(&client, &r))
        ;
    assert_true(r.whole);
    response_free(&r);
    client_close(&client);
    char *all = events_after(server.port, id, ""), *some = events_after(server.port, id, "2");
    assert_memory_equal(all, "id: 1\nevent: line\n", 18);
    assert_memory_equal(some, "id: 3\nevent: line\ndata: {\"line\":2}\n\nid: end\nevent: done\n", 56);
    free(all), free(some);
    assert_true(ask_once(server.port, "GET", path, "Last-Event-ID: end\r\n", NULL, &over));
    assert_int_equal(over.status, 204); /* an EventSource then comes no more */
    response_free(&over);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void listeners_are_told_of_the_end(void **state) {
    (void)state;
    struct test_server server;
    struct client listener, gone, last;
    struct response r, s, t;
    job_id id, other;
    char path[128], other_path[128];
    START(&server, "--heartbeat", "20ms", "--threads", "2");
    submit(server.port, "/test/spin", ASYNC, FOREVER, id);
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":600000,\"tag\":2}", other);
    path_of(path, id, "/events");
    path_of(other_path, other, "/events");
    send_get(&listener, server.port, path, "", &r);
    send_get(&gone, server.port, path, "", &s);
    send_get(&last, server.port, other_path, "", &t);
    assert_true(read_until(&listener, &r, ":\n\n:\n\n")); /* silence is filled */
    client_close(&gone);
    response_free(&s);
    cancel_job(server.port, id, "cancelled");
    assert_true(read_until(&listener, &r, "id: end\nevent: cancelled\n"));
    while (client_chunk(&listener, &r))
        ;
    assert_true(r.whole);
    assert_true(read_until(&last, &t, "\"state\":\"running\""));
    kill(server.pid, SIGTERM); /* the stream ends, and goes on with the next process */
    while (client_chunk(&last, &t))
        ;
    assert_true(t.whole);
    assert_null(strstr(t.body, "id: end"));
    assert_int_equal(server_end(&server, 0), 0);
    response_free(&r), response_free(&t);
    client_close(&listener), client_close(&last);
}

/* Many listeners come and go while their jobs are made, run, cancelled and forgotten. */
static void many_jobs_with_many_listeners(void **state) {
    (void)state;
    enum { MANY = 12 };
    struct test_server server;
    struct client clients[MANY];
    job_id ids[MANY];
    char path[128];
    START(&server, "--threads", "2", "--workers", "2", "--job-workers", "2", "--heartbeat", "10ms");
    for (int i = 0; i < MANY; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"lines\":%d,\"every\":%d}", 20 + i, i % 2);
        submit(server.port, "/test/count", ASYNC, body, ids[i]);
        struct response r;
        path_of(path, ids[i], "/events");
        send_get(&clients[i], server.port, path, "", &r);
        response_free(&r);
    }
    for (int i = 0; i < MANY; i += 3)
        client_close(&clients[i]);
    for (int i = 1; i < MANY; i += 3) {
        struct response r;
        path_of(path, ids[i], "");
        assert_true(ask_once(server.port, "DELETE", path, "", NULL, &r));
        response_free(&r);
    }
    for (int i = 0; i < MANY; i++) {
        struct response r = {0};
        if (i % 3 == 0)
            continue;
        assert_true(read_until(&clients[i], &r, "id: end\n"));
        response_free(&r);
        client_close(&clients[i]);
    }
    for (int i = 2; i < MANY; i += 3)
        expect_state(server.port, ids[i], "done");
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_becomes_a_job_and_has_its_answer),
        cmocka_unit_test(the_preference_is_for_what_may_take_long),
        cmocka_unit_test(wrong_requests_are_refused_at_once),
        cmocka_unit_test(a_failed_job_has_the_problem),
        cmocka_unit_test(results_have_the_type_that_was_asked_for),
        cmocka_unit_test(jobs_wait_are_cancelled_and_forgotten),
        cmocka_unit_test(jobs_leave_the_workers_alone),
        cmocka_unit_test(the_same_key_is_the_same_job),
        cmocka_unit_test(past_the_limits_it_says_so),
        cmocka_unit_test(lists_have_pages),
        cmocka_unit_test(results_expire),
        cmocka_unit_test(jobs_survive_a_kill),
        cmocka_unit_test(a_service_that_ends_leaves_its_jobs_to_the_next),
        cmocka_unit_test(a_killed_job_goes_on_from_its_checkpoint),
        cmocka_unit_test(two_services_do_not_share_jobs),
        cmocka_unit_test(events_come_as_they_happen_and_again),
        cmocka_unit_test(listeners_are_told_of_the_end),
        cmocka_unit_test(many_jobs_with_many_listeners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
