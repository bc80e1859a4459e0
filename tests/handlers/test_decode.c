/* Decoding through a descriptor of its own that has every type of field. */
#include "handlers/call.h"
#include "handlers/encode.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

struct item {
    int64_t weight;
    double value;
};

struct dot {
    struct array points;
    double width;
};

struct params {
    int64_t k, limit, seed;
    double x;
    bool flag, has_k;
    int order;
    struct str name;
    struct value target;
    struct array ints, numbers, words, matrix, label;
    struct item item;
    struct list items;
    struct choice model;
};

static const char *const ORDERS[] = {"asc", "desc", NULL};
static const struct field ITEM[] = {
    FIELD(struct item, weight, INT, "w", .required = true, FIELD_INTS(0, INT64_MAX)),
    FIELD(struct item, value, NUMBER, "v", .def = "1.5"),
    {0},
};
static const struct field DOT[] = {
    FIELD(struct dot, points, ARRAY, "p", .required = true, .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2,
          .min_items = 1),
    FIELD(struct dot, width, NUMBER, "w", .def = "0", FIELD_REALS(0, 1e308)),
    {0},
};
static const struct field EMPTY[] = {{0}};
static const struct variant MODELS[] = {{"points", "d", DOT, sizeof(struct dot)}, {"none", "n", EMPTY, 1}, {0}};
static const struct field INPUT[] = {
    FIELD(struct params, k, INT, "k", FIELD_INTS(1, 10), .present = offsetof(struct params, has_k)),
    FIELD(struct params, limit, INT, "l", .role = ROLE_TIME_LIMIT, FIELD_INTS(1, 1000)),
    FIELD(struct params, seed, INT, "s", .role = ROLE_SEED, FIELD_INTS(0, (INT64_C(1) << 53) - 1)),
    FIELD(struct params, x, NUMBER, "x", FIELD_REALS(0, 1), .above_min = true, .def = "0.5"),
    FIELD(struct params, flag, BOOL, "f", .def = "true"),
    FIELD(struct params, order, ENUM, "o", .names = ORDERS, .def = "desc"),
    FIELD(struct params, name, STRING, "n", .max_items = 8),
    FIELD(struct params, target, VALUE, "t", .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct params, ints, ARRAY, "i", .kinds = KIND_INT, FIELD_INTS(-5, 5), .max_items = 4),
    FIELD(struct params, numbers, ARRAY, "n", .kinds = KIND_INT | KIND_REAL),
    FIELD(struct params, words, ARRAY, "w", .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct params, matrix, ARRAY, "m", .kinds = KIND_REAL, .scalar = true, .max_dims = 3),
    FIELD(struct params, label, ARRAY, "l", .kinds = KIND_INT | KIND_STRING, .scalar = true, .min_items = 1,
          .max_items = 2),
    FIELD(struct params, item, OBJECT, "i",
          .fields = (const struct field[]){FIELD(struct item, weight, INT, "w", .def = "7"),
                                           FIELD(struct item, value, NUMBER, "v", .def = "1.5"),
                                           {0}}),
    FIELD(struct params, items, LIST, "l", .fields = ITEM, .size = sizeof(struct item), .max_items = 3),
    FIELD(struct params, model, UNION, "u", .role = ROLE_MODEL, .variants = MODELS),
    {0},
};
static enum status echo(struct call *call, const void *params, void *result) {
    (void)call;
    memcpy(result, params, sizeof(struct params));
    return STATUS_OK;
}

static const struct endpoint ENDPOINT = {.method = "POST",
                                         .route = "/test",
                                         .version = 1,
                                         .title = "t",
                                         .doc = "d",
                                         .input = INPUT,
                                         .params_size = sizeof(struct params),
                                         .output = INPUT,
                                         .result_size = sizeof(struct params),
                                         .npy_input = "numbers",
                                         .run = echo};

