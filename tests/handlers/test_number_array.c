#include "handlers/number.h"
#include "tests/support/test.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BOTH = KIND_INT | KIND_REAL };

static char *guard;
static size_t guard_size;

static int map_guard(void **state) {
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    guard_size = 64 * page;
    guard = mmap(NULL, guard_size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return guard == MAP_FAILED || mprotect(guard + guard_size, page, PROT_NONE);
}

static int unmap_guard(void **state) {
    (void)state;
    return munmap(guard, guard_size + (size_t)sysconf(_SC_PAGESIZE));
}

/* read_guarded reads the text from just before a page that must not be read. */
static enum number_error read_guarded(struct ctx *ctx, const char *text, size_t n, unsigned kinds, unsigned max_dims,
                                      size_t max_items, struct array *out, struct number_place *place) {
    struct numbers_want want = {kinds, max_dims, max_items};
    assert_true(n <= guard_size);
    return numbers_read(ctx, memcpy(guard + guard_size - n, text, n), n, &want, out, place);
}

/* `back` is what the array is when written again. */
static const struct {
    const char *text;
    unsigned kinds, max_dims;
    enum kind kind;
    unsigned dims;
    size_t shape[3];
    const char *back;
} GOOD[] = {
    {"[]", BOTH, 1, KIND_INT, 1, {0}, "[]"},
    {" [ ] ", KIND_REAL, 3, KIND_REAL, 1, {0}, "[]"},
    {"[1]", BOTH, 1, KIND_INT, 1, {1}, "[1]"},
    {"[1]", KIND_REAL, 1, KIND_REAL, 1, {1}, "[1.0]"},
    {"\t[\n1 ,\r-2,3\t,  0 , -0\n]\r ", BOTH, 1, KIND_INT, 1, {5}, "[1,-2,3,0,0]"},
    {"[-0]", KIND_REAL, 1, KIND_REAL, 1, {1}, "[-0.0]"},
    {"[-0,0.5]", BOTH, 1, KIND_REAL, 1, {2}, "[-0.0,0.5]"},
    {"[2.0,1e3]", KIND_INT, 1, KIND_INT, 1, {2}, "[2,1000]"},
    {"[2.0,1e3]", BOTH, 1, KIND_REAL, 1, {2}, "[2.0,1000.0]"},
    {"[-9223372036854775808,9223372036854775807]",
     BOTH,
     1,
     KIND_INT,
     1,
     {2},
     "[-9223372036854775808,9223372036854775807]"},
    {"[9223372036854775808.0]", BOTH, 1, KIND_REAL, 1, {1}, "[9.223372036854776e18]"},
    {"[1,9.223372036854775808e18]", BOTH, 1, KIND_REAL, 1, {2}, "[1.0,9.223372036854776e18]"},
    {"[9007199254740992,0.5]", BOTH, 1, KIND_REAL, 1, {2}, "[9007199254740992.0,0.5]"},
    {"[9007199254740994,0.5]", BOTH, 1, KIND_REAL, 1, {2}, "[9007199254740994.0,0.5]"},
    {"[9007199254740993]", KIND_REAL, 1, KIND_REAL, 1, {1}, "[9007199254740992.0]"},
    {"[100000000000000000000]", KIND_REAL, 1, KIND_REAL, 1, {1}, "[1e20]"},
    {"[0.5,9007199254740992]", BOTH, 1, KIND_REAL, 1, {2}, "[0.5,9007199254740992.0]"},
    {"[[]]", BOTH, 2, KIND_INT, 2, {1, 0}, "[[]]"},
    {"[[],[]]", BOTH, 3, KIND_INT, 2, {2, 0}, "[[],[]]"},
    {"[[[]]]", BOTH, 3, KIND_INT, 3, {1, 1, 0}, "[[[]]]"},
    {"[[1,2,3],[4,5,6]]", BOTH, 2, KIND_INT, 2, {2, 3}, "[[1,2,3],[4,5,6]]"},
    {" [ [ 1 , 2 ] , [ 3 , 4.5 ] ] ", BOTH, 2, KIND_REAL, 2, {2, 2}, "[[1.0,2.0],[3.0,4.5]]"},
    {"[[[1],[2]],[[3],[4]],[[5],[6]]]", BOTH, 3, KIND_INT, 3, {3, 2, 1}, "[[[1],[2]],[[3],[4]],[[5],[6]]]"},
};

static void arrays_are_read_and_written(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(GOOD); i++) {
        struct ctx ctx;
        struct array a;
        struct number_place place;
        struct buf b;
        ctx_init(&ctx, 1 << 20);
        buf_init(&b, 1000);
        enum number_error error =
            read_guarded(&ctx, GOOD[i].text, strlen(GOOD[i].text), GOOD[i].kinds, GOOD[i].max_dims, 100, &a, &place);
        if (error)
            fail_msg("'%s': error %d at %zu", GOOD[i].text, error, place.offset);
        assert_int_equal(a.kind, GOOD[i].kind);
        assert_int_equal(a.dims, GOOD[i].dims);
        size_t n = 1;
        for (unsigned k = 0; k < a.dims; k++) {
            assert_int_equal(a.shape[k], GOOD[i].shape[k]);
            n *= a.shape[k];
        }
        assert_int_equal(a.n, n);
        numbers_write(&b, &a);
        buf_byte(&b, '\0');
        assert_false(b.failed);
        assert_string_equal(b.data, GOOD[i].back);
        buf_release(&b);
        ctx_release(&ctx);
    }
}

