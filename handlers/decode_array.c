#include "handlers/decoder.h"
#include "handlers/number.h"

enum status decoder_copy_string(struct decoder *d, const struct path *path, json_t *value, struct str *to) {
    size_t n = json_string_length(value);
    if (splice_has_nul(d->splice, json_string_value(value), n))
        return decoder_wrong(d, path, "holds the character U+0000, want a string without it.");
    char *p = ctx_alloc(d->ctx, n + 1, 1);
    if (!p)
        return STATUS_NO_MEMORY;
    memcpy(p, json_string_value(value), n);
    p[n] = '\0';
    *to = (struct str){p, n};
    return STATUS_OK;
}

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
    return decoder_wrong(d, up, "is %.*s, want %s.", (int)n, text, range);
}

static enum status check_limits(struct decoder *d, const struct field *field, const struct path *path,
                                const struct array *a) {
    char range[96];
    if (!field->limited)
        return STATUS_OK;
    if (a->kind == KIND_INT) {
        for (size_t i = 0; i < a->n; i++)
            if (!decoder_int_fits(field, a->ints[i]))
                return wrong_element(d, path, a, i, decoder_int_range(field, range));
    } else if (a->kind == KIND_REAL) {
        for (size_t i = 0; i < a->n; i++)
            if (!decoder_real_fits(field, a->reals[i]))
                return wrong_element(d, path, a, i, decoder_real_range(field, range));
    }
    return STATUS_OK;
}

/* check_widths holds the two innermost lengths against the field's; all rows are equally long. */
static enum status check_widths(struct decoder *d, const struct field *field, const struct path *path,
                                const struct array *a) {
    const unsigned want[] = {field->columns, field->rows};
    struct path first[3];
    const struct path *at[4] = {path};
    for (unsigned k = 0; k < a->dims && k < COUNT_OF(first); k++) {
        first[k] = (struct path){.up = at[k], .index = 0};
        at[k + 1] = &first[k];
    }
    if (a->shape[0] == 0) /* there is no row */
        return STATUS_OK;
    for (unsigned up = 0; up < COUNT_OF(want) && up < a->dims; up++) {
        unsigned level = a->dims - 1 - up;
        if (want[up] && a->shape[level] != want[up])
            return decoder_wrong(d, at[level], "has %zu element%s, want %u.", a->shape[level],
                                 &"s"[a->shape[level] == 1], want[up]);
    }
    return STATUS_OK;
}

enum status decoder_check_array(struct decoder *d, const struct field *field, const struct path *path,
                                const struct array *a) {
    unsigned least = field->min_dims ? field->min_dims : 1, most = field->max_dims ? field->max_dims : 1;
    if (!(a->kind & field->kinds)) /* of an npy body; JSON is read as what is wanted */
        return decoder_wrong(d, path, "is an array of fractions (f4, f8), want one of integers.");
    if (a->dims > most)
        return decoder_wrong(d, path, "is nested %u deep, want at most %u level%s of arrays.", a->dims, most,
                             &"s"[most == 1]);
    if (a->n < field->min_items)
        return decoder_wrong(d, path, "has %zu elements, want at least %zu.", a->n, field->min_items);
    if (a->n > decoder_max_items(field))
        return decoder_wrong(d, path, "has %zu elements, want at most %zu.", a->n, decoder_max_items(field));
    if (a->dims < least && a->n)
        return decoder_wrong(d, path, "is nested %u deep, want %u levels of arrays.", a->dims, least);
    size_t before = d->call->n_errors;
    enum status status = check_widths(d, field, path, a);
    return status == STATUS_OK && d->call->n_errors == before ? check_limits(d, field, path, a) : status;
}

enum status decoder_npy_array(struct decoder *d, const struct field *field, const struct path *path, struct array *a) {
    for (size_t i = 0; a->kind == KIND_INT && !(field->kinds & KIND_INT) && i < a->n; i++) {
        double r = (double)a->ints[i];
        if (r >= 0x1p63 || (int64_t)r != a->ints[i])
            return wrong_element(d, path, a, i, "an integer that a double holds exactly");
    }
    if (a->kind == KIND_INT && !(field->kinds & KIND_INT)) {
        for (size_t i = 0; i < a->n; i++)
            a->reals[i] = (double)a->ints[i];
        a->kind = KIND_REAL;
    }
    return decoder_check_array(d, field, path, a);
}

