/* number.h - numbers between JSON text and C, exact and fast: the part of JSON that jansson is not asked for.
 *
 * Grammar: RFC 8259 numbers only (no NaN, no Infinity, no leading zeros, no '+', no hexadecimal). Reading is exact for
 * every int64 and correctly rounded for doubles (nearest, ties to even); a number beyond the greatest double is an
 * error, not infinity; one below the least subnormal rounds to 0. Writing gives the shortest digits that read back as
 * the same double. Locale and rounding mode: independent of the locale; the default rounding mode is assumed. */
#ifndef SOLVENT_NUMBER_H
#define SOLVENT_NUMBER_H

#include "core/base/array.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"

enum number_error {
    NUMBER_OK = 0,
    NUMBER_SYNTAX,   /* not a JSON number (array) at `at` */
    NUMBER_RANGE,    /* an integer outside int64, a real beyond the greatest double */
    NUMBER_FRACTION, /* an integer is wanted: the number is none, or is above 2^53 and not written as one */
    NUMBER_INEXACT,  /* a real is wanted, beside fractions or lossless, and this integer has no double */
    NUMBER_RAGGED,   /* a row whose length differs from the first row's, or rows beside numbers */
    NUMBER_TOO_MANY, /* more elements, or deeper nesting, than the caller allows */
    NUMBER_MEMORY,   /* ctx_alloc failed */
};

/* Where a reading ended badly. Offset: of the wrong byte (SYNTAX), of the ']' of the row (RAGGED by length), else of
 * the first byte of the element. Indices: of the element; for RAGGED by length those of the row. */
struct number_place {
    size_t offset;
    unsigned dims; /* how many of index[] are meant */
    size_t index[3];
};

/* number_read_int reads the n bytes at text as one integer: digits, or a number with fraction or exponent whose value
 * is an integer of at most 2^53 ("1e3", "2.0"). */
enum number_error number_read_int(const char *text, size_t n, int64_t *value);
/* number_read_real reads the n bytes at text as one double. "-0" gives -0.0. */
enum number_error number_read_real(const char *text, size_t n, double *value);
/* number_read_lossless is number_read_real but for what is written as an integer: that must be a double exactly, or
 * have the shortest digits of one, as JavaScript writes it (2^60 as 1152921504606847000); else INEXACT. */
enum number_error number_read_lossless(const char *text, size_t n, double *value);
#define NUMBER_LOSSLESS_TEXT                                                                                       \
    "which no double holds exactly; want an integer of at most 2^53, or a number with a fraction or an exponent, " \
    "which "                                                                                                       \
    "is rounded."

/* What numbers_read should give: INT: every element an int64 (as number_read_int); REAL: every element a double; both
 * bits: INT where every element is written as an integer (no '.', no exponent) that fits int64, else REAL, where
 * integers beyond int64 (NUMBER_RANGE) and those beyond 2^53 that no double holds (NUMBER_INEXACT) are refused rather
 * than rounded. */
struct numbers_want {
    unsigned kinds;    /* KIND_INT, KIND_REAL or both */
    unsigned max_dims; /* 1 .. 3 */
    size_t max_items;  /* in all */
    bool lossless;     /* REAL alone: integers as number_read_lossless takes them */
};

/* numbers_read reads the n bytes at text, a JSON array of numbers or (max_dims > 1) of equally long arrays of them,
 * into an array allocated from ctx. White space as in JSON. "[]" gives dims 1, shape {0}; "[[],[]]" gives shape {2, 0}.
 * On an error *place tells where; nothing is recorded in ctx->err except for NUMBER_MEMORY. */
enum number_error numbers_read(struct ctx *ctx, const char *text, size_t n, const struct numbers_want *want,
                               struct array *out, struct number_place *place);

/* Writers append to b. Integers: plain digits. Reals: shortest round-trip digits; always with '.' or 'e', so that the
 * kind is kept
 * ("2.0", "0.1", "1e22", "1.5e-7"; plain notation for decimal exponents -5 .. 15); what is not finite becomes null. */
enum { NUMBER_INT_MAX = 20, NUMBER_REAL_MAX = 25 }; /* bytes at most */
size_t number_format_int(char *to, int64_t value);
size_t number_format_real(char *to, double value);
void number_write_int(struct buf *b, int64_t value);
void number_write_real(struct buf *b, double value);
/* numbers_write writes an array of ints or reals of 1 .. 3 dimensions as nested JSON arrays, without spaces. */
void numbers_write(struct buf *b, const struct array *a);
/* numbers_write_lines writes the elements of its first level (numbers, or arrays) one a line, all ended by newlines. */
void numbers_write_lines(struct buf *b, const struct array *a);

#endif
