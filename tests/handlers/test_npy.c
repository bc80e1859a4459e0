#include "handlers/npy.h"
#include "tests/support/test.h"

#include <float.h>

/* A file under construction. */
struct file {
    unsigned char bytes[2048];
    size_t n;
};

static void put(struct file *f, const void *p, size_t n) {
    assert_true(f->n + n <= sizeof f->bytes);
    memcpy(f->bytes + f->n, p, n);
    f->n += n;
}

/* make_file puts magic, version, the header's length and the header. */
static struct file make_file(int version, const char *header) {
    struct file f = {.n = 0};
    size_t n = strlen(header);
    put(&f, "\x93NUMPY", 6);
    put(&f, (unsigned char[]){(unsigned char)version, 0, n & 255, n >> 8, 0, 0}, version == 1 ? 4 : 6);
    put(&f, header, n);
    return f;
}

/* read_exact reads from a block of exactly the file's size, so that a sanitizer sees any byte too far. */
static enum status read_exact(struct ctx *ctx, const struct file *f, size_t n, struct array *out) {
    unsigned char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, f->bytes, n);
    enum status status = npy_read(ctx, copy, n, out);
    free(copy);
    return status;
}

#define F8(shape) "{'descr': '<f8', 'fortran_order': False, 'shape': " shape ", }"

static const struct {
    int version;
    const char *header;
    unsigned width, n; /* of the data that follows */
    enum kind kind;
    unsigned dims;
    size_t shape[3];
} GOOD[] = {
    {1, F8("(3,)"), 8, 3, KIND_REAL, 1, {3}},
    {2, F8("(3,)") "      \n", 8, 3, KIND_REAL, 1, {3}},
    {3, F8("(3,)") "\n", 8, 3, KIND_REAL, 1, {3}},
    {1, "{'descr':'<i4','fortran_order':False,'shape':(2,3)}", 4, 6, KIND_INT, 2, {2, 3}},
    {1, "{\"shape\": (2, 3, 4,), \"fortran_order\": False, \"descr\": \"<i8\"}\n", 8, 24, KIND_INT, 3, {2, 3, 4}},
    {1, "\t { 'fortran_order' : False , 'shape' : ( 5 , ) , \"descr\" : '<f4' , } \r\n", 4, 5, KIND_REAL, 1, {5}},
    {1, F8("(0,)"), 8, 0, KIND_REAL, 1, {0}},
    {1, F8("(0, 7)"), 8, 0, KIND_REAL, 2, {0, 7}},
    {1, F8("(7, 0, 1)"), 8, 0, KIND_REAL, 3, {7, 0, 1}},
};

static void headers_of_every_form(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(GOOD); i++) {
        struct file f = make_file(GOOD[i].version, GOOD[i].header);
        struct ctx ctx;
        struct array a;
        for (unsigned k = 0; k < GOOD[i].n * GOOD[i].width; k++)
            put(&f, "", 1);
        ctx_init(&ctx, 1 << 20);
        if (read_exact(&ctx, &f, f.n, &a))
            fail_msg("%s: %s", GOOD[i].header, ctx.err.detail);
        assert_int_equal(a.kind, GOOD[i].kind);
        assert_int_equal(a.dims, GOOD[i].dims);
        assert_int_equal(a.n, GOOD[i].n);
        assert_memory_equal(a.shape, GOOD[i].shape, a.dims * sizeof *a.shape);
        ctx_release(&ctx);
    }
}