static const char *element_text(unsigned kinds) {
    if (kinds == KIND_INT)
        return "an integer";
    return kinds & KIND_STRING ? "a number or a string, the same kind for all" : "a number";
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
    struct shown token = decoder_show_text(at, n, "");
    bool int_only = field->kinds == KIND_INT;
    switch (error) {
    case NUMBER_OK: break;
    case NUMBER_MEMORY: return STATUS_NO_MEMORY;
    case NUMBER_SYNTAX:
        if ((n == 4 && (memcmp(at, "null", 4) == 0 || memcmp(at, "true", 4) == 0)) ||
            (n == 5 && memcmp(at, "false", 5) == 0))
            return decoder_wrong(d, up, "is %s, want %s.", token.text, int_only ? "an integer" : "a number");
        return splice_syntax(d->ctx, d->splice->text, d->splice->n, (size_t)(at - d->splice->text));
    case NUMBER_RANGE: {
        bool integer = !memchr(at, '.', n) && !memchr(at, 'e', n) && !memchr(at, 'E', n);
        const char *range = "an integer from -9223372036854775808 to 9223372036854775807";
        if (!int_only)
            return decoder_wrong(d, up, "is %s, want %s.", token.text,
                                 integer ? "an integer of 64 bits, or a number with a fraction or an exponent"
                                         : "a number that a double can hold");
        return decoder_wrong(d, up, "is %s, want %s.", token.text, range);
    }
    case NUMBER_FRACTION: return decoder_wrong(d, up, "is %s, want an integer.", token.text);
    case NUMBER_INEXACT:
        if (field->lossless)
            return decoder_wrong(d, up, "is %s, " NUMBER_LOSSLESS_TEXT, token.text);
        return decoder_wrong(
            d, up,
            "is %s beside numbers with fractions, and no double holds it exactly; want integers only, or at most 2^53.",
            token.text);
    case NUMBER_RAGGED:
        return decoder_wrong(d, up, "differs in length or depth from the first row; want rows of equal length.");
    case NUMBER_TOO_MANY: {
        size_t elements = 1;
        if (n > 0 && *at == '[')
            return decoder_wrong(d, up, "is an array, want %s.", element_text(field->kinds));
        for (const char *c = span->text; c < end; c++)
            elements += *c == ',';
        return decoder_wrong(d, path, "has %zu elements, want at most %zu.", elements, decoder_max_items(field));
    }
    }
    return STATUS_OK;
}

enum status decoder_numbers(struct decoder *d, const struct field *field, const struct path *path,
                            const struct span *span, struct array *to) {
    struct numbers_want want = {field->kinds & (KIND_INT | KIND_REAL), field->max_dims ? field->max_dims : 1,
                                decoder_max_items(field), field->lossless};
    struct number_place place = {0};
    enum number_error error = numbers_read(d->ctx, span->text, span->n, &want, to, &place);
    if (error == NUMBER_OK)
        return decoder_check_array(d, field, path, to);
    *to = (struct array){0};
    return numbers_wrong(d, field, path, span, error, &place);
}

/* wrong_inside finds the first element of an array of numbers, at any depth, that is neither a number nor an array. */
static bool wrong_inside(struct decoder *d, const struct field *field, const struct path *path, json_t *value) {
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *element = json_array_get(value, i);
        const struct span *span = splice_span(d->splice, element);
        struct path at = {.up = path, .index = i};
        bool array = json_is_array(element) || (span && *span->text == '[');
        if (array ? wrong_inside(d, field, &at, element) : !span) {
            if (!array)
                (void)decoder_wrong(d, &at, "is %s, want %s.", decoder_show(d, element).text,
                                    element_text(field->kinds));
            return true;
        }
    }
    return false;
}

