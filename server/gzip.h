/* gzip.h - compresses an answer's body. */
#ifndef SOLVENT_GZIP_H
#define SOLVENT_GZIP_H

#include <stddef.h>

/* gzip_bytes returns n bytes at p in gzip form (malloc'ed, length in *out_n), or NULL where that is not smaller or
 * there is no memory. The same bytes in give the same bytes out (no time stamp, no name). Cost: some 20 ns a byte. */
char *gzip_bytes(const char *p, size_t n, size_t *out_n);

#endif
