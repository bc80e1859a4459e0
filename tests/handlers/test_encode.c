#include "handlers/encode.h"
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(quoted_bytes_become_utf8)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
