#include "handlers/schema.h"

#include "handlers/encode.h"
#include "handlers/number.h"

static void add_int_limit(struct buf *out, const char *key, int64_t value) {
    buf_printf(out, ",\"%s\":", key);
    number_write_int(out, value);
}

static void add_real_limit(struct buf *out, const char *key, double value) {
    buf_printf(out, ",\"%s\":", key);
    number_write_real(out, value);
}

static void integer_schema(struct buf *out, const struct field *f) {
    buf_text(out, "\"type\":\"integer\",\"format\":\"int64\"");
    if (!f->limited)
        return;
    add_int_limit(out, "minimum", f->min_int);
    if (f->max_int < INT64_MAX)
        add_int_limit(out, "maximum", f->max_int);
}

static void number_schema(struct buf *out, const struct field *f) {
    buf_text(out, f->nullable ? "\"type\":[\"number\",\"null\"]" : "\"type\":\"number\"");
    if (!f->limited)
        return;
    add_real_limit(out, f->above_min ? "exclusiveMinimum" : "minimum", f->min);
    if (f->max < 1e300)
        add_real_limit(out, "maximum", f->max);
}

/* U+0000 is refused in every string (splice.h). */
static void string_schema(struct buf *out) { buf_text(out, "\"type\":\"string\",\"pattern\":\"^[^\\\\u0000]*$\""); }

static void enum_schema(struct buf *out, const struct field *f) {
    buf_text(out, "\"type\":\"string\",\"enum\":[");
    for (size_t i = 0; f->names[i]; i++) {
        if (i)
            buf_byte(out, ',');
        encode_text(out, f->names[i]);
    }
    for (const struct alias *a = f->aliases; a && a->alias; a++) {
        buf_byte(out, ',');
        encode_text(out, a->alias);
    }
    buf_byte(out, ']');
}

/* element_schema is one number or string of a kind. */
static void element_schema(struct buf *out, const struct field *f, enum kind kind) {
    if (kind == KIND_INT && f->names)
        enum_schema(out, f);
    else if (kind == KIND_INT)
        integer_schema(out, f);
    else if (kind == KIND_REAL)
        number_schema(out, f);
    else
        string_schema(out);
}

/* below is how many elements one array of this level holds where `dims` levels are left and the inner lengths are
 * fixed; 0: that varies. */
static size_t below(const struct field *f, unsigned dims) {
    return dims == 1 ? 1 : dims == 2 ? f->columns : dims == 3 ? (size_t)f->columns * f->rows : 0;
}

/* array_schema is `dims` levels of arrays of a kind, the outermost of all or an inner one. */
static void array_schema(struct buf *out, const struct field *f, enum kind kind, unsigned dims, bool outermost) {
    buf_text(out, "\"type\":\"array\",\"items\":{");
    if (dims > 1)
        array_schema(out, f, kind, dims - 1, false);
    else
        element_schema(out, f, kind);
    buf_byte(out, '}');
    unsigned fixed = outermost ? 0 : dims == 1 ? f->columns : dims == 2 ? f->rows : 0;
    size_t each = below(f, dims); /* the limits are of all levels together */
    if (fixed) {
        add_int_limit(out, "minItems", fixed);
        add_int_limit(out, "maxItems", fixed);
        return;
    }
    if (f->min_items)
        add_int_limit(out, "minItems", outermost && each ? (int64_t)((f->min_items + each - 1) / each) : 1);
    if (f->max_items && outermost && each)
        add_int_limit(out, "maxItems", (int64_t)(f->max_items / each));
}

/* kinds_schema writes one alternative for each kind and depth that the field takes. An integer is a number in JSON
 * Schema, so a field that takes both says "number" alone. */
static void kinds_schema(struct buf *out, const struct field *f) {
    unsigned low = f->min_dims ? f->min_dims : 1, high = f->max_dims ? f->max_dims : 1;
    unsigned kinds = f->kinds & KIND_REAL ? f->kinds & ~(unsigned)KIND_INT : f->kinds;
    if (f->type == FIELD_VALUE)
        low = high = 0;
    else if (f->scalar)
        low = 0;
    bool several = (kinds & (kinds - 1)) || high > low;
    const char *between = several ? "\"anyOf\":[{" : "";
    for (unsigned kind = KIND_INT; kind <= KIND_STRING; kind *= 2)
        for (unsigned dims = low; dims <= high; dims++) {
            if (!(kinds & kind))
                continue;
            buf_text(out, between);
            between = "},{";
            if (dims)
                array_schema(out, f, (enum kind)kind, dims, true);
            else
                element_schema(out, f, (enum kind)kind);
        }
    if (several)
        buf_text(out, "}]");
}

static void union_schema(struct buf *out, const struct field *f, bool request) {
    buf_text(out, "\"oneOf\":[");
    for (const struct variant *v = f->variants; v->name; v++) {
        if (v > f->variants)
            buf_byte(out, ',');
        schema_fields(out, v->fields, v->rules, v->name, request);
    }
    if (f->role == ROLE_MODEL)
        buf_text(out, ",{\"type\":\"string\",\"description\":\"The name of a model that the server was given.\"}");
    buf_byte(out, ']');
}

