/* Images. */
#include <math.h>

#include "core/picture/plot.h"

enum { SHEET = 0xe8e8e8, GAP = 2 };

void plot_sheet_size(const struct plot_sheet *in, size_t *width, size_t *height) {
    size_t columns = in->columns < in->count ? in->columns : in->count, rows = (in->count + columns - 1) / columns;
    *width = columns * (in->width * in->scale + GAP) + GAP;
    *height = rows * (in->height * in->scale + GAP) + GAP;
}

static void draw_image(struct canvas *c, const struct plot_sheet *in, size_t index, size_t left, size_t top) {
    const size_t pixels = in->height * in->width;
    const double *image = in->samples + index * in->channels * pixels;
    for (size_t y = 0; y < in->height * in->scale; y++)
        for (size_t x = 0; x < in->width * in->scale; x++)
            for (size_t k = 0; k < 3; k++) {
                size_t from = y / in->scale * in->width + x / in->scale + (in->channels == 3 ? k * pixels : 0);
                double v = (image[from] - in->black) / (in->white - in->black);
                c->rgb[((top + y) * c->width + left + x) * 3 + k] = (float)(255 * fmin(fmax(v, 0), 1));
            }
}

enum status plot_draw_sheet(struct ctx *ctx, const struct plot_sheet *in, struct canvas *out) {
    size_t width, height;
    plot_sheet_size(in, &width, &height);
    enum status status = canvas_make(ctx, width, height, SHEET, out);
    for (size_t i = 0; status == STATUS_OK && i < in->count; i++) {
        draw_image(out, in, i, GAP + i % in->columns * (in->width * in->scale + GAP),
                   GAP + i / in->columns * (in->height * in->scale + GAP));
        if (ctx_stop(ctx) == STOP_CANCEL)
            status = ctx_stopped(ctx);
    }
    return status;
}

enum status plot_draw_image(struct ctx *ctx, const struct plot_sheet *in, size_t index, struct canvas *out) {
    enum status status = canvas_make(ctx, in->width * in->scale, in->height * in->scale, SHEET, out);
    if (status == STATUS_OK)
        draw_image(out, in, index, 0, 0);
    return status;
}
