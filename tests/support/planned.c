#include "tests/support/planned.h"

#include "core/nn/gradient.h"
#include "handlers/model_write.h"
#include "tests/support/test.h"

void planned_begin(struct planned *f, bool images) {
    *f = (struct planned){.mean = {1, -2}, .std = {3, 0.5}, .names = {{"cat", 3}, {"d\"og\xff", 5}}};
    ctx_init(&f->ctx, 256 << 20);
    for (size_t i = 0; i < PLANNED_ITEMS; i++)
        f->labels[i] = i % 2;
    f->data = (struct dataset){.images = images,
                               .height = images ? PLANNED_SIDE : 1,
                               .width = images ? PLANNED_SIDE : 1,
                               .channels = images ? 3 : 2,
                               .data = {.n = PLANNED_ITEMS,
                                        .d = images ? PLANNED_SIDE * PLANNED_SIDE * 3 : 2,
                                        .rows = images ? NULL : f->rows,
                                        .bytes = images ? f->bytes : NULL,
                                        .labels = f->labels},
                               .classes = 2,
                               .class_names = f->names,
                               .mean = images ? NULL : f->mean,
                               .std = images ? NULL : f->std};
    train_config_default(&f->config);
    if (images) {
        f->config.block_out_channels = (struct sizes){2, {8, 16}};
        f->config.attention_levels = 1;
    } else {
        f->config.hidden_size = 24;
    }
    f->config.sample_count = 4;
    f->config.sample_steps = 2;
}

void planned_set(struct planned *f, const char *name, const char *value) {
    assert_int_equal(train_config_set(&f->ctx, name, value, &f->config), STATUS_OK);
}

enum status planned_try(struct planned *f) {
    return train_plan_make(&f->ctx, &f->config, &f->data, f->source.data.n ? &f->source : NULL, &f->plan);
}

void planned_make(struct planned *f) {
    if (planned_try(f))
        fail_msg("%s", f->ctx.err.detail);
}

float *planned_weights(struct planned *f, struct graph **graph) {
    if (train_plan_graph(&f->ctx, &f->plan, graph))
        fail_msg("%s", f->ctx.err.detail);
    size_t n = gradient_numbers(*graph);
    float *weights = ctx_alloc(&f->ctx, n, sizeof *weights);
    uint64_t random = 9;
    for (size_t i = 0; i < n; i++)
        weights[i] = ((float)test_below(&random, 2001) - 1000) / 20000;
    return weights;
}

void planned_folder(struct planned *f, const struct graph *graph, const float *weights, struct made_files *to) {
    made_files_init(to);
    for (size_t i = 0; i < MODEL_WRITE_FILES; i++) {
        struct buf b;
        if (!model_write_path(&f->plan, i))
            continue;
        buf_init(&b, 64 << 20);
        assert_int_equal(model_write_file(&f->ctx, &f->plan, graph, weights, i, &b), STATUS_OK);
        made_files_put(to, model_write_path(&f->plan, i), b.data, b.n);
        buf_release(&b);
    }
}

void planned_end(struct planned *f) { ctx_release(&f->ctx); }
