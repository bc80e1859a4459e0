/* Rows some of whose columns are given: against closed forms of what was learnt, and cell by cell. */
#include <jansson.h>
#include <math.h>

#include "core/base/normal.h"
#include "tests/support/host.h"
#include "tests/support/made_model.h"
#include "tests/support/test.h"

/* x and y are normal with a correlation of RHO; z is normal about -1.5 for "low" and 1.5 for "high", with a deviation of
 * 1; n is 10 for high and 5 for low, and missing for every fourth. */
enum { ROWS = 1500 };
#define RHO 0.8

static void write_table(struct buf *out) {
    static double v[3 * ROWS];
    normal_rows_for(ISA_REF)(5, NORMAL_TRAIN_NOISE, 0, 0, ROWS, 3, v);
    buf_text(out, "x,y,z,kind,n\\n");
    for (size_t i = 0; i < ROWS; i++) {
        const double *z = v + 3 * i;
        const bool high = i % 2;
        buf_printf(out, "%.4f,%.4f,%.4f,%s,", z[0], RHO * z[0] + sqrt(1 - RHO * RHO) * z[1], (high ? 1.5 : -1.5) + z[2],
                   high ? "high" : "low");
        buf_text(out, i / 2 % 4 == 0 ? "\\n" : high ? "10\\n" : "5\\n");
    }
}

/* One model for all tests: of the table without a label, and of the same with one. */
static struct made_model plain, labelled;

static void learn(struct made_model *m, const char *more) {
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_text(&out, "{\"name\":\"new\",\"csv\":\"");
    write_table(&out);
    buf_printf(&out,
               "\"%s,\"options\":{\"steps\":1000,\"batch\":96,\"hidden_size\":64,\"num_blocks\":2,"
               "\"lr\":0.004,\"warmup\":20,\"ema\":0.99}}",
               more);
    buf_byte(&out, '\0');
    made_model_begin(m);
    m->isa = isa_best();
    made_model_learn(m, out.data);
    buf_release(&out);
}

static int set_up(void **state) {
    (void)state;
    learn(&plain, "");
    learn(&labelled, ",\"label\":\"kind\"");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    made_model_end(&plain);
    made_model_end(&labelled);
    return 0;
}

static json_t *ask(struct made_model *m, const char *more) {
    char request[1000];
    snprintf(request, sizeof request, "{\"model\":\"made\",\"seed\":3,\"steps\":8%s}", more);
    return made_model_json(m, "/v1/sample/rows", request);
}

static json_t *column(const json_t *answer, const char *name) {
    return json_object_get(json_object_get(answer, "columns"), name);
}

static void moments(const json_t *list, double *mean, double *std) {
    const size_t n = json_array_size(list);
    *mean = *std = 0;
    for (size_t i = 0; i < n; i++)
        *mean += json_number_value(json_array_get(list, i)) / (double)n;
    for (size_t i = 0; i < n; i++)
        *std += pow(json_number_value(json_array_get(list, i)) - *mean, 2) / (double)n;
    *std = sqrt(*std);
}

static double share_of(const json_t *list, const char *category) {
    double n = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        n += !strcmp(json_string_value(json_array_get(list, i)), category);
    return n / (double)json_array_size(list);
}

/* -- Distributions -- */

/* Of two normal numbers, y given x is normal about RHO x, with a variance of 1 - RHO^2. */
static void a_number_given_another(void **state) {
    (void)state;
    static const double AT[] = {-1.25, 0, 1};
    for (size_t i = 0; i < COUNT(AT); i++) {
        char given[100];
        double mean, std;
        snprintf(given, sizeof given, ",\"count\":500,\"given\":{\"x\":%g}", AT[i]);
        json_t *answer = ask(&plain, given);
        moments(column(answer, "y"), &mean, &std);
        if (!(fabs(mean - RHO * AT[i]) < 0.15 && fabs(std - sqrt(1 - RHO * RHO)) < 0.15))
            fail_msg("x %g: y is %g +- %g, want %g +- %g", AT[i], mean, std, RHO * AT[i], sqrt(1 - RHO * RHO));
        moments(column(answer, "z"), &mean, &std);
        assert_true(fabs(mean) < 0.3 && fabs(std - sqrt(1 + 2.25)) < 0.2); /* z is what it was */
        json_decref(answer);
    }
}

