/* decode.h - a JSON text (or a query with an npy body) into a C struct, by its fields. */
#ifndef SOLVENT_DECODE_H
#define SOLVENT_DECODE_H

#include "handlers/call.h"

/* decode_json fills call->params (cleared, of the endpoint's params_size) by the fields of its body, or of its query where
 * there is none, from the n bytes at text. All wrong fields
 * are recorded in call->errors. `body`, where not NULL, is an array that came as the body itself and fills
 * endpoint->npy_input. */
enum status decode_json(struct call *call, const char *text, size_t n, const struct array *body) MUST_CHECK;

/* decode_model reads a model's JSON text as the field of ROLE_MODEL does, for its errors. */
enum status decode_model(struct call *call, const struct field *field, const char *text, size_t n) MUST_CHECK;

/* query_json writes a query string ("order=desc&k=3") as a JSON object of these fields: values of ENUM and STRING fields become
 * strings, all others must be JSON themselves. A dot leads into an object: "trace.max_steps=3&trace.format=commands" is
 * {"trace":{"max_steps":3,"format":"commands"}}. Errors: INVALID, NO_MEMORY. */
enum status query_json(struct call *call, const struct field *fields, const char *query, struct buf *out) MUST_CHECK;

/* percent_decode appends p .. end with %XX resolved, and '+' where it stands for a space; false where two hexadecimal digits
 * do not follow a '%'. */
bool percent_decode(struct buf *out, const char *p, const char *end, bool plus);

#endif
