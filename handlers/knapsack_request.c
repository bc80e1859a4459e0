#include "handlers/knapsack_request.h"

#include <stdio.h>
#include <string.h>

typedef struct knapsack_item_params item;
typedef struct knapsack_params params;

static enum status invalid(struct ctx *ctx, const char *pointer, const char *detail) {
    return ctx_fail(ctx, STATUS_INVALID, pointer, "%s", detail);
}

/* -- What goes together -- */

static enum status check_values(struct ctx *ctx, const params *p) {
    bool values = p->values.kind != KIND_NONE, subset = p->variant == KNAPSACK_SUBSET_SUM;
    if (subset && values)
        return invalid(ctx, "/values", "In a subset sum the weights are the values; want no values.");
    if (!subset && !values && !p->items.items)
        return invalid(ctx, "/values", "The request has weights without values, want both.");
    return STATUS_OK;
}

static enum status check_lengths(struct ctx *ctx, const params *p) {
    size_t n = p->weights.dims > 1 ? p->weights.shape[0] : p->weights.n;
    static const char *const NAMES[] = {"values", "ids", "counts"}, *const POINTERS[] = {"/values", "/ids", "/counts"};
    const struct array *const columns[] = {&p->values, &p->ids, &p->counts};
    for (size_t k = 0; k < COUNT_OF(columns); k++)
        if (columns[k]->kind != KIND_NONE && columns[k]->n != n)
            return ctx_fail(ctx, STATUS_INVALID, POINTERS[k],
                            "There are %zu weights but %zu %s, want as many of either.", n, columns[k]->n, NAMES[k]);
    bool counted = p->variant == KNAPSACK_BOUNDED;
    if (!p->items.items && counted && p->counts.kind == KIND_NONE)
        return invalid(ctx, "/counts", "The variant is bounded and there are no counts, want one for each weight.");
    if (!counted && p->counts.kind != KIND_NONE)
        return invalid(ctx, "/counts", "Only the variant bounded has counts; want none, or that variant.");
    return STATUS_OK;
}

static enum status check_capacities(struct ctx *ctx, const params *p) {
    if (p->capacities.kind == KIND_NONE)
        return p->weights.dims > 1 ? invalid(ctx, "/weights", "weights are rows of several; want capacities with them.")
                                   : STATUS_OK;
    if (p->has_trace)
        return invalid(ctx, "/trace", "There is no trace of several capacities; want a single one.");
    if (p->algorithm != KNAPSACK_AUTO && p->algorithm != KNAPSACK_BRANCH)
        return invalid(ctx, "/algorithm", "Several capacities are solved by branch-and-bound; want that or auto.");
    return STATUS_OK;
}

static enum status check_algorithm(struct ctx *ctx, const params *p) {
    bool table = p->algorithm == KNAPSACK_TABLE_1D || p->algorithm == KNAPSACK_TABLE_2D,
         plain = p->algorithm == KNAPSACK_CORE || p->algorithm == KNAPSACK_MEET;
    bool once = p->variant == KNAPSACK_01 || p->variant == KNAPSACK_SUBSET_SUM;
    if (p->has_trace && p->algorithm == KNAPSACK_MEET)
        return invalid(ctx, "/trace", "There is no trace of meet-in-the-middle; want another algorithm.");
    if (p->has_trace && !table && p->algorithm != KNAPSACK_AUTO && (!once || p->exact_fill || p->has_at_most))
        return ctx_fail(ctx, STATUS_INVALID, "/trace",
                        "There is a trace of %s for plain 0/1 problems only; want a table for copies, exact_fill or "
                        "at_most.",
                        knapsack_algorithm_names[p->algorithm]);
    if (p->has_at_most && plain)
        return ctx_fail(ctx, STATUS_INVALID, "/algorithm",
                        "%s knows no at_most; want auto, branch-and-bound or a table.",
                        knapsack_algorithm_names[p->algorithm]);
    if (p->has_limit && !p->all)
        return invalid(ctx, "/limit", "limit is how many of all best choices are listed; want all true with it.");
    return STATUS_OK;
}

/* -- Items -- */

