#include "handlers/rows_request.h"

#include <math.h>
#include <string.h>

#include "core/base/philox.h"
#include "handlers/dtype_field.h"
#include "handlers/encode.h"
#include "handlers/number.h"
#include "handlers/rows_choices.h"
#include "handlers/sample_request.h"
#include "handlers/time_limit_field.h"

enum { LABEL_MAX = 1000 };
static const char *const FORMATS[] = {"columns", "csv", NULL};

const struct field rows_fields[] = {
    FIELD(struct rows_params, model, STRING,
          "The name of a model that learnt a table (POST /v1/models). NAME@DIGEST insists on the files of that digest.",
          .required = true, .min_items = 1, .max_items = MODEL_NAMED_MAX),
    FIELD(struct rows_params, count, INT, "How many rows.", .def = "10",
          .present = offsetof(struct rows_params, has_count), FIELD_INTS(1, ROWS_COUNT_MAX)),
    FIELD(
        struct rows_params, label, STRING,
        "The category of the label that all rows are to have (`GET /v1/models/{id}` lists them). Absent: each has its "
        "share.",
        .min_items = 1, .max_items = LABEL_MAX),
    FIELD(struct rows_params, given, JSON,
          "What all rows are to have: columns by their names, each with a number within the range that was learnt, a "
          "category, or null, for a value that is missing. The other columns are drawn as they are where these are "
          "so: {\"species\": \"setosa\", \"petal_length\": 1.4}."),
    FIELD(struct rows_params, columns, JSON,
          "Rows with gaps that are to be filled, as the answer has them: each column by its name, an array of values, "
          "null where there is a gap, of which at most 100000; a column that is not there is a gap everywhere. A gap "
          "gets a value, never one that is missing."),
    FIELD(struct rows_params, csv, STRING, "The same as CSV with a header: empty fields and NA are gaps.",
          .min_items = 1, .max_items = ROWS_CSV_MAX),
    FIELD(struct rows_params, seed, INT,
          "With it the same request has the same rows. Drawn and echoed where it is absent.", .role = ROLE_SEED,
          FIELD_INTS(0, SAMPLE_SEED_LIMIT - 1)),
    FIELD(struct rows_params, steps, INT, "Steps of Heun's method, of two network calls each.", .def = "25",
          FIELD_INTS(1, ROWS_STEPS_MAX)),
    FIELD(
        struct rows_params, guidance, NUMBER,
        "How much the label counts (classifier-free guidance): above 1 rows are more typical of it, and less diverse. "
        "Absent: 1. For rows whose label is given.",
        .present = offsetof(struct rows_params, has_guidance), FIELD_REALS(0, 100)),
    FIELD(struct rows_params, format, ENUM, "How rows come: columns is an object of arrays, csv a text with a header.",
          .names = FORMATS, .def = "columns"),
    DTYPE_INPUT(struct rows_params, dtype),
    TIME_LIMIT_INPUT(struct rows_params),
    {0}};

const struct rule rows_rules[] = {AT_MOST_ONE("count", "columns", "csv"),
                                  AT_MOST_ONE("given", "columns", "csv"),
                                  AT_MOST_ONE("label", "columns", "csv"),
                                  {0}};

/* -- The model -- */

