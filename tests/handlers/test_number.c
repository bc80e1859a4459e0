#include "handlers/number.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RANDOM_CASES = 200000 };

static uint64_t bits_of(double r) {
    uint64_t bits;
    memcpy(&bits, &r, sizeof bits);
    return bits;
}

static double of_bits(uint64_t bits) {
    double r;
    memcpy(&r, &bits, sizeof r);
    return r;
}

/* random_real has random bits, so all exponents alike; finite. */
static double random_real(uint64_t *state) {
    for (;;) {
        double r = of_bits(test_random(state));
        if (isfinite(r))
            return r;
    }
}

/* guarded puts text before a page that must not be read. */
static char *guard;
static size_t guard_size;

static int map_guard(void **state) {
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    guard_size = 16 * page;
    guard = mmap(NULL, guard_size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return guard == MAP_FAILED || mprotect(guard + guard_size, page, PROT_NONE);
}

static int unmap_guard(void **state) {
    (void)state;
    return munmap(guard, guard_size + (size_t)sysconf(_SC_PAGESIZE));
}

static const char *guarded(const char *text, size_t n) {
    assert_true(n <= guard_size);
    return memcpy(guard + guard_size - n, text, n);
}

static const char *const NOT_NUMBERS[] = {
    "",           "-",           "+1",           "01",         "-01",      "00",        ".5",       "1.",
    "-.5",        "1.e5",        "1e",           "1e+",        "1e-",      "1.5e",      "1e1.5",    "0x10",
    "NaN",        "nan",         "Inf",          "-inf",       "1 ",       " 1",        "1,",       "--1",
    "1-",         "1..2",        "1e5e",         "1_000",      "1f",       "1e5.0",     "e5",       "-e5",
    "0e",         "00.5",        "null",         "true",       "\"1\"",    "[1]",       "1a",       "1/",
    "1:",         "/1",          ":1",           "1E",         "1e++1",    "1e+-1",     "-0.",      "0.e1",
    "\xb1",       "1\xb2",       "12345678901.", "123456789x", "1234567x", "12345678:", "1234567/", "0000000000",
    "0.1234567.", "1.12345678x",
};

static void grammar_errors_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(NOT_NUMBERS); i++) {
        const char *text = NOT_NUMBERS[i];
        size_t n = strlen(text);
        int64_t integer = 7;
        double real = 7;
        if (number_read_int(guarded(text, n), n, &integer) != NUMBER_SYNTAX ||
            number_read_real(guarded(text, n), n, &real) != NUMBER_SYNTAX)
            fail_msg("'%s' is taken for a number", text);
        assert_int_equal(integer, 7);
        assert_int_equal(number_read_real("1\0", 2, &real), NUMBER_SYNTAX);
    }
}

static const struct {
    const char *text;
    enum number_error error;
    int64_t value;
} INTS[] = {
    {"0", NUMBER_OK, 0},
    {"-0", NUMBER_OK, 0},
    {"7", NUMBER_OK, 7},
    {"-7", NUMBER_OK, -7},
    {"12345678", NUMBER_OK, 12345678},
    {"123456789", NUMBER_OK, 123456789},
    {"1234567890123456", NUMBER_OK, 1234567890123456},
    {"999999999999999999", NUMBER_OK, 999999999999999999},
    {"9223372036854775806", NUMBER_OK, INT64_MAX - 1},
    {"9223372036854775807", NUMBER_OK, INT64_MAX},
    {"9223372036854775808", NUMBER_RANGE, 0},
    {"-9223372036854775807", NUMBER_OK, -INT64_MAX},
    {"-9223372036854775808", NUMBER_OK, INT64_MIN},
    {"-9223372036854775809", NUMBER_RANGE, 0},
    {"9999999999999999999", NUMBER_RANGE, 0},
    {"18446744073709551616", NUMBER_RANGE, 0}, /* 2^64: 0 modulo 2^64 */
    {"18446744073709551617", NUMBER_RANGE, 0},
    {"-18446744073709551617", NUMBER_RANGE, 0},
    {"100000000000000000000000000000000000000000", NUMBER_RANGE, 0},
    {"2.0", NUMBER_OK, 2},
    {"-2.000000000000000000000000000000", NUMBER_OK, -2},
    {"1e3", NUMBER_OK, 1000},
    {"1E+3", NUMBER_OK, 1000},
    {"1200e-2", NUMBER_OK, 12},
    {"0.00012e5", NUMBER_OK, 12},
    {"1000000000000000000000000000e-27", NUMBER_OK, 1},
    {"0.0", NUMBER_OK, 0},
    {"-0.0e99999999999999999999", NUMBER_OK, 0},
    {"0e-99999999999999999999", NUMBER_OK, 0},
    {"9007199254740992.0", NUMBER_OK, (int64_t)1 << 53},
    {"-9007199254740992e0", NUMBER_OK, -((int64_t)1 << 53)},
    {"9007199254740993.0", NUMBER_FRACTION, 0},
    {"9.1e15", NUMBER_FRACTION, 0},
    {"1e18", NUMBER_FRACTION, 0},
    {"1e400", NUMBER_FRACTION, 0},
    {"1e99999999999999999999", NUMBER_FRACTION, 0},
    {"1e-99999999999999999999", NUMBER_FRACTION, 0},
    {"0.5", NUMBER_FRACTION, 0},
    {"-1.5", NUMBER_FRACTION, 0},
    {"1e-1", NUMBER_FRACTION, 0},
    {"125e-2", NUMBER_FRACTION, 0},
    {"1.00000000000000000000000000000001", NUMBER_FRACTION, 0}, /* 1.0 as a double */
    {"9007199254740992.00000000000000001", NUMBER_FRACTION, 0},
};

