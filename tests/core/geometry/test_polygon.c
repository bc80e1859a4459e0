#include "core/geometry/polygon.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

static struct polygon_out measured(const struct rings *rings) {
    struct ctx ctx;
    struct polygon_out out;
    ctx_init(&ctx, 1 << 26);
    assert_int_equal(polygon_measure(&ctx, rings, &out), STATUS_OK);
    ctx_release(&ctx);
    return out;
}

static void known_polygons(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t n;
        double xy[16];
        double area, signed_area, perimeter, x, y;
        int orientation;
        bool convex, simple;
    } rows[] = {
        {"square", 4, {0, 0, 2, 0, 2, 2, 0, 2}, 4, 4, 8, 1, 1, 1, true, true},
        {"closed, clockwise", 5, {0, 0, 0, 2, 2, 2, 2, 0, 0, 0}, 4, -4, 8, 1, 1, -1, true, true},
        {"repeats", 7, {0, 0, 0, 0, 2, 0, 2, 2, 2, 2, 0, 2, 0, 0}, 4, 4, 8, 1, 1, 1, true, true},
        {"straight angle", 5, {0, 0, 1, 0, 2, 0, 2, 2, 0, 2}, 4, 4, 8, 1, 1, 1, true, true},
        {"dart", 4, {0, 0, 4, 0, 1, 1, 0, 4}, 4, 4, 8 + 2 * 3.1622776601683795, 1, 1, 1, false, true},
        {"line there and back", 4, {0, 0, 3, 4, 3, 4, 0, 0}, 0, 0, 10, 1.5, 2, 0, false, false},
        {"point", 4, {7, 7, 7, 7, 7, 7, 7, 7}, 0, 0, 0, 7, 7, 0, false, false},
        {"bow tie", 4, {0, 0, 2, 2, 2, 0, 0, 2}, 0, 0, 4 + 4 * 1.4142135623730951, 1, 1, 0, false, false},
        {"spike",
         5,
         {0, 0, 2, 0, 4, 0, 2, 0, 0, 2},
         2,
         2,
         8 + 2 * 1.4142135623730951,
         2.0 / 3,
         2.0 / 3,
         1,
         false,
         false},
        {"far away",
         4,
         {0x1p50, 0x1p50, 0x1p50 + 1, 0x1p50, 0x1p50 + 1, 0x1p50 + 1, 0x1p50, 0x1p50 + 1},
         1,
         1,
         4,
         0x1p50 + 0.5,
         0x1p50 + 0.5,
         1,
         true,
         true},
        {"tiny",
         3,
         {0, 0, 0x1p-530, 0, 0, 0x1p-530},
         0x1p-1061,
         0x1p-1061,
         0x1p-530 * 3.414213562373095,
         0x1p-530 / 3,
         0x1p-530 / 3,
         1,
         true,
         true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ring ring = {rows[i].xy, rows[i].n};
        struct polygon_out out = measured(&(struct rings){1, &ring});
        if (out.area != rows[i].area || out.signed_area != rows[i].signed_area ||
            out.orientation != rows[i].orientation || out.convex != rows[i].convex || out.simple != rows[i].simple ||
            fabs(out.perimeter - rows[i].perimeter) > 1e-15 * rows[i].perimeter ||
            fabs(out.centroid[0] - rows[i].x) > 1e-15 * rows[i].x ||
            fabs(out.centroid[1] - rows[i].y) > 1e-15 * rows[i].y)
            fail_msg(
                "%s: area %g, signed %g, perimeter %.17g, centroid %.17g %.17g, orientation %d, convex %d, simple %d",
                rows[i].name, out.area, out.signed_area, out.perimeter, out.centroid[0], out.centroid[1],
                out.orientation, out.convex, out.simple);
    }
}

static void holes_and_meetings(void **state) {
    (void)state;
    const double square[] = {0, 0, 10, 0, 10, 10, 0, 10}, hole[] = {2, 2, 4, 2, 4, 4, 2, 4};
    const double reversed[] = {2, 4, 4, 4, 4, 2, 2, 2}, out_of[] = {8, 8, 12, 8, 12, 9, 8, 9};
    for (int k = 0; k < 2; k++) {
        struct ring rings[] = {{square, 4}, {k ? reversed : hole, 4}};
        struct polygon_out out = measured(&(struct rings){2, rings});
        assert_true(out.area == 96 && out.signed_area == 100 && out.perimeter == 48);
        assert_true(fabs(out.centroid[0] - (500.0 - 12) / 96) < 1e-15 * 8);
        assert_true(out.simple && !out.convex && !out.has_meeting);
    }
    struct ring rings[] = {{square, 4}, {out_of, 4}};
    struct polygon_out out = measured(&(struct rings){2, rings});
    assert_true(!out.simple && out.has_meeting);
    assert_int_equal(out.ring[0], 0);
    assert_int_equal(out.ring[1], 1);
    assert_int_equal(out.edge[0], 1);
    assert_int_equal(out.edge[1], 0);
    assert_true(out.meeting.points[0][0] == 10 && out.meeting.points[0][1] == 8);
}