static const struct {
    const char *header, *detail;
} BAD[] = {
    {"", "The npy header is wrong at its character 1: want '{'."},
    {"[]", "The npy header is wrong at its character 1: want '{'."},
    {"{}", "The npy header is wrong at its character 2: want all of 'descr', 'fortran_order' and 'shape' before '}'."},
    {"{'descr': '<f8', 'shape': (0,)}",
     "The npy header is wrong at its character 31: want all of 'descr', 'fortran_order' and 'shape' before '}'."},
    {"{'descr': '<f8', 'descr': '<f8'}", "The npy header is wrong at its character 18: want each key once."},
    {"{'dtype': '<f8'}", "The npy header is wrong at its character 2: want 'descr', 'fortran_order' or 'shape'."},
    {"{descr: '<f8'}", "The npy header is wrong at its character 2: want a key in quotes."},
    {"{'descr\": '<f8'}", "The npy header is wrong at its character 2: want 'descr', 'fortran_order' or 'shape'."},
    {"{'descr", "The npy header is wrong at its character 2: want a key in quotes."},
    {"{'descr' '<f8'}", "The npy header is wrong at its character 10: want ':'."},
    {"{'descr': <f8}",
     "The npy header is wrong at its character 11: want the element type as a string, such as '<f8'."},
    {"{'descr': '|i2'}",
     "The npy array has elements of type '|i2'; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order."},
    {"{'descr': '|O'}",
     "The npy array has elements of type '|O'; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order."},
    {"{'descr': '<f2'}",
     "The npy array has elements of type '<f2'; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order."},
    {"{'descr': '<u8'}",
     "The npy array has elements of type '<u8'; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order."},
    {"{'descr': '=f8'}",
     "The npy array has elements of type '=f8'; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order."},
    {"{'descr': '<f16'}",
     "The npy array has elements of type '<f16'; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order."},
    {"{'descr': ''}",
     "The npy array has elements of type ''; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order."},
    {"{'descr': '<c8'}",
     "The npy array has elements of type '<c8'; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order."},
    {"{'descr': '0123456789012345678901234567890123456789'}",
     "The npy array has elements of type '012345678901234567890123'; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of "
     "either byte order."},
    {"{'descr': '<\\x668'}",
     "The npy header is wrong at its character 11: want the element type as a string, such as '<f8'."},
    {"{'descr': [('x', '<f8')]}",
     "The npy array has structured elements; want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order."},
    {"{'fortran_order': True}", "The npy array is in Fortran order; want C order (numpy.ascontiguousarray gives it)."},
    {"{'fortran_order': 0}", "The npy header is wrong at its character 19: want True or False."},
    {"{'fortran_order': Falsehood}", "The npy header is wrong at its character 24: want ',' or '}'."},
    {F8("()"), "The npy array has no dimensions; want 1 to 3."},
    {F8("(1, 1, 1, 1)"), "The npy array has more than 3 dimensions; want 1 to 3."},
    {F8("(1)"), "The npy header is wrong at its character 53: want ',' after the only extent of the shape."},
    {F8("3"), "The npy header is wrong at its character 51: want the shape as a tuple, such as (3, 4)."},
    {F8("[3]"), "The npy header is wrong at its character 51: want the shape as a tuple, such as (3, 4)."},
    {F8("(-1,)"), "The npy header is wrong at its character 52: want an extent, a decimal integer of at least 0."},
    {F8("(01,)"), "The npy header is wrong at its character 52: want an extent, a decimal integer of at least 0."},
    {F8("(,)"), "The npy header is wrong at its character 52: want an extent, a decimal integer of at least 0."},
    {F8("(1,,)"), "The npy header is wrong at its character 54: want an extent, a decimal integer of at least 0."},
    {F8("(1 2)"), "The npy header is wrong at its character 54: want ',' or ')'."},
    {F8("(1.0,)"), "The npy header is wrong at its character 53: want ',' or ')'."},
    {F8("(3L,)"), "The npy header is wrong at its character 53: want ',' or ')'."},
    {F8("(18446744073709551616,)"), "The npy header is wrong at its character 71: want an extent below 2^64."},
    {F8("(18446744073709551615,)"), "The npy array's shape holds more than 2^64 bytes."},
    {F8("(2305843009213693952,)"), "The npy array's shape holds more than 2^64 bytes."},
    {F8("(4294967296, 4294967296)"), "The npy array's shape holds more than 2^64 bytes."},
    {F8("(0, 4294967296, 4294967296)"), "The npy array's shape holds more than 2^64 bytes."},
    {F8("(2305843009213693951,)"),
     "The npy file has 0 bytes of data, want 18446744073709551608: 2305843009213693951 elements of 8 bytes."},
    {F8("(1,)"), "The npy file has 0 bytes of data, want 8: 1 elements of 8 bytes."},
    {F8("(0,)") "x", "The npy header is wrong at its character 58: want nothing but spaces after '}'."},
    {F8("(0,)") " {}", "The npy header is wrong at its character 59: want nothing but spaces after '}'."},
    {F8("(0,)") "\x01", "The npy header is wrong at its character 58: want nothing but spaces after '}'."},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (0,),,}",
     "The npy header is wrong at its character 56: want a key in quotes."},
    {"{'descr': '<f8' 'fortran_order': False}", "The npy header is wrong at its character 17: want ',' or '}'."},
    {"{,}", "The npy header is wrong at its character 2: want a key in quotes."},
};