static char *canonical(const char *body, int *http) {
    struct call call;
    struct buf out;
    buf_init(&out, 1 << 20);
    call_init(&call, &ENDPOINT, &test_host);
    call.request = (struct request){.body = body, .n = strlen(body)};
    if (call_decode(&call) != STATUS_OK || !call_canonical(&call, &out))
        call_problem(&call, "id", &out);
    *http = call.http;
    call_release(&call);
    buf_byte(&out, '\0');
    return out.data;
}

static void good_requests_have_one_canonical_form(void **state) {
    (void)state;
    static const struct {
        const char *body, *canonical;
    } rows[] = {
        {"{}", "{\"seed\":42,\"x\":0.5,\"flag\":true,\"order\":\"desc\",\"item\":{\"weight\":7,\"value\":1.5}}"},
        {" { \"x\" : 1 , \"seed\":0, \"flag\":false,\"order\":\"asc\",\"k\":10,\"limit\":5,\"name\":\"a\\u00e9\\n\"}\n",
         "{\"k\":10,\"seed\":0,\"x\":1.0,\"flag\":false,\"order\":\"asc\",\"name\":\"a\xc3\xa9\\n\",\"item\":{"
         "\"weight\":7,\"value\":1.5}}"},
        {"{\"seed\":1,\"ints\":[ 1, -5 "
         ",5],\"numbers\":[9223372036854775807,-9223372036854775808],\"words\":[\"b\",\"\"],\"matrix\":[[1,2],[3,4.5]]"
         "}",
         "{\"seed\":1,\"x\":0.5,\"flag\":true,\"order\":\"desc\",\"ints\":[1,-5,5],\"numbers\":[9223372036854775807,-"
         "9223372036854775808],"
         "\"words\":[\"b\",\"\"],\"matrix\":[[1.0,2.0],[3.0,4.5]],\"item\":{\"weight\":7,\"value\":1.5}}"},
        {"{\"seed\":1,\"numbers\":[1,2.5],\"words\":[3],\"target\":2.0,\"ints\":[],\"item\":{\"value\":3},\"items\":[{"
         "\"weight\":0},{\"weight\":1e3,\"value\":-1}]}",
         "{\"seed\":1,\"x\":0.5,\"flag\":true,\"order\":\"desc\",\"target\":2.0,\"ints\":[],\"numbers\":[1.0,2.5],"
         "\"words\":[3],"
         "\"item\":{\"weight\":7,\"value\":3.0},\"items\":[{\"weight\":0,\"value\":1.5},{\"weight\":1000,\"value\":-1."
         "0}]}"},
        {"{\"seed\":1,\"target\":\"x\",\"model\":\"coin\"}",
         "{\"seed\":1,\"x\":0.5,\"flag\":true,\"order\":\"desc\",\"target\":\"x\",\"item\":{\"weight\":7,\"value\":1.5}"
         ","
         "\"model\":{\"type\":\"points\",\"points\":[[-1.0],[1.0]],\"width\":0.0}}"},
        {"{\"seed\":1,\"matrix\":-2}", "{\"seed\":1,\"x\":0.5,\"flag\":true,\"order\":\"desc\",\"matrix\":[-2.0],"
                                       "\"item\":{\"weight\":7,\"value\":1.5}}"},
        {"{\"seed\":1,\"target\":7,\"model\":{\"type\":\"none\"}}",
         "{\"seed\":1,\"x\":0.5,\"flag\":true,\"order\":\"desc\",\"target\":7,\"item\":{\"weight\":7,\"value\":1.5},"
         "\"model\":{\"type\":\"none\"}}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = canonical(rows[i].body, &http);
        assert_string_equal(text, rows[i].canonical);
        assert_int_equal(http, 200);
        char *again = canonical(text, &http); /* the canonical form is its own */
        assert_string_equal(again, text);
        free(again);
        free(text);
    }
}

static void bad_requests_name_the_field(void **state) {
    (void)state;
    static const struct {
        const char *body;
        int http;
        const char *pointer, *detail;
    } rows[] = {
        {"", 400, "", "The body is not JSON: it ends too early, at line 1, column 1."},
        {"{\"k\":1", 400, "", "The body is not JSON: it ends too early, at line 1, column 7."},
        {"{\"k\":1,\n \"x\":nope}", 400, "", "The body is not JSON: `nope}` is not expected at line 2, column 6."},
        {"{\"ints\":[1,2,]}", 400, "", NULL},
        {"{\"ints\":[1,NaN]}", 400, "", NULL},
        {"{\"x\":Infinity}", 400, "", NULL},
        {"{\"x\":01}", 400, "", NULL},
        {"{\"x\":+1}", 400, "", NULL},
        {"{\"name\":\"a\\u0000b\"}", 422, "/name", "name holds the character U+0000, want a string without it."},
        {"{\"name\":\"\xff\"}", 400, "", NULL},
        {"{\"k\":1}{", 400, "", NULL},
        {"[1,2]", 422, "", "The body is an array, want an object."},
        {"7", 422, "", "The body is 7, want an object."},
        {"{\"k\":1,\"k\":2}", 422, "/k", "The field \"k\" is given twice; want it once."},
        {"{\"item\":{\"weight\":1,\"weight\":1}}", 422, "", "The field \"weight\" is given twice; want it once."},
        {"{\"kk\":1}", 422, "/kk", "kk is not a field of this request; did you mean \"k\"?"},
        {"{\"a/b~\":1}", 422, "/a~1b~0", NULL},
        {"{\"k\":0}", 422, "/k", "k is 0, want an integer from 1 to 10."},
        {"{\"k\":11}", 422, "/k", "k is 11, want an integer from 1 to 10."},
        {"{\"k\":1.5}", 422, "/k", "k is 1.5, want an integer from 1 to 10."},
        {"{\"k\":null}", 422, "/k", "k is null, want an integer from 1 to 10."},
        {"{\"k\":\"3\"}", 422, "/k", "k is \"3\", want an integer from 1 to 10."},
        {"{\"k\":[3]}", 422, "/k", "k is an array, want an integer from 1 to 10."},
        {"{\"k\":99999999999999999999}", 422, "/k", "k is 99999999999999999999, want an integer from 1 to 10."},
        {"{\"seed\":9007199254740992}", 422, "/seed",
         "seed is 9007199254740992, want an integer from 0 to 9007199254740991."},
        {"{\"x\":0}", 422, "/x", "x is 0, want a number above 0 and at most 1."},
        {"{\"x\":1e999}", 422, "/x", NULL},
        {"{\"flag\":1}", 422, "/flag", "flag is 1, want true or false."},
        {"{\"order\":\"up\"}", 422, "/order", "order is \"up\", want \"asc\" or \"desc\"."},
        {"{\"name\":\"123456789\"}", 422, "/name", "name has 9 bytes, want 0 to 8."},
        {"{\"target\":[1]}", 422, "/target", NULL},
        {"{\"ints\":[1,2.5]}", 422, "/ints/1", "ints[1] is 2.5, want an integer."},
        {"{\"ints\":[1,null]}", 422, "/ints/1", "ints[1] is null, want an integer."},
        {"{\"ints\":[1,\"a]\"]}", 422, "/ints/1", NULL},
        {"{\"ints\":[1,6]}", 422, "/ints/1", "ints[1] is 6, want an integer from -5 to 5."},
        {"{\"ints\":[1,1,1,1,1]}", 422, "/ints", "ints has 5 elements, want at most 4."},
        {"{\"ints\":[[1]]}", 422, "/ints/0", "ints[0] is an array, want an integer."},
        {"{\"numbers\":[1,[2]]}", 422, "/numbers/1", "numbers[1] is an array, want a number."},
        {"{\"words\":[\"a\",\"\\u0000\"]}", 422, "/words/1",
         "words[1] holds the character U+0000, want a string without it."},
        {"{\"na\\u0000me\":1}", 422, "/na\uffffme", NULL},
        {"{\"order\":\"\\u0000\"}", 422, "/order", NULL},
        {"{\"name\":\"\\\\u0000\"}", 200, NULL, NULL},
        {"{\"ints\":3}", 422, "/ints", "ints is 3, want an array of integers."},
        {"{\"numbers\":[9223372036854775808]}", 422, "/numbers/0",
         "numbers[0] is 9223372036854775808, want an integer of 64 bits, or a number with a fraction or an exponent."},
        {"{\"numbers\":[9223372036854775808.0]}", 200, NULL, NULL},
        {"{\"numbers\":[9007199254740993,0.5]}", 422, "/numbers/0", NULL},
        {"{\"numbers\":[1,{}]}", 422, "/numbers/1", "numbers[1] is an object, want a number."},
        {"{\"words\":[\"a\",1]}", 422, "/words/1", NULL},
        {"{\"words\":[1,\"a\"]}", 422, "/words/1", NULL},
        {"{\"matrix\":[[1,2],[3]]}", 422, "/matrix/1", NULL},
        {"{\"label\":\"a\\u0000\"}", 422, "/label", "label holds the character U+0000, want a string without it."},
        {"{\"label\":true}", 422, "/label", "label is true, want an array of integers or strings, or one of them."},
        {"{\"label\":[]}", 422, "/label", "label has 0 elements, want at least 1."},
        {"{\"label\":[\"a\",\"b\",\"c\"]}", 422, "/label", "label has 3 elements, want at most 2."},
        {"{\"label\":0.5}", 422, "/label", "label is 0.5, want an integer."},
        {"{\"matrix\":1e400}", 422, "/matrix", "matrix is 1e400, want a number that a double can hold."},
        {"{\"matrix\":[[0,\"a\"]]}", 422, "/matrix/0/1", "matrix[0][1] is \"a\", want a number."},
        {"{\"matrix\":[[1],[2,null]]}", 422, "/matrix/1/1", NULL},
        {"{\"matrix\":[[[[1]]]]}", 422, "/matrix", NULL},
        {"{\"words\":[{}]}", 422, "/words/0", NULL},
        {"{\"item\":3}", 422, "/item", "item is 3, want an object."},
        {"{\"item\":{\"wait\":3}}", 422, "/item/wait", NULL},
        {"{\"items\":[{\"weight\":1},{\"weight\":-1}]}", 422, "/items/1/weight",
         "items[1].weight is -1, want an integer of at least 0."},
        {"{\"items\":[{}]}", 422, "/items/0/weight", "items[0].weight is missing; it is required."},
        {"{\"items\":[1]}", 422, "/items", NULL},
        {"{\"items\":[{\"weight\":1},{\"weight\":1},{\"weight\":1},{\"weight\":1}]}", 422, "/items", NULL},
        {"{\"model\":{\"type\":\"sphere\"}}", 422, "/model/type",
         "model.type is \"sphere\", want \"points\" or \"none\"."},
        {"{\"model\":{}}", 422, "/model/type", "model.type is missing, want \"points\" or \"none\"."},
        {"{\"model\":{\"type\":\"points\",\"points\":[1]}}", 422, "/model/points", NULL},
        {"{\"model\":{\"type\":\"points\",\"points\":[[]]}}", 422, "/model/points", NULL},
        {"{\"model\":\"nobody\"}", 422, "/model", "model is \"nobody\", want an object or one of the models \"coin\"."},
        {"{\"model\":3}", 422, "/model", "model is 3, want an object or a model's name."},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = canonical(rows[i].body, &http), expected[700];
        if (http != rows[i].http)
            fail_msg("%s: status %d, want %d: %s", rows[i].body, http, rows[i].http, text);
        if (rows[i].pointer) {
            snprintf(expected, sizeof expected, "\"errors\":[{\"pointer\":\"%s\"", rows[i].pointer);
            if (!strstr(text, expected))
                fail_msg("%s: no pointer %s in %s", rows[i].body, rows[i].pointer, text);
        }
        struct buf detail;
        buf_init(&detail, 1 << 12);
        if (rows[i].detail) {
            buf_text(&detail, "\"detail\":");
            encode_text(&detail, rows[i].detail);
            buf_byte(&detail, '\0');
            if (!strstr(text, detail.data))
                fail_msg("%s: want %s in %s", rows[i].body, detail.data, text);
        }
        buf_release(&detail);
        free(text);
    }
}

static void all_wrong_fields_are_named_at_once(void **state) {
    (void)state;
    int http;
    char *text = canonical("{\"k\":0,\"x\":2,\"oder\":1}", &http);
    assert_int_equal(http, 422);
    assert_non_null(strstr(text, "\"pointer\":\"/k\""));
    assert_non_null(strstr(text, "\"pointer\":\"/x\""));
    assert_non_null(strstr(text, "\"pointer\":\"/oder\""));
    free(text);
}

static void deep_and_wide_texts_end_in_a_sentence(void **state) {
    (void)state;
    enum { N = 3 << 20 };
    char *body = malloc(N + 1);
    static const char *const patterns[] = {"[", "{\"a\":", "[1,", "[[1],", "\"", "{},", "[", "1", "-", "[\"", " [ "};
    for (size_t i = 0; i < COUNT(patterns); i++) {
        size_t n = strlen(patterns[i]);
        for (size_t at = 0; at < N; at++)
            body[at] = patterns[i][at % n];
        body[N] = '\0';
        int http;
        char *text = canonical(body, &http);
        assert_in_range(http, 400, 422);
        assert_non_null(strstr(text, "\"detail\":\""));
        free(text);
    }
    free(body);
}

static void a_body_of_too_many_values_is_refused(void **state) {
    (void)state;
    enum { N = 2100 * 1000 };
    char *body = malloc(3 * N + 16), *p = body;
    p += sprintf(p, "{\"words\":[");
    for (size_t i = 0; i < N; i++, p += 3)
        memcpy(p, "\"\",", 3);
    strcpy(p, "\"\"]}");
    int http;
    char *text = canonical(body, &http);
    assert_int_equal(http, 413);
    free(text);
    free(body);
}

static void npy_bodies_take_the_other_fields_from_the_query(void **state) {
    (void)state;
    static const char header[] = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }";
    static const int64_t data[2] = {-7, 9};
    char npy[128 + sizeof data];
    memset(npy, ' ', sizeof npy);
    memcpy(npy, "\x93NUMPY\x01\x00\x76\x00", 10);
    memcpy(npy + 10, header, sizeof header - 1);
    npy[127] = '\n';
    memcpy(npy + 128, data, sizeof data);
    static const struct {
        const char *query;
        int http;
        const char *part;
    } rows[] = {
        {"order=asc&k=3&seed=5&item=%7B%22weight%22%3A1%7D", 200,
         "{\"k\":3,\"seed\":5,\"x\":0.5,\"flag\":true,\"order\":\"asc\",\"numbers\":[-7,9],\"item\":{\"weight\":1,"
         "\"value\":1.5}}"},
        {"", 200, "\"numbers\":[-7,9]"},
        {"item.weight=3&k=2&item.value=0.5", 200, "{\"k\":2,"},
        {"item.weight=3&k=2&item.value=0.5", 200, "\"item\":{\"weight\":3,\"value\":0.5}"},
        {"model.type=points&model.points=[[1,2]]", 200,
         "\"model\":{\"type\":\"points\",\"points\":[[1.0,2.0]],\"width\":0.0}"},
        {"model=nobody", 422, "\"pointer\":\"/model\""},
        {"model.type=none", 200, "\"model\":{\"type\":\"none\"}"},
        {"label=a", 200, "\"label\":[\"a\"]"},
        {"label=3", 200, "\"label\":[3]"},
        {"label=[3,4]", 200, "\"label\":[3,4]"},
        {"item%2Eweight=3", 200, "\"weight\":3"},
        {"item.weight=x", 422, "parameter \\\"item.weight\\\" is not JSON"},
        {"item.weight=-3&item.value=\"a\"", 422, "\"pointer\":\"/item/value\""},
        {"item.height=3", 422, "\"pointer\":\"/item/height\""},
        {"item={}&item.weight=3", 422, "item"},
        {"item.weight=3&item.weight=4", 422, "weight"},
        {"item.=3", 422, "\"pointer\":\"/item/\""},
        {".=3", 422, "\"pointer\":\"/\""},
        {"k.k=3", 422, "\"pointer\":\"/k\""},
        {"items.weight=3", 422, "\"pointer\":\"/items\""},
        {"a.b.c.d.e.f.g.h.i=1", 422, "\"pointer\":\"/a\""},
        {"a.b.c.d.e.f.g.h.i.j=1", 422, "has more than 8 dots"},
        {"order=up", 422, "\"pointer\":\"/order\""},
        {"k=1,\"x\":1", 422, "is not JSON"},
        {"k=99999999999999999999", 422, "k is 99999999999999999999, want an integer"},
        {"k=%zz", 422, "The query string cannot be read"},
        {"nope=1", 422, "\"pointer\":\"/nope\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = test_call(&ENDPOINT, "application/x-npy", rows[i].query, npy, sizeof npy, &http);
        if (http != rows[i].http || !strstr(text, rows[i].part))
            fail_msg("%s: %d %s", rows[i].query, http, text);
        free(text);
    }
    char many[2048] = "";
    for (size_t i = 0; i < 257; i++) /* one more than there can be */
        strcat(many, i ? "&n=1" : "n=1");
    int http;
    char *text = test_call(&ENDPOINT, "application/x-npy", many, npy, sizeof npy, &http);
    assert_int_equal(http, 422);
    assert_non_null(strstr(text, "more than 256 parameters"));
    free(text);
    many[strlen(many) - 4] = '\0';
    text = test_call(&ENDPOINT, "application/x-npy", many, npy, sizeof npy, &http);
    assert_null(strstr(text, "more than 256 parameters"));
    free(text);
}

static void media_types_and_queries_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *media, *query;
        int http;
    } rows[] = {
        {NULL, NULL, 200},
        {"application/json", "", 200},
        {"Application/JSON; charset=utf-8", NULL, 200},
        {"text/csv", NULL, 415},
        {"application/jsonx", NULL, 415},
        {"application/x-www-form-urlencoded", NULL, 200},
        {"application/x-npy", NULL, 415},
        {NULL, "k=1", 422},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call call;
        call_init(&call, &ENDPOINT, &test_host);
        call.request = (struct request){.query = rows[i].query, .media = rows[i].media, .body = "{}", .n = 2};
        enum status status = call_decode(&call);
        assert_int_equal(call.http, rows[i].http);
        assert_int_equal(status == STATUS_OK, rows[i].http == 200);
        call_release(&call);
    }
}

