/* The traces of endpoints that take points, played to the answer: closest-pair, farthest-pair, minimum-width,
 * minimum-rectangle, enclosing-circle, delaunay. Points on small grids give every kind of tie. */
#include <math.h>

#include "tests/support/replay.h"

static const uint64_t SIZES[] = {3, 8, 1000};
enum { ROUNDS = 150 };

/* each asks for random points, and for as many as a trace takes. */
static void each(const char *name, size_t least, void (*play)(struct replay *r, const struct spots *s)) {
    uint64_t random = 1;
    for (int round = 0; round <= ROUNDS; round++) {
        size_t n = round == ROUNDS ? 1000 : least + test_below(&random, 30);
        struct spots s = spots_random(n, round == ROUNDS ? 20 : SIZES[round % 3], &random);
        struct replay r = replay_ask(name, json_pack("{s:o}", "points", spots_json(&s)));
        play(&r, &s);
        replay_end(&r);
    }
}

/* is_better: a, b go before best where they are closer (sign -1) or farther (1), or as far with smaller indices. */
static bool is_better(const struct spots *s, int64_t a, int64_t b, const int64_t best[2], int sign) {
    int64_t square = spots_square(s, a, b), old = spots_square(s, best[0], best[1]);
    if (best[0] == best[1])
        return true;
    return square != old ? (square > old) == (sign > 0) : a < best[0] || (a == best[0] && b < best[1]);
}

static void play_pairs(struct replay *r, const struct spots *s, const char *op, int sign) {
    int64_t best[2] = {0, 0};
    bool expected = false; /* whether the step before was a better pair */
    while (replay_next(r)) {
        assert_int_equal(replay_is(r, "best"), expected);
        if (expected) {
            assert_true(replay_at(r, 0) == best[0] && replay_at(r, 1) == best[1]);
            expected = false;
        } else if (replay_is(r, op)) {
            int64_t a = replay_at(r, 0), b = replay_at(r, 1);
            assert_true(a < b && fabs(replay_var(r, "distance") - sqrt((double)spots_square(s, a, b))) < 1e-9);
            expected = is_better(s, a, b, best, sign);
            if (expected)
                best[0] = a, best[1] = b;
        }
    }
    if (best[0] == best[1]) /* the farthest of equal points: nothing to turn around */
        best[1] = 1;
    assert_int_equal(replay_element(r, "pair", 0), best[0]);
    assert_int_equal(replay_element(r, "pair", 1), best[1]);
}

static void play_closest(struct replay *r, const struct spots *s) { play_pairs(r, s, "compare", -1); }
static void play_farthest(struct replay *r, const struct spots *s) { play_pairs(r, s, "pair", 1); }
static void closest_pair(void **state) { (void)state, each("closest-pair", 2, play_closest); }
static void farthest_pair(void **state) { (void)state, each("farthest-pair", 2, play_farthest); }

/* height is the distance of c from the line a, b; along that of its foot from a. */
static double height(const struct spots *s, int64_t a, int64_t b, int64_t c) {
    return (double)spots_cross(s, a, b, c) / sqrt((double)spots_square(s, a, b));
}
static double along(const struct spots *s, int64_t a, int64_t b, int64_t c) {
    const int64_t *p = s->at[a], *q = s->at[b], *x = s->at[c];
    return (double)((q[0] - p[0]) * (x[0] - p[0]) + (q[1] - p[1]) * (x[1] - p[1])) /
           sqrt((double)spots_square(s, a, b));
}

/* the_corners reads the hull: all points are to the left of each edge. */
static size_t the_corners(struct replay *r, const struct spots *s) {
    int64_t corner[1000];
    size_t n = 0;
    while (n < r->n && replay_next(r) && replay_is(r, "corner"))
        corner[n++] = replay_at(r, 0);
    for (size_t i = 0; n > 2 && i < n; i++)
        for (size_t k = 0; k < s->n; k++)
            assert_true(spots_cross(s, corner[i], corner[(i + 1) % n], (int64_t)k) >= 0);
    r->i = n;
    return n;
}

