/* json_file.h - a JSON object from a file of a model, however hostile. */
#ifndef SOLVENT_JSON_FILE_H
#define SOLVENT_JSON_FILE_H

#include <jansson.h>

#include "core/base/array.h"
#include "core/base/ctx.h"

/* Values and members: what jansson makes of text takes at most about 100 bytes for each. */
enum { JSON_FILE_MAX_MARKS = 4 * 1000 * 1000 };

/* json_file_object parses the text of `file` (its name, for sentences). The caller decrefs *out.
 * Errors: INVALID (no JSON, no object, a name twice, too deep or too many values), NO_MEMORY. */
enum status json_file_object(struct ctx *ctx, const char *file, struct str text, json_t **out) MUST_CHECK;

/* json_file_python copies text as Python writes JSON: infinities and NaN, which JSON has not, become strings. */
enum status json_file_python(struct ctx *ctx, struct str text, struct str *out) MUST_CHECK;

/* Sentences about what is no error: in the arena. */
enum { FILE_WARNINGS_MAX = 64 };
struct file_warnings {
    size_t n, total; /* total: with those that found no place */
    const char *list[FILE_WARNINGS_MAX];
};
void file_warn(struct ctx *ctx, struct file_warnings *w, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
