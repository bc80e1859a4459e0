/* Networks of every kind through /v1/sample. Goldens: diffusers 0.42.1 with PyTorch 2.13.0 on a CPU. The picture is that
 * of tests/pipelines/dit/test_dit.py (test_inference),
 *     torch.manual_seed(0); t = DiTTransformer2DModel(sample_size=16, num_layers=2, patch_size=4, attention_head_dim=8,
 *         num_attention_heads=2, in_channels=4, out_channels=8, num_embeds_ada_norm=1000); vae = AutoencoderKL()
 *     DiTPipeline(t.eval(), vae.eval(), DDIMScheduler())(class_labels=[1], num_inference_steps=2, output_type="np",
 *         generator=torch.Generator().manual_seed(0)).images[0, -3:, -3:, -1]
 * whose guidance_scale is 4, and the same with a guidance_scale of 1. The flow is
 *     torch.manual_seed(0); u = UNet2DModel(sample_size=8, in_channels=1, out_channels=1, block_out_channels=(4, 8),
 *         layers_per_block=1, down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2,
 *         norm_num_groups=4, num_class_embeds=4).eval()
 *     x = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0)), then ten times, from t = 1 down by 0.1,
 *         v = v3 + 2 (v1 - v3), vc = u(x, 1000 t, class_labels=[c]); x -= 0.1 (1.5 v - 0.5 v_before), first x -= 0.1 v
 * Likelihoods: the MLP of core/nn/mlp.h written down in PyTorch with the weights of seed 0, in double precision; dx/dt
 * and the trace of its Jacobian (torch.autograd.functional.jacobian) from t = k / (1 + k), k = 1e-4, to 1 by SciPy
 * 1.17's solve_ivp(rtol=1e-9, atol=1e-10, max_step=2e-3). */
#include "handlers/network_request.h"

#include <math.h>

#include "tests/support/made_model.h"
#include "tests/support/test.h"

enum { PIXELS = 16 * 16, D = 3 * PIXELS };

#define SAMPLE "/v1/sample"
#define LIKELIHOOD "/v1/likelihood"
#define MADE(members) "{\"model\":\"made\",\"seed\":0," members "}"
#define TORCH(members) MADE("\"noise\":\"torch\"," members)

static void near(const char *what, double got, double want, double within) {
    if (!(fabs(got - want) <= within))
        fail_msg("%s: %.9g, want %.9g", what, got, want);
}

static void check_slice(const char *answer, const double want[9], double within) {
    double x[D];
    made_model_numbers(answer, "\"samples\":[[", x, D);
    for (size_t i = 0; i < 9; i++)
        near("pixel", fmin(1, fmax(0, x[2 * PIXELS + (13 + i / 3) * 16 + 13 + i % 3] / 2 + 0.5)), want[i], within);
}

static void a_dit_pipeline_gives_diffusers_image(void **state) {
    (void)state;
    static const double guided[] = {.294638634, .660132408, .432884544, .329599917, .414426893,
                                    .531874776, .727291286, .501263082, .445725143};
    static const double plain[] = {.420720309, .549377620, .480448991, .0819875300, .459612608,
                                   .495858043, .607117534, .378085256, .542774200};
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        struct made_model m;
        if (!isa_here((enum isa)isa))
            continue;
        made_model_begin(&m);
        m.isa = (enum isa)isa;
        made_model_dit(&m);
        char *text =
            made_model_answer(&m, SAMPLE, TORCH("\"class\":1,\"guidance\":{\"scale\":4},\"sampler\":{\"steps\":2}"));
        check_slice(text, guided, 1e-5);
        assert_non_null(strstr(text, "\"shape\":[1,768]"));
        free(text);
        text = made_model_answer(&m, SAMPLE, TORCH("\"class\":\"goldfish\",\"sampler\":{\"steps\":2}"));
        check_slice(text, plain, 1e-5);
        free(text);
        made_model_end(&m);
    }
}

