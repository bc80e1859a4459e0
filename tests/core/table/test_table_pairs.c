#include "core/table/table_pairs.h"

#include <math.h>

#include "core/table/table_report.h"
#include "tests/support/test.h"

#define GAP ((double)NAN)
enum { ROOM = 40, COLUMNS = 4, KINDS = 5 };

/* Two columns of numbers and two of categories, of which the last two go with the first, and gaps. */
struct rows {
    double v[COLUMNS][ROOM];
    struct table_column columns[COLUMNS];
    struct table table;
};

static void make(struct rows *r, uint64_t seed, size_t n) {
    for (size_t i = 0; i < COLUMNS; i++)
        r->columns[i] = (struct table_column){i < 2 ? COLUMN_NUMERIC : COLUMN_CATEGORICAL, i < 2 ? 0 : i + 1, r->v[i]};
    for (size_t k = 0; k < n; k++) {
        const double x = (double)test_below(&seed, 1000);
        r->v[0][k] = test_below(&seed, 6) ? x : GAP;
        r->v[1][k] = x / 4 + (double)test_below(&seed, 200) - 900;
        r->v[2][k] = test_below(&seed, 6) ? floor(x / 400) : GAP;
        r->v[3][k] = test_below(&seed, 3) ? floor(x / 400) : (double)test_below(&seed, 4);
    }
    r->table = (struct table){n, COLUMNS, r->columns};
}

static bool both(const struct rows *r, size_t a, size_t b, size_t k) { return !isnan(r->v[a][k] + r->v[b][k]); }

/* -- The measures by their definitions -- */

static double mean(const struct rows *r, size_t of, size_t a, size_t b) {
    double sum = 0, n = 0;
    for (size_t k = 0; k < r->table.rows; k++)
        if (both(r, a, b, k))
            sum += r->v[of][k], n++;
    return sum / n;
}

static double pearson(const struct rows *r) {
    const double x = mean(r, 0, 0, 1), y = mean(r, 1, 0, 1);
    double xx = 0, yy = 0, xy = 0;
    for (size_t k = 0; k < r->table.rows; k++)
        if (both(r, 0, 1, k)) {
            xx += pow(r->v[0][k] - x, 2), yy += pow(r->v[1][k] - y, 2);
            xy += (r->v[0][k] - x) * (r->v[1][k] - y);
        }
    return xy / sqrt(xx * yy);
}

/* eta^2 = 1 - (squares within categories) / (all squares) */
static double eta(const struct rows *r, size_t number, size_t category) {
    const double all = mean(r, number, number, category);
    double within = 0, total = 0;
    for (int c = 0; c < KINDS; c++) {
        double sum = 0, n = 0;
        for (size_t k = 0; k < r->table.rows; k++)
            if (both(r, number, category, k) && r->v[category][k] == c)
                sum += r->v[number][k], n++;
        for (size_t k = 0; k < r->table.rows; k++)
            if (both(r, number, category, k) && r->v[category][k] == c) {
                within += pow(r->v[number][k] - sum / n, 2);
                total += pow(r->v[number][k] - all, 2);
            }
    }
    return sqrt(1 - within / total);
}

static double count(const struct rows *r, double x, double y) {
    double n = 0;
    for (size_t k = 0; k < r->table.rows; k++)
        n += both(r, 2, 3, k) && (x < 0 || r->v[2][k] == x) && (y < 0 || r->v[3][k] == y);
    return n;
}

static double cramers_v(const struct rows *r) {
    const double n = count(r, -1, -1);
    double chi2 = 0, rows = 0, columns = 0;
    for (int i = 0; i < KINDS; i++) {
        rows += count(r, i, -1) > 0;
        columns += count(r, -1, i) > 0;
        for (int j = 0; j < KINDS; j++) {
            const double expected = count(r, i, -1) * count(r, -1, j) / n;
            chi2 += expected > 0 ? pow(count(r, i, j) - expected, 2) / expected : 0;
        }
    }
    return sqrt(chi2 / n / (fmin(rows, columns) - 1));
}

static double measure(const struct rows *r, size_t a, size_t b) {
    static double scratch[64];
    assert_true(table_pair_scratch(&r->table) <= COUNT(scratch));
    const double is = table_pair(&r->table, a, b, scratch);
    for (size_t i = 0; i < COUNT(scratch); i++)
        assert_true(scratch[i] == 0);
    return is;
}

static void expect(const struct rows *r, size_t a, size_t b, enum pair_measure what, double want) {
    assert_int_equal(table_pair_measure(&r->table, a, b), what);
    assert_true(fabs(measure(r, a, b) - want) < 1e-9 && measure(r, a, b) == measure(r, b, a));
}

static void measures_are_those_of_their_definitions(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed < 40; seed++) {
        struct rows r;
        make(&r, seed, ROOM);
        expect(&r, 0, 1, PAIR_CORRELATION, pearson(&r));
        for (size_t number = 0; number < 2; number++)
            for (size_t category = 2; category < 4; category++)
                expect(&r, number, category, PAIR_RATIO, eta(&r, number, category));
        expect(&r, 2, 3, PAIR_CRAMER, cramers_v(&r));
    }
}

