/* Models that learn from what a request brings: from a CSV to rows that are like it, and on after a stop. */
#include <jansson.h>
#include <math.h>

#include "tests/support/host.h"
#include "tests/support/made_model.h"
#include "tests/support/test.h"

static void begin(struct made_model *m) {
    made_model_begin(m);
    made_model_keep(m);
}

/* What is learnt: x is near 0 for "low" and near 10 for "high", which are three quarters; `n` is missing for every
 * fifth; `tag` goes with x. */
enum { ROWS = 80 };
static void write_table(struct buf *out) {
    buf_text(out, "x,n,tag,side\\n");
    for (int i = 0; i < ROWS; i++) {
        const bool high = i % 4 != 0;
        buf_printf(out, "%d.%d,", high ? 10 : 0, i % 7);
        if (i % 5)
            buf_printf(out, "%d", 100 + i % 3);
        buf_printf(out, ",%s,%s\\n", high ? "up" : "down", high ? "high" : "low");
    }
}

enum { STEPS = 300 };

static char *request_of(void) {
    struct buf out;
    buf_init(&out, 1 << 16);
    buf_text(&out, "{\"name\":\"new\",\"csv\":\"");
    write_table(&out);
    buf_text(&out, "\",\"label\":\"side\",\"options\":{\"steps\":300,\"batch\":40,\"hidden_size\":24,\"num_blocks\":1,"
                   "\"time_size\":16,\"lr\":0.01,\"warmup\":10}}");
    buf_byte(&out, '\0');
    return out.data;
}

static void learn(struct made_model *m) {
    char *request = request_of();
    made_model_learn(m, request);
    free(request);
}

static json_t *rows(struct made_model *m, const char *more) {
    char request[400];
    snprintf(request, sizeof request, "{\"model\":\"made\",\"seed\":3,\"steps\":8%s}", more);
    return made_model_json(m, "/v1/sample/rows", request);
}

static json_t *column(const json_t *answer, const char *name) {
    return json_object_get(json_object_get(answer, "columns"), name);
}

static void rows_are_like_those_learnt(void **state) {
    (void)state;
    struct made_model m;
    begin(&m);
    learn(&m);
    json_t *answer = rows(&m, ",\"count\":200"), *x = column(answer, "x"), *n = column(answer, "n");
    json_t *tag = column(answer, "tag"), *side = column(answer, "side");
    size_t high = 0, missing = 0, agree = 0;
    for (size_t i = 0; i < 200; i++) {
        const bool is_high = !strcmp(json_string_value(json_array_get(side, i)), "high");
        const double v = json_number_value(json_array_get(x, i));
        high += is_high;
        agree += is_high == (v > 5) && is_high == !strcmp(json_string_value(json_array_get(tag, i)), "up");
        assert_true(v >= 0 && v <= 10.6 && round(10 * v) / 10 == v);
        if (json_is_null(json_array_get(n, i)))
            missing++;
        else
            assert_in_range(json_integer_value(json_array_get(n, i)), 100, 102);
    }
    assert_in_range(high, 148, 152); /* three quarters, not about that */
    assert_in_range(agree, 190, 200);
    assert_in_range(missing, 10, 90); /* 40 are expected */
    json_decref(answer);
    made_model_end(&m);
}

static void fewer_rows_are_the_first_of_more(void **state) {
    (void)state;
    struct made_model m;
    begin(&m);
    learn(&m);
    json_t *few = rows(&m, ",\"count\":7"), *many = rows(&m, ",\"count\":30");
    static const char *const NAMES[] = {"x", "n", "tag", "side"};
    for (size_t k = 0; k < COUNT(NAMES); k++)
        for (size_t i = 0; i < 7; i++)
            assert_true(
                json_equal(json_array_get(column(few, NAMES[k]), i), json_array_get(column(many, NAMES[k]), i)));
    json_decref(few);
    json_decref(many);
    made_model_end(&m);
}

static void a_label_is_what_was_asked_for(void **state) {
    (void)state;
    struct made_model m;
    begin(&m);
    learn(&m);
    json_t *answer = rows(&m, ",\"count\":30,\"label\":\"low\"");
    size_t low = 0;
    for (size_t i = 0; i < 30; i++) {
        assert_string_equal(json_string_value(json_array_get(column(answer, "side"), i)), "low");
        low += json_number_value(json_array_get(column(answer, "x"), i)) < 5;
    }
    assert_in_range(low, 28, 30);
    json_decref(answer);
    made_model_end(&m);
}

