#include "handlers/png.h"

#include <png.h>

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