static void bad_headers_get_a_sentence(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct file f = make_file(1, BAD[i].header);
        struct ctx ctx;
        struct array a;
        ctx_init(&ctx, 1 << 20);
        enum status status = read_exact(&ctx, &f, f.n, &a);
        if (status != STATUS_UNSUPPORTED || strcmp(ctx.err.detail, BAD[i].detail) != 0)
            fail_msg("%s: status %d, '%s'", BAD[i].header, status, ctx.err.detail);
        assert_string_equal(ctx.err.pointer, "");
        assert_int_equal(a.kind, KIND_NONE);
        ctx_release(&ctx);
    }
}

static void foreign_files_and_versions(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *detail;
    } rows[] = {
        {"", 0, "The body is no npy file: want the six bytes \\x93NUMPY at its start."},
        {"{\"values\": [1]}", 15, "The body is no npy file: want the six bytes \\x93NUMPY at its start."},
        {"\x93NUMPX\x01\x00", 8, "The body is no npy file: want the six bytes \\x93NUMPY at its start."},
        {"\x93NUMPY\x01", 7, "The npy file ends after 7 bytes within its header, want at least 8."},
        {"\x93NUMPY\x00\x00\x00\x00", 10, "The npy file has version 0.0, want 1.0, 2.0 or 3.0."},
        {"\x93NUMPY\x01\x01\x00\x00", 10, "The npy file has version 1.1, want 1.0, 2.0 or 3.0."},
        {"\x93NUMPY\x04\x00\x00\x00", 10, "The npy file has version 4.0, want 1.0, 2.0 or 3.0."},
        {"\x93NUMPY\x02\x00\x00\x00", 10, "The npy file ends after 10 bytes within its header, want at least 12."},
        {"\x93NUMPY\x01\x00\xff\xff{", 11, "The npy file ends after 11 bytes within its header, want at least 65545."},
        {"\x93NUMPY\x03\x00\xff\xff\xff\xff{", 13,
         "The npy file ends after 13 bytes within its header, want at least 4294967307."},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file f = {.n = 0};
        struct ctx ctx;
        struct array a;
        put(&f, rows[i].bytes, rows[i].n);
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_UNSUPPORTED);
        assert_string_equal(ctx.err.detail, rows[i].detail);
        ctx_release(&ctx);
    }
}

/* The data lies at an odd address and holds the ends of every type, written byte by byte. */
static void values_of_every_type(void **state) {
    (void)state;
    struct ctx ctx;
    struct array a;
    ctx_init(&ctx, 1 << 20);

    struct file f = make_file(1, "{'descr': '<i4', 'fortran_order': False, 'shape': (4,)}");
    put(&f, "\x00\x00\x00\x80\xff\xff\xff\x7f\xff\xff\xff\xff\x04\x03\x02\x01", 16);
    assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_OK);
    const int64_t i4[] = {INT32_MIN, INT32_MAX, -1, 0x01020304};
    assert_memory_equal(a.ints, i4, sizeof i4);

    f = make_file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (3,)}");
    put(&f, "\x00\x00\x00\x00\x00\x00\x00\x80\xff\xff\xff\xff\xff\xff\xff\x7f\x08\x07\x06\x05\x04\x03\x02\x01", 24);
    assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_OK);
    const int64_t i8[] = {INT64_MIN, INT64_MAX, 0x0102030405060708};
    assert_memory_equal(a.ints, i8, sizeof i8);

    f = make_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}");
    put(&f, "\xcd\xcc\xcc\x3d\xff\xff\x7f\xff\x01\x00\x00\x00\x00\x00\x00\x80", 16);
    assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_OK);
    const double f4[] = {(double)0.1f, (double)-FLT_MAX, 0x1p-149, -0.0};
    assert_memory_equal(a.reals, f4, sizeof f4);

    f = make_file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}");
    put(&f, "\x9a\x99\x99\x99\x99\x99\xb9\x3f\xff\xff\xff\xff\xff\xff\xef\xff\x01\x00\x00\x00\x00\x00\x00\x00", 24);
    assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_OK);
    const double f8[] = {0.1, -DBL_MAX, 0x1p-1074};
    assert_memory_equal(a.reals, f8, sizeof f8);
    ctx_release(&ctx);
}