static void a_csv_has_the_same_rows(void **state) {
    (void)state;
    struct made_model m;
    begin(&m);
    learn(&m);
    json_t *columns = rows(&m, ",\"count\":3"), *text = rows(&m, ",\"count\":3,\"format\":\"csv\"");
    char want[400] = "x,n,tag,side\n";
    for (size_t i = 0; i < 3; i++) {
        const json_t *n = json_array_get(column(columns, "n"), i);
        char number[32] = "";
        if (!json_is_null(n))
            snprintf(number, sizeof number, "%d", (int)json_integer_value(n));
        snprintf(want + strlen(want), 100, "%.1f,%s,%s,%s\n",
                 json_number_value(json_array_get(column(columns, "x"), i)), number,
                 json_string_value(json_array_get(column(columns, "tag"), i)),
                 json_string_value(json_array_get(column(columns, "side"), i)));
    }
    assert_string_equal(json_string_value(json_object_get(text, "csv")), want);
    json_decref(columns);
    json_decref(text);
    made_model_end(&m);
}

/* -- Jobs -- */

/* A job that keeps its checkpoint, and is stopped by the k-th. */
struct made_job {
    struct call_job job; /* first */
    struct buf kept;
    atomic_int stop;
    int left, saves;
    double share;
};

static void share(struct call_job *self, double part) { ((struct made_job *)self)->share = part; }

static bool save(struct call_job *self, const void *p, size_t n) {
    struct made_job *j = (struct made_job *)self;
    buf_clear(&j->kept);
    buf_add(&j->kept, p, n);
    j->saves++;
    if (--j->left == 0)
        atomic_store(&j->stop, STOP_CANCEL);
    return true;
}

static bool saved(struct call_job *self, struct buf *out) {
    struct made_job *j = (struct made_job *)self;
    buf_add(out, j->kept.data, j->kept.n);
    return j->kept.n > 0;
}

static enum status run_job(struct made_model *m, struct made_job *j, char **answer) {
    char *request = request_of();
    struct call call;
    struct buf out;
    buf_init(&out, 1 << 16);
    call_init(&call, test_endpoint("POST", "/v1/models"), &m->host);
    call.request = (struct request){.query = "", .body = request, .n = strlen(request)};
    call.job = &j->job;
    call.ctx.stop = &j->stop;
    assert_int_equal(call_decode(&call), STATUS_OK);
    enum status status = call_run(&call);
    if (status == STATUS_OK)
        assert_int_equal(call_encode(&call, MEDIA_JSON, &out), STATUS_OK);
    buf_byte(&out, '\0');
    *answer = out.data;
    call_release(&call);
    free(request);
    return status;
}

/* stopped_after lets a job be stopped after so many checkpoints, and go on to the end. */
static char *stopped_after(struct made_model *m, int checkpoints, int *saves) {
    struct made_job j = {.job = {share, save, saved}, .left = checkpoints};
    char *answer;
    buf_init(&j.kept, 1 << 26);
    if (checkpoints) {
        assert_int_equal(run_job(m, &j, &answer), STATUS_CANCELLED);
        assert_true(j.share > 0 && j.share < 1);
        free(answer);
        atomic_store(&j.stop, STOP_NONE);
    }
    assert_int_equal(run_job(m, &j, &answer), STATUS_OK);
    assert_true(j.share == 1);
    *saves = j.saves;
    buf_release(&j.kept);
    return answer;
}

static void a_stopped_job_goes_on_to_the_same_bytes(void **state) {
    (void)state;
    struct made_model once, twice;
    begin(&once), begin(&twice);
    int saves[2];
    char *a = stopped_after(&once, 0, &saves[0]), *b = stopped_after(&twice, 11, &saves[1]);
    assert_int_equal(saves[0], saves[1]); /* no step was taken twice */
    assert_string_equal(a, b);
    assert_int_equal(once.folder.n, 5);
    assert_int_equal(twice.folder.n, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(once.folder.list[i].path, twice.folder.list[i].path);
        assert_int_equal(once.folder.list[i].n, twice.folder.list[i].n);
        assert_memory_equal(once.folder.list[i].bytes, twice.folder.list[i].bytes, once.folder.list[i].n);
    }
    free(a);
    free(b);
    made_model_end(&once);
    made_model_end(&twice);
}

