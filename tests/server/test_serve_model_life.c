/* How models come, change and go while the service runs: what it tells of them, when their weights are in memory, and
 * what a request gets whose model is replaced under it. */
#include "tests/server/model_fixture.h"

static void shell(const char *command) {
    char line[600];
    snprintf(line, sizeof line, "cd %s && %s", folder, command);
    assert_int_equal(system(line), 0);
}

static void get(int port, const char *path, int status, struct response *r) {
    assert_true(ask_once(port, "GET", path, "", NULL, r));
    if (r->status != status)
        fail_msg("%s: %d %s", path, r->status, r->body);
}

/* says asks for a path and wants all of the texts in the answer. */
static void says(int port, const char *path, int status, const char *const *texts) {
    struct response r;
    get(port, path, status, &r);
    for (; *texts; texts++)
        if (!strstr(r.body, *texts))
            fail_msg("%s: %s lacks %s", path, r.body, *texts);
    response_free(&r);
}
#define SAYS(port, path, status, ...) says(port, path, status, (const char *const[]){__VA_ARGS__, NULL})

/* rescan wants exactly that answer. */
static void rescan(int port, const char *answer) {
    struct response r;
    assert_true(ask_once(port, "POST", "/v1/models/rescan", "", NULL, &r));
    assert_int_equal(r.status, 200);
    if (!strstr(r.body, answer))
        fail_msg("%s, want %s", r.body, answer);
    response_free(&r);
}

static int fresh_folder(void **state) {
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return make_folder(state);
}

