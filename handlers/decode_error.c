#include "handlers/decoder.h"

#include <stdarg.h>
#include <stdio.h>

/* Errors. A wrong field is recorded and decoding goes on, so that one answer names them all; what cannot go on (memory,
 * syntax) returns its status. */

static size_t write_pointer(const struct path *path, char *to, size_t size) {
    if (!path)
        return 0;
    size_t at = write_pointer(path->up, to, size);
    if (at + 3 >= size)
        return at;
    to[at++] = '/';
    if (!path->name)
        return at + (size_t)snprintf(to + at, size - at, "%zu", path->index) < size ? at + strlen(to + at) : size - 1;
    for (const char *c = path->name; *c && at + 3 < size; c++) {
        if (*c == '~' || *c == '/') { /* RFC 6901 */
            to[at++] = '~';
            to[at++] = *c == '~' ? '0' : '1';
        } else {
            to[at++] = *c;
        }
    }
    to[at] = '\0';
    return at;
}

static size_t write_place(const struct path *path, char *to, size_t size) {
    if (!path)
        return 0;
    size_t at = write_place(path->up, to, size);
    if (at + 3 >= size)
        return at;
    if (path->name)
        snprintf(to + at, size - at, "%s%s", at ? "." : "", path->name);
    else
        snprintf(to + at, size - at, "[%zu]", path->index);
    return at + strlen(to + at);
}

/* wrong records "<place> <format...>". */
enum status decoder_wrong(struct decoder *d, const struct path *path, const char *format, ...) {
    struct call *call = d->call;
    if (call->n_errors == CALL_MAX_ERRORS)
        return STATUS_OK;
    struct error *error = &call->errors[call->n_errors++];
    error->pointer[0] = '\0';
    write_pointer(path, error->pointer, sizeof error->pointer);
    char place[160] = "";
    write_place(path, place, sizeof place);
    size_t at = (size_t)snprintf(error->detail, sizeof error->detail, "%s ", *place ? place : "The body");
    va_list args;
    va_start(args, format);
    error_detail(error, at, format, args);
    va_end(args);
    return STATUS_OK;
}

/* show_text quotes what the client wrote: at most 40 bytes, plain ASCII or whole UTF-8 left as it is cut at a
 * character. */
struct shown decoder_show_text(const char *p, size_t n, const char *quote) {
    struct shown s;
    size_t m = n > 40 ? 40 : n;
    while (m && m < n && ((unsigned char)p[m] & 0xc0) == 0x80)
        m--;
    snprintf(s.text, sizeof s.text, "%s%.*s%s%s", quote, (int)m, p, m < n ? "..." : "", quote);
    return s;
}

/* show says what a value is: "3.5", "\"up\"", "an object". */
struct shown decoder_show(const struct decoder *d, json_t *value) {
    const struct span *span = splice_span(d->splice, value);
    if (span && *span->text != '[')
        return decoder_show_text(span->text, span->n, "");
    if (span || json_is_array(value))
        return decoder_show_text("an array", 8, "");
    if (json_is_string(value))
        return decoder_show_text(json_string_value(value), json_string_length(value), "\"");
    const char *text = json_is_object(value)  ? "an object"
                       : json_is_true(value)  ? "true"
                       : json_is_false(value) ? "false"
                                              : "null";
    return decoder_show_text(text, strlen(text), "");
}

const char *decoder_int_range(const struct field *field, char text[96]) {
    if (!field->limited)
        snprintf(text, 96, "an integer of 64 bits");
    else if (field->max_int == INT64_MAX)
        snprintf(text, 96, "an integer of at least %lld", (long long)field->min_int);
    else
        snprintf(text, 96, "an integer from %lld to %lld", (long long)field->min_int, (long long)field->max_int);
    return text;
}

const char *decoder_real_range(const struct field *field, char text[96]) {
    if (!field->limited)
        snprintf(text, 96, "a finite number");
    else if (field->max >= 1e300)
        snprintf(text, 96, "a number %s %.15g", field->above_min ? "above" : "of at least", field->min);
    else
        snprintf(text, 96, "a number %s %.15g %s %.15g", field->above_min ? "above" : "from", field->min,
                 field->above_min ? "and at most" : "to", field->max);
    return text;
}

bool decoder_int_fits(const struct field *field, int64_t v) {
    return !field->limited || (v >= field->min_int && v <= field->max_int);
}
bool decoder_real_fits(const struct field *field, double v) {
    return !field->limited || ((field->above_min ? v > field->min : v >= field->min) && v <= field->max);
}

size_t decoder_max_items(const struct field *field) { return field->max_items ? field->max_items : FIELD_MAX_ITEMS; }

const char *decoder_kinds_text(unsigned kinds) {
    switch (kinds) {
    case KIND_INT: return "integers";
    case KIND_REAL:
    case KIND_INT | KIND_REAL: return "numbers";
    case KIND_STRING: return "strings";
    case KIND_STRING | KIND_INT: return "integers or strings";
    default: return "numbers or strings";
    }
}
