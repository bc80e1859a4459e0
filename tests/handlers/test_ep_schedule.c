/* The schedule, followed by hand, gives the samples of /v1/sample: for every solver on every path. */
#include <jansson.h>
#include <math.h>

#include "core/base/normal.h"
#include "core/diffusion/mixture.h"
#include "core/diffusion/scheduler.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

enum { D = 2, SEED = 5, COUNT_OF_SAMPLES = 3, MOST_VECTORS = 400 };

#define MODEL "\"model\":{\"type\":\"mixture\",\"weights\":[0.25,0.75],\"means\":[[-1,0],[1,0.5]],\"stds\":[0.2,0.4]}"

/* The model is the service's own: a formula written anew would round differently, which Langevin steps magnify where the
 * score is small. */
static const struct denoiser *model;
static double *scratch;

static void denoise(double alpha, double sigma, const double *x, double *out) {
    const struct path_point at = {.k = sigma / alpha, .alpha = alpha, .sigma = sigma};
    denoiser_eval(model, &at, NULL, 1, x, out, scratch);
}

static double of(json_t *object, const char *name) {
    json_t *value = json_object_get(object, name);
    assert_non_null(value);
    return json_number_value(value);
}

static void draw(json_t *operation, size_t sample, double *z) {
    normal_rows(SEED, NORMAL_STEP, (uint32_t)of(operation, "draw"), sample, 1, D, z);
}

static void call(json_t *operation, const double *x, double *out) {
    double alpha = of(operation, "alpha"), sigma = of(operation, "sigma");
    denoise(alpha, sigma, x, out);
    json_t *k = json_object_get(operation, "k");
    if (json_is_null(k))
        assert_true(alpha == 0);
    else
        assert_true(fabs(json_number_value(k) * alpha - sigma) <= 1e-14 * sigma);
}

static void mix(json_t *operation, size_t sample, double (*v)[D], double *out) {
    json_t *from = json_object_get(operation, "of"), *by = json_object_get(operation, "by");
    out[0] = out[1] = 0;
    for (size_t i = 0; i < json_array_size(from); i++)
        for (int j = 0; j < D; j++)
            out[j] += json_number_value(json_array_get(by, i)) * v[json_integer_value(json_array_get(from, i))][j];
    if (!json_object_get(operation, "noise"))
        return;
    double z[D];
    draw(operation, sample, z);
    for (int j = 0; j < D; j++)
        out[j] += of(operation, "noise") * z[j];
}

static void langevin(json_t *operation, size_t sample, const double *x, const double *denoised, double *out) {
    double z[D], s[D], z2 = 0, s2 = 0;
    draw(operation, sample, z);
    for (int j = 0; j < D; j++) {
        s[j] = (of(operation, "alpha") * denoised[j] - x[j]) / pow(of(operation, "sigma"), 2);
        z2 += z[j] * z[j];
        s2 += s[j] * s[j];
    }
    double delta = 2 * of(operation, "a") * pow(of(operation, "snr"), 2) * z2 / s2;
    for (int j = 0; j < D; j++)
        out[j] = x[j] + delta * s[j] + sqrt(2 * delta) * z[j];
}

/* clip: of two magnitudes the quantile lies between. */
static void clip(json_t *operation, const double *x, double *out) {
    double range, scale = 1;
    if (json_object_get(operation, "range")) {
        range = of(operation, "range");
    } else {
        double a = fmin(fabs(x[0]), fabs(x[1])), b = fmax(fabs(x[0]), fabs(x[1]));
        range = scale = fmin(fmax(a + of(operation, "quantile") * (b - a), 1), of(operation, "most"));
    }
    for (int j = 0; j < D; j++)
        out[j] = fmin(fmax(x[j], -range), range) / scale;
}

/* follow does what the schedule says for one sample, and returns the greatest number on the way: coarse steps may pass
 * through large ones, whose rounding then stays. */
