#include "handlers/rows_request.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/philox.h"
#include "handlers/encode.h"
#include "handlers/number.h"
#include "handlers/sample_request.h"
#include "handlers/time_limit_field.h"

#define LARGEST 1e30

static const char *const FORMATS[] = {"columns", "csv", NULL};

const struct field rows_fields[] = {
    FIELD(struct rows_params, model, STRING,
          "The name of a model that learnt a table (POST /v1/models). NAME@DIGEST insists on the files of that digest.",
          .required = true, .min_items = 1, .max_items = MODEL_NAMED_MAX),
    FIELD(struct rows_params, count, INT, "How many rows.", .def = "10", FIELD_INTS(1, ROWS_COUNT_MAX)),
    FIELD(
        struct rows_params, given, JSON,
        "Columns whose values are known, {\"species\":\"setosa\",\"width\":3.1}, null where one is to be missing: the "
        "others are drawn to go with them. The label is told to the network, and so exact; others are put into the "
        "sample at each noise level, with repeats (Lugmayr et al. 2022), which is an approximation."),
    FIELD(struct rows_params, seed, INT,
          "With it the same request has the same rows. Drawn and echoed where it is absent.", .role = ROLE_SEED,
          FIELD_INTS(0, SAMPLE_SEED_LIMIT - 1)),
    FIELD(struct rows_params, steps, INT, "Steps of Heun's method, of two network calls each.", .def = "25",
          FIELD_INTS(1, ROWS_STEPS_MAX)),
    FIELD(
        struct rows_params, guidance, NUMBER,
        "How much the label counts (classifier-free guidance): above 1 rows are more typical of it, and less diverse. "
        "Absent: 1. For tables with a label.",
        .present = offsetof(struct rows_params, has_guidance), FIELD_REALS(0, 100)),
    FIELD(struct rows_params, format, ENUM, "How rows come: columns is an object of arrays, csv a text with a header.",
          .names = FORMATS, .def = "columns"),
    TIME_LIMIT_INPUT(struct rows_params),
    {0}};

/* -- The model -- */

static enum status find_table(struct call *call, struct rows_params *p, struct str *json) {
    struct kept_model *kept = NULL;
    enum status status = model_named_keep(call, p->model, &p->named, &kept);
    if (status != STATUS_OK)
        return status;
    *json = kept->named.json;
    p->table = kept->named.outline ? kept->named.outline->table : NULL;
    if (!p->table)
        return call_fail(call, STATUS_INVALID, "/model",
                         "The model %.*s did not learn a table; want one that POST /v1/models made of a CSV.",
                         (int)p->named.name.n, p->named.name.p);
    if (p->has_guidance && p->table->code.label == TABLE_NO_LABEL)
        return call_fail(call, STATUS_INVALID, "/guidance",
                         "The table of this model has no label that guidance could lead to; want none.");
    return STATUS_OK;
}

/* -- What is given -- */

struct giving {
    struct call *call;
    const struct rows_params *params;
};

static enum status refuse(struct giving *g, const char *name, const char *want) {
    char pointer[160];
    snprintf(pointer, sizeof pointer, "/given/%.100s", name);
    return call_fail(g->call, STATUS_INVALID, strpbrk(name, "/~") ? "/given" : pointer,
                     "The column \"%.100s\" wants %s.", name, want);
}

static enum status give_category(struct giving *g, size_t i, const char *name, const json_t *value) {
    const struct table_file *t = g->params->table;
    char number[32];
    struct str text = {json_string_value(value), json_string_length(value)};
    if (json_is_integer(value)) /* categories that were numbers */
        text =
            (struct str){number, (size_t)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value))};
    const size_t k = text.p ? table_names_category(&t->names, i, t->code.columns[i].categories, text) : SIZE_MAX;
    g->params->values[i] = (double)k;
    return k < SIZE_MAX ? STATUS_OK : refuse(g, name, "one of its categories; GET /v1/models/{id} lists them");
}

static enum status give_number(struct giving *g, size_t i, const char *name, const json_t *value) {
    const double x = json_number_value(value);
    const bool whole = g->params->table->code.columns[i].kind == COLUMN_INTEGER;
    g->params->values[i] = x;
    if (json_is_number(value) && fabs(x) <= LARGEST && (!whole || x == floor(x)))
        return STATUS_OK;
    return refuse(g, name, whole ? "an integer from -1e30 to 1e30" : "a number from -1e30 to 1e30");
}

