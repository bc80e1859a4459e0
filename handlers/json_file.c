#include "handlers/json_file.h"

#include <stdio.h>
#include <string.h>

static bool few_enough(struct str text) {
    size_t marks = 0;
    for (size_t i = 0; i < text.n; i++)
        marks += text.p[i] == ',' || text.p[i] == '[' || text.p[i] == '{' || text.p[i] == ':';
    return marks <= JSON_FILE_MAX_MARKS;
}

static enum status refuse(struct ctx *ctx, const char *file, const json_error_t *error) {
    switch (json_error_code(error)) {
    case json_error_unknown: /* no text and no place: an allocation failed */
    case json_error_out_of_memory:
        return ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is not enough memory to read %.100s.", file);
    case json_error_duplicate_key:
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s gives a name twice (before its byte %d); want it once.", file,
                        error->position);
    case json_error_stack_overflow:
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s is nested deeper than 2048 levels.", file);
    case json_error_numeric_overflow:
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has a number that is out of range before its byte %d.", file,
                        error->position);
    default: return ctx_fail(ctx, STATUS_INVALID, "", "%.100s is not JSON, near its byte %d.", file, error->position);
    }
}

enum status json_file_object(struct ctx *ctx, const char *file, struct str text, json_t **out) {
    json_error_t error = {0}; /* jansson leaves the code as it is where it has no text */
    if (!few_enough(text))
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has more than %d JSON values.", file, JSON_FILE_MAX_MARKS);
    *out = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!*out)
        return refuse(ctx, file, &error);
    if (json_is_object(*out))
        return STATUS_OK;
    json_decref(*out);
    return ctx_fail(ctx, STATUS_INVALID, "", "%.100s holds no JSON object.", file);
}

/* string_end is the length of the string at p[0], its quotes included. */
static size_t string_end(const char *p, size_t n) {
    size_t i = 1;
    while (i < n && p[i] != '"')
        i += p[i] == '\\' ? 2 : 1;
    return i < n ? i + 1 : n;
}

static size_t word_at(const char *p, size_t n) {
    static const char *const WORDS[] = {"-Infinity", "Infinity", "NaN"};
    for (size_t i = 0; i < COUNT_OF(WORDS); i++)
        if (n >= strlen(WORDS[i]) && !memcmp(p, WORDS[i], strlen(WORDS[i])))
            return strlen(WORDS[i]);
    return 0;
}

enum status json_file_python(struct ctx *ctx, struct str text, struct str *out) {
    char *to = ctx_alloc(ctx, text.n + 1, 2); /* three bytes become five at most */
    size_t n = 0;
    if (!to)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < text.n;) {
        size_t word = word_at(text.p + i, text.n - i);
        size_t step = word ? word : text.p[i] == '"' ? string_end(text.p + i, text.n - i) : 1;
        if (word)
            to[n++] = '"';
        memcpy(to + n, text.p + i, step);
        n += step;
        if (word)
            to[n++] = '"';
        i += step;
    }
    *out = (struct str){to, n};
    return STATUS_OK;
}

void file_warn(struct ctx *ctx, struct file_warnings *w, const char *format, ...) {
    char sentence[400];
    va_list args;
    w->total++;
    va_start(args, format);
    int n = vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    size_t bytes = n < (int)sizeof sentence ? (size_t)n + 1 : sizeof sentence;
    char *copy = n >= 0 && w->n < FILE_WARNINGS_MAX ? ctx_alloc(ctx, bytes, 1) : NULL;
    if (copy)
        w->list[w->n++] = memcpy(copy, sentence, bytes);
}
