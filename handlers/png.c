#include "handlers/png.h"

#include <png.h>

#include "handlers/base64.h"

static void add(png_structp png, png_bytep data, size_t n) { buf_add(png_get_io_ptr(png), data, n); }

static void flush(png_structp png) { (void)png; }

/* no_word keeps libpng from printing; what it has to say of our pictures is that there is no memory. */
static void no_word(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void fail(png_structp png, png_const_charp text) {
    (void)text;
    png_longjmp(png, 1);
}

/* encode is apart so that nothing it changes is read after the jump. */
static bool encode(png_structp png, png_infop info, const struct canvas *canvas, unsigned char *bytes) {
    if (setjmp(png_jmpbuf(png)))
        return false;
    png_set_compression_level(png, 6);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    png_set_IHDR(png, info, (png_uint_32)canvas->width, (png_uint_32)canvas->height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (size_t y = 0; y < canvas->height; y++)
        png_write_row(png, bytes + y * canvas->width * 3);
    png_write_end(png, NULL);
    return true;
}

enum status png_write(struct ctx *ctx, const struct canvas *canvas, struct buf *out) {
    unsigned char *bytes = canvas_bytes(ctx, canvas);
    if (!bytes)
        return STATUS_NO_MEMORY;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, fail, no_word);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (info)
        png_set_write_fn(png, out, add, flush);
    bool written = info && encode(png, info, canvas, bytes);
    png_destroy_write_struct(&png, &info);
    return written ? STATUS_OK : ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is no memory left for the picture.");
}

enum status png_base64(struct ctx *ctx, const struct canvas *canvas, struct str *out) {
    struct buf png;
    buf_init(&png, canvas->width * canvas->height * 4 + 65536);
    enum status status = png_write(ctx, canvas, &png);
    const size_t n = base64_room(png.n);
    char *text = status == STATUS_OK && !png.failed ? ctx_alloc(ctx, 1, n) : NULL;
    if (text)
        base64_write((const unsigned char *)png.data, png.n, text);
    else if (status == STATUS_OK)
        status = ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is no memory left for the picture.");
    buf_release(&png);
    *out = (struct str){text, n};
    return status;
}