static void play_width(struct replay *r, const struct spots *s) {
    double best = INFINITY;
    int64_t at[3] = {0};
    size_t corners = the_corners(r, s), edges = 0;
    while (replay_next(r)) {
        double width = replay_var(r, "width");
        assert_true(fabs(width - height(s, replay_at(r, 0), replay_at(r, 1), replay_at(r, 2))) < 1e-9);
        for (size_t k = 0; k < s->n; k++)
            assert_true(height(s, replay_at(r, 0), replay_at(r, 1), (int64_t)k) < width + 1e-9);
        edges += replay_is(r, "edge");
        if (!replay_is(r, "best"))
            continue;
        assert_true(width < best);
        best = width;
        for (size_t k = 0; k < 3; k++)
            at[k] = replay_at(r, k);
    }
    assert_int_equal(edges, corners > 2 ? corners : 0);
    if (edges == 0)
        return;
    assert_true(best == replay_number(r, "width") && at[2] == replay_number(r, "point"));
    assert_true(at[0] == replay_element(r, "edge", 0) && at[1] == replay_element(r, "edge", 1));
}
static void minimum_width(void **state) { (void)state, each("minimum-width", 1, play_width); }

static void play_rectangle(struct replay *r, const struct spots *s) {
    double best = INFINITY;
    int64_t a = 0, b = 0;
    size_t corners = the_corners(r, s), edges = 0;
    while (replay_next(r)) {
        int64_t from = replay_at(r, 0), to = replay_at(r, 1);
        double most = along(s, from, to, replay_at(r, 2)), least = along(s, from, to, replay_at(r, 4));
        double across = height(s, from, to, replay_at(r, 3)), area = replay_var(r, "area");
        assert_true(fabs(replay_var(r, "width") - (most - least)) < 1e-9);
        assert_true(fabs(replay_var(r, "height") - across) < 1e-9);
        assert_true(fabs(area - (most - least) * across) < 1e-6);
        for (size_t k = 0; k < s->n; k++) {
            double x = along(s, from, to, (int64_t)k), y = height(s, from, to, (int64_t)k);
            assert_true(x < most + 1e-9 && x > least - 1e-9 && y > -1e-9 && y < across + 1e-9);
        }
        edges += replay_is(r, "edge");
        if (!replay_is(r, "best"))
            continue;
        assert_true(area < best);
        best = area, a = from, b = to;
    }
    assert_int_equal(edges, corners > 2 ? corners : corners - 1);
    if (edges == 0)
        return;
    assert_true(best == replay_number(r, "area"));
    assert_true(replay_element(r, "edge", 0) == a && replay_element(r, "edge", 1) == b);
}
static void minimum_rectangle(void **state) { (void)state, each("minimum-rectangle", 1, play_rectangle); }

/* beyond is how far a point is outside of the circle that a step tells of. */
static double beyond(const struct spots *s, const double circle[3], int64_t i) {
    return hypot((double)s->at[i][0] - circle[0], (double)s->at[i][1] - circle[1]) - circle[2];
}

static void play_circle(struct replay *r, const struct spots *s) {
    double circle[3] = {0}, before[3] = {0};
    bool seen[1000] = {false};
    size_t n = 0;
    while (replay_next(r)) {
        if (replay_is(r, "order")) {
            assert_int_equal(replay_places(r), s->n);
            for (size_t k = 0; k < s->n; k++)
                seen[replay_at(r, k)] = true;
        } else if (replay_is(r, "outside")) {
            assert_true(beyond(s, circle, replay_at(r, 0)) > 0);
        } else {
            assert_string_equal(r->op, "circle");
            n = replay_places(r);
            memcpy(before, circle, sizeof before);
            circle[0] = replay_var(r, "x"), circle[1] = replay_var(r, "y"), circle[2] = replay_var(r, "radius");
            for (size_t k = 0; k < n; k++)
                assert_true(fabs(beyond(s, circle, replay_at(r, k))) < 1e-6);
        }
    }
    for (size_t k = 0; k < s->n; k++)
        assert_true(seen[k] && beyond(s, before, (int64_t)k) < 1e-6);
    assert_true(circle[2] == replay_number(r, "radius") && fabs(circle[2] - before[2]) < 1e-9);
    assert_int_equal(n, replay_length(r, "support"));
    for (size_t k = 0; k < n; k++)
        assert_int_equal(replay_at(r, k), replay_element(r, "support", k));
}
static void enclosing_circle(void **state) { (void)state, each("enclosing-circle", 1, play_circle); }

struct triangles {
    size_t n;
    int64_t at[2000][3];
};

