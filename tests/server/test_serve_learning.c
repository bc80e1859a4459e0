/* Models that a service learns from what it is sent, through the socket: a table, points, images; their events, what they
 * draw, and that they are still there after a restart. */
#include "tests/server/job_client.h"

static void make_models(char path[64]) {
    strcpy(path, "/tmp/solvent-learning-XXXXXX");
    assert_non_null(mkdtemp(path));
}

static void remove_models(const char *path) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", path);
    assert_int_equal(system(command), 0);
}

#define NETWORK "\"options\":{\"steps\":30,\"batch\":4,\"hidden_size\":8,\"time_size\":8,\"warmup\":2}}"

static const struct {
    const char *name, *request, *result;
} MODELS[] = {
    {"coins",
     "{\"name\":\"coins\",\"csv\":\"side,weight\\nheads,5.0\\ntails,5.2\\nheads,\\n\",\"label\":\"side\"," NETWORK,
     "{\"model\":\"coins\",\"kind\":\"table\",\"items\":3,"},
    {"spots", "{\"name\":\"spots\",\"data\":[[0,1],[2,3],[4,5.5]]," NETWORK,
     "{\"model\":\"spots\",\"kind\":\"points\",\"items\":3,"},
    {"tiles",
     "{\"name\":\"tiles\",\"file\":\"AAAIAwAAAAIAAAACAAAAAgD/"
     "AwQBAgME\",\"labels_file\":\"AAAIAQAAAAIAAQ==\",\"options\":{"
     "\"steps\":2,\"batch\":2,\"block_out_channels\":[8],\"norm_num_groups\":4}}",
     "{\"model\":\"tiles\",\"kind\":\"images\",\"items\":2,"},
    {"halves",
     "{\"name\":\"halves\",\"data\":[[0,1],[2,3],[4,5.5]],\"options\":{\"dtype\":\"f16\",\"steps\":30,\"batch\":1,"
     "\"hidden_size\":8,\"time_size\":8}}",
     "{\"model\":\"halves\",\"kind\":\"points\",\"items\":3,"},
};

/* answer_of wants 200, and gives the body. */
static char *answer_of(int port, const char *path, const char *body) {
    struct response r;
    assert_true(ask_once(port, "POST", path, "", body, &r));
    if (r.status != 200)
        fail_msg("%s: %d %s", body, r.status, r.body);
    return r.body;
}

/* follow reads all events of a job, to its end. */
static char *follow(int port, const char *id) {
    struct response r;
    char path[128];
    path_of(path, id, "/events");
    assert_true(ask_once(port, "GET", path, "", NULL, &r));
    assert_int_equal(r.status, 200);
    return r.body;
}

/* learn makes all models, one job each. */
static void learn(int port, job_id ids[COUNT(MODELS)]) {
    for (size_t i = 0; i < COUNT(MODELS); i++)
        submit(port, "/v1/models", "", MODELS[i].request, ids[i]);
    for (size_t i = 0; i < COUNT(MODELS); i++) {
        char *events = follow(port, ids[i]);
        const char *step = strstr(events, "event: step\ndata: {\"step\":1,\"steps\":"),
                   *done = strstr(events, "event: done");
        if (!step || !done || step > done || !strstr(done, MODELS[i].result))
            fail_msg("%s: %s", MODELS[i].name, events);
        /* of a batch of one the loss is scaled too much at first, and the gradient has no norm */
        assert_int_equal(strstr(events, "\"norm\":null}") != NULL, !strcmp(MODELS[i].name, "halves"));
        free(events);
    }
}

/* draw asks each model for something that only it can give. */
static void draw(int port, char *drawn[COUNT(MODELS)]) {
    drawn[0] =
        answer_of(port, "/v1/sample/rows", "{\"model\":\"coins\",\"count\":3,\"seed\":1,\"given\":{\"weight\":5.1}}");
    assert_non_null(strstr(drawn[0], "\"weight\":[5.1,5.1,5.1]"));
    drawn[1] = answer_of(port, "/v1/sample", "{\"model\":\"spots\",\"count\":2,\"seed\":1}");
    assert_non_null(strstr(drawn[1], "\"shape\":[2,2]"));
    drawn[2] = answer_of(port, "/v1/sample", "{\"model\":\"tiles\",\"class\":1,\"seed\":1,\"sampler\":{\"steps\":2}}");
    assert_non_null(strstr(drawn[2], "\"shape\":[1,4]"));
    drawn[3] = answer_of(port, "/v1/sample", "{\"model\":\"halves\",\"count\":2,\"seed\":1}");
    assert_non_null(strstr(drawn[3], "\"shape\":[2,2]"));
}

static void what_is_sent_is_learnt_and_stays(void **state) {
    (void)state;
    struct test_server server;
    struct folder folder;
    char models[64], *before[COUNT(MODELS)], *after[COUNT(MODELS)];
    job_id ids[COUNT(MODELS)];
    folder_make(&folder);
    make_models(models);
    START(&server, "--jobs-db", folder.db, "--models", models, "--kernels", "ref");
    learn(server.port, ids);
    draw(server.port, before);
    refuse(server.port, "/v1/models", "", MODELS[0].request, 409, "another model coins already");
    assert_int_equal(server_end(&server, SIGTERM), 0);
    START(&server, "--jobs-db", folder.db, "--models", models, "--kernels", "ref");
    draw(server.port, after);
    for (size_t i = 0; i < COUNT(MODELS); i++) {
        assert_string_equal(before[i], after[i]);
        free(before[i]), free(after[i]);
        json_t *tree = await_state(server.port, ids[i], "done"); /* the job's report outlives the process, too */
        assert_string_equal(text_of(json_object_get(tree, "result"), "model"), MODELS[i].name);
        json_decref(tree);
    }
    assert_int_equal(server_end(&server, SIGTERM), 0);
    folder_remove(&folder);
    remove_models(models);
}

