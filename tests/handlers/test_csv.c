#include "handlers/csv.h"

#include <math.h>

#include "tests/support/test.h"

/* read puts the text into a block of its size, so that a sanitizer sees a byte too far. */
static enum status read_text(struct ctx *ctx, const char *text, struct csv *csv, char **copy) {
    size_t n = strlen(text);
    ctx_init(ctx, 16 << 20);
    *copy = malloc(n ? n : 1);
    memcpy(*copy, text, n);
    return csv_read(ctx, "a.csv", *copy, n, csv);
}

static void is_text(struct str s, const char *text) {
    assert_int_equal(s.n, strlen(text));
    assert_memory_equal(s.p, text, s.n);
}

static void a_table_of_all_kinds(void **state) {
    (void)state;
    struct ctx ctx;
    struct csv t;
    char *copy;
    assert_int_equal(read_text(&ctx,
                               "\xef\xbb\xbfname, size,count,mixed\r\n"
                               "\"b, the \"\"second\"\"\",1.5,3,1\r\n"
                               "\r\n"
                               "a,,-4,x\r\n"
                               "NA,2e1,5.0,\r\n"
                               "a,-.5,+7,\"line\nbreak\"",
                               &t, &copy),
                     STATUS_OK);
    assert_int_equal(t.rows, 4);
    assert_int_equal(t.n, 4);
    const struct csv_column *name = csv_find(&t, "name"), *size = csv_find(&t, "size");
    const struct csv_column *count = csv_find(&t, "count"), *mixed = csv_find(&t, "mixed");
    assert_null(csv_find(&t, "Name"));
    assert_false(name->number);
    assert_int_equal(name->n_categories, 2);
    is_text(name->categories[0], "a");
    is_text(name->categories[1], "b, the \"second\"");
    const int64_t codes[] = {1, 0, -1, 0}, marks[] = {0, 2, -1, 1};
    assert_memory_equal(name->codes, codes, sizeof codes);
    assert_memory_equal(mixed->codes, marks, sizeof marks);
    is_text(mixed->categories[1], "line\nbreak");
    assert_true(size->number && !size->whole && size->missing == 1);
    assert_true(size->numbers[0] == 1.5 && isnan(size->numbers[1]) && size->numbers[2] == 20 &&
                size->numbers[3] == -0.5);
    assert_true(count->number && count->whole && !count->missing);
    assert_true(count->numbers[0] == 3 && count->numbers[1] == -4 && count->numbers[2] == 5 && count->numbers[3] == 7);
    free(copy);
    ctx_release(&ctx);
}

/* What each line begins is the number of rows and of columns, then the name of the first column. */
static void headers_and_separators(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t rows, n;
        const char *name;
    } CASES[] = {
        {"1,2\n3,4\n", 2, 2, "column_1"}, {"a,b\n3,4\n", 1, 2, "a"},         {",b\n0,4\n1,5\n", 2, 2, "column_1"},
        {"a,1\n3,4\n", 2, 2, "column_1"}, {"x;y\n1,5;2\n", 1, 2, "x"}, /* a comma is a text's here */
        {"x\ty\tz\n1\t2\t3", 1, 3, "x"},  {"\"x,y\";z\n1;2\r", 1, 2, "x,y"}, {"alone\n1\n2\n3", 3, 1, "alone"},
        {",\n1,2\n", 2, 2, "column_1"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct ctx ctx;
        struct csv t;
        char *copy;
        if (read_text(&ctx, CASES[i].text, &t, &copy))
            fail_msg("%zu: %s", i, ctx.err.detail);
        assert_int_equal(t.rows, CASES[i].rows);
        assert_int_equal(t.n, CASES[i].n);
        is_text(t.columns[0].name, CASES[i].name);
        free(copy);
        ctx_release(&ctx);
    }
}

/* A column of one field is of numbers or not. */
static void what_a_number_is(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool number;
        double value;
    } CASES[] = {{"0", true, 0},     {"-0.25", true, -0.25}, {"1e-3", true, 1e-3}, {"+.5", true, 0.5},
                 {"5.", true, 5},    {"5.e2", true, 500},    {" 7 ", true, 7},     {"007", false, 0},
                 {"1,2", false, 0},  {".", false, 0},        {"-", false, 0},      {"+-1", false, 0},
                 {"0x10", false, 0}, {"inf", false, 0},      {"1e", false, 0}};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct ctx ctx;
        struct csv t;
        char *copy, text[64];
        snprintf(text, sizeof text, "head;x\n%s;1\n", CASES[i].text);
        assert_int_equal(read_text(&ctx, text, &t, &copy), STATUS_OK);
        if (t.columns[0].number != CASES[i].number)
            fail_msg("%s", CASES[i].text);
        assert_true(!CASES[i].number || t.columns[0].numbers[0] == CASES[i].value);
        free(copy);
        ctx_release(&ctx);
    }
}

