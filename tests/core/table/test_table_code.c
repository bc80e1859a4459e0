#include "core/table/table_code.h"

#include <math.h>

#include "tests/support/test.h"

static void near(double is, double want, double within) { assert_true(fabs(is - want) <= within); }

#define GAP ((double)NAN)
enum { ROWS = 6 };

static double lengths[] = {5.1, 4.9, GAP, 6.25, 0.3, 5.1};
static double counts[] = {3, -7, 1000000, 0, 2, 2};
static double colours[] = {0, 2, 1, GAP, 0, 2};
static double kinds[] = {1, 1, 0, 1, 1, 1};
static double irrational[] = {M_PI, M_E, M_SQRT2, M_PI, M_E, M_SQRT2};
static double same[] = {7.5, 7.5, 7.5, 7.5, 7.5, 7.5};

static struct table_column columns[] = {{COLUMN_NUMERIC, 0, lengths},     {COLUMN_INTEGER, 0, counts},
                                        {COLUMN_CATEGORICAL, 3, colours}, {COLUMN_CATEGORICAL, 2, kinds},
                                        {COLUMN_NUMERIC, 0, irrational},  {COLUMN_NUMERIC, 0, same}};
static const struct table TABLE = {ROWS, COUNT(columns), columns};

static struct ctx ctx;

static struct table_code fit(size_t label) {
    struct table_code code;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(table_code_fit(&ctx, &TABLE, label, false, &code), STATUS_OK);
    return code;
}

