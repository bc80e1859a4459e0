#include "core/base/half_float.h"
#include "handlers/safetensors.h"
#include "tests/support/test.h"

#include <jansson.h>
#include <math.h>

/* open_exact opens a copy of exactly n bytes, so that a sanitizer sees any byte too far, and reads all tensors. */
static enum status open_exact(struct ctx *ctx, const void *p, size_t n) {
    struct safetensors s;
    unsigned char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, p, n);
    enum status status = safetensors_open(ctx, "a.safetensors", copy, n, &s);
    for (size_t i = 0; status == STATUS_OK && i < s.n; i++) {
        float *to = malloc((s.list[i].n ? s.list[i].n : 1) * sizeof *to);
        assert_non_null(to);
        safetensors_read(&s.list[i], to);
        free(to);
    }
    free(copy);
    return status;
}

/* make_file puts a header of that text and `data` bytes behind it. */
static struct buf make_file(const char *header, size_t data) {
    struct buf b;
    uint64_t n = strlen(header);
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 8; i++)
        buf_byte(&b, (char)(n >> 8 * i));
    buf_text(&b, header);
    for (size_t i = 0; i < data; i++)
        buf_byte(&b, (char)i);
    return b;
}

/* -- Numbers of two bytes -- */

static double f16_by_hand(unsigned h) {
    int exponent = (int)(h >> 10 & 31), mantissa = (int)(h & 1023);
    double size = exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);
    if (exponent == 31)
        size = mantissa ? (double)NAN : (double)INFINITY;
    return h & 0x8000u ? -size : size;
}

static void every_half_is_exact_and_comes_back(void **state) {
    (void)state;
    for (unsigned h = 0; h < 65536; h++) {
        double want = f16_by_hand(h), got = (double)float_of_f16((uint16_t)h);
        double brain = (double)float_of_bf16((uint16_t)h);
        if (isnan(want)) {
            assert_true(isnan(got) && isnan(float_of_f16(f16_of_float((float)got))));
        } else {
            assert_true(got == want && signbit(got) == signbit(want));
            assert_int_equal(f16_of_float((float)want), h);
        }
        if (isnan(brain))
            assert_true(isnan(float_of_bf16(bf16_of_float((float)brain))));
        else
            assert_int_equal(bf16_of_float((float)brain), h);
    }
}

/* nearest checks that of h and its neighbours (as bits: the order of sizes) h is nearest to x, an even one at a tie. */
static void nearest(float x, uint16_t h, float (*of)(uint16_t)) {
    double own = fabs((double)of(h) - (double)x);
    for (int step = -1; step <= 1; step += 2) {
        unsigned size = (h & 0x7fffu) + (unsigned)step;
        if (size > 0x7fffu || isnan(of((uint16_t)size)) || isinf(of((uint16_t)size)))
            continue;
        double other = fabs((double)of((uint16_t)((h & 0x8000u) | size)) - (double)x);
        assert_true(own < other || (own == other && !(h & 1)));
    }
}

static float any_f16(uint16_t h) { return float_of_f16(h); }
static float any_bf16(uint16_t h) { return float_of_bf16(h); }

static void halves_round_to_the_nearest_even(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 200000; i++) {
        uint32_t bits = (uint32_t)test_random(&random);
        float brain = float_of_bits(bits);
        bits = (bits & 0x8000ffffu) | (uint32_t)(100 + test_below(&random, 44)) << 23 | (bits & 0x7fffffu);
        if (i & 1)
            bits &= 0xfffff000u; /* ties */
        float x = float_of_bits(bits);
        if (fabsf(x) < 65520)
            nearest(x, f16_of_float(x), any_f16);
        if (isfinite(brain) && fabsf(brain) < 0x1.fep127f)
            nearest(brain, bf16_of_float(brain), any_bf16);
    }
    assert_int_equal(f16_of_float(65519.996f), 0x7bff); /* 65504, the greatest */
    assert_int_equal(f16_of_float(-65520), 0xfc00);
    assert_int_equal(f16_of_float(0x1p-25f), 0); /* half of the smallest: to even */
    assert_int_equal(f16_of_float(0x1.8p-24f), 2);
    assert_int_equal(bf16_of_float(3.3962e38f), 0x7f80);
    assert_int_equal(bf16_of_float(-NAN) & 0x7fff, 0x7fc0);
}

/* -- Files that are right -- */