/* A field that would grow at every point, were each to be followed by a digit, around the length of the longest number. */
static void many_points_are_no_number(void **state) {
    (void)state;
    for (size_t n = 390; n <= 410; n++) {
        struct ctx ctx;
        struct csv t;
        char *copy, text[512] = "head\n1\n";
        for (size_t i = 0; i < n; i++)
            text[7 + i] = "1.x"[i % 3];
        assert_int_equal(read_text(&ctx, text, &t, &copy), STATUS_OK);
        assert_false(t.columns[0].number);
        assert_int_equal(t.columns[0].n_categories, 2);
        free(copy);
        ctx_release(&ctx);
    }
}

static void what_is_wrong_has_its_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } CASES[] = {
        {"", "a.csv is empty."},
        {"\n\r\n", "a.csv is empty."},
        {"a,b\n", "a.csv has a header and no rows."},
        {"a,b\n1,2\n\n3\n", "a.csv, line 4 has 1 fields, want 2 as the first line."},
        {"a,b\n1,\"2\n2\"\n1,2,3\n", "a.csv, line 4 has 3 fields, want 2 as the first line."},
        {"a,b\n1,\"2\n", "a.csv, line 2: the quote is not closed."},
        {"a,b\n1,\"2\"2\n", "a.csv, line 2: text follows the closing quote; want a separator or the line's end."},
        {"a,a\n1,2\n", "a.csv has two columns of the name a."},
        {"a,b\r1,2\r", "a.csv ends its lines with CR alone; want LF or CRLF."},
        {"\xff\xfe"
         "a",
         "a.csv is UTF-16; want UTF-8."},
        {"a\n1\n1e400\n", "a.csv, row 2: 1e400 is out of the range of numbers."},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct ctx ctx;
        struct csv t;
        char *copy;
        assert_int_equal(read_text(&ctx, CASES[i].text, &t, &copy), STATUS_INVALID);
        assert_string_equal(ctx.err.detail, CASES[i].sentence);
        free(copy);
        ctx_release(&ctx);
    }
}

static void the_most_columns(void **state) {
    (void)state;
    for (size_t n = CSV_COLUMNS_MAX; n <= CSV_COLUMNS_MAX + 1; n++) {
        struct ctx ctx;
        struct csv t;
        char *text = malloc(2 * n);
        for (size_t i = 0; i < n; i++)
            text[2 * i] = '1', text[2 * i + 1] = i + 1 < n ? ',' : '\n';
        ctx_init(&ctx, 16 << 20);
        assert_int_equal(csv_read(&ctx, "a.csv", text, 2 * n, &t), n > CSV_COLUMNS_MAX ? STATUS_TOO_LARGE : STATUS_OK);
        free(text);
        ctx_release(&ctx);
    }
}

/* Whatever bytes there are, reading ends with a table or a sentence; sanitizers look on. */
static void noise_is_read_or_refused(void **state) {
    (void)state;
    static const char BYTES[] = "a1.\"\"\n\r,,;\t -+eN?";
    uint64_t random = 4;
    size_t tables = 0;
    for (int i = 0; i < 20000; i++) {
        struct ctx ctx;
        struct csv t;
        size_t n = test_below(&random, 40);
        char *text = malloc(n ? n : 1);
        for (size_t k = 0; k < n; k++)
            text[k] = BYTES[test_below(&random, sizeof BYTES - 1)];
        ctx_init(&ctx, 1 << 20);
        enum status status = csv_read(&ctx, "a.csv", text, n, &t);
        tables += status == STATUS_OK;
        assert_true(status == STATUS_OK || (status == STATUS_INVALID && *ctx.err.detail));
        for (size_t c = 0; status == STATUS_OK && c < t.n; c++)
            assert_true(t.columns[c].number ? t.columns[c].numbers != NULL : t.columns[c].codes != NULL);
        free(text);
        ctx_release(&ctx);
    }
    assert_true(tables > 1000);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static const char TEXT[] = "1,a,\"b\"\"c\"\n2,b,x\n";
    for (size_t after = 0;; after++) {
        struct ctx ctx;
        struct csv t;
        ctx_init(&ctx, 16 << 20);
        ctx.fail_after = after;
        enum status status = csv_read(&ctx, "a.csv", TEXT, sizeof TEXT - 1, &t);
        ctx_release(&ctx);
        if (status == STATUS_OK) {
            assert_true(after > 8);
            return;
        }
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
}

/* Rows and columns are read until the reader is stopped. */
static void a_stop_ends_it(void **state) {
    (void)state;
    struct ctx ctx;
    struct csv t;
    atomic_int stop = STOP_CANCEL;
    static const char TEXT[] = "1,2\n3,4\n5\n";
    for (size_t lines = 1; lines <= 2; lines++) { /* stopped before the line that is wrong, and before the columns */
        ctx_init(&ctx, 1 << 20);
        ctx.stop = &stop;
        assert_int_equal(csv_read(&ctx, "a.csv", TEXT, lines == 1 ? sizeof TEXT - 1 : 3, &t), STATUS_CANCELLED);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_ends_it),
        cmocka_unit_test(a_table_of_all_kinds),
        cmocka_unit_test(headers_and_separators),
        cmocka_unit_test(what_a_number_is),
        cmocka_unit_test(many_points_are_no_number),
        cmocka_unit_test(what_is_wrong_has_its_line),
        cmocka_unit_test(the_most_columns),
        cmocka_unit_test(noise_is_read_or_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
