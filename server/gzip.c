#include "server/gzip.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

/* Level 4 of 9: numbers in JSON shrink by little more at higher levels, at several times the cost. */
enum { LEVEL = 4, WINDOW_GZIP = 15 + 16, MEMORY = 8 };

/* deflate_all feeds zlib in pieces that its 32-bit counters can hold; false where `room` bytes do not suffice. */
static bool deflate_all(z_stream *z, const char *p, size_t n, char *to, size_t room) {
    const size_t piece = UINT_MAX / 2;
    z->next_in = (const Bytef *)p;
    z->next_out = (Bytef *)to;
    int code;
    do {
        if (z->avail_in == 0) {
            z->avail_in = (uInt)(n < piece ? n : piece);
            n -= z->avail_in;
        }
        if (z->avail_out == 0) {
            z->avail_out = (uInt)(room < piece ? room : piece);
            room -= z->avail_out;
        }
        if (z->avail_out == 0)
            return false;
        code = deflate(z, n ? Z_NO_FLUSH : Z_FINISH);
    } while (code == Z_OK || code == Z_BUF_ERROR);
    return code == Z_STREAM_END;
}

char *gzip_bytes(const char *p, size_t n, size_t *out_n) {
    z_stream z = {0};
    if (n < 32 || deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    char *to = malloc(n - 1);
    bool fits = to && deflate_all(&z, p, n, to, n - 1);
    *out_n = z.total_out;
    deflateEnd(&z);
    if (!fits) {
        free(to);
        return NULL;
    }
    char *less = realloc(to, *out_n);
    return less ? less : to;
}