/* Guidance away from the last class, which stands for none; Adams-Bashforth in t. */
static void a_flow_is_followed_with_guidance(void **state) {
    (void)state;
    static const double first[] = {-1.46100092, -1.59943271, -1.30114996, -0.631645143};
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        struct made_model m;
        double x[64], sum = 0;
        if (!isa_here((enum isa)isa))
            continue;
        made_model_begin(&m);
        m.isa = (enum isa)isa;
        made_model_flow(&m);
        char *text = made_model_answer(&m, SAMPLE,
                                       TORCH("\"class\":1,\"guidance\":{\"scale\":2},"
                                             "\"sampler\":{\"solver\":\"lms\",\"order\":2,\"steps\":10}"));
        made_model_numbers(text, "\"samples\":[[", x, 64);
        for (size_t i = 0; i < 4; i++)
            near("number", x[i], first[i], 2e-6);
        for (size_t i = 0; i < 64; i++)
            sum += fabs(x[i]);
        near("sum", sum, 61.5955115668, 5e-5);
        free(text);
        made_model_end(&m);
    }
}

/* same_samples wants the samples of two requests to be equal, to the byte, or not to be. */
static void same_samples(struct made_model *m, const char *one, const char *other, bool equal) {
    char *a = made_model_answer(m, SAMPLE, one), *b = made_model_answer(m, SAMPLE, other);
    const char *ends[] = {strstr(a, "]]"), strstr(b, "]]")};
    assert_true(ends[0] && ends[1]);
    if ((ends[0] - a == ends[1] - b && !memcmp(a, b, (size_t)(ends[0] - a))) != equal)
        fail_msg("%s\n%.300s\n%s\n%.300s", one, a, other, b);
    free(a), free(b);
}

/* What a model's scheduler says of its training can be said by a path and a prediction. */
static void training_and_path_say_the_same(void **state) {
    (void)state;
    struct made_model m;
    made_model_begin(&m);
    made_model_flow(&m);
    same_samples(&m, MADE("\"class\":1,\"sampler\":{\"solver\":\"dpmpp_2m\",\"steps\":10}"),
                 MADE("\"class\":1,\"path\":\"flow\",\"prediction\":\"velocity\",\"sampler\":{\"solver\":\"dpmpp_2m\","
                      "\"steps\":10}"),
                 true);
    same_samples(&m, MADE("\"sampler\":{\"steps\":4}"), MADE("\"sampler\":{\"solver\":\"euler\",\"steps\":4}"), false);
    made_model_end(&m);
    made_model_begin(&m);
    made_model_latent(&m, false);
    same_samples(&m, MADE("\"sampler\":{\"solver\":\"heun\",\"steps\":5,\"grid\":\"karras\"}"),
                 MADE("\"path\":\"ddpm-linear\",\"prediction\":\"eps\",\"sampler\":{\"steps\":5,\"grid\":\"karras\"}"),
                 true);
    same_samples(&m, MADE("\"path\":\"ddpm-linear\",\"prediction\":\"eps\",\"sampler\":{\"steps\":5}"),
                 MADE("\"path\":\"ddpm-linear\",\"prediction\":\"v\",\"sampler\":{\"steps\":5}"), false);
    same_samples(&m, MADE("\"path\":\"edm\",\"prediction\":\"edm\",\"sampler\":{\"steps\":5}"),
                 MADE("\"path\":\"edm\",\"prediction\":\"edm\",\"sigma_data\":0.5,\"sampler\":{\"steps\":5}"), true);
    same_samples(&m, MADE("\"path\":\"edm\",\"prediction\":\"edm\",\"sampler\":{\"steps\":5}"),
                 MADE("\"path\":\"edm\",\"prediction\":\"edm\",\"sigma_data\":1,\"sampler\":{\"steps\":5}"), false);
    made_model_end(&m);
}