static const float VALUES[] = {0, -0.0f, 1, -2.5f, 0x1p-14f, 1024, -3, 0.5f, 7, -96, 6, 40};

static void every_dtype_round_trips(void **state) {
    (void)state;
    struct tensor_values list[DTYPE_COUNT + 3];
    struct buf file;
    struct ctx ctx;
    struct safetensors s;
    buf_init(&file, 1 << 20);
    for (int i = 0; i < DTYPE_COUNT; i++)
        list[i] = (struct tensor_values){dtype_text(i), (enum dtype)i, 2, {3, 4}, VALUES};
    list[DTYPE_COUNT] = (struct tensor_values){"of one", DTYPE_F16, 0, {0}, VALUES + 3};
    list[DTYPE_COUNT + 1] = (struct tensor_values){"of \"none\" \xc3\xa4\n", DTYPE_F32, 3, {2, 0, 5}, VALUES};
    list[DTYPE_COUNT + 2] = (struct tensor_values){"deep", DTYPE_BF16, 8, {1, 1, 3, 1, 1, 1, 1, 1}, VALUES};
    safetensors_write(&file, list, COUNT(list));
    assert_false(file.failed);
    ctx_init(&ctx, 1 << 20);
    if (safetensors_open(&ctx, "a", file.data, file.n, &s))
        fail_msg("%s", ctx.err.detail);
    assert_int_equal(s.n, COUNT(list));
    for (size_t i = 0; i < COUNT(list); i++) {
        const struct tensor_entry *t = safetensors_find(&s, list[i].name);
        float got[12];
        assert_non_null(t);
        assert_int_equal(t->dtype, list[i].dtype);
        assert_int_equal(t->dims, list[i].dims);
        assert_memory_equal(t->shape, list[i].shape, t->dims * sizeof *t->shape);
        assert_int_equal((t->data - (unsigned char *)file.data) % (ptrdiff_t)dtype_bytes(t->dtype), 0);
        safetensors_read(t, got);
        for (size_t k = 0; k < t->n; k++)
            if (t->dtype == DTYPE_I64)
                assert_true(got[k] == truncf(list[i].values[k]));
            else
                assert_int_equal(bits_of_float(got[k]), bits_of_float(list[i].values[k]));
    }
    assert_null(safetensors_find(&s, "F3"));
    assert_null(safetensors_find(&s, ""));
    ctx_release(&ctx);
    buf_release(&file);
}

/* The bytes are written by hand from the description of the format. */
static void a_file_by_hand(void **state) {
    (void)state;
    static const char header[] = "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F32\",\"shape\":[2],"
                                 "\"data_offsets\":[2,10]},\"a\":{\"shape\":[1,1],\"data_offsets\":[0,2],"
                                 "\"dtype\":\"F16\",\"more\":[null]}}   ";
    struct buf file = make_file(header, 0);
    struct ctx ctx;
    struct safetensors s;
    float got[2];
    buf_add(&file, "\x00\xc5\x00\x00\x80\x3f\x00\x00\x20\xc1", 10); /* -5; 1, -10: not aligned */
    ctx_init(&ctx, 1 << 20);
    if (safetensors_open(&ctx, "hand", file.data, file.n, &s))
        fail_msg("%s", ctx.err.detail);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.list[0].name, "a");
    assert_string_equal(s.list[0].file, "hand");
    safetensors_read(&s.list[0], got);
    assert_true(got[0] == -5);
    safetensors_read(&s.list[1], got);
    assert_true(got[0] == 1 && got[1] == -10);
    ctx_release(&ctx);
    buf_release(&file);
    static const char *const EMPTY[] = {"{}", "{\"__metadata__\":null}  \n"};
    for (size_t i = 0; i < COUNT(EMPTY); i++) {
        file = make_file(EMPTY[i], 0);
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(open_exact(&ctx, file.data, file.n), STATUS_OK);
        ctx_release(&ctx);
        buf_release(&file);
    }
}

/* A written file is the same bytes as one by hand: wide before narrow, padded to 8 bytes. */
static void what_is_written(void **state) {
    (void)state;
    const struct tensor_values list[] = {{"n", DTYPE_BF16, 1, {1}, VALUES + 2}, {"w", DTYPE_F32, 0, {0}, VALUES + 2}};
    static const char want[] = "\x70\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
                               "\"n\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[4,6]}}     "
                               "\x00\x00\x80\x3f\x80\x3f";
    struct buf file;
    buf_init(&file, 1 << 20);
    safetensors_write(&file, list, 2);
    assert_int_equal(file.n, sizeof want - 1);
    assert_memory_equal(file.data, want, file.n);
    buf_release(&file);
    buf_init(&file, 100);
    safetensors_write(&file, list, 2);
    assert_true(file.failed);
    buf_release(&file);
}