static void integers_are_exact(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(INTS); i++) {
        size_t n = strlen(INTS[i].text);
        int64_t value = 0;
        enum number_error error = number_read_int(guarded(INTS[i].text, n), n, &value);
        if (error != INTS[i].error || value != INTS[i].value)
            fail_msg("'%s' gives %lld (error %d)", INTS[i].text, (long long)value, error);
    }
}

static int64_t random_int(uint64_t *state) { return (int64_t)test_random(state) >> test_below(state, 64); }

static void integers_come_back(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < RANDOM_CASES; i++) {
        char own[NUMBER_INT_MAX + 1], libc[32];
        own[NUMBER_INT_MAX] = '#';
        int64_t value = i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : random_int(&random), back;
        size_t n = number_format_int(own, value);
        assert_int_equal(n, snprintf(libc, sizeof libc, "%lld", (long long)value));
        assert_memory_equal(own, libc, n);
        assert_int_equal(own[NUMBER_INT_MAX], '#');
        assert_int_equal(number_read_int(guarded(own, n), n, &back), NUMBER_OK);
        assert_true(back == value);
    }
    int64_t power = 1;
    for (int i = 0; i < 19; i++, power = i < 19 ? power * 10 : power)
        for (int64_t d = -1; d <= 1; d++) {
            char own[NUMBER_INT_MAX], libc[32];
            size_t n = number_format_int(own, power + d);
            assert_int_equal(n, snprintf(libc, sizeof libc, "%lld", (long long)(power + d)));
            assert_memory_equal(own, libc, n);
        }
}

/* The bits follow from IEEE 754 and the decimal's exact value; the test holds them against strtod, too. */
static const struct {
    const char *text;
    uint64_t bits; /* all ones: RANGE */
} REALS[] = {
    {"0", 0},
    {"-0", 0x8000000000000000},
    {"-0.0", 0x8000000000000000},
    {"0e5", 0},
    {"0e99999999999999999999999", 0},
    {"1", 0x3ff0000000000000},
    {"0.1", 0x3fb999999999999a},
    {"1e22", 0x4480f0cf064dd592},
    {"1e23", 0x44b52d02c7e14af6},
    {"9007199254740992", 0x4340000000000000},
    {"9007199254740993", 0x4340000000000000},   /* halfway, to even below */
    {"9007199254740993.0", 0x4340000000000000}, /* the same by a negative power of ten */
    {"9007199254740993.00000000000000000000000001", 0x4340000000000001},
    {"9007199254740995", 0x4340000000000002}, /* halfway, to even above */
    {"9007199254740995.0", 0x4340000000000002},
    {"9007199254740994.99999999999999999999999", 0x4340000000000001},
    {"18014398509481986e0", 0x4350000000000000},                                      /* 2^54 + 2: halfway */
    {"0.500000000000000166533453693773481063544750213623046875", 0x3fe0000000000002}, /* halfway */
    {"0.500000000000000166533453693773481063544750213623046874", 0x3fe0000000000001},
    {"4.9e-324", 1},
    {"5e-324", 1},
    {"3e-324", 1},
    {"2e-324", 0},
    {"2.4703282292062327e-324", 0}, /* a little below 2^-1075 */
    {"2.4703282292062328e-324", 1}, /* a little above */
    {"1e-400", 0},
    {"-1e-400", 0x8000000000000000},
    {"1e-99999999999999999999999999", 0},
    {"2.2250738585072014e-308", 0x0010000000000000}, /* the least normal */
    {"2.2250738585072011e-308", 0x000fffffffffffff}, /* the greatest subnormal */
    {"2.2250738585072012e-308", 0x0010000000000000},
    {"1.7976931348623157e308", 0x7fefffffffffffff},
    {"1.7976931348623158e308", 0x7fefffffffffffff},
    {"1.7976931348623159e308", UINT64_MAX},
    {"1e309", UINT64_MAX},
    {"-1e309", UINT64_MAX},
    {"1e400", UINT64_MAX},
    {"1e99999999999999999999999999", UINT64_MAX},
    {"123456789012345678901234567890e-400", 0},
    {"0.000000000000000000000000000000000000000000000000000001e54", 0x3ff0000000000000},
    {"1000000000000000000000000000000e-30", 0x3ff0000000000000},
    {"6929495644600919.5", 0x43389e56ee5e7a58}, /* halfway, to even above */
    {"8.98846567431158e307", 0x7fe0000000000000},
};

