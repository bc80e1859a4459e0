/* The endpoints of hulls and what is built on them: convex-hull, closest-pair, farthest-pair, enclosing-circle,
 * minimum-rectangle, minimum-width, delaunay, polygon-triangulation, simplify. */
#include <ctype.h>
#include <jansson.h>
#include <math.h>

#include "tests/support/host.h"
#include "tests/support/test.h"

static void answers(void **state) {
    (void)state;
    static const struct {
        const char *name, *request, *answer;
    } rows[] = {
        {"convex-hull", "{\"points\":[]}", "{\"hull\":[],\"points\":[],\"area\":0.0}"},
        {"convex-hull", "{\"points\":[[1,1],[1,1]]}", "{\"hull\":[0],\"points\":[[1.0,1.0]],\"area\":0.0}"},
        {"convex-hull", "{\"points\":[[0,0],[2,2],[1,1],[-0.0,0]],\"collinear\":\"keep\"}",
         "{\"hull\":[0,2,1],\"points\":[[0.0,0.0],[1.0,1.0],[2.0,2.0]],\"area\":0.0}"},
        {"convex-hull", "{\"points\":[[0,0],[2,2],[1,1]]}",
         "{\"hull\":[0,1],\"points\":[[0.0,0.0],[2.0,2.0]],\"area\":0.0}"},
        {"closest-pair", "{\"points\":[[0,0],[1,0],[1,1],[0,1]]}", "{\"distance\":1.0,\"pair\":[0,1]}"},
        {"closest-pair", "{\"points\":[[5,5],[1,0],[5,5],[1,0]]}", "{\"distance\":0.0,\"pair\":[0,2]}"},
        {"farthest-pair", "{\"points\":[[0,0],[1,0],[1,1],[0,1]]}", "{\"distance\":1.4142135623730951,\"pair\":[0,2]}"},
        {"farthest-pair", "{\"points\":[[7,7],[7,7]]}", "{\"distance\":0.0,\"pair\":[0,1]}"},
        {"enclosing-circle", "{\"points\":[[3,4]]}", "{\"center\":[3.0,4.0],\"radius\":0.0,\"support\":[0]}"},
        {"enclosing-circle", "{\"points\":[[0,0],[6,8],[3,4],[6,0]]}",
         "{\"center\":[3.0,4.0],\"radius\":5.0,\"support\":[0,1]}"},
        {"minimum-width", "{\"points\":[[1,1],[3,3],[2,2]]}", "{\"width\":0.0,\"edge\":[0,1],\"point\":0}"},
        {"minimum-width", "{\"points\":[[0,240]]}", "{\"width\":0.0,\"edge\":[0,0],\"point\":0}"},
        {"delaunay", "{\"points\":[[0,0],[1,1],[2,2],[0,0]]}", "{\"triangles\":[],\"distinct\":3}"},
        {"polygon-triangulation", "{\"polygon\":[[0,0],[0,1],[1,0],[0,0]]}", "{\"triangles\":[[0,2,1]]}"},
        {"simplify", "{\"points\":[[1,1]],\"tolerance\":0}",
         "{\"indices\":[0],\"points\":[[1.0,1.0]],\"algorithm\":\"douglas-peucker\"}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char route[64];
        int http;
        snprintf(route, sizeof route, "/v1/solve/%s", rows[i].name);
        char *text = test_post(route, rows[i].request, &http);
        assert_int_equal(http, 200);
        assert_string_equal(text, rows[i].answer);
        free(text);
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *name, *request, *pointer, *words;
        int http;
    } rows[] = {
        {"convex-hull", "{\"points\":[[0,0,0]]}", "\"/points/0\"", "points[0] has 3 elements, want 2.", 422},
        {"convex-hull", "{\"points\":[0,0]}", "\"/points\"", "", 422},
        {"simplify", "{\"points\":[[0,0],[1e151,0]],\"tolerance\":1}", "\"/points/1/0\"", "1e+151", 422},
        {"convex-hull", "{\"points\":[[0,\"a\"]]}", "\"/points", "", 422},
        {"closest-pair", "{\"points\":[[0,0]]}", "\"/points\"", "at least 2", 422},
        {"farthest-pair", "{\"points\":[]}", "\"/points\"", "at least 2", 422},
        {"enclosing-circle", "{\"points\":[]}", "\"/points\"", "at least 1", 422},
        {"enclosing-circle", "{\"points\":[[-1.6e308,-1.6e308],[1.6e308,1.6e308]]}", "\"/points\"", "greatest double",
         422},
        {"minimum-rectangle", "{\"points\":[]}", "\"/points\"", "at least 1", 422},
        {"minimum-width", "{\"points\":[]}", "\"/points\"", "at least 1", 422},
        {"closest-pair", "{\"points\":[[-1e308,0],[1e308,0]]}", "\"/points\"", "greatest double", 422},
        {"polygon-triangulation", "{\"polygon\":[[0,0],[1,1]]}", "\"/polygon\"", "at least 3", 422},
        {"polygon-triangulation", "{\"polygon\":[[5,0],[0,0],[2,2],[2,-1],[0,2]]}", "\"/polygon/2\"", "edge 0", 422},
        {"polygon-triangulation",
         "{\"polygon\":[[0,0],[9,0],[0,9]],\"holes\":[{\"ring\":[[1,1],[2,1],[1,2]]}],\"trace\":{}}", "\"/trace\"",
         "ears off one ring", 422},
        {"simplify", "{\"points\":[],\"tolerance\":1}", "\"/points\"", "at least 1", 422},
        {"simplify", "{\"points\":[[0,0]]}", "\"/tolerance\"", "missing", 422},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char route[64];
        int http;
        snprintf(route, sizeof route, "/v1/solve/%s", rows[i].name);
        char *text = test_post(route, rows[i].request, &http);
        if (http != rows[i].http || !strstr(text, rows[i].pointer) || !strstr(text, rows[i].words))
            fail_msg("%s: %s", rows[i].request, text);
        free(text);
    }
}

/* post sends a tree (stolen) and gives the answer's. */
static json_t *post(const char *name, json_t *request) {
    char route[64], *body = json_dumps(request, JSON_COMPACT | JSON_REAL_PRECISION(17));
    int http;
    snprintf(route, sizeof route, "/v1/solve/%s", name);
    char *text = test_post(route, body, &http);
    if (http != 200)
        fail_msg("%s %s: %s", name, body, text);
    json_t *answer = json_loads(text, 0, NULL);
    json_decref(request);
    free(body);
    free(text);
    return answer;
}

static void trace_replays(void **state) {
    (void)state;
    json_t *points = json_array();
    uint64_t random = 5;
    for (int i = 0; i < 1000; i++)
        json_array_append_new(points, json_pack("[i,i]", (int)test_below(&random, 40), (int)test_below(&random, 40)));
    json_t *answer = post("convex-hull", json_pack("{s:O,s:s,s:{s:i}}", "points", points, "collinear", "keep", "trace",
                                                   "max_steps", 100000));
    json_t *plain = post("convex-hull", json_pack("{s:O,s:s}", "points", points, "collinear", "keep"));
    json_t *stack = json_array(), *step;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(answer, "trace"), "steps"), i, step) {
        json_t *at = json_array_get(json_object_get(step, "at"), 0);
        if (strcmp(json_string_value(json_object_get(step, "op")), "push") == 0)
            json_array_append(stack, at);
        else
            json_array_remove(stack, json_array_size(stack) - 1);
    }
    assert_true(json_array_size(stack) > 3 && json_equal(stack, json_object_get(answer, "hull")));
    assert_true(json_equal(stack, json_object_get(plain, "hull")));
    json_array_append_new(points, json_pack("[i,i]", 1, 1)); /* one more than fits */
    json_t *request = json_pack("{s:O,s:{}}", "points", points, "trace");
    char *body = json_dumps(request, JSON_COMPACT);
    int http;
    char *text = test_post("/v1/solve/convex-hull", body, &http);
    assert_int_equal(http, 413);
    free(text);
    free(body);
    json_decref(request);
    json_decref(stack);
    json_decref(plain);
    json_decref(answer);
    json_decref(points);
}

