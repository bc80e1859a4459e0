#include "handlers/model_labels.h"

#include <stdlib.h>
#include <string.h>

/* read_id takes decimal digits without a zero before them; -1: it is no class. */
static int64_t read_id(const char *text) {
    int64_t id = 0;
    size_t n = strlen(text);
    if (n < 1 || n > 7 || strspn(text, "0123456789") != n || (*text == '0' && n > 1))
        return -1;
    for (; *text; text++)
        id = id * 10 + (*text - '0');
    return id < MODEL_LABELS_MAX ? id : -1;
}

static enum status read_label(struct ctx *ctx, const char *file, const char *key, const json_t *value,
                              struct model_label *out) {
    const char *text = json_string_value(value);
    size_t n = json_string_length(value);
    out->id = read_id(key);
    if (out->id < 0)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has the class %.40s in id2label, want 0 to %d.", file, key,
                        MODEL_LABELS_MAX - 1);
    if (!text || n < 1 || n > MODEL_LABEL_BYTES)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s wants a string of 1 to %d bytes for each class of id2label.",
                        file, MODEL_LABEL_BYTES);
    char *p = ctx_alloc(ctx, n, 1);
    if (!p)
        return STATUS_NO_MEMORY;
    out->text = (struct str){memcpy(p, text, n), n};
    return STATUS_OK;
}

static int by_id(const void *a, const void *b) {
    int64_t x = ((const struct model_label *)a)->id, y = ((const struct model_label *)b)->id;
    return (x > y) - (x < y);
}

enum status model_labels_read(struct ctx *ctx, const char *file, json_t *object, struct model_labels *out) {
    const char *key;
    json_t *value;
    *out = (struct model_labels){0};
    if (!json_is_object(object))
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s wants an object of classes and their names as id2label.",
                        file);
    out->list = ctx_alloc(ctx, json_object_size(object), sizeof *out->list);
    if (!out->list)
        return STATUS_NO_MEMORY;
    json_object_foreach(object, key, value) {
        enum status status = read_label(ctx, file, key, value, &out->list[out->n]);
        if (status != STATUS_OK)
            return status;
        out->n++;
    }
    qsort(out->list, out->n, sizeof *out->list, by_id);
    return STATUS_OK;
}

static struct str trimmed(const char *p, size_t n) {
    while (n > 0 && *p == ' ')
        p++, n--;
    while (n > 0 && p[n - 1] == ' ')
        n--;
    return (struct str){p, n};
}

static bool same(struct str a, struct str b) { return a.n == b.n && !memcmp(a.p, b.p, a.n); }

/* has_name: the label as a whole, or one of its names. */
static bool has_name(struct str label, struct str name) {
    if (same(trimmed(label.p, label.n), name))
        return true;
    for (size_t from = 0; from < label.n;) {
        const char *comma = memchr(label.p + from, ',', label.n - from);
        size_t end = comma ? (size_t)(comma - label.p) : label.n;
        if (same(trimmed(label.p + from, end - from), name))
            return true;
        from = end + 1;
    }
    return false;
}

int64_t model_labels_find(const struct model_labels *labels, struct str name) {
    const struct str wanted = trimmed(name.p, name.n);
    for (size_t i = 0; wanted.n > 0 && i < labels->n; i++)
        if (has_name(labels->list[i].text, wanted))
            return labels->list[i].id;
    return -1;
}

const struct str *model_labels_of(const struct model_labels *labels, int64_t id) {
    const struct model_label key = {.id = id};
    if (!labels->n)
        return NULL;
    const struct model_label *found = bsearch(&key, labels->list, labels->n, sizeof key, by_id);
    return found ? &found->text : NULL;
}