/* check_real holds a reading against strtod (exact in glibc). The text is terminated. */
static void check_real(const char *text) {
    size_t n = strlen(text);
    double own = 0, libc = strtod(text, NULL);
    enum number_error error = number_read_real(guarded(text, n), n, &own);
    if (isinf(libc) ? error != NUMBER_RANGE : error != NUMBER_OK || bits_of(own) != bits_of(libc))
        fail_msg("'%.60s' (%zu bytes) gives %.17g (error %d), want %.17g", text, n, own, error, libc);
}

static void hard_reals_are_rounded_correctly(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(REALS); i++) {
        size_t n = strlen(REALS[i].text);
        double value = 0;
        enum number_error error = number_read_real(guarded(REALS[i].text, n), n, &value);
        bool right = REALS[i].bits == UINT64_MAX ? error == NUMBER_RANGE : !error && bits_of(value) == REALS[i].bits;
        if (!right)
            fail_msg("'%s' gives %.17g (error %d)", REALS[i].text, value, error);
        check_real(REALS[i].text);
    }
}

/* exact_digits writes the exact decimal of r * 2^-1 + next(r) * 2^-1, the point halfway between r and its successor,
 * which has one bit more than a double: long double (64 bits) holds it but for subnormals, where r + least / 2
 * underflows. */
static void write_halfway(char *text, size_t size, double r) {
    long double half = ((long double)r + (long double)nextafter(r, INFINITY)) / 2;
    snprintf(text, size, "%.1100Lg", half);
}

static void nudge(char *text, int by) {
    char *last = strpbrk(text, "eE");
    last = (last ? last : text + strlen(text)) - 1;
    while (by < 0 && *last == '0' && last > text)
        *last-- = '9';
    if (*last >= '0' + (by < 0) && *last < '9' + (by < 0))
        *last = (char)(*last + by);
}

/* Halfway points written out in full, and the decimals just below and just above. */
static void halfway_points_round_to_even(void **state) {
    (void)state;
    uint64_t random = 2;
    for (int i = 0; i < 4000; i++) {
        char text[1400], near[1500];
        double r = fabs(random_real(&random));
        if (i % 2)
            r = of_bits(bits_of(r) >> 12 | (uint64_t)(1023 - 60 + test_below(&random, 120)) << 52);
        if (r == DBL_MAX)
            continue;
        write_halfway(text, sizeof text, r);
        check_real(text);
        char *e = strchr(text, 'e');
        snprintf(near, sizeof near, "%.*s%s1%s", e ? (int)(e - text) : (int)strlen(text), text,
                 strchr(text, '.') ? "" : ".", e ? e : "");
        check_real(near);
        nudge(text, -1);
        check_real(text);
    }
}

