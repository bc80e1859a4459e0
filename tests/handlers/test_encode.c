#include "handlers/encode.h"
#include "handlers/field.h"
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(quoted_bytes_become_utf8),
                                       cmocka_unit_test(rows_have_their_own_lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
