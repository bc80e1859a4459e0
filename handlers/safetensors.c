#include "handlers/safetensors.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/half_float.h"
#include "handlers/encode.h"
#include "handlers/json_file.h"

enum { PREFIX = 8 };

const char *dtype_text(enum dtype dtype) {
    static const char *const TEXTS[] = {
#define X(name, bytes) #name,
        DTYPE_LIST(X)
#undef X
    };
    return TEXTS[dtype];
}

size_t dtype_bytes(enum dtype dtype) {
    static const size_t BYTES[] = {
#define X(name, bytes) bytes,
        DTYPE_LIST(X)
#undef X
    };
    return BYTES[dtype];
}

void safetensors_shape(const size_t *shape, size_t dims, char text[SAFETENSORS_SHAPE_TEXT]) {
    int n = snprintf(text, SAFETENSORS_SHAPE_TEXT, "[");
    for (size_t i = 0; i < dims; i++)
        n += snprintf(text + n, SAFETENSORS_SHAPE_TEXT - (size_t)n, "%s%zu", i ? ", " : "", shape[i]);
    snprintf(text + n, SAFETENSORS_SHAPE_TEXT - (size_t)n, "]");
}

/* -- The header -- */

struct reading {
    struct ctx *ctx;
    const char *file;
    const unsigned char *data; /* behind the header */
    size_t data_n;
};

static enum status refuse(const struct reading *r, const char *tensor, const char *format, ...) MUST_CHECK
    PRINTF_LIKE(3, 4);
static enum status refuse(const struct reading *r, const char *tensor, const char *format, ...) {
    char sentence[500];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return ctx_fail(r->ctx, STATUS_INVALID, "", "The tensor %.100s of %.100s %s", tensor, r->file, sentence);
}

static enum status find_header(struct reading *r, const unsigned char *p, size_t n, struct str *header) {
    uint64_t length;
    if (n < PREFIX)
        return ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s has %zu bytes, want at least 8, its header's length.",
                        r->file, n);
    memcpy(&length, p, sizeof length);
    length = le64toh(length);
    if (length > SAFETENSORS_HEADER_MAX)
        return ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s says its header has %llu bytes, want at most %d.", r->file,
                        (unsigned long long)length, SAFETENSORS_HEADER_MAX);
    if (length > n - PREFIX)
        return ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s ends after %zu bytes, within its header of 8 + %llu.",
                        r->file, n, (unsigned long long)length);
    *header = (struct str){(const char *)p + PREFIX, (size_t)length};
    if (!header->n || *header->p != '{')
        return ctx_fail(r->ctx, STATUS_INVALID, "", "The header of %.100s does not begin with '{'.", r->file);
    r->data = p + PREFIX + length;
    r->data_n = n - PREFIX - (size_t)length;
    return STATUS_OK;
}

/* size_of reads an integer of at least 0; jansson has refused those past 2^63 - 1. */
static bool size_of(const json_t *value, size_t *out) {
    json_int_t i = json_integer_value(value);
    *out = (size_t)i;
    return json_is_integer(value) && i >= 0;
}

static enum status read_dtype(const struct reading *r, struct tensor_entry *t, const json_t *value) {
    const char *text = json_string_value(value);
    if (!text)
        return refuse(r, t->name, "has no dtype, want a string.");
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (!strcmp(text, dtype_text(i))) {
            t->dtype = (enum dtype)i;
            return STATUS_OK;
        }
    return refuse(r, t->name, "has the dtype \"%.30s\", want F32, F16, BF16, F64 or I64.", text);
}

static enum status read_shape(const struct reading *r, struct tensor_entry *t, const json_t *value) {
    t->dims = json_array_size(value);
    t->n = 1;
    if (!json_is_array(value))
        return refuse(r, t->name, "has no shape, want an array of integers.");
    if (t->dims > SAFETENSORS_DIMS)
        return refuse(r, t->name, "has %zu dimensions, want at most %d.", t->dims, SAFETENSORS_DIMS);
    for (size_t i = 0; i < t->dims; i++) {
        if (!size_of(json_array_get(value, i), &t->shape[i]))
            return refuse(r, t->name, "has a shape whose element %zu is no integer of at least 0.", i);
        if (__builtin_mul_overflow(t->n, t->shape[i], &t->n))
            return refuse(r, t->name, "has a shape of more than 2^64 elements.");
    }
    return STATUS_OK;
}

