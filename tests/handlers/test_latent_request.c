/* Models whose samples are decoded from latents, through /v1/sample. What the autoencoder makes of latents is held
 * against its graphs run directly (core/nn/vae.h, whose goldens are in tests/core/nn/test_vae.c). */
#include "handlers/latent_request.h"

#include <math.h>

#include "core/tensor/tensor.h"
#include "tests/support/made_model.h"
#include "tests/support/network.h"
#include "tests/support/test.h"

enum { LATENT = 2 * 4 * 4, PICTURE = 8 * 8, ROWS = 3, TEXT = 16 << 10 };

#define SAMPLE "/v1/sample"
#define MADE(members) "{\"model\":\"made\",\"seed\":0," members "}"

static void begin(struct made_model *m, bool encoder) {
    made_model_begin(m);
    made_model_latent(m, encoder);
    made_model_load(m);
}

/* direct runs a part of the loaded autoencoder's config with the folder's weights, one sample of channels first. */
static void direct(struct made_model *m, enum vae_part part, const double *in, double *out) {
    const struct vae_config c = made_model_latent_config();
    struct model_files files;
    struct graph *g;
    float x[PICTURE], *y;
    assert_int_equal(model_files_open(&m->ctx, &m->folder.files, &files), STATUS_OK);
    assert_int_equal(vae_make(&m->ctx, &tensor_ref, &c, part, &g), STATUS_OK);
    assert_int_equal(graph_load(&m->ctx, g, model_part_find, &files.autoencoder), STATUS_OK);
    if (part == VAE_DECODER)
        for (size_t i = 0; i < LATENT; i++)
            x[i % 16 * 2 + i / 16] = (float)in[i];
    else
        for (size_t i = 0; i < PICTURE; i++)
            x[i] = (float)in[i];
    y = network_run(g, 1, &(struct graph_in){.x = x}, part == VAE_DECODER ? PICTURE : LATENT, 1);
    for (size_t i = 0; i < (size_t)(part == VAE_DECODER ? PICTURE : LATENT); i++)
        out[i] = (double)(part == VAE_DECODER ? y[i] : y[i % 16 * 2 + i / 16]);
    free(y);
}

/* body writes a request with an array of numbers. */
static const char *body(char text[TEXT], const char *before, const double *x, size_t n, const char *after) {
    size_t at = (size_t)snprintf(text, TEXT, "{\"model\":\"made\",\"seed\":0,%s[", before);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, TEXT - at, "%s%.17g", i ? "," : "", x[i]);
    snprintf(text + at, TEXT - at, "]%s}", after);
    return text;
}

static void picture(double x[PICTURE]) {
    for (size_t i = 0; i < PICTURE; i++)
        x[i] = (double)(i * 37 % 64) / 32 - 1;
}

/* The last state of a trajectory are the latents; the sample is what the decoder makes of them. */
static void latents_are_decoded(void **state) {
    (void)state;
    struct made_model m;
    double states[ROWS * LATENT], got[ROWS * PICTURE], want[PICTURE];
    char key[] = "\"trajectory\":[[[";
    begin(&m, false);
    char *text = made_model_answer(&m, SAMPLE, MADE("\"count\":3,\"trajectory\":true,\"sampler\":{\"steps\":1}"));
    assert_non_null(strstr(text, "\"shape\":[3,64]"));
    made_model_numbers(text, "\"samples\":[[", got, ROWS * PICTURE);
    double both[2 * ROWS * LATENT];
    made_model_numbers(text, key, both, 2 * ROWS * LATENT);
    memcpy(states, both + ROWS * LATENT, sizeof states);
    for (size_t i = 0; i < ROWS; i++) {
        direct(&m, VAE_DECODER, states + i * LATENT, want);
        assert_memory_equal(got + i * PICTURE, want, sizeof want);
    }
    free(text);
    made_model_end(&m);
}

/* strength 0 takes no step: the picture comes back through both ways of the autoencoder. */
static void pictures_are_encoded(void **state) {
    (void)state;
    struct made_model m;
    static char text[TEXT];
    double x[PICTURE], latent[LATENT], want[PICTURE], got[PICTURE];
    picture(x);
    begin(&m, true);
    char *answer = made_model_answer(
        &m, SAMPLE, body(text, "\"strength\":0,\"init\":[", x, PICTURE, "],\"sampler\":{\"steps\":2}"));
    direct(&m, VAE_ENCODER, x, latent);
    direct(&m, VAE_DECODER, latent, want);
    made_model_numbers(answer, "\"samples\":[[", got, PICTURE);
    assert_memory_equal(got, want, sizeof want);
    free(answer);
    answer = made_model_answer(
        &m, SAMPLE, body(text, "\"invert\":[", x, PICTURE, "],\"sampler\":{\"solver\":\"euler\",\"steps\":3}"));
    assert_non_null(strstr(answer, "\"round_trip_error\":["));
    made_model_numbers(answer, "\"latents\":[[", latent, LATENT);
    for (size_t i = 0; i < LATENT; i++)
        assert_true(isfinite(latent[i]) && latent[i] != 0);
    free(answer);
    made_model_end(&m);
}