static enum status find_table(struct call *call, struct rows_params *p, bool *told) {
    struct kept_model *kept = NULL;
    enum status status = model_named_keep(call, p->model, &p->named, &kept);
    if (status != STATUS_OK)
        return status;
    p->json = kept->named.json;
    p->table = kept->named.outline ? kept->named.outline->table : NULL;
    if (!p->table)
        return call_fail(call, STATUS_INVALID, "/model",
                         "The model %.*s did not learn a table; want one that POST /v1/models made of a CSV.",
                         (int)p->named.name.n, p->named.name.p);
    *told = kept->named.outline->network.given;
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

/* others_given: a row has more than its label. */
static bool others_given(const struct rows_params *p, size_t row) {
    const size_t n = p->table->code.n;
    for (size_t i = 0; p->cells.rows && i < n; i++)
        if (i != p->table->code.label && rows_cells_given(&p->cells, n, row, i))
            return true;
    return false;
}

/* class_of: a label that is not given goes with the rest where some of it is, and else has its share. */
static int64_t class_of(const struct rows_params *p, double start, size_t row) {
    const struct table_code *code = &p->table->code;
    if (!code->classes)
        return 0;
    if (rows_cells_given(&p->cells, code->n, row, code->label)) {
        const double k = rows_cells_value(&p->cells, code->n, row, code->label);
        return (int64_t)(isnan(k) ? (double)code->columns[code->label].categories : k);
    }
    return others_given(p, row) ? (int64_t)code->classes : table_label_at(code, start, row);
}

static enum status choose_classes(struct call *call, struct rows_params *p, size_t *counts) {
    if (!(p->classes = ctx_alloc(&call->ctx, (size_t)p->count, sizeof *p->classes)))
        return STATUS_NO_MEMORY;
    const double start = (double)draws((uint64_t)p->seed, 0) * 0x1p-53;
    for (size_t i = 0; i < (size_t)p->count; i++) {
        p->classes[i] = class_of(p, start, i);
        counts[p->classes[i]]++;
    }
    if (p->has_guidance && counts[p->table->code.classes] == (size_t)p->count)
        return call_fail(call, STATUS_INVALID, "/guidance",
                         "No row has a label that is given, to which guidance could lead; want a label, or none.");
    return STATUS_OK;
}

/* -- What is given -- */

static enum status read_cells(struct call *call, struct rows_params *p) {
    enum status status = STATUS_OK;
    if (p->given.n)
        status = rows_cells_object(call, p->table, p->given, &p->cells);
    else if (p->columns.n)
        status = rows_cells_columns(call, p->table, p->columns, ROWS_COUNT_MAX, &p->cells);
    else if (p->csv.n)
        status = rows_cells_csv(call, p->table, p->csv, ROWS_COUNT_MAX, &p->cells);
    if (status == STATUS_OK && p->label.n)
        status = rows_cells_label(call, p->table, p->label, &p->cells);
    if (p->cells.gaps)
        p->count = (int64_t)p->cells.rows;
    return status;
}

/* check_told: a network that was not trained to be told of columns knows its label alone. */
static enum status check_told(struct call *call, const struct rows_params *p, bool told) {
    for (size_t i = 0; !told && i < p->cells.rows; i++)
        if (others_given(p, i))
            return call_fail(call, STATUS_INVALID,
                             p->given.n     ? "/given"
                             : p->columns.n ? "/columns"
                                            : "/csv",
                             "This model was trained without columns that are given (options.given was 0, or it is "
                             "of an earlier version); want its label alone, or train it again.");
    return STATUS_OK;
}

/* give writes what a row has, all else NaN. */
static void give(const struct rows_params *p, size_t row, double *given) {
    const struct table_code *code = &p->table->code;
    for (size_t j = 0; j < code->features; j++)
        given[j] = (double)NAN;
    for (size_t i = 0; i < code->n; i++) {
        if (i == code->label)
            continue;
        if (rows_cells_given(&p->cells, code->n, row, i))
            table_give(code, i, rows_cells_value(&p->cells, code->n, row, i), given);
        else if (p->cells.gaps)
            table_give_there(code, i, given);
    }
}

/* give_all writes what each part's rows have: the k-th of a part is the k-th row of its class. */
static enum status give_all(struct call *call, struct rows_params *p, const size_t *counts) {
    const size_t features = p->table->code.features, classes = p->table->code.classes + 1;
    double **next = ctx_zalloc(&call->ctx, classes, sizeof *next);
    if (!next)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < p->n_parts; i++) {
        struct rows_part *part = &p->parts[i];
        part->given = ctx_alloc(&call->ctx, counts[part->class], features * sizeof *part->given);
        if (!(next[part->class] = part->given))
            return STATUS_NO_MEMORY;
        ((struct sample_params *)part->call.params)->given = part->given;
    }
    for (size_t i = 0; i < (size_t)p->count; i++, next[p->classes[i - 1]] += features)
        give(p, i, next[p->classes[i]]);
    return STATUS_OK;
}

