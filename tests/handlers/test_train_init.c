/* Runs that start from a model's folder: one that solvent train wrote, and one of diffusers. */
#include "handlers/train_init.h"

#include <jansson.h>

#include "core/nn/gradient.h"
#include "handlers/model_write.h"
#include "handlers/unet_file.h"
#include "tests/support/model_folder.h"
#include "tests/support/planned.h"
#include "tests/support/test.h"

/* A run that is over, and one that starts from it. */
struct pair {
    struct planned old, new;
    struct graph *graph;
    const float *weights;
    struct made_files folder;
    struct train_init init;
};

static void begin(struct pair *p, bool images) {
    planned_begin(&p->old, images);
    planned_begin(&p->new, images);
    train_config_default(&p->new.config);
}

/* write_old makes the old run's folder. */
static void write_old(struct pair *p) {
    planned_make(&p->old);
    p->weights = planned_weights(&p->old, &p->graph);
    planned_folder(&p->old, p->graph, p->weights, &p->folder);
}

static enum status start(struct pair *p) {
    struct ctx *ctx = &p->new.ctx;
    enum status status = train_init_open(ctx, "old", &p->folder.files, &p->init);
    if (status == STATUS_OK)
        status = train_init_options(ctx, &p->init, &p->new.config);
    if (status == STATUS_OK)
        status = planned_try(&p->new);
    return status == STATUS_OK ? train_init_apply(ctx, &p->init, &p->new.plan) : status;
}

static void started(struct pair *p) {
    if (start(p) != STATUS_OK)
        fail_msg("%s", p->new.ctx.err.detail);
}

static void refused(struct pair *p, const char *sentence) {
    if (start(p) != STATUS_INVALID || !strstr(p->new.ctx.err.detail, sentence))
        fail_msg("%s", p->new.ctx.err.detail);
}

static void end(struct pair *p) {
    made_files_release(&p->folder);
    planned_end(&p->old);
    planned_end(&p->new);
}

static void same_config(const struct pair *p) {
    char is[TRAIN_VALUE], wanted[TRAIN_VALUE];
    const char *name = train_config_differs(&p->old.plan.config, &p->new.plan.config, is, wanted);
    if (name)
        fail_msg("%s is %s, want %s", name, wanted, is);
}

static void a_unet_goes_on_from_its_folder(void **state) {
    (void)state;
    static const char *const WAYS[][3] = {{"flow", "velocity", "0"},
                                          {"edm", "edm", "0.7"},
                                          {"ddpm-linear", "eps", "0"},
                                          {"ddpm-cosine", "v", "0"},
                                          {"ddpm-scaled-linear", "x0", "0"}};
    for (size_t i = 0; i < COUNT(WAYS); i++) {
        struct pair p;
        begin(&p, true);
        planned_set(&p.old, "path", WAYS[i][0]);
        planned_set(&p.old, "prediction", WAYS[i][1]);
        planned_set(&p.old, "sigma_data", WAYS[i][2]);
        planned_set(&p.old, "layers_per_block", "2");
        planned_set(&p.old, "norm_num_groups", "2");
        write_old(&p);
        started(&p);
        same_config(&p);
        assert_int_equal(p.new.plan.initial_numbers, gradient_numbers(p.graph));
        assert_memory_equal(p.new.plan.options.initial, p.weights, gradient_numbers(p.graph) * sizeof(float));
        end(&p);
    }
}

static void other_networks_go_on_from_their_folders(void **state) {
    (void)state;
    for (int images = 0; images < 2; images++) {
        struct pair p;
        begin(&p, images);
        if (images) {
            train_config_default(&p.old.config);
            planned_set(&p.old, "network", "dit");
            planned_set(&p.old, "num_layers", "2");
            planned_set(&p.old, "attention_head_dim", "4");
        } else {
            planned_set(&p.old, "num_blocks", "2");
        }
        write_old(&p);
        started(&p);
        same_config(&p);
        assert_memory_equal(p.new.plan.options.initial, p.weights, gradient_numbers(p.graph) * sizeof(float));
        end(&p);
    }
}

/* What the trainer would draw is what the classes get, and nothing else. */
static void other_classes_are_drawn(void **state) {
    (void)state;
    struct pair p;
    begin(&p, true);
    p.new.data.classes = 3;
    p.new.data.class_names = NULL;
    write_old(&p);
    started(&p);
    struct graph *graph;
    const struct parameter *old, *new;
    assert_int_equal(train_plan_graph(&p.new.ctx, &p.new.plan, &graph), STATUS_OK);
    const size_t n = graph_parameters(graph, &new), drawn_before = gradient_numbers(graph);
    assert_int_equal(graph_parameters(p.graph, &old), n);
    float *drawn = ctx_alloc(&p.new.ctx, drawn_before, sizeof *drawn);
    trainer_first_weights(graph, p.new.plan.options.seed, drawn);
    const float *is = p.new.plan.options.initial, *was = p.weights;
    size_t classes = 0;
    for (size_t i = 0; i < n; is += new[i].n, drawn += new[i].n, was += old[i].n, i++) {
        const bool class = new[i].n != old[i].n;
        classes += class;
        assert_memory_equal(is, class ? drawn : was, new[i].n * sizeof *is);
    }
    assert_int_equal(classes, 1);
    end(&p);
}