/* -- Files that are wrong -- */

#define T(dtype, shape, begin, end) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"
#define OF "The tensor a of a.safetensors "

static const struct {
    const char *header;
    size_t data;
    const char *detail;
} BAD[] = {
    {"", 0, "The header of a.safetensors does not begin with '{'."},
    {" {}", 0, "The header of a.safetensors does not begin with '{'."},
    {"[]", 0, "The header of a.safetensors does not begin with '{'."},
    {"{", 0, "a.safetensors is not JSON, near its byte 1."},
    {"{}x", 0, "a.safetensors is not JSON, near its byte 3."},
    {"{}", 1, "a.safetensors has 1 bytes of data, want 0, where its last tensor ends."},
    {"{\"a\":" T("F32", "[]", "0", "4") ",\"a\":" T("F32", "[]", "4", "8") "}", 8,
     "a.safetensors gives a name twice (before its byte 56); want it once."},
    {"{\"a\":" T("F32", "[]", "0", "4") ",\"\\u0061\":" T("F32", "[]", "4", "8") "}", 8,
     "a.safetensors gives a name twice (before its byte 61); want it once."},
    {"{\"a\":1}", 0, OF "is no object of dtype, shape and data_offsets."},
    {"{\"a\":{}}", 0, OF "has no dtype, want a string."},
    {"{\"a\":" T("F8_E4M3", "[4]", "0", "4") "}", 4, OF "has the dtype \"F8_E4M3\", want F32, F16, BF16, F64 or I64."},
    {"{\"a\":" T("f32", "[1]", "0", "4") "}", 4, OF "has the dtype \"f32\", want F32, F16, BF16, F64 or I64."},
    {"{\"a\":{\"dtype\":\"F32\"}}", 0, OF "has no shape, want an array of integers."},
    {"{\"a\":" T("F32", "4", "0", "4") "}", 4, OF "has no shape, want an array of integers."},
    {"{\"a\":" T("F32", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, OF "has 9 dimensions, want at most 8."},
    {"{\"a\":" T("F32", "[1,-1]", "0", "4") "}", 4, OF "has a shape whose element 1 is no integer of at least 0."},
    {"{\"a\":" T("F32", "[1.0]", "0", "4") "}", 4, OF "has a shape whose element 0 is no integer of at least 0."},
    {"{\"a\":" T("F32", "[[[[[[]]]]]]", "0", "4") "}", 4,
     OF "has a shape whose element 0 is no integer of at least 0."},
    {"{\"a\":" T("F32", "[4294967296,4294967296]", "0", "0") "}", 0, OF "has a shape of more than 2^64 elements."},
    {"{\"a\":" T("F32", "[4294967296,4294967296,0]", "0", "0") "}", 0, OF "has a shape of more than 2^64 elements."},
    {"{\"a\":" T("F32", "[4611686018427387904]", "0", "0") "}", 0,
     OF "has 0 bytes of data, which is not what F32 of shape [4611686018427387904] takes."},
    {"{\"a\":" T("F64", "[2305843009213693953]", "0", "8") "}", 8,
     OF "has 8 bytes of data, which is not what F64 of shape [2305843009213693953] takes."},
    {"{\"a\":" T("F32", "[9223372036854775808]", "0", "0") "}", 0,
     "a.safetensors has a number that is out of range before its byte 48."},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4,
     OF "has no data_offsets, want an array of two integers of at least 0."},
    {"{\"a\":" T("F32", "[1]", "-4", "0") "}", 4,
     OF "has no data_offsets, want an array of two integers of at least 0."},
    {"{\"a\":" T("F32", "[1]", "0", "4,8") "}", 8,
     OF "has no data_offsets, want an array of two integers of at least 0."},
    {"{\"a\":" T("F32", "[1]", "0", "4e0") "}", 4,
     OF "has no data_offsets, want an array of two integers of at least 0."},
    {"{\"a\":" T("F32", "[1]", "NaN", "4") "}", 4, "a.safetensors is not JSON, near its byte 51."},
    {"{\"a\":" T("F32", "[1]", "4", "0") "}", 4, OF "has the data_offsets 4 and 0, want them in order and at most 4."},
    {"{\"a\":" T("F32", "[1]", "0", "4") "}", 3, OF "has the data_offsets 0 and 4, want them in order and at most 3."},
    {"{\"a\":" T("F32", "[1]", "9223372036854775803", "9223372036854775807") "}", 4,
     OF "has the data_offsets 9223372036854775803 and 9223372036854775807, want them in order and at most 4."},
    {"{\"a\":" T("F32", "[2]", "0", "4") "}", 4, OF "has 4 bytes of data, which is not what F32 of shape [2] takes."},
    {"{\"a\":" T("F16", "[]", "0", "4") "}", 4, OF "has 4 bytes of data, which is not what F16 of shape [] takes."},
    {"{\"a\":" T("F32", "[1]", "4", "8") "}", 8,
     OF "begins at byte 4 of the data, want 0: tensors follow each other without a hole."},
    {"{\"b\":" T("F32", "[1]", "0", "4") ",\"a\":" T("F32", "[1]", "5", "9") "}", 9,
     OF "begins at byte 5 of the data, want 4: tensors follow each other without a hole."},
    {"{\"b\":" T("F32", "[2]", "0", "8") ",\"a\":" T("F32", "[1]", "4", "8") "}", 8,
     OF "begins at byte 4 of the data, want 8: tensors follow each other without a byte in common."},
    {"{\"b\":" T("F32", "[1]", "0", "4") ",\"a\":" T("F32", "[2]", "0", "8") "}", 8,
     OF "begins at byte 0 of the data, want 4: tensors follow each other without a byte in common."},
    {"{\"b\":" T("F32", "[2]", "0", "8") ",\"a\":" T("F32", "[0]", "4", "4") "}", 8,
     OF "begins at byte 4 of the data, want 8: tensors follow each other without a byte in common."},
    {"{\"a\":" T("F32", "[1]", "0", "4") "}", 5,
     "a.safetensors has 5 bytes of data, want 4, where its last tensor ends."},
    {"{\"__metadata__\":[]}", 0, "The __metadata__ of a.safetensors is no object of strings."},
    {"{\"__metadata__\":{\"a\":1}}", 0, "The __metadata__ of a.safetensors is no object of strings."},
    {"{\"a\xff\":1}", 0, "a.safetensors is not JSON, near its byte 3."},
    {"{\"a\\u0000b\":1}", 0, "a.safetensors is not JSON, near its byte 11."},
};