/* What is known stands in the sample as it was given, to the bit, and the rest depends on it. */
static void what_is_known_stays(void **state) {
    (void)state;
    struct made_model m;
    static char text[2 * TEXT], with[TEXT];
    double x[PICTURE], got[2][PICTURE];
    begin(&m, true);
    for (int k = 0; k < 2; k++) {
        picture(x);
        for (size_t i = 0; i < PICTURE; i++)
            x[i] += k ? 0.25 : 0;
        size_t at = (size_t)snprintf(with, sizeof with, ",\"sampler\":{\"steps\":3},\"mask\":[");
        for (size_t i = 0; i < PICTURE; i++)
            at += (size_t)snprintf(with + at, sizeof with - at, "%s%d", i ? "," : "", i % 8 < 4);
        snprintf(with + at, sizeof with - at, "]");
        char *answer = made_model_answer(&m, SAMPLE, body(text, "\"known\":", x, PICTURE, with));
        made_model_numbers(answer, "\"samples\":[[", got[k], PICTURE);
        for (size_t i = 0; i < PICTURE; i++)
            assert_true((got[k][i] == x[i]) == (i % 8 < 4));
        free(answer);
    }
    assert_memory_not_equal(&got[0][4], &got[1][4], 4 * sizeof got[0][0]);
    made_model_end(&m);
}

/* Events show pictures, which latents of two channels cannot be; and cost no byte of the samples. */
static void previews_are_decoded(void **state) {
    (void)state;
    static const char PICTURE_KEY[] = "\"picture\":\"iVBORw0K";
    struct made_model m;
    begin(&m, false);
    char *plain = made_model_answer(&m, SAMPLE, MADE("\"count\":2,\"sampler\":{\"steps\":2}"));
    m.accept = "text/event-stream";
    char *events = made_model_answer(&m, SAMPLE, MADE("\"count\":2,\"preview\":1,\"sampler\":{\"steps\":2}"));
    const char *first = strstr(events, PICTURE_KEY), *second = first ? strstr(first + 1, PICTURE_KEY) : NULL;
    assert_non_null(second);
    assert_true(strncmp(first, second, 500) != 0);
    assert_memory_equal(strstr(events, "\"samples\":"), strstr(plain, "\"samples\":"), 2000);
    free(plain), free(events);
    made_model_end(&m);
}

/* The time of decoding is kept from the sampler, and what the time chose can be had again. */
static void a_time_limit_leaves_time_to_decode(void **state) {
    (void)state;
    struct made_model m;
    begin(&m, false);
    made_model_clock(&m);
    char *text = made_model_answer(&m, SAMPLE, MADE("\"count\":2,\"time_limit_ms\":50"));
    const char *resolved = strstr(text, "\"resolved\":{\"seed\":0,\"sampler\":"),
               *end = resolved ? strchr(resolved, '}') : NULL;
    assert_non_null(end);
    char again[300];
    snprintf(again, sizeof again, MADE("\"count\":2,%.*s"), (int)(end + 1 - resolved - 21), resolved + 21);
    char *same = made_model_answer(&m, SAMPLE, again);
    assert_memory_equal(text, same, (size_t)(strstr(text, "]]") - text));
    free(text), free(same);
    made_model_end(&m);
}

static void neighbours_and_threads_change_no_byte(void **state) {
    (void)state;
    static const char *const SAMPLERS[] = {"{\"steps\":3}", "{\"solver\":\"dpmpp_2m_sde\",\"steps\":3}",
                                           "{\"solver\":\"dpm_23\"}"};
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        struct made_model m;
        if (!isa_here((enum isa)isa))
            continue;
        made_model_begin(&m);
        made_model_latent(&m, false);
        m.isa = (enum isa)isa;
        for (size_t i = 0; i < COUNT(SAMPLERS); i++) {
            char few[200], many[200];
            snprintf(few, sizeof few, MADE("\"sampler\":%s"), SAMPLERS[i]);
            snprintf(many, sizeof many, MADE("\"count\":17,\"sampler\":%s"), SAMPLERS[i]);
            m.threads = 1;
            char *one = made_model_answer(&m, SAMPLE, few), *all = made_model_answer(&m, SAMPLE, many);
            m.threads = 3;
            char *again = made_model_answer(&m, SAMPLE, many);
            assert_memory_equal(one, all, (size_t)(strchr(one, ']') - one));
            assert_string_equal(all, again);
            free(one), free(all), free(again);
        }
        made_model_end(&m);
    }
}

