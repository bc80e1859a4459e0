/* A model whose flow starts from points of its own, through /v1/sample: what starts from one of them is what the same
 * point as `init` or as `latents` leads to. */
#include "handlers/source_request.h"

#include <math.h>

#include "core/base/epoch_order.h"
#include "handlers/model_files.h"
#include "tests/support/made_model.h"
#include "tests/support/test.h"

enum { POINTS = 5, COUNT_OF_SAMPLES = 7 };

static const float SOURCE[POINTS][2] = {{110, -2.5f}, {80, -3}, {100, -3.25f}, {60, -2}, {130, -3.5f}};

static void put_rows(struct made_model *m, const float *points, size_t n) {
    made_model_source(m, points, n, 1, (const size_t[]){2});
}

/* begin makes an MLP with the scale of its rows. */
static void begin(struct made_model *m) {
    made_model_begin(m);
    made_model_mlp(m);
    made_files_text(&m->folder, "config.json",
                    "{\"_class_name\":\"MLP\",\"features\":2,\"hidden_size\":32,\"num_blocks\":1,\"time_size\":16,"
                    "\"num_classes\":2,\"data_mean\":[100,-3],\"data_std\":[20,0.25]}");
    put_rows(m, SOURCE[0], POINTS);
}

#define SAMPLE "/v1/sample"
#define MADE(members) "{\"model\":\"made\",\"class\":1,\"seed\":3," members "}"

static void samples(struct made_model *m, const char *body, size_t n, double *x) {
    char *answer = made_model_answer(m, SAMPLE, body);
    made_model_numbers(answer, "\"samples\":[[", x, 2 * n);
    free(answer);
}

/* given writes a request for those points that samples start from, in the data's unit or in the network's. */
static const char *given(char text[1024], const char *name, bool scaled, const char *more) {
    size_t at =
        (size_t)snprintf(text, 1024, "{\"model\":\"made\",\"class\":1,\"seed\":99,\"count\":7%s,\"%s\":[", more, name);
    for (size_t i = 0; i < COUNT_OF_SAMPLES; i++) {
        const float *p = SOURCE[epoch_order_at(3, POINTS, i)];
        const double x = (double)p[0], y = (double)p[1];
        at += (size_t)snprintf(text + at, 1024 - at, "%s[%.9g,%.9g]", i ? "," : "", scaled ? (x - 100) / 20 : x,
                               scaled ? (y + 3) / 0.25 : y);
    }
    snprintf(text + at, 1024 - at, "]}");
    return text;
}

static void samples_start_from_the_source(void **state) {
    (void)state;
    static const char *const HOW[] = {"", ",\"sampler\":{\"solver\":\"dopri5\",\"rtol\":1e-3}",
                                      ",\"sampler\":{\"solver\":\"dpmpp_2m\",\"steps\":5}"};
    struct made_model m;
    char text[1024];
    begin(&m);
    for (size_t k = 0; k < COUNT(HOW); k++) {
        double drawn[14], from_init[14], from_latents[14], few[4];
        snprintf(text, sizeof text, MADE("\"count\":7%s"), HOW[k]);
        samples(&m, text, COUNT_OF_SAMPLES, drawn);
        snprintf(text, sizeof text, MADE("\"count\":2%s"), HOW[k]);
        samples(&m, text, 2, few);
        samples(&m, given(text, "init", false, HOW[k]), COUNT_OF_SAMPLES, from_init);
        samples(&m, given(text, "latents", true, HOW[k]), COUNT_OF_SAMPLES, from_latents);
        assert_memory_equal(few, drawn, sizeof few);
        for (size_t i = 0; i < 14; i++)
            if (!(fabs(drawn[i] - from_init[i]) < 1e-4 && fabs(drawn[i] - from_latents[i]) < 1e-4))
                fail_msg("%s: %.9g drawn, %.9g from init, %.9g from latents", HOW[k], drawn[i], from_init[i],
                         from_latents[i]);
        assert_true(fabs(drawn[0] - drawn[2]) > 1e-3); /* no two start from one point */
    }
    made_model_end(&m);
}

/* One row is the start of all samples. */
static void one_row_is_for_all(void **state) {
    (void)state;
    struct made_model m;
    double x[4], y[2];
    begin(&m);
    samples(&m, MADE("\"count\":2,\"init\":[[90,-3]]"), 2, x);
    samples(&m, MADE("\"count\":1,\"init\":[[90,-3]]"), 1, y);
    assert_true(x[0] == x[2] && x[1] == x[3] && x[0] == y[0] && x[1] == y[1]);
    made_model_end(&m);
}

/* The way back leads to what it came from, but for the lowest noise level, at which data are taken to be free of it. */
static void data_are_led_back(void **state) {
    (void)state;
    struct made_model m;
    char text[256];
    double there[2], back[2];
    begin(&m);
    samples(&m, MADE("\"init\":[[90,-3.1]],\"sampler\":{\"solver\":\"dopri5\",\"rtol\":1e-6,\"atol\":1e-6}"), 1, there);
    snprintf(text, sizeof text,
             MADE("\"invert\":[[%.17g,%.17g]],\"sampler\":{\"solver\":\"dopri5\",\"rtol\":1e-6,"
                  "\"atol\":1e-6}"),
             there[0], there[1]);
    char *answer = made_model_answer(&m, SAMPLE, text);
    made_model_numbers(answer, "\"latents\":[[", back, 2);
    free(answer);
    if (!(fabs(back[0] + 0.5) < 4e-3 && fabs(back[1] + 0.4) < 4e-3))
        fail_msg("%.9g, %.9g", back[0], back[1]);
    made_model_end(&m);
}

