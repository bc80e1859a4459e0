/* Tables with names: from CSV, to CSV and JSON, to table.json and back. */
#include "handlers/table_text.h"

#include <math.h>

#include "handlers/table_file.h"
#include "tests/support/test.h"

static struct ctx ctx;

static struct str text_of(const char *text) { return (struct str){text, strlen(text)}; }

static enum status read(const char *csv, const char *categorical, struct table_text *out) {
    static struct str name;
    name = text_of(categorical ? categorical : "");
    const struct array names = categorical ? array_1d(KIND_STRING, &name, 1) : (struct array){0};
    return table_text_read(&ctx, "/csv", text_of(csv), &names, (struct str){0}, out);
}

static void written(const struct table_text *t, bool json, const char *want) {
    struct buf out;
    buf_init(&out, 1 << 16);
    if (json)
        table_text_json(&t->names, &t->table, &out);
    else
        table_text_csv(&t->names, &t->table, &out);
    buf_byte(&out, '\0');
    assert_string_equal(out.data, want);
    buf_release(&out);
}

static const char CSV[] =
    "size,count,colour,\"a, \"\"b\"\"\"\n1.5,3,red,x\n,4,\"blue; dark\",\n2,,,y z\n-0.25,10,red,x\n";

static void columns_have_their_kinds(void **state) {
    (void)state;
    struct table_text t;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(read(CSV, NULL, &t), STATUS_OK);
    assert_int_equal(t.table.rows, 4);
    assert_int_equal(t.table.n, 4);
    const enum column_kind want[] = {COLUMN_NUMERIC, COLUMN_INTEGER, COLUMN_CATEGORICAL, COLUMN_CATEGORICAL};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(t.table.columns[i].kind, want[i]);
    assert_true(isnan(t.table.columns[0].values[1]) && isnan(t.table.columns[2].values[2]));
    assert_int_equal(t.table.columns[2].categories, 2);
    assert_int_equal(table_names_find(&t.names, text_of("colour")), 2);
    assert_true(table_names_find(&t.names, text_of("Colour")) == SIZE_MAX);
    assert_int_equal(table_names_category(&t.names, 2, 2, text_of("red")), 1);
    assert_true(table_names_category(&t.names, 0, 0, text_of("1.5")) == SIZE_MAX);
    ctx_release(&ctx);
}

static void it_is_written_as_it_was_read(void **state) {
    (void)state;
    struct table_text t;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(read(CSV, NULL, &t), STATUS_OK);
    written(&t, false,
            "size,count,colour,\"a, \"\"b\"\"\"\n1.5,3,red,x\n,4,\"blue; dark\",\n2.0,,,y z\n-0.25,10,red,x\n");
    written(&t, true,
            "{\"size\":[1.5,null,2.0,-0.25],\"count\":[3,4,null,10],\"colour\":[\"red\",\"blue; dark\",null,\"red\"],"
            "\"a, \\\"b\\\"\":[\"x\",null,\"y z\",\"x\"]}");
    ctx_release(&ctx);
}

static void numbers_may_be_categories(void **state) {
    (void)state;
    struct table_text t;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(read("n,x\n10,1\n-2,2\n,3\n10,4\n0.5,5\n", "n", &t), STATUS_OK);
    assert_int_equal(t.table.columns[0].categories, 3);
    const double want[] = {2, 0, NAN, 2, 1};
    for (size_t r = 0; r < 5; r++)
        assert_true(t.table.columns[0].values[r] == want[r] || (isnan(want[r]) && isnan(t.table.columns[0].values[r])));
    written(&t, true, "{\"n\":[\"10\",\"-2\",null,\"10\",\"0.5\"],\"x\":[1,2,3,4,5]}");
    ctx_release(&ctx);
}

static void what_is_wrong_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *csv, *categorical, *pointer, *words;
    } ROWS[] = {
        {"a,a\n1,2\n", NULL, "/csv", "two columns of the name a"},
        {"a,b\n1,2\n", "c", "/categorical", "no column \"c\""},
        {"a,b\n1,\"2\n", NULL, "/csv", "quote"},
        {"a,b\n", NULL, "/csv", ""},
        {"a,b\nx,\xff\n", NULL, "/csv", "UTF-8"},
        {"\xff,b\nx,y\n", NULL, "/csv", "UTF-8"},
        {"a,b\n,1\n,2\n", "a", "/csv", "nothing in it"},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct table_text t;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(read(ROWS[i].csv, ROWS[i].categorical, &t), STATUS_INVALID);
        assert_string_equal(ctx.err.pointer, ROWS[i].pointer);
        if (!strstr(ctx.err.detail, ROWS[i].words))
            fail_msg("%zu: %s", i, ctx.err.detail);
        ctx_release(&ctx);
    }
}

/* many_texts is a CSV of a column of n texts, or of n numbers. */
static char *many(size_t n, const char *before) {
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_text(&out, "a,b\n");
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%s%zu,1\n", before, i);
    buf_byte(&out, '\0');
    return out.data;
}

static void categories_have_a_limit(void **state) {
    (void)state;
    for (size_t n = TABLE_CATEGORIES_MAX; n <= TABLE_CATEGORIES_MAX + 1; n++)
        for (int numbers = 0; numbers < 2; numbers++) {
            struct table_text t;
            char *csv = many(n, numbers ? "" : "x");
            ctx_init(&ctx, 8 << 20);
            assert_int_equal(read(csv, numbers ? "a" : NULL, &t),
                             n <= TABLE_CATEGORIES_MAX ? STATUS_OK : STATUS_INVALID);
            ctx_release(&ctx);
            free(csv);
        }
}

/* -- table.json -- */

