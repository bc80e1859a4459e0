#include "handlers/png_read.h"

#include <png.h>
#include <string.h>

static enum status refuse(struct ctx *ctx, const char *file, const png_image *image) {
    return ctx_fail(ctx, STATUS_INVALID, "", "%.100s is no PNG that can be read: %.60s.", file, image->message);
}

static enum status begin(struct ctx *ctx, const char *file, const unsigned char *p, size_t n, png_image *image) {
    memset(image, 0, sizeof *image);
    image->version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(image, p, n))
        return refuse(ctx, file, image);
    if (image->width <= PNG_READ_MAX && image->height <= PNG_READ_MAX)
        return STATUS_OK;
    unsigned height = image->height, width = image->width;
    png_image_free(image);
    return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has %u x %u pixels, want at most %d a side.", file, height, width,
                    PNG_READ_MAX);
}

enum status png_measure(struct ctx *ctx, const char *file, const unsigned char *p, size_t n, struct png_size *out) {
    png_image image;
    enum status status = begin(ctx, file, p, n, &image);
    if (status != STATUS_OK)
        return status;
    *out = (struct png_size){image.height, image.width, (image.format & PNG_FORMAT_FLAG_COLOR) != 0};
    png_image_free(&image);
    return STATUS_OK;
}

enum status png_read(struct ctx *ctx, const char *file, const unsigned char *p, size_t n, size_t channels,
                     unsigned char *to) {
    static const png_color BLACK = {0, 0, 0};
    png_image image;
    enum status status = begin(ctx, file, p, n, &image);
    if (status != STATUS_OK)
        return status;
    image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    if (!png_image_finish_read(&image, &BLACK, to, 0, NULL)) /* it frees the image */
        return refuse(ctx, file, &image);
    return STATUS_OK;
}