/* Of two normal numbers of one deviation, the odds of the category are exp(3 z): Bayes. */
static void a_category_given_a_number(void **state) {
    (void)state;
    static const double AT[] = {-1.5, -0.3, 0, 0.3, 1.5};
    for (int model = 0; model < 2; model++)
        for (size_t i = 0; i < COUNT(AT); i++) {
            char given[100];
            snprintf(given, sizeof given, ",\"count\":500,\"given\":{\"z\":%g}", AT[i]);
            json_t *answer = ask(model ? &labelled : &plain, given);
            const double is = share_of(column(answer, "kind"), "high"), want = 1 / (1 + exp(-3 * AT[i]));
            if (!(fabs(is - want) < 0.15))
                fail_msg("z %g: %g are high, want %g", AT[i], is, want);
            json_decref(answer);
        }
}

static void numbers_given_a_category(void **state) {
    (void)state;
    double mean, std;
    for (int model = 0; model < 2; model++)
        for (int high = 0; high < 2; high++) {
            json_t *answer = ask(model ? &labelled : &plain, high ? ",\"count\":500,\"given\":{\"kind\":\"high\"}"
                                                                  : ",\"count\":500,\"given\":{\"kind\":\"low\"}");
            moments(column(answer, "z"), &mean, &std);
            assert_true(share_of(column(answer, "kind"), high ? "high" : "low") == 1);
            if (!(fabs(mean - (high ? 1.5 : -1.5)) < 0.2 && fabs(std - 1) < 0.15))
                fail_msg("%d: z is %g +- %g", high, mean, std);
            json_decref(answer);
        }
}

/* That a value is missing says nothing of its row, and neither does that it is there. */
static void a_missing_value_is_given(void **state) {
    (void)state;
    json_t *answer = ask(&plain, ",\"count\":600,\"given\":{\"n\":null}"), *n = column(answer, "n");
    for (size_t i = 0; i < 600; i++)
        assert_true(json_is_null(json_array_get(n, i)));
    const double high = share_of(column(answer, "kind"), "high");
    if (!(fabs(high - 0.5) < 0.12))
        fail_msg("%g are high", high);
    json_decref(answer);
    answer = ask(&plain, ",\"count\":600,\"given\":{\"kind\":\"low\"}");
    size_t missing = 0, five = 0;
    for (size_t i = 0; i < 600; i++) {
        const json_t *v = json_array_get(column(answer, "n"), i);
        missing += json_is_null(v);
        five += json_integer_value(v) == 5;
    }
    assert_in_range(missing, 90, 210); /* 150 are expected */
    assert_true(five > (600 - missing) * 2 / 3);
    json_decref(answer);
}

/* compare asks for the report of drawn rows, a JSON text with its quotes. */
static json_t *compare(const json_t *drawn) {
    struct buf out;
    char *csv = json_dumps(drawn, JSON_ENCODE_ANY);
    buf_init(&out, 1 << 20);
    buf_text(&out, "{\"real\":\"");
    write_table(&out);
    buf_printf(&out, "\",\"drawn\":%s}", csv);
    buf_byte(&out, '\0');
    json_t *report = made_model_json(&plain, "/v1/tables/compare", out.data);
    free(csv);
    buf_release(&out);
    return report;
}

/* Numbers, categories and gaps together: each column is near to what it was, and so is what any two have to do with
 * each other; x and y with RHO, kind with z and n. */
static void what_goes_together_stays_together(void **state) {
    (void)state;
    json_t *drawn = ask(&plain, ",\"count\":300,\"format\":\"csv\""), *report = compare(json_object_get(drawn, "csv"));
    const json_t *columns = json_object_get(report, "columns"), *pairs = json_object_get(report, "pairs");
    assert_int_equal(json_array_size(columns), 5);
    assert_int_equal(json_array_size(pairs), 10);
    for (size_t i = 0; i < 5; i++) {
        const double off = json_number_value(json_object_get(json_array_get(columns, i), "distance"));
        if (!(off < 0.12))
            fail_msg("column %zu is %g off", i, off);
    }
    for (size_t i = 0; i < 10; i++) {
        const json_t *pair = json_array_get(pairs, i);
        const double real = json_number_value(json_object_get(pair, "real")),
                     is = json_number_value(json_object_get(pair, "drawn"));
        if (!(fabs(real - is) < 0.15))
            fail_msg("pair %zu: %g, want %g", i, is, real);
    }
    assert_true(json_number_value(json_object_get(report, "pairs_off")) < 0.06);
    json_decref(drawn);
    json_decref(report);
}