/* Scores in three subjects: eta^2 = 6780 / 9640, as Wikipedia's article "Correlation ratio" works it out. */
static void a_known_ratio(void **state) {
    (void)state;
    double scores[] = {45, 70, 29, 15, 21, 40, 20, 30, 42, 65, 95, 80, 70, 85, 73};
    double subjects[] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2}, scratch[16] = {0};
    struct table_column columns[] = {{COLUMN_INTEGER, 0, scores}, {COLUMN_CATEGORICAL, 3, subjects}};
    const struct table t = {COUNT(scores), 2, columns};
    assert_true(fabs(table_pair(&t, 0, 1, scratch) - sqrt(6780.0 / 9640)) < 1e-12);
}

static void the_ends_of_the_ranges(void **state) {
    (void)state;
    struct rows r;
    make(&r, 1, ROOM);
    for (size_t k = 0; k < ROOM; k++) {
        r.v[0][k] = 1e9 + (double)(k % 3);
        r.v[1][k] = -2 * r.v[0][k];
        r.v[2][k] = r.v[3][k] = (double)(k % 3);
    }
    assert_true(fabs(measure(&r, 0, 1) + 1) < 1e-9);
    assert_true(fabs(measure(&r, 0, 2) - 1) < 1e-9 && fabs(measure(&r, 2, 3) - 1) < 1e-12);
    for (size_t k = 0; k < ROOM; k++)
        r.v[1][k] = 0.1, r.v[3][k] = 2; /* the same everywhere */
    for (size_t a = 0; a < COLUMNS; a++)
        assert_true((a == 1 || measure(&r, a, 1) == 0) && (a == 3 || measure(&r, a, 3) == 0));
    for (size_t k = 0; k < ROOM; k++)
        r.v[k % 2 ? 0 : 2][k] = GAP; /* no row has both */
    assert_true(measure(&r, 0, 2) == 0);
}

static void a_report_has_all_pairs(void **state) {
    (void)state;
    static struct rows a, b;
    struct ctx ctx;
    struct table_report r;
    double off = 0;
    ctx_init(&ctx, 8 << 20);
    make(&a, 1, ROOM), make(&b, 2, 30);
    const struct table_report_in in = {&a.table, &b.table, NULL, 3};
    assert_int_equal(table_report_make(&ctx, &in, &r), STATUS_OK);
    assert_int_equal(r.n_pairs, 6);
    for (size_t i = 0, x = 0; x < COLUMNS; x++)
        for (size_t y = x + 1; y < COLUMNS; y++, i++) {
            assert_true(r.pairs[i].a == x && r.pairs[i].b == y);
            assert_true(r.pairs[i].real == measure(&a, x, y) && r.pairs[i].drawn == measure(&b, x, y));
            off += fabs(r.pairs[i].real - r.pairs[i].drawn) / 6;
        }
    assert_true(fabs(r.pairs_off - off) < 1e-12 && off > 0);
    ctx_release(&ctx);
}

static void wide_tables_have_none(void **state) {
    (void)state;
    double v[] = {1, 2};
    struct table_column columns[TABLE_PAIRED + 1];
    for (size_t n = TABLE_PAIRED; n <= TABLE_PAIRED + 1; n++) {
        struct ctx ctx;
        struct table_report r;
        const struct table t = {2, n, columns};
        const struct table_report_in in = {&t, &t, NULL, 1};
        ctx_init(&ctx, 8 << 20);
        for (size_t i = 0; i < n; i++)
            columns[i] = (struct table_column){COLUMN_NUMERIC, 0, v};
        assert_int_equal(table_report_make(&ctx, &in, &r), STATUS_OK);
        assert_int_equal(r.n_pairs, n > TABLE_PAIRED ? 0 : n * (n - 1) / 2);
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail_and_a_stop_is_heard(void **state) {
    (void)state;
    struct rows a;
    struct pair_report *out;
    make(&a, 1, ROOM);
    for (size_t k = 0; k < 4; k++) {
        struct ctx ctx;
        atomic_int stop;
        atomic_init(&stop, k == 3 ? STOP_CANCEL : STOP_NONE);
        ctx_init(&ctx, 8 << 20);
        ctx.fail_after = k;
        ctx.stop = &stop;
        assert_int_equal(table_pairs(&ctx, &a.table, &a.table, &out), k < 2    ? STATUS_NO_MEMORY
                                                                      : k == 2 ? STATUS_OK
                                                                               : STATUS_CANCELLED);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_are_those_of_their_definitions),
        cmocka_unit_test(a_known_ratio),
        cmocka_unit_test(the_ends_of_the_ranges),
        cmocka_unit_test(a_report_has_all_pairs),
        cmocka_unit_test(wide_tables_have_none),
        cmocka_unit_test(each_allocation_may_fail_and_a_stop_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
