#include "handlers/class_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Sentences -- */

enum { PLACE = 32, SHOWN = 60 };

/* place writes a class's pointer and name: that of the whole field where there is one alone. */
static void place(const struct array *asked, size_t i, char pointer[PLACE], char name[PLACE]) {
    const bool alone = asked->n == 1;
    snprintf(pointer, PLACE, alone ? "/class" : "/class/%zu", i);
    snprintf(name, PLACE, alone ? "class" : "class[%zu]", i);
}

static int shown(struct str s) { return s.n < SHOWN ? (int)s.n : SHOWN; }

/* -- Parts of a formula -- */

static int by_number(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static enum status check_classes(struct ctx *ctx, const struct array *classes, size_t k, const struct array *asked) {
    if (classes->kind && classes->n != k)
        return ctx_fail(ctx, STATUS_INVALID, "/model/classes",
                        "classes holds %zu numbers, want one for each of the %zu parts.", classes->n, k);
    if (!classes->kind)
        return ctx_fail(ctx, STATUS_INVALID, "/class",
                        "A class is asked for, but the model names none; want model.classes, a number for each part.");
    if (asked->kind == KIND_INT)
        return STATUS_OK;
    char pointer[PLACE], name[PLACE];
    place(asked, 0, pointer, name);
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "%s is \"%.*s\", but the classes of this model are numbers; want one of model.classes.", name,
                    shown(asked->strings[0]), asked->strings[0].p);
}

/* The asked classes once each, rising, and how many parts each has. */
struct wanted {
    size_t n, parts; /* parts of all */
    int64_t *class;
    size_t *count;
};

/* list_wanted leaves the counts 0. */
static enum status list_wanted(struct ctx *ctx, const struct array *asked, struct wanted *out) {
    out->class = ctx_alloc(ctx, asked->n, sizeof *out->class);
    out->count = ctx_zalloc(ctx, asked->n, sizeof *out->count);
    if (!out->class || !out->count)
        return STATUS_NO_MEMORY;
    memcpy(out->class, asked->ints, asked->n * sizeof *out->class);
    qsort(out->class, asked->n, sizeof *out->class, by_number);
    for (size_t i = 0; i < asked->n; i++)
        if (i == 0 || out->class[i] != out->class[out->n - 1])
            out->class[out->n++] = out->class[i];
    return STATUS_OK;
}

/* place_in is a class's place among the wanted; NULL: it is not wanted. */
static const int64_t *place_in(const struct wanted *w, const int64_t *class) {
    return bsearch(class, w->class, w->n, sizeof *class, by_number);
}

/* has_no_part names the first asked class that is `missing`. */
static enum status has_no_part(struct ctx *ctx, const struct array *asked, int64_t missing) {
    char pointer[PLACE], name[PLACE];
    size_t i = 0;
    while (asked->ints[i] != missing)
        i++;
    place(asked, i, pointer, name);
    return ctx_fail(ctx, STATUS_INVALID, pointer, "%s is %lld, want one that model.classes holds.", name,
                    (long long)missing);
}

/* look_up checks the request and counts the parts of what it wants. */
static enum status look_up(struct ctx *ctx, const struct array *classes, size_t k, const struct array *asked,
                           struct wanted *out) {
    *out = (struct wanted){0};
    enum status status = check_classes(ctx, classes, k, asked);
    if (status == STATUS_OK)
        status = list_wanted(ctx, asked, out);
    for (size_t i = 0; status == STATUS_OK && i < k; i++) {
        const int64_t *at = place_in(out, &classes->ints[i]);
        if (at)
            out->count[at - out->class]++, out->parts++;
    }
    for (size_t i = 0; status == STATUS_OK && i < out->n; i++)
        if (!out->count[i])
            status = has_no_part(ctx, asked, out->class[i]);
    return status;
}

