/* Images in OpenAI's form: what they show, how a prompt becomes a class, what is refused and how. */
#include <jansson.h>
#include <math.h>
#include <png.h>

#include "tests/support/host.h"
#include "tests/support/made_model.h"
#include "tests/support/test.h"

#define ROUTE "/v1/images/generations"

static size_t base64_decode(const char *text, unsigned char *to) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0, n_bits = 0;
    size_t n = 0;
    for (; *text && *text != '='; text++) {
        bits = bits << 6 | (unsigned)(strchr(DIGITS, *text) - DIGITS);
        n_bits += 6;
        if (n_bits >= 8)
            to[n++] = (unsigned char)(bits >> (n_bits -= 8));
    }
    return n;
}

/* read_png wants a picture of that size, and gives its [size][size][3]. */
static void read_png(const char *text, size_t size, unsigned char *rgb) {
    static unsigned char bytes[1 << 16];
    png_image image = {.version = PNG_IMAGE_VERSION};
    size_t n = base64_decode(text, bytes);
    assert_true(png_image_begin_read_from_memory(&image, bytes, n));
    assert_int_equal(image.width, size);
    assert_int_equal(image.height, size);
    image.format = PNG_FORMAT_RGB;
    assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
}

static int level(double v) { return (int)floor(255 * fmin(fmax((v + 1) / 2, 0), 1) + 0.5); }

/* Gray ones of 8 x 8 numbers, each drawn as 2 x 2. */
static void images_are_the_samples(void **state) {
    (void)state;
    struct made_model m;
    double x[2 * 64];
    static unsigned char rgb[16 * 16 * 3];
    made_model_begin(&m);
    made_model_flow(&m);
    char *samples =
        made_model_answer(&m, "/v1/sample",
                          "{\"model\":\"made\",\"count\":2,\"seed\":5,\"class\":1,\"guidance\":{\"scale\":2},"
                          "\"sampler\":{\"steps\":3}}");
    made_model_numbers(samples, "\"samples\":[[", x, COUNT(x));
    char *text = made_model_answer(&m, ROUTE,
                                   "{\"model\":\"made\",\"prompt\":\" 1\",\"n\":2,\"size\":\"16x16\",\"seed\":5,"
                                   "\"guidance\":2,\"steps\":3}");
    json_t *answer = json_loads(text, 0, NULL), *data = json_object_get(answer, "data");
    assert_int_equal(json_array_size(data), 2);
    assert_int_equal(json_integer_value(json_object_get(answer, "seed")), 5);
    for (size_t i = 0; i < 2; i++) {
        read_png(json_string_value(json_object_get(json_array_get(data, i), "b64_json")), 16, rgb);
        for (size_t p = 0; p < 256; p++)
            for (size_t c = 0; c < 3; c++)
                if (abs(rgb[p * 3 + c] - level(x[i * 64 + p / 32 * 8 + p % 16 / 2])) > 1)
                    fail_msg("image %zu, pixel %zu: %d", i, p, rgb[p * 3 + c]);
    }
    json_decref(answer);
    free(text), free(samples);
    made_model_end(&m);
}

static void a_prompt_is_a_class(void **state) {
    (void)state;
    static const char *const same[] = {"1", "goldfish", " Carassius auratus ", "goldfish, Carassius auratus"};
    struct made_model m;
    char body[200], *first = NULL;
    int http;
    made_model_begin(&m);
    made_model_dit(&m);
    for (size_t i = 0; i < COUNT(same); i++) {
        snprintf(body, sizeof body, "{\"model\":\"made\",\"prompt\":\"%s\",\"seed\":1,\"steps\":1}", same[i]);
        char *text = made_model_answer(&m, ROUTE, body);
        if (first)
            assert_string_equal(text, first);
        else
            first = strdup(text);
        free(text);
    }
    char *text = made_model_answer(&m, ROUTE, "{\"model\":\"made\",\"prompt\":\"0\",\"seed\":1,\"steps\":1}");
    assert_string_not_equal(text, first);
    free(text), free(first);
    text = made_model_post(&m, ROUTE, "{\"model\":\"made\",\"prompt\":\"zebra\",\"seed\":1}", &http);
    assert_int_equal(http, 422);
    assert_non_null(strstr(text, "want a number from 0 to 999, or a name such as \\\"tench, Tinca tinca\\\", "));
    assert_non_null(strstr(text, "\"pointer\":\"/prompt\""));
    free(text);
    made_model_end(&m);
}

