#include "handlers/train_config.h"

#include "tests/support/test.h"

static struct str text_of(const char *text) { return (struct str){text, strlen(text)}; }

static void what_is_written_is_read_back(void **state) {
    (void)state;
    struct ctx ctx;
    struct train_config a, b;
    struct buf text;
    char is[TRAIN_VALUE], wanted[TRAIN_VALUE];
    ctx_init(&ctx, 1 << 20);
    train_config_default(&a);
    static const char *const SET[][2] = {{"label-column", "a \"quoted\"\n name"},
                                         {"network", "mlp"},
                                         {"block-out-channels", "8,24"},
                                         {"zero_snr", "true"},
                                         {"path", "ddpm-cosine"},
                                         {"lr", "3e-4"},
                                         {"weight-decay", "0"},
                                         {"seed", "9007199254740991"},
                                         {"steps", "17"},
                                         {"times", "logit-normal"}};
    for (size_t i = 0; i < COUNT(SET); i++)
        if (train_config_set(&ctx, SET[i][0], SET[i][1], &a))
            fail_msg("%s", ctx.err.detail);
    assert_true(a.block_out_channels.n == 2 && a.block_out_channels.v[1] == 24 && a.lr == 3e-4 && a.zero_snr);
    assert_true(a.seed == (INT64_C(1) << 53) - 1 && a.path == TRAIN_DDPM_COSINE && a.network == TRAIN_MLP);
    buf_init(&text, 1 << 20);
    train_config_write(&a, &text);
    train_config_default(&b);
    assert_string_equal(train_config_differs(&a, &b, is, wanted), "label_column");
    if (train_config_read(&ctx, "train.json", (struct str){text.data, text.n}, &b))
        fail_msg("%s", ctx.err.detail);
    assert_null(train_config_differs(&a, &b, is, wanted));
    buf_release(&text);
    ctx_release(&ctx);
}

/* Each option that the result depends on is one that a run must not change; the others are not. */
static void differences_are_named(void **state) {
    (void)state;
    struct ctx ctx;
    struct train_config a, b;
    char is[TRAIN_VALUE], wanted[TRAIN_VALUE];
    ctx_init(&ctx, 1 << 20);
    train_config_default(&a);
    train_config_default(&b);
    b.threads = 7;
    b.sample_every = 3;
    b.data = "elsewhere";
    b.checkpoint_every = 1;
    assert_null(train_config_differs(&a, &b, is, wanted));
    b.lr = 0.5;
    assert_string_equal(train_config_differs(&a, &b, is, wanted), "lr");
    assert_string_equal(is, "0.002");
    assert_string_equal(wanted, "0.5");
    b.block_out_channels.v[2] = 65;
    assert_string_equal(train_config_differs(&a, &b, is, wanted), "block_out_channels");
    assert_string_equal(wanted, "[16, 32, 65]");
    ctx_release(&ctx);
}

static void wrong_values_are_sentences(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *sentence;
    } CASES[] = {
        {"lr", "fast", "--lr is fast, want a number from 1e-09 to 10."},
        {"lr", "11", "--lr is 11, want a number from 1e-09 to 10."},
        {"lr", "", "--lr is empty, want a number from 1e-09 to 10."},
        {"steps", "0", "--steps is 0, want an integer from 1 to 100000000."},
        {"steps", "1.5", "--steps is 1.5, want an integer from 1 to 100000000."},
        {"seed", "9007199254740992", "--seed is 9007199254740992, want an integer from 0 to 9007199254740991."},
        {"zero-snr", "yes", "--zero-snr is yes, want one of true, false."},
        {"path", "flows", "--path is flows, want one of flow, ddpm-linear, ddpm-scaled-linear, ddpm-cosine, edm."},
        {"block_out_channels", "16,,32", "--block_out_channels is empty, want 1 to 8 integers from 1 to 4096."},
        {"block_out_channels", "1,2,3,4,5,6,7,8,9",
         "--block_out_channels is 1,2,3,4,5,6,7,8,9, want 1 to 8 integers from 1 to 4096."},
        {"warmpu", "1", "There is no option --warmpu; did you mean --warmup?"},
        {"learning_rate", "1", "There is no option --learning_rate; see solvent train --help."},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct ctx ctx;
        struct train_config c;
        ctx_init(&ctx, 1 << 20);
        train_config_default(&c);
        assert_int_equal(train_config_set(&ctx, CASES[i].name, CASES[i].text, &c), STATUS_INVALID);
        if (strcmp(ctx.err.detail, CASES[i].sentence) != 0)
            fail_msg("is: %s\nwant: %s", ctx.err.detail, CASES[i].sentence);
        ctx_release(&ctx);
    }
}

static void wrong_files_are_sentences(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } CASES[] = {
        {"[]", "train.json holds no JSON object."},
        {"{\"stpes\":3}", "train.json has the unknown option stpes; see solvent train --help."},
        {"{\"weight-decay\":3}", "train.json has the unknown option weight-decay; see solvent train --help."},
        {"{\"steps\":\"3\"}", "steps of train.json is of another type, want an integer from 1 to 100000000."},
        {"{\"steps\":null}", "steps of train.json is of another type, want an integer from 1 to 100000000."},
        {"{\"data\":3}", "data of train.json is of another type, want a text."},
        {"{\"zero_snr\":\"true\"}", "zero_snr of train.json is of another type, want one of true, false."},
        {"{\"block_out_channels\":[0]}", "block_out_channels of train.json is 0, want 1 to 8 integers from 1 to 4096."},
        {"{\"block_out_channels\":[]}",
         "block_out_channels of train.json is empty, want 1 to 8 integers from 1 to 4096."},
        {"{\"block_out_channels\":[8,\"x\"]}",
         "block_out_channels of train.json is of another type, want 1 to 8 integers from 1 to 4096."},
        {"{\"lr\":1e-20}", "lr of train.json is 1e-20, want a number from 1e-09 to 10."},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct ctx ctx;
        struct train_config c;
        ctx_init(&ctx, 1 << 20);
        train_config_default(&c);
        assert_int_equal(train_config_read(&ctx, "train.json", text_of(CASES[i].text), &c), STATUS_INVALID);
        if (strcmp(ctx.err.detail, CASES[i].sentence) != 0)
            fail_msg("is: %s\nwant: %s", ctx.err.detail, CASES[i].sentence);
        ctx_release(&ctx);
    }
}

static void the_defaults_are_in_range(void **state) {
    (void)state;
    struct ctx ctx;
    struct train_config a, b;
    struct buf text;
    char is[TRAIN_VALUE], wanted[TRAIN_VALUE];
    ctx_init(&ctx, 1 << 20);
    train_config_default(&a);
    assert_true(a.steps == 3200 && a.batch == 32 && a.label_drop == 0.1 && a.block_out_channels.n == 3);
    buf_init(&text, 1 << 20);
    train_config_write(&a, &text);
    memset(&b, 0, sizeof b);
    b.data = b.labels = b.label_column = b.class_names = b.kernels = "";
    assert_int_equal(train_config_read(&ctx, "a", (struct str){text.data, text.n}, &b), STATUS_OK);
    assert_null(train_config_differs(&a, &b, is, wanted));
    buf_clear(&text);
    train_config_help(&text);
    buf_byte(&text, '\0');
    assert_non_null(strstr(text.data, "--weight-decay X"));
    buf_release(&text);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back), cmocka_unit_test(differences_are_named),
        cmocka_unit_test(wrong_values_are_sentences),   cmocka_unit_test(wrong_files_are_sentences),
        cmocka_unit_test(the_defaults_are_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
