#include "handlers/decode.h"

#include <stdarg.h>
#include <stdio.h>

#include "handlers/encode.h"
#include "handlers/number.h"
#include "handlers/splice.h"

/* Where the decoder is, as a chain up to the root: a member of an object, or an element of an array. */
struct path {
    const struct path *up;
    const char *name; /* NULL: an index */
    size_t index;
};

struct decoder {
    struct call *call;
    struct ctx *ctx;
    const struct splice *splice;
    const struct array *body;
};

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
static enum status wrong(struct decoder *d, const struct path *path, const char *format, ...) PRINTF_LIKE(3, 4);
static enum status wrong(struct decoder *d, const struct path *path, const char *format, ...) {
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
    vsnprintf(error->detail + at, sizeof error->detail - at, format, args);
    va_end(args);
    return STATUS_OK;
}

struct shown {
    char text[64];
};

/* show_text quotes what the client wrote: at most 40 bytes, plain ASCII or whole UTF-8 left as it is cut at a
 * character. */
static struct shown show_text(const char *p, size_t n, const char *quote) {
    struct shown s;
    size_t m = n > 40 ? 40 : n;
    while (m && m < n && ((unsigned char)p[m] & 0xc0) == 0x80)
        m--;
    snprintf(s.text, sizeof s.text, "%s%.*s%s%s", quote, (int)m, p, m < n ? "..." : "", quote);
    return s;
}

/* show says what a value is: "3.5", "\"up\"", "an object". */
static struct shown show(const struct decoder *d, json_t *value) {
    const struct span *span = splice_span(d->splice, value);
    if (span && *span->text != '[')
        return show_text(span->text, span->n, "");
    if (span || json_is_array(value))
        return show_text("an array", 8, "");
    if (json_is_string(value))
        return show_text(json_string_value(value), json_string_length(value), "\"");
    const char *text = json_is_object(value)  ? "an object"
                       : json_is_true(value)  ? "true"
                       : json_is_false(value) ? "false"
                                              : "null";
    return show_text(text, strlen(text), "");
}

/* Scalars. Each has a reader of text, which serves the request and the default. */

static const char *int_range(const struct field *field, char text[96]) {
    if (!field->limited)
        snprintf(text, 96, "an integer of 64 bits");
    else if (field->max_int == INT64_MAX)
        snprintf(text, 96, "an integer of at least %lld", (long long)field->min_int);
    else
        snprintf(text, 96, "an integer from %lld to %lld", (long long)field->min_int, (long long)field->max_int);
    return text;
}

static const char *real_range(const struct field *field, char text[96]) {
    if (!field->limited)
        snprintf(text, 96, "a finite number");
    else if (field->max >= 1e300)
        snprintf(text, 96, "a number %s %.15g", field->above_min ? "above" : "of at least", field->min);
    else
        snprintf(text, 96, "a number %s %.15g %s %.15g", field->above_min ? "above" : "from", field->min,
                 field->above_min ? "and at most" : "to", field->max);
    return text;
}

static bool int_fits(const struct field *field, int64_t v) {
    return !field->limited || (v >= field->min_int && v <= field->max_int);
}
static bool real_fits(const struct field *field, double v) {
    return !field->limited || ((field->above_min ? v > field->min : v >= field->min) && v <= field->max);
}

static int enum_index(const struct field *field, const char *p, size_t n) {
    for (int i = 0; field->names[i]; i++)
        if (strlen(field->names[i]) == n && memcmp(field->names[i], p, n) == 0)
            return i;
    return -1;
}

static void list_names(const char *const *names, char *to, size_t size) {
    size_t at = 0;
    to[0] = '\0';
    for (size_t i = 0; names[i] && at < size; i++)
        at += (size_t)snprintf(to + at, size - at, "%s\"%s\"", i == 0 ? "" : names[i + 1] ? ", " : " or ", names[i]);
}

static void set_default(const struct field *field, void *member) {
    const char *def = field->def;
    switch (field->type) {
    case FIELD_INT: (void)number_read_int(def, strlen(def), member); break;
    case FIELD_NUMBER: (void)number_read_real(def, strlen(def), member); break;
    case FIELD_BOOL: *(bool *)member = def[0] == 't'; break;
    case FIELD_ENUM: *(int *)member = enum_index(field, def, strlen(def)); break;
    case FIELD_STRING: *(struct str *)member = (struct str){def, strlen(def)}; break;
    default: break;
    }
}