static void bad_files_get_a_sentence(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct buf file = make_file(BAD[i].header, BAD[i].data);
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        enum status status = open_exact(&ctx, file.data, file.n);
        if (status != STATUS_INVALID || strcmp(ctx.err.detail, BAD[i].detail) != 0)
            fail_msg("%s:\n%d '%s'\nwant '%s'", BAD[i].header, status, ctx.err.detail, BAD[i].detail);
        ctx_release(&ctx);
        buf_release(&file);
    }
}

static void lengths_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *detail;
    } ROWS[] = {
        {"", 0, "a.safetensors has 0 bytes, want at least 8, its header's length."},
        {"\x02\0\0\0\0\0\0", 7, "a.safetensors has 7 bytes, want at least 8, its header's length."},
        {"\x02\0\0\0\0\0\0\0{", 9, "a.safetensors ends after 9 bytes, within its header of 8 + 2."},
        {"\x00\xe1\xf5\x05\0\0\0\0{}", 10, "a.safetensors ends after 10 bytes, within its header of 8 + 100000000."},
        {"\x01\xe1\xf5\x05\0\0\0\0{}", 10,
         "a.safetensors says its header has 100000001 bytes, want at most 100000000."},
        {"\xff\xff\xff\xff\xff\xff\xff\xff{}", 10,
         "a.safetensors says its header has 18446744073709551615 bytes, want at most 100000000."},
        {"\xf8\xff\xff\xff\xff\xff\xff\xff{}", 10,
         "a.safetensors says its header has 18446744073709551608 bytes, want at most 100000000."},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(open_exact(&ctx, ROWS[i].bytes, ROWS[i].n), STATUS_INVALID);
        assert_string_equal(ctx.err.detail, ROWS[i].detail);
        ctx_release(&ctx);
    }
}

