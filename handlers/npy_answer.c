#include "handlers/npy_answer.h"

#include <string.h>

#include "core/base/trace.h"

static struct value member_of(const struct field *field, const void *base) {
    const void *member = (const char *)base + field->offset;
    if (field->type == FIELD_VALUE)
        return *(const struct value *)member;
    return (struct value){.kind = KIND_INT, .i = *(const int64_t *)member};
}

/* kind_of says of which kind the numbers of a list are: reals where one is; KIND_STRING where one is no number. */
static enum kind kind_of(const struct field *field, const struct list *list) {
    enum kind kind = KIND_INT;
    for (size_t i = 0; i < list->n; i++)
        for (const struct field *f = field->fields; f->name; f++) {
            enum kind other = member_of(f, (const char *)list->items + i * field->size).kind;
            kind = other > kind ? other : kind;
        }
    return kind;
}

static enum status matrix_of(struct ctx *ctx, const struct field *field, const struct list *list, struct array *out) {
    size_t columns = 0, at = 0;
    while (field->fields[columns].name)
        columns++;
    *out = (struct array){.kind = kind_of(field, list), .dims = 2, .shape = {list->n, columns}, .n = list->n * columns};
    out->data = ctx_alloc(ctx, out->n, 8);
    if (!out->data)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; out->kind != KIND_STRING && i < list->n; i++)
        for (const struct field *f = field->fields; f->name; f++, at++) {
            struct value v = member_of(f, (const char *)list->items + i * field->size);
            if (out->kind == KIND_INT)
                out->ints[at] = v.i;
            else
                out->reals[at] = v.kind == KIND_INT ? (double)v.i : v.r;
        }
    return STATUS_OK;
}

/* is_named says whether a space-separated list holds a name. */
static bool is_named(const char *names, size_t n, const char *name) {
    return strlen(name) == n && memcmp(names, name, n) == 0;
}

/* take gives the array of the member of that name; KIND_NONE: it is not there. */
static enum status take(struct call *call, const char *name, size_t n, struct array *out) {
    for (const struct field *f = call->endpoint->output; f->name; f++) {
        const void *member = (const char *)call->result + f->offset;
        if (!is_named(name, n, f->name))
            continue;
        if (f->type == FIELD_ARRAY)
            *out = *(const struct array *)member;
        else if (((const struct list *)member)->items)
            return matrix_of(&call->ctx, f, member, out);
    }
    return STATUS_OK;
}

static bool has_trace(const struct call *call) {
    for (const struct field *f = call->endpoint->output; f->name; f++)
        if (f->type == FIELD_TRACE &&
            ((const struct trace *)(const void *)((const char *)call->result + f->offset))->ctx)
            return true;
    return false;
}

enum status npy_answer(struct call *call, struct array *out) {
    *out = (struct array){0};
    if (has_trace(call))
        return ctx_fail(
            &call->ctx, STATUS_NOT_ACCEPTABLE, "/trace",
            "application/x-npy holds one array and no trace; ask for application/json, or leave trace out.");
    for (const char *name = call->endpoint->npy_output; *name && out->kind == KIND_NONE;) {
        size_t n = strcspn(name, " ");
        enum status status = take(call, name, n, out);
        if (status != STATUS_OK)
            return status;
        name += n + (name[n] == ' ');
    }
    if (out->kind == KIND_NONE || out->kind == KIND_STRING)
        return ctx_fail(&call->ctx, STATUS_NOT_ACCEPTABLE, "",
                        "This answer has no numbers for application/x-npy; ask for application/json.");
    return STATUS_OK;
}
