#include "handlers/encode.h"

#include <math.h>

#include "core/base/trace.h"
#include "handlers/number.h"
#include "handlers/trace_commands.h"

/* The byte that follows the backslash; 0: none is needed; 'u': by its number. */
static char escape_of(unsigned char c) {
    switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\b': return 'b';
    case '\f': return 'f';
    default: return c < 0x20 ? 'u' : 0;
    }
}

void encode_string(struct buf *out, const char *p, size_t n) {
    buf_byte(out, '"');
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        char escape = escape_of((unsigned char)p[i]);
        if (!escape)
            continue;
        buf_add(out, p + done, i - done);
        done = i + 1;
        if (escape == 'u')
            buf_printf(out, "\\u%04x", (unsigned char)p[i]);
        else
            buf_add(out, (char[2]){'\\', escape}, 2);
    }
    buf_add(out, p + done, n - done);
    buf_byte(out, '"');
}

/* code_point gives how many of the bytes at p (NUL-terminated) make one code point of UTF-8 (RFC 3629, 4); 0: none. */
static size_t code_point(const unsigned char *p) {
    static const struct {
        unsigned char first, last, low, high; /* of the first byte, of the second */
        size_t n;
    } FORMS[] = {{0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        if (*p < FORMS[i].first || *p > FORMS[i].last)
            continue;
        bool whole = FORMS[i].n == 1 || (p[1] >= FORMS[i].low && p[1] <= FORMS[i].high);
        for (size_t k = 2; whole && k < FORMS[i].n; k++)
            whole = p[k] >= 0x80 && p[k] <= 0xbf;
        return whole ? FORMS[i].n : 0;
    }
    return 0;
}

void encode_text(struct buf *out, const char *text) { encode_string(out, text, strlen(text)); }

void encode_clean(struct buf *out, const char *text) {
    while (*text) {
        size_t n = code_point((const unsigned char *)text);
        buf_add(out, n ? text : "\xef\xbf\xbd", n ? n : 3);
        text += n ? n : 1;
    }
}

void encode_quoting(struct buf *out, const char *text) {
    struct buf clean;
    buf_init(&clean, SIZE_MAX / 2);
    encode_clean(&clean, text);
    out->failed |= clean.failed;
    encode_string(out, clean.data ? clean.data : "", clean.n);
    buf_release(&clean);
}

void encode_value(struct buf *out, const struct value *value) {
    switch (value->kind) {
    case KIND_INT: number_write_int(out, value->i); break;
    case KIND_REAL: number_write_real(out, value->r); break;
    case KIND_STRING: encode_string(out, value->s.p, value->s.n); break;
    case KIND_NONE: buf_text(out, "null"); break;
    }
}

void encode_array(struct buf *out, const struct array *array) {
    if (array->kind != KIND_STRING) {
        numbers_write(out, array);
        return;
    }
    buf_byte(out, '[');
    for (size_t i = 0; i < array->n; i++) {
        if (i)
            buf_byte(out, ',');
        encode_string(out, array->strings[i].p, array->strings[i].n);
    }
    buf_byte(out, ']');
}

static void encode_list(struct buf *out, const struct field *field, const struct list *list) {
    buf_byte(out, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (i)
            buf_byte(out, ',');
        encode_fields(out, field->fields, (const char *)list->items + i * field->size);
    }
    buf_byte(out, ']');
}

void encode_row(struct buf *out, const int64_t *values, size_t n) {
    buf_byte(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_byte(out, ',');
        number_write_int(out, values[i]);
    }
    buf_byte(out, ']');
}

static void encode_row_of(struct buf *out, const struct rows *rows, size_t i) {
    encode_row(out, rows->values + rows->start[i], rows->start[i + 1] - rows->start[i]);
}

static void encode_rows(struct buf *out, const struct rows *rows) {
    buf_byte(out, '[');
    for (size_t i = 0; i < rows->n; i++) {
        if (i)
            buf_byte(out, ',');
        encode_row_of(out, rows, i);
    }
    buf_byte(out, ']');
}

static void encode_vars(struct buf *out, const struct trace_step *step) {
    buf_text(out, ",\"vars\":{");
    for (size_t i = 0; i < step->n_vars; i++) {
        if (i)
            buf_byte(out, ',');
        encode_text(out, step->vars[i].name);
        buf_byte(out, ':');
        encode_value(out, &step->vars[i].value);
    }
    buf_byte(out, '}');
}

static void encode_step(struct buf *out, const struct trace_step *step, size_t i) {
    buf_text(out, "{\"i\":");
    number_write_int(out, (int64_t)i);
    buf_text(out, ",\"op\":");
    encode_text(out, step->op);
    buf_text(out, ",\"at\":[");
    for (size_t k = 0; k < step->n_at; k++) {
        if (k)
            buf_byte(out, ',');
        number_write_int(out, step->at[k]);
    }
    buf_byte(out, ']');
    if (step->values.kind != KIND_NONE) {
        buf_text(out, ",\"values\":");
        encode_array(out, &step->values);
    }
    if (step->n_vars)
        encode_vars(out, step);
    buf_byte(out, '}');
}

static void encode_trace(struct buf *out, const struct trace *trace) {
    if (trace->commands) {
        buf_text(out, "{\"commands\":[");
        trace_commands_write(out, trace, ',');
    } else {
        buf_text(out, "{\"steps\":[");
        for (size_t i = 0; i < trace->n; i++) {
            if (i)
                buf_byte(out, ',');
            encode_step(out, &trace->steps[i], i);
        }
    }
    buf_text(out, "],\"total\":");
    number_write_int(out, (int64_t)trace->total);
    buf_byte(out, '}');
}

static void encode_members(struct buf *out, const struct field *fields, const void *base, bool first);

static void encode_union(struct buf *out, const struct field *field, const struct choice *choice) {
    const struct variant *variant = &field->variants[choice->variant];
    buf_text(out, "{\"type\":");
    encode_text(out, variant->name);
    encode_members(out, variant->fields, choice->params, false);
    buf_byte(out, '}');
}

/* is_left_out says whether the member does not appear at all. */
static bool is_left_out(const struct field *field, const char *base) {
    const void *member = base + field->offset;
    if (field->role == ROLE_TIME_LIMIT || (field->present && !*(const bool *)(base + field->present)))
        return true;
    switch (field->type) {
    case FIELD_ARRAY: return ((const struct array *)member)->kind == KIND_NONE;
    case FIELD_VALUE: return ((const struct value *)member)->kind == KIND_NONE;
    case FIELD_UNION: return !((const struct choice *)member)->params;
    case FIELD_LIST: return !((const struct list *)member)->items;
    case FIELD_JSON:
    case FIELD_STRING: return !((const struct str *)member)->p;
    case FIELD_ROWS: return !((const struct rows *)member)->start;
    case FIELD_TRACE: return !((const struct trace *)member)->ctx;
    default: return false;
    }
}

/* encode_names writes indices as the names they stand for. */
static void encode_names(struct buf *out, const struct field *field, const struct array *array) {
    buf_byte(out, '[');
    for (size_t i = 0; i < array->n; i++) {
        if (i)
            buf_byte(out, ',');
        encode_text(out, field->names[array->ints[i]]);
    }
    buf_byte(out, ']');
}

static void encode_member(struct buf *out, const struct field *field, const void *member) {
    switch (field->type) {
    case FIELD_INT: number_write_int(out, *(const int64_t *)member); break;
    case FIELD_NUMBER:
        if (field->nullable && isinf(*(const double *)member))
            buf_text(out, "null");
        else
            number_write_real(out, *(const double *)member);
        break;
    case FIELD_BOOL: buf_text(out, *(const bool *)member ? "true" : "false"); break;
    case FIELD_ENUM: encode_text(out, field->names[*(const int *)member]); break;
    case FIELD_STRING: encode_string(out, ((const struct str *)member)->p, ((const struct str *)member)->n); break;
    case FIELD_VALUE: encode_value(out, member); break;
    case FIELD_ARRAY: field->names ? encode_names(out, field, member) : encode_array(out, member); break;
    case FIELD_OBJECT: encode_fields(out, field->fields, member); break;
    case FIELD_LIST: encode_list(out, field, member); break;
    case FIELD_UNION: encode_union(out, field, member); break;
    case FIELD_ROWS: encode_rows(out, member); break;
    case FIELD_TRACE: encode_trace(out, member); break;
    case FIELD_JSON: buf_add(out, ((const struct str *)member)->p, ((const struct str *)member)->n); break;
    }
}

static void encode_named(struct buf *out, const struct field *field, const void *base) {
    encode_text(out, field->name);
    buf_byte(out, ':');
    encode_member(out, field, (const char *)base + field->offset);
}

/* The last two arrays of numbers that were written, and where. */
struct written {
    const struct array *array[2];
    size_t at[2], size[2], n;
};

/* encode_again copies the text of an array that was written under another name: of noise levels, t, sigma and k may be one
 * array, and writing it thrice a sixth of the work for a small answer. False: it is another one. */
static bool encode_again(struct buf *out, const struct array *array, const struct written *before) {
    for (size_t i = 0; i < before->n && i < 2; i++) {
        if (array->reals != before->array[i]->reals || array->n != before->array[i]->n)
            continue;
        char *to = buf_room(out, before->size[i]);
        if (to) {
            memcpy(to, out->data + before->at[i], before->size[i]);
            buf_commit(out, before->size[i]);
        }
        return true;
    }
    return false;
}

/* encode_numbers writes an array of numbers, and remembers it. */
static void encode_numbers(struct buf *out, const struct array *array, struct written *before) {
    if (encode_again(out, array, before))
        return;
    const size_t at = out->n, i = before->n++ % 2;
    encode_array(out, array);
    before->array[i] = array, before->at[i] = at, before->size[i] = out->n - at;
}

static bool holds_numbers(const struct field *field, const struct array *array) {
    return field->type == FIELD_ARRAY && !field->names && array->kind == KIND_REAL && array->dims == 1;
}

static void encode_members(struct buf *out, const struct field *fields, const void *base, bool first) {
    struct written before = {0};
    for (const struct field *field = fields; field->name; field++) {
        if (is_left_out(field, base))
            continue;
        if (!first)
            buf_byte(out, ',');
        first = false;
        const void *member = (const char *)base + field->offset;
        if (holds_numbers(field, member)) {
            encode_text(out, field->name);
            buf_byte(out, ':');
            encode_numbers(out, member, &before);
        } else {
            encode_named(out, field, base);
        }
    }
}

/* end_line ends a line; false: stop. */
static bool end_line(struct sink *sink) {
    buf_byte(&sink->out, '\n');
    return sink_line(sink);
}

static bool encode_trace_lines(struct sink *sink, const struct trace *trace) {
    if (trace->commands) {
        trace_commands_write(&sink->out, trace, '\n');
        return end_line(sink);
    }
    bool wanted = true;
    for (size_t i = 0; i < trace->n && wanted; i++) {
        encode_step(&sink->out, &trace->steps[i], i);
        wanted = end_line(sink);
    }
    return wanted;
}

/* encode_number_lines writes some rows at a time. */
static bool encode_number_lines(struct sink *sink, const struct array *a) {
    enum { SOME = 4096 };
    size_t width = a->shape[0] ? a->n / a->shape[0] : 1, rows = width < SOME ? SOME / (width ? width : 1) : 1;
    bool wanted = true;
    for (size_t row = 0; row < a->shape[0] && wanted; row += rows) {
        struct array part = *a;
        part.shape[0] = a->shape[0] - row < rows ? a->shape[0] - row : rows;
        part.n = part.shape[0] * width;
        part.data = (char *)a->data + 8 * row * width;
        numbers_write_lines(&sink->out, &part);
        wanted = sink_line(sink);
    }
    return wanted;
}

static void encode_element(struct buf *out, const struct field *field, const void *member, size_t i) {
    if (field->type == FIELD_LIST)
        encode_fields(out, field->fields, (const char *)((const struct list *)member)->items + i * field->size);
    else if (field->type == FIELD_ROWS)
        encode_row_of(out, member, i);
    else
        encode_string(out, ((const struct array *)member)->strings[i].p, ((const struct array *)member)->strings[i].n);
}

static size_t elements(const struct field *field, const void *member) {
    return field->type == FIELD_LIST   ? ((const struct list *)member)->n
           : field->type == FIELD_ROWS ? ((const struct rows *)member)->n
                                       : ((const struct array *)member)->n;
}

/* encode_lines_of writes each element of a member that is there; false: stop. */
static bool encode_lines_of(struct sink *sink, const struct field *field, const void *member) {
    if (field->type == FIELD_TRACE)
        return encode_trace_lines(sink, member);
    if (field->type == FIELD_ARRAY && ((const struct array *)member)->kind != KIND_STRING)
        return encode_number_lines(sink, member);
    bool wanted = true;
    for (size_t i = 0; i < elements(field, member) && wanted; i++) {
        encode_element(&sink->out, field, member, i);
        wanted = end_line(sink);
    }
    return wanted;
}

/* lines_of is the member whose elements are lines: a trace where there is one, else that of the name; NULL: none. */
static const struct field *lines_of(const struct field *fields, const void *base, const char *name) {
    const struct field *lines = NULL;
    for (const struct field *field = fields; field->name; field++) {
        if (field->type == FIELD_TRACE && !is_left_out(field, base))
            return field;
        if (name && strcmp(field->name, name) == 0)
            lines = field;
    }
    return lines;
}

static void encode_last_without(struct buf *out, const struct field *fields, const void *base,
                                const struct field *lines) {
    buf_text(out, "{\"done\":true");
    for (const struct field *field = fields; field->name; field++) {
        if (is_left_out(field, base))
            continue;
        if (field != lines) {
            buf_byte(out, ',');
            encode_named(out, field, base);
        } else if (field->type == FIELD_TRACE) {
            buf_text(out, ",\"trace\":{\"total\":");
            number_write_int(
                out, (int64_t)((const struct trace *)(const void *)((const char *)base + field->offset))->total);
            buf_byte(out, '}');
        }
    }
    buf_text(out, "}\n");
}

void encode_last_line(struct buf *out, const struct field *fields, const void *base, const char *name) {
    encode_last_without(out, fields, base, lines_of(fields, base, name));
}

bool encode_lines(struct sink *sink, const struct field *fields, const void *base, const char *name) {
    const struct field *lines = lines_of(fields, base, name);
    if (lines && !is_left_out(lines, base) && !encode_lines_of(sink, lines, (const char *)base + lines->offset))
        return false;
    encode_last_without(&sink->out, fields, base, lines);
    return true;
}

void encode_fields(struct buf *out, const struct field *fields, const void *base) {
    buf_byte(out, '{');
    encode_members(out, fields, base, true);
    buf_byte(out, '}');
}
