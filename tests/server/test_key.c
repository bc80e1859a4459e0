#include "server/key.h"
#include "tests/support/test.h"

static struct key key_of_parts(size_t n, const char *const parts[]) {
    struct key_state state;
    struct key key;
    key_start(&state);
    for (size_t i = 0; i < n; i++)
        key_add(&state, parts[i], strlen(parts[i]));
    key_end(&state, &key);
    return key;
}

static void every_way_to_cut_a_text_has_its_own_key(void **state) {
    (void)state;
    const char *const cuts[][4] = {{"abc"},     {"ab", "c"},     {"a", "bc"}, {"a", "b", "c"}, {"", "abc"},
                                   {"abc", ""}, {"", "abc", ""}, {""},        {"", ""}};
    const size_t counts[] = {1, 2, 2, 3, 2, 2, 3, 1, 2};
    for (size_t i = 0; i < COUNT(cuts); i++)
        for (size_t j = 0; j < COUNT(cuts); j++) {
            struct key a = key_of_parts(counts[i], cuts[i]), b = key_of_parts(counts[j], cuts[j]);
            assert_int_equal(key_equal(&a, &b), i == j);
        }
}

/* Golden: Python 3.11, hashlib.blake2b(b"\5\0\0\0\0\0\0\0route\3\0\0\0\0\0\0\0a\0b", digest_size=32).hexdigest() */
static void key_is_blake2b_over_lengths_and_parts(void **state) {
    (void)state;
    struct key_state s;
    struct key key;
    char hex[KEY_HEX + 1];
    key_start(&s);
    key_add(&s, "route", 5);
    key_add(&s, "a\0b", 3);
    key_end(&s, &key);
    key_hex(&key, hex);
    assert_string_equal(hex, "4db700e906e5bbc0fc1d108536be6872");
    assert_int_equal(key_word(&key), 0xc0bbe506e900b74du);
}

static void no_parts_and_no_bytes_are_fine(void **state) {
    (void)state;
    struct key_state s;
    struct key none, empty;
    key_start(&s);
    key_end(&s, &none);
    key_start(&s);
    key_add(&s, NULL, 0);
    key_end(&s, &empty);
    assert_false(key_equal(&none, &empty));
}

static void hex_writes_the_first_sixteen_bytes(void **state) {
    (void)state;
    struct key key;
    char hex[KEY_HEX + 1];
    for (int i = 0; i < KEY_BYTES; i++)
        key.b[i] = (unsigned char)(i * 17);
    key_hex(&key, hex);
    assert_string_equal(hex, "00112233445566778899aabbccddeeff");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_cut_a_text_has_its_own_key),
        cmocka_unit_test(key_is_blake2b_over_lengths_and_parts),
        cmocka_unit_test(no_parts_and_no_bytes_are_fine),
        cmocka_unit_test(hex_writes_the_first_sixteen_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