static enum status decode_int(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                              int64_t *to) {
    const struct span *span = splice_span(d->splice, value);
    char range[96];
    if (span && *span->text != '[') {
        enum number_error error = number_read_int(span->text, span->n, to);
        if (error == NUMBER_OK && int_fits(field, *to))
            return STATUS_OK;
        if (error == NUMBER_SYNTAX)
            return splice_syntax(d->ctx, d->splice->text, d->splice->n, (size_t)(span->text - d->splice->text));
    }
    return wrong(d, path, "is %s, want %s.", show(d, value).text, int_range(field, range));
}

static enum status decode_number(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                 double *to) {
    const struct span *span = splice_span(d->splice, value);
    char range[96];
    if (span && *span->text != '[') {
        enum number_error error = number_read_real(span->text, span->n, to);
        if (error == NUMBER_OK && real_fits(field, *to))
            return STATUS_OK;
        if (error == NUMBER_SYNTAX)
            return splice_syntax(d->ctx, d->splice->text, d->splice->n, (size_t)(span->text - d->splice->text));
        if (error == NUMBER_RANGE)
            return wrong(d, path, "is %s, which is beyond the greatest double; want %s.", show(d, value).text,
                         real_range(field, range));
    }
    return wrong(d, path, "is %s, want %s.", show(d, value).text, real_range(field, range));
}

static enum status decode_bool(struct decoder *d, const struct path *path, json_t *value, bool *to) {
    if (!json_is_boolean(value))
        return wrong(d, path, "is %s, want true or false.", show(d, value).text);
    *to = json_is_true(value);
    return STATUS_OK;
}

static enum status decode_enum(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                               int *to) {
    if (json_is_string(value) && !splice_span(d->splice, value)) {
        *to = enum_index(field, json_string_value(value), json_string_length(value));
        if (*to >= 0)
            return STATUS_OK;
        *to = 0;
    }
    char names[256];
    list_names(field->names, names, sizeof names);
    return wrong(d, path, "is %s, want %s.", show(d, value).text, names);
}

static enum status copy_string(struct decoder *d, json_t *value, struct str *to) {
    size_t n = json_string_length(value);
    char *p = ctx_alloc(d->ctx, n + 1, 1);
    if (!p)
        return STATUS_NO_MEMORY;
    memcpy(p, json_string_value(value), n);
    p[n] = '\0';
    *to = (struct str){p, n};
    return STATUS_OK;
}

static size_t max_items(const struct field *field) { return field->max_items ? field->max_items : FIELD_MAX_ITEMS; }

static enum status decode_string(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                 struct str *to) {
    if (!json_is_string(value) || splice_span(d->splice, value))
        return wrong(d, path, "is %s, want a string.", show(d, value).text);
    if (json_string_length(value) > max_items(field) || json_string_length(value) < field->min_items)
        return wrong(d, path, "has %zu bytes, want %zu to %zu.", json_string_length(value), field->min_items,
                     max_items(field));
    return copy_string(d, value, to);
}

static const char *kinds_text(unsigned kinds) {
    switch (kinds) {
    case KIND_INT: return "integers";
    case KIND_REAL:
    case KIND_INT | KIND_REAL: return "numbers";
    case KIND_STRING: return "strings";
    case KIND_STRING | KIND_INT: return "integers or strings";
    default: return "numbers or strings";
    }
}

/* A number with a fraction or an exponent is a real where both kinds are welcome. */
static bool is_written_as_real(const struct span *span) {
    return memchr(span->text, '.', span->n) || memchr(span->text, 'e', span->n) || memchr(span->text, 'E', span->n);
}

