#include <math.h>
#include <string.h>

#include "handlers/rows_choices.h"
#include "handlers/rows_text.h"
#include "handlers/sample_answer.h"

struct result {
    struct str columns, csv;
    bool has_columns, has_csv;
    int64_t seed;
};

static const struct field OUTPUT[] = {
    FIELD(struct result, columns, JSON,
          "Each column by its name, an array of `count` numbers or texts; null is a value that is missing.",
          .present = offsetof(struct result, has_columns)),
    FIELD(struct result, csv, STRING, "The rows as CSV.", .present = offsetof(struct result, has_csv)),
    FIELD(struct result, seed, INT, "With it the same request has the same answer.", .required = true),
    {0}};

static enum status prepare(struct call *call, void *params) { return rows_prepare(call, params); }
static void release(void *params) { rows_release(params); }
static void canonical(const void *params, struct buf *out) { rows_canonical(params, out); }

static uint64_t cost(const void *params) {
    const struct rows_params *p = params;
    const double asked = 1 + (double)p->choices / (2 * (double)p->steps); /* beside the calls of Heun's method */
    uint64_t sum = (uint64_t)(100 * (double)p->count * (double)p->table->code.n);
    for (size_t i = 0; i < p->n_parts; i++)
        sum += (uint64_t)(asked * (double)call_cost(&p->parts[i].call));
    return sum;
}

/* run_parts draws the features of each class's rows. */
static enum status run_parts(struct call *call, const struct rows_params *p) {
    for (size_t i = 0; i < p->n_parts; i++) {
        struct call *part = &p->parts[i].call;
        part->ctx.stop = call->ctx.stop;
        part->ctx.parallel = call->ctx.parallel;
        part->deadline_ns = call->deadline_ns;
        enum status status = p->choices ? rows_choose(call, p, &p->parts[i]) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
        if (call_run(part) != STATUS_OK)
            return rows_adopt(call, part);
        call_share(call, (double)(i + 1) / (double)p->n_parts);
    }
    return STATUS_OK;
}

/* gather puts the rows of all classes in their order: the k-th of a class is the k-th row that has it. Those with gaps
 * get values for them. */
static enum status gather(struct call *call, const struct rows_params *p, double *features) {
    const struct table_code *code = &p->table->code;
    const double **next = ctx_zalloc(&call->ctx, code->classes + 1, sizeof *next);
    if (!next)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < p->n_parts; i++)
        next[p->parts[i].class] = ((const struct sample_result *)p->parts[i].call.result)->samples.reals;
    for (size_t i = 0; i < (size_t)p->count; i++, features += code->features) {
        memcpy(features, next[p->classes[i]], code->features * sizeof *features);
        next[p->classes[i]] += code->features;
        if (p->cells.gaps)
            table_fill(code, features);
    }
    return STATUS_OK;
}

/* put_given: what was given comes back as it was. */
static void put_given(const struct rows_params *p, struct table *table) {
    for (size_t r = 0; r < table->rows; r++)
        for (size_t i = 0; i < table->n; i++)
            if (rows_cells_given(&p->cells, table->n, r, i))
                table->columns[i].values[r] = rows_cells_value(&p->cells, table->n, r, i);
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct rows_params *p = params;
    const struct table_code *code = &p->table->code;
    struct table table;
    enum status status = run_parts(call, p);
    if (status != STATUS_OK)
        return status;
    double *features = ctx_alloc(&call->ctx, (size_t)p->count, code->features * sizeof *features);
    status = features ? gather(call, p, features) : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = rows_decode(&call->ctx, code, (size_t)p->count, features, p->classes, &table);
    if (status != STATUS_OK)
        return status;
    put_given(p, &table);
    const bool csv = p->format == ROWS_CSV;
    struct result *out = result;
    *out = (struct result){.seed = p->seed, .has_csv = csv, .has_columns = !csv};
    return rows_text(call, csv ? table_text_csv : table_text_json, &p->table->names, &table,
                     csv ? &out->csv : &out->columns);
}

const struct endpoint ep_sample_rows = {
    .method = "POST",
    .route = "/v1/sample/rows",
    .version = 2,
    .title = "Rows of a table",
    .doc =
        "Draws rows like those that a model learnt from a CSV (`POST /v1/models`): of their types, within the range "
        "of what was observed, at its step, with what is missing as often. Without `label` the label has the shares "
        "that it had, as exactly as `count` rows can: any stretch of them has them.\n\n"
        "With `given` the rows have these values, and the other columns are drawn as they are beside them, the "
        "label too. With `columns` or `csv` the gaps of rows are filled (imputed); what stands in them comes back "
        "as it was, and another seed gives another filling. A network is trained for this: on rows some of whose "
        "columns it is told. So categories, and whether a value is missing, are drawn first, column after column, by "
        "the chances that the network gives them beside what the row has already, and numbers then (of the first 128 "
        "such columns; the label has its shares or goes with the numbers).\n\n"
        "Row i depends on the model, `seed`, `steps`, `guidance`, what is given of the rows up to it and i alone: "
        "fewer rows are the first of more.",
    .source = "Lipman et al. 2023 (flow matching); Ivanov et al. 2019, VAEAC (columns that are given)",
    .input = rows_fields,
    .rules = rows_rules,
    .params_size = sizeof(struct rows_params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"model\":\"coins\",\"count\":4,\"seed\":7,\"label\":\"heads\"}",
    .answer =
        "{\"columns\":{\"side\":[\"heads\",\"heads\",\"heads\",\"heads\"],\"weight\":[5.1,5.1,5.2,5.1],\"thrown\":["
        "null,79,19,null]},\"seed\":7}",
    .prepare = prepare,
    .release = release,
    .canonical = canonical,
    .cost = cost,
    .run = run,
};