/* Short and unsigned integers, and the byte order of the network. */
static void values_of_narrow_and_big_endian_types(void **state) {
    (void)state;
    static const struct {
        const char *descr, *bytes;
        int64_t want[2];
    } ROWS[] = {
        {"|i1", "\x80\x7f", {-128, 127}},
        {"|u1", "\x80\xff", {128, 255}},
        {"<i2", "\x00\x80\xff\x7f", {-32768, 32767}},
        {">i2", "\x80\x00\x01\x02", {-32768, 258}},
        {"<u2", "\xff\xff\x01\x00", {65535, 1}},
        {">u4", "\xff\xff\xff\xff\x00\x00\x00\x01", {4294967295, 1}},
        {">i4", "\xff\xff\xff\xfe\x01\x02\x03\x04", {-2, 0x01020304}},
        {">i8", "\x80\0\0\0\0\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08", {INT64_MIN, 0x0102030405060708}},
    };
    struct ctx ctx;
    struct array a;
    ctx_init(&ctx, 1 << 20);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char header[100];
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (2,)}", ROWS[i].descr);
        struct file f = make_file(1, header);
        put(&f, ROWS[i].bytes, 2 * (size_t)(ROWS[i].descr[2] - '0'));
        assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_OK);
        assert_int_equal(a.kind, KIND_INT);
        assert_memory_equal(a.ints, ROWS[i].want, sizeof ROWS[i].want);
    }
    struct file f = make_file(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}");
    put(&f, "\x3f\x00\x00\x00", 4);
    assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_OK);
    assert_true(a.kind == KIND_REAL && a.reals[0] == 0.5);
    f = make_file(1, "{'descr': '>f8', 'fortran_order': False, 'shape': (1,)}");
    put(&f, "\x3f\xe0\x00\x00\x00\x00\x00\x00", 8);
    assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_OK);
    assert_true(a.kind == KIND_REAL && a.reals[0] == 0.5);
    ctx_release(&ctx);
}

static void data_that_is_not_finite(void **state) {
    (void)state;
    static const struct {
        const char *descr, *bytes, *what;
    } rows[] = {
        {"<f8", "\x00\x00\x00\x00\x00\x00\xf8\x7f", "NaN"},
        {"<f8", "\x00\x00\x00\x00\x00\x00\xf0\xff", "infinite"},
        {"<f4", "\x00\x00\xc0\x7f", "NaN"},
        {"<f4", "\x00\x00\x80\x7f", "infinite"},
        {"<f8", "\x01\x00\x00\x00\x00\x00\xf0\x7f", "NaN"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char header[100], detail[100];
        struct ctx ctx;
        struct array a;
        size_t width = (size_t)(rows[i].descr[2] - '0');
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (2, 2)}", rows[i].descr);
        struct file f = make_file(1, header);
        put(&f, "\0\0\0\0\0\0\0\0", width);
        put(&f, "\0\0\0\0\0\0\0\0", width);
        put(&f, rows[i].bytes, width);
        put(&f, rows[i].bytes, width);
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_INVALID);
        snprintf(detail, sizeof detail, "Element 2 of the npy array is %s, want a finite number.", rows[i].what);
        assert_string_equal(ctx.err.detail, detail);
        assert_string_equal(ctx.err.pointer, "/2");
        assert_int_equal(a.kind, KIND_NONE);
        ctx_release(&ctx);
    }
}

static struct array sample(enum kind kind, void *data) {
    struct array a = {.kind = kind, .dims = 2, .shape = {2, 3}, .n = 6, .data = data};
    return a;
}

/* The bytes are those of numpy.save as NEP 1 lays them down: 128 of header, then the data. */
static void written_bytes(void **state) {
    (void)state;
    int64_t ints[] = {1, -2, 3, -4, 5, INT64_MIN};
    double reals[] = {0.5, -0.0, 1e300, 3, 4, 5};
    static const char *const headers[] = {"{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }",
                                          "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }"};
    for (int k = 0; k < 2; k++) {
        struct buf b;
        struct ctx ctx;
        struct array in = k ? sample(KIND_REAL, reals) : sample(KIND_INT, ints), back;
        char want[128] = "\x93NUMPY\x01\x00\x76";
        memset(want + 10, ' ', sizeof want - 11);
        memcpy(want + 10, headers[k], strlen(headers[k]));
        want[127] = '\n';
        buf_init(&b, 128 + 48);
        npy_write(&b, &in);
        assert_false(b.failed);
        assert_int_equal(b.n, 128 + 48);
        assert_memory_equal(b.data, want, 128);
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(npy_read(&ctx, b.data, b.n, &back), STATUS_OK);
        assert_int_equal(back.kind, in.kind);
        assert_int_equal(back.dims, 2);
        assert_int_equal(back.shape[0] * 10 + back.shape[1], 23);
        assert_memory_equal(back.data, in.data, 48);
        ctx_release(&ctx);
        buf_release(&b);
        buf_init(&b, 128 + 47);
        npy_write(&b, &in);
        assert_true(b.failed);
        buf_release(&b);
    }
}