static enum status decode_value(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                struct value *to) {
    const struct span *span = splice_span(d->splice, value);
    if (span && *span->text != '[' && field->kinds & (KIND_INT | KIND_REAL)) {
        if (field->kinds & KIND_INT && number_read_int(span->text, span->n, &to->i) == NUMBER_OK &&
            !(field->kinds & KIND_REAL && is_written_as_real(span)) && int_fits(field, to->i)) {
            to->kind = KIND_INT;
            return STATUS_OK;
        }
        if (field->kinds & KIND_REAL && number_read_real(span->text, span->n, &to->r) == NUMBER_OK &&
            real_fits(field, to->r)) {
            to->kind = KIND_REAL;
            return STATUS_OK;
        }
    }
    if (!span && json_is_string(value) && field->kinds & KIND_STRING) {
        to->kind = KIND_STRING;
        return copy_string(d, value, &to->s);
    }
    return wrong(d, path, "is %s, want one of: %s.", show(d, value).text, kinds_text(field->kinds));
}

/* Arrays. */

static enum status wrong_element(struct decoder *d, const struct path *path, const struct array *a, size_t i,
                                 const char *range) {
    struct path at[3];
    const struct path *up = path;
    size_t flat = i, rest = a->n;
    for (unsigned k = 0; k < a->dims; k++) {
        rest /= a->shape[k];
        at[k] = (struct path){.up = up, .index = i / rest};
        i %= rest;
        up = &at[k];
    }
    char text[NUMBER_REAL_MAX];
    size_t n = a->kind == KIND_INT ? number_format_int(text, a->ints[flat]) : number_format_real(text, a->reals[flat]);
    return wrong(d, up, "is %.*s, want %s.", (int)n, text, range);
}

static enum status check_limits(struct decoder *d, const struct field *field, const struct path *path,
                                const struct array *a) {
    char range[96];
    if (!field->limited)
        return STATUS_OK;
    if (a->kind == KIND_INT) {
        for (size_t i = 0; i < a->n; i++)
            if (!int_fits(field, a->ints[i]))
                return wrong_element(d, path, a, i, int_range(field, range));
    } else if (a->kind == KIND_REAL) {
        for (size_t i = 0; i < a->n; i++)
            if (!real_fits(field, a->reals[i]))
                return wrong_element(d, path, a, i, real_range(field, range));
    }
    return STATUS_OK;
}

static enum status check_array(struct decoder *d, const struct field *field, const struct path *path,
                               const struct array *a) {
    unsigned least = field->min_dims ? field->min_dims : 1, most = field->max_dims ? field->max_dims : 1;
    if (!(a->kind & field->kinds)) /* of an npy body; JSON is read as what is wanted */
        return wrong(d, path,
                     a->kind == KIND_INT ? "is an array of integers, want f4 or f8."
                                         : "is an array of fractions (f4, f8), want i4 or i8.");
    if (a->dims > most)
        return wrong(d, path, "is nested %u deep, want at most %u level%s of arrays.", a->dims, most, &"s"[most == 1]);
    if (a->n < field->min_items)
        return wrong(d, path, "has %zu elements, want at least %zu.", a->n, field->min_items);
    if (a->n > max_items(field))
        return wrong(d, path, "has %zu elements, want at most %zu.", a->n, max_items(field));
    if (a->dims < least && a->n)
        return wrong(d, path, "is nested %u deep, want %u levels of arrays.", a->dims, least);
    return check_limits(d, field, path, a);
}

