/* cmocka.h - as much of cmocka as the tests of core/ use, for builds that have no library of their processor's (MODE=
 * aarch64): tests run one after the other, the first assertion that fails ends its test, and lines are printed as there.
 * Differs: no fixtures, no mocks, no groups' filters; a failure inside a thread that a test started ends the program. */
#ifndef SOLVENT_CROSS_CMOCKA_H
#define SOLVENT_CROSS_CMOCKA_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

/* cross_run gives how many of n tests failed. */
int cross_run(const struct CMUnitTest *tests, size_t n);

/* cross_end ends the running test: it failed with this sentence, or (format NULL) is skipped. */
void cross_end(const char *file, int line, const char *format, ...) __attribute__((noreturn, format(printf, 3, 4)));

#define cmocka_unit_test(function) \
    { #function, function }
#define cmocka_run_group_tests(tests, setup, teardown) \
    ((void)(setup), (void)(teardown), cross_run(tests, sizeof(tests) / sizeof(tests)[0]))

#define fail_msg(...) cross_end(__FILE__, __LINE__, __VA_ARGS__)
#define print_message printf
#define skip() cross_end(__FILE__, __LINE__, NULL)
#define CROSS_WANT(condition, ...) ((condition) ? (void)0 : fail_msg(__VA_ARGS__))

#define assert_true(c) CROSS_WANT(c, "%s", #c)
#define assert_false(c) CROSS_WANT(!(c), "not (%s)", #c)
#define assert_null(p) CROSS_WANT((p) == NULL, "%s is not NULL", #p)
#define assert_non_null(p) CROSS_WANT((p) != NULL, "%s is NULL", #p)
#define assert_ptr_equal(a, b) CROSS_WANT((const void *)(a) == (const void *)(b), "%s is not %s", #a, #b)
#define assert_string_equal(a, b) CROSS_WANT(!strcmp(a, b), "\"%s\", want \"%s\"", a, b)
#define assert_memory_equal(a, b, n) CROSS_WANT(!memcmp(a, b, n), "%s and %s differ", #a, #b)
#define assert_memory_not_equal(a, b, n) CROSS_WANT(memcmp(a, b, n) != 0, "%s and %s are equal", #a, #b)
#define assert_int_equal(a, b) cross_compare(__FILE__, __LINE__, #a, (uint64_t)(a), (uint64_t)(b), 1)
#define assert_int_not_equal(a, b) cross_compare(__FILE__, __LINE__, #a, (uint64_t)(a), (uint64_t)(b), 0)
#define assert_in_range(v, least, most) \
    cross_in_range(__FILE__, __LINE__, #v, (uint64_t)(v), (uint64_t)(least), (uint64_t)(most))

static inline void cross_compare(const char *file, int line, const char *text, uint64_t a, uint64_t b, int equal) {
    if ((a == b) != equal)
        cross_end(file, line, "%s is %lld, and want %s%lld", text, (long long)a, equal ? "" : "not ", (long long)b);
}

static inline void cross_in_range(const char *file, int line, const char *text, uint64_t v, uint64_t least,
                                  uint64_t most) {
    if (v < least || v > most)
        cross_end(file, line, "%s is %lld, want %lld to %lld", text, (long long)v, (long long)least, (long long)most);
}

#endif
