#include "handlers/wkt.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>
#include <math.h>

static const char ROUTE[] = "/v1/solve/segment-intersection";

static void answers(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"p\":[[0,0],[4,4]],\"q\":[[0,4],[4,0]]}",
         "{\"kind\":\"point\",\"detail\":\"proper\",\"points\":[[2.0,2.0]]}"},
        {"{\"p\":[[0,0],[4,0]],\"q\":[[1,0],[9,0]]}",
         "{\"kind\":\"overlap\",\"detail\":\"collinear\",\"points\":[[1.0,0.0],[4.0,0.0]]}"},
        {"{\"p\":[[0,0],[4,0]],\"q\":[[4,0],[9,1]]}",
         "{\"kind\":\"point\",\"detail\":\"endpoint\",\"points\":[[4.0,0.0]]}"},
        {"{\"p\":[[0,0],[4,0]],\"q\":[[2,0],[9,1]]}",
         "{\"kind\":\"point\",\"detail\":\"touch\",\"points\":[[2.0,0.0]]}"},
        {"{\"p\":[[0,0],[1,0]],\"q\":[[2,0],[3,0]]}",
         "{\"kind\":\"none\",\"detail\":\"collinear-apart\",\"points\":[]}"},
        {"{\"p\":[[0,0],[1,0]],\"q\":[[0,1],[3,2]]}", "{\"kind\":\"none\",\"detail\":\"apart\",\"points\":[]}"},
        {"{\"wkt\":\"MULTILINESTRING((0 0,4 4),(0 4,4 0))\"}",
         "{\"kind\":\"point\",\"detail\":\"proper\",\"points\":[[2.0,2.0]]}"},
        {"{\"geojson\":{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"LineString\",\"coordinates\":[[0,0],["
         "4,"
         "4]]},{\"type\":\"LineString\",\"coordinates\":[[0,4],[4,0]]}]}}",
         "{\"kind\":\"point\",\"detail\":\"proper\",\"points\":[[2.0,2.0]]}"},
        {"{\"p\":[[-1.7e308,3],[1.7e308,3]],\"q\":[[1,0],[1,10]]}",
         "{\"kind\":\"point\",\"detail\":\"proper\",\"points\":[[1.0,3.0]]}"},
        {"{\"p\":[[0,0],[4,0]],\"q\":[[2,1],[9,9]],\"eps\":1}",
         "{\"kind\":\"point\",\"detail\":\"touch\",\"points\":[[2.0,1.0]]}"},
        {"{\"p\":[[0,0],[4,0]],\"q\":[[2,1],[9,9]],\"eps\":0.9999999999999999}",
         "{\"kind\":\"none\",\"detail\":\"apart\",\"points\":[]}"},
    };
    test_answers(ROUTE, ROWS, COUNT(ROWS));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"p\":[[0,0],[4,4]]}", "\"/q\""},
        {"{\"p\":[[0,0,0,0]],\"q\":[[0,4],[4,0]]}", "p[0] has 4 elements, want 2."},
        {"{\"p\":[[0,0],[4,4]],\"q\":[[0],[4],[0],[1]]}", "\"/q/0\""},
        {"{\"p\":[[0,0],[4,4]],\"q\":[0,4,4,0]}", "\"/q\""},
    };
    test_refusals(ROUTE, ROWS, COUNT(ROWS));
}

static bool near_to(double got, double want) { return fabs(got - want) <= 1e-9 * (1 + fabs(want)); }

