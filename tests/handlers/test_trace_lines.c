/* The traces of endpoints that take segments, lines and polygons, played to the answer: orientation, incircle,
 * segment-intersection, segment-intersections, polygon, point-in-polygon, polygon-triangulation, simplify. */
#include <math.h>

#include "tests/support/replay.h"

enum { ROUNDS = 150 };
static const uint64_t SIZES[] = {3, 8, 1000};

static int sign_of(double x) { return (x > 0) - (x < 0); }

/* groups makes [[p, p, ..], ..] of the points, k in each. */
static json_t *groups(const struct spots *s, size_t k) {
    json_t *points = spots_json(s), *all = json_array(), *point;
    size_t i;
    json_array_foreach(points, i, point) {
        if (i % k == 0)
            json_array_append_new(all, json_array());
        json_array_append(json_array_get(all, i / k), point);
    }
    json_decref(points);
    return all;
}

static void play_signs(const char *name, const char *many, size_t corners) {
    static const char *const ONE[] = {"a", "b", "c", "d"};
    uint64_t random = 2;
    for (int round = 0; round < ROUNDS; round++) {
        struct spots s = spots_random(corners * (1 + test_below(&random, 9)), SIZES[round % 3], &random);
        json_t *request = json_object(), *points = spots_json(&s);
        if (s.n > corners)
            json_object_set_new(request, many, groups(&s, corners));
        for (size_t k = 0; s.n == corners && k < corners; k++)
            json_object_set(request, ONE[k], json_array_get(points, k));
        struct replay r = replay_ask(name, request);
        assert_int_equal(r.n, s.n / corners);
        for (int64_t at = 0; replay_next(&r); at++) {
            assert_true(replay_is(&r, "sign") && replay_at(&r, 0) == at);
            double sum = corners == 3 ? replay_var(&r, "left") - replay_var(&r, "right")
                                      : replay_var(&r, "a_term") + replay_var(&r, "b_term") + replay_var(&r, "c_term");
            int64_t sign = s.n > corners ? replay_element(&r, "signs", (size_t)at) : (int64_t)replay_number(&r, "sign");
            assert_true(sum == replay_var(&r, "determinant"));
            assert_true(sign_of(sum) == sign && sign == replay_var(&r, "sign"));
        }
        json_decref(points);
        replay_end(&r);
    }
}

static void orientation(void **state) { (void)state, play_signs("orientation", "triples", 3); }
static void incircle(void **state) { (void)state, play_signs("incircle", "quadruples", 4); }

static void segment_intersection(void **state) {
    (void)state;
    uint64_t random = 3;
    for (int round = 0; round < 10 * ROUNDS; round++) {
        struct spots s = spots_random(4, SIZES[round % 3], &random);
        json_t *both = groups(&s, 2);
        struct replay r = replay_ask(
            "segment-intersection", json_pack("{s:O,s:O}", "p", json_array_get(both, 0), "q", json_array_get(both, 1)));
        int sign[4], n = 0;
        bool boxes = false;
        json_t *points = json_object_get(r.answer, "points");
        while (replay_next(&r)) {
            if (replay_is(&r, "turn")) {
                sign[n] = sign_of((double)spots_cross(&s, replay_at(&r, 0), replay_at(&r, 1), replay_at(&r, 2)));
                assert_true(sign[n++] == replay_var(&r, "sign"));
            } else if (replay_is(&r, "boxes")) {
                boxes = replay_var(&r, "meet") == 1;
            }
        }
        assert_true(n == 4 && replay_is(&r, "meet"));
        const char *kind = replay_text(&r, "kind"), *detail = replay_text(&r, "detail");
        assert_string_equal(kind, json_string_value(json_object_get(r.answer, "kind")));
        assert_string_equal(detail, json_string_value(json_object_get(r.answer, "detail")));
        bool proper = sign[0] * sign[1] < 0 && sign[2] * sign[3] < 0;
        bool apart = !boxes || sign[0] * sign[1] > 0 || sign[2] * sign[3] > 0;
        assert_int_equal(strcmp(detail, "proper") == 0, proper);
        assert_true(!apart || strcmp(kind, "none") == 0);
        assert_true(replay_places(&r) > 0 || proper || strcmp(kind, "none") == 0);
        for (size_t k = 0; k < replay_places(&r); k++) { /* each is an end where they meet */
            json_t *end =
                json_array_get(json_array_get(both, (size_t)replay_at(&r, k) / 2), (size_t)replay_at(&r, k) % 2);
            bool found = false;
            for (size_t i = 0; i < json_array_size(points); i++)
                found |= json_number_value(json_array_get(json_array_get(points, i), 0)) ==
                             json_number_value(json_array_get(end, 0)) &&
                         json_number_value(json_array_get(json_array_get(points, i), 1)) ==
                             json_number_value(json_array_get(end, 1));
            assert_true(found);
        }
        json_decref(both);
        replay_end(&r);
    }
}