/* numbers_wrong turns a reader's error into the sentence. */
static enum status numbers_wrong(struct decoder *d, const struct field *field, const struct path *path,
                                 const struct span *span, enum number_error error, const struct number_place *place) {
    const char *at = span->text + place->offset, *end = span->text + span->n;
    struct path element[3];
    const struct path *up = path;
    for (unsigned k = 0; k < place->dims && k < 3; k++) {
        element[k] = (struct path){.up = up, .index = place->index[k]};
        up = &element[k];
    }
    size_t n = 0;
    while (at + n < end && at[n] != ',' && at[n] != ']' && at[n] != ' ' && at[n] != '\n' && at[n] != '\r' &&
           at[n] != '\t')
        n++;
    struct shown token = show_text(at, n, "");
    bool int_only = field->kinds == KIND_INT;
    switch (error) {
    case NUMBER_OK: break;
    case NUMBER_MEMORY: return STATUS_NO_MEMORY;
    case NUMBER_SYNTAX:
        if ((n == 4 && (memcmp(at, "null", 4) == 0 || memcmp(at, "true", 4) == 0)) ||
            (n == 5 && memcmp(at, "false", 5) == 0))
            return wrong(d, up, "is %s, want %s.", token.text, int_only ? "an integer" : "a number");
        return splice_syntax(d->ctx, d->splice->text, d->splice->n, (size_t)(at - d->splice->text));
    case NUMBER_RANGE: {
        bool integer = !memchr(at, '.', n) && !memchr(at, 'e', n) && !memchr(at, 'E', n);
        const char *range = "an integer from -9223372036854775808 to 9223372036854775807";
        if (!int_only)
            return wrong(d, up, "is %s, want %s.", token.text,
                         integer ? "an integer of 64 bits, or a number with a fraction or an exponent"
                                 : "a number that a double can hold");
        return wrong(d, up, "is %s, want %s.", token.text, range);
    }
    case NUMBER_FRACTION: return wrong(d, up, "is %s, want an integer.", token.text);
    case NUMBER_INEXACT:
        return wrong(
            d, up,
            "is %s beside numbers with fractions, and no double holds it exactly; want integers only, or at most 2^53.",
            token.text);
    case NUMBER_RAGGED:
        return wrong(d, up, "differs in length or depth from the first row; want rows of equal length.");
    case NUMBER_TOO_MANY: {
        unsigned most = field->max_dims ? field->max_dims : 1;
        return wrong(d, path, "holds more than is allowed, want at most %zu elements and %u level%s of arrays.",
                     max_items(field), most, most > 1 ? "s" : "");
    }
    }
    return STATUS_OK;
}

static enum status decode_numbers(struct decoder *d, const struct field *field, const struct path *path,
                                  const struct span *span, struct array *to) {
    struct numbers_want want = {field->kinds & (KIND_INT | KIND_REAL), field->max_dims ? field->max_dims : 1,
                                max_items(field)};
    struct number_place place = {0};
    enum number_error error = numbers_read(d->ctx, span->text, span->n, &want, to, &place);
    if (error == NUMBER_OK)
        return check_array(d, field, path, to);
    *to = (struct array){0};
    return numbers_wrong(d, field, path, span, error, &place);
}

/* decode_elements reads an array that jansson parsed: empty, of strings, or wrong in some element. */
static enum status decode_elements(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                   struct array *to) {
    size_t n = json_array_size(value);
    unsigned kinds = field->kinds;
    if (n == 0) {
        *to = array_1d(kinds & KIND_INT ? KIND_INT : kinds & KIND_REAL ? KIND_REAL : KIND_STRING, NULL, 0);
        return (to->data = ctx_alloc(d->ctx, 1, 8)) ? check_array(d, field, path, to) : STATUS_NO_MEMORY;
    }
    bool strings = kinds & KIND_STRING && json_is_string(json_array_get(value, 0)) &&
                   !splice_span(d->splice, json_array_get(value, 0));
    struct str *s = NULL;
    if (strings && n <= max_items(field) && !(s = ctx_alloc(d->ctx, n, sizeof *s)))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        json_t *element = json_array_get(value, i);
        const struct span *span = splice_span(d->splice, element);
        struct path at = {.up = path, .index = i};
        if (strings && json_is_string(element) && !span) {
            if (s && copy_string(d, element, &s[i]) != STATUS_OK)
                return STATUS_NO_MEMORY;
        } else if (strings || !span || *span->text == '[') {
            return wrong(d, &at, "is %s, want %s.", show(d, element).text,
                         strings               ? "a string like the first element"
                         : kinds == KIND_INT   ? "an integer"
                         : kinds & KIND_STRING ? "a number or a string, the same kind for all"
                                               : "a number");
        }
    }
    *to = array_1d(KIND_STRING, s, n);
    enum status status =
        strings ? check_array(d, field, path, to) : wrong(d, path, "is not an array of %s.", kinds_text(kinds));
    if (!s)
        *to = (struct array){0};
    return status;
}