static enum status check_item(struct ctx *ctx, const params *p, size_t i, const item *it) {
    char pointer[64];
    bool many = p->capacities.kind != KIND_NONE, subset = p->variant == KNAPSACK_SUBSET_SUM;
    const char *wrong = NULL, *field = "";
    if (many ? it->weights.kind == KIND_NONE : it->weight.kind == KIND_NONE)
        wrong = "is missing; it is required.", field = many ? "weights" : "weight";
    else if (many ? it->weight.kind != KIND_NONE : it->weights.kind != KIND_NONE)
        wrong = "is for another form: weight goes with capacity, weights go with capacities.",
        field = many ? "weight" : "weights";
    else if (many && it->weights.n != p->capacities.n)
        wrong = "must have as many elements as capacities.", field = "weights";
    else if (!subset && it->value.kind == KIND_NONE)
        wrong = "is missing; it is required.", field = "value";
    else if (subset && it->value.kind != KIND_NONE)
        wrong = "has no place in a subset sum, where the weight is the value.", field = "value";
    else if (it->has_count && p->variant != KNAPSACK_BOUNDED)
        wrong = "is for the variant bounded only.", field = "count";
    if (!wrong)
        return STATUS_OK;
    snprintf(pointer, sizeof pointer, "/items/%zu/%s", i, field);
    return ctx_fail(ctx, STATUS_INVALID, pointer, "items[%zu].%s %s", i, field, wrong);
}

/* read_ids gathers the ids of items: all have one, of one kind, or none has. */
static enum status read_ids(struct ctx *ctx, const params *p, struct array *out) {
    const item *it = p->items.items;
    *out = p->ids;
    if (!it || p->items.n == 0)
        return STATUS_OK;
    enum kind kind = it->id.kind;
    for (size_t i = 0; i < p->items.n; i++)
        if (it[i].id.kind != kind) {
            char pointer[64];
            snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
            return ctx_fail(ctx, STATUS_INVALID, pointer,
                            "items[%zu] and items[0] differ in their ids, want all strings, all integers or none.", i);
        }
    if (kind == KIND_NONE)
        return STATUS_OK;
    *out =
        array_1d(kind, ctx_alloc(ctx, p->items.n, kind == KIND_INT ? sizeof(int64_t) : sizeof(struct str)), p->items.n);
    for (size_t i = 0; out->data && i < p->items.n; i++) {
        if (kind == KIND_INT)
            out->ints[i] = it[i].id.i;
        else
            out->strings[i] = it[i].id.s;
    }
    return out->data ? STATUS_OK : STATUS_NO_MEMORY;
}

/* -- Numbers -- */

/* A column of the request: an array; or a value, or rows of an array, in each item. */
struct column {
    const char *name; /* as errors have it */
    const struct array *array;
    const struct value *value; /* of the first item */
    const item *rows;
    size_t n, dims;
};

static struct value at(const struct column *c, size_t k) {
    if (c->array)
        return array_at(c->array, k);
    if (c->rows)
        return array_at(&c->rows[k / c->dims].weights, k % c->dims);
    return *(const struct value *)(const void *)((const char *)c->value + k * sizeof(item));
}

static bool any_real(const struct column *c) {
    if (c->array)
        return c->array->kind == KIND_REAL && c->n;
    for (size_t k = 0; k < c->n; k++)
        if (at(c, k).kind == KIND_REAL)
            return true;
    return false;
}

static double real_of(struct value v) { return v.kind == KIND_INT ? (double)v.i : v.r; }

static void place_of(const struct column *c, size_t k, char *pointer, size_t size) {
    if (c->array && c->array->dims > 1)
        snprintf(pointer, size, "/%s/%zu/%zu", c->name, k / c->array->shape[1], k % c->array->shape[1]);
    else if (c->array && strcmp(c->name, "capacity") == 0)
        snprintf(pointer, size, "/capacity");
    else if (c->array)
        snprintf(pointer, size, "/%s/%zu", c->name, k);
    else if (c->rows)
        snprintf(pointer, size, "/items/%zu/weights/%zu", k / c->dims, k % c->dims);
    else
        snprintf(pointer, size, "/items/%zu/%s", k, c->name);
}