/* -- The parts -- */

static void write_part(const struct rows_params *p, const struct rows_part *part, bool ask, struct buf *out) {
    buf_text(out, "{\"model\":");
    buf_add(out, p->json.p, p->json.n);
    buf_printf(out, ",\"dtype\":\"%s\",\"count\":%zu,\"seed\":%llu,\"sampler\":{\"solver\":\"%s\",\"steps\":%lld}",
               dtype_names[p->dtype], part->n, (unsigned long long)draws((uint64_t)p->seed, (uint32_t)part->class + 1),
               ask ? "euler" : "heun", (long long)(ask ? 1 : p->steps));
    const bool told = (size_t)part->class < p->table->code.classes;
    if (told)
        buf_printf(out, ",\"class\":%lld", (long long)part->class);
    if (told && p->has_guidance) {
        buf_text(out, ",\"guidance\":{\"scale\":");
        number_write_real(out, p->guidance);
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
}

static enum status begin(struct call *call, const struct buf *text, struct call *out) {
    char allow[64];
    char *copy = text->failed ? NULL : ctx_alloc(&call->ctx, text->n, 1);
    if (!copy)
        return text->failed ? ctx_fail(&call->ctx, STATUS_NO_MEMORY, "", "There is no memory left for the request.")
                            : STATUS_NO_MEMORY;
    memcpy(copy, text->data, text->n);
    call_init(out, endpoint_find("POST", "/v1/sample", allow), call->host);
    out->ctx.stop = call->ctx.stop;
    out->ctx.parallel = call->ctx.parallel;
    out->deadline_ns = call->deadline_ns;
    out->request = (struct request){.query = "", .body = copy, .n = text->n};
    if (call_decode(out) == STATUS_OK)
        return STATUS_OK;
    const enum status status = rows_adopt(call, out);
    call_release(out);
    return status;
}

enum status rows_begin(struct call *call, const struct rows_params *p, const struct rows_part *part, bool ask,
                       struct call *out) {
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    write_part(p, part, ask, &text);
    enum status status = begin(call, &text, out);
    buf_release(&text);
    if (status == STATUS_OK)
        ((struct sample_params *)part->call.params)->bare = true;
    return status;
}

static enum status make_parts(struct call *call, struct rows_params *p) {
    const size_t classes = p->table->code.classes + 1;
    size_t *counts = ctx_zalloc(&call->ctx, classes, sizeof *counts);
    p->parts = ctx_zalloc(&call->ctx, classes, sizeof *p->parts);
    enum status status = counts && p->parts ? choose_classes(call, p, counts) : STATUS_NO_MEMORY;
    for (size_t c = 0; c < classes && status == STATUS_OK; c++)
        if (counts[c]) {
            struct rows_part *part = &p->parts[p->n_parts++];
            part->n = counts[c];
            part->class = (int64_t)c;
            status = rows_begin(call, p, part, false, &part->call);
            part->begun = status == STATUS_OK;
        }
    return status == STATUS_OK && (p->cells.rows || p->choices) ? give_all(call, p, counts) : status;
}

enum status rows_prepare(struct call *call, struct rows_params *p) {
    bool told = false;
    enum status status = find_table(call, p, &told);
    if (status == STATUS_OK)
        status = read_cells(call, p);
    if (status == STATUS_OK)
        status = check_told(call, p, told);
    p->choices = told && p->table->choices ? rows_choices_most(p) : 0;
    return status == STATUS_OK ? make_parts(call, p) : status;
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

enum status rows_adopt(struct call *call, const struct call *part) {
    const struct error *error = &part->errors[0];
    return call_fail(call, part->status, own_pointer(error->pointer), "%s", error->detail);
}

void rows_canonical(const struct rows_params *p, struct buf *out) {
    struct rows_params named = *p;
    char text[MODEL_NAMED_MAX + 1];
    named.model = model_named_text(&p->named, text);
    encode_fields(out, rows_fields, &named);
}
