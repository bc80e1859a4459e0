/* The files that training data come in: gzip, IDX and PNG. Made here byte by byte, or by the libraries that are their
 * reference. */
#include "handlers/idx.h"
#include "handlers/inflate.h"
#include "handlers/png_read.h"

#include <png.h>
#include <zlib.h>

#include "tests/support/test.h"

/* -- gzip -- */

/* pack appends one member; returns its bytes. */
static size_t pack(unsigned char *to, size_t room, const void *p, size_t n) {
    z_stream z = {
        .next_in = (z_const Bytef *)(uintptr_t)p, .avail_in = (unsigned)n, .next_out = to, .avail_out = (unsigned)room};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

enum { PACKED = 200 * 1000 };
static unsigned char plain[PACKED], packed[2 * PACKED];

static size_t make_packed(void) {
    uint64_t random = 1;
    for (size_t i = 0; i < PACKED; i++)
        plain[i] = (unsigned char)test_below(&random, 7);
    size_t n = pack(packed, sizeof packed, plain, PACKED / 2);
    return n + pack(packed + n, sizeof packed - n, plain + PACKED / 2, PACKED / 2);
}

static void all_members_are_unpacked(void **state) {
    (void)state;
    struct ctx ctx;
    unsigned char *out;
    size_t n = make_packed(), out_n;
    ctx_init(&ctx, 1 << 20);
    assert_true(inflate_is(packed, n) && !inflate_is(packed, 1) && !inflate_is(plain, n));
    assert_int_equal(inflate_read(&ctx, "a.gz", packed, n, PACKED, &out, &out_n), STATUS_OK);
    assert_int_equal(out_n, PACKED);
    assert_memory_equal(out, plain, PACKED);
    assert_int_equal(inflate_read(&ctx, "a.gz", packed, n, PACKED - 1, &out, &out_n), STATUS_INVALID);
    assert_string_equal(ctx.err.detail, "a.gz unpacks to more than 199999 bytes.");
    ctx_release(&ctx);
}

static void damaged_gzip_is_refused(void **state) {
    (void)state;
    struct ctx ctx;
    unsigned char *out;
    size_t n = make_packed(), out_n;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(inflate_read(&ctx, "a.gz", packed, n - 5, PACKED, &out, &out_n), STATUS_INVALID);
    assert_non_null(strstr(ctx.err.detail, "a.gz ends within its gzip data"));
    packed[n - 6] ^= 1; /* the check sum */
    assert_int_equal(inflate_read(&ctx, "a.gz", packed, n, PACKED, &out, &out_n), STATUS_INVALID);
    assert_non_null(strstr(ctx.err.detail, "damaged"));
    assert_int_equal(inflate_read(&ctx, "a.gz", plain, 100, PACKED, &out, &out_n), STATUS_INVALID);
    ctx_release(&ctx);
    ctx_init(&ctx, PACKED / 2);
    make_packed();
    assert_int_equal(inflate_read(&ctx, "a.gz", packed, n, PACKED, &out, &out_n), STATUS_NO_MEMORY);
    ctx_release(&ctx);
}

/* -- IDX -- */

static void idx_of_every_type(void **state) {
    (void)state;
    static const struct {
        unsigned char bytes[24];
        size_t n;
        double first, second;
    } CASES[] = {
        {{0, 0, 8, 1, 0, 0, 0, 2, 7, 255}, 10, 7, 255},
        {{0, 0, 9, 1, 0, 0, 0, 2, 7, 255}, 10, 7, -1},
        {{0, 0, 11, 1, 0, 0, 0, 2, 1, 0, 0xff, 0xfe}, 12, 256, -2},
        {{0, 0, 12, 1, 0, 0, 0, 2, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xfd}, 16, 65536, -3},
        {{0, 0, 13, 1, 0, 0, 0, 2, 0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0}, 16, 1, -2.5},
        {{0, 0, 14, 1, 0, 0, 0, 2, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 4}, 24, 1, -2.5},
    };
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct idx idx;
        unsigned char *copy = malloc(CASES[i].n);
        memcpy(copy, CASES[i].bytes, CASES[i].n);
        assert_int_equal(idx_read(&ctx, "a", copy, CASES[i].n, &idx), STATUS_OK);
        assert_true(idx.n == 2 && idx.dims == 1 && idx.shape[0] == 2);
        assert_true(idx_value(&idx, 0) == CASES[i].first && idx_value(&idx, 1) == CASES[i].second);
        for (size_t n = 0; n < CASES[i].n; n++) /* cut anywhere */
            assert_int_equal(idx_read(&ctx, "a", copy, n, &idx), STATUS_INVALID);
        free(copy);
    }
    ctx_release(&ctx);
}