/* A model without a scheduler is sampled by what the request says. */
static void a_model_may_come_without_a_scheduler(void **state) {
    (void)state;
    struct made_model m;
    made_model_begin(&m);
    made_model_flow(&m);
    made_files_remove(&m.folder, "scheduler/scheduler_config.json");
    made_model_refused(&m, SAMPLE, MADE("\"count\":1"), "", "want scheduler_config, or path and prediction.");
    free(made_model_answer(&m, SAMPLE, MADE("\"path\":\"condot\",\"prediction\":\"velocity\"")));
    free(made_model_answer(&m, SAMPLE,
                           MADE("\"scheduler_config\":{\"_class_name\":\"FlowMatchEulerDiscreteScheduler\"}")));
    made_model_end(&m);
}

static void points_have_no_pictures(void **state) {
    (void)state;
    struct made_model m;
    made_model_begin(&m);
    made_model_mlp(&m);
    char *text = made_model_answer(&m, SAMPLE,
                                   MADE("\"count\":3,\"class\":1,\"guidance\":{\"scale\":2},"
                                        "\"sampler\":{\"solver\":\"heun\",\"steps\":6}"));
    assert_non_null(strstr(text, "\"shape\":[3,2]"));
    assert_non_null(strstr(text, "\"path\":\"flow\""));
    free(text);
    same_samples(&m, MADE("\"count\":3"), MADE("\"count\":3,\"class\":0"), false);
    made_model_end(&m);
}

/* Adaptive solvers come near what many steps of another find, each sample by itself. */
static void adaptive_solvers_call_networks(void **state) {
    (void)state;
    struct made_model m;
    double x[6], y[6];
    made_model_begin(&m);
    made_model_mlp(&m);
    char *many = made_model_answer(&m, SAMPLE,
                                   MADE("\"count\":3,\"class\":1,\"guidance\":{\"scale\":2},\"sampler\":"
                                        "{\"solver\":\"heun\",\"steps\":4000}"));
    char *three = made_model_answer(&m, SAMPLE,
                                    MADE("\"count\":3,\"class\":1,\"guidance\":{\"scale\":2},\"sampler\":"
                                         "{\"solver\":\"dopri5\",\"rtol\":1e-6,\"atol\":1e-6,\"sigma_min\":1e-5}"));
    made_model_numbers(many, "\"samples\":[[", x, 6);
    made_model_numbers(three, "\"samples\":[[", y, 6);
    for (size_t i = 0; i < 6; i++)
        near("number", y[i], x[i], 1e-3);
    m.threads = 3;
    char *one = made_model_answer(&m, SAMPLE,
                                  MADE("\"class\":1,\"guidance\":{\"scale\":2},\"sampler\":"
                                       "{\"solver\":\"dopri5\",\"rtol\":1e-6,\"atol\":1e-6,\"sigma_min\":1e-5}"));
    assert_memory_equal(one, three, (size_t)(strchr(one, ']') - one));
    free(one), free(three), free(many);
    made_model_end(&m);
}

/* likelihoods wants log p of the points within so much, in nats. */
static void likelihoods(struct made_model *m, const char *request, const double *want, size_t n, double within) {
    double got[2];
    char *text = made_model_answer(m, LIKELIHOOD, request);
    made_model_numbers(text, "\"log_likelihoods\":[", got, n);
    for (size_t i = 0; i < n; i++)
        near(request, got[i], want[i], within);
    free(text);
}

static void a_networks_likelihood_is_its_flows(void **state) {
    (void)state;
    static const double plain[] = {-1.56370128, -3.53004009};
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        struct made_model m;
        if (!isa_here((enum isa)isa))
            continue;
        made_model_begin(&m);
        m.isa = (enum isa)isa;
        made_model_mlp(&m);
        likelihoods(&m, "{\"model\":\"made\",\"points\":[[0.1,0.2],[1,-1]],\"rtol\":1e-6,\"atol\":1e-6}", plain, 2,
                    2e-3);
        likelihoods(&m, "{\"model\":\"made\",\"points\":[[0.1,0.2]],\"class\":1,\"rtol\":1e-6,\"atol\":1e-6}",
                    (const double[]){-1.63004084}, 1, 2e-3);
        likelihoods(&m,
                    "{\"model\":\"made\",\"points\":[[0.1,0.2]],\"class\":1,\"guidance\":{\"scale\":2},"
                    "\"path\":\"flow\",\"prediction\":\"velocity\",\"rtol\":1e-6,\"atol\":1e-6}",
                    (const double[]){-1.88142240}, 1, 2e-3);
        made_model_end(&m);
    }
}