static const struct {
    const char *text;
    unsigned kinds, max_dims;
    enum number_error error;
    size_t offset;
    unsigned dims;
    size_t index[3];
} BAD[] = {
    {"", BOTH, 1, NUMBER_SYNTAX, 0, 0, {0}},
    {"  ", BOTH, 1, NUMBER_SYNTAX, 2, 0, {0}},
    {"1", BOTH, 1, NUMBER_SYNTAX, 0, 0, {0}},
    {"{}", BOTH, 1, NUMBER_SYNTAX, 0, 0, {0}},
    {"[", BOTH, 1, NUMBER_SYNTAX, 1, 1, {0}},
    {"[1", BOTH, 1, NUMBER_SYNTAX, 2, 1, {1}},
    {"[1,", BOTH, 1, NUMBER_SYNTAX, 3, 1, {1}},
    {"[1,]", BOTH, 1, NUMBER_SYNTAX, 3, 1, {1}},
    {"[,1]", BOTH, 1, NUMBER_SYNTAX, 1, 1, {0}},
    {"[1,,2]", BOTH, 1, NUMBER_SYNTAX, 3, 1, {1}},
    {"[1 2]", BOTH, 1, NUMBER_SYNTAX, 3, 1, {1}},
    {"[1]]", BOTH, 1, NUMBER_SYNTAX, 3, 0, {0}},
    {"[1] 2", BOTH, 1, NUMBER_SYNTAX, 4, 0, {0}},
    {"[1,02]", BOTH, 1, NUMBER_SYNTAX, 4, 1, {1}},
    {"[1,-]", BOTH, 1, NUMBER_SYNTAX, 4, 1, {1}},
    {"[1,2.]", BOTH, 1, NUMBER_SYNTAX, 5, 1, {1}},
    {"[0.5,1e]", BOTH, 1, NUMBER_SYNTAX, 7, 1, {1}},
    {"[1,null]", BOTH, 1, NUMBER_SYNTAX, 3, 1, {1}},
    {"[1,\"2\"]", KIND_REAL, 1, NUMBER_SYNTAX, 3, 1, {1}},
    {"[1,NaN]", KIND_REAL, 1, NUMBER_SYNTAX, 3, 1, {1}},
    {"[1,2,12345678901234567x]", KIND_INT, 1, NUMBER_SYNTAX, 22, 1, {3}},
    {"[1,9223372036854775808]", KIND_INT, 1, NUMBER_RANGE, 3, 1, {1}},
    {"[1,-9223372036854775809]", KIND_INT, 1, NUMBER_RANGE, 3, 1, {1}},
    {"[1,1e400]", BOTH, 1, NUMBER_RANGE, 3, 1, {1}},
    {"[1, -1e400]", KIND_REAL, 1, NUMBER_RANGE, 4, 1, {1}},
    {"[1,2.5]", KIND_INT, 1, NUMBER_FRACTION, 3, 1, {1}},
    {"[1e18]", KIND_INT, 1, NUMBER_FRACTION, 1, 1, {0}},
    {"[0.5, 9007199254740993]", BOTH, 1, NUMBER_INEXACT, 6, 1, {1}},
    {"[9007199254740993, 0.5]", BOTH, 1, NUMBER_INEXACT, 1, 1, {0}},
    {"[9223372036854775808]", BOTH, 1, NUMBER_RANGE, 1, 1, {0}},
    {"[1,-123456789012345678901234567890]", BOTH, 1, NUMBER_RANGE, 3, 1, {1}},
    {"[0.5,9223372036854775808]", BOTH, 1, NUMBER_RANGE, 5, 1, {1}},
    {"[[1,2],[3]]", BOTH, 2, NUMBER_RAGGED, 9, 1, {1}},
    {"[[1,2],[3,4,5]]", BOTH, 2, NUMBER_RAGGED, 13, 1, {1}},
    {"[[1,2],[]]", BOTH, 2, NUMBER_RAGGED, 8, 1, {1}},
    {"[[],[1]]", BOTH, 2, NUMBER_RAGGED, 6, 1, {1}},
    {"[1,[2]]", BOTH, 2, NUMBER_RAGGED, 3, 1, {1}},
    {"[[1],2]", BOTH, 2, NUMBER_RAGGED, 5, 1, {1}},
    {"[[1],-2]", BOTH, 2, NUMBER_RAGGED, 5, 1, {1}},
    {"[[1],null]", BOTH, 2, NUMBER_SYNTAX, 5, 1, {1}},
    {"[[1] [2]]", BOTH, 2, NUMBER_SYNTAX, 5, 1, {0}},
    {"[[1],]", BOTH, 2, NUMBER_SYNTAX, 5, 1, {1}},
    {"[[1]", BOTH, 2, NUMBER_SYNTAX, 4, 1, {0}},
    {"[[[1],[2]],[[3]]]", BOTH, 3, NUMBER_RAGGED, 15, 1, {1}},
    {"[[[1],[2]],[[3],[4,5]]]", BOTH, 3, NUMBER_RAGGED, 20, 2, {1, 1}},
    {"[[[1],[2]],[[3],4]]", BOTH, 3, NUMBER_RAGGED, 16, 2, {1, 1}},
    {"[[[1],[2]],[]]", BOTH, 3, NUMBER_RAGGED, 12, 1, {1}},
    {"[[[1],[2]],[[3],[4.x]]]", BOTH, 3, NUMBER_SYNTAX, 19, 3, {1, 1, 0}},
    {"[[1]]", BOTH, 1, NUMBER_TOO_MANY, 1, 1, {0}},
    {"[1,[2]]", BOTH, 1, NUMBER_TOO_MANY, 3, 1, {1}},
    {"[[[1]]]", BOTH, 2, NUMBER_TOO_MANY, 2, 2, {0, 0}},
    {"[[[[1]]]]", BOTH, 3, NUMBER_TOO_MANY, 3, 3, {0, 0, 0}},
    {"[1,2,3,4,5,6,7,8]", BOTH, 1, NUMBER_TOO_MANY, 15, 1, {7}},
    {"[[1,2,3],[4,5,6],[7,8,9]]", BOTH, 2, NUMBER_TOO_MANY, 20, 2, {2, 1}},
    {"[1,2,3,4,5,6,7,0.5]", BOTH, 1, NUMBER_TOO_MANY, 15, 1, {7}},
};