/* turned puts the least corner first. */
static void turned(const int64_t in[3], int64_t out[3]) {
    size_t k = in[0] < in[1] ? (in[0] < in[2] ? 0 : 2) : in[1] < in[2] ? 1 : 2;
    for (size_t i = 0; i < 3; i++)
        out[i] = in[(k + i) % 3];
}

static void put(struct triangles *t, const struct spots *s, int64_t a, int64_t b, int64_t c) {
    assert_true(spots_cross(s, a, b, c) > 0);
    turned((const int64_t[]){a, b, c}, t->at[t->n++]);
}

static void take(struct triangles *t, int64_t a, int64_t b, int64_t c) {
    int64_t wanted[3];
    turned((const int64_t[]){a, b, c}, wanted);
    for (size_t i = 0; i < t->n; i++)
        if (memcmp(t->at[i], wanted, sizeof wanted) == 0) {
            memcpy(t->at[i], t->at[--t->n], sizeof wanted);
            return;
        }
    fail_msg("There is no triangle %d, %d, %d.", (int)a, (int)b, (int)c);
}

/* in_circle is positive where d is inside of the circle a, b, c; exact for small coordinates. */
static int64_t in_circle(const struct spots *s, int64_t a, int64_t b, int64_t c, int64_t d) {
    return spots_square(s, a, d) * spots_cross(s, d, b, c) + spots_square(s, b, d) * spots_cross(s, d, c, a) +
           spots_square(s, c, d) * spots_cross(s, d, a, b);
}

static void play_delaunay(struct replay *r, const struct spots *s) {
    static struct triangles t;
    t.n = 0;
    size_t inserted = 0;
    while (replay_next(r)) {
        int64_t a = replay_at(r, 0);
        if (replay_is(r, "insert")) {
            inserted++;
            continue;
        }
        int64_t b = replay_at(r, 1), c = replay_at(r, 2);
        if (replay_is(r, "triangle")) {
            put(&t, s, a, b, c);
            continue;
        }
        assert_string_equal(r->op, "flip");
        int64_t d = replay_at(r, 3), sign = in_circle(s, a, b, c, d);
        assert_true((sign > 0) - (sign < 0) == replay_var(r, "sign") && sign >= 0);
        take(&t, a, b, c);
        take(&t, a, c, d);
        put(&t, s, a, b, d);
        put(&t, s, b, c, d);
    }
    json_t *answer = json_object_get(r->answer, "triangles"), *one;
    size_t i;
    assert_int_equal(inserted, replay_number(r, "distinct"));
    assert_int_equal(t.n, json_array_size(answer));
    json_array_foreach(answer, i, one) {
        take(&t, json_integer_value(json_array_get(one, 0)), json_integer_value(json_array_get(one, 1)),
             json_integer_value(json_array_get(one, 2)));
    }
}
static void delaunay(void **state) { (void)state, each("delaunay", 0, play_delaunay); }

static json_t *scaled(const struct spots *s, int exponent) {
    json_t *points = json_array();
    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(
            points, json_pack("[f,f]", ldexp((double)s->at[i][0], exponent), ldexp((double)s->at[i][1], exponent)));
    return json_pack("{s:o}", "points", points);
}

/* Points times a power of two have the same steps, also where the squares of their distances over- or underflow. */
static void any_magnitude(void **state) {
    (void)state;
    static const char *const NAMES[] = {"closest-pair",      "farthest-pair",    "minimum-width",
                                        "minimum-rectangle", "enclosing-circle", "delaunay"};
    uint64_t random = 2;
    for (size_t round = 0; round < 120; round++) {
        struct spots s = spots_random(2 + test_below(&random, 12), SIZES[round % 3], &random);
        const char *name = NAMES[round % 6];
        struct replay one = replay_ask(name, scaled(&s, 0)), far = replay_ask(name, scaled(&s, round & 8 ? 500 : -900));
        assert_int_equal(one.n, far.n);
        while (replay_next(&one) && replay_next(&far)) {
            assert_string_equal(one.op, far.op);
            assert_true(json_equal(json_object_get(one.step, "at"), json_object_get(far.step, "at")));
        }
        replay_end(&one), replay_end(&far);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closest_pair),      cmocka_unit_test(farthest_pair),    cmocka_unit_test(minimum_width),
        cmocka_unit_test(minimum_rectangle), cmocka_unit_test(enclosing_circle), cmocka_unit_test(delaunay),
        cmocka_unit_test(any_magnitude),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
