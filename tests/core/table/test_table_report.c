#include "core/table/table_report.h"

#include <math.h>

#include "tests/support/test.h"

static void near(double is, double want, double within) { assert_true(fabs(is - want) <= within); }

#define GAP ((double)NAN)
enum { ROOM = 60 };

/* Three columns: a number, an integer with gaps, a category of three. */
struct rows {
    double v[3][ROOM];
    struct table_column columns[3];
    struct table table;
};

static void make(struct rows *r, uint64_t seed, size_t n) {
    static const struct table_column KINDS[] = {
        {COLUMN_NUMERIC, 0, NULL}, {COLUMN_INTEGER, 0, NULL}, {COLUMN_CATEGORICAL, 3, NULL}};
    for (size_t i = 0; i < 3; i++) {
        r->columns[i] = KINDS[i];
        r->columns[i].values = r->v[i];
    }
    for (size_t k = 0; k < n; k++) {
        r->v[0][k] = (double)test_below(&seed, 1000) / 8;
        r->v[1][k] = test_below(&seed, 5) ? (double)test_below(&seed, 9) : GAP;
        r->v[2][k] = (double)test_below(&seed, 3);
    }
    r->table = (struct table){n, 3, r->columns};
}

static struct ctx ctx;

static struct table_report report(const struct table *real, const struct table *drawn, const struct table *held_out,
                                  size_t k) {
    struct table_report out;
    const struct table_report_in in = {real, drawn, held_out, k};
    assert_int_equal(table_report_make(&ctx, &in, &out), STATUS_OK);
    return out;
}

static void a_table_beside_itself(void **state) {
    (void)state;
    static struct rows a;
    ctx_init(&ctx, 8 << 20);
    make(&a, 1, ROOM);
    struct table_report r = report(&a.table, &a.table, NULL, 5);
    for (size_t i = 0; i < 3; i++)
        assert_true(r.columns[i].distance == 0);
    assert_true(r.real.wasserstein == 0 && r.real.coverage == 1);
    assert_int_equal(r.drawn_to_real.copies, ROOM);
    assert_true(r.held_out.wasserstein == 0 && r.held_out.coverage == 0 && r.held_out_to_real.copies == 0);
    ctx_release(&ctx);
}

/* gap_at is |F(x) - G(x)|, by counting. */
static double gap_at(const struct rows *a, const struct rows *b, size_t column, double x) {
    const struct rows *sides[] = {a, b};
    double f[2];
    for (int s = 0; s < 2; s++) {
        double below = 0, all = 0;
        for (size_t r = 0; r < sides[s]->table.rows; r++) {
            all += !isnan(sides[s]->v[column][r]);
            below += sides[s]->v[column][r] <= x;
        }
        f[s] = below / all;
    }
    return fabs(f[0] - f[1]);
}

static void columns_by_counting(void **state) {
    (void)state;
    static struct rows a, b;
    ctx_init(&ctx, 8 << 20);
    for (uint64_t seed = 0; seed < 20; seed++) {
        make(&a, 2 * seed, 40), make(&b, 2 * seed + 1, 23);
        struct table_report r = report(&a.table, &b.table, NULL, 3);
        for (size_t i = 0; i < 2; i++) {
            double greatest = 0;
            for (double x = 0; x < 125; x += 0.125)
                greatest = fmax(greatest, gap_at(&a, &b, i, x));
            near(r.columns[i].distance, greatest, 1e-15);
        }
        double variation = 0, missing = 0;
        for (int c = 0; c < 3; c++) {
            double p = 0, q = 0;
            for (size_t k = 0; k < 40; k++)
                p += a.v[2][k] == c;
            for (size_t k = 0; k < 23; k++)
                q += b.v[2][k] == c;
            variation += fabs(p / 40 - q / 23) / 2;
        }
        for (size_t k = 0; k < 23; k++)
            missing += isnan(b.v[1][k]) ? 1 : 0;
        near(r.columns[2].distance, variation, 1e-15);
        near(r.columns[1].missing_drawn, missing / 23, 1e-15);
        assert_true(r.columns[0].missing_real == 0 && r.columns[0].missing_drawn == 0);
    }
    ctx_release(&ctx);
}

