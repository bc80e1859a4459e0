/* text_symbols.h - private to core/window: a text as symbols, which are the wanted code points by number, 0 the
 * others. */
#ifndef SOLVENT_TEXT_SYMBOLS_H
#define SOLVENT_TEXT_SYMBOLS_H

#include "core/base/array.h"
#include "core/base/ctx.h"

struct text_symbols {
    uint32_t *joins, *leaves; /* [n]; the same array where a place is a code point */
    size_t n;                 /* places of s: code points or bytes */
    int32_t *need;            /* [symbols + 1]: how often t has each; need[0] is 0 */
    int64_t wanted;           /* code points of t */
    size_t symbols;
};

/* utf8_read reads the code point at p (p < end): its bytes, 0 where they are no UTF-8 (RFC 3629). */
size_t utf8_read(const char *p, const char *end, uint32_t *code_point);

/* text_symbols makes them. by_byte: a place is a byte; a code point's symbol stands at its first byte in leaves, at its
 * last in joins. Errors: INVALID at /s or /t (not UTF-8), NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status text_symbols(struct ctx *ctx, struct str s, struct str t, bool by_byte,
                         struct text_symbols *out) MUST_CHECK;

#endif
