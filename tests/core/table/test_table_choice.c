/* Choices of rows: which there are, by what chances they are made, and what is given once they are. */
#include "core/table/table_choice.h"

#include <math.h>

#include "tests/support/test.h"

#define GAP ((double)NAN)
enum { ROWS = 4, FEATURES = 11 };

/* Features: a number at 0; one with gaps at 1, 2; three categories with gaps at 3 .. 6; two at 7, 8; the label's two. */
static double plain[] = {1, 2, 3, 4}, gapped[] = {1, GAP, 3, 4}, colours[] = {0, 1, GAP, 2}, sides[] = {0, 1, 1, 0};
static struct table_column columns[] = {{COLUMN_NUMERIC, 0, plain},
                                        {COLUMN_INTEGER, 0, gapped},
                                        {COLUMN_CATEGORICAL, 3, colours},
                                        {COLUMN_CATEGORICAL, 2, sides},
                                        {COLUMN_CATEGORICAL, 2, sides}};
static const struct table TABLE = {ROWS, COUNT(columns), columns};
enum { PLAIN, GAPPED, COLOURS, SIDES, LABEL };

static struct ctx ctx;
static struct table_code code;

static int set_up(void **state) {
    (void)state;
    ctx_init(&ctx, 4 << 20);
    assert_int_equal(table_code_fit(&ctx, &TABLE, LABEL, true, &code), STATUS_OK);
    assert_int_equal(code.features, FEATURES);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    ctx_release(&ctx);
    return 0;
}

static void nothing_given(double *given) {
    for (size_t j = 0; j < FEATURES; j++)
        given[j] = GAP;
}

/* -- Which there are -- */

static void choices_are_categories_and_gaps(void **state) {
    (void)state;
    static const bool MADE[] = {false, true, true, true, false};
    static const uint32_t WANT[FEATURES] = {TABLE_NEVER, TABLE_NEVER, 0, 1, 1, 1, 1, 2, 2, TABLE_NEVER, TABLE_NEVER};
    uint32_t choices[FEATURES];
    double given[FEATURES];
    nothing_given(given);
    assert_int_equal(table_choices(&code, choices), 3);
    assert_memory_equal(choices, WANT, sizeof WANT);
    for (size_t i = 0; i < COUNT(MADE); i++) {
        assert_int_equal(table_choice_made(&code, i), MADE[i]);
        assert_int_equal(table_choice_open(&code, i, given), MADE[i]);
    }
}

static void what_is_given_is_not_open(void **state) {
    (void)state;
    double given[FEATURES];
    nothing_given(given);
    table_give(&code, GAPPED, 3, given);
    table_give_there(&code, COLOURS, given); /* that it is there says not which it is */
    assert_false(table_choice_open(&code, GAPPED, given));
    assert_true(table_choice_open(&code, COLOURS, given));
    table_give(&code, COLOURS, GAP, given);
    assert_false(table_choice_open(&code, COLOURS, given));
}

/* Of columns beyond the limit no choice is made. */
static void the_first_choices_are_made(void **state) {
    (void)state;
    enum { MANY = TABLE_CHOICES_MAX + 1 };
    static struct table_column many[MANY];
    static uint32_t choices[2 * MANY];
    struct table_code wide;
    for (size_t i = 0; i < MANY; i++)
        many[i] = columns[SIDES];
    for (size_t n = MANY - 1; n <= MANY; n++) {
        const struct table table = {ROWS, n, many};
        assert_int_equal(table_code_fit(&ctx, &table, TABLE_NO_LABEL, false, &wide), STATUS_OK);
        assert_int_equal(table_choices(&wide, choices), TABLE_CHOICES_MAX);
        assert_int_equal(choices[2 * (MANY - 1) - 1], MANY - 2);
    }
    assert_true(choices[2 * MANY - 1] == TABLE_NEVER && choices[2 * MANY - 2] == TABLE_NEVER);
}

/* -- Chances -- */