/* The edge of a meeting is numbered as the points were given, repeats and all. */
static void edges_count_repeats(void **state) {
    (void)state;
    const double tie[] = {0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 0, 0, 2};
    struct ring ring = {tie, 7};
    struct polygon_out out = measured(&(struct rings){1, &ring});
    assert_true(out.has_meeting);
    assert_int_equal(out.edge[0], 1);
    assert_int_equal(out.edge[1], 5);
}

/* A regular star of many points against sums in integers. */
static void random_areas(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int round = 0; round < 500; round++) {
        double xy[40];
        int64_t v[40], twice = 0;
        size_t n = 3 + test_below(&random, 17);
        for (size_t i = 0; i < 2 * n; i++)
            xy[i] = (double)(v[i] = (int64_t)test_below(&random, 2000001) - 1000000);
        for (size_t i = 0; i < n; i++) {
            size_t j = (i + 1) % n;
            twice += v[2 * i] * v[2 * j + 1] - v[2 * i + 1] * v[2 * j];
        }
        struct ring ring = {xy, n};
        assert_true(ring_signed_area(&ring) == (double)twice / 2);
        struct polygon_out out = measured(&(struct rings){1, &ring});
        assert_true(out.signed_area == (double)twice / 2 && out.area == fabs((double)twice / 2));
        if (out.simple)
            assert_int_equal(out.orientation, (twice > 0) - (twice < 0));
    }
}

/* in_common: whether edges i < j of a ring of n points meet where they must not. */
static bool in_common(const double *xy, size_t n, size_t i, size_t j) {
    double edges[2][4];
    for (size_t k = 0; k < 2; k++) {
        size_t from = k ? j : i, to = (from + 1) % n;
        memcpy(edges[k], xy + 2 * from, 2 * sizeof *xy);
        memcpy(edges[k] + 2, xy + 2 * to, 2 * sizeof *xy);
    }
    enum meeting_kind kind = segments_meet(edges[0], edges[1]).kind;
    bool neighbours = j == i + 1 || (i == 0 && j == n - 1);
    return kind == MEETING_OVERLAP || (kind == MEETING_POINT && !neighbours);
}

static void first_meeting(void **state) {
    (void)state;
    uint64_t random = 7;
    for (int round = 0; round < 20000; round++) {
        double xy[40];
        size_t n = 3 + test_below(&random, 18), i = 0, j = 0, side = round % 2 ? 4 : 1000;
        bool found = false, repeats = false;
        for (size_t k = 0; k < 2 * n; k++)
            xy[k] = (double)test_below(&random, side);
        for (size_t k = 0; k < n; k++)
            repeats |= memcmp(xy + 2 * k, xy + 2 * ((k + 1) % n), 2 * sizeof *xy) == 0;
        if (repeats)
            continue;
        for (j = 1; j < n && !found; j += !found)
            for (i = 0; i < j && !found; i += !found)
                found = in_common(xy, n, i, j);
        struct ring ring = {xy, n};
        struct polygon_out out = measured(&(struct rings){1, &ring});
        assert_int_equal(out.has_meeting, found);
        assert_int_equal(out.simple, !found);
        if (found && (out.edge[0] != i || out.edge[1] != j))
            fail_msg("round %d: edges %zu and %zu, not %zu and %zu", round, out.edge[0], out.edge[1], i, j);
    }
}

static void refusals(void **state) {
    (void)state;
    const double huge[] = {-DBL_MAX, -DBL_MAX, DBL_MAX, -DBL_MAX, DBL_MAX, DBL_MAX};
    struct ring ring = {huge, 3};
    struct ctx ctx;
    struct polygon_out out;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(polygon_measure(&ctx, &(struct rings){1, &ring}, &out), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/polygon");
    ctx_release(&ctx);
    const double square[] = {0, 0, 2, 2, 2, 0, 0, 2};
    ring = (struct ring){square, 4};
    enum status status = STATUS_NO_MEMORY;
    for (size_t k = 0; status == STATUS_NO_MEMORY; k++) {
        assert_in_range(k, 0, 100);
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = k;
        status = polygon_measure(&ctx, &(struct rings){1, &ring}, &out);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_polygons), cmocka_unit_test(holes_and_meetings), cmocka_unit_test(edges_count_repeats),
        cmocka_unit_test(random_areas),   cmocka_unit_test(first_meeting),      cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