/* Public cases: segments that libraries of geometry once got wrong. */
static void public_cases(void **state) {
    (void)state;
    const char *path = shared_path("cases/geometry/segments.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL), *want = json_object_get(record, "points");
        if (strcmp(json_string_value(json_object_get(record, "op")), "segment_segment") == 0) {
            json_t *request =
                json_pack("{s:O,s:O}", "p", json_object_get(record, "p"), "q", json_object_get(record, "q"));
            char *body = json_dumps(request, JSON_COMPACT | JSON_REAL_PRECISION(17)),
                 *answer = test_post(ROUTE, body, NULL);
            json_t *got = json_loads(answer, 0, NULL), *points = json_object_get(got, "points");
            assert_true(json_equal(json_object_get(got, "kind"), json_object_get(record, "kind")));
            assert_int_equal(json_array_size(points), json_array_size(want));
            for (size_t i = 0; i < 2 * json_array_size(want); i++)
                assert_true(near_to(json_number_value(json_array_get(json_array_get(points, i / 2), i % 2)),
                                    json_number_value(json_array_get(json_array_get(want, i / 2), i % 2))));
            json_decref(got);
            json_decref(request);
            free(body);
            free(answer);
            tried++;
        }
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 1, 1000);
}

/* The segments of a WKT text, a point as one without length; each ring and line by itself. */
static size_t segments_of(const char *wkt, double (*to)[4], size_t most) {
    enum { ANY = WKT_POINT | WKT_MULTIPOINT | WKT_LINESTRING | WKT_MULTILINESTRING | WKT_POLYGON | WKT_MULTIPOLYGON };
    struct ctx ctx;
    struct wkt read;
    size_t n = 0;
    ctx_init(&ctx, 1 << 20);
    if (wkt_read(&ctx, (struct str){wkt, strlen(wkt)}, ANY, "", &read) == STATUS_OK)
        for (size_t k = 0, from = 0; k < read.n_paths; from = read.end[k++])
            for (size_t i = from; i < read.end[k] && n < most; i++)
                if (i + 1 < read.end[k] || i == from) {
                    const double *a = read.xy + 2 * i, *b = i + 1 < read.end[k] ? a + 2 : a;
                    to[n][0] = a[0], to[n][1] = a[1], to[n][2] = b[0], to[n][3] = b[1], n++;
                }
    ctx_release(&ctx);
    return n;
}

static bool any_meets(double (*p)[4], size_t n, double (*q)[4], size_t m, double eps) {
    bool meets = false;
    for (size_t i = 0; i < n * m && !meets; i++) {
        char body[400];
        const double *a = p[i / m], *b = q[i % m];
        snprintf(body, sizeof body,
                 "{\"p\":[[%.17g,%.17g],[%.17g,%.17g]],\"q\":[[%.17g,%.17g],[%.17g,%.17g]],\"eps\":%.17g}", a[0], a[1],
                 a[2], a[3], b[0], b[1], b[2], b[3], eps);
        char *answer = test_post(ROUTE, body, NULL);
        meets = !strstr(answer, "\"kind\":\"none\"");
        free(answer);
    }
    return meets;
}

/* Public distances, of boundaries: with a tolerance of a bit more they meet, with a bit less they do not. */
static void public_distances(void **state) {
    (void)state;
    const char *path = shared_path("cases/geometry/measures.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL); /* some hold Infinity, which is no JSON */
        const char *op = record ? json_string_value(json_object_get(record, "op")) : "";
        bool distance = strcmp(op, "distance") == 0, within = strcmp(op, "isWithinDistance") == 0;
        if (distance || within) {
            enum { MOST = 60 };
            double p[MOST][4], q[MOST][4],
                eps = json_number_value(json_object_get(record, within ? "distance" : "expected"));
            const char *a = json_string_value(json_object_get(record, "a")),
                       *b = json_string_value(json_object_get(record, "b"));
            size_t n = segments_of(a, p, MOST), m = segments_of(b, q, MOST);
            bool inside = strncmp(a, "POINT", 5) == 0 && strncmp(b, "POLYGON", 7) == 0; /* of the other one */
            if (n && m && !inside) {
                bool want = distance || json_is_true(json_object_get(record, "expected"));
                if (any_meets(p, n, q, m, distance ? eps * (1 + 1e-9) : eps) != want)
                    fail_msg("%s", line);
                if (distance && eps > 0)
                    assert_false(any_meets(p, n, q, m, eps * (1 - 1e-9)));
                tried++;
            }
        }
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 15, 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(public_cases),
        cmocka_unit_test(public_distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