/* 2^-1075 (half the least subnormal), 3 * 2^-1075 and DBL_MAX + half an ulp, exactly, then one digit less and more. */
static void ends_of_the_range(void **state) {
    (void)state;
    char text[1500];
    const long double halves[] = {0x1p-1075L,
                                  0x3p-1075L,
                                  0x5p-1075L,
                                  0x1.fffffffffffff8p1023L,
                                  0x1.fffffffffffffp-1023L,
                                  0x1.ffffffffffffep-1023L,
                                  0x1p-1022L + 0x1p-1075L};
    for (size_t i = 0; i < COUNT(halves); i++) {
        snprintf(text, sizeof text, "%.1100Le", halves[i]);
        check_real(text);
        char *e = strchr(text, 'e');
        e[-1] = '1'; /* one unit in the 1101st digit more */
        check_real(text);
        e[-1] = '0';
        for (char *p = e - 1;; p--) { /* less */
            if (*p == '.')
                p--;
            if (*p != '0') {
                --*p;
                break;
            }
            *p = '9';
        }
        check_real(text);
    }
}

static void long_digit_strings(void **state) {
    (void)state;
    uint64_t random = 3;
    char text[4000];
    for (int i = 0; i < 3000; i++) {
        size_t n = 20 + test_below(&random, i % 10 ? 60 : 3000), point = test_below(&random, n + 1);
        char *to = text;
        *to++ = (char)('1' + test_below(&random, 9));
        for (size_t k = 0; k < n; k++) {
            if (k == point)
                *to++ = '.';
            *to++ = (char)('0' + (test_below(&random, 3) ? test_below(&random, 10) : 0));
        }
        if (*to == '.' || to[-1] == '.')
            *to++ = '5';
        sprintf(to, "e%d", (int)test_below(&random, 700) - 350 - (int)point);
        check_real(text);
    }
    memset(text, '0', sizeof text); /* 0.000...0001e3000 */
    text[1] = '.';
    strcpy(text + 3000, "1e2999");
    check_real(text);
    text[0] = '1'; /* 1.000...0001 */
    check_real(text);
    memset(text, '9', 900);
    strcpy(text + 900, "e-900");
    check_real(text);
    text[310] = '\0';
    check_real(text);
}

/* Decimals with few digits and any exponent: the table from end to end, and exact ties by powers of five. */
static void short_decimals_agree_with_strtod(void **state) {
    (void)state;
    uint64_t random = 4;
    char text[64];
    for (int e = -360; e <= 330; e++) {
        for (int d = 1; d < 10; d++) {
            snprintf(text, sizeof text, "%de%d", d, e);
            check_real(text);
        }
        snprintf(text, sizeof text, "9999999999999999999e%d", e);
        check_real(text);
        snprintf(text, sizeof text, "99999999999999999999e%d", e);
        check_real(text);
    }
    for (int i = 0; i < RANDOM_CASES; i++) {
        uint64_t digits = test_random(&random) >> test_below(&random, 64);
        snprintf(text, sizeof text, "%llu%se%d", (unsigned long long)digits, i % 3 ? "" : ".5",
                 (int)test_below(&random, 40 + (i % 2) * 640) - 20 - (i % 2) * 330);
        check_real(text);
    }
}

/* shortest_by_libc finds the least precision whose %e comes back. */
static int shortest_by_libc(char *text, size_t size, double r) {
    int precision = 0;
    do
        snprintf(text, size, "%.*e", precision, r);
    while (strtod(text, NULL) != r && ++precision < 17);
    return precision + 1;
}

/* significant copies the digits of a number without zeros at the ends, and gives the exponent of the first. */
static int significant(char *digits, const char *text, size_t n) {
    int exponent = -1, count = 0, written = 0;
    bool point = false, first = false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == 'e') {
            exponent += atoi(text + i + 1);
            break;
        }
        if (text[i] == '.')
            point = true;
        if (text[i] < '0' || text[i] > '9')
            continue;
        first |= text[i] != '0';
        exponent += !point && first ? 1 : point && !first ? -1 : 0;
        if (first)
            digits[count++] = text[i];
        written = text[i] != '0' ? count : written;
    }
    digits[written] = '\0';
    return exponent;
}

static void check_shortest(double r) {
    char own[NUMBER_REAL_MAX + 1], libc[64], own_digits[64], libc_digits[64];
    memset(own, '#', sizeof own);
    size_t n = number_format_real(own, r);
    assert_true(n <= NUMBER_REAL_MAX);
    assert_int_equal(own[NUMBER_REAL_MAX], '#');
    own[n] = '\0';
    double back = 0;
    if (number_read_real(own, n, &back) || bits_of(back) != bits_of(r) || bits_of(strtod(own, NULL)) != bits_of(r))
        fail_msg("%.17g is written as %s, which reads as %.17g", r, own, back);
    if (!strpbrk(own, ".e"))
        fail_msg("%s looks like an integer", own);
    int digits = shortest_by_libc(libc, sizeof libc, r);
    int own_exponent = significant(own_digits, own, n), exponent = significant(libc_digits, libc, strlen(libc));
    bool lopsided = (bits_of(r) & (((uint64_t)1 << 52) - 1)) == 0; /* a power of two: the nearest may lie outside */
    if (lopsided ? strlen(own_digits) > (size_t)digits
                 : strcmp(own_digits, libc_digits) != 0 || (r != 0 && own_exponent != exponent))
        fail_msg("%.17g is written as %s, want the digits of %s", r, own, libc);
}

