/* safetensors.h - files of named tensors: 8 bytes of length, a JSON header, the data.
 * Source: the format's README and reference reader (huggingface/safetensors), all of whose checks are made here: the
 * header has at most 100 MB, begins with '{', names each tensor once; a tensor's bytes are the product of its shape and
 * its type's size, without overflow; in order of their places the tensors fill the data without a hole or an overlap,
 * to the file's last byte. Beyond it: only types that networks have, and at most SAFETENSORS_DIMS dimensions.
 *
 *     struct safetensors s;
 *     if (safetensors_open(ctx, "a.safetensors", p, n, &s)) ...    the bytes stay where they are
 *     const struct tensor_entry *t = safetensors_find(&s, "conv_in.weight");
 *     if (t) safetensors_read(t, to);                              to[t->n] */
#ifndef SOLVENT_SAFETENSORS_H
#define SOLVENT_SAFETENSORS_H

#include "core/base/array.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"

enum { SAFETENSORS_DIMS = 8, SAFETENSORS_HEADER_MAX = 100 * 1000 * 1000, SAFETENSORS_SHAPE_TEXT = 192 };

/* Types and their bytes. */
#define DTYPE_LIST(X) X(F32, 4) X(F16, 2) X(BF16, 2) X(F64, 8) X(I64, 8)
enum dtype {
#define X(name, bytes) DTYPE_##name,
    DTYPE_LIST(X)
#undef X
        DTYPE_COUNT
};
const char *dtype_text(enum dtype dtype);
size_t dtype_bytes(enum dtype dtype);

struct tensor_entry {
    const char *name, *file;
    enum dtype dtype;
    size_t dims, shape[SAFETENSORS_DIMS], n; /* n: their product; 1 without dimensions */
    const unsigned char *data;               /* little-endian, of any alignment; borrowed */
};

struct safetensors {
    size_t n;
    struct tensor_entry *list; /* by name, in the arena */
};

/* safetensors_open reads the header of the n bytes at p; `file` names them in sentences and is copied.
 * Errors: INVALID (one sentence with the tensor and the numbers), NO_MEMORY. Cost: O(tensors log tensors). */
enum status safetensors_open(struct ctx *ctx, const char *file, const void *p, size_t n,
                             struct safetensors *out) MUST_CHECK;

/* safetensors_find is the tensor of that name, or NULL. */
const struct tensor_entry *safetensors_find(const struct safetensors *s, const char *name);

/* safetensors_sort puts a list in order, as safetensors_find wants it. */
void safetensors_sort(struct safetensors *s);

/* safetensors_read writes to[t->n]: exact from F32, F16 and BF16, rounded to nearest from F64 and I64. */
void safetensors_read(const struct tensor_entry *t, float *to);

/* safetensors_shape writes a shape as "[128, 3, 3, 3]", cut where it is too long. */
void safetensors_shape(const size_t *shape, size_t dims, char text[SAFETENSORS_SHAPE_TEXT]);

/* What to write; values are rounded to nearest, ties to even (toward zero for I64, whose values are below 2^63). */
struct tensor_values {
    const char *name;
    enum dtype dtype;
    size_t dims, shape[SAFETENSORS_DIMS];
    const float *values;
};

/* safetensors_write appends a file of n tensors with names that differ. Wider types come first, so that everything is
 * aligned to its type, as the reference writer has it. `out` fails where it is full. */
void safetensors_write(struct buf *out, const struct tensor_values *list, size_t n);

#endif