static void idx_that_is_none(void **state) {
    (void)state;
    static const unsigned char TYPE[] = {0, 0, 10, 1, 0, 0, 0, 0}, MAGIC[] = {1, 0, 8, 1, 0, 0, 0, 0};
    static const unsigned char NONE[] = {0, 0, 8, 0}, FIVE[24] = {0, 0, 8, 5}, LONG[] = {0, 0, 8, 1, 0, 0, 0, 0, 1};
    /* 2^16 * 2^16 * 2^16 * 2^16 elements are 2^64 */
    static const unsigned char HUGE[] = {0, 0, 8, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0};
    static const unsigned char WIDE[] = {0, 0, 14, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0x20, 0};
    static const struct {
        const unsigned char *p;
        size_t n;
        const char *word;
    } CASES[] = {{TYPE, 8, "no IDX file"},         {MAGIC, 8, "no IDX file"}, {NONE, 4, "0 dimensions"},
                 {FIVE, 24, "5 dimensions"},       {LONG, 9, "1 bytes"},      {HUGE, 20, "0 bytes of elements"},
                 {WIDE, 20, "0 bytes of elements"}};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct idx idx;
        assert_int_equal(idx_read(&ctx, "a", CASES[i].p, CASES[i].n, &idx), STATUS_INVALID);
        if (!strstr(ctx.err.detail, CASES[i].word))
            fail_msg("%s", ctx.err.detail);
    }
    ctx_release(&ctx);
}

/* -- PNG -- */

enum { W = 5, H = 3 };

/* write_png encodes pixel (x, y) as 40 x + 10 y in each channel of the format, malloc'ed. */
static unsigned char *write_png(png_uint_32 format, png_uint_32 width, size_t *n) {
    png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = H, .format = format};
    size_t channels = PNG_IMAGE_SAMPLE_CHANNELS(format), k = 0;
    unsigned char *pixels = malloc(width * H * channels);
    for (size_t y = 0; y < H; y++)
        for (size_t x = 0; x < width; x++)
            for (size_t c = 0; c < channels; c++)
                pixels[k++] = (unsigned char)(c == 3 ? 255 : 40 * (x % W) + 10 * y);
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    unsigned char *png = malloc(size);
    assert_true(png_image_write_to_memory(&image, png, &size, 0, pixels, 0, NULL));
    free(pixels);
    *n = size;
    return png;
}

static void png_of_every_kind(void **state) {
    (void)state;
    static const png_uint_32 FORMATS[] = {PNG_FORMAT_GRAY, PNG_FORMAT_RGB, PNG_FORMAT_RGBA};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    for (size_t f = 0; f < COUNT(FORMATS); f++) {
        size_t n;
        struct png_size size;
        unsigned char *png = write_png(FORMATS[f], W, &n), pixels[W * H * 3];
        assert_int_equal(png_measure(&ctx, "a.png", png, n, &size), STATUS_OK);
        assert_true(size.height == H && size.width == W && size.colour == (f > 0));
        for (size_t channels = 1; channels <= 3; channels += 2) {
            assert_int_equal(png_read(&ctx, "a.png", png, n, channels, pixels), STATUS_OK);
            for (size_t i = 0; i < W * H * channels; i++) {
                size_t pixel = i / channels, want = 40 * (pixel % W) + 10 * (pixel / W);
                assert_in_range(pixels[i] + 1, want, want + 2); /* grey of colours goes through linear light */
            }
        }
        free(png);
    }
    ctx_release(&ctx);
}

static void png_that_is_none(void **state) {
    (void)state;
    struct ctx ctx;
    struct png_size size;
    unsigned char pixels[W * H];
    size_t n;
    ctx_init(&ctx, 1 << 20);
    unsigned char *png = write_png(PNG_FORMAT_GRAY, W, &n);
    assert_int_equal(png_measure(&ctx, "a.png", png, 0, &size), STATUS_INVALID);
    assert_int_equal(png_measure(&ctx, "a.png", png, 20, &size), STATUS_INVALID);
    assert_int_equal(png_read(&ctx, "a.png", png, n - 20, 1, pixels), STATUS_INVALID);
    png[n - 20] ^= 0x55; /* within the pixels' data */
    assert_int_equal(png_read(&ctx, "a.png", png, n, 1, pixels), STATUS_INVALID);
    assert_non_null(strstr(ctx.err.detail, "a.png is no PNG that can be read: "));
    free(png);
    for (png_uint_32 width = PNG_READ_MAX; width <= PNG_READ_MAX + 1; width++) {
        png = write_png(PNG_FORMAT_GRAY, width, &n);
        assert_int_equal(png_measure(&ctx, "a.png", png, n, &size), width > PNG_READ_MAX ? STATUS_INVALID : STATUS_OK);
        free(png);
    }
    assert_string_equal(ctx.err.detail, "a.png has 3 x 1025 pixels, want at most 1024 a side.");
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members_are_unpacked), cmocka_unit_test(damaged_gzip_is_refused),
        cmocka_unit_test(idx_of_every_type),        cmocka_unit_test(idx_that_is_none),
        cmocka_unit_test(png_of_every_kind),        cmocka_unit_test(png_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
