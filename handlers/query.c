#include <jansson.h>

#include "handlers/decode.h"
#include "handlers/encode.h"

enum { PART_MAX = 1 << 16 };

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* percent_decode appends p .. end with %XX and '+' resolved; false where two hexadecimal digits do not follow a '%'. */
static bool percent_decode(struct buf *out, const char *p, const char *end) {
    for (; p < end; p++) {
        if (*p != '%') {
            buf_byte(out, *p == '+' ? ' ' : *p);
            continue;
        }
        if (end - p < 3 || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
            return false;
        buf_byte(out, (char)(hex_digit(p[1]) << 4 | hex_digit(p[2])));
        p += 2;
    }
    return true;
}

/* is_text says whether the named parameter's value is taken as a string. Unknown names are too: the decoder will refuse
 * them by name. */
static bool is_text(const struct endpoint *endpoint, const char *name, size_t n) {
    for (const struct field *f = endpoint->input; f->name; f++)
        if (strlen(f->name) == n && memcmp(f->name, name, n) == 0)
            return f->type == FIELD_ENUM || f->type == FIELD_STRING;
    return true;
}

static bool is_json(const struct buf *text) {
    json_t *value = json_loadb(text->data ? text->data : "", text->n, JSON_DECODE_ANY, NULL);
    json_decref(value);
    return value != NULL;
}

static enum status add_parameter(struct call *call, struct buf *name, struct buf *value, struct buf *out) {
    encode_string(out, name->data ? name->data : "", name->n);
    buf_byte(out, ':');
    if (is_text(call->endpoint, name->data ? name->data : "", name->n))
        encode_string(out, value->data ? value->data : "", value->n);
    else if (is_json(value))
        buf_add(out, value->data, value->n);
    else
        return call_fail(call, STATUS_INVALID, "", "The query parameter \"%.*s\" is not JSON: \"%.*s\".", (int)name->n,
                         name->data, value->n > 40 ? 40 : (int)value->n, value->data ? value->data : "");
    return STATUS_OK;
}

static enum status add_part(struct call *call, const char *p, const char *end, struct buf *out) {
    const char *equals = memchr(p, '=', (size_t)(end - p));
    struct buf name, value;
    buf_init(&name, 256);
    buf_init(&value, PART_MAX);
    bool ok = percent_decode(&name, p, equals ? equals : end) && (!equals || percent_decode(&value, equals + 1, end));
    enum status status = STATUS_OK;
    if (!ok || name.failed || value.failed)
        status = call_fail(
            call, STATUS_INVALID, "",
            "The query string cannot be read: want name=value pairs, percent-encoded, of at most %d bytes each.",
            PART_MAX);
    else
        status = add_parameter(call, &name, &value, out);
    buf_release(&name);
    buf_release(&value);
    return status;
}

enum status query_json(struct call *call, const char *query, struct buf *out) {
    enum status status = STATUS_OK;
    buf_byte(out, '{');
    size_t start = out->n;
    while (*query && status == STATUS_OK) {
        const char *end = strchr(query, '&');
        if (!end)
            end = query + strlen(query);
        if (end > query) {
            if (out->n > start)
                buf_byte(out, ',');
            status = add_part(call, query, end, out);
        }
        query = *end ? end + 1 : end;
    }
    buf_byte(out, '}');
    if (status == STATUS_OK && out->failed)
        status = call_fail(call, STATUS_NO_MEMORY, "", "The query string is too long.");
    return status;
}
