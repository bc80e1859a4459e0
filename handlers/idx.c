#include "handlers/idx.h"

#include <string.h>

static size_t type_bytes(unsigned type) {
    switch (type) {
#define X(name, code, bytes) \
    case code: return bytes;
        IDX_LIST(X)
#undef X
    default: return 0;
    }
}

/* load gives the bits of `bytes` bytes, the first of greatest weight. */
static uint64_t load(const unsigned char *p, size_t bytes) {
    uint64_t x = 0;
    for (size_t i = 0; i < bytes; i++)
        x = x << 8 | p[i];
    return x;
}

bool idx_is(const unsigned char *p, size_t n) { return n >= 4 && p[0] == 0 && p[1] == 0 && type_bytes(p[2]); }

/* count sets n, so that n elements have no more than SIZE_MAX bytes. */
static bool count(struct idx *idx, size_t bytes) {
    idx->n = 1;
    for (size_t i = 0; i < idx->dims; i++)
        if (__builtin_mul_overflow(idx->n, idx->shape[i], &idx->n))
            return false;
    size_t all;
    return !__builtin_mul_overflow(idx->n, bytes, &all);
}

enum status idx_read(struct ctx *ctx, const char *file, const unsigned char *p, size_t n, struct idx *out) {
    if (!idx_is(p, n))
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "%.100s is no IDX file: want two zero bytes, a type (8, 9, 11, 12, 13 or 14) and the number of "
                        "dimensions at its start.",
                        file);
    const size_t bytes = type_bytes(p[2]);
    *out = (struct idx){.type = (enum idx_type)p[2], .dims = p[3]};
    if (out->dims < 1 || out->dims > IDX_DIMS)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has %zu dimensions, want 1 to %d.", file, out->dims, IDX_DIMS);
    const size_t head = 4 + 4 * out->dims;
    if (n < head)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s ends after %zu bytes within its header of %zu.", file, n,
                        head);
    for (size_t i = 0; i < out->dims; i++)
        out->shape[i] = (size_t)load(p + 4 + 4 * i, 4);
    if (!count(out, bytes) || out->n * bytes != n - head)
        return ctx_fail(
            ctx, STATUS_INVALID, "",
            "%.100s has %zu bytes of elements, and its header speaks of %zu x %zu x %zu x %zu of %zu bytes.", file,
            n - head, out->shape[0], out->dims > 1 ? out->shape[1] : 1, out->dims > 2 ? out->shape[2] : 1,
            out->dims > 3 ? out->shape[3] : 1, bytes);
    out->data = p + head;
    return STATUS_OK;
}

double idx_value(const struct idx *idx, size_t i) {
    const size_t bytes = type_bytes(idx->type);
    const uint64_t bits = load(idx->data + i * bytes, bytes);
    const uint32_t half = (uint32_t)bits;
    float r;
    double d;
    switch (idx->type) {
    case IDX_U8: return (double)half;
    case IDX_I8: return (double)(int8_t)half;
    case IDX_I16: return (double)(int16_t)half;
    case IDX_I32: return (double)(int32_t)half;
    case IDX_F32: memcpy(&r, &half, sizeof r); return (double)r;
    case IDX_F64: break;
    }
    memcpy(&d, &bits, sizeof d);
    return d;
}
