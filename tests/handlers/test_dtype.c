/* dtype: networks of every kind with products of bfloat16. */
#include <math.h>

#include "tests/support/host.h"
#include "tests/support/made_model.h"
#include "tests/support/test.h"

enum { MOST = 768 };
#define SAMPLE "/v1/sample"
#define MADE(members) "{\"model\":\"made\",\"seed\":3,\"sampler\":{\"steps\":3}" members "}"
#define BF16 ",\"dtype\":\"bf16\""

static void latent(struct made_model *m) { made_model_latent(m, true); }

static const struct sort {
    void (*make)(struct made_model *m);
    size_t d;
} KINDS[] = {{made_model_flow, 64}, {made_model_mlp, 2}, {made_model_dit, 768}, {latent, 64}};

/* samples gives those of an answer, which has to say of what the products were. */
static char *samples(struct made_model *m, const char *body, const char *dtype, double *x, size_t n) {
    char *text = made_model_answer(m, SAMPLE, body);
    made_model_numbers(text, "\"samples\":[[", x, n);
    if (!strstr(text, dtype))
        fail_msg("%s: %s is not in %s", body, dtype, text);
    return text;
}

/* Rounding is to 8 bits: samples differ, by some percent of their own size at most, and by more than float32 rounds. */
static void samples_are_near_those_of_f32(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (size_t i = 0; i < COUNT(KINDS) && isa_here((enum isa)isa); i++) {
            struct made_model m;
            double x[MOST], y[MOST], off = 0, most = 0;
            made_model_begin(&m);
            m.isa = (enum isa)isa;
            KINDS[i].make(&m);
            char *plain = samples(&m, MADE(""), "\"dtype\":\"f32\"", x, KINDS[i].d);
            char *half = samples(&m, MADE(BF16), "\"dtype\":\"bf16\"", y, KINDS[i].d);
            for (size_t k = 0; k < KINDS[i].d; k++) {
                off = fmax(off, fabs(x[k] - y[k]));
                most = fmax(most, fabs(x[k]));
            }
            if (!(off > 1e-5 * most && off < 0.05 * most))
                fail_msg("%s, %zu: %g off, of %g", isa_text((enum isa)isa), i, off, most);
            free(plain), free(half);
            made_model_end(&m);
        }
}

static void threads_and_neighbours_change_no_byte(void **state) {
    (void)state;
    double one[2 * 64], two[2 * 64];
    struct made_model m;
    made_model_begin(&m);
    m.isa = isa_best();
    made_model_flow(&m);
    char *alone = samples(&m, MADE(BF16), "bf16", one, 64);
    m.threads = 3;
    char *beside = samples(&m, MADE(BF16 ",\"count\":2"), "bf16", two, 2 * 64);
    assert_memory_equal(one, two, 64 * sizeof *one);
    free(alone), free(beside);
    made_model_end(&m);
}

static void formulas_have_no_dtype(void **state) {
    (void)state;
    static const struct test_refusal rows[] = {
        {"{\"model\":{\"type\":\"points\",\"points\":[1]},\"dtype\":\"bf16\"}", "\"/dtype\"", "dtype is for networks"},
        {"{\"model\":\"coins\",\"dtype\":\"f16\"}", "\"/dtype\"", "\\\"f32\\\" or \\\"bf16\\\""}};
    int http;
    test_refusals_at(SAMPLE, rows, COUNT(rows));
    char *text =
        test_post(SAMPLE, "{\"model\":{\"type\":\"points\",\"points\":[1]},\"dtype\":\"f32\",\"seed\":1}", &http);
    assert_true(http == 200 && !strstr(text, "dtype"));
    free(text);
    text = test_post("/v1/images/generations",
                     "{\"model\":\"coin\",\"prompt\":\"\",\"size\":\"1x1\",\"dtype\":\"bf16\"}", &http);
    assert_true(http == 422 && strstr(text, "\"/dtype\""));
    free(text);
}

/* Images with other products are others, and come again. */
static void images_know_it_too(void **state) {
    (void)state;
#define IMAGE(members) "{\"model\":\"made\",\"prompt\":\"1\",\"n\":4,\"seed\":2,\"steps\":3,\"guidance\":3" members "}"
    struct made_model m;
    char *text[3];
    made_model_begin(&m);
    made_model_flow(&m);
    for (int i = 0; i < 3; i++)
        text[i] = made_model_answer(&m, "/v1/images/generations", i ? IMAGE(BF16) : IMAGE(""));
    assert_string_not_equal(text[0], text[1]);
    assert_string_equal(text[1], text[2]);
    for (int i = 0; i < 3; i++)
        free(text[i]);
    made_model_end(&m);
}

/* The store is asked for the plan that the request wants. */
static enum graph_dtype asked = GRAPH_DTYPES;

static enum status load(struct model_store *self, struct ctx *ctx, const struct named_model *model,
                        enum graph_dtype dtype, bool holds, const struct loaded_model **out) {
    asked = dtype;
    return test_host.models->load(self, ctx, model, dtype, holds, out);
}

static void rows_know_it_too(void **state) {
    (void)state;
    static const char *const BODIES[] = {"{\"model\":\"coins\",\"count\":2}",
                                         "{\"model\":\"coins\",\"count\":2,\"dtype\":\"bf16\"}"};
    struct model_store store = *test_host.models;
    struct host host = test_host;
    store.load = load;
    host.models = &store;
    for (int i = 0; i < 2; i++) {
        struct call call;
        call_init(&call, test_endpoint("POST", "/v1/sample/rows"), &host);
        call.request = (struct request){.query = "", .body = BODIES[i], .n = strlen(BODIES[i])};
        assert_int_equal(call_decode(&call), STATUS_OK);
        assert_int_equal(call_run(&call), STATUS_OK);
        assert_int_equal(asked, i ? GRAPH_BF16 : GRAPH_F32);
        call_release(&call);
    }
}

/* The key of an answer tells them apart. */
static void canonical_requests_differ(void **state) {
    (void)state;
    struct buf text[2];
    for (int i = 0; i < 2; i++) {
        const char *body =
            i ? "{\"model\":\"coins\",\"seed\":1,\"dtype\":\"bf16\"}" : "{\"model\":\"coins\",\"seed\":1}";
        struct call call;
        buf_init(&text[i], 1 << 20);
        call_init(&call, test_endpoint("POST", SAMPLE), &test_host);
        call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
        assert_int_equal(call_decode(&call), STATUS_OK);
        assert_true(call_canonical(&call, &text[i]));
        assert_non_null(memmem(text[i].data, text[i].n, i ? "\"bf16\"" : "\"f32\"", 5));
        call_release(&call);
    }
    assert_true(text[0].n != text[1].n || memcmp(text[0].data, text[1].data, text[0].n) != 0);
    buf_release(&text[0]), buf_release(&text[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_near_those_of_f32),
        cmocka_unit_test(threads_and_neighbours_change_no_byte),
        cmocka_unit_test(formulas_have_no_dtype),
        cmocka_unit_test(images_know_it_too),
        cmocka_unit_test(rows_know_it_too),
        cmocka_unit_test(canonical_requests_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
