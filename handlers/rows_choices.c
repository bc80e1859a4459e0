#include "handlers/rows_choices.h"

#include "core/base/philox.h"
#include "core/table/table_choice.h"
#include "handlers/sample_answer.h"
#include "handlers/sample_request.h"

size_t rows_choices_most(const struct rows_params *p) {
    const struct table_code *code = &p->table->code;
    size_t n = 0;
    for (size_t i = 0; i < code->n && n < TABLE_CHOICES_MAX; i++)
        n += table_choice_made(code, i);
    return n;
}

static bool any_open(const struct table_code *code, size_t column, const struct rows_part *part) {
    bool open = false;
    for (size_t r = 0; r < part->n && !open; r++)
        open = table_choice_open(code, column, part->given + r * code->features);
    return open;
}

/* uniform is a number of a row's column, in 0 .. 1. */
static double uniform(const struct rows_params *p, const struct rows_part *part, size_t column, size_t row) {
    enum { CHOICES = 0xC401CE };
    const uint32_t key[2] = {(uint32_t)p->seed, (uint32_t)((uint64_t)p->seed >> 32)},
                   counter[4] = {(uint32_t)row, (uint32_t)column, (uint32_t)part->class, CHOICES};
    uint32_t out[4];
    philox4x32(key, counter, out);
    return (out[0] + 0.5) * 0x1p-32;
}

/* choose makes a column's choices by what was said. */
static void choose(const struct rows_params *p, struct rows_part *part, size_t column, const double *D) {
    const struct table_code *code = &p->table->code;
    for (size_t r = 0; r < part->n; r++) {
        double *given = part->given + r * code->features;
        if (table_choice_open(code, column, given))
            table_choose(code, column, D + r * code->features, uniform(p, part, column, r), given);
    }
}

/* choose_column asks the network once, for all rows. */
static enum status choose_column(struct call *call, const struct rows_params *p, struct rows_part *part,
                                 size_t column) {
    const size_t features = p->table->code.features, numbers = part->n * features;
    double *zeros = ctx_zalloc(&call->ctx, numbers, sizeof *zeros);
    struct call ask;
    enum status status = zeros ? rows_begin(call, p, part, true, &ask) : STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    struct sample_params *asked = ask.params;
    asked->given = part->given;
    asked->latents = (struct array){KIND_REAL, 2, {part->n, features}, numbers, {.reals = zeros}};
    if (call_run(&ask) == STATUS_OK)
        choose(p, part, column, ((const struct sample_result *)ask.result)->samples.reals);
    else
        status = rows_adopt(call, &ask);
    call_release(&ask);
    return status;
}

enum status rows_choose(struct call *call, const struct rows_params *p, struct rows_part *part) {
    const struct table_code *code = &p->table->code;
    enum status status = STATUS_OK;
    for (size_t i = 0, n = 0; i < code->n && n < p->choices && status == STATUS_OK; i++) {
        const struct ctx_mark mark = ctx_mark(&call->ctx);
        n += table_choice_made(code, i);
        if (any_open(code, i, part))
            status = choose_column(call, p, part, i);
        ctx_rewind(&call->ctx, mark);
    }
    return status;
}
