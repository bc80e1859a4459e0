#include <jansson.h>

#include "handlers/decode.h"
#include "handlers/encode.h"

enum { PART_MAX = 1 << 16, MAX_PARTS = 256, QUERY_DEPTH = 8 };

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool percent_decode(struct buf *out, const char *p, const char *end, bool plus) {
    for (; p < end; p++) {
        if (*p != '%') {
            buf_byte(out, *p == '+' && plus ? ' ' : *p);
            continue;
        }
        if (end - p < 3 || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
            return false;
        buf_byte(out, (char)(hex_digit(p[1]) << 4 | hex_digit(p[2])));
        p += 2;
    }
    return true;
}

/* What the members of an object may be: fields, and those of a union's variants. */
struct members {
    const struct field *fields;
    const struct variant *variants;
};

struct parameter {
    struct str name, value; /* decoded; in the arena */
};

struct query {
    struct call *call;
    struct parameter *parts;
    size_t n;
    struct buf *out;
};

static const struct field *find_in(const struct field *fields, struct str name) {
    for (const struct field *f = fields; f && f->name; f++)
        if (strlen(f->name) == name.n && memcmp(f->name, name.p, name.n) == 0)
            return f;
    return NULL;
}

static const struct field *find_member(const struct members *of, struct str name) {
    const struct field *f = find_in(of->fields, name);
    for (const struct variant *v = of->variants; !f && v && v->name; v++)
        f = find_in(v->fields, name);
    return f;
}

/* is_text says whether the named member's value is taken as a string. Unknown names are too (among them the "type" of a
 * union): the decoder will refuse them by name. */
static bool is_text(const struct members *of, struct str name) {
    const struct field *f = find_member(of, name);
    return !f || f->type == FIELD_ENUM || f->type == FIELD_STRING;
}

/* may_be_text: where a value is no JSON, it is a string without its quotes: a model's name, a class's. */
static bool may_be_text(const struct members *of, struct str name) {
    const struct field *f = find_member(of, name);
    const bool one = f && (f->type == FIELD_VALUE || (f->type == FIELD_ARRAY && f->scalar));
    return f && ((one && f->kinds & KIND_STRING) || f->role == ROLE_MODEL);
}

static bool is_json(struct str text) {
    json_t *value = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    json_decref(value);
    return value != NULL;
}

static enum status write_value(struct query *q, const struct members *of, struct str name,
                               const struct parameter *part) {
    if (is_text(of, name))
        encode_string(q->out, part->value.p, part->value.n);
    else if (is_json(part->value))
        buf_add(q->out, part->value.p, part->value.n);
    else if (may_be_text(of, name))
        encode_string(q->out, part->value.p, part->value.n);
    else
        return call_fail(q->call, STATUS_INVALID, "", "The query parameter \"%.*s\" is not JSON: \"%.*s\".",
                         (int)part->name.n, part->name.p, part->value.n > 40 ? 40 : (int)part->value.n, part->value.p);
    return STATUS_OK;
}

/* head_of is what stands in a parameter's name before the next dot behind the prefix; n is SIZE_MAX where the name does
 * not begin with it. */
static struct str head_of(const struct parameter *part, struct str prefix) {
    if (part->name.n < prefix.n || memcmp(part->name.p, prefix.p, prefix.n) != 0)
        return (struct str){NULL, SIZE_MAX};
    struct str head = {part->name.p + prefix.n, part->name.n - prefix.n};
    const char *dot = memchr(head.p, '.', head.n);
    head.n = dot ? (size_t)(dot - head.p) : head.n;
    return head;
}

static bool is_dotted(const struct parameter *part, struct str head) {
    return head.p + head.n < part->name.p + part->name.n;
}

/* is_repeated: an earlier parameter has written the object that this one is a part of. */
static bool is_repeated(const struct query *q, size_t i, struct str prefix, struct str head) {
    for (size_t j = 0; j < i; j++) {
        struct str other = head_of(&q->parts[j], prefix);
        if (other.n == head.n && memcmp(other.p, head.p, head.n) == 0 && is_dotted(&q->parts[j], other))
            return true;
    }
    return false;
}

/* write_object writes all that begins with the prefix, which is empty or ends with a dot. */
static enum status write_object(struct query *q, const struct members *of, struct str prefix, unsigned depth) {
    const char *between = "{";
    if (depth > QUERY_DEPTH)
        return call_fail(q->call, STATUS_INVALID, "", "The query parameter \"%.*s...\" has more than %d dots.",
                         prefix.n > 40 ? 40 : (int)prefix.n, prefix.p, QUERY_DEPTH);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < q->n && status == STATUS_OK; i++) {
        const struct parameter *part = &q->parts[i];
        struct str head = head_of(part, prefix);
        bool dotted = head.n != SIZE_MAX && is_dotted(part, head);
        if (head.n == SIZE_MAX || (dotted && is_repeated(q, i, prefix, head)))
            continue;
        buf_text(q->out, between);
        between = ",";
        encode_string(q->out, head.p, head.n);
        buf_byte(q->out, ':');
        const struct field *f = find_member(of, head);
        struct members below = {f ? f->fields : NULL, f ? f->variants : NULL};
        struct str longer = {part->name.p, prefix.n + head.n + 1};
        status = dotted ? write_object(q, &below, longer, depth + 1) : write_value(q, of, head, part);
    }
    buf_text(q->out, *between == '{' ? "{}" : "}");
    return status;
}

