#include "handlers/rows_request.h"

#include <string.h>

#include "core/base/philox.h"
#include "handlers/dtype_field.h"
#include "handlers/encode.h"
#include "handlers/number.h"
#include "handlers/sample_request.h"
#include "handlers/time_limit_field.h"

enum { LABEL_MAX = 1000 };
static const char *const FORMATS[] = {"columns", "csv", NULL};

const struct field rows_fields[] = {
    FIELD(struct rows_params, model, STRING,
          "The name of a model that learnt a table (POST /v1/models). NAME@DIGEST insists on the files of that digest.",
          .required = true, .min_items = 1, .max_items = MODEL_NAMED_MAX),
    FIELD(struct rows_params, count, INT, "How many rows.", .def = "10", FIELD_INTS(1, ROWS_COUNT_MAX)),
    FIELD(
        struct rows_params, label, STRING,
        "The category of the label that all rows are to have (`GET /v1/models/{id}` lists them). Absent: each has its "
        "share.",
        .min_items = 1, .max_items = LABEL_MAX),
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
    DTYPE_INPUT(struct rows_params, dtype),
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

/* -- Classes -- */

/* draws gives numbers of the seed: what is drawn here beside the samples' noise. */
static uint64_t draws(uint64_t seed, uint32_t of) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)}, counter[4] = {of, 0, 0, 0x7AB1E};
    uint32_t out[4];
    philox4x32(key, counter, out);
    return ((uint64_t)out[0] << 32 | out[1]) >> 11;
}

/* find_label is the class that all rows are to have; -1: each has its own. */
static enum status find_label(struct call *call, const struct rows_params *p, int64_t *out) {
    const struct table_code *code = &p->table->code;
    *out = -1;
    if (!p->label.n)
        return STATUS_OK;
    if (code->label == TABLE_NO_LABEL)
        return call_fail(call, STATUS_INVALID, "/label", "The table of this model has no label; want none.");
    const size_t k =
        table_names_category(&p->table->names, code->label, code->columns[code->label].categories, p->label);
    *out = (int64_t)k;
    return k < SIZE_MAX ? STATUS_OK
                        : call_fail(call, STATUS_INVALID, "/label",
                                    "The label of this table is never \"%.*s\"; GET /v1/models/%.*s lists what it is.",
                                    (int)(p->label.n < 100 ? p->label.n : 100), p->label.p, (int)p->named.name.n,
                                    p->named.name.p);
}

static enum status choose_classes(struct call *call, struct rows_params *p, int64_t given, size_t *counts) {
    const struct table_code *code = &p->table->code;
    if (!(p->classes = ctx_alloc(&call->ctx, (size_t)p->count, sizeof *p->classes)))
        return STATUS_NO_MEMORY;
    const double start = (double)draws((uint64_t)p->seed, 0) * 0x1p-53;
    for (size_t i = 0; i < (size_t)p->count; i++) {
        p->classes[i] = given >= 0 ? given : table_label_at(code, start, i);
        counts[p->classes[i]]++;
    }
    return STATUS_OK;
}

/* -- The parts -- */

static void write_part(const struct rows_params *p, struct str json, const struct rows_part *part, struct buf *out) {
    buf_text(out, "{\"model\":");
    buf_add(out, json.p, json.n);
    buf_printf(out, ",\"dtype\":\"%s\",\"count\":%zu,\"seed\":%llu,\"sampler\":{\"solver\":\"heun\",\"steps\":%lld}",
               dtype_names[p->dtype], part->n, (unsigned long long)draws((uint64_t)p->seed, (uint32_t)part->class + 1),
               (long long)p->steps);
    if (p->classes)
        buf_printf(out, ",\"class\":%lld", (long long)part->class);
    if (p->has_guidance) {
        buf_text(out, ",\"guidance\":{\"scale\":");
        number_write_real(out, p->guidance);
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
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
    write_part(p, json, part, &text);
    enum status status = begin_part(call, part, &text);
    buf_release(&text);
    return status;
}

static enum status make_parts(struct call *call, struct rows_params *p, struct str json) {
    const size_t classes = p->table->code.classes ? p->table->code.classes : 1;
    size_t *counts = ctx_zalloc(&call->ctx, classes, sizeof *counts);
    p->parts = ctx_zalloc(&call->ctx, classes, sizeof *p->parts);
    int64_t given;
    if (!counts || !p->parts)
        return STATUS_NO_MEMORY;
    counts[0] = p->table->code.classes ? 0 : (size_t)p->count;
    enum status status = find_label(call, p, &given);
    if (status == STATUS_OK && p->table->code.classes)
        status = choose_classes(call, p, given, counts);
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
    return status == STATUS_OK ? make_parts(call, p, json) : status;
}

void rows_release(struct rows_params *p) {
    for (size_t i = 0; i < p->n_parts; i++)
        if (p->parts[i].begun)
            call_release(&p->parts[i].call);
}

/* own_pointer is the field of this request that a pointer into the other's leads to; "": none. */
static const char *own_pointer(const char *pointer) {
    static const char *const OTHERS[][2] = {{"/model", "/model"},
                                            {"/count", "/count"},
                                            {"/class", "/label"},
                                            {"/guidance", "/guidance"},
                                            {"/sampler/steps", "/steps"}};
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