static enum status read_file_text(const char *text, struct table_file *out) {
    json_t *object;
    assert_int_equal(json_file_object(&ctx, "table.json", text_of(text), &object), STATUS_OK);
    enum status status = table_file_read(&ctx, object, out);
    json_decref(object);
    return status;
}

static void same_code(const struct table_code *a, const struct table_code *b) {
    assert_true(a->n == b->n && a->features == b->features && a->rows == b->rows && a->label == b->label &&
                a->classes == b->classes);
    for (size_t i = 0; i < a->n; i++) {
        const struct column_code *x = &a->columns[i], *y = &b->columns[i];
        assert_true(x->kind == y->kind && x->categories == y->categories && x->gaps == y->gaps && x->first == y->first);
        if (x->kind != COLUMN_CATEGORICAL)
            assert_true(x->low == y->low && x->high == y->high && x->mean == y->mean && x->std == y->std &&
                        x->decimals == y->decimals);
    }
    for (size_t k = 0; k < a->classes; k++)
        assert_true(a->counts[k] == b->counts[k]);
}

static void a_code_comes_back_from_its_file(void **state) {
    (void)state;
    for (int labelled = 0; labelled < 2; labelled++) {
        struct table_text t;
        struct table_file is, back;
        struct buf out;
        ctx_init(&ctx, 1 << 20);
        buf_init(&out, 1 << 20);
        assert_int_equal(read(CSV, NULL, &t), STATUS_OK);
        is.names = t.names;
        is.choices = labelled;
        assert_int_equal(table_code_fit(&ctx, &t.table, labelled ? 2 : TABLE_NO_LABEL, false, &is.code), STATUS_OK);
        table_file_write(&is, &out);
        buf_byte(&out, '\0');
        assert_int_equal(read_file_text(out.data, &back), STATUS_OK);
        same_code(&is.code, &back.code);
        assert_int_equal(is.choices, back.choices);
        assert_int_equal(table_names_category(&back.names, 2, 2, text_of("blue; dark")), 0);
        assert_int_equal(table_names_find(&back.names, text_of("a, \"b\"")), 3);
        buf_release(&out);
        ctx_release(&ctx);
    }
}

#define NUMBER "\"kind\":\"numeric\",\"low\":0,\"high\":1,\"mean\":0,\"std\":1,\"decimals\":0"
static void bad_files_are_refused(void **state) {
    (void)state;
    static const char *const TEXTS[] = {
        "{}",
        "{\"rows\":0,\"columns\":[{\"name\":\"a\"," NUMBER "}]}",
        "{\"rows\":1}",
        "{\"rows\":1,\"columns\":[]}",
        "{\"rows\":1,\"columns\":[7]}",
        "{\"rows\":1,\"columns\":[{" NUMBER "}]}",
        "{\"rows\":1,\"columns\":[{\"name\":\"a\",\"kind\":\"none\"}]}",
        "{\"rows\":1,\"columns\":[{\"name\":\"a\",\"kind\":\"numeric\",\"low\":0}]}",
        "{\"rows\":1,\"columns\":[{\"name\":\"a\",\"kind\":\"numeric\",\"low\":2,\"high\":1,\"mean\":0,\"std\":1,"
        "\"decimals\":0}]}",
        "{\"rows\":1,\"columns\":[{\"name\":\"a\",\"kind\":\"numeric\",\"low\":0,\"high\":1,\"mean\":0,\"std\":0,"
        "\"decimals\":0}]}",
        "{\"rows\":1,\"columns\":[{\"name\":\"a\",\"kind\":\"numeric\",\"low\":0,\"high\":1,\"mean\":0,\"std\":1,"
        "\"decimals\":10}]}",
        "{\"rows\":1,\"columns\":[{\"name\":\"a\",\"kind\":\"integer\",\"low\":0,\"high\":1,\"mean\":0,\"std\":1,"
        "\"decimals\":1}]}",
        "{\"rows\":1,\"columns\":[{\"name\":\"a\",\"kind\":\"categorical\",\"categories\":[]}]}",
        "{\"rows\":1,\"columns\":[{\"name\":\"a\",\"kind\":\"categorical\",\"categories\":[7]}]}",
        "{\"rows\":1,\"columns\":[{\"name\":\"a\"," NUMBER "},{\"name\":\"a\"," NUMBER "}]}",
        "{\"rows\":1,\"label\":\"b\",\"columns\":[{\"name\":\"a\"," NUMBER "}]}",
        "{\"rows\":1,\"label\":\"a\",\"columns\":[{\"name\":\"a\"," NUMBER "}]}",
        "{\"rows\":1,\"label\":\"b\",\"counts\":[2],\"columns\":[{\"name\":\"a\"," NUMBER
        "},{\"name\":\"b\",\"kind\":\"categorical\",\"categories\":[\"x\"]}]}",
        "{\"rows\":1,\"label\":\"b\",\"counts\":[2,-1],\"columns\":[{\"name\":\"a\"," NUMBER
        "},{\"name\":\"b\",\"kind\":\"categorical\",\"categories\":[\"x\",\"y\"]}]}",
        "{\"rows\":1,\"label\":\"b\",\"counts\":[1,0],\"columns\":[{\"name\":\"a\"," NUMBER
        "},{\"name\":\"b\",\"kind\":\"categorical\",\"categories\":[\"x\"]}]}",
    };
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        struct table_file t;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(read_file_text(TEXTS[i], &t), STATUS_INVALID);
        assert_true(strlen(ctx.err.detail) > 10);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_their_kinds),  cmocka_unit_test(it_is_written_as_it_was_read),
        cmocka_unit_test(numbers_may_be_categories), cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(categories_have_a_limit),   cmocka_unit_test(a_code_comes_back_from_its_file),
        cmocka_unit_test(bad_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
