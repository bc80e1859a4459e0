#include "handlers/rows_text.h"

#include <string.h>

enum status rows_decode(struct ctx *ctx, const struct table_code *code, size_t rows, const double *features,
                        const int64_t *classes, struct table *out) {
    int64_t *labels = ctx_alloc(ctx, rows, sizeof *labels);
    enum status status = labels ? table_room(ctx, code, rows, out) : STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < rows; i++)
        labels[i] = (size_t)classes[i] < code->classes ? classes[i] : TABLE_DRAWN;
    table_decode(code, rows, features, labels, out);
    return STATUS_OK;
}

enum status rows_text(struct call *call, rows_writer *writer, const struct table_names *names,
                      const struct table *table, struct str *out) {
    struct buf text;
    buf_init(&text, call->ctx.cap);
    writer(names, table, &text);
    char *copy = text.failed ? NULL : ctx_alloc(&call->ctx, text.n, 1);
    if (copy)
        memcpy(copy, text.data, text.n);
    *out = (struct str){copy, text.n};
    const bool failed = text.failed;
    buf_release(&text);
    return copy     ? STATUS_OK
           : failed ? ctx_fail(&call->ctx, STATUS_NO_MEMORY, "", "There is not enough memory for the rows.")
                    : STATUS_NO_MEMORY;
}
