#include "handlers/config_file.h"

#include <stdio.h>
#include <string.h>

#include "core/tensor/tensor.h"
#include "handlers/encode.h"
#include "handlers/number.h"

const struct config_word config_activations[] = {{"silu", ACTIVATION_SILU}, {"swish", ACTIVATION_SILU},
                                                 {"mish", ACTIVATION_MISH}, {"gelu", ACTIVATION_GELU},
                                                 {"relu", ACTIVATION_RELU}, {0}};

struct reading {
    struct ctx *ctx;
    const char *file;
    const struct config_key *key;
    char *to;
};

static void *member(const struct reading *r) { return r->to + r->key->offset; }

static enum status wants(const struct reading *r, const char *format, ...) MUST_CHECK PRINTF_LIKE(2, 3);
static enum status wants(const struct reading *r, const char *format, ...) {
    char sentence[400];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return ctx_fail(r->ctx, STATUS_INVALID, "", "%s of %.100s wants %s.", r->key->name, r->file, sentence);
}

static enum status read_number(const struct reading *r, const json_t *value, bool whole, double *out) {
    *out = json_number_value(value);
    if (!(whole ? json_is_integer(value) : json_is_number(value)) || !(*out >= r->key->low && *out <= r->key->high))
        return wants(r, "%s from %.9g to %.9g%s", whole ? "an integer" : "a number", r->key->low, r->key->high,
                     r->key->nullable ? ", or null" : "");
    return STATUS_OK;
}

static enum status read_size(const struct reading *r, const json_t *value, size_t *out) {
    double number = 0;
    enum status status = read_number(r, value, true, &number);
    if (status == STATUS_OK)
        *out = (size_t)number;
    return status;
}

static enum status read_word(const struct reading *r, const json_t *value, int *out) {
    const char *text = json_string_value(value);
    char list[200] = "";
    for (const struct config_word *w = r->key->words; w->text; w++) {
        if (text && !strcmp(text, w->text)) {
            *out = w->value;
            return STATUS_OK;
        }
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", w->text);
    }
    const char *mark = text ? "\"" : "";
    return wants(r, "one of %s, not %s%.60s%s", list, mark,
                 text                  ? text
                 : json_is_null(value) ? "null"
                                       : "a value of another type",
                 mark);
}

static enum status read_pixels(const struct reading *r, const json_t *value) {
    const json_t *height = value, *width = value;
    size_t *to = member(r);
    if (json_is_array(value)) {
        if (json_array_size(value) != 2)
            return wants(r, "one integer, or two: height and width");
        height = json_array_get(value, 0);
        width = json_array_get(value, 1);
    }
    enum status status = read_size(r, height, &to[0]);
    return status == STATUS_OK ? read_size(r, width, &to[1]) : status;
}

static enum status read_switch(const struct reading *r, const json_t *value, bool *out) {
    int word = 0;
    enum status status = read_word(r, value, &word);
    *out = word != 0;
    return status;
}

static enum status read_element(const struct reading *r, const json_t *value, void *to, size_t i) {
    switch (r->key->type) {
    case CONFIG_SIZES: return read_size(r, value, (size_t *)to + i);
    case CONFIG_REALS: return read_number(r, value, false, (double *)to + i);
    default: return read_switch(r, value, (bool *)to + i);
    }
}

