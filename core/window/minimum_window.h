/* minimum_window.h - the shortest stretch of a sequence that holds all that is wanted, each as often as it is wanted.
 *
 * Text is matched by code point. The unit says what is counted: the shortest window in code points or in bytes (which
 * may be another one), and start and length in the same. A window of text begins and ends between code points either
 * way.
 * Of windows of equal length the first is answered; with `all`, the starts of every one of them.
 *
 * Method: two ends that only move forward. Once a window is found, the ends move together, one place short of the best
 *         length, so that without a better window each place costs the same few instructions, whatever the text is;
 *         ASCII is matched byte by byte with a table of 256 counters, other text by symbols from a two-level table of
 *         code points, tokens by symbols found in a sorted table of the wanted ones (binary search: no keys can make
 *         it slow).
 * Cost:    text O(|s| + |t|), of ASCII without memory, else with 4 to 8 bytes for each unit of s; tokens O((n + m)
 *          log m) comparisons.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_MINIMUM_WINDOW_H
#define SOLVENT_MINIMUM_WINDOW_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/base/trace.h"

enum minimum_window_unit { MINIMUM_WINDOW_CODEPOINT, MINIMUM_WINDOW_BYTE };

/* Byte by byte, by numbers for code points, by numbers for tokens. */
enum minimum_window_algorithm { MINIMUM_WINDOW_BYTES, MINIMUM_WINDOW_SYMBOLS, MINIMUM_WINDOW_TOKENS };
extern const char *const minimum_window_algorithm_names[]; /* ends with NULL */

struct minimum_window_in {
    struct str s, t; /* valid UTF-8, fewer than 2^31 bytes; where s.p is NULL, the arrays count. Borrowed */
    enum minimum_window_unit unit;
    struct array tokens, wanted; /* both INT or both STRING, one dimension, fewer than 2^31; borrowed */
    bool all;
};

struct minimum_window_out {
    bool found;
    size_t start, length; /* in units, or tokens */
    struct str text;      /* the window; a part of s. p NULL: of tokens, or none was found */
    struct array tokens;  /* the window; a part of the tokens. KIND_NONE: of text, or none was found */
    struct array starts;  /* INT, ascending, with `all`; in the arena. Else KIND_NONE */
    enum minimum_window_algorithm algorithm; /* that was used */
    const char *why;                         /* a sentence: what it was chosen by */
};

/* minimum_window_solve finds it. trace (may be NULL; max_steps set, begun here) gets the moves of the two ends; its
 * values are the code points of s at their units, or the tokens.
 * Errors: INVALID at /t or /wanted (empty), /s, /t (not UTF-8), /wanted (another kind than the tokens); TOO_LARGE,
 * NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status minimum_window_solve(struct ctx *ctx, const struct minimum_window_in *in, struct trace *trace,
                                 struct minimum_window_out *out) MUST_CHECK;

#endif