/* between is the L1 distance of two rows by its definition. */
static double between(const struct rows *a, size_t i, const struct rows *b, size_t j, const double width[2]) {
    double sum = a->v[2][i] == b->v[2][j] ? 0 : 1;
    for (int c = 0; c < 2; c++) {
        double x = a->v[c][i], y = b->v[c][j];
        if (isnan(x) && isnan(y))
            continue;
        if (isnan(x) || isnan(y))
            sum += 0.5 + fabs((isnan(x) ? y : x) / width[c] - 0.5);
        else
            sum += fabs(x - y) / width[c];
    }
    return sum;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void rows_by_their_definitions(void **state) {
    (void)state;
    static struct rows a, b;
    ctx_init(&ctx, 8 << 20);
    for (uint64_t seed = 0; seed < 10; seed++) {
        const size_t n = 30, m = 20, k = 4;
        make(&a, 100 + seed, n), make(&b, 200 + seed, m);
        a.v[0][0] = 0, a.v[0][1] = 125, a.v[1][2] = 0, a.v[1][3] = 8; /* ranges from 0 */
        for (size_t i = 0; seed && i < 3; i++)
            b.v[0][i] = a.v[0][i + 4], b.v[1][i] = a.v[1][i + 4], b.v[2][i] = a.v[2][i + 4];
        const double width[2] = {125, 8};
        struct table_report r = report(&a.table, &b.table, &b.table, k);
        double mean = 0, nearest[ROOM];
        size_t copies = 0, covered = 0;
        for (size_t i = 0; i < n; i++) {
            double own[ROOM], other = (double)INFINITY;
            for (size_t j = 0; j < n; j++)
                own[j] = j == i ? -1 : between(&a, i, &a, j, width);
            for (size_t j = 0; j < m; j++)
                other = fmin(other, between(&a, i, &b, j, width));
            qsort(own, n, sizeof *own, ascending);
            covered += other <= own[k] + 1e-12;
        }
        for (size_t j = 0; j < m; j++) {
            nearest[j] = (double)INFINITY;
            for (size_t i = 0; i < n; i++)
                nearest[j] = fmin(nearest[j], between(&b, j, &a, i, width));
            mean += nearest[j] / (double)m;
            copies += nearest[j] == 0;
        }
        qsort(nearest, m, sizeof *nearest, ascending);
        near(r.real.coverage, (double)covered / (double)n, 1e-12);
        near(r.drawn_to_real.mean, mean, 1e-12);
        near(r.drawn_to_real.median, (nearest[9] + nearest[10]) / 2, 1e-12);
        near(r.drawn_to_real.least, nearest[0], 1e-12);
        assert_int_equal(r.drawn_to_real.copies, copies);
        assert_int_equal(r.held_out_to_real.copies, copies);
        assert_true(r.held_out.wasserstein == 0 && r.held_out.coverage == 1);
        assert_true(seed == 0 || copies >= 3);
    }
    ctx_release(&ctx);
}

/* 2,000 rows are carried as 1,000: every second. Those left out are far away. */
static void many_rows_are_thinned(void **state) {
    (void)state;
    enum { MANY = 2 * TABLE_REPORT_CARRIED };
    static double x[MANY], y[2] = {0, 1};
    struct table_column real = {COLUMN_NUMERIC, 0, y}, drawn = {COLUMN_NUMERIC, 0, x};
    const struct table a = {2, 1, &real}, b = {MANY, 1, &drawn};
    for (size_t i = 0; i < MANY; i++)
        x[i] = i % 2 ? 100 : (double)(i / 2 % 2);
    ctx_init(&ctx, 64 << 20);
    near(report(&a, &b, NULL, 1).real.wasserstein, 0, 1e-12);
    ctx_release(&ctx);
}

static void limits(void **state) {
    (void)state;
    static double v[TABLE_REPORT_ROWS_MAX + 1];
    struct table_column c = {COLUMN_NUMERIC, 0, v}, d = c;
    struct table few = {1, 1, &c}, many = {TABLE_REPORT_ROWS_MAX + 1, 1, &d};
    struct table_report out;
    struct table_report_in in = {&few, &many, NULL, 1};
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(table_report_make(&ctx, &in, &out), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/drawn");
    many.rows--;
    assert_int_equal(table_report_make(&ctx, &in, &out), STATUS_OK);
    assert_int_equal(out.drawn_to_real.copies, TABLE_REPORT_ROWS_MAX);
    assert_true(out.real.coverage == 1);
    few.rows = 0;
    assert_int_equal(table_report_make(&ctx, &in, &out), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/real");
    ctx_release(&ctx);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static struct rows a, b;
    make(&a, 1, 10), make(&b, 2, 10);
    enum status status = STATUS_NO_MEMORY;
    for (size_t k = 0; status == STATUS_NO_MEMORY; k++) {
        struct table_report out;
        const struct table_report_in in = {&a.table, &b.table, &b.table, 5};
        ctx_init(&ctx, 8 << 20);
        ctx.fail_after = k;
        status = table_report_make(&ctx, &in, &out);
        assert_true(status == STATUS_NO_MEMORY || k > 20);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_table_beside_itself),
                                       cmocka_unit_test(columns_by_counting),
                                       cmocka_unit_test(rows_by_their_definitions),
                                       cmocka_unit_test(many_rows_are_thinned),
                                       cmocka_unit_test(limits),
                                       cmocka_unit_test(each_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