static double follow(json_t *schedule, size_t sample, double *out) {
    static double v[MOST_VECTORS][D];
    json_t *start = json_object_get(schedule, "start"), *step, *operation;
    size_t i, k;
    normal_rows(SEED, NORMAL_LATENT, 0, sample, 1, D, v[0]);
    for (int j = 0; j < D; j++)
        v[0][j] *= of(start, "sigma");
    json_array_foreach(json_object_get(schedule, "steps"), i, step) {
        json_array_foreach(json_object_get(step, "operations"), k, operation) {
            size_t made = (size_t)of(operation, "out");
            assert_true(made < MOST_VECTORS);
            const char *op = json_string_value(json_object_get(operation, "op"));
            if (!strcmp(op, "call"))
                call(operation, v[(size_t)of(operation, "x")], v[made]);
            else if (!strcmp(op, "mix"))
                mix(operation, sample, v, v[made]);
            else if (!strcmp(op, "clip"))
                clip(operation, v[(size_t)of(operation, "x")], v[made]);
            else
                langevin(operation, sample, v[(size_t)of(operation, "x")], v[(size_t)of(operation, "d")], v[made]);
        }
    }
    memcpy(out, v[(size_t)of(schedule, "state")], sizeof v[0]);
    double most = 1;
    for (i = 0; i <= (size_t)of(schedule, "state"); i++)
        most = fmax(most, fmax(fabs(v[i][0]), fabs(v[i][1])));
    return most;
}

static json_t *post(const char *route, const char *body) {
    int http;
    char *text = test_post(route, body, &http);
    json_t *answer = json_loads(text, 0, NULL);
    assert_non_null(answer);
    if (http != 200)
        assert_int_equal(http, 422);
    free(text);
    return answer;
}

static void check(const char *how) {
    char body[1024];
    snprintf(body, sizeof body, "{%s}", how);
    json_t *schedule = post("/v1/schedule", body);
    snprintf(body, sizeof body, "{" MODEL ",\"count\":%d,\"seed\":%d,%s}", COUNT_OF_SAMPLES, SEED, how);
    json_t *answer = post("/v1/sample", body), *samples = json_object_get(answer, "samples");
    assert_int_equal(!samples, !json_object_get(schedule, "steps")); /* both refuse, or none */
    for (size_t i = 0; samples && i < COUNT_OF_SAMPLES; i++) {
        double x[D], most = follow(schedule, i, x);
        for (size_t j = 0; j < D; j++) {
            double want = json_number_value(json_array_get(json_array_get(samples, i), j));
            if (!(fabs(x[j] - want) <= 1e-12 * most))
                fail_msg("%s: sample %zu is %.17g by hand, want %.17g", how, i, x[j], want);
        }
    }
    if (samples)
        assert_int_equal(json_integer_value(json_object_get(schedule, "network_calls")),
                         json_integer_value(json_object_get(answer, "network_calls")));
    json_decref(schedule);
    json_decref(answer);
}

static void followed_by_hand_it_gives_the_samples(void **state) {
    (void)state;
    for (size_t path = 0; path_names[path]; path++)
        for (size_t solver = 0; solver_names[solver] && !solver_find((enum solver_id)solver)->adaptive; solver++)
            for (int steps = 1; steps <= 12; steps += 11) {
                char how[256];
                snprintf(how, sizeof how, "\"path\":\"%s\",\"sampler\":{\"solver\":\"%s\",\"steps\":%d}",
                         path_names[path], solver_names[solver], steps);
                check(how);
            }
}

