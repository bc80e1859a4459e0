/* The folders of planned models, read back by the reader that serves them. */
#include "handlers/model_write.h"

#include <jansson.h>
#include <math.h>

#include "core/base/epoch_order.h"
#include "handlers/model_files.h"
#include "handlers/train_samples.h"
#include "tests/support/planned.h"
#include "tests/support/test.h"

enum { FOLDER_TENSORS = 400 };

/* -- Folders -- */

static void same_unet(const struct unet_config *a, const struct unet_config *b) {
    assert_true(a->height == b->height && a->width == b->width && a->in_channels == b->in_channels);
    assert_true(a->out_channels == b->out_channels && a->levels == b->levels);
    for (size_t i = 0; i < a->levels; i++) {
        assert_int_equal(a->block_out_channels[i], b->block_out_channels[i]);
        assert_true(a->down_attention[i] == b->down_attention[i] && a->up_attention[i] == b->up_attention[i]);
    }
    assert_true(a->layers_per_block == b->layers_per_block && a->attention_head_dim == b->attention_head_dim);
    assert_true(a->norm_num_groups == b->norm_num_groups && a->norm_eps == b->norm_eps);
    assert_true(a->class_embed_type == b->class_embed_type && a->num_class_embeds == b->num_class_embeds);
    assert_true(a->flip_sin_to_cos == b->flip_sin_to_cos && a->freq_shift == b->freq_shift && a->act_fn == b->act_fn);
}

/* same_weights: the folder has all parameters and nothing else. */
static void same_weights(struct planned *f, const struct model_files *m, const struct graph *graph,
                         const float *weights) {
    const struct parameter *list;
    size_t n = graph_parameters(graph, &list);
    bool asked[FOLDER_TENSORS];
    assert_true(m->network.weights.n == n && n < FOLDER_TENSORS);
    assert_int_equal(model_part_check(&f->ctx, &m->network, list, n, asked), STATUS_OK);
    assert_int_equal(m->warnings.total, 0);
    for (size_t i = 0; i < n; weights += list[i].n, i++) {
        float *to = ctx_alloc(&f->ctx, list[i].n, sizeof *to);
        assert_int_equal(model_part_find((void *)(uintptr_t)&m->network, &f->ctx, &list[i], to), STATUS_OK);
        assert_memory_equal(to, weights, list[i].n * sizeof *to);
    }
}

static void a_unet_is_read_as_it_was_written(void **state) {
    (void)state;
    struct planned f;
    struct graph *graph;
    struct made_files files;
    struct model_files m;
    planned_begin(&f, true);
    planned_make(&f);
    const float *weights = planned_weights(&f, &graph);
    planned_folder(&f, graph, weights, &files);
    if (model_files_open(&f.ctx, &files.files, &m))
        fail_msg("%s", f.ctx.err.detail);
    same_unet(&m.unet, &f.plan.unet);
    same_weights(&f, &m, graph, weights);
    made_files_release(&files);
    planned_end(&f);
}

static void a_dit_is_read_as_it_was_written(void **state) {
    (void)state;
    struct planned f;
    struct graph *graph;
    struct made_files files;
    struct model_files m;
    planned_begin(&f, true);
    f.config.block_out_channels = (struct sizes){3, {16, 32, 64}};
    f.config.attention_levels = 0;
    planned_set(&f, "network", "dit");
    planned_set(&f, "num_layers", "2");
    planned_set(&f, "num_attention_heads", "2");
    planned_set(&f, "attention_head_dim", "6");
    planned_set(&f, "patch_size", "4");
    planned_make(&f);
    const float *weights = planned_weights(&f, &graph);
    planned_folder(&f, graph, weights, &files);
    if (model_files_open(&f.ctx, &files.files, &m))
        fail_msg("%s", f.ctx.err.detail);
    const struct dit_config *a = &m.dit, *b = &f.plan.dit;
    assert_true(m.kind == NETWORK_DIT && a->sample_size == PLANNED_SIDE && a->patch_size == 4 && a->in_channels == 3);
    assert_true(a->num_layers == 2 && a->num_attention_heads == 2 && a->attention_head_dim == 6);
    assert_true(a->num_embeds_ada_norm == 2 && f.plan.loss.none == 2 && a->activation_fn == b->activation_fn);
    assert_true(a->attention_bias == b->attention_bias && a->norm_eps == b->norm_eps);
    same_weights(&f, &m, graph, weights);
    made_files_release(&files);
    planned_end(&f);
}

