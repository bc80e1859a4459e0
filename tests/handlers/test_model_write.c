/* Plans of options and data, and the folders of their models, read back by the reader that serves them. */
#include "handlers/model_write.h"

#include <jansson.h>
#include <math.h>

#include "core/nn/gradient.h"
#include "handlers/model_files.h"
#include "handlers/train_samples.h"
#include "tests/support/made_files.h"
#include "tests/support/test.h"

enum { ITEMS = 6, SIDE = 8, FOLDER_TENSORS = 400 };

struct fixture {
    struct ctx ctx;
    unsigned char bytes[ITEMS * SIDE * SIDE * 3];
    float rows[ITEMS * 2];
    int64_t labels[ITEMS];
    double mean[2], std[2];
    struct str names[2];
    struct dataset data;
    struct train_config config;
    struct train_plan plan;
};

static void begin(struct fixture *f, bool images) {
    *f = (struct fixture){.mean = {1, -2}, .std = {3, 0.5}, .names = {{"cat", 3}, {"d\"og\xff", 5}}};
    ctx_init(&f->ctx, 256 << 20);
    for (size_t i = 0; i < ITEMS; i++)
        f->labels[i] = i % 2;
    f->data = (struct dataset){.images = images,
                               .height = images ? SIDE : 1,
                               .width = images ? SIDE : 1,
                               .channels = images ? 3 : 2,
                               .data = {.n = ITEMS,
                                        .d = images ? SIDE * SIDE * 3 : 2,
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

static void set(struct fixture *f, const char *name, const char *value) {
    assert_int_equal(train_config_set(&f->ctx, name, value, &f->config), STATUS_OK);
}

static void plan(struct fixture *f) {
    if (train_plan_make(&f->ctx, &f->config, &f->data, &f->plan))
        fail_msg("%s", f->ctx.err.detail);
}

static void end(struct fixture *f) { ctx_release(&f->ctx); }

/* -- Plans -- */

static void what_is_open_is_settled(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, true);
    plan(&f);
    const struct train_config *c = &f.plan.config;
    assert_true(c->network == TRAIN_UNET && c->prediction == TRAIN_VELOCITY && c->times == TRAIN_UNIFORM);
    assert_true(c->sigma_data == 0 && f.plan.loss.none == 2 && f.plan.unet.num_class_embeds == 3);
    assert_int_equal(f.plan.options.held, 0);
    set(&f, "held_out", "0.5");
    plan(&f);
    assert_int_equal(f.plan.options.held, ITEMS / 2);
    assert_true(!f.plan.unet.down_attention[0] && f.plan.unet.down_attention[1] && f.plan.unet.up_attention[0]);
    end(&f);
    begin(&f, false);
    set(&f, "path", "edm");
    plan(&f);
    c = &f.plan.config;
    assert_true(c->network == TRAIN_MLP && c->prediction == TRAIN_EDM_F && c->times == TRAIN_LOG_NORMAL);
    assert_true(c->sigma_data == 1 && c->times_mean == -1.2 && c->times_std == 1.2 && f.plan.mlp.num_classes == 2);
    end(&f);
    begin(&f, true);
    set(&f, "path", "ddpm-cosine");
    set(&f, "zero_snr", "true");
    plan(&f);
    assert_true(f.plan.config.prediction == TRAIN_V && f.plan.path.options.zero_snr);
    end(&f);
}

static void what_does_not_fit_is_a_sentence(void **state) {
    (void)state;
    static const struct {
        bool images;
        const char *options[2][2], *sentence;
    } CASES[] = {
        {false, {{"network", "unet"}}, "The network unet is for images, and the data are rows; want mlp."},
        {true, {{"network", "mlp"}}, "The network mlp is for rows, and the data are images; want unet."},
        {true,
         {{"prediction", "eps"}},
         "A model that predicts eps on the path flow has no scheduler to go with; want velocity on flow, edm on edm, "
         "and "
         "x0, eps or v on ddpm-*."},
        {true,
         {{"path", "ddpm-linear"}, {"prediction", "velocity"}},
         "A model that predicts velocity on the path ddpm-linear has no scheduler to go with; want velocity on flow, "
         "edm "
         "on edm, and x0, eps or v on ddpm-*."},
        {true,
         {{"hidden_size", "9"}},
         "hidden_size is 9, which means nothing with the network unet, the path flow, uniform times and 2 classes; "
         "leave it "
         "out, or want 128."},
        {false,
         {{"block_out_channels", "8,8"}},
         "block_out_channels is [8, 8], which means nothing with the network mlp, the path flow, uniform times and 2 "
         "classes; leave it out, or want [16, 32, 64]."},
        {true,
         {{"sigma_data", "0.5"}},
         "sigma_data is 0.5, which means nothing with the network unet, the path flow, uniform times and 2 classes; "
         "leave "
         "it out, or want 0.0."},
        {true,
         {{"times_std", "2"}},
         "times_std is 2.0, which means nothing with the network unet, the path flow, uniform times and 2 classes; "
         "leave "
         "it out, or want 1.0."},
        {true, {{"zero_snr", "true"}}, "zero_snr is for the paths ddpm-*, and means nothing on flow."},
        {true, {{"attention_levels", "3"}}, "attention_levels is 3, and block_out_channels has 2 levels."},
        {true,
         {{"path", "ddpm-linear"}, {"times", "log-normal"}},
         "Noise levels cannot be log-normal on path \"ddpm-linear\", which has 1000 of them; want uniform or "
         "logit-normal."},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct fixture f;
        begin(&f, CASES[i].images);
        for (size_t k = 0; k < 2 && CASES[i].options[k][0]; k++)
            set(&f, CASES[i].options[k][0], CASES[i].options[k][1]);
        assert_int_equal(train_plan_make(&f.ctx, &f.config, &f.data, &f.plan), STATUS_INVALID);
        if (strcmp(f.ctx.err.detail, CASES[i].sentence) != 0)
            fail_msg("is: %s\nwant: %s", f.ctx.err.detail, CASES[i].sentence);
        end(&f);
    }
}

static void without_classes_no_label_is_dropped(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, false);
    f.data.classes = 0;
    f.data.data.labels = NULL;
    f.data.class_names = NULL;
    plan(&f);
    assert_int_equal(f.plan.mlp.num_classes, 0);
    set(&f, "label_drop", "0.3");
    assert_int_equal(train_plan_make(&f.ctx, &f.config, &f.data, &f.plan), STATUS_INVALID);
    assert_non_null(strstr(f.ctx.err.detail, "label_drop is 0.3, which means nothing"));
    end(&f);
}

/* -- Folders -- */

/* weights_of draws numbers for a plan's graph. */
static float *weights_of(struct fixture *f, struct graph **graph) {
    if (train_plan_graph(&f->ctx, &f->plan, graph))
        fail_msg("%s", f->ctx.err.detail);
    size_t n = gradient_numbers(*graph);
    float *weights = ctx_alloc(&f->ctx, n, sizeof *weights);
    uint64_t random = 9;
    for (size_t i = 0; i < n; i++)
        weights[i] = ((float)test_below(&random, 2001) - 1000) / 20000;
    return weights;
}

static void write_folder(struct fixture *f, const struct graph *graph, const float *weights, struct made_files *to) {
    made_files_init(to);
    for (size_t i = 0; i < model_write_files(&f->plan); i++) {
        struct buf b;
        buf_init(&b, 64 << 20);
        assert_int_equal(model_write_file(&f->ctx, &f->plan, graph, weights, i, &b), STATUS_OK);
        made_files_put(to, model_write_path(&f->plan, i), b.data, b.n);
        buf_release(&b);
    }
}

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

static void a_unet_is_read_as_it_was_written(void **state) {
    (void)state;
    struct fixture f;
    struct graph *graph;
    struct made_files files;
    struct model_files m;
    const struct parameter *list;
    begin(&f, true);
    plan(&f);
    const float *weights = weights_of(&f, &graph);
    write_folder(&f, graph, weights, &files);
    if (model_files_open(&f.ctx, &files.files, &m))
        fail_msg("%s", f.ctx.err.detail);
    same_unet(&m.unet, &f.plan.unet);
    size_t n = graph_parameters(graph, &list);
    bool asked[FOLDER_TENSORS];
    assert_true(m.network.weights.n == n && n < FOLDER_TENSORS);
    assert_int_equal(model_part_check(&f.ctx, &m.network, list, n, asked), STATUS_OK);
    assert_int_equal(m.warnings.total, 0);
    for (size_t i = 0; i < n; weights += list[i].n, i++) {
        float *to = ctx_alloc(&f.ctx, list[i].n, sizeof *to);
        assert_int_equal(model_part_find(&m.network, &f.ctx, &list[i], to), STATUS_OK);
        assert_memory_equal(to, weights, list[i].n * sizeof *to);
    }
    made_files_release(&files);
    end(&f);
}

/* object_of parses file i. */
static json_t *object_of(struct fixture *f, size_t i) {
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
        struct fixture f;
        begin(&f, true);
        set(&f, "path", CASES[i].path);
        set(&f, "prediction", CASES[i].prediction);
        plan(&f);
        json_t *object = object_of(&f, 2), *index = object_of(&f, 0);
        assert_string_equal(text_at(object, "_class_name"), CASES[i].class);
        assert_string_equal(json_string_value(json_array_get(json_object_get(index, "scheduler"), 1)), CASES[i].class);
        assert_string_equal(text_at(object, "prediction_type"), CASES[i].type);
        assert_string_equal(text_at(object, "beta_schedule"), CASES[i].betas);
        json_decref(object);
        json_decref(index);
        end(&f);
    }
}

static void rows_keep_their_scale_and_labels_their_names(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, false);
    plan(&f);
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
    end(&f);
}

/* -- Pictures -- */

static void pictures_are_drawn_and_memory_given_back(void **state) {
    (void)state;
    static const char *const PATHS[] = {"flow", "edm", "ddpm-linear"};
    for (size_t i = 0; i < 2 * COUNT(PATHS); i++) {
        struct fixture f;
        struct graph *graph;
        struct buf a, b;
        begin(&f, i % 2);
        set(&f, "path", PATHS[i / 2]);
        plan(&f);
        const float *weights = weights_of(&f, &graph);
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
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_open_is_settled),
        cmocka_unit_test(what_does_not_fit_is_a_sentence),
        cmocka_unit_test(without_classes_no_label_is_dropped),
        cmocka_unit_test(a_unet_is_read_as_it_was_written),
        cmocka_unit_test(schedulers_are_those_of_the_paths),
        cmocka_unit_test(rows_keep_their_scale_and_labels_their_names),
        cmocka_unit_test(pictures_are_drawn_and_memory_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