/* The rings of a WKT text, each an array of [x, y]; those of a multipoint or a collection are in one array too. Every
 * ( that is followed by a number, or by (number), begins one. */
static json_t *rings_of(const char *wkt) {
    json_t *rings = json_array(), *ring = NULL;
    bool multi = strncmp(wkt, "MULTIPOINT", 10) == 0;
    for (const char *p = wkt; *p;) {
        if (*p == '-' || *p == '.' || isdigit((unsigned char)*p)) {
            char *end;
            double x = strtod(p, &end), y = strtod(end, &end);
            if (!ring)
                json_array_append_new(rings, ring = json_array());
            json_array_append_new(ring, json_pack("[f,f]", x, y));
            p = end;
        } else {
            if (*p == ')' && !multi)
                ring = NULL;
            p++;
        }
    }
    return rings;
}

/* all_points puts the points of all rings in one array. */
static json_t *all_points(const char *wkt) {
    json_t *rings = rings_of(wkt), *all = json_array(), *ring;
    size_t i;
    json_array_foreach(rings, i, ring) json_array_extend(all, ring);
    json_decref(rings);
    return all;
}

static double at(const json_t *points, size_t i, size_t k) {
    return json_number_value(json_array_get(json_array_get(points, i), k));
}

/* without_end drops the last point of a ring, which repeats the first. */
static json_t *without_end(json_t *ring) {
    size_t n = json_array_size(ring);
    if (n > 1 && at(ring, 0, 0) == at(ring, n - 1, 0) && at(ring, 0, 1) == at(ring, n - 1, 1))
        json_array_remove(ring, n - 1);
    return ring;
}