/* not_numbers says what is wrong with an array that was left to jansson: not all of it is numbers. */
static enum status not_numbers(struct decoder *d, const struct field *field, const struct path *path, json_t *value) {
    for (size_t i = 0; i < json_array_size(value) && field->max_dims <= 1; i++) {
        json_t *element = json_array_get(value, i);
        const struct span *span = splice_span(d->splice, element);
        struct path at = {.up = path, .index = i};
        if (!span || *span->text == '[')
            return decoder_wrong(d, &at, "is %s, want %s.", decoder_show(d, element).text, element_text(field->kinds));
    }
    return wrong_inside(d, field, path, value)
               ? STATUS_OK
               : decoder_wrong(d, path, "is nested unevenly or too deep, want at most %u level%s of arrays.",
                               field->max_dims ? field->max_dims : 1, field->max_dims > 1 ? "s" : "");
}

static enum status decode_strings(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                  struct array *to) {
    size_t n = json_array_size(value);
    if (n > decoder_max_items(field))
        return decoder_wrong(d, path, "has %zu elements, want at most %zu.", n, decoder_max_items(field));
    struct str *s = ctx_alloc(d->ctx, n, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        json_t *element = json_array_get(value, i);
        struct path at = {.up = path, .index = i};
        if (!json_is_string(element) || splice_span(d->splice, element))
            return decoder_wrong(d, &at, "is %s, want a string like the first element.", decoder_show(d, element).text);
        if (decoder_copy_string(d, &at, element, &s[i]) != STATUS_OK)
            return STATUS_NO_MEMORY;
    }
    *to = array_1d(KIND_STRING, s, n);
    return decoder_check_array(d, field, path, to);
}

/* decode_elements reads an array that jansson parsed: empty, of strings, or wrong in some element. */
static enum status decode_elements(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                   struct array *to) {
    unsigned kinds = field->kinds;
    json_t *first = json_array_get(value, 0);
    if (!first) {
        *to = array_1d(kinds & KIND_INT ? KIND_INT : kinds & KIND_REAL ? KIND_REAL : KIND_STRING, NULL, 0);
        return (to->data = ctx_alloc(d->ctx, 1, 8)) ? decoder_check_array(d, field, path, to) : STATUS_NO_MEMORY;
    }
    if (kinds & KIND_STRING && json_is_string(first) && !splice_span(d->splice, first))
        return decode_strings(d, field, path, value, to);
    if (kinds == KIND_STRING)
        return decoder_wrong(d, &(struct path){.up = path}, "is %s, want a string.", decoder_show(d, first).text);
    return not_numbers(d, field, path, value);
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
    struct numbers_want want = {field->kinds & (KIND_INT | KIND_REAL), 1, 1, field->lossless};
    struct number_place place = {0};
    enum number_error error = numbers_read(d->ctx, text, span->n + 2, &want, to, &place);
    if (error == NUMBER_OK)
        return decoder_check_array(d, field, path, to);
    place = (struct number_place){0};
    return numbers_wrong(d, field, path, span, error, &place);
}

/* decode_string takes one string as an array of one. */
static enum status decode_string(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                 struct array *to) {
    struct str *s = ctx_alloc(d->ctx, 1, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    const size_t before = d->call->n_errors;
    enum status status = decoder_copy_string(d, path, value, s);
    if (status != STATUS_OK || d->call->n_errors > before)
        return status;
    *to = array_1d(KIND_STRING, s, 1);
    return decoder_check_array(d, field, path, to);
}

enum status decoder_array(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                          struct array *to) {
    const struct span *span = splice_span(d->splice, value);
    if (span && *span->text != '[' && field->scalar)
        return decode_scalar(d, field, path, span, to);
    if (!span && field->scalar && field->kinds & KIND_STRING && json_is_string(value))
        return decode_string(d, field, path, value, to);
    if (span && *span->text == '[')
        return field->kinds & (KIND_INT | KIND_REAL)
                   ? decoder_numbers(d, field, path, span, to)
                   : decoder_wrong(d, path, "is an array of numbers, want an array of strings.");
    if (!json_is_array(value))
        return decoder_wrong(d, path, "is %s, want an array of %s%s.", decoder_show(d, value).text,
                             decoder_kinds_text(field->kinds), field->scalar ? ", or one of them" : "");
    return decode_elements(d, field, path, value, to);
}