static enum status give(struct giving *g, const char *name, const json_t *value) {
    const struct rows_params *p = g->params;
    const size_t i = table_names_find(&p->table->names, (struct str){name, strlen(name)});
    if (i == SIZE_MAX)
        return call_fail(g->call, STATUS_INVALID, "/given", "The table has no column \"%.100s\".", name);
    p->is_given[i] = true;
    p->values[i] = (double)NAN;
    if (json_is_null(value))
        return p->table->code.columns[i].gaps ? STATUS_OK : refuse(g, name, "a value: it was never missing");
    return p->table->names.categories[i] ? give_category(g, i, name, value) : give_number(g, i, name, value);
}

static enum status read_given(struct call *call, struct rows_params *p) {
    const size_t n = p->table->code.n;
    struct giving g = {call, p};
    json_t *object = NULL, *value;
    const char *name;
    p->is_given = ctx_zalloc(&call->ctx, n, sizeof *p->is_given);
    p->values = ctx_zalloc(&call->ctx, n, sizeof *p->values);
    if (!p->is_given || !p->values)
        return STATUS_NO_MEMORY;
    if (!p->given.n)
        return STATUS_OK;
    enum status status = json_file_object(&call->ctx, "given", p->given, &object);
    json_object_foreach(object, name, value) if (status == STATUS_OK) status = give(&g, name, value);
    json_decref(object);
    return status;
}

/* -- Classes -- */

/* draws gives numbers of the seed: what is drawn here beside the samples' noise. */
static uint64_t draws(uint64_t seed, uint32_t of) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)}, counter[4] = {of, 0, 0, 0x7AB1E};
    uint32_t out[4];
    philox4x32(key, counter, out);
    return ((uint64_t)out[0] << 32 | out[1]) >> 11;
}

/* label_given is the class that all rows have; -1: each has its own. */
static int64_t label_given(const struct rows_params *p) {
    const struct table_code *code = &p->table->code;
    if (!p->is_given[code->label])
        return -1;
    const double x = p->values[code->label];
    return (int64_t)(isnan(x) ? (double)code->columns[code->label].categories : x);
}

static enum status choose_classes(struct call *call, struct rows_params *p, size_t *counts) {
    const struct table_code *code = &p->table->code;
    if (!(p->classes = ctx_alloc(&call->ctx, (size_t)p->count, sizeof *p->classes)))
        return STATUS_NO_MEMORY;
    const int64_t given = label_given(p);
    const double start = (double)draws((uint64_t)p->seed, 0) * 0x1p-53;
    for (size_t i = 0; i < (size_t)p->count; i++) {
        p->classes[i] = given >= 0 ? given : table_label_at(code, start, i);
        counts[p->classes[i]]++;
    }
    return STATUS_OK;
}

/* -- The parts -- */

static void write_numbers(const char *key, const double *v, size_t n, struct buf *out) {
    buf_text(out, key);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_byte(out, ',');
        number_write_real(out, v[i]);
    }
    buf_byte(out, ']');
}

/* write_known: only columns beside the label have features that are put in. */
static void write_known(const struct rows_params *p, double *mask, double *known, struct buf *out) {
    const size_t n = p->table->code.features;
    bool any = false;
    table_given(&p->table->code, p->is_given, p->values, mask, known);
    for (size_t i = 0; i < n; i++)
        any |= mask[i] != 0;
    if (!any)
        return;
    write_numbers(",\"mask\":[", mask, n, out);
    write_numbers(",\"known\":[", known, n, out);
    buf_printf(out, ",\"repaint\":{\"length\":%lld,\"repeats\":5}", (long long)(p->steps < 5 ? p->steps : 5));
}