/* Half are high, and a quarter of n is missing, of either kind. */
static void choices_have_their_shares(void **state) {
    (void)state;
    json_t *answer = ask(&plain, ",\"count\":2000"), *n = column(answer, "n"), *kind = column(answer, "kind");
    double missing[2] = {0}, of[2] = {0};
    for (size_t i = 0; i < 2000; i++) {
        const bool high = !strcmp(json_string_value(json_array_get(kind, i)), "high");
        of[high]++;
        missing[high] += json_is_null(json_array_get(n, i));
    }
    if (!(fabs(of[1] / 2000 - 0.5) < 0.06 && fabs(missing[0] / of[0] - 0.25) < 0.06 &&
          fabs(missing[1] / of[1] - 0.25) < 0.06))
        fail_msg("%g are high, of which %g are missing; of the others %g", of[1] / 2000, missing[1] / of[1],
                 missing[0] / of[0]);
    json_decref(answer);
}

/* A table.json of before, without choices: the flow draws categories with the rest. */
static void a_model_without_choices_makes_none(void **state) {
    (void)state;
    struct made_model m;
    char text[4000];
    made_model_begin(&m);
    made_model_learn(&m, "{\"name\":\"new\",\"csv\":\"x,kind\\n1,a\\n2,b\\n3,a\\n\",\"options\":{"
                         "\"steps\":20,\"batch\":4,\"hidden_size\":8,\"time_size\":4}}");
    json_t *chosen = ask(&m, ",\"count\":40");
    for (size_t i = 0; i < m.folder.n; i++)
        if (!strcmp(m.folder.list[i].path, "table.json"))
            snprintf(text, sizeof text, "%.*s", (int)m.folder.list[i].n, (const char *)m.folder.list[i].bytes);
    char *at = strstr(text, "  \"choices\": true,\n");
    assert_non_null(at);
    memmove(at, at + strlen("  \"choices\": true,\n"), strlen(at) + 1 - strlen("  \"choices\": true,\n"));
    made_files_text(&m.folder, "table.json", text);
    made_model_load(&m);
    json_t *flown = ask(&m, ",\"count\":40");
    assert_int_equal(json_array_size(column(flown, "kind")), 40);
    assert_false(json_equal(chosen, flown));
    json_decref(chosen);
    json_decref(flown);
    made_model_end(&m);
}

/* -- /v1/sample -- */

static double feature(const json_t *answer, size_t row, size_t i) {
    return json_number_value(json_array_get(json_array_get(json_object_get(answer, "samples"), row), i));
}

/* linear: a column's numbers are a sum and a multiple of a feature, but for rounding and the range. */
static void linear(const json_t *answer, const char *name, size_t i) {
    const json_t *x = column(answer, name);
    const size_t n = json_array_size(x);
    double mean = 0, scale = 0, of = 0, number = 0;
    for (size_t r = 0; r < n; r++) {
        of += feature(answer, r, i) / (double)n;
        mean += json_number_value(json_array_get(x, r)) / (double)n;
    }
    for (size_t r = 0; r < n; r++) {
        scale += (json_number_value(json_array_get(x, r)) - mean) * (feature(answer, r, i) - of);
        number += pow(feature(answer, r, i) - of, 2);
    }
    scale /= number;
    assert_true(n == 40 && scale > 0.5);
    for (size_t r = 0; r < n; r++) {
        const double is = json_number_value(json_array_get(x, r)), want = mean + scale * (feature(answer, r, i) - of);
        if (!(fabs(is - want) < 1e-3))
            fail_msg("%s of row %zu is %g, want %g", name, r, is, want);
    }
}

