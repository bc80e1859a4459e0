/* Plans of options and data: what is settled, and what does not fit. */
#include "handlers/train_plan.h"

#include "tests/support/planned.h"
#include "tests/support/test.h"

static void what_is_open_is_settled(void **state) {
    (void)state;
    struct planned f;
    planned_begin(&f, true);
    planned_make(&f);
    const struct train_config *c = &f.plan.config;
    assert_true(c->network == TRAIN_UNET && c->prediction == TRAIN_VELOCITY && c->times == TRAIN_UNIFORM);
    assert_true(c->sigma_data == 0 && f.plan.loss.none == 2 && f.plan.unet.num_class_embeds == 3);
    assert_int_equal(f.plan.options.held, 0);
    planned_set(&f, "held_out", "0.5");
    planned_make(&f);
    assert_int_equal(f.plan.options.held, PLANNED_ITEMS / 2);
    assert_true(!f.plan.unet.down_attention[0] && f.plan.unet.down_attention[1] && f.plan.unet.up_attention[0]);
    planned_end(&f);
    planned_begin(&f, false);
    planned_set(&f, "path", "edm");
    planned_make(&f);
    c = &f.plan.config;
    assert_true(c->network == TRAIN_MLP && c->prediction == TRAIN_EDM_F && c->times == TRAIN_LOG_NORMAL);
    assert_true(c->sigma_data == 1 && c->times_mean == -1.2 && c->times_std == 1.2 && f.plan.mlp.num_classes == 2);
    planned_end(&f);
    planned_begin(&f, true);
    planned_set(&f, "path", "ddpm-cosine");
    planned_set(&f, "zero_snr", "true");
    planned_make(&f);
    assert_true(f.plan.config.prediction == TRAIN_V && f.plan.path.options.zero_snr);
    planned_end(&f);
}

static void what_does_not_fit_is_a_sentence(void **state) {
    (void)state;
    static const struct {
        bool images;
        const char *options[2][2], *sentence;
    } CASES[] = {
        {false, {{"network", "dit"}}, "The network dit is for images, and the data are rows; want mlp."},
        {true,
         {{"num_layers", "5"}},
         "num_layers is 5, which means nothing with the network unet, the path flow, uniform times and 2 classes; "
         "leave "
         "it out, or want 4."},
        {true,
         {{"coupling", "ot"}, {"batch", "2001"}},
         "A batch of 2001 is too large to be coupled by ot; want at most 2000."},
        {true,
         {{"path", "edm"}, {"coupling", "ot"}},
         "coupling is \"ot\", which means nothing with the network unet, the path edm, log-normal times and 2 classes; "
         "leave it out, or want \"independent\"."},
        {false, {{"network", "unet"}}, "The network unet is for images, and the data are rows; want mlp."},
        {true, {{"network", "mlp"}}, "The network mlp is for rows, and the data are images; want unet or dit."},
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
        {false,
         {{"flip", "true"}},
         "flip is true, which means nothing with the network mlp, the path flow, uniform times and 2 classes; leave it "
         "out, or want false."},
        {true,
         {{"keep", "best"}},
         "To keep the best model, some of the data are to be held out; want held_out above 0."},
        {true, {{"held_out", "0.1"}}, "held_out is 0.1, which of 6 items is none; want one at least, or 0."},
        {true,
         {{"block_out_channels", "8,8,8,8,8"}, {"attention_levels", "0"}},
         "Images of 8 x 8 pixels cannot be halved 4 times, as 5 block_out_channels have it; want fewer of these, or "
         "images of other sizes."},
        {true, {{"zero_snr", "true"}}, "zero_snr is for the paths ddpm-*, and means nothing on flow."},
        {true, {{"attention_levels", "3"}}, "attention_levels is 3, and block_out_channels has 2 levels."},
        {true,
         {{"path", "ddpm-linear"}, {"times", "log-normal"}},
         "Noise levels cannot be log-normal on path \"ddpm-linear\", which has 1000 of them; want uniform or "
         "logit-normal."},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct planned f;
        planned_begin(&f, CASES[i].images);
        for (size_t k = 0; k < 2 && CASES[i].options[k][0]; k++)
            planned_set(&f, CASES[i].options[k][0], CASES[i].options[k][1]);
        assert_int_equal(train_plan_make(&f.ctx, &f.config, &f.data, NULL, &f.plan), STATUS_INVALID);
        if (strcmp(f.ctx.err.detail, CASES[i].sentence) != 0)
            fail_msg("is: %s\nwant: %s", f.ctx.err.detail, CASES[i].sentence);
        planned_end(&f);
    }
}

static void without_classes_no_label_is_dropped(void **state) {
    (void)state;
    struct planned f;
    planned_begin(&f, false);
    f.data.classes = 0;
    f.data.data.labels = NULL;
    f.data.class_names = NULL;
    planned_make(&f);
    assert_int_equal(f.plan.mlp.num_classes, 0);
    planned_set(&f, "label_drop", "0.3");
    assert_int_equal(train_plan_make(&f.ctx, &f.config, &f.data, NULL, &f.plan), STATUS_INVALID);
    assert_non_null(strstr(f.ctx.err.detail, "label_drop is 0.3, which means nothing"));
    planned_end(&f);
}

/* How many points come with a model: all, so many at most, and fewer of large ones. */
static void a_model_has_some_of_its_source(void **state) {
    (void)state;
    static const struct {
        size_t n, d, want;
    } CASES[] = {{1, 2, 1},          {4095, 2, 4095},   {4096, 2, 4096},  {5000, 2, 4096},
                 {5000, 2048, 2048}, {70, 1 << 17, 64}, {50, 1 << 17, 50}};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct planned f;
        float *points, *rows = calloc(CASES[i].n * CASES[i].d, sizeof *rows);
        size_t n;
        assert_non_null(rows);
        planned_begin(&f, false);
        planned_make(&f);
        f.ctx.cap = (size_t)1 << 30;
        f.data.channels = 1;
        f.plan.from = (struct train_data){.n = CASES[i].n, .d = CASES[i].d, .rows = rows};
        assert_int_equal(train_plan_starts(&f.ctx, &f.plan, &points, &n), STATUS_OK);
        assert_int_equal(n, CASES[i].want);
        free(rows);
        planned_end(&f);
    }
}

static void sources_that_do_not_fit_are_refused(void **state) {
    (void)state;
    struct planned f, other;
    planned_begin(&f, true);
    planned_begin(&other, false);
    f.source = other.data;
    assert_int_equal(planned_try(&f), STATUS_INVALID);
    assert_string_equal(
        f.ctx.err.detail,
        "The source has rows of 1 x 1 x 2 numbers, and the data have images of 8 x 8 x 3; want the same.");
    f.source = f.data;
    planned_set(&f, "path", "ddpm-cosine");
    assert_int_equal(planned_try(&f), STATUS_INVALID);
    assert_string_equal(f.ctx.err.detail, "A source is what a flow starts from, and means nothing on ddpm-cosine.");
    planned_end(&f);
    planned_end(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_open_is_settled),
        cmocka_unit_test(what_does_not_fit_is_a_sentence),
        cmocka_unit_test(without_classes_no_label_is_dropped),
        cmocka_unit_test(a_model_has_some_of_its_source),
        cmocka_unit_test(sources_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
