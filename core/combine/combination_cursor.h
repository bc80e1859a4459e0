/* combination_cursor.h - a place in a list of combinations as text: "MARK.3x2_5" is the tokens 3, 3, 5 of the request that
 * the mark tells apart from others. Runs of a token, so that a hundred thousand ones are short. */
#ifndef SOLVENT_COMBINATION_CURSOR_H
#define SOLVENT_COMBINATION_CURSOR_H

#include "core/base/array.h"
#include "core/base/ctx.h"

/* Runs of a cursor, at most; with 42 bytes each they stay within COMBINATION_MAX_CURSOR. */
enum { COMBINATION_MAX_RUNS = 99 * 1000 };

/* combination_cursor_write gives the text, in the arena. Errors: TOO_LARGE at /target (runs), NO_MEMORY. */
enum status combination_cursor_write(struct ctx *ctx, uint64_t mark, const int64_t *values, size_t n,
                                     struct str *cursor) MUST_CHECK;

/* combination_cursor_read gives the values, in the arena; at most `most` of them. Errors: INVALID at /cursor (of
 * another mark, or not such a text), NO_MEMORY. */
enum status combination_cursor_read(struct ctx *ctx, uint64_t mark, size_t most, const struct str *cursor,
                                    int64_t **values, size_t *n) MUST_CHECK;

#endif
