#include "core/geometry/exact_sum.h"
#include "core/geometry/polygon_triangulation.h"
#include "tests/support/test.h"

static struct ctx ctx;

static void add_twice_area(struct exact *e, struct point a, struct point b, double sign) {
    exact_add_product(e, sign * a.x, b.y);
    exact_add_product(e, -sign * a.y, b.x);
}

struct side {
    int64_t from, to;
};

static int compare_sides(const void *a, const void *b) {
    const struct side *x = a, *y = b;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : (x->to > y->to) - (x->to < y->to);
}

/* check proves the triangles: all counter-clockwise; every directed side once, and it is either met by its reverse or a
 * side of the polygon; their areas sum to the polygon's exactly. So they cover it and nothing twice. */
static void check(const struct point *at, size_t n, size_t distinct) {
    const struct ring ring = {&at->x, n};
    const struct rings polygon = {1, &ring};
    struct polygon_triangles t;
    ctx_init(&ctx, 1 << 28);
    enum status status = polygon_triangulate(&ctx, &polygon, &t);
    if (status != STATUS_OK)
        fail_msg("%zu corners: %s %s", n, ctx.err.pointer, ctx.err.detail);
    assert_int_equal(t.n, distinct - 2);
    struct side *sides = malloc(3 * t.n * sizeof *sides);
    struct exact area;
    area.n = 0;
    for (size_t i = 0; i < t.n; i++) {
        const int64_t *c = t.at + 3 * i;
        assert_int_equal(point_turn(&at[c[0]], &at[c[1]], &at[c[2]]), 1);
        for (int k = 0; k < 3; k++) {
            sides[3 * i + (size_t)k] = (struct side){c[k], c[(k + 1) % 3]};
            add_twice_area(&area, at[c[k]], at[c[(k + 1) % 3]], 1);
        }
    }
    struct exact whole;
    whole.n = 0;
    for (size_t i = 0; i < n; i++)
        add_twice_area(&whole, at[i], at[(i + 1) % n], 1);
    double sign = exact_sign(&whole);
    for (size_t i = 0; i < n; i++)
        add_twice_area(&area, at[i], at[(i + 1) % n], -sign);
    assert_int_equal(exact_sign(&area), 0);
    qsort(sides, 3 * t.n, sizeof *sides, compare_sides);
    size_t border = 0;
    for (size_t i = 0; i < 3 * t.n; i++) {
        struct side back = {sides[i].to, sides[i].from};
        assert_true(i == 0 || compare_sides(&sides[i - 1], &sides[i]) != 0);
        border += !bsearch(&back, sides, 3 * t.n, sizeof *sides, compare_sides);
    }
    assert_int_equal(border, distinct);
    free(sides);
    ctx_release(&ctx);
}

/* check_both also tries the other way around. */
static void check_both(const struct point *at, size_t n, size_t distinct) {
    struct point *back = malloc(n * sizeof *back);
    for (size_t i = 0; i < n; i++)
        back[i] = at[n - 1 - i];
    check(at, n, distinct);
    check(back, n, distinct);
    free(back);
}