enum { BAD_MAX_ITEMS = 7 };

static void errors_tell_their_place(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct ctx ctx;
        struct array a;
        struct number_place place;
        ctx_init(&ctx, 1 << 20);
        enum number_error error = read_guarded(&ctx, BAD[i].text, strlen(BAD[i].text), BAD[i].kinds, BAD[i].max_dims,
                                               BAD_MAX_ITEMS, &a, &place);
        bool right = error == BAD[i].error && place.offset == BAD[i].offset && place.dims == BAD[i].dims;
        for (unsigned k = 0; right && k < place.dims; k++)
            right = place.index[k] == BAD[i].index[k];
        if (!right)
            fail_msg("'%s': error %d at %zu, %u indices %zu %zu %zu", BAD[i].text, error, place.offset, place.dims,
                     place.index[0], place.index[1], place.index[2]);
        assert_int_equal(a.kind, KIND_NONE);
        assert_string_equal(ctx.err.detail, "");
        ctx_release(&ctx);
    }
}

static void limits_hold_exactly(void **state) {
    (void)state;
    struct ctx ctx;
    struct array a;
    struct number_place place;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(read_guarded(&ctx, "[1,2,3]", 7, BOTH, 1, 3, &a, &place), NUMBER_OK);
    assert_int_equal(read_guarded(&ctx, "[1,2,3]", 7, BOTH, 1, 2, &a, &place), NUMBER_TOO_MANY);
    assert_int_equal(place.index[0], 2);
    assert_int_equal(read_guarded(&ctx, "[]", 2, BOTH, 1, 0, &a, &place), NUMBER_OK);
    assert_int_equal(read_guarded(&ctx, "[1]", 3, BOTH, 1, 0, &a, &place), NUMBER_TOO_MANY);
    ctx.fail_after = 0;
    assert_int_equal(read_guarded(&ctx, "[1,2,3]", 7, BOTH, 1, 3, &a, &place), NUMBER_MEMORY);
    assert_string_not_equal(ctx.err.detail, "");
    assert_int_equal(a.kind, KIND_NONE);
    ctx_release(&ctx);
    ctx_init(&ctx, 100);
    assert_int_equal(read_guarded(&ctx, "[1,2,3]", 7, BOTH, 1, 3, &a, &place), NUMBER_MEMORY);
    ctx_release(&ctx);
}

