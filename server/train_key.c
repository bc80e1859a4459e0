#include "server/train_key.h"

#include "handlers/table_file.h"

static const size_t TEXT_MAX = (size_t)1 << 40;

/* digest_table: other numbers may have the same features. */
static void digest_table(const struct table_file *table, struct key_state *state) {
    struct buf text;
    buf_init(&text, TEXT_MAX);
    table_file_write(table, &text);
    key_add(state, text.data, text.n);
    buf_release(&text);
}

/* digest_initial covers the weights that a run starts with where they are a model's. */
static void digest_initial(const struct train_plan *plan, struct key_state *state) {
    if (plan->options.initial)
        key_add(state, plan->options.initial, plan->initial_numbers * sizeof *plan->options.initial);
}

static void digest_data(const struct dataset *d, struct key_state *state) {
    const struct train_data *data = &d->data;
    const uint64_t shape[] = {data->n, d->height, d->width, d->channels, d->classes};
    const size_t numbers = data->n * data->d;
    key_add(state, shape, sizeof shape);
    key_add(state, data->bytes, data->bytes ? numbers : 0);
    key_add(state, data->rows, data->rows ? numbers * sizeof *data->rows : 0);
    key_add(state, data->labels, data->labels ? data->n * sizeof *data->labels : 0);
    if (d->table)
        digest_table(d->table, state);
}

struct key train_key(const struct train_plan *plan) {
    struct key_state state;
    struct key key;
    struct buf text;
    buf_init(&text, 1 << 20);
    train_config_result(&plan->config, &text);
    key_start(&state);
    key_add(&state, text.data, text.n);
    digest_data(plan->data, &state);
    if (plan->source)
        digest_data(plan->source, &state);
    digest_initial(plan, &state);
    key_end(&state, &key);
    buf_release(&text);
    return key;
}