static void known(void **state) {
    (void)state;
    static const struct {
        struct point at[12];
        size_t n, distinct;
    } rows[] = {
        {{{0, 0}, {1, 0}, {0, 1}}, 3, 3},
        {{{0, 0}, {1, 0}, {1, 0}, {0, 1}, {0, 0}, {0, 0}}, 6, 3},
        {{{0, 0}, {1, 0}, {2, 0}, {2, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}}, 8, 8},
        {{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {1, 1}}, 5, 5},
        {{{0, 0}, {6, 0}, {6, 5}, {5, 1}, {4, 5}, {3, 1}, {2, 5}, {1, 1}, {0, 5}}, 9, 9},
        {{{0, 0}, {1, 1e-17}, {2, 0}, {1, 1}}, 4, 4},
        {{{0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 3}, {3, 3}, {3, 1}, {0, 1}}, 8, 8},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check_both(rows[i].at, rows[i].n, rows[i].distinct);
}

/* A star around (0, 0) with corners in the order of their angle: simple whatever the radii. */
static size_t star(struct point *at, size_t n, uint64_t *random) {
    for (size_t i = 0; i < n; i++) {
        double angle = 6.283185307179586 * (double)i / (double)n, radius = 1 + (double)test_below(random, 1000);
        at[i] = (struct point){cos(angle) * radius, sin(angle) * radius};
    }
    return n;
}

/* comb with teeth along x or y: many reflex corners in the triangles of others. */
static size_t comb(struct point *at, size_t n, bool lying) {
    size_t m = 0;
    at[m++] = (struct point){0, -1};
    at[m++] = (struct point){(double)n, -1};
    for (size_t i = n; i-- > 0;) {
        at[m++] = (struct point){(double)i + 0.5, 1000};
        at[m++] = (struct point){(double)i, (double)(i % 3) / 4};
    }
    for (size_t i = 0; lying && i < m; i++)
        at[i] = (struct point){-at[i].y, at[i].x};
    return m;
}

static void families(void **state) {
    (void)state;
    uint64_t random = 4;
    struct point *at = malloc(20000 * sizeof *at);
    for (size_t n = 3; n < 6000; n = n < 40 ? n + 1 : n * 3) {
        size_t m = star(at, n < 5 ? 5 : n, &random);
        check_both(at, m, m);
        m = comb(at, n, n & 1);
        check_both(at, m, m);
    }
    free(at);
}

/* Random closed walks: accepted ones must be right, refused ones must have two edges that meet (by brute force). */
static bool edges_meet(const struct point *a, const struct point *b, const struct point *c, const struct point *d) {
    int abc = point_turn(a, b, c), abd = point_turn(a, b, d), cda = point_turn(c, d, a), cdb = point_turn(c, d, b);
    bool boxes = fmax(a->x, b->x) >= fmin(c->x, d->x) && fmax(c->x, d->x) >= fmin(a->x, b->x) &&
                 fmax(a->y, b->y) >= fmin(c->y, d->y) && fmax(c->y, d->y) >= fmin(a->y, b->y);
    return boxes && abc * abd <= 0 && cda * cdb <= 0;
}

static bool is_simple(const struct point *at, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct point *a = &at[i], *b = &at[(i + 1) % n], *c = &at[(i + 2) % n];
        double dot = (a->x - b->x) * (c->x - b->x) + (a->y - b->y) * (c->y - b->y);
        if (point_equal(*a, *b) || (point_turn(a, b, c) == 0 && dot > 0))
            return false;
        for (size_t k = i + 2; k < n; k++)
            if ((k + 1) % n != i && edges_meet(a, b, &at[k], &at[(k + 1) % n]))
                return false;
    }
    return true;
}

static void random_small(void **state) {
    (void)state;
    uint64_t random = 6;
    size_t simple = 0;
    for (int round = 0; round < 60000; round++) {
        struct point at[9];
        size_t n = 3 + test_below(&random, 7);
        bool repeats = false;
        for (size_t i = 0; i < n; i++)
            at[i] = (struct point){(double)test_below(&random, 5), (double)test_below(&random, 5)};
        for (size_t i = 0; i < n; i++)
            repeats |= point_equal(at[i], at[(i + 1) % n]);
        if (repeats)
            continue;
        if (is_simple(at, n)) {
            check(at, n, n);
            simple++;
            continue;
        }
        struct polygon_triangles t;
        const struct ring ring = {&at->x, n};
        const struct rings polygon = {1, &ring};
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(polygon_triangulate(&ctx, &polygon, &t), STATUS_INVALID);
        assert_true(t.has_edge);
        ctx_release(&ctx);
    }
    assert_true(simple > 2000);
}

