#include "server/address.h"
#include "server/negotiate.h"
#include "tests/support/test.h"

static void gzip_is_taken_by_quality(void **state) {
    (void)state;
    static const struct {
        const char *header;
        bool takes;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"deflate, gzip", true},
        {"GZip;q=0.5", true},
        {"gzip;q=0", false},
        {"gzip;q=0.0", false},
        {"gzip; q=0.001", true},
        {"*", true},
        {"*;q=0", false},
        {"*;q=0, gzip", true},
        {"identity", false},
        {"br", false},
        {"gzip;q=0.2, identity;q=0.5", false},
        {"x-gzip", true},
        {"gzipped", false},
        {"identity;q=0.5, gzip;q=1.0", true},
        {",,gzip", true},
        {";", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (accepts_gzip(rows[i].header) != rows[i].takes)
            fail_msg("Accept-Encoding: %s", rows[i].header);
}

static void tags_match_weakly_in_lists(void **state) {
    (void)state;
    static const struct {
        const char *header;
        bool any, matches;
    } rows[] = {
        {"\"a\"", false, true},
        {"W/\"a\"", false, true},
        {"\"b\", \"a\"", false, true},
        {"\"b\",W/\"a\"", false, true},
        {"\"b\"", false, false},
        {"\"aa\"", false, false},
        {"a", false, false},
        {"*", true, true},
        {"*", false, false},
        {NULL, true, false},
        {"", true, false},
        {"\"a", false, false},
        {"\"a\"x", false, true},
        {"\"b\" \"a\"", false, true},
        {"\"x, \"a\"", false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (etag_matches(rows[i].header, "\"a\"", rows[i].any) != rows[i].matches)
            fail_msg("If-None-Match: %s", rows[i].header);
}

static void origins_are_allowed_by_list(void **state) {
    (void)state;
    assert_string_equal(origin_allowed("*", NULL), "*");
    assert_string_equal(origin_allowed("https://a.org, https://b.org", "https://b.org"), "https://b.org");
    assert_null(origin_allowed("https://a.org", "https://a.org.evil"));
    assert_null(origin_allowed("https://a.org", "https://a.or"));
    assert_null(origin_allowed("https://a.org", NULL));
    assert_null(origin_allowed("", "https://a.org"));
}

static void ids_are_checked_and_made(void **state) {
    (void)state;
    char id[17], other[17], longest[130];
    memset(longest, 'a', 129);
    longest[128] = '\0';
    assert_true(id_usable("aZ9._-"));
    assert_true(id_usable(longest));
    longest[128] = 'a', longest[129] = '\0';
    assert_false(id_usable(longest));
    assert_false(id_usable(""));
    assert_false(id_usable(NULL));
    assert_false(id_usable("a b"));
    assert_false(id_usable("a\"b"));
    id_make(id, 7, 1);
    id_make(other, 7, 2);
    assert_int_equal(strlen(id), 16);
    assert_string_not_equal(id, other);
    assert_true(id_usable(id));
}

static void addresses_are_parsed(void **state) {
    (void)state;
    static const struct {
        const char *text, *shown; /* NULL: refused */
    } rows[] = {
        {"127.0.0.1:80", "127.0.0.1:80"},
        {"[::1]:8080", "[::1]:8080"},
        {"127.0.0.1:0", "127.0.0.1:0"},
        {"127.0.0.1", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:65536", NULL},
        {"127.0.0.1:8x", NULL},
        {"::1:80", NULL},
        {"[::1:80", NULL},
        {"[]:80", NULL},
        {"", NULL},
        {":", NULL},
        {"127.0.0.1:-1", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address;
        char error[ADDRESS_ERROR] = "", text[ADDRESS_TEXT];
        bool fine = address_parse(rows[i].text, &address, error);
        if (fine != (rows[i].shown != NULL))
            fail_msg("%s: %s", rows[i].text, error);
        if (!fine)
            continue;
        address_text((const struct sockaddr *)&address.at, true, text);
        assert_string_equal(text, rows[i].shown);
    }
}

static void async_is_found_among_preferences(void **state) {
    (void)state;
    static const struct {
        const char *prefer;
        bool async;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"respond-async", true},
        {"Respond-Async", true},
        {" wait=10 , respond-async", true},
        {"respond-async;x=1, wait=10", true},
        {"respond-async=\"\"", true},
        {"respond-asynchronously", false},
        {"respond", false},
        {"x=\"a, respond-async\"", false},
        {"x=\"a, b\", respond-async", true},
        {"x; respond-async", false}, /* a parameter of x */
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (prefers_async(rows[i].prefer) != rows[i].async)
            fail_msg("%s", rows[i].prefer);
}

static void keys_are_visible_characters(void **state) {
    (void)state;
    char longest[IDEMPOTENCY_KEY_MAX + 2];
    memset(longest, 'k', sizeof longest);
    longest[IDEMPOTENCY_KEY_MAX + 1] = '\0';
    assert_false(key_usable(longest));
    longest[IDEMPOTENCY_KEY_MAX] = '\0';
    assert_true(key_usable(longest));
    assert_true(key_usable("\"8e03978e-40d5-43e8\""));
    assert_false(key_usable(""));
    assert_false(key_usable("a b"));
    assert_false(key_usable("\xc3\xa4"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_taken_by_quality),    cmocka_unit_test(tags_match_weakly_in_lists),
        cmocka_unit_test(origins_are_allowed_by_list), cmocka_unit_test(ids_are_checked_and_made),
        cmocka_unit_test(addresses_are_parsed),        cmocka_unit_test(async_is_found_among_preferences),
        cmocka_unit_test(keys_are_visible_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
