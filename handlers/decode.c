#include "handlers/decode.h"

#include <stdio.h>

#include "handlers/decoder.h"
#include "handlers/encode.h"
#include "handlers/number.h"
#include "handlers/spelling.h"

/* Scalars. Each has a reader of text, which serves the request and the default. */

static int enum_index(const struct field *field, const char *p, size_t n) {
    for (int i = 0; field->names[i]; i++)
        if (strlen(field->names[i]) == n && memcmp(field->names[i], p, n) == 0)
            return i;
    return -1;
}

/* alias_index finds the name that an alias stands for; -1: it is none. */
static int alias_index(const struct field *field, const char *text, size_t n) {
    for (const struct alias *a = field->aliases; a && a->alias; a++)
        if (strlen(a->alias) == n && memcmp(a->alias, text, n) == 0)
            return enum_index(field, a->name, strlen(a->name));
    return -1;
}

/* list_names writes "a", "b" or "c"; what does not fit becomes "...". */
static void list_names(const char *const *names, char *to, size_t size) {
    size_t at = 0;
    to[0] = '\0';
    for (size_t i = 0; names[i]; i++) {
        const char *before = i == 0 ? "" : names[i + 1] ? ", " : " or ";
        if (at + strlen(before) + strlen(names[i]) + sizeof "\"\", ..." > size) {
            snprintf(to + at, size - at, ", ...");
            return;
        }
        at += (size_t)snprintf(to + at, size - at, "%s\"%s\"", before, names[i]);
    }
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
        if (error == NUMBER_OK && decoder_int_fits(field, *to))
            return STATUS_OK;
        if (error == NUMBER_SYNTAX)
            return splice_syntax(d->ctx, d->splice->text, d->splice->n, (size_t)(span->text - d->splice->text));
    }
    return decoder_wrong(d, path, "is %s, want %s.", decoder_show(d, value).text, decoder_int_range(field, range));
}

static enum status decode_number(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                 double *to) {
    const struct span *span = splice_span(d->splice, value);
    char range[96];
    if (span && *span->text != '[') {
        enum number_error error = number_read_real(span->text, span->n, to);
        if (error == NUMBER_OK && decoder_real_fits(field, *to))
            return STATUS_OK;
        if (error == NUMBER_SYNTAX)
            return splice_syntax(d->ctx, d->splice->text, d->splice->n, (size_t)(span->text - d->splice->text));
        if (error == NUMBER_RANGE)
            return decoder_wrong(d, path, "is %s, which is beyond the greatest double; want %s.",
                                 decoder_show(d, value).text, decoder_real_range(field, range));
    }
    return decoder_wrong(d, path, "is %s, want %s.", decoder_show(d, value).text, decoder_real_range(field, range));
}

static enum status decode_bool(struct decoder *d, const struct path *path, json_t *value, bool *to) {
    if (!json_is_boolean(value))
        return decoder_wrong(d, path, "is %s, want true or false.", decoder_show(d, value).text);
    *to = json_is_true(value);
    return STATUS_OK;
}

static enum status decode_enum(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                               int *to) {
    if (json_is_string(value) && !splice_span(d->splice, value)) {
        *to = enum_index(field, json_string_value(value), json_string_length(value));
        if (*to < 0)
            *to = alias_index(field, json_string_value(value), json_string_length(value));
        if (*to >= 0)
            return STATUS_OK;
        *to = 0;
    }
    char names[704];
    list_names(field->names, names, sizeof names);
    return decoder_wrong(d, path, "is %s, want %s.", decoder_show(d, value).text, names);
}

static enum status decode_string(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                 struct str *to) {
    if (!json_is_string(value) || splice_span(d->splice, value))
        return decoder_wrong(d, path, "is %s, want a string.", decoder_show(d, value).text);
    if (json_string_length(value) > decoder_max_items(field) || json_string_length(value) < field->min_items)
        return decoder_wrong(d, path, "has %zu bytes, want %zu to %zu.", json_string_length(value), field->min_items,
                             decoder_max_items(field));
    return decoder_copy_string(d, path, value, to);
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
            !(field->kinds & KIND_REAL && is_written_as_real(span)) && decoder_int_fits(field, to->i)) {
            to->kind = KIND_INT;
            return STATUS_OK;
        }
        if (field->kinds & KIND_REAL && number_read_real(span->text, span->n, &to->r) == NUMBER_OK &&
            decoder_real_fits(field, to->r)) {
            to->kind = KIND_REAL;
            return STATUS_OK;
        }
    }
    if (!span && json_is_string(value) && field->kinds & KIND_STRING) {
        to->kind = KIND_STRING;
        return decoder_copy_string(d, path, value, &to->s);
    }
    return decoder_wrong(d, path, "is %s, want one of: %s.", decoder_show(d, value).text,
                         decoder_kinds_text(field->kinds));
}