/* -- Sources -- */

/* read_source gives the points that the folder has. */
static const float *read_source(struct planned *f, size_t dims, const size_t *shape, size_t n) {
    struct graph *graph;
    struct made_files files;
    struct model_files m;
    float *points;
    planned_make(f);
    const float *weights = planned_weights(f, &graph);
    planned_folder(f, graph, weights, &files);
    if (model_files_open(&f->ctx, &files.files, &m))
        fail_msg("%s", f->ctx.err.detail);
    assert_int_equal(source_file_read(&f->ctx, m.source, dims, shape, &points), STATUS_OK);
    assert_int_equal(m.source->shape[0], n);
    made_files_release(&files);
    return points;
}

/* A source of rows has a scale of its own; the run sees it on that of the data, and the folder has it as it was. */
static void sources_are_written_as_they_were(void **state) {
    (void)state;
    enum { STARTS = 3 };
    static const float starts[2 * STARTS] = {-1, 1, 0.5f, -1, 0.5f, 2};
    double mean[2] = {10, 0}, std[2] = {2, 4};
    struct planned f;
    planned_begin(&f, false);
    f.source = f.data;
    f.source.data = (struct train_data){.n = STARTS, .d = 2, .rows = starts};
    f.source.mean = mean, f.source.std = std;
    const float *points = read_source(&f, 1, (const size_t[]){2}, STARTS);
    for (size_t i = 0; i < STARTS; i++) {
        const float *from = starts + 2 * epoch_order_at((uint64_t)f.config.seed, STARTS, i);
        assert_true(fabs((double)points[2 * i] - (10 + 2 * (double)from[0])) < 1e-5);
        assert_true(fabs((double)points[2 * i + 1] - 4 * (double)from[1]) < 1e-5);
    }
    for (size_t i = 0; i < STARTS; i++) {
        assert_true(fabs((double)f.plan.from.rows[2 * i] - (10 + 2 * (double)starts[2 * i] - 1) / 3) < 1e-5);
        assert_true(fabs((double)f.plan.from.rows[2 * i + 1] - (4 * (double)starts[2 * i + 1] + 2) / 0.5) < 1e-5);
    }
    planned_end(&f);
}

static void images_of_a_source_have_channels_first(void **state) {
    (void)state;
    struct planned f;
    static unsigned char starts[PLANNED_SIDE * PLANNED_SIDE * 3];
    planned_begin(&f, true);
    for (size_t i = 0; i < sizeof starts; i++)
        starts[i] = (unsigned char)(100 * (i % 3) + i / 3);
    f.source = f.data;
    f.source.data = (struct train_data){.n = 1, .d = sizeof starts, .bytes = starts};
    const float *points = read_source(&f, 3, (const size_t[]){3, PLANNED_SIDE, PLANNED_SIDE}, 1);
    for (size_t i = 0; i < PLANNED_SIDE * PLANNED_SIDE * 3; i++) {
        const size_t channel = i / (PLANNED_SIDE * PLANNED_SIDE), pixel = i % (PLANNED_SIDE * PLANNED_SIDE);
        assert_true(fabs((double)points[i] - ((double)(unsigned char)(100 * channel + pixel) / 127.5 - 1)) < 1e-6);
    }
    planned_end(&f);
}