/* Every prefix of a valid text is an error, and none reads past its end. */
static void prefixes_are_errors(void **state) {
    (void)state;
    static const char *const texts[] = {"[[1,-23456789012,3],[4.5e-10,5,123456789.123456789e+12]]",
                                        "[123456789012345678,-1234567890123456789,12345678]",
                                        "[[[0.123456789012345678901234,1e5]],[[2.0,  3]]]",
                                        "[ 12345678 , 123456789 , 1234567 , 1 ]"};
    const unsigned kinds[] = {KIND_INT, KIND_REAL, BOTH};
    for (size_t t = 0; t < COUNT(texts); t++)
        for (size_t k = 0; k < COUNT(kinds); k++)
            for (size_t n = 0; n < strlen(texts[t]); n++) {
                struct ctx ctx;
                struct array a;
                struct number_place place;
                ctx_init(&ctx, 1 << 20);
                enum number_error error = read_guarded(&ctx, texts[t], n, kinds[k], 3, 100, &a, &place);
                assert_int_not_equal(error, NUMBER_OK);
                assert_true(place.offset <= n);
                if (kinds[k] != KIND_INT)
                    assert_int_equal(error, NUMBER_SYNTAX);
                ctx_release(&ctx);
            }
}

/* One byte changed anywhere: the reader agrees with a slow one that knows only the grammar of tokens. */
static bool slow_accepts(const char *text, size_t n) { /* a flat array of reals, no white space */
    if (n < 2 || text[0] != '[' || text[n - 1] != ']')
        return false;
    if (n == 2)
        return true;
    for (size_t i = 1; i < n; i++) {
        size_t m = strcspn(text + i, ",]");
        double r;
        if (number_read_real(text + i, m, &r))
            return false;
        i += m;
        if (text[i] == ']')
            return i == n - 1;
    }
    return false;
}