static bool holds(const json_t *points, double x, double y, double slack) {
    for (size_t i = 0; i < json_array_size(points); i++)
        if (fabs(at(points, i, 0) - x) <= slack && fabs(at(points, i, 1) - y) <= slack)
            return true;
    return false;
}

static void same_points(const char *id, const json_t *got, const json_t *want, double slack) {
    bool same = json_array_size(got) == json_array_size(want);
    for (size_t i = 0; same && i < json_array_size(want); i++)
        same = holds(got, at(want, i, 0), at(want, i, 1), slack);
    if (!same)
        fail_msg("%s: got %s, want %s", id, json_dumps(got, 0), json_dumps(want, 0));
}

struct fixture {
    const char *id, *a;
    json_t *record;
};

static double number(const struct fixture *f, const char *name) {
    return json_number_value(json_object_get(f->record, name));
}
static const char *expected(const struct fixture *f) {
    const char *text = json_string_value(json_object_get(f->record, "expected"));
    return text ? text : "";
}

static void case_hull(const struct fixture *f) {
    json_t *answer = post("convex-hull", json_pack("{s:o}", "points", all_points(f->a)));
    json_t *want = all_points(expected(f));
    if (strncmp(expected(f), "POLYGON", 7) == 0)
        without_end(want);
    same_points(f->id, json_object_get(answer, "points"), want, 0);
    json_decref(answer);
    json_decref(want);
}

static void case_circle(const struct fixture *f) {
    json_t *answer = post("enclosing-circle", json_pack("{s:o}", "points", all_points(f->a)));
    json_t *center = json_object_get(answer, "center"), *want = json_object_get(f->record, "center");
    double slack = number(f, "tol_abs");
    for (size_t k = 0; k < 2; k++)
        assert_true(fabs(json_number_value(json_array_get(center, k)) - json_number_value(json_array_get(want, k))) <=
                    slack);
    assert_true(fabs(json_number_value(json_object_get(answer, "radius")) - number(f, "radius")) <= slack);
    json_decref(answer);
}

static void case_width(const struct fixture *f) {
    json_t *answer = post("minimum-width", json_pack("{s:s,s:s}", "wkt", f->a, "format", "wkt"));
    double width = json_number_value(json_object_get(answer, "width")), want = number(f, "expected");
    assert_true(fabs(width - want) <= 1e-9 * want);
    json_t *ends = all_points(json_string_value(json_object_get(answer, "wkt")));
    json_t *segment = json_object_get(f->record, "segment");
    for (size_t i = 0; i < json_array_size(ends); i++)
        assert_true(holds(segment, at(ends, i, 0), at(ends, i, 1), 1e-9));
    json_decref(ends);
    json_decref(answer);
}