/* steps_clock has three seconds pass with each step. */
static int64_t steps_clock(void *self) {
    const struct made_job *j = self;
    return (int64_t)(j->share * STEPS + 0.5) * INT64_C(3000000000);
}

/* Where a step takes long, a checkpoint is kept after each. */
static void slow_steps_are_kept_each(void **state) {
    (void)state;
    struct made_model m;
    struct made_job j = {.job = {share, save, saved}};
    char *answer;
    begin(&m);
    buf_init(&j.kept, 1 << 26);
    assert_int_equal(run_job(&m, &j, &answer), STATUS_OK);
    assert_true(j.saves < STEPS / 2);
    free(answer);
    j = (struct made_job){.job = j.job, .kept = j.kept};
    buf_clear(&j.kept);
    m.host.now_ns = steps_clock;
    m.host.self = &j;
    assert_int_equal(run_job(&m, &j, &answer), STATUS_OK);
    assert_int_equal(j.saves, STEPS);
    free(answer);
    buf_release(&j.kept);
    made_model_end(&m);
}

/* A table.json is held against the network beside it. */
static void a_table_has_to_fit_its_network(void **state) {
    (void)state;
    struct made_model m;
    struct error why;
    begin(&m);
    learn(&m);
    made_files_text(&m.folder, "table.json",
                    "{\"rows\":1,\"columns\":[{\"name\":\"a\",\"kind\":\"numeric\",\"low\":0,\"high\":1,\"mean\":0,"
                    "\"std\":1,\"decimals\":0}]}");
    assert_null(model_load(&m.folder.files, m.isa, GRAPH_F32, 1 << 24, &why));
    assert_non_null(strstr(why.detail, "1 features and 0 classes"));
    made_files_text(&m.folder, "table.json", "{\"rows\":1}");
    assert_null(model_load(&m.folder.files, m.isa, GRAPH_F32, 1 << 24, &why));
    assert_non_null(strstr(why.detail, "columns"));
    made_model_end(&m);
}

/* Its columns are listed, for those who want to ask for a label. */
static void columns_are_listed(void **state) {
    (void)state;
    char *text = test_get("/v1/models/coins", NULL);
    assert_non_null(strstr(
        text,
        "\"columns\":{\"side\":[\"heads\",\"tails\"],\"weight\":\"numeric\",\"thrown\":\"integer\"},\"given\":true,"));
    free(text);
}

/* -- Points and images, and what is refused -- */

static void points_and_images_are_learnt(void **state) {
    (void)state;
    static const struct test_row ROWS_OF[] = {
        {"{\"name\":\"p\",\"data\":[[1,2.5],[3,4],[5,6]],\"labels\":[0,2,1],\"options\":{\"steps\":1,\"batch\":2,"
         "\"hidden_size\":8,\"time_size\":4,\"num_blocks\":1}}",
         "\"kind\":\"points\",\"items\":3,\"features\":2,"},
        {"{\"name\":\"i\",\"data\":[[[0,255],[3,4]],[[1,2],[3,4]]],\"options\":{\"steps\":1,\"batch\":1,"
         "\"block_out_channels\":[8],\"norm_num_groups\":4}}",
         "\"kind\":\"images\",\"items\":2,\"features\":4,"},
        {"{\"name\":\"t\",\"csv\":\"a,b\\n1,0.5\\n0,1\\n,2\\n\",\"label\":\"a\",\"options\":{\"steps\":1,\"batch\":1,"
         "\"hidden_size\":8,\"time_size\":4,\"num_blocks\":1}}",
         "\"kind\":\"table\",\"items\":3,\"features\":4,"}};
    for (size_t i = 0; i < COUNT(ROWS_OF); i++) {
        int http;
        char *text = test_post("/v1/models", ROWS_OF[i].request, &http);
        if (http != 200 || !strstr(text, ROWS_OF[i].answer))
            fail_msg("%d %s", http, text);
        free(text);
    }
}

