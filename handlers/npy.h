/* npy.h - NumPy's .npy as a body: versions 1.0, 2.0 and 3.0, i1, i2, i4, i8, u1, u2, u4, f4 and f8 of
 * either byte order, C order, 1 to 3 dimensions.
 * Source: NEP 1 and numpy.lib.format. All else (Fortran order, u8, objects, structures, truncated or
 * overlong data, NaN and infinities in the data) is refused with a sentence. */
#ifndef SOLVENT_NPY_H
#define SOLVENT_NPY_H

#include "core/base/array.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"

/* npy_read reads the n bytes at p into an array of ctx: integers give INT, '<f4' and '<f8' (or '>') REAL. It never reads
 * the data unless the header's shape fits the remaining bytes exactly. f8 and i8 data are copied (alignment). Errors:
 * UNSUPPORTED (a layout we do not read; a file that is no npy), INVALID (a value that is not finite; pointer "/<flat
 * index>"), NO_MEMORY. */
enum status npy_read(struct ctx *ctx, const void *p, size_t n, struct array *out) MUST_CHECK;

/* A file of data: up to NPY_DIMS dimensions. */
enum { NPY_DIMS = 4 };
struct npy {
    unsigned dims;
    size_t shape[NPY_DIMS], n;
    const unsigned char *bytes; /* [n] of u1, borrowed from the file; NULL: */
    struct array numbers;       /* [n], flat, of all other types */
};

/* npy_open is npy_read of a file that outlives `out`. Errors: as of npy_read. */
enum status npy_open(struct ctx *ctx, const void *p, size_t n, struct npy *out) MUST_CHECK;

/* npy_write appends version 1.0 with '<i8' or '<f8' (header padded to 64 bytes). */
void npy_write(struct buf *b, const struct array *a);

#endif