/* -- A network of diffusers -- */

static const char FOREIGN[] =
    "{\"_class_name\":\"UNet2DModel\",\"sample_size\":8,\"in_channels\":1,\"out_channels\":1,\"block_out_channels\":"
    "[4,8],\"layers_per_block\":1,\"norm_num_groups\":4,\"down_block_types\":[\"DownBlock2D\",\"AttnDownBlock2D\"],"
    "\"up_block_types\":[\"AttnUpBlock2D\",\"UpBlock2D\"],\"freq_shift\":1,\"flip_sin_to_cos\":false,\"act_fn\":"
    "\"gelu\","
    "\"downsample_padding\":0,\"norm_eps\":1e-06,\"attention_head_dim\":null,\"mid_block_scale_factor\":1.5}";

static void gray(struct planned *f) {
    f->data.channels = 1;
    f->data.data.d = PLANNED_SIDE * PLANNED_SIDE;
    f->data.data.labels = NULL;
    f->data.classes = 0;
    f->data.class_names = NULL;
}

static struct unet_config read_config(struct ctx *ctx, const char *text) {
    struct unet_config c;
    struct file_warnings warnings = {0};
    json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    assert_int_equal(unet_file_read(ctx, "config.json", object, &warnings, &c), STATUS_OK);
    json_decref(object);
    return c;
}

static void networks_of_diffusers_stay_as_they_are(void **state) {
    (void)state;
    struct model_folder f;
    struct pair p = {0};
    struct buf text;
    model_folder_begin(&f);
    made_files_text(&f.folder, "unet/config.json", FOREIGN);
    begin(&p, true);
    gray(&p.new);
    p.folder = f.folder;
    started(&p);
    const struct train_config *c = &p.new.plan.config;
    assert_true(c->path == TRAIN_DDPM_LINEAR && c->prediction == TRAIN_EPS && c->attention_levels == 1);
    for (size_t k = 0, i = 0; k < f.n; i += f.parameters[k].n, k++)
        assert_true(p.new.plan.options.initial[i] == model_folder_value(k, 0));
    buf_init(&text, 1 << 20);
    assert_int_equal(model_write_file(&p.new.ctx, &p.new.plan, NULL, NULL, 1, &text), STATUS_OK);
    buf_byte(&text, '\0');
    const struct unet_config was = read_config(&p.new.ctx, FOREIGN), is = read_config(&p.new.ctx, text.data);
    assert_true(is.freq_shift == 1 && !is.flip_sin_to_cos && is.act_fn == was.act_fn && !is.downsample_padding);
    assert_true(is.norm_eps == was.norm_eps && !is.attention_head_dim && is.mid_block_scale_factor == 1.5);
    assert_true(is.levels == 2 && is.down_attention[1] && !is.down_attention[0] && is.add_attention);
    buf_release(&text);
    planned_end(&p.old);
    planned_end(&p.new);
    model_folder_end(&f);
}

/* -- What cannot be gone on from -- */

static void what_does_not_fit_is_told(void **state) {
    (void)state;
    struct pair p;
    begin(&p, true);
    write_old(&p);
    gray(&p.new);
    refused(&p, "The network of old is for 3 channels, and the data have 1.");
    made_files_text(&p.folder, "scheduler/scheduler_config.json",
                    "{\"_class_name\":\"DDPMScheduler\",\"num_train_timesteps\":500}");
    made_files_text(&p.folder, "model_index.json",
                    "{\"unet\":[\"diffusers\",\"UNet2DModel\"],\"scheduler\":[\"diffusers\",\"DDPMScheduler\"]}");
    refused(&p, "old has a scheduler of another training than the paths of solvent train.");
    made_files_remove(&p.folder, "unet/config.json");
    refused(&p, "old is no model to start from: There is neither unet/config.json nor config.json.");
    end(&p);
}

static void options_of_another_network_are_told(void **state) {
    (void)state;
    struct pair p;
    begin(&p, false);
    write_old(&p);
    assert_int_equal(train_init_open(&p.new.ctx, "old", &p.folder.files, &p.init), STATUS_OK);
    assert_int_equal(train_init_options(&p.new.ctx, &p.init, &p.new.config), STATUS_OK);
    planned_set(&p.new, "num_blocks", "1");
    planned_make(&p.new);
    assert_int_equal(train_init_apply(&p.new.ctx, &p.init, &p.new.plan), STATUS_INVALID);
    assert_string_equal(p.new.ctx.err.detail, "The network of old has num_blocks 3, and 1 is wanted; leave it out.");
    end(&p);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    struct pair p;
    begin(&p, false);
    write_old(&p);
    enum status status = STATUS_NO_MEMORY;
    for (size_t fail = 0; status != STATUS_OK; fail++) {
        assert_true(fail < 1000);
        planned_end(&p.new);
        planned_begin(&p.new, false);
        train_config_default(&p.new.config);
        p.new.ctx.fail_after = fail;
        status = start(&p);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    }
    end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unet_goes_on_from_its_folder), cmocka_unit_test(other_networks_go_on_from_their_folders),
        cmocka_unit_test(other_classes_are_drawn),        cmocka_unit_test(networks_of_diffusers_stay_as_they_are),
        cmocka_unit_test(what_does_not_fit_is_told),      cmocka_unit_test(options_of_another_network_are_told),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