static enum status see(struct ctx *ctx, const struct column *c, struct knapsack_unit *unit) {
    char pointer[96];
    for (size_t k = 0; k < c->n; k++) {
        struct value v = at(c, k);
        place_of(c, k, pointer, sizeof pointer);
        if (real_of(v) < 0)
            return ctx_fail(ctx, STATUS_INVALID, pointer, "The %s is %.17g, want at least 0.", c->name, real_of(v));
        if (v.kind == KIND_INT && v.i > (int64_t)1 << 53)
            return ctx_fail(ctx, STATUS_INVALID, pointer,
                            "An integer beside fractions is past 9007199254740992, want at most that.");
        knapsack_unit_see(unit, real_of(v));
    }
    return STATUS_OK;
}

/* take_ints copies a column as integers, of a unit (NULL: it has integers only). */
static enum status take_ints(struct ctx *ctx, const struct column *c, const struct knapsack_unit *unit,
                             const int64_t **out) {
    int64_t *to = ctx_alloc(ctx, c->n, sizeof *to);
    if (!to)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < c->n; k++) {
        struct value v = at(c, k);
        to[k] = v.i;
        if (unit && !knapsack_unit_count(unit, real_of(v), &to[k])) {
            char pointer[96];
            place_of(c, k, pointer, sizeof pointer);
            return ctx_fail(ctx, STATUS_INVALID, pointer,
                            "The fractions beside it are so fine that %.17g is past 9223372036854775807 of their "
                            "common unit, want fewer digits: nothing is rounded here.",
                            real_of(v));
        }
    }
    *out = to;
    return STATUS_OK;
}

static enum status take_column(struct ctx *ctx, const struct column *c, const struct knapsack_unit *unit,
                               const int64_t **out, size_t *stride) {
    if (!unit && c->array) {
        *out = c->array->ints;
        *stride = 1;
        return STATUS_OK;
    }
    *stride = 1;
    return take_ints(ctx, c, unit, out);
}

/* -- The task -- */

static enum status read_weights(struct ctx *ctx, const params *p, struct knapsack_request *out) {
    struct knapsack_task *task = &out->task;
    const item *it = p->items.items;
    size_t dims = p->capacities.kind != KIND_NONE ? p->capacities.n : 0, n = task->in.n, stride;
    struct array one = array_1d(p->capacity.kind, (void *)(uintptr_t)&p->capacity.i, 1);
    struct column capacity = {
        dims ? "capacities" : "capacity", dims ? &p->capacities : &one, NULL, NULL, dims ? dims : 1, 0};
    struct column weight = {it ? "weight" : "weights", it ? NULL : &p->weights, it ? &it->weight : NULL,
                            it && dims ? it : NULL,    n * (dims ? dims : 1),   dims};
    out->real_weights = any_real(&capacity) || any_real(&weight);
    const struct knapsack_unit *unit = out->real_weights ? &out->weight_unit : NULL;
    enum status status = unit ? see(ctx, &capacity, &out->weight_unit) : STATUS_OK;
    if (status == STATUS_OK && unit)
        status = see(ctx, &weight, &out->weight_unit);
    if (status == STATUS_OK)
        status = take_ints(ctx, &capacity, unit, &task->capacity);
    if (status == STATUS_OK)
        status = take_column(ctx, &weight, unit, dims ? &task->weights : &task->in.weight, &stride);
    if (status == STATUS_OK && !dims)
        task->in.capacity = task->capacity[0];
    task->dims = dims;
    return status;
}

