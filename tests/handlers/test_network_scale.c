/* An MLP with the scale of its rows, beside the same one without: requests and answers differ by the scale alone. */
#include <math.h>

#include "tests/support/made_model.h"
#include "tests/support/test.h"

static const double MEAN[] = {100, -3}, STD[] = {20, 0.25};

struct pair {
    struct made_model plain, scaled;
};

static void begin(struct pair *p) {
    made_model_begin(&p->plain);
    made_model_begin(&p->scaled);
    made_model_mlp(&p->plain);
    made_model_mlp(&p->scaled);
    made_files_text(&p->scaled.folder, "config.json",
                    "{\"_class_name\":\"MLP\",\"features\":2,\"hidden_size\":32,\"num_blocks\":1,\"time_size\":16,"
                    "\"num_classes\":2,\"data_mean\":[100,-3],\"data_std\":[20,0.25]}");
}

static void end(struct pair *p) {
    made_model_end(&p->plain);
    made_model_end(&p->scaled);
}

enum { ROWS = 3 };

static void samples(struct made_model *m, const char *body, double x[2 * ROWS]) {
    char *answer = made_model_answer(m, "/v1/sample", body);
    made_model_numbers(answer, "\"samples\":[[", x, 2 * ROWS);
    free(answer);
}

/* compare gives what is asked of each, and holds the samples against each other; float32 has seven digits. */
static void compare(struct pair *p, const char *plain, const char *scaled, double x[2 * ROWS]) {
    double a[2 * ROWS];
    samples(&p->plain, plain, a);
    samples(&p->scaled, scaled, x);
    for (size_t i = 0; i < 2 * ROWS; i++)
        if (!(fabs(MEAN[i % 2] + STD[i % 2] * a[i] - x[i]) < 2e-5 * (fabs(x[i]) + 1)))
            fail_msg("number %zu: %.9g and %.9g", i, a[i], x[i]);
}

#define ASKED "\"count\":3,\"seed\":5,\"class\":1,\"sampler\":{\"steps\":4}"

static void samples_are_scaled_back(void **state) {
    (void)state;
    struct pair p;
    double x[2 * ROWS];
    begin(&p);
    compare(&p, "{\"model\":\"made\"," ASKED "}", "{\"model\":\"made\"," ASKED "}", x);
    end(&p);
}

static void given_rows_are_scaled(void **state) {
    (void)state;
    struct pair p;
    double x[2 * ROWS];
    begin(&p);
    compare(&p, "{\"model\":\"made\"," ASKED ",\"strength\":0.5,\"init\":[[0.5,2]]}",
            "{\"model\":\"made\"," ASKED ",\"strength\":0.5,\"init\":[[110,-2.5]]}", x);
    compare(&p, "{\"model\":\"made\"," ASKED ",\"mask\":[0,1],\"known\":[0,2]}",
            "{\"model\":\"made\"," ASKED ",\"mask\":[0,1],\"known\":[0,-2.5]}", x);
    for (size_t i = 0; i < ROWS; i++)
        assert_true(x[2 * i + 1] == -2.5 && x[2 * i] != 0); /* what is known is exact; the rest is drawn */
    end(&p);
}

/* picture draws samples and the ways of `lines` of them, where the rows are. */
static struct buf picture(struct made_model *m, int lines) {
    char body[512];
    int http;
    snprintf(body, sizeof body,
             "{\"model\":\"made\"," ASKED ",\"trajectory\":true,\"plot\":{\"width\":160,\"height\":160,\"lines\":%d,"
             "\"x_range\":[40,160],\"y_range\":[-4,-2]}}",
             lines);
    m->accept = "image/png";
    struct buf b = made_model_bytes(m, "/v1/sample", body, &http);
    assert_int_equal(http, 200);
    return b;
}

/* Ways are drawn where the samples are, not where the network sees them. */
static void pictures_are_in_the_unit_of_the_rows(void **state) {
    (void)state;
    struct pair p;
    begin(&p);
    struct buf with = picture(&p.scaled, 3), without = picture(&p.scaled, 0);
    assert_true(with.n != without.n || memcmp(with.data, without.data, with.n) != 0);
    buf_release(&with);
    buf_release(&without);
    end(&p);
}

/* Densities change by the determinant of the scale, 20 * 0.25. */
static void densities_are_those_of_the_rows(void **state) {
    (void)state;
    struct pair p;
    double a[2], b[2];
    begin(&p);
    char *plain = made_model_answer(&p.plain, "/v1/likelihood",
                                    "{\"model\":\"made\",\"points\":[[0.5,2],[-1,0]],\"rtol\":1e-5,\"atol\":1e-5}");
    char *scaled =
        made_model_answer(&p.scaled, "/v1/likelihood",
                          "{\"model\":\"made\",\"points\":[[110,-2.5],[80,-3]],\"rtol\":1e-5,\"atol\":1e-5}");
    made_model_numbers(plain, "\"log_likelihoods\":[", a, 2);
    made_model_numbers(scaled, "\"log_likelihoods\":[", b, 2);
    for (size_t i = 0; i < 2; i++)
        if (!(fabs(a[i] - log(20 * 0.25) - b[i]) < 1e-3))
            fail_msg("%.9g and %.9g", a[i], b[i]);
    free(plain);
    free(scaled);
    end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_scaled_back),
        cmocka_unit_test(given_rows_are_scaled),
        cmocka_unit_test(pictures_are_in_the_unit_of_the_rows),
        cmocka_unit_test(densities_are_those_of_the_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