static void case_rectangle(const struct fixture *f) {
    json_t *points = all_points(f->a), *want = without_end(all_points(expected(f)));
    if (json_array_size(points) == 0) {
        json_decref(points);
        json_decref(want);
        return;
    }
    json_t *answer = post("minimum-rectangle", json_pack("{s:o}", "points", points));
    json_t *corners = json_object_get(answer, "corners");
    for (size_t i = 0; i < json_array_size(want); i++)
        assert_true(holds(corners, at(want, i, 0), at(want, i, 1), 1e-5));
    for (size_t i = 0; i < json_array_size(corners); i++)
        assert_true(holds(want, at(corners, i, 0), at(corners, i, 1), 1e-5));
    json_decref(answer);
    json_decref(want);
}

/* case_delaunay wants the same set of triangles. */
static void case_delaunay(const struct fixture *f) {
    json_t *points = all_points(f->a), *rings = rings_of(expected(f)), *triangle;
    json_t *answer = post("delaunay", json_pack("{s:O}", "points", points)),
           *got = json_object_get(answer, "triangles");
    size_t i;
    if (json_array_size(got) != json_array_size(rings))
        fail_msg("%s: %zu triangles, want %zu", f->id, json_array_size(got), json_array_size(rings));
    json_array_foreach(got, i, triangle) {
        bool found = false;
        for (size_t r = 0; !found && r < json_array_size(rings); r++) {
            found = true;
            for (size_t k = 0; k < 3; k++) {
                size_t p = (size_t)json_integer_value(json_array_get(triangle, k));
                found = found && holds(json_array_get(rings, r), at(points, p, 0), at(points, p, 1), 0);
            }
        }
        if (!found)
            fail_msg("%s: triangle %zu is not among those expected", f->id, i);
    }
    json_decref(answer);
    json_decref(rings);
    json_decref(points);
}

static double twice_area(const json_t *p, size_t i, size_t k, size_t l) {
    return (at(p, k, 0) - at(p, i, 0)) * (at(p, l, 1) - at(p, i, 1)) -
           (at(p, k, 1) - at(p, i, 1)) * (at(p, l, 0) - at(p, i, 0));
}

/* case_polygon: any triangulation of the same area, holes and all. */
static bool case_polygon(const struct fixture *f) {
    if (strncmp(f->a, "POLYGON", 7) != 0)
        return false;
    json_t *rings = rings_of(f->a), *points = json_array(), *ring, *triangle;
    json_t *answer = post("polygon-triangulation", json_pack("{s:s}", "wkt", f->a));
    json_t *measures = post("polygon", json_pack("{s:s}", "wkt", f->a));
    double sum = 0, area = json_number_value(json_object_get(measures, "area"));
    size_t i;
    json_array_foreach(rings, i, ring) json_array_extend(points, ring);
    json_array_foreach(json_object_get(answer, "triangles"), i, triangle) {
        size_t c[3];
        for (size_t k = 0; k < 3; k++)
            c[k] = (size_t)json_integer_value(json_array_get(triangle, k));
        assert_true(twice_area(points, c[0], c[1], c[2]) > 0);
        sum += twice_area(points, c[0], c[1], c[2]) / 2;
    }
    assert_true(i > 0 && fabs(sum - area) <= 1e-9 * sum);
    json_decref(rings), json_decref(points), json_decref(answer), json_decref(measures);
    return true;
}

/* simplify_text sends the whole geometry as text and wants it back as such, but for where its rings begin. */
static void simplify_text(const struct fixture *f) {
    static const char *const TYPES[] = {"POLYGON ((", "LINESTRING (", "MULTILINESTRING("};
    for (size_t i = 0; i < COUNT(TYPES); i++) {
        if (strncmp(f->a, TYPES[i], strlen(TYPES[i])) != 0)
            continue;
        json_t *answer = post(
            "simplify", json_pack("{s:s,s:f,s:s}", "wkt", f->a, "tolerance", number(f, "tolerance"), "format", "wkt"));
        const char *wkt = json_string_value(json_object_get(answer, "wkt"));
        json_t *got = rings_of(wkt), *want = rings_of(expected(f)), *ring;
        size_t k;
        assert_int_equal(json_array_size(got), json_array_size(want));
        json_array_foreach(want, k, ring) same_points(f->id, json_array_get(got, k), ring, 0);
        assert_true(json_array_size(want) == 0 || strncmp(wkt, TYPES[i], strcspn(TYPES[i], " (")) == 0);
        json_decref(answer), json_decref(got), json_decref(want);
    }
}