/* Objects. */

static enum status decode_object(struct decoder *d, const struct field *fields, const struct path *path, json_t *object,
                                 void *base, bool tagged);

/* decode_item reads an element of a LIST: an object, or its first field alone. */
static enum status decode_item(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                               char *item) {
    const struct span *span = splice_span(d->splice, value);
    bool array = json_is_array(value) || (span && *span->text == '[');
    if (!field->bare || json_is_object(value))
        return decode_object(d, field->fields, path, value, item, false);
    if (!array)
        return decoder_wrong(d, path, "is %s, want an array or an object.", decoder_show(d, value).text);
    *(bool *)(item + field->bare) = true;
    return decoder_array(d, field->fields, path, value, (struct array *)(item + field->fields->offset));
}

static enum status decode_list(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                               struct list *to) {
    const struct span *span = splice_span(d->splice, value);
    if (span && *span->text == '[')
        return field->bare ? decoder_bare_list(d, field, path, span, to)
                           : decoder_wrong(d, path, "is an array of numbers, want an array of objects.");
    if (!json_is_array(value))
        return decoder_wrong(d, path, "is %s, want an array of objects%s.", decoder_show(d, value).text,
                             field->bare ? " or arrays" : "");
    size_t n = json_array_size(value);
    enum status status = decoder_items(d, field, path, n, to);
    for (size_t i = 0; status == STATUS_OK && to->items && i < n && d->call->n_errors < CALL_MAX_ERRORS; i++) {
        struct path at = {.up = path, .index = i};
        status = decode_item(d, field, &at, json_array_get(value, i), (char *)to->items + i * field->size);
    }
    return status;
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
    return type ? decoder_wrong(d, &at, "is %s, want %s.", decoder_show(d, type).text, text)
                : decoder_wrong(d, &at, "is missing, want %s.", text);
}

static enum status decode_variant(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                  struct choice *to) {
    json_t *type = json_object_get(value, "type");
    const struct variant *variant = find_variant(field, type);
    if (!variant)
        return wrong_variant(d, field, path, type);
    to->variant = (int)(variant - field->variants);
    to->params = ctx_zalloc(d->ctx, 1, variant->size);
    if (!to->params)
        return STATUS_NO_MEMORY;
    enum status status = decode_object(d, variant->fields, path, value, to->params, true);
    return status == STATUS_OK ? decoder_rules(d, variant->rules, path, value) : status;
}

static enum status unknown_model(struct decoder *d, const struct path *path, json_t *value) {
    const struct model_name *bad;
    struct list list;
    char names[512] = "";
    enum status status =
        call_list_models(d->call, (struct str){json_string_value(value), json_string_length(value)}, &list, &bad);
    if (status != STATUS_OK)
        return status;
    if (bad)
        return decoder_wrong(d, path, "is %s, a model that is left out: %.*s", decoder_show(d, value).text,
                             (int)bad->why.n, bad->why.p);
    for (size_t i = 0, at = 0; i < list.n && at < sizeof names; i++) {
        const struct model_name *m = (const struct model_name *)list.items + i;
        if (!m->why.n)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s\"%.*s\"", at ? ", " : "", (int)m->name.n,
                                   m->name.p);
    }
    if (!*names)
        return decoder_wrong(d, path, "is %s, but this server has no named models; want an object.",
                             decoder_show(d, value).text);
    return decoder_wrong(d, path, "is %s, want an object or one of the models %s.", decoder_show(d, value).text, names);
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
                                  : decoder_wrong(&d, path, "is %s, want an object.", decoder_show(&d, root).text);
    json_decref(root);
    splice_release(&splice);
    return status;
}