/* The features come with the rows that they stand for: x, y, z, high, low, n, and whether that is missing. */
static void samples_are_rows_too(void **state) {
    (void)state;
    json_t *answer = made_model_json(&plain, "/v1/sample", "{\"model\":\"made\",\"seed\":5,\"count\":40}");
    size_t high = 0, missing = 0;
    linear(answer, "x", 0);
    linear(answer, "y", 1);
    for (size_t r = 0; r < 40; r++) {
        const bool is = feature(answer, r, 3) > feature(answer, r, 4), none = feature(answer, r, 6) > 0;
        assert_string_equal(json_string_value(json_array_get(column(answer, "kind"), r)), is ? "high" : "low");
        assert_int_equal(json_is_null(json_array_get(column(answer, "n"), r)), none);
        high += is;
        missing += none;
    }
    assert_in_range(high, 5, 35);
    assert_in_range(missing, 1, 30);
    json_decref(answer);
}

/* The label is the class of each sample, or what the features say where there is none. */
static void samples_have_the_label_of_their_class(void **state) {
    (void)state;
    json_t *told = made_model_json(&labelled, "/v1/sample",
                                   "{\"model\":\"made\",\"seed\":5,\"count\":9,\"class\":[\"high\",\"low\",\"low\"]}");
    json_t *drawn = made_model_json(&labelled, "/v1/sample", "{\"model\":\"made\",\"seed\":5,\"count\":60}");
    for (size_t r = 0; r < 9; r++)
        assert_string_equal(json_string_value(json_array_get(column(told, "kind"), r)), r % 3 ? "low" : "high");
    const double high = share_of(column(drawn, "kind"), "high");
    assert_true(high > 0.2 && high < 0.8);
    json_decref(told);
    json_decref(drawn);
}

/* -- Cells -- */

#define GAPS                                                                                                        \
    "\"x\":[0.5,null,-1.25,null],\"y\":[null,0.3333,null,null],\"kind\":[\"low\",null,null,null],\"n\":[null,10,7," \
    "null]"

static void same_where_given(json_t *answer) {
    json_t *given = json_loads("{" GAPS "}", 0, NULL), *list;
    const char *name;
    assert_non_null(given);
    json_object_foreach(given, name, list) {
        const json_t *is = column(answer, name);
        assert_int_equal(json_array_size(is), 4);
        for (size_t i = 0; i < 4; i++) {
            const json_t *want = json_array_get(list, i);
            assert_true(json_is_null(want) || json_equal(want, json_array_get(is, i)));
            assert_false(json_is_null(json_array_get(is, i))); /* a gap gets a value */
        }
    }
    assert_int_equal(json_array_size(column(answer, "z")), 4);
    json_decref(given);
}

static void gaps_are_filled_and_the_rest_stays(void **state) {
    (void)state;
    for (int model = 0; model < 2; model++) {
        struct made_model *m = model ? &labelled : &plain;
        json_t *answer = ask(m, ",\"columns\":{" GAPS "}");
        json_t *csv = ask(m, ",\"csv\":\"kind,x,y,n\\nlow,0.5,,\\n,,0.3333,10\\n,-1.25,,7\\n,,,NA\\n\"");
        same_where_given(answer);
        assert_true(json_equal(answer, csv)); /* whatever way they come */
        json_decref(answer);
        json_decref(csv);
    }
}

/* What is learnt of how columns go together tells the gaps: most n that are filled are those of the kind. */
static void gaps_go_with_the_rest(void **state) {
    (void)state;
    struct buf more;
    buf_init(&more, 1 << 12);
    buf_text(&more, ",\"columns\":{\"kind\":[");
    for (int i = 0; i < 60; i++)
        buf_printf(&more, "%s\"%s\"", i ? "," : "", i % 3 ? "high" : "low");
    buf_text(&more, "]}");
    buf_byte(&more, '\0');
    json_t *answer = ask(&plain, more.data);
    size_t right = 0;
    for (size_t i = 0; i < 60; i++)
        right += json_integer_value(json_array_get(column(answer, "n"), i)) == (i % 3 ? 10 : 5);
    assert_in_range(right, 45, 60);
    json_decref(answer);
    buf_release(&more);
}

/* Finer than the column's step, and still as it was. */
static void a_number_between_steps_comes_back(void **state) {
    (void)state;
    json_t *answer = ask(&plain, ",\"count\":2,\"given\":{\"x\":0.123456789}");
    for (size_t i = 0; i < 2; i++)
        assert_true(json_number_value(json_array_get(column(answer, "x"), i)) == 0.123456789);
    json_decref(answer);
}