/* decode_scalar takes one number as an array of one: "3" reads as "[3]". */
static enum status decode_scalar(struct decoder *d, const struct field *field, const struct path *path,
                                 const struct span *span, struct array *to) {
    char *text = ctx_alloc(d->ctx, span->n + 2, 1);
    if (!text)
        return STATUS_NO_MEMORY;
    text[0] = '[';
    memcpy(text + 1, span->text, span->n);
    text[span->n + 1] = ']';
    struct numbers_want want = {field->kinds & (KIND_INT | KIND_REAL), 1, 1};
    struct number_place place = {0};
    enum number_error error = numbers_read(d->ctx, text, span->n + 2, &want, to, &place);
    if (error == NUMBER_OK)
        return check_array(d, field, path, to);
    place = (struct number_place){0};
    return numbers_wrong(d, field, path, span, error, &place);
}

static enum status decode_array(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                struct array *to) {
    const struct span *span = splice_span(d->splice, value);
    if (span && *span->text != '[' && field->scalar)
        return decode_scalar(d, field, path, span, to);
    if (span && *span->text == '[')
        return field->kinds & (KIND_INT | KIND_REAL)
                   ? decode_numbers(d, field, path, span, to)
                   : wrong(d, path, "is an array of numbers, want an array of strings.");
    if (!json_is_array(value))
        return wrong(d, path, "is %s, want an array of %s.", show(d, value).text, kinds_text(field->kinds));
    return decode_elements(d, field, path, value, to);
}

/* Objects. */

static enum status decode_object(struct decoder *d, const struct field *fields, const struct path *path, json_t *object,
                                 void *base, bool tagged);

