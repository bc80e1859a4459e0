#include "server/train_tell.h"

#include <stdio.h>

#include "handlers/table_file.h"

enum { COLUMNS_TOLD = 24 };

static void tell_column(const struct table_code *code, const struct table_names *names, size_t i) {
    const struct column_code *c = &code->columns[i];
    fprintf(stderr, "%s%.*s ", i ? "; " : "Columns: ", (int)(names->columns[i].n < 60 ? names->columns[i].n : 60),
            names->columns[i].p);
    if (c->kind == COLUMN_CATEGORICAL)
        fprintf(stderr, "%zu %s", c->categories, c->categories == 1 ? "category" : "categories");
    else
        fprintf(stderr, "%s %.6g to %.6g", c->kind == COLUMN_INTEGER ? "integers" : "numbers", c->low, c->high);
    fprintf(stderr, "%s%s", c->gaps ? ", with gaps" : "", i == code->label ? ", the label" : "");
}

static void tell_columns(const struct table_file *table) {
    const size_t n = table->code.n, told = n < COLUMNS_TOLD ? n : COLUMNS_TOLD;
    for (size_t i = 0; i < told; i++)
        tell_column(&table->code, &table->names, i);
    if (told < n)
        fprintf(stderr, "; and %zu more", n - told);
    fputs(".\n", stderr);
}

static void tell_data(const struct dataset *d) {
    if (d->images)
        fprintf(stderr, "%zu images of %zu x %zu, %s", d->data.n, d->width, d->height,
                d->channels == 3 ? "colour" : "grey");
    else if (d->table)
        fprintf(stderr, "%zu rows of a table of %zu columns", d->data.n, d->table->code.n);
    else
        fprintf(stderr, "%zu rows of %zu numbers", d->data.n, d->channels);
    if (d->classes)
        fprintf(stderr, ", %zu classes", d->classes);
}

void train_tell(const struct ctx *ctx, const struct train_plan *plan, size_t steps_before) {
    tell_data(plan->data);
    if (plan->source)
        fprintf(stderr, ", from %zu others", plan->source->data.n);
    if (*plan->config.init_from)
        fprintf(stderr, ", after %.300s", plan->config.init_from);
    fprintf(stderr, "; %s, %zu steps of %zu", isa_text(ctx->isa), plan->options.steps, plan->options.batch);
    if (steps_before && steps_before != plan->options.steps)
        fprintf(stderr, " in place of %zu", steps_before);
    if (plan->options.team)
        fprintf(stderr, " on %zu ranks", plan->options.team->ranks);
    fputs(".\n", stderr);
    if (plan->data->table)
        tell_columns(plan->data->table);
}