static void accept_headers_choose_a_representation(void **state) {
    (void)state;
    static const struct endpoint with_npy = {.npy_output = "numbers", .output = INPUT}, without = {.output = INPUT},
                                 with_lines = {.npy_output = "numbers", .ndjson_output = "numbers", .output = INPUT},
                                 with_events = {.progress = INPUT, .output = INPUT};
    static const struct {
        const struct endpoint *endpoint;
        const char *accept;
        int media; /* -1: 406 */
    } rows[] = {
        {&with_npy, NULL, MEDIA_JSON},
        {&with_npy, "*/*", MEDIA_JSON},
        {&with_npy, "application/x-npy", MEDIA_NPY},
        {&with_npy, "application/json;q=0.5, application/x-npy;q=0.8", MEDIA_NPY},
        {&with_npy, "application/json, application/x-npy", MEDIA_JSON},
        {&with_npy, "application/json;q=0, */*", MEDIA_NPY},
        {&with_npy, "text/html,application/xhtml+xml,*/*;q=0.8", MEDIA_JSON},
        {&with_npy, "application/*", MEDIA_JSON},
        {&with_lines, "application/x-ndjson", MEDIA_NDJSON},
        {&with_lines, "application/x-ndjson;q=0.8, application/json;q=0.5, application/x-npy;q=0.7", MEDIA_NDJSON},
        {&with_lines, "application/x-ndjson;q=0.8, application/x-npy;q=0.9", MEDIA_NPY},
        {&with_lines, "application/json, application/x-ndjson", MEDIA_JSON},
        {&with_npy, "application/x-ndjson", -1},
        {&with_lines, "text/event-stream", -1},
        {&with_events, "text/event-stream", MEDIA_SSE},
        {&with_events, "*/*", MEDIA_JSON},
        {&without, "application/x-npy", -1},
        {&without, "text/html", -1},
        {&without, "application/json;q=0", -1},
        {&without, "image/png, application/*;q=0.001", MEDIA_JSON},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call call;
        call_init(&call, rows[i].endpoint, &test_host);
        enum media media = MEDIA_HTML;
        enum status status = call_media(&call, rows[i].accept, &media);
        if (rows[i].media < 0)
            assert_int_equal(status, STATUS_NOT_ACCEPTABLE);
        else
            assert_int_equal(media, rows[i].media);
        call_release(&call);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static const char body[] = "{\"seed\":1,\"name\":\"ab\",\"ints\":[1],\"words\":[\"a\",\"b\"],\"matrix\":[[1,2.5]],"
                               "\"items\":[{\"weight\":1}],\"model\":\"coin\",\"target\":\"t\"}";
    for (size_t fail_after = 0;; fail_after++) {
        struct call call;
        call_init(&call, &ENDPOINT, &test_host);
        call.ctx.fail_after = fail_after;
        call.request = (struct request){.body = body, .n = sizeof body - 1};
        enum status status = call_decode(&call);
        call_release(&call);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_int_equal(call.http, 413);
        assert_int_not_equal(call.errors[0].detail[0], '\0');
        assert_in_range(fail_after, 0, 50);
    }
}

/* A request that nobody waits for any more is read no further. */
static void a_stop_ends_it(void **state) {
    (void)state;
    struct call call;
    atomic_int stop = STOP_CANCEL;
    call_init(&call, test_endpoint("POST", "/v1/solve/sort"), &test_host);
    call.ctx.stop = &stop;
    call.request = (struct request){.query = "", .body = "{\"values\":true}", .n = 15};
    assert_int_equal(call_decode(&call), STATUS_CANCELLED);
    assert_int_equal(call.http, 503);
    call_release(&call);
    stop = STOP_DEADLINE; /* what there is by then is for run to say */
    call_init(&call, test_endpoint("POST", "/v1/solve/sort"), &test_host);
    call.ctx.stop = &stop;
    call.request = (struct request){.query = "", .body = "{\"values\":[1]}", .n = 14};
    assert_int_equal(call_decode(&call), STATUS_OK);
    call_release(&call);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_ends_it),
        cmocka_unit_test(good_requests_have_one_canonical_form),
        cmocka_unit_test(bad_requests_name_the_field),
        cmocka_unit_test(all_wrong_fields_are_named_at_once),
        cmocka_unit_test(deep_and_wide_texts_end_in_a_sentence),
        cmocka_unit_test(a_body_of_too_many_values_is_refused),
        cmocka_unit_test(npy_bodies_take_the_other_fields_from_the_query),
        cmocka_unit_test(media_types_and_queries_are_checked),
        cmocka_unit_test(accept_headers_choose_a_representation),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