/* What is held out is not learnt from, and the model is judged by it. */
static void what_is_held_out_is_judged(void **state) {
    (void)state;
    static const char *const HELD[] = {"", ",\"held_out\":0.25"};
    for (int held = 0; held < 2; held++) {
        int http;
        char request[400];
        snprintf(request, sizeof request,
                 "{\"name\":\"h\",\"data\":[[1,2],[3,1],[2,2],[0,1],[1,1],[2,0],[3,3],[0,0]],\"options\":{\"steps\":3,"
                 "\"batch\":4,\"hidden_size\":8,\"num_blocks\":1,\"time_size\":4%s}}",
                 HELD[held]);
        char *text = test_post("/v1/models", request, &http);
        const char *loss = strstr(text, "\"held_out_loss\":");
        assert_int_equal(http, 200);
        assert_non_null(strstr(text, held ? "\"items\":6," : "\"items\":8,"));
        assert_int_equal(loss != NULL, held);
        assert_true(!held || (atof(loss + 16) > 0.1 && atof(loss + 16) < 10));
        free(text);
    }
}

/* The two images and labels of two classes as IDX, and its points as numpy.save writes them, in base64. */
#define IDX "AAAIAwAAAAIAAAACAAAAAgD/AwQBAgME"
#define IDX_GZIP "H4sIAAAAAAACA2Ng4GBmYGBgguP/zCyMTMwsAEbZUI0YAAAA"
#define IDX_LABELS "AAAIAQAAAAIAAg=="
#define NPY                                                                            \
    "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzog" \
    "KDMsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg" \
    "ICAgICAgIAoAAAAAAADwPwAAAAAAAARAAAAAAAAACEAAAAAAAAAQQAAAAAAAABRAAAAAAAAAGEA="
#define SMALL_NET "\"options\":{\"steps\":1,\"batch\":1,\"block_out_channels\":[8],\"norm_num_groups\":4}}"

static void files_are_learnt(void **state) {
    (void)state;
    static const struct test_row ROWS_OF[] = {
        {"{\"name\":\"i\",\"file\":\"" IDX "\"," SMALL_NET, "\"kind\":\"images\",\"items\":2,\"features\":4,"},
        {"{\"name\":\"i\",\"data\":[[[0,255],[3,4]],[[1,2],[3,4]]]," SMALL_NET, ""},
        {"{\"name\":\"i\",\"file\":\"" IDX_GZIP "\"," SMALL_NET, ""},
        {"{\"name\":\"l\",\"file\":\"" IDX_GZIP "\",\"labels_file\":\"" IDX_LABELS "\"," SMALL_NET,
         "\"kind\":\"images\",\"items\":2,"},
        {"{\"name\":\"l\",\"data\":[[[0,255],[3,4]],[[1,2],[3,4]]],\"labels\":[0,2]," SMALL_NET, ""},
        {"{\"name\":\"p\",\"file\":\"" NPY "\",\"options\":{\"steps\":1,\"batch\":2,\"hidden_size\":8}}",
         "\"kind\":\"points\",\"items\":3,\"features\":2,"}};
    char *before = NULL;
    for (size_t i = 0; i < COUNT(ROWS_OF); i++) {
        int http;
        char *text = test_post("/v1/models", ROWS_OF[i].request, &http);
        if (http != 200 || !strstr(text, ROWS_OF[i].answer))
            fail_msg("%d %s", http, text);
        if (!*ROWS_OF[i].answer) /* the same data, the same loss, however they came */
            assert_string_equal(text, before);
        free(before);
        before = text;
    }
    free(before);
}