/* decode_named puts the model's own JSON object in the place of its name. */
static enum status decode_named(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                struct choice *to) {
    const struct str name = {json_string_value(value), json_string_length(value)};
    struct kept_model *kept;
    enum status status =
        call_keep_model(d->call, name, (struct str){"", 0}, d->call->hasty ? MODEL_HASTY : MODEL_DIGESTED, &kept);
    if (status == STATUS_INVALID)
        return decoder_wrong(d, path, "cannot be used: %s", d->ctx->err.detail);
    if (status != STATUS_OK)
        return status;
    if (!kept)
        return unknown_model(d, path, value);
    d->call->impure = true;
    return read_model(d->call, field, path, kept->named.json.p, kept->named.json.n, to);
}

static enum status decode_union(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                                struct choice *to) {
    if (json_is_object(value))
        return decode_variant(d, field, path, value, to);
    if (field->role == ROLE_MODEL && json_is_string(value) && !splice_span(d->splice, value))
        return decode_named(d, field, path, value, to);
    return decoder_wrong(d, path, "is %s, want an object%s.", decoder_show(d, value).text,
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
        return decoder_wrong(d, path, "is %s, want an object.", decoder_show(d, value).text);
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    write_text(d, value, &text);
    char *p = text.failed ? NULL : ctx_alloc(d->ctx, text.n, 1);
    if (p)
        memcpy(p, text.data, text.n);
    else if (text.failed)
        (void)ctx_fail(d->ctx, STATUS_NO_MEMORY, "", "There is not enough memory to read the body.");
    bool nul = p && splice_has_nul(d->splice, p, text.n);
    *to = (struct str){p, text.n};
    buf_release(&text);
    if (nul)
        return decoder_wrong(d, path, "holds the character U+0000 in a string, want strings without it.");
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
    case FIELD_ARRAY: return decoder_array(d, field, path, value, member);
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
        return decoder_npy_array(d, field, path, member);
    }
    if (field->role == ROLE_SEED) {
        *(int64_t *)member = (int64_t)call_draw(d->call);
        d->call->impure = true;
    } else if (field->required) {
        return decoder_wrong(d, path, "is missing; it is required.");
    } else if (field->type == FIELD_OBJECT) {
        return decode_object(d, field->fields, path, NULL, member, false);
    } else if (field->def) {
        set_default(field, member);
    }
    return STATUS_OK;
}

static enum status unknown_field(struct decoder *d, const struct field *fields, const struct path *path) {
    const struct field *nearest = NULL;
    size_t best = SPELLING_NEAR + 1;
    const struct str name = {path->name, strlen(path->name)};
    for (const struct field *f = fields; f->name; f++) {
        size_t distance = edit_distance(name, (struct str){f->name, strlen(f->name)});
        if (distance < best) {
            best = distance;
            nearest = f;
        }
    }
    if (nearest)
        return decoder_wrong(d, path, "is not a field of this request; did you mean \"%s\"?", nearest->name);
    const char *names[64] = {NULL};
    for (size_t i = 0; fields[i].name && i < COUNT_OF(names) - 1; i++)
        names[i] = fields[i].name;
    char text[640];
    list_names(names, text, sizeof text);
    return decoder_wrong(d, path, "is not a field of this request; the fields are %s.", text);
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
        return decoder_wrong(d, path, "is %s, want an object.", decoder_show(d, object).text);
    enum status status = object ? refuse_unknown(d, fields, path, object, tagged) : STATUS_OK;
    for (const struct field *field = fields; field->name && status == STATUS_OK; field++) {
        struct path at = {.up = path, .name = field->name};
        if (!path && ctx_stop(d->ctx) == STOP_CANCEL) /* a field may have 64 MB, and there is another */
            return ctx_stopped(d->ctx);
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

static void note_time_limit(struct call *call, const struct field *fields) {
    for (const struct field *field = fields; field->name; field++)
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
    const struct field *fields = call->endpoint->input ? call->endpoint->input : call->endpoint->query;
    struct splice splice;
    json_t *root;
    enum status status = splice_parse(&call->ctx, &splice, text, n, &root);
    if (status != STATUS_OK)
        return status;
    struct decoder d = {call, &call->ctx, &splice, body};
    status = decode_object(&d, fields, NULL, root, call->params, false);
    if (status == STATUS_OK && json_is_object(root))
        status = decoder_rules(&d, call->endpoint->rules, NULL, root);
    json_decref(root);
    splice_release(&splice);
    if (status == STATUS_OK && call->n_errors)
        status = STATUS_INVALID;
    if (status == STATUS_OK)
        note_time_limit(call, fields);
    return status;
}
