#include "handlers/inflate.h"

#include <limits.h>
#include <zlib.h>

enum { PIECE = 1 << 16, GZIP_ONLY = 16 + MAX_WBITS };

struct unpacking {
    struct ctx *ctx;
    const char *file;
    const unsigned char *p;
    size_t n;
    z_stream z;
};

static enum status refuse(const struct unpacking *u, int code) {
    if (code == Z_MEM_ERROR)
        return ctx_fail(u->ctx, STATUS_NO_MEMORY, "", "There is not enough memory to unpack %.100s.", u->file);
    size_t at = (size_t)(u->z.next_in - u->p);
    if (code == Z_BUF_ERROR)
        return ctx_fail(u->ctx, STATUS_INVALID, "", "%.100s ends within its gzip data, after %zu bytes.", u->file,
                        u->n);
    return ctx_fail(u->ctx, STATUS_INVALID, "", "%.100s is no gzip file, or is damaged, near its byte %zu (%.60s).",
                    u->file, at, u->z.msg ? u->z.msg : "wrong data");
}

/* step unpacks up to `room` bytes; Z_STREAM_END after the last member. zlib counts its input in an unsigned int. */
static int step(struct unpacking *u, unsigned char *to, size_t room) {
    size_t left = u->n - (size_t)(u->z.next_in - u->p);
    u->z.avail_in = left < UINT_MAX ? (unsigned)left : UINT_MAX;
    u->z.next_out = to;
    u->z.avail_out = room < UINT_MAX ? (unsigned)room : UINT_MAX;
    int code = inflate(&u->z, Z_NO_FLUSH);
    left = u->n - (size_t)(u->z.next_in - u->p);
    if (code == Z_STREAM_END && left > 0) /* another member follows */
        return inflateReset(&u->z);
    return code;
}

/* unpack goes through all of it; to NULL: it only counts, up to one byte past cap. */
static enum status unpack(struct unpacking *u, unsigned char *to, size_t cap, size_t *total) {
    unsigned char piece[PIECE];
    int code = Z_OK;
    *total = 0;
    while (code == Z_OK && *total <= cap) {
        size_t room = to ? cap - *total + 1 : PIECE;
        unsigned char *at = to ? to + *total : piece;
        code = step(u, at, room);
        *total += (size_t)(u->z.next_out - at);
    }
    return code == Z_OK || code == Z_STREAM_END ? STATUS_OK : refuse(u, code);
}

static enum status begin(struct unpacking *u) {
    u->z = (z_stream){.next_in = (z_const Bytef *)(uintptr_t)u->p};
    int code = inflateInit2(&u->z, GZIP_ONLY);
    return code == Z_OK ? STATUS_OK : refuse(u, code);
}

enum status inflate_read(struct ctx *ctx, const char *file, const unsigned char *p, size_t n, size_t cap,
                         unsigned char **out, size_t *out_n) {
    struct unpacking u = {.ctx = ctx, .file = file, .p = p, .n = n};
    enum status status = begin(&u);
    if (status != STATUS_OK)
        return status;
    status = unpack(&u, NULL, cap, out_n);
    inflateEnd(&u.z);
    if (status == STATUS_OK && *out_n > cap)
        status = ctx_fail(ctx, STATUS_INVALID, "", "%.100s unpacks to more than %zu bytes.", file, cap);
    if (status != STATUS_OK)
        return status;
    if (!(*out = ctx_alloc(ctx, *out_n + 1, 1))) /* a byte more, so that the end is seen within the room */
        return STATUS_NO_MEMORY;
    status = begin(&u);
    if (status == STATUS_OK)
        status = unpack(&u, *out, *out_n, out_n);
    inflateEnd(&u.z);
    return status;
}
