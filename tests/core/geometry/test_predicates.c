#include "core/geometry/predicates.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

typedef __int128 int128;

static int sign_of(int128 x) { return (x > 0) - (x < 0); }

/* check_csv compares the rows of a public file: an id, `n` coordinates, the sign. */
static void check_csv(const char *name, int n) {
    const char *path = shared_path(name);
    if (!path)
        skip();
    char *text = read_file(path, NULL);
    size_t rows = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), rows++) {
        double v[10];
        char *p = line;
        if (rows == 0)
            continue;
        for (int i = 0; i <= n + 1; i++, p += *p == ',')
            v[i] = strtod(p, &p);
        const double *x = v + 1;
        int sign = n == 6 ? orient2d(x, x + 2, x + 4) : incircle(x, x + 2, x + 4, x + 6);
        if (sign != (int)v[n + 1])
            fail_msg("row %g: %d", v[0], sign);
    }
    free(text);
    assert_in_range(rows, 300, 10000);
}

static void public_orient2d(void **state) {
    (void)state;
    check_csv("cases/geometry/orient2d.csv", 6);
}

static void public_incircle(void **state) {
    (void)state;
    check_csv("cases/geometry/incircle.csv", 8);
}

/* Kettner, Mehlhorn, Pion, Schirra, Yap 2008: the grid on which plain doubles fail in thousands of places. */
static void kettner_grid(void **state) {
    (void)state;
    const double q[] = {12, 12}, r[] = {24, 24};
    size_t naive_wrong = 0;
    for (int i = 0; i < 256; i++)
        for (int j = 0; j < 256; j++) {
            const double p[] = {0.5 + i * 0x1p-53, 0.5 + j * 0x1p-53};
            int want = sign_of((int128)((p[1] - p[0]) * 0x1p53));
            double naive = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
            naive_wrong += (naive > 0) - (naive < 0) != want;
            assert_int_equal(orient2d(p, q, r), want);
            assert_int_equal(orient2d(q, r, p), want);
            assert_int_equal(orient2d(r, q, p), -want);
        }
    assert_true(naive_wrong > 1000);
}

static int oracle_orient(const int64_t *p) {
    return sign_of((int128)(p[0] - p[4]) * (p[3] - p[5]) - (int128)(p[1] - p[5]) * (p[2] - p[4]));
}

static int oracle_incircle(const int64_t *p) {
    int128 det = 0;
    for (int i = 0; i < 3; i++) {
        const int64_t *a = p + 2 * i, *b = p + 2 * ((i + 1) % 3), *c = p + 2 * ((i + 2) % 3), *d = p + 6;
        int128 x = a[0] - d[0], y = a[1] - d[1];
        det += (x * x + y * y) * ((int128)(b[0] - d[0]) * (c[1] - d[1]) - (int128)(b[1] - d[1]) * (c[0] - d[0]));
    }
    return sign_of(det);
}

/* to_doubles gives p * 2^power, exactly (the caller sees to it). */
static void to_doubles(const int64_t *p, size_t n, int power, double *x) {
    for (size_t i = 0; i < n; i++)
        x[i] = ldexp((double)p[i], power);
}

/* Powers of two that leave the integers of `bits` bits exact: from subnormals to the greatest numbers. */
static int power_of(unsigned i, int bits) {
    const int powers[] = {0, -1074, -1074 + 60, -600, -300, -260, -220, -100, 100, 220, 260, 300, 600, 1023 - bits};
    return powers[i % COUNT(powers)];
}

static void integers_at_every_scale(void **state) {
    (void)state;
    static const int WIDTHS[] = {1, 2, 3, 5, 10, 20, 28};
    uint64_t random = 1;
    size_t zeros = 0;
    for (unsigned round = 0; round < 60000; round++) {
        int bits = WIDTHS[round % COUNT(WIDTHS)];
        int64_t p[8];
        double x[8];
        for (size_t i = 0; i < 8; i++)
            p[i] = (int64_t)test_below(&random, (uint64_t)2 << bits) - ((int64_t)1 << bits);
        if (round % 3 == 0) { /* on one line: c = a + t (b - a) */
            int64_t t = (int64_t)test_below(&random, 5) - 2;
            p[4] = p[0] + t * (p[2] - p[0]), p[5] = p[1] + t * (p[3] - p[1]);
        }
        to_doubles(p, 8, power_of(round / 7, bits + 4), x);
        int want = oracle_orient(p);
        zeros += want == 0;
        if (orient2d(x, x + 2, x + 4) != want)
            fail_msg("orient2d, round %u: want %d", round, want);
        if (bits < 28 && incircle(x, x + 2, x + 4, x + 6) != oracle_incircle(p))
            fail_msg("incircle, round %u: want %d", round, oracle_incircle(p));
    }
    assert_true(zeros > 10000);
}