static void what_cannot_be_is_said(void **state) {
    (void)state;
    static const struct {
        const char *members, *pointer, *words;
    } rows[] = {
        {"\"model\":\"made\",\"prompt\":\"\",\"response_format\":\"url\"", "/response_format", "want \\\"b64_json\\\""},
        {"\"model\":\"made\",\"prompt\":\"\",\"size\":\"12x12\"", "/size", "\\\"8x8\\\", or a multiple of it"},
        {"\"model\":\"made\",\"prompt\":\"\",\"size\":\"16x8\"", "/size", "\\\"8x8\\\""},
        {"\"model\":\"made\",\"prompt\":\"\",\"size\":\"4104x4104\"", "/size", "up to 4096"},
        {"\"model\":\"made\",\"prompt\":\"4\"", "/prompt", "from 0 to 2, or an empty one"},
        {"\"model\":\"made\",\"prompt\":\"-1\"", "/prompt", "from 0 to 2"},
        {"\"model\":\"made\",\"prompt\":\"a cat\"", "/prompt", "from 0 to 2"},
        {"\"model\":\"made\",\"prompt\":\"\",\"guidance\":2", "/guidance", "want a class"},
        {"\"model\":\"made\",\"prompt\":\"\",\"n\":101", "/n", "1 to 100"},
        {"\"model\":\"made\",\"prompt\":\"\",\"quality\":\"hd\"", "/quality", "not a field"},
        {"\"model\":\"made@1234\",\"prompt\":\"\"", "/model", "The digest of this model is "},
        {"\"model\":\"dall-e-2\",\"prompt\":\"\"", "/model", "There is no model \\\"dall-e-2\\\""},
        {"\"model\":\"broken\",\"prompt\":\"\"", "/model", "is left out: It is not JSON."},
        {"\"model\":\"coin\",\"prompt\":\"\",\"size\":\"2x1\"", "/size", "has 1 numbers"},
        {"\"model\":\"coin\",\"prompt\":\"heads\",\"size\":\"1x1\"", "/prompt", "have no names"},
        {"\"model\":\"coin\",\"prompt\":\"1\",\"size\":\"1x1\"", "/prompt", "the model names none"},
    };
    struct made_model m;
    made_model_begin(&m);
    made_model_flow(&m);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[200], pointer[64], param[64];
        int http;
        snprintf(body, sizeof body, "{%s,\"seed\":1}", rows[i].members);
        snprintf(pointer, sizeof pointer, "\"pointer\":\"%s\"", rows[i].pointer);
        snprintf(param, sizeof param, "\"type\":\"invalid_request_error\",\"param\":\"%s\",\"code\":\"invalid\"}}",
                 rows[i].pointer + 1);
        char *text = made_model_post(&m, ROUTE, body, &http);
        if (http != 422 || !strstr(text, pointer) || !strstr(text, rows[i].words) || !strstr(text, param))
            fail_msg("%s: %d %s", body, http, text);
        free(text);
    }
    made_model_end(&m);
}

static void points_are_no_images(void **state) {
    (void)state;
    struct made_model m;
    int http;
    made_model_begin(&m);
    made_model_mlp(&m);
    char *text = made_model_post(&m, ROUTE, "{\"model\":\"made\",\"prompt\":\"\"}", &http);
    assert_int_equal(http, 422);
    assert_non_null(strstr(text, "The samples of this model are no images"));
    free(text);
    made_model_end(&m);
}

/* By its name a model may be another one tomorrow; by its digest it is what was asked for. */
static void a_digest_makes_a_request_pure(void **state) {
    (void)state;
    static const struct {
        const char *body;
        bool impure;
    } rows[] = {{"{\"model\":\"coin\",\"prompt\":\"\",\"size\":\"1x1\",\"seed\":1}", true},
                {"{\"model\":\"coin@c01n\",\"prompt\":\"\",\"size\":\"1x1\",\"seed\":1}", false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call call;
        struct buf text;
        buf_init(&text, 4096);
        call_init(&call, test_endpoint("POST", ROUTE), &test_host);
        call.request = (struct request){.body = rows[i].body, .n = strlen(rows[i].body)};
        assert_int_equal(call_decode(&call), STATUS_OK);
        assert_int_equal(call.impure, rows[i].impure);
        assert_true(call_canonical(&call, &text));
        assert_non_null(memmem(text.data, text.n, "\"coin@c01n\"", 11));
        call_release(&call);
        buf_release(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_the_samples),        cmocka_unit_test(a_prompt_is_a_class),
        cmocka_unit_test(what_cannot_be_is_said),        cmocka_unit_test(points_are_no_images),
        cmocka_unit_test(a_digest_makes_a_request_pure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
