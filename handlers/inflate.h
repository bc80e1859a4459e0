/* inflate.h - gzip files (RFC 1952) unpacked, by zlib. */
#ifndef SOLVENT_INFLATE_H
#define SOLVENT_INFLATE_H

#include "core/base/ctx.h"

/* inflate_is says whether the bytes begin as a gzip file does. */
static inline bool inflate_is(const unsigned char *p, size_t n) { return n >= 2 && p[0] == 0x1f && p[1] == 0x8b; }

/* inflate_read unpacks all members of the n bytes at p into *out, in ctx; `file` names them in sentences. The size is
 * counted before memory is asked for, so that a bomb costs time alone: at most that of `cap` bytes.
 * Errors: INVALID (no gzip, cut short, a wrong check sum, more than cap bytes), NO_MEMORY. */
enum status inflate_read(struct ctx *ctx, const char *file, const unsigned char *p, size_t n, size_t cap,
                         unsigned char **out, size_t *out_n) MUST_CHECK;

#endif