/* Of all points of the simplex on a grid of steps of 1/60 none is nearer; sums of three are enough to see it. */
static void chances_are_the_nearest(void **state) {
    (void)state;
    static const double CASES[][3] = {{0.5, 0.3, 0.2}, {0.6, 0.6, -0.1}, {-1, -2, -3},      {2, 0.5, 0.1},
                                      {0, 0, 0},       {1.02, 0, -0.02}, {0.4, 0.4, 0.001}, {-5, 0.7, 0.6}};
    for (size_t c = 0; c < COUNT(CASES); c++) {
        double p[3], off = 0, sum = 0, least = (double)INFINITY;
        memcpy(p, CASES[c], sizeof p);
        table_chances(3, p);
        for (size_t k = 0; k < 3; k++) {
            assert_true(p[k] >= 0);
            off += pow(p[k] - CASES[c][k], 2);
            sum += p[k];
        }
        assert_true(fabs(sum - 1) < 1e-12);
        for (int i = 0; i <= 60; i++)
            for (int j = 0; i + j <= 60; j++) {
                const double a = i / 60.0, b = j / 60.0, q[] = {a, b, 1 - a - b};
                const double far = pow(q[0] - CASES[c][0], 2) + pow(q[1] - CASES[c][1], 2) + pow(q[2] - CASES[c][2], 2);
                least = far < least ? far : least;
            }
        if (!(off <= least + 1e-12))
            fail_msg("case %zu: %g off, and a point of the grid is %g", c, off, least);
    }
}

static void many_chances_sum_to_one(void **state) {
    (void)state;
    uint64_t seed = 9;
    static double p[TABLE_CATEGORIES_MAX + 1];
    for (size_t n = 1; n <= COUNT(p); n = n * 2 + 1) {
        double sum = 0;
        for (size_t k = 0; k < n; k++)
            p[k] = (double)test_below(&seed, 2000) / 1000 - 1;
        table_chances(n, p);
        for (size_t k = 0; k < n; k++)
            sum += p[k];
        assert_true(fabs(sum - 1) < 1e-9);
    }
}

/* -- How they are made -- */

/* says writes what a network would of chances: 2 p - 1. */
static void says(double D[FEATURES]) {
    static const double P[FEATURES] = {9, 9, 0.25, 0.5, 0.25, 0, 0.25, 0.625, 0.375, 9, 9};
    for (size_t j = 0; j < FEATURES; j++)
        D[j] = 2 * P[j] - 1;
}

static double chosen(size_t column, double u, bool there) {
    double D[FEATURES], given[FEATURES];
    int64_t label = 0;
    struct table_column out[COUNT(columns)];
    double values[COUNT(columns)];
    struct table drawn = {1, COUNT(columns), out};
    says(D);
    nothing_given(given);
    if (there)
        table_give_there(&code, column, given);
    table_choose(&code, column, D, u, given);
    assert_false(table_choice_open(&code, column, given));
    for (size_t i = 0; i < COUNT(columns); i++)
        out[i] = columns[i], out[i].values = values + i;
    table_decode(&code, 1, given, &label, &drawn);
    return values[column];
}

/* Of equal parts of 0 .. 1 each has as many as its chance. */
static void shares_are_the_chances(void **state) {
    (void)state;
    enum { PARTS = 800 };
    size_t of[4] = {0}, heads = 0;
    for (size_t i = 0; i < PARTS; i++) {
        const double u = ((double)i + 0.5) / PARTS, colour = chosen(COLOURS, u, false);
        of[isnan(colour) ? 3 : (size_t)colour]++;
        heads += chosen(SIDES, u, false) == 0;
    }
    assert_true(of[0] == PARTS / 2 && of[1] == PARTS / 4 && of[2] == 0 && of[3] == PARTS / 4);
    assert_int_equal(heads, PARTS * 5 / 8);
    assert_true(chosen(SIDES, nextafter(1, 0), false) == 1);
}

static void what_is_there_is_not_missing(void **state) {
    (void)state;
    size_t of[3] = {0};
    for (size_t i = 0; i < 96; i++) {
        const double colour = chosen(COLOURS, ((double)i + 0.5) / 96, true);
        assert_false(isnan(colour));
        of[(size_t)colour]++;
    }
    assert_true(of[0] == 56 && of[1] == 32 && of[2] == 8); /* 1/2, 1/4 and 0 are 1/4 short: 1/12 more for each */
}

static void a_number_is_missing_by_chance(void **state) {
    (void)state;
    double D[FEATURES], given[FEATURES];
    size_t missing = 0;
    says(D);
    for (size_t i = 0; i < 80; i++) {
        nothing_given(given);
        table_choose(&code, GAPPED, D, ((double)i + 0.5) / 80, given);
        assert_true(isnan(given[1]) && fabs(given[2]) == 1); /* its number is drawn with the others */
        missing += given[2] == 1;
    }
    assert_int_equal(missing, 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_are_categories_and_gaps), cmocka_unit_test(what_is_given_is_not_open),
        cmocka_unit_test(the_first_choices_are_made),      cmocka_unit_test(chances_are_the_nearest),
        cmocka_unit_test(many_chances_sum_to_one),         cmocka_unit_test(shares_are_the_chances),
        cmocka_unit_test(what_is_there_is_not_missing),    cmocka_unit_test(a_number_is_missing_by_chance),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