/* A job that is cancelled leaves no model, and its name is free. */
static void a_job_that_is_deleted_leaves_nothing(void **state) {
    (void)state;
    struct test_server server;
    struct folder folder;
    struct response r;
    char models[64], path[128], request[400];
    job_id id;
    folder_make(&folder);
    make_models(models);
    START(&server, "--jobs-db", folder.db, "--models", models);
    snprintf(request, sizeof request, "{\"name\":\"long\",\"data\":[[0,1],[2,3]],\"options\":{\"steps\":100000000}}");
    submit(server.port, "/v1/models", "", request, id);
    expect_state(server.port, id, "running");
    path_of(path, id, "");
    assert_true(ask_once(server.port, "DELETE", path, "", NULL, &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
    expect_state(server.port, id, "cancelled");
    assert_true(ask_once(server.port, "GET", "/v1/models/long", "", NULL, &r));
    assert_int_equal(r.status, 404);
    response_free(&r);
    submit(server.port, "/v1/models", "", "{\"name\":\"long\",\"data\":[[0,1],[2,3]]," NETWORK, id);
    expect_state(server.port, id, "done");
    assert_int_equal(server_end(&server, SIGTERM), 0);
    folder_remove(&folder);
    remove_models(models);
}

/* remove_model wants a status, and words in the answer. */
static void remove_model(int port, const char *name, int status, const char *words) {
    struct response r;
    char path[128];
    snprintf(path, sizeof path, "/v1/models/%s", name);
    assert_true(ask_once(port, "DELETE", path, "", NULL, &r));
    if (r.status != status || !strstr(r.body, words))
        fail_msg("%s: %d %s", name, r.status, r.body);
    response_free(&r);
}

#define SPOTS(data, more) "{\"name\":\"spots\",\"data\":" data "," more NETWORK

/* make asks for a model, and waits for it. */
static void make(int port, const char *request) {
    job_id id;
    submit(port, "/v1/models", "", request, id);
    expect_state(port, id, "done");
}

static char *draw_spots(int port) {
    return answer_of(port, "/v1/sample", "{\"model\":\"spots\",\"count\":2,\"seed\":1}");
}

/* A model goes, and comes again; answers that were remembered are those of its own bytes. */
static void what_was_learnt_can_be_removed_and_replaced(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    char models[64];
    make_models(models);
    START(&server, "--models", models, "--kernels", "ref");
    make(server.port, SPOTS("[[0,1],[2,3]]", ""));
    char *first = draw_spots(server.port), *same = draw_spots(server.port);
    assert_string_equal(first, same);
    assert_true(ask_once(server.port, "GET", "/v1/models", "", NULL, &r));
    assert_non_null(strstr(r.body, "\"made\":true"));
    response_free(&r);
    refuse(server.port, "/v1/models", "", SPOTS("[[5,6],[7,8]]", ""), 409, "\"pointer\":\"/name\"");
    remove_model(server.port, "spots", 200, "{\"name\":\"spots\",\"in_use\":false}");
    remove_model(server.port, "spots", 404, "There is no model \\\"spots\\\"");
    refuse(server.port, "/v1/sample", "", "{\"model\":\"spots\",\"count\":2,\"seed\":1}", 422, "spots");
    make(server.port, SPOTS("[[5,6],[7,8]]", ""));
    char *other = draw_spots(server.port);
    assert_string_not_equal(first, other);
    make(server.port, SPOTS("[[0,1],[2,3]]", "\"replace\":true,"));
    char *again = draw_spots(server.port);
    assert_string_equal(first, again);
    free(first), free(same), free(other), free(again);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    remove_models(models);
}

/* A name belongs to the job that makes a model of it, until that has ended. */
static void a_job_keeps_its_models_name(void **state) {
    (void)state;
    struct test_server server;
    char models[64], words[128];
    job_id id;
    make_models(models);
    START(&server, "--models", models);
    submit(server.port, "/v1/models", "",
           "{\"name\":\"long\",\"data\":[[0,1],[2,3]],\"options\":{\"steps\":100000000}}", id);
    snprintf(words, sizeof words, "The job %s makes the model", id);
    remove_model(server.port, "long", 409, words);
    refuse(server.port, "/v1/models", "", "{\"name\":\"long\",\"data\":[[0,1],[2,3]],\"replace\":true}", 409, words);
    cancel_job(server.port, id, "cancelled");
    remove_model(server.port, "long", 404, "There is no model");
    make(server.port, "{\"name\":\"long\",\"data\":[[0,1],[2,3]]," NETWORK);
    remove_model(server.port, "long", 200, "\"in_use\":false");
    assert_int_equal(server_end(&server, SIGTERM), 0);
    remove_models(models);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_learnt_and_stays),
        cmocka_unit_test(a_job_that_is_deleted_leaves_nothing),
        cmocka_unit_test(what_was_learnt_can_be_removed_and_replaced),
        cmocka_unit_test(a_job_keeps_its_models_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