/* Hutchinson's estimate is right on the average, and its rows are each their own. */
static void probes_estimate_it(void **state) {
    (void)state;
    struct made_model m;
    double mean, error;
    made_model_begin(&m);
    made_model_mlp(&m);
    char *text = made_model_answer(
        &m, LIKELIHOOD, "{\"model\":\"made\",\"points\":[[1,-1],[0,0]],\"method\":\"hutchinson\",\"probes\":300}");
    made_model_numbers(text, "\"log_likelihoods\":[", &mean, 1);
    made_model_numbers(text, "\"standard_errors\":[", &error, 1);
    assert_true(error > 0 && error < 0.1);
    near("mean", mean, -3.53004009, 4 * error + 5e-3);
    m.threads = 3;
    char *alone = made_model_answer(
        &m, LIKELIHOOD, "{\"model\":\"made\",\"points\":[[1,-1]],\"method\":\"hutchinson\",\"probes\":300}");
    assert_memory_equal(text, alone, (size_t)(strchr(alone, ']') - alone));
    free(text), free(alone);
    made_model_end(&m);
}

static void likelihoods_that_cannot_be(void **state) {
    (void)state;
    static const struct {
        const char *body, *pointer, *words;
    } ROWS[] = {
        {"{\"model\":\"made\",\"points\":[[0,0]],\"clip\":{\"range\":1}}", "\"/clip\"", "by differences"},
        {"{\"model\":\"made\",\"points\":[[0,0]],\"measurement\":{\"matrix\":[[1,1]],\"values\":[1]}}",
         "\"/measurement\"", "by differences"},
        {"{\"model\":\"made\",\"points\":[[0,0]],\"class\":1,\"guidance\":{\"scale\":2,\"rescale\":0.5}}",
         "\"/guidance/rescale\"", "by differences"},
        {"{\"model\":\"made\",\"points\":[[0,0]],\"prior\":\"model\"}", "\"/prior\"", "A network"},
        {"{\"model\":\"made\",\"points\":[[0]]}", "\"/points\"", "want 2"},
        {"{\"model\":\"made\",\"points\":[[0,0]],\"path\":\"flow\"}", "\"/prediction\"", "want prediction, too"},
        {"{\"model\":\"made\",\"points\":[[0,0]],\"path\":\"flow\",\"prediction\":\"eps\"}", "\"/prediction\"",
         "where alpha is 0"},
        {"{\"model\":\"coin\",\"points\":[0],\"prediction\":\"eps\"}", "\"/prediction\"", "is of a network"},
    };
    struct made_model m;
    made_model_begin(&m);
    made_model_mlp(&m);
    for (size_t i = 0; i < COUNT(ROWS); i++)
        made_model_refused(&m, LIKELIHOOD, ROWS[i].body, ROWS[i].pointer, ROWS[i].words);
    made_model_end(&m);
    made_model_begin(&m);
    made_model_latent(&m, true);
    made_model_refused(&m, LIKELIHOOD, "{\"model\":\"made\",\"points\":[[0]]}", "", "is one of latents");
    made_model_end(&m);
}