static void segment_intersections(void **state) {
    (void)state;
    uint64_t random = 4;
    for (int round = 0; round <= ROUNDS; round++) {
        size_t n = round == ROUNDS ? 400 : test_below(&random, 20);
        struct spots s = spots_random(2 * n, SIZES[round % 3], &random);
        struct replay r =
            replay_ask("segment-intersections", json_pack("{s:o,s:i}", "segments", groups(&s, 2), "limit", 1000000));
        static bool on_line[500], meets[500][500];
        memset(on_line, 0, sizeof on_line);
        memset(meets, 0, sizeof meets);
        double x = -INFINITY;
        while (replay_next(&r)) {
            int64_t i = replay_at(&r, 0);
            if (replay_is(&r, "test")) {
                assert_true(on_line[i] && on_line[replay_at(&r, 1)]);
                meets[i][replay_at(&r, 1)] = replay_var(&r, "meet") == 1;
                continue;
            }
            assert_true(replay_var(&r, "x") >= x);
            x = replay_var(&r, "x");
            on_line[i] = replay_is(&r, "enter");
        }
        json_t *list = json_object_get(r.answer, "intersections"), *one;
        size_t k, total = 0;
        json_array_foreach(list, k, one) {
            assert_true(
                meets[json_integer_value(json_object_get(one, "i"))][json_integer_value(json_object_get(one, "j"))]);
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                total += meets[i][j];
        assert_int_equal(total, replay_number(&r, "count"));
        replay_end(&r);
    }
}

/* outline makes a polygon that goes round the middle once, so that it is simple but for ties; `closed` repeats the first
 * point. */
static struct spots outline(size_t n, bool closed, uint64_t *random) {
    struct spots s = {.n = n + closed};
    for (size_t i = 0; i < n; i++) {
        double angle = 6.283185307179586 * (double)i / (double)n, radius = 2000 + (double)test_below(random, 8000);
        s.at[i][0] = (int64_t)(radius * cos(angle)), s.at[i][1] = (int64_t)(radius * sin(angle));
    }
    if (closed)
        memcpy(s.at[n], s.at[0], sizeof s.at[0]);
    return s;
}

static void play_polygon(const struct spots *s) {
    struct replay r = replay_ask("polygon", json_pack("{s:o}", "polygon", spots_json(s)));
    int64_t twice = 0;
    double length = 0;
    bool left = false, right = false, meets = false;
    size_t edges = 0;
    while (replay_next(&r)) {
        if (replay_is(&r, "edge")) {
            int64_t a = replay_at(&r, 0), b = replay_at(&r, 1);
            assert_true((size_t)a == edges && (size_t)b == (edges + 1) % s->n);
            edges++;
            twice += spots_cross(s, 0, a, b), length += sqrt((double)spots_square(s, a, b));
            assert_true(replay_var(&r, "cross") == (double)spots_cross(s, 0, a, b) &&
                        replay_var(&r, "sum") == (double)twice);
            assert_true(fabs(replay_var(&r, "length_sum") - length) < 1e-6);
        } else if (replay_is(&r, "turn")) {
            int sign = sign_of((double)spots_cross(s, replay_at(&r, 0), replay_at(&r, 1), replay_at(&r, 2)));
            assert_true(sign == replay_var(&r, "sign"));
            left |= sign > 0, right |= sign < 0;
        }
        meets |= replay_is(&r, "meet");
    }
    assert_true(replay_is(&r, "area") && edges == s->n);
    assert_true(replay_number(&r, "signed_area") == (double)twice / 2 &&
                replay_var(&r, "signed_area") == (double)twice / 2);
    assert_true(fabs(replay_number(&r, "perimeter") - length) < 1e-6);
    bool simple = json_is_true(json_object_get(r.answer, "simple"));
    assert_int_equal(json_is_true(json_object_get(r.answer, "convex")), simple && left != right);
    assert_int_equal(meets, json_object_get(r.answer, "self_intersection") != NULL);
    replay_end(&r);
}

static void polygon(void **state) {
    (void)state;
    uint64_t random = 5;
    for (int round = 0; round < ROUNDS; round++) {
        struct spots s = spots_random(4 + test_below(&random, 8), SIZES[round % 3], &random);
        struct spots t = outline(3 + test_below(&random, 20), round % 2, &random);
        play_polygon(&s);
        play_polygon(&t);
    }
    struct spots most = outline(999, true, &random);
    play_polygon(&most);
}

/* side: the point is to the left of the edge (1), on its line (0) or to the right. */
static int side(const struct spots *s, int64_t a, int64_t b, const struct spots *p, int64_t i) {
    struct spots three = {.n = 3};
    bool up = s->at[a][1] < s->at[b][1];
    memcpy(three.at[0], s->at[up ? a : b], sizeof three.at[0]);
    memcpy(three.at[1], s->at[up ? b : a], sizeof three.at[0]);
    memcpy(three.at[2], p->at[i], sizeof three.at[0]);
    return sign_of((double)spots_cross(&three, 0, 1, 2));
}

static void point_in_polygon(void **state) {
    (void)state;
    uint64_t random = 6;
    for (int round = 0; round < ROUNDS; round++) {
        struct spots s = spots_random(4 + test_below(&random, 20), SIZES[round % 3], &random);
        struct spots p = spots_random(1 + test_below(&random, 20), SIZES[round % 3], &random);
        struct replay r =
            replay_ask("point-in-polygon", json_pack("{s:o,s:o}", "polygon", spots_json(&s), "points", spots_json(&p)));
        int64_t point = -1, crossings = 0;
        bool boundary = false;
        while (replay_next(&r)) {
            if (replay_is(&r, "point")) {
                point++, crossings = 0, boundary = false;
                assert_true(point == replay_var(&r, "point"));
            } else if (replay_is(&r, "answer")) {
                const char *place = boundary ? "boundary" : crossings % 2 ? "inside" : "outside";
                assert_string_equal(replay_text(&r, "location"), place);
                json_t *told = json_array_get(json_object_get(r.answer, "locations"), (size_t)point);
                assert_string_equal(json_string_value(told), place);
            } else {
                int which = side(&s, replay_at(&r, 0), replay_at(&r, 1), &p, point);
                boundary = replay_is(&r, "boundary");
                assert_true(boundary ? which == 0 : which == replay_var(&r, "side"));
                crossings += which > 0;
                assert_true(boundary || crossings == replay_var(&r, "crossings"));
            }
        }
        assert_int_equal(point + 1, p.n);
        replay_end(&r);
    }
}

/* play_ears cuts the corners off that the steps name. */
static void play_ears(const struct spots *s, size_t corners) {
    struct replay r = replay_ask("polygon-triangulation", json_pack("{s:o}", "polygon", spots_json(s)));
    static bool gone[1000];
    memset(gone, 0, sizeof gone);
    size_t ears = 0;
    int64_t area = 0, whole = 0;
    json_t *triangles = json_object_get(r.answer, "triangles"), *one;
    while (replay_next(&r)) {
        int64_t a = replay_at(&r, 0), b = replay_at(&r, 1), c = replay_at(&r, 2);
        assert_true(!gone[a] && !gone[b] && !gone[c]);
        if (replay_is(&r, "look"))
            assert_true(sign_of((double)spots_cross(s, a, b, c)) == replay_var(&r, "turn"));
        if (replay_is(&r, "blocked")) {
            int64_t d = replay_at(&r, 3);
            assert_true(!gone[d] && spots_cross(s, a, b, d) >= 0 && spots_cross(s, b, c, d) >= 0 &&
                        spots_cross(s, c, a, d) >= 0);
        }
        if (!replay_is(&r, "ear"))
            continue;
        gone[b] = true, ears++;
        area += spots_cross(s, a, b, c);
        size_t i, found = 0;
        json_array_foreach(triangles, i, one) {
            for (size_t k = 0; k < 3; k++)
                found += json_integer_value(json_array_get(one, k)) == a &&
                         json_integer_value(json_array_get(one, (k + 1) % 3)) == b &&
                         json_integer_value(json_array_get(one, (k + 2) % 3)) == c;
        }
        assert_int_equal(found, 1);
    }
    for (size_t i = 0; i < s->n; i++)
        whole += spots_cross(s, 0, (int64_t)i, (int64_t)((i + 1) % s->n));
    assert_true(ears == corners - 2 && ears == json_array_size(triangles) && area == llabs(whole));
    replay_end(&r);
}

static void polygon_triangulation(void **state) {
    (void)state;
    uint64_t random = 7;
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = 3 + test_below(&random, 40);
        struct spots s = outline(n, round % 2, &random), back = s;
        for (size_t i = 0; i < s.n; i++)
            memcpy(back.at[i], s.at[s.n - 1 - i], sizeof s.at[0]);
        play_ears(&s, n);
        play_ears(&back, n);
        struct spots twice = {.n = 2 * n};
        for (size_t i = 0; i < 2 * n; i++)
            memcpy(twice.at[i], s.at[i / 2], sizeof s.at[0]);
        play_ears(&twice, n);
    }
    struct spots most = outline(200, false, &random);
    play_ears(&most, 200);
}