static enum status write_part(struct call *call, const struct rows_params *p, struct str json,
                              const struct rows_part *part, struct buf *out) {
    struct ctx_mark mark = ctx_mark(&call->ctx);
    const size_t n = p->table->code.features;
    double *mask = ctx_alloc(&call->ctx, n, sizeof *mask), *known = ctx_alloc(&call->ctx, n, sizeof *known);
    if (!mask || !known)
        return STATUS_NO_MEMORY;
    buf_text(out, "{\"model\":");
    buf_add(out, json.p, json.n);
    buf_printf(out, ",\"count\":%zu,\"seed\":%llu,\"sampler\":{\"solver\":\"heun\",\"steps\":%lld}", part->n,
               (unsigned long long)draws((uint64_t)p->seed, (uint32_t)part->class + 1), (long long)p->steps);
    if (p->classes)
        buf_printf(out, ",\"class\":%lld", (long long)part->class);
    if (p->has_guidance) {
        buf_text(out, ",\"guidance\":{\"scale\":");
        number_write_real(out, p->guidance);
        buf_byte(out, '}');
    }
    write_known(p, mask, known, out);
    buf_byte(out, '}');
    ctx_rewind(&call->ctx, mark);
    return STATUS_OK;
}

static enum status begin_part(struct call *call, struct rows_part *part, const struct buf *text) {
    char allow[64];
    char *copy = text->failed ? NULL : ctx_alloc(&call->ctx, text->n, 1);
    if (!copy)
        return text->failed ? ctx_fail(&call->ctx, STATUS_NO_MEMORY, "", "There is no memory left for the request.")
                            : STATUS_NO_MEMORY;
    memcpy(copy, text->data, text->n);
    call_init(&part->call, endpoint_find("POST", "/v1/sample", allow), call->host);
    part->begun = true;
    part->call.ctx.stop = call->ctx.stop;
    part->call.request = (struct request){.query = "", .body = copy, .n = text->n};
    return call_decode(&part->call) == STATUS_OK ? STATUS_OK : rows_adopt(call, part);
}

static enum status decode_part(struct call *call, const struct rows_params *p, struct str json,
                               struct rows_part *part) {
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    enum status status = write_part(call, p, json, part, &text);
    if (status == STATUS_OK)
        status = begin_part(call, part, &text);
    buf_release(&text);
    return status;
}

static enum status make_parts(struct call *call, struct rows_params *p, struct str json) {
    const size_t classes = p->table->code.classes ? p->table->code.classes : 1;
    size_t *counts = ctx_zalloc(&call->ctx, classes, sizeof *counts);
    p->parts = ctx_zalloc(&call->ctx, classes, sizeof *p->parts);
    if (!counts || !p->parts)
        return STATUS_NO_MEMORY;
    counts[0] = p->table->code.classes ? 0 : (size_t)p->count;
    enum status status = p->table->code.classes ? choose_classes(call, p, counts) : STATUS_OK;
    for (size_t c = 0; c < classes && status == STATUS_OK; c++)
        if (counts[c]) {
            struct rows_part *part = &p->parts[p->n_parts++];
            part->n = counts[c];
            part->class = (int64_t)c;
            status = decode_part(call, p, json, part);
        }
    return status;
}

enum status rows_prepare(struct call *call, struct rows_params *p) {
    struct str json;
    enum status status = find_table(call, p, &json);
    if (status == STATUS_OK)
        status = read_given(call, p);
    return status == STATUS_OK ? make_parts(call, p, json) : status;
}

void rows_release(struct rows_params *p) {
    for (size_t i = 0; i < p->n_parts; i++)
        if (p->parts[i].begun)
            call_release(&p->parts[i].call);
}

/* own_pointer is the field of this request that a pointer into the other's leads to; "": none. */
static const char *own_pointer(const char *pointer) {
    static const char *const OTHERS[][2] = {
        {"/model", "/model"},         {"/count", "/count"},   {"/class", "/given"}, {"/guidance", "/guidance"},
        {"/sampler/steps", "/steps"}, {"/repaint", "/steps"}, {"/known", "/given"}};
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++)
        if (!strncmp(pointer, OTHERS[i][0], strlen(OTHERS[i][0])))
            return OTHERS[i][1];
    return "";
}

enum status rows_adopt(struct call *call, const struct rows_part *part) {
    const struct error *error = &part->call.errors[0];
    return call_fail(call, part->call.status, own_pointer(error->pointer), "%s", error->detail);
}

void rows_canonical(const struct rows_params *p, struct buf *out) {
    struct rows_params named = *p;
    char text[MODEL_NAMED_MAX + 1];
    named.model = model_named_text(&p->named, text);
    encode_fields(out, rows_fields, &named);
}