static void list_schema(struct buf *out, const struct field *f, bool request) {
    buf_text(out, "\"type\":\"array\",\"items\":");
    if (f->bare) {
        buf_text(out, "{\"anyOf\":[");
        schema_field(out, f->fields, request);
        buf_byte(out, ',');
    }
    schema_fields(out, f->fields, NULL, NULL, request);
    if (f->bare)
        buf_text(out, "]}");
    if (f->min_items)
        add_int_limit(out, "minItems", (int64_t)f->min_items);
    if (f->max_items)
        add_int_limit(out, "maxItems", (int64_t)f->max_items);
}

static void rows_schema(struct buf *out, const struct field *f) {
    buf_text(out, "\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{");
    integer_schema(out, f);
    buf_text(out, "}}");
}

static const char TRACE_SCHEMA[] =
    "\"type\":\"object\",\"required\":[\"total\"],\"properties\":{\"commands\":{\"type\":\"array\",\"items\":{\"type\":"
    "\"object\","
    "\"required\":[\"key\",\"method\",\"args\"],\"properties\":{\"key\":{\"type\":[\"string\",\"null\"]},"
    "\"method\":{\"type\":\"string\"},\"args\":{\"type\":\"array\"}}}},\"total\":{\"type\":\"integer\"},\"steps\":"
    "{"
    "\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"i\",\"op\",\"at\"],\"properties\":{"
    "\"i\":{\"type\":\"integer\"},\"op\":{\"type\":\"string\"},\"at\":{\"type\":\"array\",\"items\":{\"type\":"
    "\"integer\"}},"
    "\"values\":{\"type\":\"array\"},\"vars\":{\"type\":\"object\"}}}}}";

static void object_members(struct buf *out, const struct field *fields, const char *tag, bool request);

static void type_schema(struct buf *out, const struct field *f, bool request) {
    switch (f->type) {
    case FIELD_INT: integer_schema(out, f); break;
    case FIELD_NUMBER: number_schema(out, f); break;
    case FIELD_BOOL: buf_text(out, "\"type\":\"boolean\""); break;
    case FIELD_ENUM: enum_schema(out, f); break;
    case FIELD_STRING:
        string_schema(out);
        if (f->max_items)
            add_int_limit(out, "maxLength", (int64_t)f->max_items);
        break;
    case FIELD_VALUE:
    case FIELD_ARRAY: kinds_schema(out, f); break;
    case FIELD_OBJECT: object_members(out, f->fields, NULL, request); break;
    case FIELD_LIST: list_schema(out, f, request); break;
    case FIELD_UNION: union_schema(out, f, request); break;
    case FIELD_ROWS: rows_schema(out, f); break;
    case FIELD_TRACE: buf_text(out, TRACE_SCHEMA); break;
    case FIELD_JSON: buf_text(out, "\"type\":\"object\""); break;
    }
}

void schema_field(struct buf *out, const struct field *f, bool request) {
    buf_byte(out, '{');
    type_schema(out, f, request);
    buf_text(out, ",\"description\":");
    encode_text(out, f->doc);
    if (f->def) {
        buf_text(out, ",\"default\":");
        if (f->type == FIELD_ENUM || f->type == FIELD_STRING)
            encode_text(out, f->def);
        else
            buf_text(out, f->def);
    }
    buf_byte(out, '}');
}

static void required_members(struct buf *out, const struct field *fields, const char *tag) {
    const char *between = "";
    buf_text(out, "\"required\":[");
    if (tag) {
        buf_text(out, "\"type\"");
        between = ",";
    }
    for (const struct field *f = fields; f->name; f++) {
        if (!f->required)
            continue;
        buf_text(out, between);
        encode_text(out, f->name);
        between = ",";
    }
    buf_byte(out, ']');
}

static void object_members(struct buf *out, const struct field *fields, const char *tag, bool request) {
    buf_text(out, "\"type\":\"object\",\"properties\":{");
    if (tag) {
        buf_text(out, "\"type\":{\"const\":");
        encode_text(out, tag);
        buf_byte(out, '}');
    }
    for (const struct field *f = fields; f->name; f++) {
        if (f > fields || tag)
            buf_byte(out, ',');
        encode_text(out, f->name);
        buf_byte(out, ':');
        schema_field(out, f, request);
    }
    buf_text(out, "},");
    required_members(out, fields, tag);
    if (request)
        buf_text(out, ",\"additionalProperties\":false");
}

void schema_fields(struct buf *out, const struct field *fields, const struct rule *rules, const char *tag,
                   bool request) {
    buf_byte(out, '{');
    object_members(out, fields, tag, request);
    rules_schema(rules, out);
    buf_byte(out, '}');
}