static enum status read_list(const struct reading *r, const json_t *value) {
    size_t n = json_array_size(value);
    void *to = member(r);
    if (!json_is_array(value) || n < 1 || n > r->key->list)
        return wants(r, "an array of 1 to %zu%s", r->key->list, r->key->type == CONFIG_REALS ? "" : ", one a level");
    if (r->key->type == CONFIG_REALS) {
        double *numbers = ctx_alloc(r->ctx, n, sizeof *numbers);
        if (!numbers)
            return STATUS_NO_MEMORY;
        *(const double **)to = numbers;
        to = numbers;
    }
    *(size_t *)(void *)(r->to + r->key->count) = n;
    for (size_t i = 0; i < n; i++) {
        enum status status = read_element(r, json_array_get(value, i), to, i);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_value(const struct reading *r, const json_t *value) {
    double number = 0;
    int word = 0;
    switch (r->key->type) {
    case CONFIG_SIZE: return read_size(r, value, member(r));
    case CONFIG_REAL: return read_number(r, value, false, member(r));
    case CONFIG_FLAG:
        *(bool *)member(r) = json_is_true(value);
        return json_is_boolean(value) ? STATUS_OK : wants(r, "true or false");
    case CONFIG_WORD: return read_word(r, value, member(r));
    case CONFIG_SWITCH: return read_switch(r, value, member(r));
    case CONFIG_ONLY: return r->key->words ? read_word(r, value, &word) : read_number(r, value, false, &number);
    case CONFIG_OFF: return json_is_false(value) ? STATUS_OK : wants(r, "false or null: there is no such network here");
    case CONFIG_PIXELS: return read_pixels(r, value);
    case CONFIG_SIZES:
    case CONFIG_SWITCHES:
    case CONFIG_REALS: return read_list(r, value);
    }
    return STATUS_INTERNAL;
}

/* A null where it may stand is no number, or as if the key were missing. */
static enum status read_null(const struct reading *r) {
    if (r->key->type == CONFIG_SIZE)
        *(size_t *)member(r) = 0;
    return STATUS_OK;
}

enum status config_file_read(struct ctx *ctx, const char *file, json_t *object, const struct config_key *keys, size_t n,
                             struct file_warnings *warnings, void *to) {
    struct reading r = {.ctx = ctx, .file = file, .to = to};
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        size_t i = 0;
        while (i < n && strcmp(keys[i].name, name) != 0)
            i++;
        if (i == n && *name != '_')
            file_warn(ctx, warnings, "%.100s has the unknown key %.60s, which is left out.", file, name);
        if (i == n)
            continue;
        r.key = &keys[i];
        const bool null = json_is_null(value) && (r.key->nullable || r.key->type == CONFIG_OFF);
        enum status status = null ? read_null(&r) : read_value(&r, value);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* -- Writing -- */

static const char *word_of(const struct config_word *words, int value) {
    while (words->text && words->value != value)
        words++;
    return words->text;
}

static void write_key(const struct config_key *key, const void *value, struct buf *out) {
    const bool word = key->type == CONFIG_WORD || key->type == CONFIG_SWITCH;
    const char *text =
        word ? word_of(key->words, key->type == CONFIG_WORD ? *(const int *)value : *(const bool *)value) : "";
    if (!text)
        return;
    buf_printf(out, ",\n  \"%s\": ", key->name);
    if (word)
        encode_text(out, text);
    else if (key->type == CONFIG_REAL)
        number_write_real(out, *(const double *)value);
    else if (key->type == CONFIG_FLAG)
        buf_text(out, *(const bool *)value ? "true" : "false");
    else if (key->nullable && !*(const size_t *)value)
        buf_text(out, "null");
    else
        buf_printf(out, "%zu", *(const size_t *)value);
}

/* bytes_of is the size of a key's member; 0: it is not written. */
static size_t bytes_of(enum config_type type) {
    switch (type) {
    case CONFIG_SIZE: return sizeof(size_t);
    case CONFIG_REAL: return sizeof(double);
    case CONFIG_FLAG:
    case CONFIG_SWITCH: return sizeof(bool);
    case CONFIG_WORD: return sizeof(int);
    default: return 0;
    }
}

void config_file_write(const struct config_key *keys, size_t n, const void *of, const void *plain, struct buf *out) {
    for (size_t i = 0; i < n; i++) {
        const char *value = (const char *)of + keys[i].offset, *other = (const char *)plain + keys[i].offset;
        const size_t bytes = bytes_of(keys[i].type);
        if (bytes && memcmp(value, other, bytes) != 0)
            write_key(&keys[i], value, out);
    }
}