static void what_is_about_noise_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *route, *body, *pointer;
    } CASES[] = {
        {SAMPLE, MADE("\"init\":[[90,-3]],\"strength\":1"), "/strength"},
        {SAMPLE, MADE("\"mask\":[0,1],\"known\":[0,2]"), "/mask"},
        {SAMPLE, MADE("\"count\":2,\"interpolate\":{\"from\":[0,1],\"to\":[1,0]}"), "/interpolate"},
        {SAMPLE, MADE("\"noise\":\"torch\""), "/noise"},
        {SAMPLE, MADE("\"measurement\":{\"matrix\":[[1,0]],\"values\":[90]}"), "/measurement"},
        {SAMPLE, MADE("\"init\":[[90,-3]],\"latents\":[[1,1]]"), "/latents"},
        {SAMPLE, MADE("\"init\":[[90,-3,1]]"), "/init"},
        {SAMPLE, MADE("\"count\":3,\"init\":[[90,-3],[90,-3]]"), "/init"},
        {SAMPLE, MADE("\"sampler\":{\"solver\":\"euler_ancestral\"}"), "/sampler/solver"},
        {SAMPLE, MADE("\"sampler\":{\"solver\":\"euler\",\"eta\":0.5}"), "/sampler/solver"},
        {SAMPLE, MADE("\"path\":\"vp\",\"prediction\":\"velocity\""), "/path"},
        {SAMPLE, MADE("\"path\":\"vp\",\"prediction\":\"velocity\",\"sampler\":{\"solver\":\"dopri5\"}"), "/path"},
        {"/v1/likelihood", "{\"model\":\"made\",\"points\":[[90,-3]]}", "/model"},
    };
    struct made_model m;
    begin(&m);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char want[64];
        snprintf(want, sizeof want, "\"pointer\":\"%s\"", CASES[i].pointer);
        made_model_refused(&m, CASES[i].route, CASES[i].body, want, "");
    }
    made_model_end(&m);
}

/* -- The file -- */

static void refused(struct made_model *m, const char *sentence) {
    struct error why;
    assert_null(model_outline(&m->folder.files, m->isa, 1 << 24, &why));
    if (!strstr(why.detail, sentence))
        fail_msg("%s", why.detail);
}

static void what_is_no_source_is_refused(void **state) {
    (void)state;
    struct made_model m;
    struct buf b;
    const float bad[] = {1, 2, 3, (float)NAN};
    const struct tensor_values two[] = {{.name = "points", .dims = 2, .shape = {2, 2}, .values = bad},
                                        {.name = "more", .dims = 2, .shape = {2, 2}, .values = bad}};
    begin(&m);
    put_rows(&m, bad, 2);
    refused(&m, "source/points.safetensors has NaN as its number 3, want a finite one.");
    made_model_source(&m, SOURCE[0], 2, 1, (const size_t[]){3});
    refused(&m, "have the shape [3], want [2].");
    put_rows(&m, SOURCE[0], 0);
    refused(&m, "want one, \"points\", of 1 to 1000000 points.");
    buf_init(&b, 1 << 16);
    safetensors_write(&b, two, 2);
    made_files_put(&m.folder, SOURCE_FILE, b.data, b.n);
    refused(&m, "has 2 tensors; want one, \"points\"");
    buf_release(&b);
    made_files_text(&m.folder, SOURCE_FILE, "points");
    refused(&m, "source/points.safetensors");
    made_model_end(&m);
    made_model_begin(&m);
    made_model_latent(&m, true);
    put_rows(&m, SOURCE[0], 2);
    refused(&m, "There is a source/points.safetensors beside a network of latents.");
    made_model_end(&m);
}

/* An outline knows how many points there are, and holds none of them. */
static void points_come_with_the_weights(void **state) {
    (void)state;
    struct made_model m;
    struct error why;
    begin(&m);
    struct loaded_model *outline = model_outline(&m.folder.files, m.isa, 1 << 24, &why);
    struct loaded_model *whole = model_load(&m.folder.files, m.isa, GRAPH_F32, 1 << 24, &why);
    assert_non_null(outline);
    assert_non_null(whole);
    assert_true(outline->source.n == POINTS && !outline->source.points && whole->source.n == POINTS);
    assert_true(fabsf(whole->source.points[0] - 0.5f) < 1e-6f && fabsf(whole->source.points[1] - 2) < 1e-6f);
    model_unload(outline);
    model_unload(whole);
    made_model_end(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_start_from_the_source),
        cmocka_unit_test(one_row_is_for_all),
        cmocka_unit_test(data_are_led_back),
        cmocka_unit_test(what_is_about_noise_is_refused),
        cmocka_unit_test(what_is_no_source_is_refused),
        cmocka_unit_test(points_come_with_the_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
