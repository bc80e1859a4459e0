#include "tests/fuzz/data_input.h"

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "handlers/dataset.h"
#include "handlers/npy.h"
#include "handlers/train_config.h"

const char *const data_input_names[DATA_INPUTS] = {
#define X(kind, name) name,
    DATA_INPUT_LIST(X)
#undef X
};

enum { MEMORY = 64 << 20, ROOM = 4096 };

static const unsigned char IMAGES[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 204};
static const unsigned char LABELS[] = {0, 0, 8, 1, 0, 0, 0, 2, 3, 1};
static const char TABLE[] = "x,kind,\"y\"\n1,b,.5\n2,\"a\"\"\",3e1\n3,b,20\n";
static const char OPTIONS[] =
    "{\"data\":\"moons\",\"lr\":0.001,\"steps\":7,\"zero_snr\":true,\"path\":\"edm\",\"block_out_channels\":[4,8]}";

/* -- Right files -- */

static size_t make_gzip(unsigned char *to) {
    z_stream z = {
        .next_in = (z_const Bytef *)(uintptr_t)IMAGES, .avail_in = sizeof IMAGES, .next_out = to, .avail_out = ROOM};
    if (deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    deflateEnd(&z);
    return ROOM - z.avail_out;
}

static size_t make_npy(unsigned char *to) {
    double numbers[] = {1, 2, 3, 5, 8, 13};
    const struct array a = {.kind = KIND_REAL, .dims = 2, .shape = {3, 2}, .n = 6, .reals = numbers};
    struct buf b;
    buf_init(&b, ROOM);
    npy_write(&b, &a);
    size_t n = b.n;
    memcpy(to, b.data, n);
    buf_release(&b);
    return n;
}

static size_t make_png(unsigned char *to) {
    static const unsigned char PIXELS[4 * 3] = {0, 50, 100, 150, 200, 250};
    png_image image = {.version = PNG_IMAGE_VERSION, .width = 2, .height = 2, .format = PNG_FORMAT_RGB};
    png_alloc_size_t n = ROOM;
    if (!png_image_write_to_memory(&image, to, &n, 0, PIXELS, 0, NULL))
        abort();
    return n;
}

static size_t copy(unsigned char *to, const void *from, size_t n) {
    memcpy(to, from, n);
    return n;
}

unsigned char *data_input_seed(size_t which, size_t *n) {
    unsigned char *to = calloc(1, ROOM);
    if (!to)
        abort();
    switch ((enum data_input)which) {
    case DATA_INPUT_TABLE:
    case DATA_INPUT_CSV: *n = copy(to, TABLE, sizeof TABLE - 1); break;
    case DATA_INPUT_IDX: *n = copy(to, IMAGES, sizeof IMAGES); break;
    case DATA_INPUT_GZIP: *n = make_gzip(to); break;
    case DATA_INPUT_NPY: *n = make_npy(to); break;
    case DATA_INPUT_LABELS: *n = copy(to, LABELS, sizeof LABELS); break;
    case DATA_INPUT_PNG: *n = make_png(to); break;
    case DATA_INPUT_OPTIONS: *n = copy(to, OPTIONS, sizeof OPTIONS - 1); break;
    case DATA_INPUTS: break;
    }
    return to;
}

/* -- What must hold -- */

static bool sentence(const struct error *e, char why[512]) {
    size_t n = strlen(e->detail);
    if (n > 1 && (e->detail[n - 1] == '.' || n + 1 == sizeof e->detail))
        return true;
    snprintf(why, 512, "no full sentence: \"%.400s\"", e->detail);
    return false;
}

static bool whole(const struct dataset *d, char why[512]) {
    const size_t n = d->data.n * d->data.d;
    snprintf(why, 512, "%zu items of %zu numbers are not whole", d->data.n, d->data.d);
    if (!n || d->data.d != d->height * d->width * d->channels || !d->data.rows == !d->data.bytes)
        return false;
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) { /* reading them is the check of bytes */
        sum += d->data.bytes ? d->data.bytes[i] : 0;
        if (d->data.rows && !isfinite(d->data.rows[i]))
            return false;
    }
    for (size_t i = 0; d->data.labels && i < d->data.n; i++)
        if (d->data.labels[i] < 0 || (size_t)d->data.labels[i] >= d->classes)
            return false;
    return sum <= 255 * n;
}

static enum status read_options(struct ctx *ctx, const void *bytes, size_t n) {
    struct train_config c;
    struct buf text;
    train_config_default(&c);
    enum status status = train_config_read(ctx, "train.json", (struct str){bytes, n}, &c);
    buf_init(&text, 1 << 20);
    if (status == STATUS_OK)
        train_config_write(&c, &text);
    buf_release(&text);
    return status;
}

bool data_input_check(size_t which, const void *bytes, size_t n, bool *good, char why[512]) {
    const struct data_file file = {data_input_names[which], bytes, n}, images = {"images", IMAGES, sizeof IMAGES};
    const bool labels = which == DATA_INPUT_LABELS;
    const bool table = which == DATA_INPUT_TABLE;
    const struct dataset_in in = {.files = labels ? &images : &file,
                                  .n = 1,
                                  .labels = labels ? &file : NULL,
                                  .label_column = table || which == DATA_INPUT_CSV ? "kind" : "",
                                  .kind = table ? DATASET_TABLE : DATASET_AUTO,
                                  .categorical = table ? "x" : "",
                                  .joint = table};
    struct ctx ctx;
    struct dataset d;
    ctx_init(&ctx, MEMORY);
    enum status status = which == DATA_INPUT_OPTIONS ? read_options(&ctx, bytes, n) : dataset_read(&ctx, &in, &d);
    *good = status == STATUS_OK;
    bool holds = status != STATUS_OK ? sentence(&ctx.err, why) : which == DATA_INPUT_OPTIONS || whole(&d, why);
    ctx_release(&ctx);
    return holds;
}