static void what_cannot_be_is_said(void **state) {
    (void)state;
    static const struct {
        const char *body, *pointer, *words;
    } ROWS_[] = {
        {MADE("\"init\":[[0]]"), "\"/init\"", "want count = 1 rows of 64"},
        {MADE("\"latents\":[[0]]"), "\"/latents\"", "want count = 1 rows of 32"},
        {MADE("\"mask\":[1],\"known\":[1]"), "\"/mask\"", "want 64"},
        {MADE("\"measurement\":{\"matrix\":[[1]],\"values\":[1]}"), "\"/measurement/matrix\"", "rows of 32"},
    };
    struct made_model m;
    static char text[TEXT];
    double x[PICTURE];
    int http;
    begin(&m, false);
    for (size_t i = 0; i < COUNT(ROWS_); i++)
        made_model_refused(&m, SAMPLE, ROWS_[i].body, ROWS_[i].pointer, ROWS_[i].words);
    picture(x);
    made_model_refused(&m, SAMPLE, body(text, "\"init\":[", x, PICTURE, "]"), "\"/init\"", "without an encoder");
    m.host.max_memory = 64 << 10;
    char *answer = made_model_post(&m, SAMPLE, MADE("\"count\":1000,\"sampler\":{\"steps\":1}"), &http);
    assert_int_equal(http, 413);
    if (!strstr(answer, "\"/count\"") || !strstr(answer, "would take 1 MiB of memory, and a request may use 0"))
        fail_msg("%s", answer);
    free(answer);
    made_model_end(&m);
}

/* run_call runs a request with a ctx as the caller wants it; gives the status. */
static enum status run_call(struct made_model *m, const char *request, size_t fail_after, const atomic_int *stop) {
    struct call call;
    char allow[64];
    call_init(&call, endpoint_find("POST", SAMPLE, allow), &m->host);
    call.request = (struct request){.query = "", .body = request, .n = strlen(request)};
    enum status status = call_decode(&call);
    assert_int_equal(status, STATUS_OK);
    call.ctx.fail_after = fail_after;
    call.ctx.stop = stop;
    status = call_run(&call);
    call_release(&call);
    return status;
}

/* More rows than are run together: each is what it is alone. */
static void rows_are_coded_in_groups(void **state) {
    (void)state;
    enum { MANY = 37 };
    static double in[MANY * LATENT], out[MANY * PICTURE], back[MANY * LATENT];
    double alone[PICTURE];
    struct made_model m;
    uint64_t seed = 9;
    begin(&m, true);
    for (size_t i = 0; i < MANY * LATENT; i++)
        in[i] = (double)test_below(&seed, 2000) * 1e-3 - 1;
    assert_int_equal(coder_run(&m.ctx, &m.loaded->decoder, MANY, in, out, false), STATUS_OK);
    assert_int_equal(coder_run(&m.ctx, &m.loaded->encoder, MANY, out, back, false), STATUS_OK);
    for (size_t r = 0; r < MANY; r++) {
        assert_int_equal(coder_run(&m.ctx, &m.loaded->decoder, 1, in + r * LATENT, alone, false), STATUS_OK);
        assert_memory_equal(alone, out + r * PICTURE, PICTURE * sizeof *out);
        assert_int_equal(coder_run(&m.ctx, &m.loaded->encoder, 1, out + r * PICTURE, alone, false), STATUS_OK);
        assert_memory_equal(alone, back + r * LATENT, LATENT * sizeof *back);
    }
    made_model_end(&m);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    struct made_model m;
    static char text[TEXT];
    double x[PICTURE];
    enum status status = STATUS_NO_MEMORY;
    picture(x);
    begin(&m, true);
    body(text, "\"init\":[", x, PICTURE, "],\"sampler\":{\"steps\":1}");
    for (size_t n = 0; status != STATUS_OK; n++) {
        status = run_call(&m, text, n, NULL);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_true(n < 500);
    }
    made_model_end(&m);
}

static void a_stop_is_heard(void **state) {
    (void)state;
    struct made_model m;
    atomic_int stop;
    double in[LATENT] = {0}, out[PICTURE];
    begin(&m, true);
    atomic_init(&stop, STOP_CANCEL);
    assert_int_equal(run_call(&m, MADE("\"sampler\":{\"steps\":1}"), SIZE_MAX, &stop), STATUS_CANCELLED);
    const struct coder *decoder = &m.loaded->decoder;
    m.ctx.stop = &stop;
    for (int late = 0; late < 2; late++)
        assert_int_equal(coder_run(&m.ctx, decoder, 1, in, out, late), STATUS_CANCELLED);
    atomic_store(&stop, STOP_DEADLINE);
    assert_int_equal(coder_run(&m.ctx, decoder, 1, in, out, false), STATUS_TIMED_OUT);
    assert_int_equal(coder_run(&m.ctx, decoder, 1, in, out, true), STATUS_OK);
    in[0] = 1e300;
    assert_int_equal(coder_run(&m.ctx, decoder, 1, in, out, true), STATUS_INVALID);
    m.ctx.stop = NULL;
    made_model_end(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latents_are_decoded),
        cmocka_unit_test(pictures_are_encoded),
        cmocka_unit_test(what_is_known_stays),
        cmocka_unit_test(previews_are_decoded),
        cmocka_unit_test(a_time_limit_leaves_time_to_decode),
        cmocka_unit_test(neighbours_and_threads_change_no_byte),
        cmocka_unit_test(what_cannot_be_is_said),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(rows_are_coded_in_groups),
        cmocka_unit_test(a_stop_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