/* A label that may be missing is a category in a gap, whatever a network says that has hardly learnt. */
static void a_label_is_filled(void **state) {
    (void)state;
    struct made_model m;
    size_t missing = 0;
    made_model_begin(&m);
    made_model_learn(&m, "{\"name\":\"new\",\"csv\":\"x,kind\\n1,a\\n2,\\n3,\\n4,\\n\",\"label\":\"kind\",\"options\":{"
                         "\"steps\":2,\"batch\":2,\"hidden_size\":8,\"time_size\":4}}");
    json_t *drawn = ask(&m, ",\"count\":20,\"given\":{\"x\":2}");
    json_t *filled = ask(&m, ",\"columns\":{\"x\":[1,2,3,4,1,2,3,4,1,2,3,4,1,2,3,4,1,2,3,4]}");
    for (size_t i = 0; i < 20; i++) {
        missing += json_is_null(json_array_get(column(drawn, "kind"), i));
        assert_true(json_is_string(json_array_get(column(filled, "kind"), i)));
    }
    assert_true(missing > 0);
    json_decref(drawn);
    json_decref(filled);
    made_model_end(&m);
}

static void fewer_rows_are_the_first_of_more(void **state) {
    (void)state;
    static const char *const NAMES[] = {"x", "y", "z", "kind", "n"};
    for (int model = 0; model < 2; model++) {
        struct made_model *m = model ? &labelled : &plain;
        json_t *few = ask(m, ",\"count\":3,\"given\":{\"z\":0.1}"),
               *many = ask(m, ",\"count\":40,\"given\":{\"z\":0.1}");
        for (size_t k = 0; k < COUNT(NAMES); k++)
            for (size_t i = 0; i < 3; i++)
                assert_true(
                    json_equal(json_array_get(column(few, NAMES[k]), i), json_array_get(column(many, NAMES[k]), i)));
        json_decref(few);
        json_decref(many);
    }
}

static void a_label_and_columns_go_together(void **state) {
    (void)state;
    json_t *a = ask(&labelled, ",\"count\":5,\"given\":{\"kind\":\"low\",\"z\":1},\"guidance\":2");
    json_t *b = ask(&labelled, ",\"count\":5,\"given\":{\"z\":1},\"label\":\"low\",\"guidance\":2");
    assert_true(json_equal(a, b));
    for (size_t i = 0; i < 5; i++)
        assert_true(json_number_value(json_array_get(column(a, "z"), i)) == 1);
    json_decref(a);
    json_decref(b);
}

/* -- What cannot be -- */

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    static const struct test_refusal CASES[] = {
        {"\"given\":{\"hight\":1}", "\"/given/hight\"", "no column \\\"hight\\\""},
        {"\"given\":{\"a/b~c\":1}", "\"/given/a~1b~0c\"", "no column"},
        {"\"given\":{\"weight\":\"5\"}", "\"/given/weight\"", "weight is \\\"5\\\"; want a number."},
        {"\"given\":{\"weight\":[5]}", "\"/given/weight\"", "weight is no single value; want a number."},
        {"\"given\":{\"weight\":5.4}", "\"/given/weight\"", "weight is 5.4; want 4.9 to 5.3, between"},
        {"\"given\":{\"weight\":4.8}", "\"/given/weight\"", "between which it was learnt"},
        {"\"given\":{\"weight\":null}", "\"/given/weight\"", "none of this column was missing"},
        {"\"given\":{\"thrown\":1.5}", "\"/given/thrown\"", "thrown is 1.5; want an integer."},
        {"\"given\":{\"side\":\"edge\"}", "\"/given/side\"", "side is \\\"edge\\\"; want a category"},
        {"\"given\":{\"side\":1}", "\"/given/side\"", "side is 1; want a text"},
        {"\"given\":{\"side\":\"heads\"},\"label\":\"heads\"", "\"/label\"", "one of the two"},
        {"\"given\":{\"weight\":5},\"guidance\":2", "\"/guidance\"", "No row has a label"},
        {"\"given\":{\"weight\":5},\"columns\":{\"weight\":[5]}", "\"/columns\"", ""},
        {"\"count\":3,\"columns\":{\"weight\":[5]}", "\"/columns\"", ""},
        {"\"label\":\"heads\",\"csv\":\"weight\\n5\\n\"", "\"/csv\"", ""},
        {"\"columns\":{}", "\"/columns\"", "There are 0 rows"},
        {"\"columns\":{\"weight\":5}", "\"/columns\"", "There are 0 rows"},
        {"\"columns\":{\"weight\":[5],\"thrown\":[1,2]}", "\"/columns/thrown\"", "no array of 1 values"},
        {"\"columns\":{\"weight\":[5,9]}", "\"/columns/weight/1\"", "weight is 9 in row 1; want 4.9 to 5.3"},
        {"\"csv\":\"weight,thrown\\n5,x\\n\"", "\"/csv\"", "thrown is \\\"x\\\" in row 0; want an integer."},
        {"\"csv\":\"weight,thrown\\n5\\n\"", "\"/csv\"", "line 2 has 1 fields"},
        {"\"csv\":\"wait,thrown\\n5,3\\n\"", "\"/csv\"", "no column \\\"wait\\\""},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char request[300];
        snprintf(request, sizeof request, "{\"model\":\"coins\",%s}", CASES[i].request);
        const struct test_refusal one = {request, CASES[i].pointer, CASES[i].words};
        test_refusals_at("/v1/sample/rows", &one, 1);
    }
}

