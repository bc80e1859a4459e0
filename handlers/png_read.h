/* png_read.h - PNG files read as 8 bits a channel, by libpng: palettes, 1 to 16 bits, interlacing; transparency over
 * black. */
#ifndef SOLVENT_PNG_READ_H
#define SOLVENT_PNG_READ_H

#include "core/base/ctx.h"

enum { PNG_READ_MAX = 1024 }; /* pixels a side */

struct png_size {
    size_t height, width;
    bool colour; /* it has red, green and blue */
};

/* png_measure reads the size of the n bytes at p; `file` names them in sentences. Errors: INVALID (no PNG, too large). */
enum status png_measure(struct ctx *ctx, const char *file, const unsigned char *p, size_t n,
                        struct png_size *out) MUST_CHECK;

/* png_read writes to[height][width][channels], which is of the size that png_measure told; channels is 1 (grey) or 3.
 * Errors: INVALID (damaged: what libpng says), NO_MEMORY. */
enum status png_read(struct ctx *ctx, const char *file, const unsigned char *p, size_t n, size_t channels,
                     unsigned char *to) MUST_CHECK;

#endif
