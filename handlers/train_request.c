#include "handlers/train_request.h"

#include <stdio.h>
#include <string.h>

#include "core/nn/gradient.h"
#include "handlers/base64.h"
#include "handlers/dataset_parts.h"
#include "handlers/dataset_table.h"

enum { COLUMN_NAME_MAX = 1000 };

const char *const train_kind_names[] = {"table", "points", "images", NULL};

const struct field train_fields[] = {
    FIELD(
        struct train_params, name, STRING,
        "The name that the model gets: 1 to 64 characters of A-Z a-z 0-9 . _ - and no '.' first. Where a model has it, "
        "or a job makes one of it, that is a 409.",
        .required = true, .min_items = 1, .max_items = MODEL_NAME_MAX),
    FIELD(
        struct train_params, replace, BOOL,
        "A model of that name is replaced, when this one is learnt: in one step, so that a request has the one or the "
        "other. Only one that came by this endpoint is; another is a 403.",
        .def = "false"),
    FIELD(struct train_params, csv, STRING,
          "A table as CSV, with a header: columns of numbers, of integers where all are, and else of categories; empty "
          "fields and NA are missing. `/v1/sample/rows` then gives rows of this table.",
          .min_items = 1, .max_items = TRAIN_CSV_MAX),
    FIELD(struct train_params, label, STRING,
          "A column of the CSV that the network is told as the class: rows can then be asked for by it exactly.",
          .min_items = 1, .max_items = COLUMN_NAME_MAX),
    FIELD(struct train_params, categorical, ARRAY, "Columns of numbers whose numbers are names of categories.",
          .kinds = KIND_STRING, .min_items = 1, .max_items = TABLE_COLUMNS_MAX),
    FIELD(struct train_params, data, ARRAY,
          "Points, [n][d], or gray images, [n][height][width] of integers 0 to 255, for `/v1/sample`.",
          .kinds = KIND_INT | KIND_REAL, .min_dims = 2, .max_dims = 3, .min_items = 1, .max_items = TRAIN_NUMBERS_MAX),
    FIELD(struct train_params, labels, ARRAY, "The class of each point or image, [n], from 0.", .kinds = KIND_INT,
          .min_items = 1, .max_items = TRAIN_NUMBERS_MAX, FIELD_INTS(0, DATASET_CLASSES_MAX - 1)),
    FIELD(
        struct train_params, file, STRING,
        "Points or images as a file in base64: IDX, as MNIST is kept, or NPY, either packed by gzip or not; images are "
        "[n][height][width], or [n][height][width][3] in colour.",
        .min_items = 1, .max_items = TRAIN_FILE_MAX),
    FIELD(struct train_params, labels_file, STRING, "The classes of its items in the same way, [n], from 0.",
          .min_items = 1, .max_items = TRAIN_FILE_MAX),
    FIELD(struct train_params, options, JSON,
          "What `solvent train --help` lists of network and training, by the names of train.json: "
          "{\"steps\":3000,\"hidden_size\":256,\"seed\":7}. A table has other defaults: 3000 steps of 120 rows, two "
          "blocks, 100 steps of warm-up, and label_drop 0.3; given 0 makes it one that can be told its label alone."),
    {0}};

const struct rule train_rules[] = {EXACTLY_ONE("csv", "data", "file"), REQUIRES("label", "csv"),
                                   REQUIRES("categorical", "csv"),     REQUIRES("labels", "data"),
                                   REQUIRES("labels_file", "file"),    {0}};

/* -- Options -- */

/* refuse_foreign: options of a run on files mean nothing here. */
static enum status refuse_foreign(struct ctx *ctx, const struct str text) {
    static const struct {
        const char *name;
        bool of_result;
    } NAMES[] = {
#define X(kind, member, def, least, greatest, words, of_result, doc) {#member, of_result},
        TRAIN_OPTIONS(X)
#undef X
    };
    json_t *object = NULL;
    enum status status = json_file_object(ctx, "options", text, &object);
    for (size_t i = 0; i < COUNT_OF(NAMES) && status == STATUS_OK; i++)
        if ((!NAMES[i].of_result || !strcmp(NAMES[i].name, "label_column") || !strcmp(NAMES[i].name, "keep")) &&
            json_object_get(object, NAMES[i].name))
            status = ctx_fail(ctx, STATUS_INVALID, "/options",
                              "options has %s, which is for solvent train; want what describes network and training.",
                              NAMES[i].name);
    if (object)
        json_decref(object);
    return status;
}

static enum status read_options(struct ctx *ctx, struct train_params *p, struct train_config *c) {
    train_config_default(c);
    if (p->csv.n)
        train_config_tables(c, p->label.n > 0);
    if (!p->options.n)
        return STATUS_OK;
    enum status status = refuse_foreign(ctx, p->options);
    return status == STATUS_OK ? train_config_read(ctx, "options", p->options, c) : status;
}

/* -- Tables -- */

static enum status read_table(struct ctx *ctx, struct train_params *p, const struct train_config *c) {
    const struct dataset_table_in in = {p->csv, &p->categorical, p->label, c->given > 0};
    return dataset_table(ctx, &in, &p->table, &p->dataset);
}