/* case_simplify sends every ring or line by itself. Rings that vanish are for the caller to drop. */
static bool case_simplify(const struct fixture *f) {
    json_t *rings = rings_of(f->a), *want = rings_of(expected(f)), *ring;
    simplify_text(f);
    bool closed = strstr(f->a, "POLYGON") != NULL, same = json_array_size(rings) == json_array_size(want);
    size_t i;
    if (same && strncmp(f->a, "GEOMETRYCOLLECTION", 18) != 0 && strncmp(f->a, "MULTIPOINT", 10) != 0)
        json_array_foreach(rings, i, ring) {
            json_t *wanted = json_array_get(want, i);
            if (closed)
                without_end(ring), without_end(wanted);
            json_t *answer = post("simplify", json_pack("{s:O,s:f,s:b}", "points", ring, "tolerance",
                                                        number(f, "tolerance"), "closed", closed));
            same_points(f->id, json_object_get(answer, "points"), wanted, 0);
            json_decref(answer);
        }
    json_decref(rings);
    json_decref(want);
    return same;
}

static size_t run_case(const struct fixture *f, const char *op) {
    if (strcmp(op, "convexHull") == 0)
        return case_hull(f), 1;
    if (strcmp(op, "minimumBoundingCircle") == 0)
        return case_circle(f), 1;
    if (strcmp(op, "minimumWidth") == 0)
        return case_width(f), 1;
    if (strcmp(op, "minimumAreaRectangle") == 0)
        return case_rectangle(f), 1;
    if (strcmp(op, "delaunay") == 0)
        return case_delaunay(f), 1;
    if (strcmp(op, "polygonTriangulation") == 0)
        return case_polygon(f);
    if (strcmp(op, "simplifyDP") == 0)
        return case_simplify(f);
    return 0;
}

static void public_file(const char *name, size_t least) {
    const char *path = shared_path(name);
    if (!path)
        skip();
    char *text = read_file(path, NULL);
    size_t tried = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL);
        const char *op = json_string_value(json_object_get(record, "op"));
        struct fixture f = {json_string_value(json_object_get(record, "id")),
                            json_string_value(json_object_get(record, "a")), record};
        if (op && f.a)
            tried += run_case(&f, op);
        json_decref(record);
    }
    free(text);
    assert_true(tried >= least);
}

static void public_constructions(void **state) {
    (void)state;
    public_file("cases/geometry/constructions.jsonl", 22);
}

static void public_measures(void **state) {
    (void)state;
    public_file("cases/geometry/measures.jsonl", 7);
}

static void public_fences(void **state) {
    (void)state;
    const char *path = shared_path("cases/arrays/leetcode_examples.jsonl");
    if (!path)
        skip();
    char *text = read_file(path, NULL);
    size_t tried = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL), *want = json_object_get(record, "expected");
        json_t *trees = json_object_get(json_object_get(record, "input"), "trees");
        const char *problem = json_string_value(json_object_get(record, "problem"));
        if (trees && strcmp(problem, "Erect the Fence") == 0) {
            json_t *answer = post("convex-hull", json_pack("{s:O,s:s}", "points", trees, "collinear", "keep"));
            same_points(problem, json_object_get(answer, "points"), want, 0);
            json_decref(answer);
            tried++;
        } else if (trees && strcmp(problem, "Erect the Fence II") == 0) {
            json_t *answer = post("enclosing-circle", json_pack("{s:O}", "points", trees));
            for (size_t k = 0; k < 3; k++) {
                json_t *got =
                    k < 2 ? json_array_get(json_object_get(answer, "center"), k) : json_object_get(answer, "radius");
                assert_true(fabs(json_number_value(got) - json_number_value(json_array_get(want, k))) <= 1e-5);
            }
            json_decref(answer);
            tried++;
        }
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 2, 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),         cmocka_unit_test(refusals),
        cmocka_unit_test(trace_replays),   cmocka_unit_test(public_constructions),
        cmocka_unit_test(public_measures), cmocka_unit_test(public_fences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
