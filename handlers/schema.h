/* schema.h - fields as JSON Schema (2020-12, as OpenAPI 3.1 uses it). */
#ifndef SOLVENT_SCHEMA_H
#define SOLVENT_SCHEMA_H

#include "core/base/buf.h"
#include "handlers/field.h"

/* schema_fields writes the schema of an object of these fields; `tag`, where not NULL, is the constant of its "type"
 * member; `rules` may be NULL. Requests refuse members that are not listed. */
void schema_fields(struct buf *out, const struct field *fields, const struct rule *rules, const char *tag,
                   bool request);

/* schema_field writes the schema of one member. */
void schema_field(struct buf *out, const struct field *field, bool request);

#endif