/* What a network of each kind would say of x is worked out from D; the schedule's coefficients must lead back. */
static void predictions_lead_to_the_data(void **state) {
    (void)state;
    static const struct {
        const char *path, *prediction;
    } CASES[] = {{"vp", "eps"},   {"vp", "x0"},         {"vp", "v"},           {"vp", "score"}, {"vp", "velocity"},
                 {"ve", "eps"},   {"ve", "score"},      {"edm", "edm"},        {"flow", "x0"},  {"flow", "velocity"},
                 {"flow", "edm"}, {"ddpm-linear", "v"}, {"ddpm-linear", "eps"}};
    for (size_t c = 0; c < COUNT(CASES); c++) {
        char body[256];
        snprintf(body, sizeof body,
                 "{\"path\":\"%s\",\"prediction\":\"%s\",\"sampler\":{\"solver\":\"euler\",\"steps\":7}}",
                 CASES[c].path, CASES[c].prediction);
        json_t *schedule = post("/v1/schedule", body), *step;
        size_t i;
        json_array_foreach(json_object_get(schedule, "steps"), i, step) {
            json_t *op = json_array_get(json_object_get(step, "operations"), 0);
            double a = of(op, "alpha"), s = of(op, "sigma"), t = of(op, "t"), x0 = 0.7, eps = -1.3,
                   x = a * x0 + s * eps;
            double k = s / a, beta = 0.1 + 19.9 * t, out = 0;
            const char *name = CASES[c].prediction;
            if (!strcmp(name, "eps"))
                out = eps;
            else if (!strcmp(name, "x0"))
                out = x0;
            else if (!strcmp(name, "v"))
                out = a * eps - s * x0;
            else if (!strcmp(name, "score"))
                out = -eps / s;
            else if (!strcmp(name, "velocity") && !strcmp(CASES[c].path, "flow"))
                out = eps - x0;
            else if (!strcmp(name, "velocity")) /* vp: f x - g^2 / 2 score, f = -beta / 2, g^2 = beta */
                out = -beta / 2 * x - beta / 2 * (-eps / s);
            else if (a > 0) /* (D - c_skip y) / c_out with sigma_data 0.5 */
                out = (x0 - 0.25 / (k * k + 0.25) * x / a) / (k * 0.5 / sqrt(k * k + 0.25));
            else
                out = x0 / 0.5;
            double back = of(op, "x_by") * x + of(op, "out_by") * out;
            if (!(fabs(back - x0) < 1e-9 * (1 + of(op, "x_by") * fabs(x))))
                fail_msg("%s on %s, call %zu: %.12g", name, CASES[c].path, i, back);
        }
        json_decref(schedule);
    }
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"path\":\"ddpm-linear\",\"prediction\":\"velocity\"}", "\"pointer\":\"/prediction\""},
        {"{\"path\":\"flow\",\"prediction\":\"v\"}", "want velocity"},
        {"{\"path\":\"flow\",\"prediction\":\"eps\"}", "where alpha is 0"},
        {"{\"prediction\":\"noise\"}", "\"pointer\":\"/prediction\""},
        {"{\"strength\":1.5}", "\"pointer\":\"/strength\""},
        {"{\"model\":{}}", "\"pointer\":\"/model\""},
    };
    test_refusals("/v1/schedule", ROWS, COUNT(ROWS));
}

/* All but those that want data to start from (Inverse), and the one whose noise is a Brownian path. */
static void schedulers_too(void **state) {
    (void)state;
    static const char *const MORE[] = {"", ",\"thresholding\":true,\"sample_max_value\":1.5",
                                       ",\"use_karras_sigmas\":true", ",\"skip_prk_steps\":true",
                                       ",\"solver_order\":3"};
    for (size_t i = 0; scheduler_class_name(i); i++)
        for (size_t more = 0; more < COUNT(MORE) && !strstr(scheduler_class_name(i), "Inverse") &&
                              strcmp(scheduler_class_name(i), "DPMSolverSDEScheduler");
             more++) {
            char how[300];
            snprintf(how, sizeof how, "\"scheduler_config\":{\"_class_name\":\"%s\"%s},\"sampler\":{\"steps\":9}",
                     scheduler_class_name(i), MORE[more]);
            check(how);
        }
}

int main(void) {
    static const double WEIGHTS[2] = {0.25, 0.75}, MEANS[2 * D] = {-1, 0, 1, 0.5}, STDS[2] = {0.2, 0.4};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    if (mixture_make(&ctx, &(struct mixture_in){2, D, WEIGHTS, MEANS, STDS, 2, NULL}, &model) != STATUS_OK ||
        !(scratch = ctx_alloc(&ctx, denoiser_scratch(model, 1), sizeof *scratch)))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(followed_by_hand_it_gives_the_samples),
        cmocka_unit_test(schedulers_too),
        cmocka_unit_test(predictions_lead_to_the_data),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ctx_release(&ctx);
    return failed;
}
