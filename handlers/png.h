/* png.h - a picture as PNG: 8 bits for each of red, green and blue, no ancillary chunks. The pixels of equal pictures
 * are equal everywhere; so are the bytes, with equal versions of libpng and zlib. */
#ifndef SOLVENT_PNG_H
#define SOLVENT_PNG_H

#include "core/base/buf.h"
#include "core/picture/canvas.h"

/* png_write appends it; a buffer without room has failed afterwards. Errors: NO_MEMORY. */
enum status png_write(struct ctx *ctx, const struct canvas *canvas, struct buf *out) MUST_CHECK;

#endif