static enum status read_place(const struct reading *r, struct tensor_entry *t, const json_t *value) {
    size_t begin = 0, end = 0, bytes = 0;
    if (json_array_size(value) != 2 || !size_of(json_array_get(value, 0), &begin) ||
        !size_of(json_array_get(value, 1), &end))
        return refuse(r, t->name, "has no data_offsets, want an array of two integers of at least 0.");
    if (begin > end || end > r->data_n)
        return refuse(r, t->name, "has the data_offsets %zu and %zu, want them in order and at most %zu.", begin, end,
                      r->data_n);
    if (__builtin_mul_overflow(t->n, dtype_bytes(t->dtype), &bytes) || bytes != end - begin) {
        char shape[SAFETENSORS_SHAPE_TEXT];
        safetensors_shape(t->shape, t->dims, shape);
        return refuse(r, t->name, "has %zu bytes of data, which is not what %s of shape %s takes.", end - begin,
                      dtype_text(t->dtype), shape);
    }
    t->data = r->data + begin;
    return STATUS_OK;
}

static const char *copy_text(struct ctx *ctx, const char *text) {
    size_t n = strlen(text) + 1;
    char *copy = ctx_alloc(ctx, n, 1);
    return copy ? memcpy(copy, text, n) : NULL;
}

static enum status read_tensor(const struct reading *r, const char *name, const json_t *value, struct tensor_entry *t) {
    *t = (struct tensor_entry){.name = copy_text(r->ctx, name), .file = r->file};
    if (!t->name)
        return STATUS_NO_MEMORY;
    if (!json_is_object(value))
        return refuse(r, name, "is no object of dtype, shape and data_offsets.");
    enum status status = read_dtype(r, t, json_object_get(value, "dtype"));
    if (status == STATUS_OK)
        status = read_shape(r, t, json_object_get(value, "shape"));
    if (status == STATUS_OK)
        status = read_place(r, t, json_object_get(value, "data_offsets"));
    return status;
}

static enum status check_metadata(const struct reading *r, json_t *metadata) {
    const char *name;
    json_t *value;
    bool good = json_is_object(metadata) || json_is_null(metadata);
    json_object_foreach(metadata, name, value) good = good && json_is_string(value);
    return good ? STATUS_OK
                : ctx_fail(r->ctx, STATUS_INVALID, "", "The __metadata__ of %.100s is no object of strings.", r->file);
}

static enum status read_tensors(const struct reading *r, json_t *header, struct safetensors *out) {
    const char *name;
    json_t *value;
    enum status status = STATUS_OK;
    out->n = 0;
    out->list = ctx_alloc(r->ctx, json_object_size(header), sizeof *out->list);
    if (!out->list)
        return STATUS_NO_MEMORY;
    json_object_foreach(header, name, value) {
        if (!strcmp(name, "__metadata__"))
            status = check_metadata(r, value);
        else
            status = read_tensor(r, name, value, &out->list[out->n++]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static size_t bytes_of(const struct tensor_entry *t) { return t->n * dtype_bytes(t->dtype); }

/* by_place puts those without data before those that begin where they lie. */
static int by_place(const void *a, const void *b) {
    const struct tensor_entry *x = a, *y = b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return (bytes_of(x) > bytes_of(y)) - (bytes_of(x) < bytes_of(y));
}

static enum status check_places(const struct reading *r, const struct safetensors *s) {
    size_t at = 0;
    qsort(s->list, s->n, sizeof *s->list, by_place);
    for (size_t i = 0; i < s->n; i++) {
        const struct tensor_entry *t = &s->list[i];
        size_t begin = (size_t)(t->data - r->data);
        if (begin != at)
            return refuse(r, t->name,
                          "begins at byte %zu of the data, want %zu: tensors follow each other without a %s.", begin,
                          at, begin > at ? "hole" : "byte in common");
        at += bytes_of(t);
    }
    if (at != r->data_n)
        return ctx_fail(r->ctx, STATUS_INVALID, "",
                        "%.100s has %zu bytes of data, want %zu, where its last tensor ends.", r->file, r->data_n, at);
    return STATUS_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct tensor_entry *)a)->name, ((const struct tensor_entry *)b)->name);
}

void safetensors_sort(struct safetensors *s) { qsort(s->list, s->n, sizeof *s->list, by_name); }