static void changed_bytes(void **state) {
    (void)state;
    static const char valid[] = "[1234567,-12345678901,0.25,1e-5,123456789012345678,0,-7]";
    static const char bytes[] = "0123456789-+.eE,[]x/:";
    for (size_t at = 0; at < sizeof valid - 1; at++)
        for (const char *c = bytes; *c; c++) {
            char text[sizeof valid];
            struct ctx ctx;
            struct array a;
            struct number_place place;
            memcpy(text, valid, sizeof valid);
            text[at] = *c;
            ctx_init(&ctx, 1 << 20);
            enum number_error error = read_guarded(&ctx, text, sizeof valid - 1, KIND_REAL, 1, 100, &a, &place);
            if (slow_accepts(text, sizeof valid - 1) != (error == NUMBER_OK))
                fail_msg("'%s' gives error %d", text, error);
            ctx_release(&ctx);
        }
}

static size_t random_text(char *to, uint64_t *random, size_t n, bool reals, void *values) {
    char *start = to;
    *to++ = '[';
    for (size_t i = 0; i < n; i++) {
        int64_t v = (int64_t)test_random(random) >> test_below(random, 64);
        if (i)
            *to++ = ',';
        if (test_below(random, 8) == 0)
            *to++ = " \n\r\t"[test_below(random, 4)];
        if (reals) {
            ((double *)values)[i] = (double)v * 0x1p-40;
            to += sprintf(to, "%.*g", 17, (double)v * 0x1p-40);
        } else {
            ((int64_t *)values)[i] = v;
            to += sprintf(to, "%lld", (long long)v);
        }
        if (test_below(random, 8) == 0)
            *to++ = " \n\r\t"[test_below(random, 4)];
    }
    *to++ = ']';
    return (size_t)(to - start);
}

static void random_arrays_come_back(void **state) {
    (void)state;
    static char text[200000];
    static int64_t values[5000];
    uint64_t random = 1;
    for (int round = 0; round < 200; round++) {
        struct ctx ctx;
        struct array a, again;
        struct number_place place;
        struct buf b;
        bool reals = round % 2;
        size_t n = test_below(&random, COUNT(values) + 1);
        size_t length = random_text(text, &random, n, reals, values);
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(read_guarded(&ctx, text, length, reals ? KIND_REAL : BOTH, 1, n, &a, &place), NUMBER_OK);
        assert_int_equal(a.n, n);
        assert_memory_equal(a.data, values, n * 8);
        buf_init(&b, 1 << 20);
        numbers_write(&b, &a);
        assert_int_equal(read_guarded(&ctx, b.data, b.n, reals ? KIND_REAL : BOTH, 1, n, &again, &place), NUMBER_OK);
        assert_memory_equal(again.data, values, n * 8);
        buf_release(&b);
        ctx_release(&ctx);
    }
}

/* A buffer whose cap is the text's length takes it, one byte less does not. */
static void writing_obeys_the_cap(void **state) {
    (void)state;
    static int64_t ints[3000];
    static double reals[3000];
    uint64_t random = 1;
    for (size_t i = 0; i < COUNT(ints); i++) {
        ints[i] = (int64_t)test_random(&random);
        reals[i] = (double)ints[i] / 3;
    }
    for (int k = 0; k < 2; k++) {
        struct array a = {.kind = k ? KIND_REAL : KIND_INT, .dims = 3, .shape = {10, 100, 3}, .n = 3000};
        a.data = k ? (void *)reals : (void *)ints;
        struct buf whole, tight, less;
        buf_init(&whole, 1 << 20);
        numbers_write(&whole, &a);
        assert_false(whole.failed);
        buf_init(&tight, whole.n);
        numbers_write(&tight, &a);
        assert_false(tight.failed);
        assert_int_equal(tight.n, whole.n);
        assert_memory_equal(tight.data, whole.data, whole.n);
        buf_init(&less, whole.n - 1);
        numbers_write(&less, &a);
        assert_true(less.failed);
        buf_release(&whole);
        buf_release(&tight);
        buf_release(&less);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_read_and_written),
        cmocka_unit_test(errors_tell_their_place),
        cmocka_unit_test(limits_hold_exactly),
        cmocka_unit_test(prefixes_are_errors),
        cmocka_unit_test(changed_bytes),
        cmocka_unit_test(random_arrays_come_back),
        cmocka_unit_test(writing_obeys_the_cap),
    };
    return cmocka_run_group_tests(tests, map_guard, unmap_guard);
}
