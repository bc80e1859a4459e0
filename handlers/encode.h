/* encode.h - a C struct as JSON, by its fields: answers and canonical requests. */
#ifndef SOLVENT_ENCODE_H
#define SOLVENT_ENCODE_H

#include "core/base/buf.h"
#include "handlers/field.h"
#include "handlers/sink.h"

/* encode_fields writes base as one JSON object, without spaces, members in the order of the fields. Left out: members
 * whose `present` is false, absent arrays, values and unions, and time limits (they change whether an answer comes, not
 * which). */
void encode_fields(struct buf *out, const struct field *fields, const void *base);

/* encode_lines writes base as JSON texts of one line each, every one ended by a newline: the elements of the member
 * `name` (an ARRAY, by its first level, a LIST or ROWS; absent or NULL: none), then an object of "done": true and all
 * other members, as encode_fields would write them. Where there is a trace, the lines are its steps (or commands)
 * instead, and the last line has its total. Without the last line an answer is not whole. All but the last one may leave
 * the sink at once; false: it wants no more of them.
 * encode_last_line writes that line alone. */
bool encode_lines(struct sink *sink, const struct field *fields, const void *base, const char *name);
void encode_last_line(struct buf *out, const struct field *fields, const void *base, const char *name);

/* encode_row writes integers as an array. */
void encode_row(struct buf *out, const int64_t *values, size_t n);

/* encode_string writes the n bytes at p (UTF-8) as a JSON string. */
void encode_string(struct buf *out, const char *p, size_t n);
void encode_text(struct buf *out, const char *text); /* NUL-terminated */

/* encode_value writes one value (null where there is none); encode_array an array of any kind, as its shape says. */
void encode_value(struct buf *out, const struct value *value);
void encode_array(struct buf *out, const struct array *array);

/* encode_clean copies a text; bytes that are no UTF-8 become U+FFFD. */
void encode_clean(struct buf *out, const char *text);

/* encode_quoting is encode_text for a sentence that quotes what a client sent, cut anywhere: bytes that are no UTF-8
 * become U+FFFD. */
void encode_quoting(struct buf *out, const char *text);

#endif