/* A model that was not trained for it, as those of earlier versions were not, gives rows, also of a label. */
static void a_model_of_before_is_told_its_label_alone(void **state) {
    (void)state;
    struct made_model m;
    made_model_begin(&m);
    made_model_learn(&m, "{\"name\":\"new\",\"csv\":\"x,kind\\n1,a\\n2,b\\n3,a\\n\",\"label\":\"kind\",\"options\":{"
                         "\"steps\":2,\"batch\":2,\"hidden_size\":8,\"time_size\":4,\"given\":0}}");
    json_t *answer = ask(&m, ",\"count\":2,\"given\":{\"kind\":\"b\"}");
    assert_true(share_of(column(answer, "kind"), "b") == 1);
    json_decref(answer);
    made_model_refused(&m, "/v1/sample/rows", "{\"model\":\"made\",\"given\":{\"x\":1}}", "\"/given\"",
                       "was trained without columns that are given");
    made_model_end(&m);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static const char *const REQUESTS[] = {
        "{\"model\":\"coins\",\"seed\":1,\"steps\":1,\"count\":2,\"given\":{\"weight\":5,\"side\":\"heads\"}}",
        "{\"model\":\"coins\",\"seed\":1,\"steps\":1,\"csv\":\"side,thrown\\nheads,\\n,5\\n\"}",
        "{\"model\":\"made\",\"seed\":1,\"steps\":1,\"count\":2}"};
    for (size_t i = 0; i < COUNT(REQUESTS); i++) {
        enum status status = STATUS_NO_MEMORY;
        for (size_t k = 0; status != STATUS_OK; k++) {
            struct call call;
            const bool made = strstr(REQUESTS[i], "made");
            call_init(&call, test_endpoint("POST", "/v1/sample/rows"), made ? &plain.host : &test_host);
            call.ctx.fail_after = k;
            call.request = (struct request){.query = "", .body = REQUESTS[i], .n = strlen(REQUESTS[i])};
            status = call_decode(&call);
            if (status == STATUS_OK)
                status = call_run(&call);
            call_release(&call);
            if (!((status == STATUS_OK || status == STATUS_NO_MEMORY) && k < 300))
                fail_msg("request %zu, allocation %zu: status %d", i, k, (int)status);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_given_another),
        cmocka_unit_test(a_category_given_a_number),
        cmocka_unit_test(numbers_given_a_category),
        cmocka_unit_test(a_missing_value_is_given),
        cmocka_unit_test(what_goes_together_stays_together),
        cmocka_unit_test(choices_have_their_shares),
        cmocka_unit_test(a_model_without_choices_makes_none),
        cmocka_unit_test(samples_are_rows_too),
        cmocka_unit_test(samples_have_the_label_of_their_class),
        cmocka_unit_test(gaps_are_filled_and_the_rest_stays),
        cmocka_unit_test(gaps_go_with_the_rest),
        cmocka_unit_test(a_number_between_steps_comes_back),
        cmocka_unit_test(a_label_is_filled),
        cmocka_unit_test(fewer_rows_are_the_first_of_more),
        cmocka_unit_test(a_label_and_columns_go_together),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_model_of_before_is_told_its_label_alone),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