/* Points of one circle with integer coordinates, moved by one bit or not at all, at every scale. */
static void on_a_circle(void **state) {
    (void)state;
    static const int64_t CIRCLE[12][2] = {{5, 0},  {4, 3},   {3, 4},   {0, 5},  {-3, 4}, {-4, 3},
                                          {-5, 0}, {-4, -3}, {-3, -4}, {0, -5}, {3, -4}, {4, -3}};
    uint64_t random = 2;
    for (unsigned round = 0; round < 40000; round++) {
        int64_t far = round % 2 ? (int64_t)1 << 50 : 0, unit = round % 2 ? 1 : (int64_t)1 << 20, p[8];
        double x[8];
        int64_t local[8];
        for (size_t i = 0; i < 8; i += 2) {
            const int64_t *c = CIRCLE[test_below(&random, 12)];
            for (size_t k = 0; k < 2; k++) {
                local[i + k] = c[k] * unit + (test_below(&random, 12) == 0);
                p[i + k] = far + local[i + k];
            }
        }
        to_doubles(p, 8, power_of(round / 2, 54), x);
        int want = oracle_incircle(local);
        if (incircle(x, x + 2, x + 4, x + 6) != want)
            fail_msg("round %u: want %d", round, want);
        if (incircle(x + 2, x, x + 4, x + 6) != -want || incircle(x + 6, x + 2, x + 4, x) != -want)
            fail_msg("round %u: not antisymmetric", round);
    }
}

/* Differences that round: one far point makes the coordinates span more than a double holds. */
static void tails(void **state) {
    (void)state;
    const double a[] = {0, 0}, b[] = {1, 1}, far[] = {0x1p70, 0x1p70};
    for (int e = -1074; e < 0; e++) {
        const double above[] = {0, ldexp(1, e)}, below[] = {0, -ldexp(1, e)};
        assert_int_equal(orient2d(far, above, below), 1);
        assert_int_equal(orient2d(a, far, above), 1);
        assert_int_equal(orient2d(above, b, far), 1);
        assert_int_equal(orient2d(far, b, below), 1);
        assert_int_equal(orient2d(far, b, a), 0);
    }
    /* d just inside, on, and just outside of a circle so great that its squares do not show the difference */
    for (int e = -1074; e < 0; e++) {
        const double p[] = {-0x1p300, 0}, q[] = {0, -0x1p300}, r[] = {0x1p300, 0};
        const double top[] = {0, 0x1p300}, in[] = {ldexp(1, e), 0x1p300 - 0x1p247}, out[] = {ldexp(1, e), 0x1p300};
        assert_int_equal(incircle(p, q, r, top), 0);
        assert_int_equal(incircle(p, q, r, in), 1);
        assert_int_equal(incircle(p, q, r, out), -1);
    }
}

static void extremes(void **state) {
    (void)state;
    const double m = DBL_MAX, t = DBL_TRUE_MIN;
    const double a[] = {-m, -m}, b[] = {m, -m}, c[] = {m, m}, d[] = {-m, m}, o[] = {0, 0}, u[] = {t, t}, v[] = {t, 0};
    assert_int_equal(orient2d(a, b, c), 1);
    assert_int_equal(orient2d(a, c, b), -1);
    assert_int_equal(orient2d(a, o, c), 0);
    assert_int_equal(orient2d(a, u, c), 0);
    assert_int_equal(orient2d(a, v, c), 1);
    assert_int_equal(orient2d(o, v, u), 1);
    assert_int_equal(orient2d(a, a, u), 0);
    assert_int_equal(incircle(a, b, c, d), 0);
    assert_int_equal(incircle(a, b, c, o), 1);
    assert_int_equal(incircle(a, b, c, u), 1);
    assert_int_equal(incircle(a, c, b, u), -1);
    assert_int_equal(incircle(o, v, u, a), -1);
    const double w[] = {0, t};
    assert_int_equal(incircle(o, v, u, w), 0);
    assert_int_equal(incircle(o, u, c, v), orient2d(o, u, v)); /* three on a line: a side of it */
    assert_int_equal(incircle(a, b, a, d), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_orient2d), cmocka_unit_test(public_incircle),
        cmocka_unit_test(kettner_grid),    cmocka_unit_test(integers_at_every_scale),
        cmocka_unit_test(on_a_circle),     cmocka_unit_test(tails),
        cmocka_unit_test(extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
