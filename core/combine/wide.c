#include "core/combine/wide.h"

#include <string.h>

/* Digits are taken off in chunks of nine, so that two divisions of 64 bits by a constant do for a limb. */
enum { CHUNK = 9, CHUNK_BASE = 1000 * 1000 * 1000 };
enum { READ_CHUNK = 19 }; /* digits that one limb holds */
__extension__ typedef unsigned __int128 wide_double;

/* divide is a /= CHUNK_BASE; the remainder. */
static uint64_t divide(uint64_t *a, size_t w) {
    uint64_t rest = 0;
    while (w-- > 0) {
        uint64_t high = rest << 32 | a[w] >> 32;
        uint64_t low = high % CHUNK_BASE << 32 | (a[w] & UINT32_MAX);
        a[w] = high / CHUNK_BASE << 32 | low / CHUNK_BASE;
        rest = low % CHUNK_BASE;
    }
    return rest;
}

/* digits_of writes the digits of a, which it destroys, so that they end before `end`; the first of them, NULL where
 * ctx_stop asks for an end. */
static char *digits_of(const struct ctx *ctx, uint64_t *a, size_t w, char *end) {
    while (ctx_stop(ctx) == STOP_NONE) {
        while (w > 0 && a[w - 1] == 0)
            w--;
        uint64_t chunk = divide(a, w);
        bool last = w == 0 || (w == 1 && a[0] == 0);
        for (int i = 0; i < CHUNK && (!last || chunk > 0); i++, chunk /= 10)
            *--end = (char)('0' + chunk % 10);
        if (last)
            return end;
    }
    return NULL;
}

enum status wide_value(struct ctx *ctx, const uint64_t *a, size_t w, struct value *value) {
    size_t used = w;
    while (used > 1 && a[used - 1] == 0)
        used--;
    if (used <= 1 && (w == 0 || a[0] <= UINT64_C(1) << 53)) {
        *value = (struct value){.kind = KIND_INT, .i = w ? (int64_t)a[0] : 0};
        return STATUS_OK;
    }
    size_t size = 20 * used + CHUNK; /* a limb has 19.3 digits */
    char *text = ctx_alloc(ctx, size, 1);
    uint64_t *copy = text ? ctx_alloc(ctx, used, sizeof *copy) : NULL;
    if (!copy)
        return STATUS_NO_MEMORY;
    memcpy(copy, a, used * sizeof *copy);
    char *first = digits_of(ctx, copy, used, text + size);
    if (!first)
        return ctx_stopped(ctx);
    *value = (struct value){.kind = KIND_STRING, .s = {first, (size_t)(text + size - first)}};
    return STATUS_OK;
}

/* multiply is a = a * factor + plus; false where it does not fit. */
static bool multiply(uint64_t *a, size_t w, uint64_t factor, uint64_t plus) {
    for (size_t i = 0; i < w; i++) {
        wide_double product = (wide_double)a[i] * factor + plus;
        a[i] = (uint64_t)product;
        plus = (uint64_t)(product >> 64);
    }
    return plus == 0;
}

bool wide_read(uint64_t *a, size_t w, const char *digits, size_t n) {
    memset(a, 0, w * sizeof *a);
    size_t i = 0;
    while (i < n && digits[i] == '0')
        i++;
    while (i < n) {
        uint64_t chunk = 0, factor = 1;
        for (int k = 0; k < READ_CHUNK && i < n; k++, i++) {
            chunk = chunk * 10 + (uint64_t)(digits[i] - '0');
            factor *= 10;
        }
        if (!multiply(a, w, factor, chunk))
            return false;
    }
    return true;
}