static void what_cannot_be_is_said(void **state) {
    (void)state;
    static const struct {
        const char *body, *pointer, *words;
    } ROWS[] = {
        {MADE("\"path\":\"flow\""), "\"/prediction\"", "want prediction, too"},
        {MADE("\"prediction\":\"eps\""), "\"/prediction\"", "want path, too"},
        {MADE("\"path\":\"flow\",\"prediction\":\"v\""), "\"/prediction\"", "want velocity"},
        {MADE("\"path\":\"ddpm-linear\",\"prediction\":\"velocity\""), "\"/prediction\"", "time is discrete"},
        {MADE("\"path\":\"flow\",\"prediction\":\"eps\""), "\"/prediction\"", "where alpha is 0"},
        {MADE("\"path\":\"flow\",\"prediction\":\"eps\",\"sampler\":{\"solver\":\"dopri5\"}"), "\"/prediction\"",
         "where alpha is 0"},
        {MADE("\"path\":\"flow\",\"prediction\":\"velocity\",\"sigma_data\":1"), "\"/sigma_data\"", "\\\"edm\\\""},
        {MADE("\"sigma_data\":1"), "\"/sigma_data\"", "\\\"edm\\\""},
        {MADE("\"path_options\":{\"beta_end\":0.01}"), "\"/path_options\"", "want path, too"},
        {MADE("\"scheduler_config\":{\"_class_name\":\"DDIMScheduler\"},\"prediction\":\"eps\""), "\"/prediction\"",
         "prediction_type"},
        {MADE("\"class\":4"), "\"/class\"", "class is 4, want 0 to 2: the network knows so many."},
        {MADE("\"class\":-1"), "\"/class\"", "want 0 to 2"},
        {MADE("\"class\":\"cat\""), "\"/class\"", "have no names"},
        {MADE("\"guidance\":{\"scale\":2}"), "\"/guidance\"", "want a class"},
        {MADE("\"class\":1.5"), "\"/class\"", "want an integer"},
        {"{\"model\":\"coin\",\"prediction\":\"eps\"}", "\"/prediction\"", "is of a network"},
        {"{\"model\":\"coin\",\"sigma_data\":1}", "\"/sigma_data\"", "is of a network"},
        {"{\"model\":{\"type\":\"points\",\"points\":[1],\"classes\":[1]},\"class\":\"cat\"}", "\"/class\"",
         "are numbers"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[[0,0]],\"stds\":[1],\"classes\":[1]},\"class\":1,"
         "\"guidance\":{\"model\":\"made\",\"scale\":2}}",
         "\"/guidance/model", "dimensions"},
    };
    struct made_model m;
    made_model_begin(&m);
    made_model_flow(&m);
    for (size_t i = 0; i < COUNT(ROWS); i++)
        made_model_refused(&m, SAMPLE, ROWS[i].body, ROWS[i].pointer, ROWS[i].words);
    made_model_end(&m);
}

static void want_class(struct made_model *m, const char *words, size_t none) {
    static const char *const REQUESTS[][3] = {
        {SAMPLE, "{\"model\":\"made\",\"class\":%zu}", "\"/class\""},
        {SAMPLE, "{\"model\":\"made\",\"class\":%zu,\"dtype\":\"bf16\"}", "\"/class\""},
        {SAMPLE, "{\"model\":\"made\",\"class\":[0,%zu,1]}", "\"/class/1\""},
    };
    char body[100];
    for (size_t i = 0; i < COUNT(REQUESTS); i++) {
        snprintf(body, sizeof body, REQUESTS[i][1], none);
        made_model_refused(m, REQUESTS[i][0], body, REQUESTS[i][2], words);
    }
}

/* The row that a network has for no class is none of its classes, whatever network it is. */
static void the_row_for_none_is_no_class(void **state) {
    (void)state;
    static const struct {
        void (*make)(struct made_model *m);
        size_t none;
        const char *words;
    } ROWS[] = {{made_model_flow, 3, "3, want 0 to 2: the network knows so many; it is told none"},
                {made_model_mlp, 2, "2, want 0 to 1: the network knows so many; it is told none"},
                {made_model_transformer, 1000, "1000, want 0 to 999: the network knows so many; it is told none"}};
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct made_model m;
        made_model_begin(&m);
        ROWS[i].make(&m);
        want_class(&m, ROWS[i].words, ROWS[i].none);
        made_model_end(&m);
    }
}

static const char WITH_NONE[] = "\"_null_class\":3,";

