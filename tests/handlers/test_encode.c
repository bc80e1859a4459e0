#include "handlers/encode.h"
#include "handlers/field.h"
#include "handlers/number.h"
#include "handlers/schema.h"
#include "tests/support/test.h"

/* Forms from RFC 3629 and the Unicode Standard, table 3-7: overlong, surrogate, beyond U+10FFFF, cut off. */
static void quoted_bytes_become_utf8(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *want;
    } ROWS[] = {
        {"plain", "a \"b\" \n", "\"a \\\"b\\\" \\n\""},
        {"whole code points", "\xc2\x80\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc2\x80\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"lone continuation", "a\x80z", "\"a\xef\xbf\xbdz\""},
        {"cut after the first byte", "a\xe2", "\"a\xef\xbf\xbd\""},
        {"cut after the second byte", "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"overlong", "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"surrogate", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"beyond the last", "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"nothing", "", "\"\""},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct buf out;
        buf_init(&out, 1 << 10);
        encode_quoting(&out, ROWS[i].text);
        buf_byte(&out, '\0');
        if (strcmp(out.data, ROWS[i].want) != 0)
            fail_msg("%s: %s", ROWS[i].name, out.data);
        buf_release(&out);
    }
}

struct item {
    int64_t id;
};
struct lines {
    int64_t n;
    struct array flat, rows, words, none;
    struct list items;
    bool more, has_more;
};
static const struct field ITEM[] = {FIELD(struct item, id, INT, "Id."), {0}};
static const struct field LINES[] = {
    FIELD(struct lines, n, INT, "How many."),
    FIELD(struct lines, flat, ARRAY, "Reals.", .kinds = KIND_REAL),
    FIELD(struct lines, rows, ARRAY, "Rows.", .kinds = KIND_INT, .min_dims = 2, .max_dims = 2),
    FIELD(struct lines, words, ARRAY, "Words.", .kinds = KIND_STRING),
    FIELD(struct lines, none, ARRAY, "Absent.", .kinds = KIND_INT),
    FIELD(struct lines, items, LIST, "Objects.", .fields = ITEM, .size = sizeof(struct item)),
    FIELD(struct lines, more, BOOL, "Absent too.", .present = offsetof(struct lines, has_more)),
    {0}};

/* Every line is written out here: what stands before the last, and what the last has beside "done". */
static void lines_are_the_elements_and_then_the_rest(void **state) {
    (void)state;
    double flat[] = {0.5, -0.0};
    int64_t rows[] = {1, 2, 3, 4, 5, 6};
    struct str words[] = {{"a\nb", 3}, {"", 0}};
    struct item items[] = {{7}, {8}};
    struct lines base = {.n = 2, .flat = array_1d(KIND_REAL, flat, 2), .words = array_1d(KIND_STRING, words, 2)};
    base.rows = (struct array){.kind = KIND_INT, .dims = 2, .shape = {2, 3}, .n = 6, .ints = rows};
    base.items = (struct list){2, items};
#define N "\"n\":2"
#define FLAT ",\"flat\":[0.5,-0.0]"
#define ROWS_ ",\"rows\":[[1,2,3],[4,5,6]]"
#define WORDS ",\"words\":[\"a\\nb\",\"\"]"
#define ITEMS ",\"items\":[{\"id\":7},{\"id\":8}]"
    static const struct {
        const char *name, *want;
    } WANT[] = {
        {"flat", "0.5\n-0.0\n{\"done\":true," N ROWS_ WORDS ITEMS "}\n"},
        {"rows", "[1,2,3]\n[4,5,6]\n{\"done\":true," N FLAT WORDS ITEMS "}\n"},
        {"words", "\"a\\nb\"\n\"\"\n{\"done\":true," N FLAT ROWS_ ITEMS "}\n"},
        {"items", "{\"id\":7}\n{\"id\":8}\n{\"done\":true," N FLAT ROWS_ WORDS "}\n"},
        {"none", "{\"done\":true," N FLAT ROWS_ WORDS ITEMS "}\n"},
    };
    for (size_t i = 0; i < COUNT(WANT); i++) {
        struct sink all;
        sink_memory(&all, 1 << 10);
        assert_true(encode_lines(&all, LINES, &base, WANT[i].name));
        buf_byte(&all.out, '\0');
        assert_false(all.out.failed);
        assert_string_equal(all.out.data, WANT[i].want);
        buf_release(&all.out);
    }
    base.flat.n = base.flat.shape[0] = base.rows.n = base.rows.shape[0] = base.items.n = 0;
    for (size_t i = 0; i < COUNT(WANT); i++) {
        if (!strcmp(WANT[i].name, "words"))
            continue;
        struct sink all;
        sink_memory(&all, 1 << 10);
        assert_true(encode_lines(&all, LINES, &base, WANT[i].name));
        assert_memory_equal(all.out.data, "{\"done\"", 7);
        buf_release(&all.out);
    }
}