static enum status copy(struct ctx *ctx, const struct buf *from, struct str *to) {
    char *p = ctx_alloc(ctx, from->n + 1, 1);
    if (!p)
        return STATUS_NO_MEMORY;
    if (from->n)
        memcpy(p, from->data, from->n);
    p[from->n] = '\0';
    *to = (struct str){p, from->n};
    return STATUS_OK;
}

static enum status read_part(struct call *call, const char *p, const char *end, struct parameter *part) {
    const char *equals = memchr(p, '=', (size_t)(end - p));
    struct buf name, value;
    buf_init(&name, 256);
    buf_init(&value, PART_MAX);
    bool ok = percent_decode(&name, p, equals ? equals : end, true) &&
              (!equals || percent_decode(&value, equals + 1, end, true));
    enum status status;
    if (!ok || name.failed || value.failed)
        status = call_fail(
            call, STATUS_INVALID, "",
            "The query string cannot be read: want name=value pairs, percent-encoded, of at most %d bytes each.",
            PART_MAX);
    else if ((status = copy(&call->ctx, &name, &part->name)) == STATUS_OK)
        status = copy(&call->ctx, &value, &part->value);
    buf_release(&name);
    buf_release(&value);
    return status;
}

/* read_parts takes the query apart at its ampersands. */
static enum status read_parts(struct query *q, const char *query) {
    enum status status = STATUS_OK;
    while (*query && status == STATUS_OK) {
        const char *end = strchr(query, '&');
        if (!end)
            end = query + strlen(query);
        if (end > query && q->n == MAX_PARTS)
            return call_fail(q->call, STATUS_INVALID, "", "The query string has more than %d parameters.", MAX_PARTS);
        if (end > query)
            status = read_part(q->call, query, end, &q->parts[q->n++]);
        query = *end ? end + 1 : end;
    }
    return status;
}

enum status query_json(struct call *call, const struct field *fields, const char *query, struct buf *out) {
    struct query q = {.call = call, .out = out};
    q.parts = ctx_alloc(&call->ctx, MAX_PARTS, sizeof *q.parts);
    if (!q.parts)
        return STATUS_NO_MEMORY;
    enum status status = read_parts(&q, query);
    if (status == STATUS_OK)
        status = write_object(&q, &(struct members){fields, NULL}, (struct str){"", 0}, 0);
    if (status == STATUS_OK && out->failed)
        status = call_fail(call, STATUS_NO_MEMORY, "", "The query string is too long.");
    return status;
}