enum status safetensors_open(struct ctx *ctx, const char *file, const void *p, size_t n, struct safetensors *out) {
    struct reading r = {.ctx = ctx, .file = copy_text(ctx, file)};
    struct str text = {0};
    json_t *header = NULL;
    *out = (struct safetensors){0};
    if (!r.file)
        return STATUS_NO_MEMORY;
    enum status status = find_header(&r, p, n, &text);
    if (status == STATUS_OK)
        status = json_file_object(ctx, file, text, &header);
    if (status != STATUS_OK)
        return status;
    status = read_tensors(&r, header, out);
    json_decref(header);
    if (status == STATUS_OK)
        status = check_places(&r, out);
    if (status == STATUS_OK)
        safetensors_sort(out);
    return status;
}

const struct tensor_entry *safetensors_find(const struct safetensors *s, const char *name) {
    const struct tensor_entry key = {.name = name};
    return s->n ? bsearch(&key, s->list, s->n, sizeof *s->list, by_name) : NULL;
}

/* -- Numbers -- */

static uint64_t load(const unsigned char *p, size_t bytes) {
    uint64_t bits = 0;
    memcpy(&bits, p, bytes); /* into the low ones once the order is the machine's */
    return le64toh(bits);
}

static double double_of_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void safetensors_read(const struct tensor_entry *t, float *to) {
    const unsigned char *p = t->data;
    switch (t->dtype) {
    case DTYPE_F32:
        for (size_t i = 0; i < t->n; i++)
            to[i] = float_of_bits((uint32_t)load(p + 4 * i, 4));
        break;
    case DTYPE_F16:
        for (size_t i = 0; i < t->n; i++)
            to[i] = float_of_f16((uint16_t)load(p + 2 * i, 2));
        break;
    case DTYPE_BF16:
        for (size_t i = 0; i < t->n; i++)
            to[i] = float_of_bf16((uint16_t)load(p + 2 * i, 2));
        break;
    case DTYPE_F64:
        for (size_t i = 0; i < t->n; i++)
            to[i] = (float)double_of_bits(load(p + 8 * i, 8));
        break;
    default:
        for (size_t i = 0; i < t->n; i++)
            to[i] = (float)(int64_t)load(p + 8 * i, 8);
    }
}

/* -- Writing -- */

static uint64_t bits_in(enum dtype dtype, float x) {
    double d = (double)x;
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    switch (dtype) {
    case DTYPE_F32: return bits_of_float(x);
    case DTYPE_F16: return f16_of_float(x);
    case DTYPE_BF16: return bf16_of_float(x);
    case DTYPE_F64: return bits;
    default: return (uint64_t)(int64_t)x;
    }
}

static size_t count(const struct tensor_values *t) {
    size_t n = 1;
    for (size_t i = 0; i < t->dims; i++)
        n *= t->shape[i];
    return n;
}

static void write_data(struct buf *out, const struct tensor_values *t) {
    size_t bytes = dtype_bytes(t->dtype), n = count(t);
    char *to = buf_room(out, n * bytes);
    if (!to)
        return;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = htole64(bits_in(t->dtype, t->values[i]));
        memcpy(to + i * bytes, &bits, bytes);
    }
    buf_commit(out, n * bytes);
}

/* write_entry gives the place behind the tensor's data. */
static size_t write_entry(struct buf *out, const struct tensor_values *t, size_t at) {
    char shape[SAFETENSORS_SHAPE_TEXT];
    size_t end = at + count(t) * dtype_bytes(t->dtype);
    safetensors_shape(t->shape, t->dims, shape);
    encode_text(out, t->name);
    buf_printf(out, ":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}", dtype_text(t->dtype), shape, at,
               end);
    return end;
}

void safetensors_write(struct buf *out, const struct tensor_values *list, size_t n) {
    static const size_t WIDTHS[] = {8, 4, 2};
    size_t start = out->n, at = 0;
    bool first = true;
    buf_add(out, (const char[PREFIX]){0}, PREFIX);
    buf_byte(out, '{');
    for (size_t w = 0; w < COUNT_OF(WIDTHS); w++)
        for (size_t i = 0; i < n; i++)
            if (dtype_bytes(list[i].dtype) == WIDTHS[w]) {
                buf_text(out, first ? "" : ",");
                at = write_entry(out, &list[i], at);
                first = false;
            }
    buf_byte(out, '}');
    while (!out->failed && (out->n - start) % PREFIX)
        buf_byte(out, ' ');
    uint64_t length = htole64(out->n - start - PREFIX);
    for (size_t w = 0; w < COUNT_OF(WIDTHS); w++)
        for (size_t i = 0; i < n; i++)
            if (dtype_bytes(list[i].dtype) == WIDTHS[w])
                write_data(out, &list[i]);
    if (!out->failed)
        memcpy(out->data + start, &length, PREFIX);
}