/* add_weights gives the values of a subset sum of several capacities: what an item takes of all of them together. */
static enum status add_weights(struct ctx *ctx, const params *p, struct knapsack_task *task) {
    int64_t *value = ctx_zalloc(ctx, task->in.n, sizeof *value);
    for (size_t k = 0; value && k < task->in.n * task->dims; k++) {
        int64_t *sum = &value[k / task->dims];
        if (!__builtin_add_overflow(*sum, task->weights[k] < 0 ? 0 : task->weights[k],
                                    sum)) /* below 0: refused later */
            continue;
        char pointer[64];
        snprintf(pointer, sizeof pointer, p->items.items ? "/items/%zu/weights" : "/weights/%zu", k / task->dims);
        return ctx_fail(ctx, STATUS_INVALID, pointer,
                        "The sum of an item's weights, its value in a subset sum, passes 9223372036854775807; want a "
                        "sum of at most that.");
    }
    task->in.value = value;
    return value ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status read_values(struct ctx *ctx, const params *p, struct knapsack_request *out) {
    const item *it = p->items.items;
    size_t stride;
    struct column value = {
        it ? "value" : "values", it ? NULL : &p->values, it ? &it->value : NULL, NULL, out->task.in.n, 0};
    if (p->variant == KNAPSACK_SUBSET_SUM) {
        out->task.in.value = out->task.in.weight;
        out->real_values = out->real_weights;
        out->value_unit = out->weight_unit;
        return out->task.dims ? add_weights(ctx, p, &out->task) : STATUS_OK;
    }
    out->real_values = any_real(&value);
    const struct knapsack_unit *unit = out->real_values ? &out->value_unit : NULL;
    enum status status = unit ? see(ctx, &value, &out->value_unit) : STATUS_OK;
    return status == STATUS_OK ? take_column(ctx, &value, unit, &out->task.in.value, &stride) : status;
}

static enum status read_counts(struct ctx *ctx, const params *p, struct knapsack_task *task) {
    const item *it = p->items.items;
    task->count = p->counts.ints;
    task->count_stride = 1;
    if (p->variant != KNAPSACK_BOUNDED || !it)
        return STATUS_OK;
    int64_t *count = ctx_alloc(ctx, task->in.n, sizeof *count);
    for (size_t i = 0; count && i < task->in.n; i++)
        count[i] = it[i].has_count ? it[i].count : 1;
    task->count = count;
    return count ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status check_rows(struct ctx *ctx, const params *p) {
    const item *it = p->items.items;
    bool many = p->capacities.kind != KIND_NONE;
    enum status status = STATUS_OK;
    for (size_t i = 0; it && i < p->items.n && status == STATUS_OK; i++)
        status = check_item(ctx, p, i, &it[i]);
    if (status == STATUS_OK && !it && many && p->weights.n &&
        (p->weights.dims != 2 || p->weights.shape[1] != p->capacities.n))
        return ctx_fail(ctx, STATUS_INVALID, "/weights",
                        "There are %zu capacities, want a row of as many weights for each item.", p->capacities.n);
    return status;
}

static enum status check(struct ctx *ctx, const params *p) {
    enum status status = check_values(ctx, p);
    if (status == STATUS_OK)
        status = check_capacities(ctx, p);
    if (status == STATUS_OK)
        status = check_lengths(ctx, p);
    if (status == STATUS_OK)
        status = check_algorithm(ctx, p);
    return status == STATUS_OK ? check_rows(ctx, p) : status;
}

enum status knapsack_request_read(struct ctx *ctx, const struct knapsack_params *p, struct knapsack_request *out) {
    *out = (struct knapsack_request){0};
    struct knapsack_task *task = &out->task;
    enum status status = check(ctx, p);
    if (status != STATUS_OK)
        return status;
    bool items = p->items.items;
    task->in.n = items ? p->items.n : p->weights.dims > 1 ? p->weights.shape[0] : p->weights.n;
    task->in.stride = 1;
    task->in.form = items ? KNAPSACK_ITEMS : KNAPSACK_COLUMNS;
    task->variant = (enum knapsack_variant)p->variant;
    task->exact_fill = p->exact_fill;
    task->at_most = p->has_at_most ? p->at_most : -1;
    task->algorithm = (enum knapsack_algorithm)p->algorithm;
    task->sets = p->all ? p->limit : 0;
    status = read_weights(ctx, p, out);
    if (status == STATUS_OK)
        status = read_values(ctx, p, out);
    if (status == STATUS_OK)
        status = read_counts(ctx, p, task);
    if (status == STATUS_OK)
        status = read_ids(ctx, p, &out->ids);
    if (status == STATUS_OK && p->has_trace && (out->real_weights || out->real_values))
        status = invalid(ctx, "/trace", "There is a trace of integers only, and there are fractions.");
    return status;
}
