#include "handlers/base64.h"

#include "tests/support/test.h"

/* The test vectors of RFC 4648, section 10. */
static void vectors_of_the_rfc(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *text;
    } VECTORS[] = {{"", ""},
                   {"f", "Zg=="},
                   {"fo", "Zm8="},
                   {"foo", "Zm9v"},
                   {"foob", "Zm9vYg=="},
                   {"fooba", "Zm9vYmE="},
                   {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < COUNT(VECTORS); i++) {
        char text[16] = "";
        unsigned char bytes[16];
        size_t n, at;
        base64_write((const unsigned char *)VECTORS[i].bytes, strlen(VECTORS[i].bytes), text);
        assert_string_equal(text, VECTORS[i].text);
        assert_int_equal(base64_room(strlen(VECTORS[i].bytes)), strlen(text));
        assert_true(base64_read(text, strlen(text), bytes, &n, &at));
        assert_int_equal(n, strlen(VECTORS[i].bytes));
        assert_memory_equal(bytes, VECTORS[i].bytes, n);
    }
}

static void all_bytes_come_back(void **state) {
    (void)state;
    unsigned char bytes[300], back[300];
    char text[400];
    size_t n, at;
    for (size_t i = 0; i < COUNT(bytes); i++)
        bytes[i] = (unsigned char)(i * 7);
    for (size_t k = 280; k < COUNT(bytes); k++) {
        base64_write(bytes, k, text);
        assert_true(base64_read(text, base64_room(k), back, &n, &at) && n == k);
        assert_memory_equal(bytes, back, k);
    }
}

static void what_is_no_base64_is_placed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } CASES[] = {{"Zg", 2},   {"Zg=", 3},      {"Zg=x", 2},       {"Z===", 1}, {"====", 0},      {"Zh==", 2},
                 {"Zm9=", 3}, {"Zg==Zg==", 2}, {"Zm9v\nZg==", 4}, {"Zm9-", 3}, {"Zm9v YmFy", 4}, {"Zm9vYmFyZ", 9}};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        unsigned char bytes[16];
        size_t n, at = 99;
        if (base64_read(CASES[i].text, strlen(CASES[i].text), bytes, &n, &at) || at != CASES[i].at)
            fail_msg("%s: %zu", CASES[i].text, at);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_of_the_rfc), cmocka_unit_test(all_bytes_come_back),
                                       cmocka_unit_test(what_is_no_base64_is_placed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