/* An array under several names is written once and copied, wherever the buffer has moved to; a part of one, or another of
 * equal length, is not taken for it. */
static void one_array_under_several_names(void **state) {
    (void)state;
    struct names {
        struct array a, b, c, d, e, f;
    };
#define NAMED(name) FIELD(struct names, name, ARRAY, "Reals.", .kinds = KIND_REAL)
    static const struct field FIELDS[] = {NAMED(a), NAMED(b), NAMED(c), NAMED(d), NAMED(e), NAMED(f), {0}};
    double x[] = {0.25, 1e300}, y[] = {3, 4};
    const struct array first = array_1d(KIND_REAL, x, 2), other = array_1d(KIND_REAL, y, 2);
    const struct names base = {first, other, first, array_1d(KIND_REAL, x, 1), first, other};
    struct buf out;
    buf_init(&out, 1 << 10);
    encode_fields(&out, FIELDS, &base);
    buf_byte(&out, '\0');
    assert_string_equal(out.data, "{\"a\":[0.25,1e300],\"b\":[3.0,4.0],\"c\":[0.25,1e300],\"d\":[0.25],"
                                  "\"e\":[0.25,1e300],\"f\":[3.0,4.0]}");
    buf_release(&out);
    buf_init(&out, 60); /* no room for the third */
    encode_fields(&out, FIELDS, &base);
    assert_true(out.failed);
    buf_release(&out);
}

/* A long row passes the edge of the buffer's room many times; the lines must be those of the array. */
static void many_numbers_are_the_same_in_lines(void **state) {
    (void)state;
    enum { MANY = 5000 };
    static double reals[MANY];
    for (size_t i = 0; i < MANY; i++)
        reals[i] = (double)i * 1.1;
    struct array a = array_1d(KIND_REAL, reals, MANY);
    struct buf lines, row;
    buf_init(&lines, 1 << 20);
    buf_init(&row, 1 << 20);
    numbers_write_lines(&lines, &a);
    numbers_write(&row, &a);
    assert_int_equal(lines.n + 1, row.n);
    for (size_t i = 0; i < lines.n; i++) {
        char want = row.data[i + 1];
        assert_int_equal(lines.data[i], want == ',' || want == ']' ? '\n' : want);
    }
    buf_release(&lines);
    buf_release(&row);
}

static void rows_have_their_own_lengths(void **state) {
    (void)state;
    struct members {
        struct rows rows, empty, absent;
    };
    static const struct field fields[] = {FIELD(struct members, rows, ROWS, "Three."),
                                          FIELD(struct members, empty, ROWS, "None."),
                                          FIELD(struct members, absent, ROWS, "Not there."),
                                          {0}};
    const size_t starts[] = {0, 2, 2, 3};
    const int64_t values[] = {INT64_MIN, 7, INT64_MAX};
    struct members members = {.rows = {3, starts, values}, .empty = {0, starts, values}};
    struct buf out;
    buf_init(&out, 1 << 10);
    encode_fields(&out, fields, &members);
    buf_byte(&out, '\0');
    assert_string_equal(out.data, "{\"rows\":[[-9223372036854775808,7],[],[9223372036854775807]],\"empty\":[]}");
    out.n = 0;
    schema_field(&out, &fields[0], false);
    buf_byte(&out, '\0');
    assert_string_equal(out.data, "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{\"type\":"
                                  "\"integer\",\"format\":\"int64\"}},\"description\":\"Three.\"}");
    buf_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoted_bytes_become_utf8), cmocka_unit_test(rows_have_their_own_lengths),
        cmocka_unit_test(one_array_under_several_names), cmocka_unit_test(lines_are_the_elements_and_then_the_rest),
        cmocka_unit_test(many_numbers_are_the_same_in_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