/* object_of parses file i. */
static json_t *object_of(struct planned *f, size_t i) {
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(model_write_file(&f->ctx, &f->plan, NULL, NULL, i, &b), STATUS_OK);
    json_t *object = json_loadb(b.data, b.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    buf_release(&b);
    return object;
}

static const char *text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void schedulers_are_those_of_the_paths(void **state) {
    (void)state;
    static const struct {
        const char *path, *prediction, *class, *type, *betas;
    } CASES[] = {
        {"flow", "auto", "FlowMatchEulerDiscreteScheduler", "", ""},
        {"edm", "auto", "EDMEulerScheduler", "epsilon", ""},
        {"ddpm-linear", "eps", "DDIMScheduler", "epsilon", "linear"},
        {"ddpm-scaled-linear", "x0", "DDIMScheduler", "sample", "scaled_linear"},
        {"ddpm-cosine", "v", "DDIMScheduler", "v_prediction", "squaredcos_cap_v2"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct planned f;
        planned_begin(&f, true);
        planned_set(&f, "path", CASES[i].path);
        planned_set(&f, "prediction", CASES[i].prediction);
        planned_make(&f);
        json_t *object = object_of(&f, 2), *index = object_of(&f, 0);
        assert_string_equal(text_at(object, "_class_name"), CASES[i].class);
        assert_string_equal(json_string_value(json_array_get(json_object_get(index, "scheduler"), 1)), CASES[i].class);
        assert_string_equal(text_at(object, "prediction_type"), CASES[i].type);
        assert_string_equal(text_at(object, "beta_schedule"), CASES[i].betas);
        json_decref(object);
        json_decref(index);
        planned_end(&f);
    }
}

static void rows_keep_their_scale_and_labels_their_names(void **state) {
    (void)state;
    struct planned f;
    planned_begin(&f, false);
    planned_make(&f);
    json_t *index = object_of(&f, 0), *config = object_of(&f, 1);
    assert_string_equal(text_at(json_object_get(index, "id2label"), "0"), "cat");
    assert_string_equal(text_at(json_object_get(index, "id2label"), "1"), "d\"og\xef\xbf\xbd");
    assert_string_equal(text_at(config, "_class_name"), "MLP");
    assert_int_equal(json_integer_value(json_object_get(config, "hidden_size")), 24);
    assert_int_equal(json_integer_value(json_object_get(config, "num_classes")), 2);
    assert_true(json_real_value(json_array_get(json_object_get(config, "data_mean"), 1)) == -2);
    assert_true(json_real_value(json_array_get(json_object_get(config, "data_std"), 0)) == 3);
    json_decref(index);
    json_decref(config);
    planned_end(&f);
}

/* -- Pictures -- */

static void pictures_are_drawn_and_memory_given_back(void **state) {
    (void)state;
    static const char *const PATHS[] = {"flow", "edm", "ddpm-linear", "flow"};
    for (size_t i = 0; i < 2 * COUNT(PATHS); i++) {
        struct planned f;
        struct graph *graph;
        struct buf a, b;
        planned_begin(&f, i % 2);
        planned_set(&f, "path", PATHS[i / 2]);
        if (i / 2 == COUNT(PATHS) - 1)
            f.source = f.data;
        planned_make(&f);
        const float *weights = planned_weights(&f, &graph);
        size_t used = f.ctx.used;
        buf_init(&a, 16 << 20);
        buf_init(&b, 16 << 20);
        if (train_samples(&f.ctx, &f.plan, weights, &a) || train_samples(&f.ctx, &f.plan, weights, &b))
            fail_msg("%s", f.ctx.err.detail);
        assert_true(f.ctx.used <= used + (1 << 20)); /* a block may stay */
        assert_true(a.n > 100 && a.n == b.n);
        assert_memory_equal(a.data, "\x89PNG", 4);
        assert_memory_equal(a.data, b.data, a.n);
        /* Two rows of two images and the lines between them. */
        unsigned width = (unsigned char)a.data[18] << 8 | (unsigned char)a.data[19];
        assert_true(i % 2 == 0 ? width == 512 : width > 2 * 56 && width < 2 * 56 + 20);
        buf_release(&a);
        buf_release(&b);
        planned_end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unet_is_read_as_it_was_written),
        cmocka_unit_test(a_dit_is_read_as_it_was_written),
        cmocka_unit_test(sources_are_written_as_they_were),
        cmocka_unit_test(images_of_a_source_have_channels_first),
        cmocka_unit_test(schedulers_are_those_of_the_paths),
        cmocka_unit_test(rows_keep_their_scale_and_labels_their_names),
        cmocka_unit_test(pictures_are_drawn_and_memory_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