static bool equal(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void columns_are_described(void **state) {
    (void)state;
    struct table_code code = fit(3);
    static const struct {
        size_t first, width;
        int decimals;
        bool gaps;
        double low, high;
    } WANT[] = {{0, 2, 2, true, 0.3, 6.25}, {2, 1, 0, false, -7, 1000000},    {3, 4, 0, true, 0, 2},
                {7, 0, 0, false, 0, 1},     {7, 1, -1, false, M_SQRT2, M_PI}, {8, 1, 1, false, 7.5, 7.5}};
    for (size_t i = 0; i < COUNT(WANT); i++) {
        const struct column_code *c = &code.columns[i];
        assert_int_equal(c->first, WANT[i].first);
        assert_int_equal(c->width, WANT[i].width);
        assert_int_equal(c->decimals, WANT[i].decimals);
        assert_int_equal(c->gaps, WANT[i].gaps);
        assert_true(c->low == WANT[i].low && c->high == WANT[i].high);
    }
    assert_int_equal(code.features, 9);
    assert_int_equal(code.classes, 2);
    assert_int_equal(code.counts[0], 1);
    assert_int_equal(code.counts[1], 5);
    near(code.columns[0].mean, (5.1 + 4.9 + 6.25 + 0.3 + 5.1) / 5, 1e-15);
    assert_true(code.columns[5].std == 1);
    ctx_release(&ctx);
}

static void rows_come_back(size_t label) {
    struct table_code code = fit(label);
    float features[ROWS * 16];
    double wide[ROWS * 16], values[COUNT(columns)][ROWS];
    int64_t labels[ROWS] = {0};
    struct table_column back[COUNT(columns)];
    for (size_t i = 0; i < COUNT(columns); i++)
        back[i] = (struct table_column){columns[i].kind, columns[i].categories, values[i]};
    struct table out = {ROWS, COUNT(columns), back};
    table_encode(&code, &TABLE, features, labels);
    for (size_t i = 0; i < ROWS * code.features; i++)
        wide[i] = (double)features[i];
    table_decode(&code, ROWS, wide, labels, &out);
    for (size_t i = 0; i < COUNT(columns); i++)
        for (size_t r = 0; r < ROWS; r++)
            if (code.columns[i].decimals >= 0)
                assert_true(equal(values[i][r], columns[i].values[r]));
            else
                near(values[i][r], columns[i].values[r], 1e-6);
    ctx_release(&ctx);
}

static void observed_rows_come_back(void **state) {
    (void)state;
    rows_come_back(TABLE_NO_LABEL);
    rows_come_back(2);
    rows_come_back(3);
}

/* Whatever a network says, values are of their type, range and step. */
static void wild_features_give_values_that_could_be(void **state) {
    (void)state;
    struct table_code code = fit(TABLE_NO_LABEL);
    enum { MANY = 2000 };
    static double wide[MANY * 16], values[COUNT(columns)][MANY];
    struct table_column back[COUNT(columns)];
    uint64_t seed = 11;
    bool missing = false;
    for (size_t i = 0; i < COUNT(columns); i++)
        back[i] = (struct table_column){columns[i].kind, columns[i].categories, values[i]};
    struct table out = {MANY, COUNT(columns), back};
    for (size_t i = 0; i < MANY * code.features; i++)
        wide[i] = ((double)test_below(&seed, 2001) - 1000) / (i % 7 ? 400 : 0.01);
    table_decode(&code, MANY, wide, NULL, &out);
    for (size_t r = 0; r < MANY; r++) {
        missing |= isnan(values[0][r]);
        assert_true(isnan(values[0][r]) ||
                    (values[0][r] >= 0.3 && values[0][r] <= 6.25 && round(values[0][r] * 100) / 100 == values[0][r]));
        assert_true(values[1][r] >= -7 && values[1][r] <= 1000000 && values[1][r] == floor(values[1][r]));
        assert_true(isnan(values[2][r]) || values[2][r] == 0 || values[2][r] == 1 || values[2][r] == 2);
        assert_true(values[3][r] == 0 || values[3][r] == 1);
        assert_true(values[4][r] >= M_SQRT2 && values[4][r] <= M_PI);
        assert_true(values[5][r] == 7.5);
    }
    assert_true(missing);
    ctx_release(&ctx);
}

/* Columns: 0 .. 1 a number with gaps, 2 an integer, 3 .. 6 three categories with gaps, which are the label in the second
 * code and drawn with the rest, 7 .. 8 two categories, 9 and 10 numbers. */
static void columns_are_known_as_a_whole_or_not_missing(void **state) {
    (void)state;
    static const uint32_t N = TABLE_NEVER,
                          WANT[2][2][11] = {{{0, 0, 2, 3, 3, 3, 3, 5, 5, 6, 7}, {0, 1, 2, 3, 3, 3, 4, 5, 5, 6, 7}},
                                            {{0, 0, 2, N, N, N, N, 3, 3, 4, 5}, {0, 1, 2, N, N, N, N, 3, 3, 4, 5}}};
    for (int labelled = 0; labelled < 2; labelled++) {
        struct table_code code;
        uint32_t groups[11], also[11];
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(table_code_fit(&ctx, &TABLE, labelled ? 2 : TABLE_NO_LABEL, true, &code), STATUS_OK);
        assert_int_equal(code.features, COUNT(groups));
        table_groups(&code, groups, also);
        assert_memory_equal(groups, WANT[labelled][0], sizeof groups);
        assert_memory_equal(also, WANT[labelled][1], sizeof also);
        ctx_release(&ctx);
    }
}

static void given_columns_are_features_that_are_known(void **state) {
    (void)state;
    const struct table_code code = fit(TABLE_NO_LABEL);
    double given[11];
    for (size_t i = 0; i < COUNT(given); i++)
        given[i] = GAP;
    table_give(&code, 2, 1, given);
    table_give_there(&code, 0, given);
    table_give_there(&code, 1, given); /* it never was missing: nothing to say */
    static const double WANT[11] = {GAP, -1, GAP, -1, 1, -1, -1, GAP, GAP, GAP, GAP};
    for (size_t i = 0; i < COUNT(given); i++)
        assert_true(equal(given[i], WANT[i]));
    table_give(&code, 0, GAP, given);
    assert_true(given[0] == 0 && given[1] == 1);
    table_give(&code, 0, 5.1, given);
    near(given[0], (5.1 - code.columns[0].mean) / code.columns[0].std, 1e-6);
    assert_true(given[1] == -1);
    ctx_release(&ctx);
}

/* A label of a joint code that is drawn is decoded as the other columns are; filled, it is never missing. */
static void drawn_labels_are_decoded(void **state) {
    (void)state;
    struct table_code code;
    double features[11] = {0, 1, 0, -1, -0.5, -1, 3}, values[COUNT(columns)];
    const int64_t drawn = TABLE_DRAWN, told = 2;
    struct table_column back[COUNT(columns)];
    for (size_t i = 0; i < COUNT(columns); i++)
        back[i] = (struct table_column){columns[i].kind, columns[i].categories, &values[i]};
    struct table out = {1, COUNT(columns), back};
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(table_code_fit(&ctx, &TABLE, 2, true, &code), STATUS_OK);
    table_decode(&code, 1, features, &told, &out);
    assert_true(values[2] == 2 && isnan(values[0]));
    table_decode(&code, 1, features, &drawn, &out);
    assert_true(isnan(values[2]));
    table_fill(&code, features);
    table_decode(&code, 1, features, &drawn, &out);
    assert_true(values[2] == 1 && !isnan(values[0]));
    ctx_release(&ctx);
}

/* Every stretch of the sequence has each class's share nearly exactly. */
static void labels_have_their_shares(void **state) {
    (void)state;
    struct table_code code = fit(3);
    enum { LONG = 3000 };
    for (int k = 0; k < 7; k++) {
        size_t ones = 0;
        for (uint64_t i = 0; i < LONG; i++)
            ones += table_label_at(&code, k / 7.0, i) == 1;
        assert_in_range(ones, LONG * 5 / 6 - 3, LONG * 5 / 6 + 3);
    }
    code.counts[0] = 6, code.counts[1] = 0; /* a class without rows is never drawn */
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(table_label_at(&code, 1, i), 0);
    ctx_release(&ctx);
}

static void bad_tables_are_refused(void **state) {
    (void)state;
    double numbers[] = {1, 2.5}, beyond[] = {1, 2};
    struct table_column c[] = {{COLUMN_NUMERIC, 0, numbers}, {COLUMN_CATEGORICAL, 2, beyond}};
    struct table t = {2, 1, c};
    struct table_code code;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(table_code_fit(&ctx, &t, 0, false, &code), STATUS_INVALID); /* a label of numbers */
    assert_string_equal(ctx.err.pointer, "/label");
    c[0].kind = COLUMN_INTEGER;
    assert_int_equal(table_code_fit(&ctx, &t, TABLE_NO_LABEL, false, &code), STATUS_INVALID); /* 2.5 */
    c[0].kind = COLUMN_NUMERIC;
    numbers[0] = 1.1e30;
    assert_int_equal(table_code_fit(&ctx, &t, TABLE_NO_LABEL, false, &code), STATUS_INVALID);
    numbers[0] = 1e30;
    assert_int_equal(table_code_fit(&ctx, &t, TABLE_NO_LABEL, false, &code), STATUS_OK);
    t.n = 2;
    assert_int_equal(table_code_fit(&ctx, &t, 1, false, &code), STATUS_INVALID); /* category 2 of 2 */
    beyond[1] = 1;
    assert_int_equal(table_code_fit(&ctx, &t, 1, false, &code), STATUS_OK);
    t.columns = c + 1, t.n = 1;
    assert_int_equal(table_code_fit(&ctx, &t, 0, false, &code), STATUS_INVALID); /* nothing but the label */
    t.rows = 0;
    assert_int_equal(table_code_fit(&ctx, &t, 0, false, &code), STATUS_INVALID);
    ctx_release(&ctx);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    struct table_code code;
    for (size_t k = 0; k < 3; k++) {
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = k;
        assert_int_equal(table_code_fit(&ctx, &TABLE, 3, false, &code), k < 2 ? STATUS_NO_MEMORY : STATUS_OK);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_described),
        cmocka_unit_test(observed_rows_come_back),
        cmocka_unit_test(wild_features_give_values_that_could_be),
        cmocka_unit_test(labels_have_their_shares),
        cmocka_unit_test(columns_are_known_as_a_whole_or_not_missing),
        cmocka_unit_test(given_columns_are_features_that_are_known),
        cmocka_unit_test(drawn_labels_are_decoded),
        cmocka_unit_test(bad_tables_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
