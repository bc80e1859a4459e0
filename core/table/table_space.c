#include "core/table/table_space.h"

#include <math.h>

static size_t width_of(const struct column_code *c) { return c->kind == COLUMN_CATEGORICAL ? c->categories + 1 : 2; }

struct table_space table_space_of(const struct table_code *code) {
    struct table_space space = {code, 0};
    for (size_t i = 0; i < code->n; i++)
        space.d += width_of(&code->columns[i]);
    return space;
}

static void put_value(const struct column_code *c, double x, double *to) {
    if (c->kind == COLUMN_CATEGORICAL) {
        for (size_t k = 0; k <= c->categories; k++)
            to[k] = (isnan(x) ? k == c->categories : (double)k == x) ? 0.5 : 0;
        return;
    }
    to[0] = isnan(x) ? 0.5 : (x - c->low) / (c->high > c->low ? c->high - c->low : 1);
    to[1] = isnan(x) ? 0.5 : 0;
}

void table_space_put(const struct table_space *space, const struct table *table, double *points) {
    for (size_t r = 0; r < table->rows; r++)
        for (size_t i = 0; i < space->code->n; i++) {
            put_value(&space->code->columns[i], table->columns[i].values[r], points);
            points += width_of(&space->code->columns[i]);
        }
}