/* play_simplify: what was not dropped is the answer; a keep is farther than the tolerance, a drop is not. */
static void play_simplify(const struct spots *s, bool closed, bool area, int tolerance) {
    struct replay r =
        replay_ask("simplify", json_pack("{s:o,s:b,s:i,s:s}", "points", spots_json(s), "closed", closed, "tolerance",
                                         tolerance, "algorithm", area ? "visvalingam" : "douglas-peucker"));
    static double measure[1000];
    static bool gone[1000];
    memset(gone, 0, sizeof gone);
    while (replay_next(&r)) {
        if (replay_is(&r, "measure"))
            measure[replay_at(&r, area)] = replay_var(&r, area ? "area" : "distance");
        if (replay_is(&r, "keep"))
            assert_true(measure[replay_at(&r, 0)] > tolerance &&
                        replay_var(&r, "distance") == measure[replay_at(&r, 0)]);
        if (!replay_is(&r, "drop"))
            continue;
        for (size_t k = 0; k < replay_places(&r); k++) {
            int64_t i = replay_at(&r, k);
            assert_true(!gone[i] && (area ? measure[i] < tolerance * tolerance : i == 0 || measure[i] <= tolerance));
            for (size_t m = 0; area && m < s->n; m++) /* no other one that may go is less */
                assert_true(gone[m] || (!closed && (m == 0 || m + 1 == s->n)) || measure[m] >= measure[i]);
            gone[i] = true;
        }
    }
    size_t left = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!gone[i])
            assert_int_equal(replay_element(&r, "indices", left++), i);
    assert_int_equal(left, replay_length(&r, "indices"));
    replay_end(&r);
}

static void simplify(void **state) {
    (void)state;
    uint64_t random = 8;
    for (int round = 0; round < ROUNDS; round++) {
        struct spots s = spots_random(1 + test_below(&random, 40), SIZES[round % 3], &random);
        for (int how = 0; how < 4; how++)
            play_simplify(&s, how & 1, how & 2, (int)test_below(&random, SIZES[round % 3]));
    }
    struct spots most = outline(1000, false, &random);
    for (int how = 0; how < 4; how++)
        play_simplify(&most, how & 1, how & 2, 500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientation),           cmocka_unit_test(incircle), cmocka_unit_test(segment_intersection),
        cmocka_unit_test(segment_intersections), cmocka_unit_test(polygon),  cmocka_unit_test(point_in_polygon),
        cmocka_unit_test(polygon_triangulation), cmocka_unit_test(simplify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
