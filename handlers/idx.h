/* idx.h - IDX, the files of MNIST and its kin: two zero bytes, a type, the number of dimensions, the extents as 32 bits,
 * then the elements; the byte of greatest weight comes first. Source: LeCun, Cortes, Burges, "The MNIST database". */
#ifndef SOLVENT_IDX_H
#define SOLVENT_IDX_H

#include "core/base/ctx.h"

enum { IDX_DIMS = 4 };

/* Types and their bytes. */
#define IDX_LIST(X) \
    X(U8, 0x08, 1)  \
    X(I8, 0x09, 1)  \
    X(I16, 0x0b, 2) \
    X(I32, 0x0c, 4) \
    X(F32, 0x0d, 4) \
    X(F64, 0x0e, 8)
enum idx_type {
#define X(name, code, bytes) IDX_##name = code,
    IDX_LIST(X)
#undef X
};

struct idx {
    enum idx_type type;
    size_t dims, shape[IDX_DIMS], n; /* n: their product */
    const unsigned char *data;       /* borrowed */
};

/* idx_is says whether the bytes begin as an IDX file does. */
bool idx_is(const unsigned char *p, size_t n);

/* idx_read reads the header of the n bytes at p; the elements must fill the rest exactly. `file` names them in sentences.
 * Errors: INVALID. */
enum status idx_read(struct ctx *ctx, const char *file, const unsigned char *p, size_t n, struct idx *out) MUST_CHECK;

/* idx_value is element i as a double, exactly. */
double idx_value(const struct idx *idx, size_t i);

#endif