static enum status decode_list(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                               struct list *to) {
    const struct span *span = splice_span(d->splice, value);
    if (span && *span->text == '[')
        return wrong(d, path, "is an array of numbers, want an array of objects.");
    if (!json_is_array(value))
        return wrong(d, path, "is %s, want an array of objects.", show(d, value).text);
    size_t n = json_array_size(value);
    if (n < field->min_items || n > max_items(field))
        return wrong(d, path, "has %zu elements, want %zu to %zu.", n, field->min_items, max_items(field));
    char *items = ctx_zalloc(d->ctx, n ? n : 1, field->size);
    if (!items)
        return STATUS_NO_MEMORY;
    *to = (struct list){n, items};
    for (size_t i = 0; i < n && d->call->n_errors < CALL_MAX_ERRORS; i++) {
        struct path at = {.up = path, .index = i};
        enum status status =
            decode_object(d, field->fields, &at, json_array_get(value, i), items + i * field->size, false);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static const struct variant *find_variant(const struct field *field, json_t *type) {
    if (json_is_string(type))
        for (const struct variant *v = field->variants; v->name; v++)
            if (strcmp(v->name, json_string_value(type)) == 0)
                return v;
    return NULL;
}

static enum status wrong_variant(struct decoder *d, const struct field *field, const struct path *path, json_t *type) {
    const char *names[16] = {NULL};
    for (size_t i = 0; field->variants[i].name && i < COUNT_OF(names) - 1; i++)
        names[i] = field->variants[i].name;
    char text[256];
    list_names(names, text, sizeof text);
    struct path at = {.up = path, .name = "type"};
    return type ? wrong(d, &at, "is %s, want %s.", show(d, type).text, text)
                : wrong(d, &at, "is missing, want %s.", text);
}

static enum status decode_variant(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                  struct choice *to) {
    json_t *type = json_object_get(value, "type");
    const struct variant *variant = find_variant(field, type);
    if (!variant)
        return wrong_variant(d, field, path, type);
    to->variant = (int)(variant - field->variants);
    to->params = ctx_zalloc(d->ctx, 1, variant->size);
    return to->params ? decode_object(d, variant->fields, path, value, to->params, true) : STATUS_NO_MEMORY;
}

static enum status unknown_model(struct decoder *d, const struct path *path, json_t *value) {
    const struct host *host = d->call->host;
    char names[256] = "";
    size_t at = 0;
    for (size_t i = 0; host->model_name && host->model_name(host->self, i) && at < sizeof names; i++)
        at +=
            (size_t)snprintf(names + at, sizeof names - at, "%s\"%s\"", i ? ", " : "", host->model_name(host->self, i));
    if (!*names)
        return wrong(d, path, "is %s, but this server has no named models; want an object.", show(d, value).text);
    return wrong(d, path, "is %s, want an object or one of the models %s.", show(d, value).text, names);
}

/* read_model decodes a model's own JSON text. */
static enum status read_model(struct call *call, const struct field *field, const struct path *path, const char *text,
                              size_t n, struct choice *to) {
    struct splice splice;
    json_t *root;
    enum status status = splice_parse(&call->ctx, &splice, text, n, &root);
    if (status != STATUS_OK)
        return status;
    struct decoder d = {call, &call->ctx, &splice, NULL};
    status = json_is_object(root) ? decode_variant(&d, field, path, root, to)
                                  : wrong(&d, path, "is %s, want an object.", show(&d, root).text);
    json_decref(root);
    splice_release(&splice);
    return status;
}

/* decode_named puts the model's own JSON object in the place of its name. */
static enum status decode_named(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                struct choice *to) {
    const struct host *host = d->call->host;
    size_t n = 0;
    const char *text = host->model_json ? host->model_json(host->self, json_string_value(value), &n) : NULL;
    if (!text)
        return unknown_model(d, path, value);
    d->call->impure = true;
    return read_model(d->call, field, path, text, n, to);
}

static enum status decode_union(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                struct choice *to) {
    if (json_is_object(value))
        return decode_variant(d, field, path, value, to);
    if (field->role == ROLE_MODEL && json_is_string(value) && !splice_span(d->splice, value))
        return decode_named(d, field, path, value, to);
    return wrong(d, path, "is %s, want an object%s.", show(d, value).text,
                 field->role == ROLE_MODEL ? " or a model's name" : "");
}

/* write_text writes a value as compact JSON, its numbers as they were written. jansson bounds the depth. */
static void write_text(const struct decoder *d, json_t *value, struct buf *out) {
    const struct span *span = splice_span(d->splice, value);
    if (span) {
        buf_add(out, span->text, span->n);
    } else if (json_is_string(value)) {
        encode_string(out, json_string_value(value), json_string_length(value));
    } else if (json_is_array(value)) {
        buf_byte(out, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (i)
                buf_byte(out, ',');
            write_text(d, json_array_get(value, i), out);
        }
        buf_byte(out, ']');
    } else if (json_is_object(value)) {
        char before = '{';
        for (void *i = json_object_iter(value); i; i = json_object_iter_next(value, i), before = ',') {
            buf_byte(out, before);
            encode_string(out, json_object_iter_key(i), json_object_iter_key_len(i));
            buf_byte(out, ':');
            write_text(d, json_object_iter_value(i), out);
        }
        buf_text(out, before == '{' ? "{}" : "}");
    } else {
        buf_text(out, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
    }
}

/* decode_text keeps an object as text, for somebody else to read. */
static enum status decode_text(struct decoder *d, const struct path *path, json_t *value, struct str *to) {
    if (!json_is_object(value))
        return wrong(d, path, "is %s, want an object.", show(d, value).text);
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    write_text(d, value, &text);
    char *p = text.failed ? NULL : ctx_alloc(d->ctx, text.n, 1);
    if (p)
        memcpy(p, text.data, text.n);
    else if (text.failed)
        (void)ctx_fail(d->ctx, STATUS_NO_MEMORY, "", "There is not enough memory to read the body.");
    *to = (struct str){p, text.n};
    buf_release(&text);
    return p ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status decode_member(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                 void *member) {
    switch (field->type) {
    case FIELD_INT: return decode_int(d, field, path, value, member);
    case FIELD_NUMBER: return decode_number(d, field, path, value, member);
    case FIELD_BOOL: return decode_bool(d, path, value, member);
    case FIELD_ENUM: return decode_enum(d, field, path, value, member);
    case FIELD_STRING: return decode_string(d, field, path, value, member);
    case FIELD_VALUE: return decode_value(d, field, path, value, member);
    case FIELD_ARRAY: return decode_array(d, field, path, value, member);
    case FIELD_OBJECT: return decode_object(d, field->fields, path, value, member, false);
    case FIELD_LIST: return decode_list(d, field, path, value, member);
    case FIELD_UNION: return decode_union(d, field, path, value, member);
    case FIELD_JSON: return decode_text(d, path, value, member);
    case FIELD_ROWS:
    case FIELD_TRACE: break; /* of answers only */
    }
    return STATUS_INTERNAL;
}

static enum status decode_absent(struct decoder *d, const struct field *field, const struct path *path, void *member) {
    if (d->body && !path->up && strcmp(field->name, d->call->endpoint->npy_input) == 0) {
        *(struct array *)member = *d->body;
        return check_array(d, field, path, member);
    }
    if (field->role == ROLE_SEED) {
        *(int64_t *)member = (int64_t)d->call->host->draw_seed(d->call->host->self);
        d->call->impure = true;
    } else if (field->required) {
        return wrong(d, path, "is missing; it is required.");
    } else if (field->type == FIELD_OBJECT) {
        return decode_object(d, field->fields, path, NULL, member, false);
    } else if (field->def) {
        set_default(field, member);
    }
    return STATUS_OK;
}

/* edit_distance counts how few edits lead from a to b; only small distances matter. */
static size_t edit_distance(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b), row[33];
    if (m > 32 || n > 32)
        return 99;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[n];
}

static enum status unknown_field(struct decoder *d, const struct field *fields, const struct path *path) {
    const struct field *nearest = NULL;
    size_t best = 3;
    for (const struct field *f = fields; f->name; f++) {
        size_t distance = edit_distance(path->name, f->name);
        if (distance < best) {
            best = distance;
            nearest = f;
        }
    }
    if (nearest)
        return wrong(d, path, "is not a field of this request; did you mean \"%s\"?", nearest->name);
    const char *names[32] = {NULL};
    for (size_t i = 0; fields[i].name && i < COUNT_OF(names) - 1; i++)
        names[i] = fields[i].name;
    char text[320];
    list_names(names, text, sizeof text);
    return wrong(d, path, "is not a field of this request; the fields are %s.", text);
}

static const struct field *find_field(const struct field *fields, const char *name) {
    for (const struct field *f = fields; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

static enum status refuse_unknown(struct decoder *d, const struct field *fields, const struct path *path,
                                  json_t *object, bool tagged) {
    void *i;
    for (i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        struct path at = {.up = path, .name = json_object_iter_key(i)};
        if (!find_field(fields, at.name) && !(tagged && strcmp(at.name, "type") == 0)) {
            enum status status = unknown_field(d, fields, &at);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

/* decode_object fills base; object NULL stands for {}. tagged: its "type" was read before. */
static enum status decode_object(struct decoder *d, const struct field *fields, const struct path *path, json_t *object,
                                 void *base, bool tagged) {
    if (object && !json_is_object(object))
        return wrong(d, path, "is %s, want an object.", show(d, object).text);
    enum status status = object ? refuse_unknown(d, fields, path, object, tagged) : STATUS_OK;
    for (const struct field *field = fields; field->name && status == STATUS_OK; field++) {
        struct path at = {.up = path, .name = field->name};
        void *member = (char *)base + field->offset;
        json_t *value = object ? json_object_get(object, field->name) : NULL;
        if (!value) {
            status = decode_absent(d, field, &at, member);
            continue;
        }
        if (field->present)
            *(bool *)((char *)base + field->present) = true;
        status = decode_member(d, field, &at, value, member);
    }
    return status;
}

static void note_time_limit(struct call *call) {
    for (const struct field *field = call->endpoint->input; field->name; field++)
        if (field->role == ROLE_TIME_LIMIT)
            call->time_limit_ms = *(const int64_t *)((const char *)call->params + field->offset);
}

enum status decode_model(struct call *call, const struct field *field, const char *text, size_t n) {
    struct path path = {.name = field->name};
    struct choice model = {0};
    enum status status = read_model(call, field, &path, text, n, &model);
    return status == STATUS_OK && call->n_errors ? STATUS_INVALID : status;
}

enum status decode_json(struct call *call, const char *text, size_t n, const struct array *body) {
    struct splice splice;
    json_t *root;
    enum status status = splice_parse(&call->ctx, &splice, text, n, &root);
    if (status != STATUS_OK)
        return status;
    struct decoder d = {call, &call->ctx, &splice, body};
    status = decode_object(&d, call->endpoint->input, NULL, root, call->params, false);
    json_decref(root);
    splice_release(&splice);
    if (status == STATUS_OK && call->n_errors)
        status = STATUS_INVALID;
    if (status == STATUS_OK)
        note_time_limit(call);
    return status;
}