static void one_is_told_of(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--models", folder);
    SAYS(server.port, "/v1/models/bell", 200, "{\"name\":\"bell\",\"kind\":\"formula\",\"digest\":");
    SAYS(server.port, "/v1/models/%63lasses", 200, "{\"name\":\"classes\",\"kind\":\"network\"",
         "\"shape\":[3,8,8],\"classes\":2", "\"parameters\":11815", "\"state\":\"unloaded\"",
         "\"bytes\":", "\"digest\":\"", "\"DDPMScheduler\"");
    SAYS(server.port, "/v1/models/bel", 404, "There is no model \\\"bel\\\"", "\"code\":\"not_found\"");
    SAYS(server.port, "/v1/models/bell%00", 404, "There is nothing at /v1/models/bell%00");
    SAYS(server.port, "/v1/models/broken", 404, "The model \\\"broken\\\" is left out: There are no weights");
    get(server.port, "/v1/models/classes", 200, &r);
    assert_null(strstr(r.body, "call_ms"));
    response_free(&r);
    ask(server.port, "", "{\"model\":\"classes\",\"seed\":1,\"sampler\":{\"steps\":1}}", 200, &r);
    response_free(&r);
    SAYS(server.port, "/v1/models/classes", 200, "\"state\":\"loaded\"", "\"call_ms\":");
    SAYS(server.port, "/v1/models", 200, "\"name\":\"tiny\"", "\"state\":\"unloaded\"");
    assert_true(ask_once(server.port, "DELETE", "/v1/models/bell", "", NULL, &r));
    assert_int_equal(r.status, 403);
    assert_non_null(strstr(r.body, "\"title\":\"Forbidden\""));
    assert_non_null(strstr(r.body, "\\\"bell\\\" was put there by who runs this service"));
    response_free(&r);
    assert_true(ask_once(server.port, "PUT", "/v1/models/bell", "", "", &r));
    assert_int_equal(r.status, 405);
    char allow[64];
    assert_true(response_header(&r, "Allow", allow, sizeof allow));
    assert_string_equal(allow, "GET, HEAD, DELETE, OPTIONS");
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Its items are decoded with it, so that the whole of it waits for the files. */
static void a_batch_may_be_the_first_to_ask(void **state) {
    (void)state;
    struct test_server server;
    struct response alone, r;
    START(&server, "--models", folder);
    assert_true(ask_once(server.port, "POST", "/v1/batch", "",
                         "{\"requests\":[{\"path\":\"/v1/sample\",\"body\":" TINY "}]}", &r));
    ask(server.port, "", TINY, 200, &alone);
    if (!strstr(r.body, alone.body))
        fail_msg("%.300s", r.body);
    response_free(&alone), response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_rescan_tells_what_changed(void **state) {
    (void)state;
    static const char SAME[] =
        "{\"models\":3,\"appeared\":[],\"changed\":[],\"vanished\":[],\"bad\":[{\"name\":\"broken\",";
    struct test_server server;
    struct response before, after;
    START(&server, "--models", folder);
    ask(server.port, "", TINY, 200, &before);
    rescan(server.port, SAME);
    assert_true(metric_becomes(server.port, "solvent_models_loaded", 1)); /* what is the same stays */
    shell("mv tiny gone && cp -r classes tiny && rm bell.json && touch classes/config.json");
    rescan(server.port,
           "{\"models\":3,\"appeared\":[{\"name\":\"gone\"}],\"changed\":[{\"name\":\"classes\"},{\"name\":\"tiny\"}],"
           "\"vanished\":[{\"name\":\"bell\"}],\"bad\":[{\"name\":\"broken\",");
    rescan(server.port, SAME);
    assert_true(metric_becomes(server.port, "solvent_models_loaded", 0)); /* nobody had it any more */
    assert_true(metric_becomes(server.port, "solvent_model_memory_bytes", 0));
    ask(server.port, "", TINY, 200, &after);
    assert_string_not_equal(after.body, before.body);
    response_free(&after);
    ask(server.port, "", "{\"model\":\"gone\",\"seed\":0,\"noise\":\"torch\",\"sampler\":{\"steps\":2}}", 200, &after);
    assert_string_equal(strstr(after.body, "\"samples\""), strstr(before.body, "\"samples\""));
    response_free(&after), response_free(&before);
    ask(server.port, "", "{\"model\":\"bell\"}", 422, &after);
    response_free(&after);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* A stream of more events than fit between, of which only the first is read: its request runs until read_rest. */
struct running {
    struct client client;
    struct response response;
};

static void begin_long(int port, const char *model, struct running *r) {
    char body[200], text[500];
    snprintf(body, sizeof body, "{\"model\":\"%s\",\"seed\":3,\"count\":30,\"preview\":30,\"sampler\":{\"steps\":60}}",
             model);
    snprintf(text, sizeof text,
             "POST /v1/sample HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    assert_true(client_open(&r->client, port));
    assert_true(client_send(&r->client, text));
    assert_true(client_head(&r->client, &r->response));
    assert_int_equal(r->response.status, 200);
    assert_true(client_chunk(&r->client, &r->response));
}

/* read_rest returns what the last event tells; the caller frees it. */
static char *read_rest(struct running *r) {
    while (client_chunk(&r->client, &r->response))
        ;
    assert_true(r->response.whole);
    const char *done = strstr(r->response.body, "event: done\ndata: ");
    if (!done)
        fail_msg("%.200s", r->response.body + (r->response.n > 200 ? r->response.n - 200 : 0));
    char *answer = strdup(done);
    response_free(&r->response);
    client_close(&r->client);
    return answer;
}

/* A request that runs, and one that was read and waits for the only worker, end with the network that they named. */
static void what_is_replaced_lives_to_the_end(void **state) {
    (void)state;
    struct test_server server;
    struct running running;
    struct client waiting;
    struct response want, before, after;
    char text[300];
    START(&server, "--models", folder, "--workers", "1");
    ask(server.port, "", "{\"model\":\"tiny\",\"seed\":3,\"count\":30,\"sampler\":{\"steps\":60}}", 200, &want);
    ask(server.port, "", TINY, 200, &before);
    begin_long(server.port, "tiny", &running);
    snprintf(text, sizeof text,
             "POST /v1/sample HTTP/1.1\r\nHost: x\r\nCache-Control: no-cache\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(TINY) + 1, TINY " ");
    assert_true(client_open(&waiting, server.port));
    assert_true(client_send(&waiting, text));
    assert_true(await_metric(server.port, "solvent_queue_length", 1, 10000));
    shell("rm -r tiny && cp -r classes tiny");
    kill(server.pid, SIGHUP);
    assert_true(server_logged(&server, "1 changed", 10000));
    char *got = read_rest(&running);
    assert_non_null(strstr(got, want.body));
    assert_true(client_read(&waiting, &after, false));
    assert_string_equal(after.body, before.body);
    response_free(&after);
    client_close(&waiting);
    ask(server.port, "", TINY, 200, &after);
    assert_string_not_equal(after.body, before.body);
    response_free(&after), response_free(&before);
    assert_true(metric_becomes(server.port, "solvent_models_loaded", 1));
    free(got);
    response_free(&want);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Weights that are no numbers are found when they are read: a sentence then, and in every list. */
static void a_bad_number_is_found_late(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    put_network("spoilt", 0, 0, 7);
    START(&server, "--models", folder);
    SAYS(server.port, "/v1/models/spoilt", 200, "\"state\":\"unloaded\"");
    for (int round = 0; round < 2; round++) {
        ask(server.port, "", "{\"model\":\"spoilt\",\"seed\":1,\"sampler\":{\"steps\":2}}", 422, &r);
        if (!strstr(r.body, "\"pointer\":\"/model\"") ||
            !strstr(r.body, " has NaN as its number 0, want a finite one."))
            fail_msg("%s", r.body);
        response_free(&r);
    }
    SAYS(server.port, "/v1/models", 200, "\"bad\":[{\"name\":\"broken\"", "{\"name\":\"spoilt\",\"why\":\"The tensor ");
    SAYS(server.port, "/v1/models/spoilt", 404, "left out: The tensor ");
    ask(server.port, "", TINY, 200, &r); /* the others go on */
    response_free(&r);
    shell("rm -r spoilt && cp -r tiny spoilt");
    rescan(server.port, "\"appeared\":[{\"name\":\"spoilt\"}]");
    ask(server.port, "", "{\"model\":\"spoilt\",\"seed\":1,\"sampler\":{\"steps\":2}}", 200, &r);
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void other_files_than_were_found_are_not_read(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--models", folder);
    shell("rm -r tiny && cp -r classes tiny");
    ask(server.port, "", TINY, 422, &r);
    assert_non_null(strstr(r.body, "Its files are not those that were found; POST /v1/models/rescan"));
    response_free(&r);
    rescan(server.port, "\"appeared\":[{\"name\":\"tiny\"}]");
    ask(server.port, "", TINY, 200, &r);
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* need is the bytes that a model's weights take. */
static long need(int port, const char *path) {
    struct response r;
    get(port, path, 200, &r);
    const char *at = strstr(r.body, "\"bytes\":");
    assert_non_null(at);
    long bytes = strtol(at + strlen("\"bytes\":"), NULL, 10);
    response_free(&r);
    return bytes;
}

#define CLASSES "{\"model\":\"classes\",\"seed\":1,\"class\":1,\"sampler\":{\"steps\":2}}"

/* measure_needs: with so much memory there is room for either, and not for both. */
static void measure_needs(char memory[24]) {
    struct test_server server;
    START(&server, "--models", folder);
    long a = need(server.port, "/v1/models/tiny"), b = need(server.port, "/v1/models/classes");
    snprintf(memory, 24, "%ld", a + b - 1);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void who_was_not_asked_for_longest_makes_room(void **state) {
    (void)state;
    char memory[24];
    struct test_server server;
    struct response first[2], r;
    measure_needs(memory);
    START(&server, "--models", folder, "--model-memory", memory, "--cache-bytes", "0");
    ask(server.port, "", TINY, 200, &first[0]);
    ask(server.port, "", CLASSES, 200, &first[1]);
    for (int round = 0; round < 2; round++) {
        SAYS(server.port, "/v1/models/tiny", 200, "\"state\":\"unloaded\"", "\"call_ms\":");
        SAYS(server.port, "/v1/models/classes", 200, "\"state\":\"loaded\"");
        ask(server.port, "", TINY, 200, &r);
        assert_string_equal(r.body, first[0].body);
        response_free(&r);
        ask(server.port, "", TINY, 200, &r); /* it stays */
        response_free(&r);
        SAYS(server.port, "/v1/models/tiny", 200, "\"state\":\"loaded\"");
        ask(server.port, "", CLASSES, 200, &r);
        assert_string_equal(r.body, first[1].body);
        response_free(&r);
    }
    assert_true(metric(server.port, "solvent_model_loads_total") == 6);
    assert_true(metric_becomes(server.port, "solvent_models_loaded", 1));
    response_free(&first[0]), response_free(&first[1]);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Of three there is room for two: the one that was asked for again stays. */
static void who_was_asked_again_stays(void **state) {
    (void)state;
    char memory[24];
    struct test_server server;
    struct response r;
    measure_needs(memory);
    snprintf(memory, sizeof memory, "%ld", strtol(memory, NULL, 10) / 4 * 5);
    shell("cp -r tiny third");
    START(&server, "--models", folder, "--model-memory", memory, "--cache-bytes", "0");
    static const char *const bodies[] = {
        TINY, CLASSES, TINY, "{\"model\":\"third\",\"seed\":0,\"noise\":\"torch\",\"sampler\":{\"steps\":2}}"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        ask(server.port, "", bodies[i], 200, &r);
        response_free(&r);
    }
    SAYS(server.port, "/v1/models/tiny", 200, "\"state\":\"loaded\"");
    SAYS(server.port, "/v1/models/classes", 200, "\"state\":\"unloaded\"");
    SAYS(server.port, "/v1/models/third", 200, "\"state\":\"loaded\"");
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* What is in use stays, and who wants its room waits for it; but not who holds some of it himself. */
static void what_is_in_use_stays(void **state) {
    (void)state;
    static const char BOTH[] =
        "{\"model\":\"tiny\",\"seed\":1,\"guidance\":{\"model\":\"classes\"},\"sampler\":{\"steps\":2}}";
    char memory[24];
    struct test_server server;
    struct running running;
    struct client waiting;
    struct response r;
    char text[300];
    measure_needs(memory);
    START(&server, "--models", folder, "--model-memory", memory, "--workers", "3");
    begin_long(server.port, "tiny", &running);
    snprintf(text, sizeof text, "POST /v1/sample HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", strlen(CLASSES),
             CLASSES);
    assert_true(client_open(&waiting, server.port));
    assert_true(client_send(&waiting, text));
    ask(server.port, "", BOTH, 503, &r);
    assert_non_null(strstr(r.body, "leave no room for classes beside them"));
    response_free(&r);
    SAYS(server.port, "/v1/models/tiny", 200, "\"state\":\"loaded\"");
    free(read_rest(&running));
    assert_true(client_read(&waiting, &r, false));
    assert_int_equal(r.status, 200);
    response_free(&r);
    client_close(&waiting);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void more_than_all_the_memory_is_named(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--models", folder, "--model-memory", "1000");
    ask(server.port, "", TINY, 413, &r);
    if (!strstr(r.body, "\"pointer\":\"/model\"") ||
        !strstr(r.body, " may take 1000 (the server's option --model-memory)."))
        fail_msg("%s", r.body);
    response_free(&r);
    SAYS(server.port, "/v1/models/tiny", 200, "\"state\":\"unloaded\""); /* it is not bad */
    ask(server.port, "", "{\"model\":\"bell\",\"seed\":1}", 200, &r);
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* The first request reads the model's files; with the digest the answer has a tag, and may be an item of a batch. */
static void images_are_asked_for(void **state) {
    (void)state;
    static const char ROUTE[] = "/v1/images/generations",
                      IMAGE[] = "{\"model\":\"classes\",\"prompt\":\"1\",\"n\":2,\"seed\":3,\"steps\":2}";
    struct test_server server;
    struct response r, model, tagged, same;
    char body[300], header[120] = "If-None-Match: ", batch[500];
    START(&server, "--models", folder);
    assert_true(ask_once(server.port, "POST", ROUTE, "", IMAGE, &r));
    if (r.status != 200 || !strstr(r.body, "{\"created\":0,\"data\":[{\"b64_json\":\"iVBORw0KGgo"))
        fail_msg("%d %s", r.status, r.body);
    get(server.port, "/v1/models/classes", 200, &model);
    const char *digest = strstr(model.body, "\"digest\":\"");
    assert_non_null(digest);
    snprintf(body, sizeof body, "{\"model\":\"classes@%.32s\",\"prompt\":\"1\",\"n\":2,\"seed\":3,\"steps\":2}",
             digest + strlen("\"digest\":\""));
    assert_true(ask_once(server.port, "POST", ROUTE, "", body, &tagged));
    assert_string_equal(tagged.body, r.body);
    assert_true(response_header(&tagged, "ETag", header + strlen(header), 80));
    strcat(header, "\r\n");
    assert_true(ask_once(server.port, "POST", ROUTE, header, body, &same));
    assert_int_equal(same.status, 304);
    response_free(&same);
    snprintf(batch, sizeof batch, "{\"requests\":[{\"path\":\"%s\",\"body\":%s}]}", ROUTE, body);
    assert_true(ask_once(server.port, "POST", "/v1/batch", "", batch, &same));
    assert_non_null(strstr(same.body, r.body));
    response_free(&same), response_free(&tagged), response_free(&model), response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* What is refused before there is a call has the form of those clients, too. */
static void refusals_have_the_clients_form(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--models", folder, "--max-body", "10");
    assert_true(
        ask_once(server.port, "POST", "/v1/images/generations", "", "{\"model\":\"tiny\",\"prompt\":\"\"}", &r));
    assert_int_equal(r.status, 413);
    assert_non_null(strstr(r.body, ",\"error\":{\"message\":\"The body is larger than the 10 bytes"));
    assert_non_null(strstr(r.body, "\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"body_too_large\"}}"));
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, fresh_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(one_is_told_of),
        WITH_FOLDER(a_batch_may_be_the_first_to_ask),
        WITH_FOLDER(a_rescan_tells_what_changed),
        WITH_FOLDER(what_is_replaced_lives_to_the_end),
        WITH_FOLDER(a_bad_number_is_found_late),
        WITH_FOLDER(other_files_than_were_found_are_not_read),
        WITH_FOLDER(who_was_not_asked_for_longest_makes_room),
        WITH_FOLDER(who_was_asked_again_stays),
        WITH_FOLDER(what_is_in_use_stays),
        WITH_FOLDER(more_than_all_the_memory_is_named),
        WITH_FOLDER(images_are_asked_for),
        WITH_FOLDER(refusals_have_the_clients_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