/* drop_none makes a UNet2DModel as diffusers trains it: all of its rows are classes. */
static void drop_none(struct made_model *m) {
    char config[1000];
    struct file text;
    assert_int_equal(m->folder.files.open(&m->folder.files, &m->ctx, "unet/config.json", &text), STATUS_OK);
    assert_true(text.n > 0 && text.n < sizeof config);
    memcpy(config, text.p, text.n);
    config[text.n] = '\0';
    char *at = strstr(config, WITH_NONE);
    assert_non_null(at);
    memmove(at, at + strlen(WITH_NONE), strlen(at + strlen(WITH_NONE)) + 1);
    made_files_text(&m->folder, "unet/config.json", config);
}

static void without_a_row_for_none_a_class_is_wanted(void **state) {
    (void)state;
    struct made_model m, n;
    made_model_begin(&m);
    made_model_flow(&m);
    drop_none(&m);
    made_model_refused(&m, SAMPLE, MADE("\"count\":1"), "\"/class\"", "wants a class, 0 to 3");
    made_model_refused(&m, SAMPLE, MADE("\"class\":4"), "\"/class\"", "class is 4, want 0 to 3");
    made_model_refused(&m, SAMPLE, MADE("\"class\":1,\"guidance\":{\"scale\":2}"), "\"/guidance\"", "no row for none");
    made_model_refused(&m, SAMPLE, MADE("\"class\":1,\"guidance\":{\"scale\":2,\"model\":\"made\"}"),
                       "\"/guidance/model\"", "wants a class");
    made_model_refused(&m, "/v1/images/generations", "{\"model\":\"made\",\"prompt\":\"\"}", "\"/prompt\"",
                       "wants a class");
    made_model_refused(&m, "/v1/images/generations", "{\"model\":\"made\",\"prompt\":\"4\"}", "\"/prompt\"",
                       "want a number from 0 to 3.");
    made_model_begin(&n);
    made_model_flow(&n);
    made_model_refused(&n, "/v1/images/generations", "{\"model\":\"made\",\"prompt\":\"3\"}", "\"/prompt\"",
                       "want a number from 0 to 2, or an empty one.");
    char *last = made_model_answer(&m, SAMPLE, MADE("\"class\":3")),
         *none = made_model_answer(&n, SAMPLE, MADE("\"count\":1"));
    assert_string_equal(strstr(last, "\"samples\""),
                        strstr(none, "\"samples\"")); /* the same row of the same weights */
    free(last), free(none);
    made_model_end(&m);
    made_model_end(&n);
}

/* A network beside a formula has nobody to tell how it is asked. */
static void a_reference_network_wants_a_way_to_ask(void **state) {
    (void)state;
    struct made_model m;
    int http;
    made_model_begin(&m);
    made_model_mlp(&m);
    char *text = made_model_post(&m, SAMPLE,
                                 "{\"model\":{\"type\":\"points\",\"points\":[[0,1]]},\"guidance\":{\"model\":\"made\","
                                 "\"scale\":2}}",
                                 &http);
    assert_int_equal(http, 422);
    if (!strstr(text, "\"/guidance/model\""))
        fail_msg("%s", text);
    free(text);
    made_model_end(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dit_pipeline_gives_diffusers_image),
        cmocka_unit_test(a_flow_is_followed_with_guidance),
        cmocka_unit_test(training_and_path_say_the_same),
        cmocka_unit_test(a_model_may_come_without_a_scheduler),
        cmocka_unit_test(points_have_no_pictures),
        cmocka_unit_test(adaptive_solvers_call_networks),
        cmocka_unit_test(a_networks_likelihood_is_its_flows),
        cmocka_unit_test(probes_estimate_it),
        cmocka_unit_test(likelihoods_that_cannot_be),
        cmocka_unit_test(what_cannot_be_is_said),
        cmocka_unit_test(the_row_for_none_is_no_class),
        cmocka_unit_test(without_a_row_for_none_a_class_is_wanted),
        cmocka_unit_test(a_reference_network_wants_a_way_to_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
