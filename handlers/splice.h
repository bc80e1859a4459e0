/* splice.h - takes the numbers out of a JSON text, so that jansson parses what is left and number.h reads them exactly.
 *
 *     {"values": [3, 1, 2], "order": "asc"}     becomes the skeleton     {"values": "\u00000", "order": "asc"}
 *
 * Every array that holds only numbers (or, nested, only such arrays) and every number elsewhere becomes a string that
 * starts with U+0000 and names a span of the text. No text of a client can hold such a string: the escape \u0000 is
 * refused (as jansson does by default), and a raw NUL is no JSON. Spans are not checked here; number.h does that when a
 * field's type is known. Cost: one pass, linear whatever the nesting. */
#ifndef SOLVENT_SPLICE_H
#define SOLVENT_SPLICE_H

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"

struct span {
    const char *text; /* borrowed from the body */
    size_t n;
    size_t at; /* of its stand-in in the skeleton */
};

struct splice {
    const char *text; /* the body, borrowed */
    size_t n;
    struct buf skeleton;
    struct span *spans; /* malloc'ed */
    size_t n_spans, size_spans;
    bool nul; /* some string holds the character U+0000; in the skeleton it is U+FFFF */
};

/* A text may hold this many values outside number arrays (an object counts four): it bounds jansson's memory to about
 * 200 MB. */
enum { SPLICE_MAX_VALUES = 2 * 1000 * 1000 };

/* splice_parse parses the n bytes at text. On OK *root is new, and splice must be released after it.
 * Errors (splice is released): SYNTAX with line and column, INVALID for a duplicate key (pointer names it),
 * TOO_LARGE. */
enum status splice_parse(struct ctx *ctx, struct splice *splice, const char *text, size_t n, json_t **root) MUST_CHECK;
void splice_release(struct splice *splice);

/* splice_span returns the span that a value of the skeleton stands for, or NULL if it is an ordinary value. */
const struct span *splice_span(const struct splice *splice, const json_t *value);

/* splice_has_nul says whether a text of the skeleton holds U+0000 (or U+FFFF beside one of these, elsewhere). */
bool splice_has_nul(const struct splice *splice, const char *text, size_t n);

/* splice_syntax fails with SYNTAX for the byte at `offset` of the text: the sentence gives line, column and what stands
 * there. */
enum status splice_syntax(struct ctx *ctx, const char *text, size_t n, size_t offset);

#endif