/* -- Arrays -- */

static enum status at(struct ctx *ctx, enum status status, const char *pointer) {
    if (status == STATUS_INVALID || status == STATUS_TOO_LARGE)
        snprintf(ctx->err.pointer, sizeof ctx->err.pointer, "%s", pointer);
    return status;
}

static enum status read_arrays(struct ctx *ctx, struct train_params *p) {
    const struct data_array data = data_array_of("data", &p->data), labels = data_array_of("labels", &p->labels);
    p->dataset = (struct dataset){0};
    enum status status = at(ctx, dataset_array(ctx, &data, &p->dataset), "/data");
    if (status == STATUS_OK && p->labels.kind)
        status = at(ctx, dataset_labels(ctx, &labels, &p->dataset), "/labels");
    return status;
}

/* -- Files -- */

/* open_text is data_array_open of a file that came as text. */
static enum status open_text(struct ctx *ctx, const char *name, struct str text, struct data_array *out) {
    size_t n, wrong;
    unsigned char *bytes = ctx_alloc(ctx, text.n / 4 + 1, 3);
    if (!bytes)
        return STATUS_NO_MEMORY;
    if (!base64_read(text.p, text.n, bytes, &n, &wrong))
        return ctx_fail(ctx, STATUS_INVALID, "", "%s is no base64 at its character %zu; want 4 for each 3 bytes.", name,
                        wrong);
    const enum status status = data_array_open(ctx, &(struct data_file){name, bytes, n}, out);
    const struct error error = ctx->err;
    return status == STATUS_UNSUPPORTED ? ctx_fail(ctx, STATUS_INVALID, "", "%s", error.detail) : status;
}

static enum status read_files(struct ctx *ctx, struct train_params *p) {
    struct data_array data, labels;
    p->dataset = (struct dataset){0};
    enum status status = open_text(ctx, "file", p->file, &data);
    if (status == STATUS_OK)
        status = dataset_array(ctx, &data, &p->dataset);
    if (status != STATUS_OK || !p->labels_file.n)
        return at(ctx, status, "/file");
    status = open_text(ctx, "labels_file", p->labels_file, &labels);
    if (status == STATUS_OK)
        status = dataset_labels(ctx, &labels, &p->dataset);
    return at(ctx, status, "/labels_file");
}

/* -- All of it -- */

static enum status read_data(struct ctx *ctx, struct train_params *p, const struct train_config *c) {
    enum status status = p->csv.n ? read_table(ctx, p, c) : p->file.n ? read_files(ctx, p) : read_arrays(ctx, p);
    p->kind = p->csv.n ? TRAIN_TABLE : p->dataset.images ? TRAIN_IMAGES : TRAIN_POINTS;
    return status;
}

/* measure counts the network's parameters, and so finds what is wrong with its sizes. */
static enum status measure(struct ctx *ctx, struct train_params *p) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct graph *graph;
    enum status status = train_plan_graph(ctx, &p->plan, &graph);
    p->numbers = status == STATUS_OK ? gradient_numbers(graph) : 0;
    ctx_rewind(ctx, mark);
    return status;
}

enum status train_refuse_taken(struct call *call, const struct train_params *p) {
    struct kept_model *kept;
    const struct str name = p->name;
    enum status status = call_keep_model(call, name, (struct str){0}, MODEL_OUTLINED, &kept);
    if (status != STATUS_OK || !kept || (p->replace && kept->named.made))
        return status;
    if (p->replace)
        return ctx_fail(&call->ctx, STATUS_FORBIDDEN, "/name",
                        "The model %.*s did not come by POST /v1/models, and is not replaced; want another name.",
                        (int)name.n, name.p);
    return ctx_fail(&call->ctx, STATUS_CONFLICT, "/name",
                    "There is another model %.*s already; want a name of its own, or replace.", (int)name.n, name.p);
}

/* check_name: a job that was begun may find the model that it wrote itself before it was ended. */
static enum status check_name(struct call *call, const struct train_params *p) {
    if (!model_name_fits(p->name))
        return ctx_fail(&call->ctx, STATUS_INVALID, "/name",
                        "The name does not fit a model; want 1 to %d characters of A-Z a-z 0-9 . _ - and no '.' first.",
                        MODEL_NAME_MAX);
    call->makes = p->name;
    return call->job ? STATUS_OK : train_refuse_taken(call, p);
}

enum status train_prepare(struct call *call, struct train_params *p) {
    struct ctx *ctx = &call->ctx;
    struct train_config config;
    enum status status = check_name(call, p);
    if (status != STATUS_OK)
        return status;
    status = at(ctx, read_options(ctx, p, &config), "/options");
    if (status == STATUS_OK)
        status = read_data(ctx, p, &config);
    if (status != STATUS_OK)
        return status;
    status = train_plan_make(ctx, &config, &p->dataset, NULL, &p->plan);
    if (status == STATUS_OK)
        status = measure(ctx, p);
    return at(ctx, status, "/options");
}