/* nested gives a header of n brackets. */
static void deep_and_wide_headers_end(void **state) {
    (void)state;
    size_t n = 4 * 1000 * 1000 + 10;
    char *header = malloc(n + 1);
    assert_non_null(header);
    memcpy(header, "{\"a\":", 5);
    for (int wide = 0; wide < 2; wide++) {
        size_t length = wide ? n : 5000;
        memset(header + 5, '[', length - 5);
        header[length] = '\0';
        struct buf file = {.cap = n + 100};
        buf_add(&file, "\0\0\0\0\0\0\0\0", 8);
        buf_text(&file, header);
        for (int i = 0; i < 8; i++)
            file.data[i] = (char)(length >> 8 * i);
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(open_exact(&ctx, file.data, file.n), STATUS_INVALID);
        assert_string_equal(ctx.err.detail, wide ? "a.safetensors has more than 4000000 JSON values."
                                                 : "a.safetensors is nested deeper than 2048 levels.");
        ctx_release(&ctx);
        buf_release(&file);
    }
    free(header);
}

static struct buf small_file(void) {
    const struct tensor_values list[] = {{"conv.weight", DTYPE_F32, 2, {2, 2}, VALUES},
                                         {"conv.bias", DTYPE_F16, 1, {3}, VALUES},
                                         {"x", DTYPE_BF16, 0, {0}, VALUES}};
    struct buf file;
    buf_init(&file, 1 << 20);
    safetensors_write(&file, list, COUNT(list));
    assert_false(file.failed);
    return file;
}

static bool holds(const void *p, size_t n) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    enum status status = open_exact(&ctx, p, n);
    bool sentence = ctx.err.detail[0] && strchr(".", ctx.err.detail[strlen(ctx.err.detail) - 1]);
    if (status != STATUS_OK && (status != STATUS_INVALID || !sentence))
        fail_msg("%d '%s'", status, ctx.err.detail);
    ctx_release(&ctx);
    return status == STATUS_OK;
}

/* Cut after each byte; each byte left out, and with the length made right; each byte replaced by any other. */
static void damaged_files_hold(void **state) {
    (void)state;
    struct buf file = small_file();
    size_t header = (size_t)(unsigned char)file.data[0];
    char *bytes = malloc(file.n);
    assert_non_null(bytes);
    assert_true(holds(file.data, file.n));
    for (size_t i = 0; i < file.n; i++) {
        assert_false(holds(file.data, i));
        memcpy(bytes, file.data, i);
        memcpy(bytes + i, file.data + i + 1, file.n - i - 1);
        assert_false(holds(bytes, file.n - 1));
        bytes[0] = (char)(header - 1);
        if (i >= 8)
            (void)holds(bytes, file.n - 1);
        memcpy(bytes, file.data, file.n);
        for (int c = 0; c < 256; c++) {
            bytes[i] = (char)c;
            bool good = holds(bytes, file.n);
            assert_true(good || i < 8 + header);
        }
    }
    free(bytes);
    buf_release(&file);
}

/* -- Allocations -- */

static void each_allocation_may_fail(void **state) {
    (void)state;
    struct buf file = small_file();
    for (size_t fail_after = 0;; fail_after++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = fail_after;
        enum status status = open_exact(&ctx, file.data, file.n);
        ctx_release(&ctx);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_in_range(fail_after, 0, 10);
    }
    buf_release(&file);
}

static size_t jansson_left;
static void *jansson_malloc(size_t n) { return jansson_left && jansson_left-- ? malloc(n) : NULL; }

/* Within a string jansson does not tell it from a wrong character. */
static void each_allocation_of_the_parser_may_fail(void **state) {
    (void)state;
    struct buf file = small_file();
    json_set_alloc_funcs(jansson_malloc, free);
    for (size_t most = 0;; most++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        jansson_left = most;
        enum status status = open_exact(&ctx, file.data, file.n);
        ctx_release(&ctx);
        if (status == STATUS_OK)
            break;
        if (status != STATUS_INVALID)
            assert_int_equal(status, STATUS_NO_MEMORY);
        assert_in_range(most, 0, 1000);
    }
    json_set_alloc_funcs(malloc, free);
    buf_release(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_is_exact_and_comes_back),
        cmocka_unit_test(halves_round_to_the_nearest_even),
        cmocka_unit_test(every_dtype_round_trips),
        cmocka_unit_test(a_file_by_hand),
        cmocka_unit_test(what_is_written),
        cmocka_unit_test(bad_files_get_a_sentence),
        cmocka_unit_test(lengths_are_checked),
        cmocka_unit_test(deep_and_wide_headers_end),
        cmocka_unit_test(damaged_files_hold),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(each_allocation_of_the_parser_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