/* Another's name is in the way, or is not to be replaced. */
static void a_name_that_is_taken_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *request, *words;
        int http;
    } ROWS_OF[] = {
        {"{\"name\":\"coins\",\"csv\":\"a\\n1\\n2\\n\"}", "another model coins already", 409},
        {"{\"name\":\"coins\",\"csv\":\"a\\n1\\n2\\n\",\"replace\":true}", "did not come by POST /v1/models", 403},
    };
    for (size_t i = 0; i < COUNT(ROWS_OF); i++) {
        int http;
        char *text = test_post("/v1/models", ROWS_OF[i].request, &http);
        if (http != ROWS_OF[i].http || !strstr(text, ROWS_OF[i].words) || !strstr(text, "\"pointer\":\"/name\""))
            fail_msg("%s: %d %s", ROWS_OF[i].request, http, text);
        free(text);
    }
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    static const struct test_refusal ROWS_OF[] = {
        {"{\"name\":\".a\",\"csv\":\"a,b\\n1,x\\n\"}", "\"/name\"", "no '.' first"},
        {"{\"name\":\"a/b\",\"csv\":\"a,b\\n1,x\\n\"}", "\"/name\"", "does not fit"},
        {"{\"name\":\"a\",\"csv\":\"a,b\\n1,x\\n\",\"label\":\"c\"}", "\"/label\"", "no column \\\"c\\\""},
        {"{\"name\":\"a\",\"csv\":\"a\\nx\\n\",\"label\":\"a\"}", "\"/csv\"", "at most 8192"},
        {"{\"name\":\"a\",\"csv\":\"a,b\\n1e31,x\\n\"}", "\"/csv\"", "1e30"},
        {"{\"name\":\"a\",\"csv\":\"a,b\\n1,x\\n\",\"options\":{\"threads\":2}}", "\"/options\"", "threads"},
        {"{\"name\":\"a\",\"csv\":\"a,b\\n1,x\\n\",\"options\":{\"held_out\":0.5,\"keep\":\"best\"}}", "\"/options\"",
         "options has keep, which is for solvent train"},
        {"{\"name\":\"a\",\"csv\":\"a,b\\n1,x\\n\",\"options\":{\"init_from\":\"x\"}}", "\"/options\"", "init_from"},
        {"{\"name\":\"a\",\"csv\":\"a,b\\n1,x\\n\",\"options\":{\"label_column\":\"a\"}}", "\"/options\"",
         "label_column"},
        {"{\"name\":\"a\",\"csv\":\"a,b\\n1,x\\n\",\"options\":{\"stepz\":2}}", "\"/options\"", "stepz"},
        {"{\"name\":\"a\",\"csv\":\"a,b\\n1,x\\n\",\"options\":{\"time_size\":3}}", "\"/options\"", "time_size"},
        {"{\"name\":\"a\",\"data\":[[1],[2]],\"labels\":[1]}", "\"/labels\"", "one for each of 2"},
        {"{\"name\":\"a\",\"data\":[[[1,256]]]}", "\"/data\"", "0 to 255"},
        {"{\"name\":\"a\",\"file\":\"Zg=\"}", "\"/file\"", "no base64 at its character 3"},
        {"{\"name\":\"a\",\"file\":\"Zm9v\"}", "\"/file\"", "file is neither IDX (two zero bytes"},
        {"{\"name\":\"a\",\"file\":\"k05VTVBZ\"}", "\"/file\"", "file: "},
        {"{\"name\":\"a\",\"file\":\"H4sI\"}", "\"/file\"", "file"},
        {"{\"name\":\"a\",\"file\":\"" IDX_LABELS "\"}", "\"/file\"", "one dimension"},
        {"{\"name\":\"a\",\"file\":\"" IDX "\",\"labels_file\":\"" IDX "\"}", "\"/labels_file\"",
         "want one for each of 2"},
        {"{\"name\":\"a\",\"file\":\"" IDX "\",\"labels\":[0,1]}", "\"/labels\"", "data"},
    };
    test_refusals_at("/v1/models", ROWS_OF, COUNT(ROWS_OF));
}

static void a_row_that_cannot_be_is_refused(void **state) {
    (void)state;
    static const struct test_refusal ROWS_OF[] = {
        {"{\"model\":\"coin\"}", "\"/model\"", "did not learn a table"},
        {"{\"model\":\"coinz\"}", "\"/model\"", "no model"},
        {"{\"model\":\"coins@0\"}", "\"/model\"", "c01n5"},
        {"{\"model\":\"coins\",\"label\":\"edge\"}", "\"/label\"",
         "side is \\\"edge\\\"; want a category that was learnt"},
    };
    test_refusals_at("/v1/sample/rows", ROWS_OF, COUNT(ROWS_OF));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_like_those_learnt),      cmocka_unit_test(fewer_rows_are_the_first_of_more),
        cmocka_unit_test(a_label_is_what_was_asked_for),   cmocka_unit_test(a_csv_has_the_same_rows),
        cmocka_unit_test(slow_steps_are_kept_each),        cmocka_unit_test(a_stopped_job_goes_on_to_the_same_bytes),
        cmocka_unit_test(a_table_has_to_fit_its_network),  cmocka_unit_test(columns_are_listed),
        cmocka_unit_test(points_and_images_are_learnt),    cmocka_unit_test(files_are_learnt),
        cmocka_unit_test(a_name_that_is_taken_is_refused), cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_row_that_cannot_be_is_refused), cmocka_unit_test(what_is_held_out_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