static void every_shape_comes_back(void **state) {
    (void)state;
    static const size_t shapes[][3] = {{0}, {1}, {7, 0}, {3, 5}, {2, 3, 4}, {0, 4000000000, 1000000}, {1, 1, 1}};
    static const unsigned dims[] = {1, 1, 2, 2, 3, 3, 3};
    double reals[24] = {0};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct buf b;
        struct ctx ctx;
        struct array in = {.kind = KIND_REAL, .dims = dims[i], .n = 1}, back;
        memcpy(in.shape, shapes[i], sizeof in.shape);
        in.reals = reals;
        for (unsigned k = 0; k < dims[i]; k++)
            in.n *= in.shape[k];
        buf_init(&b, 1000);
        npy_write(&b, &in);
        assert_int_equal((b.n - in.n * 8) % 64, 0);
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(npy_read(&ctx, b.data, b.n, &back), STATUS_OK);
        assert_int_equal(back.dims, in.dims);
        assert_int_equal(back.n, in.n);
        assert_memory_equal(back.shape, in.shape, sizeof in.shape);
        ctx_release(&ctx);
        buf_release(&b);
    }
}

static struct file valid_file(int version) {
    struct file f = make_file(version, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }      \n");
    const double data[] = {1, 2, 3, 4, 5, 6};
    put(&f, data, sizeof data);
    return f;
}

/* Every prefix, and the file with a byte too many, is a clean error. */
static void truncated_files(void **state) {
    (void)state;
    for (int version = 1; version <= 3; version++) {
        struct file f = valid_file(version);
        for (size_t n = 0; n <= f.n + 1; n++) {
            struct ctx ctx;
            struct array a;
            ctx_init(&ctx, 1 << 20);
            assert_int_equal(read_exact(&ctx, &f, n, &a), n == f.n ? STATUS_OK : STATUS_UNSUPPORTED);
            assert_int_equal(ctx.err.detail[0] != '\0', n != f.n);
            ctx_release(&ctx);
        }
    }
}

/* One or two bits flipped: a clean error with a printable sentence, or an array of the right size. */
static void flipped_bits(void **state) {
    (void)state;
    uint64_t random = 1;
    struct file valid = valid_file(1);
    size_t bits = valid.n * 8;
    for (size_t i = 0; i < bits + 20000; i++) {
        struct file f = valid;
        struct ctx ctx;
        struct array a;
        size_t first = i < bits ? i : test_below(&random, bits), second = i < bits ? 0 : test_below(&random, bits);
        f.bytes[first / 8] ^= (unsigned char)(1 << first % 8);
        f.bytes[second / 8] ^= (unsigned char)(i < bits ? 0 : 1 << second % 8);
        ctx_init(&ctx, 1 << 20);
        enum status status = read_exact(&ctx, &f, f.n, &a);
        if (status == STATUS_OK) {
            assert_int_equal(a.n, a.kind ? 6 : 99);
        } else {
            assert_true(status == STATUS_UNSUPPORTED || status == STATUS_INVALID);
            for (const char *p = ctx.err.detail; *p; p++)
                assert_true(*p >= ' ' && *p <= '~');
        }
        ctx_release(&ctx);
    }
}

static void no_memory(void **state) {
    (void)state;
    struct file f = valid_file(1);
    struct ctx ctx;
    struct array a;
    ctx_init(&ctx, 1 << 20);
    ctx.fail_after = 0;
    assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_NO_MEMORY);
    assert_int_equal(a.kind, KIND_NONE);
    ctx.fail_after = 1;
    assert_int_equal(read_exact(&ctx, &f, f.n, &a), STATUS_OK);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_every_form),
        cmocka_unit_test(bad_headers_get_a_sentence),
        cmocka_unit_test(foreign_files_and_versions),
        cmocka_unit_test(values_of_every_type),
        cmocka_unit_test(values_of_narrow_and_big_endian_types),
        cmocka_unit_test(data_that_is_not_finite),
        cmocka_unit_test(written_bytes),
        cmocka_unit_test(every_shape_comes_back),
        cmocka_unit_test(truncated_files),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