static void refused(void **state) {
    (void)state;
    static const struct {
        struct point at[6];
        size_t n;
        const char *words;
    } rows[] = {
        {{{0, 0}, {2, 2}, {2, 0}, {0, 2}}, 4, "Edge 2 of ring 0 crosses edge 0 of ring 0 at (1, 1)"},
        {{{0, 0}, {1, 1}, {2, 2}}, 3, "Edge 2 of ring 0 overlaps edge 0 of ring 0 at (0, 0)"},
        {{{0, 0}, {0, 0}, {2, 2}}, 3, "Ring 0 has 2 different corners"},
        {{{1, 1}, {1, 1}, {1, 1}}, 3, "Ring 0 has 1 different corner "},
        {{{0, 0}, {4, 0}, {4, 4}, {2, 0}, {0, 4}}, 5, "Edge 2 of ring 0 touches edge 0"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct polygon_triangles t;
        const struct ring ring = {&rows[i].at->x, rows[i].n};
        const struct rings polygon = {1, &ring};
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(polygon_triangulate(&ctx, &polygon, &t), STATUS_INVALID);
        if (!strstr(ctx.err.detail, rows[i].words))
            fail_msg("%s", ctx.err.detail);
        ctx_release(&ctx);
    }
}

/* add_square is a ring around (x, y), every side cut in pieces of length 1; counter-clockwise, or not. */
static size_t add_square(double *xy, double x, double y, int half, bool back) {
    size_t n = 0;
    static const int DX[] = {1, 0, -1, 0};
    int px = -half, py = -half;
    for (int side = 0; side < 4; side++)
        for (int k = 0; k < 2 * half; k++, n++) {
            xy[2 * n] = x + (back ? py : px), xy[2 * n + 1] = y + (back ? px : py);
            px += DX[side], py += DX[(side + 3) % 4];
        }
    return n;
}

struct shape {
    double xy[40000];
    struct ring ring[400];
    struct rings rings;
    size_t points;
};

static void add_ring(struct shape *s, double x, double y, int half, bool back) {
    double *at = s->xy + 2 * s->points;
    size_t n = add_square(at, x, y, half, back);
    s->ring[s->rings.n++] = (struct ring){at, n};
    s->points += n;
    s->rings.ring = s->ring;
}

/* check_rings: the doubled areas are small integers; with them, no side twice in one direction, all turns to the left. */
static size_t check_rings(const struct shape *s) {
    struct polygon_triangles t;
    ctx_init(&ctx, 1 << 28);
    if (polygon_triangulate(&ctx, &s->rings, &t) != STATUS_OK)
        fail_msg("%s", ctx.err.detail);
    double area = 0, want = 0;
    for (size_t r = 0; r < s->rings.n; r++)
        want += (r ? -2 : 2) * fabs(ring_signed_area(&s->ring[r]));
    struct side *sides = malloc(3 * t.n * sizeof *sides);
    for (size_t i = 0; i < t.n; i++) {
        const int64_t *c = t.at + 3 * i;
        const double *p = s->xy + 2 * c[0], *q = s->xy + 2 * c[1], *r = s->xy + 2 * c[2];
        double twice = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
        assert_true(twice > 0);
        area += twice;
        for (int k = 0; k < 3; k++)
            sides[3 * i + (size_t)k] = (struct side){c[k], c[(k + 1) % 3]};
    }
    assert_true(area == want);
    qsort(sides, 3 * t.n, sizeof *sides, compare_sides);
    for (size_t i = 1; i < 3 * t.n; i++)
        assert_true(compare_sides(&sides[i - 1], &sides[i]) != 0);
    free(sides);
    size_t n = t.n;
    ctx_release(&ctx);
    return n;
}

static void holes(void **state) {
    (void)state;
    struct shape *s = malloc(sizeof *s);
    for (int back = 0; back < 4; back++) {
        *s = (struct shape){0};
        add_ring(s, 0, 0, 60, back & 1);
        for (int i = 0; i < 144; i++)
            add_ring(s, 10 * (i % 12) - 55, 10 * (i / 12) - 55, 1 + i % 3, back & 2);
        assert_int_equal(check_rings(s), s->points + 2 * 144 - 2);
    }
    for (int half = 1; half < 4; half++) { /* in a row, seven corners in common */
        *s = (struct shape){0};
        add_ring(s, 0, 0, 40, false);
        for (int i = 0; i < 8; i++)
            add_ring(s, 2 * half * i - 20, 2 * half * i - 20, half, i % 2);
        assert_int_equal(check_rings(s), s->points + 2 * 8 - 2 - 2 * 7);
    }
    free(s);
}

/* A diamond in a square: its corners touch the sides in their middle, which are one edge each. */
static void holes_that_touch_edges(void **state) {
    (void)state;
    static const double XY[] = {0, 0, 4, 0, 4, 4, 0, 4, 2, 0, 4, 2, 2, 4, 0, 2};
    struct shape *s = malloc(sizeof *s);
    *s = (struct shape){.points = 8, .ring = {{s->xy, 4}, {s->xy + 8, 4}}, .rings = {2, s->ring}};
    memcpy(s->xy, XY, sizeof XY);
    assert_int_equal(check_rings(s), 4);
    free(s);
}

static void holes_refused(void **state) {
    (void)state;
    static const struct {
        double x, y;
        int half;
        const char *words;
    } rows[] = {
        {30, 0, 2, "Ring 2 does not lie inside"},
        {0, 0, 20, "Ring 2 does not lie inside"},
        {5, 5, 1, "Ring 2 does not lie inside"},
        {12, 0, 1, "Ring 2 does not lie inside"},
        {10, 0, 2, "Ring 2 does not lie inside" /* through corners only */},
        {5, 5, 2, "of ring 2 overlaps edge"},
        {0, 0, 10, "of ring 2 overlaps edge"},
        {9.5, 0.5, 1, "of ring 2 crosses edge"},
    };
    struct shape *s = malloc(sizeof *s);
    for (size_t i = 0; i < COUNT(rows); i++) {
        *s = (struct shape){0};
        add_ring(s, 0, 0, 10, false);
        add_ring(s, 5, 5, 2, false);
        add_ring(s, rows[i].x, rows[i].y, rows[i].half, i % 2);
        struct polygon_triangles t;
        ctx_init(&ctx, 1 << 24);
        assert_int_equal(polygon_triangulate(&ctx, &s->rings, &t), STATUS_INVALID);
        if (!strstr(ctx.err.detail, rows[i].words))
            fail_msg("%zu: %s", i, ctx.err.detail);
        assert_int_equal(t.ring, 2);
        ctx_release(&ctx);
    }
    free(s);
}

static void out_of_memory_and_stop(void **state) {
    (void)state;
    struct point *at = malloc(5000 * sizeof *at);
    size_t n = comb(at, 2000, false);
    const struct ring ring = {&at->x, n};
    const struct rings polygon = {1, &ring};
    struct polygon_triangles t;
    enum status status = STATUS_NO_MEMORY;
    for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
        ctx_init(&ctx, 1 << 26);
        ctx.fail_after = fail_after;
        status = polygon_triangulate(&ctx, &polygon, &t);
        ctx_release(&ctx);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_true(fail_after < 120);
    }
    atomic_int stop = STOP_CANCEL;
    ctx_init(&ctx, 1 << 26);
    ctx.stop = &stop;
    assert_int_equal(polygon_triangulate(&ctx, &polygon, &t), STATUS_CANCELLED);
    ctx_release(&ctx);
    free(at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),         cmocka_unit_test(families),
        cmocka_unit_test(random_small),  cmocka_unit_test(refused),
        cmocka_unit_test(holes),         cmocka_unit_test(holes_that_touch_edges),
        cmocka_unit_test(holes_refused), cmocka_unit_test(out_of_memory_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