static void reals_are_written_with_the_fewest_digits(void **state) {
    (void)state;
    uint64_t random = 5;
    for (int i = 0; i < RANDOM_CASES / 4; i++) {
        check_shortest(random_real(&random));
        check_shortest((double)(int64_t)test_random(&random) * 0x1p-63);
        check_shortest((double)(random_int(&random) / 1000) / 1e6);
        check_shortest((double)random_int(&random));
    }
    for (int e = 1; e < 2047; e++) /* powers of two and their neighbours */
        for (int d = -1; d <= 1; d++)
            check_shortest(of_bits(((uint64_t)e << 52) + (uint64_t)d));
    for (uint64_t bits = 1; bits < 3000; bits++)
        check_shortest(of_bits(bits));
    for (int e = -323; e <= 308; e++) {
        char text[32];
        snprintf(text, sizeof text, "1e%d", e);
        double r = strtod(text, NULL);
        check_shortest(r);
        check_shortest(nextafter(r, 0));
        check_shortest(-nextafter(r, INFINITY));
    }
}

static const struct {
    double value;
    const char *text;
} WRITTEN[] = {
    {0.0, "0.0"},
    {-0.0, "-0.0"},
    {1, "1.0"},
    {-2, "-2.0"},
    {100, "100.0"},
    {0.1, "0.1"},
    {0.1 + 0.2, "0.30000000000000004"},
    {1.5, "1.5"},
    {1234.5, "1234.5"},
    {123456789012345680.0, "1.2345678901234568e17"},
    {1e15, "1000000000000000.0"},
    {9007199254740991.0, "9007199254740991.0"},
    {9999999999999998.0, "9999999999999998.0"},
    {1e16, "1e16"},
    {1e22, "1e22"},
    {1e23, "1e23"},
    {1e-5, "0.00001"},
    {1.2345678901234567e-5, "0.000012345678901234568"},
    {-9.8765432109876543e-5, "-0.00009876543210987655"},
    {1e-6, "1e-6"},
    {1.5e-7, "1.5e-7"},
    {5e-324, "5e-324"},
    {-1.7976931348623157e308, "-1.7976931348623157e308"},
    {2.2250738585072014e-308, "2.2250738585072014e-308"},
    {9007199254740992.0, "9007199254740992.0"},
    {9007199254740994.0, "9007199254740994.0"},
    {2e-323, "2e-323"},
    {9.5367431640625e-7, "9.5367431640625e-7"}, /* 2^-20 */
};

static void written_forms(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(WRITTEN); i++) {
        char text[NUMBER_REAL_MAX + 1];
        text[number_format_real(text, WRITTEN[i].value)] = '\0';
        assert_string_equal(text, WRITTEN[i].text);
    }
}

static void writers_append_and_obey_the_cap(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 9);
    number_write_int(&b, -12);
    number_write_real(&b, 0.5);
    assert_int_equal(b.n, 6);
    assert_memory_equal(b.data, "-120.5", 6);
    number_write_int(&b, 789);
    assert_false(b.failed);
    assert_memory_equal(b.data, "-120.5789", 9);
    number_write_int(&b, 1);
    assert_true(b.failed);
    assert_int_equal(b.n, 9);
    buf_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grammar_errors_are_refused),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(integers_come_back),
        cmocka_unit_test(hard_reals_are_rounded_correctly),
        cmocka_unit_test(halfway_points_round_to_even),
        cmocka_unit_test(ends_of_the_range),
        cmocka_unit_test(long_digit_strings),
        cmocka_unit_test(short_decimals_agree_with_strtod),
        cmocka_unit_test(reals_are_written_with_the_fewest_digits),
        cmocka_unit_test(written_forms),
        cmocka_unit_test(writers_append_and_obey_the_cap),
    };
    return cmocka_run_group_tests(tests, map_guard, unmap_guard);
}