enum status class_select(struct ctx *ctx, const struct array *classes, size_t k, const struct array *asked,
                         struct selection *out) {
    struct wanted w;
    enum status status = look_up(ctx, classes, k, asked, &w);
    if (status != STATUS_OK)
        return status;
    size_t *index = ctx_alloc(ctx, w.parts, sizeof *index), n = 0;
    if (!index)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < k; i++)
        if (place_in(&w, &classes->ints[i]))
            index[n++] = i;
    *out = (struct selection){n, index};
    return STATUS_OK;
}

/* deal puts each part's number behind the others of its class. */
static void deal(const struct wanted *w, const struct array *classes, struct class_parts *list, size_t *index) {
    for (size_t i = 0, at = 0; i < w->n; at += w->count[i++])
        list[i] = (struct class_parts){w->class [i], { 0, index + at }};
    for (size_t i = 0; i < classes->n; i++) {
        const int64_t *at = place_in(w, &classes->ints[i]);
        if (!at)
            continue;
        struct selection *parts = &list[at - w->class].parts;
        index[(size_t)(parts->index - index) + parts->n++] = i;
    }
}

enum status class_select_each(struct ctx *ctx, const struct array *classes, size_t k, const struct array *asked,
                              struct class_parts **list, size_t *n) {
    struct wanted w;
    enum status status = look_up(ctx, classes, k, asked, &w);
    if (status != STATUS_OK)
        return status;
    size_t *index = ctx_alloc(ctx, w.parts, sizeof *index);
    *list = ctx_alloc(ctx, w.n, sizeof **list);
    if (!*list || !index)
        return STATUS_NO_MEMORY;
    deal(&w, classes, *list, index);
    *n = w.n;
    return STATUS_OK;
}

/* -- Numbers for a network -- */

/* named finds a class by one of its names. */
static enum status named(struct ctx *ctx, const struct loaded_model *m, const struct array *asked, size_t i,
                         int64_t *class) {
    const struct str name = asked->strings[i];
    char pointer[PLACE], field[PLACE];
    *class = model_labels_find(&m->labels, name);
    if (*class >= 0)
        return STATUS_OK;
    place(asked, i, pointer, field);
    if (m->labels.n)
        return ctx_fail(ctx, STATUS_INVALID, pointer,
                        "%s is \"%.*s\", which no class of this network is called; want another name, such as "
                        "\"%.*s\", or a number.",
                        field, shown(name), name.p, shown(m->labels.list[0].text), m->labels.list[0].text.p);
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "%s is \"%.*s\", but the classes of this network have no names; want a number.", field, shown(name),
                    name.p);
}

static enum status number_of(struct ctx *ctx, const struct loaded_model *m, const struct array *asked, size_t i,
                             int64_t *class) {
    char pointer[PLACE], field[PLACE];
    enum status status = STATUS_OK;
    if (asked->kind == KIND_STRING)
        status = named(ctx, m, asked, i, class);
    else
        *class = asked->ints[i];
    if (status != STATUS_OK || (*class >= 0 && *class < (int64_t)m->classes.n))
        return status;
    place(asked, i, pointer, field);
    return ctx_fail(ctx, STATUS_INVALID, pointer, "%s is %lld, want 0 to %lld: the network knows so many%s.", field,
                    (long long)*class, (long long)m->classes.n - 1,
                    *class == m->classes.none ? "; it is told none where a request names none" : "");
}

enum status class_numbers(struct ctx *ctx, const struct loaded_model *model, const struct array *asked, int64_t **out) {
    if (!model->classes.n)
        return ctx_fail(ctx, STATUS_INVALID, "/class", "A class is asked for, but this network knows none.");
    enum status status = STATUS_OK;
    *out = ctx_alloc(ctx, asked->n, sizeof **out);
    if (!*out)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < asked->n && status == STATUS_OK; i++)
        status = number_of(ctx, model, asked, i, &(*out)[i]);
    return status;
}

enum status class_of_samples(struct ctx *ctx, const int64_t *numbers, size_t n, size_t count, const int64_t **out) {
    int64_t *each = ctx_alloc(ctx, count, sizeof *each);
    if (!each)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        each[i] = numbers[i % n];
    *out = each;
    return STATUS_OK;
}
