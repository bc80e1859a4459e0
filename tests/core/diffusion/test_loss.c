/* Draws are judged by the denoiser's own formulas (prediction_at), which were tested against published numbers: a target
 * is right where it leads back to the data. */
#include "core/diffusion/loss.h"

#include <math.h>

#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { D = 3, IMAGES = 64, MANY = 4000 };

static bool near(double a, double b, double tolerance) { return fabs(a - b) <= tolerance; }

static struct loss flow_loss(const struct path *path) {
    return (struct loss){.path = path, .prediction = PREDICTION_VELOCITY, .sigma_data = 0.5, .std = 1, .seed = 7};
}

static void make_path(struct ctx *ctx, enum path_id id, struct path *path) {
    ctx_init(ctx, 64 << 20);
    assert_int_equal(path_make(ctx, id, NULL, path), STATUS_OK);
}

static void data(size_t n, float *x0, int64_t *labels) {
    uint64_t state = 5;
    for (size_t i = 0; i < n; i++) {
        labels[i] = (int64_t)test_below(&state, 10);
        for (size_t j = 0; j < D; j++)
            x0[i * D + j] = (float)test_below(&state, 2001) / 1000 - 1;
    }
}

/* -- Targets -- */

static void targets_lead_back_to_the_data(void **state) {
    (void)state;
    size_t seen = 0;
    for (int id = 0; id < PATH_COUNT; id++)
        for (int what = 0; what < PREDICTION_COUNT; what++) {
            struct ctx ctx;
            struct path path;
            make_path(&ctx, (enum path_id)id, &path);
            for (double k = 0.05; k < 60 && !prediction_check(&ctx, &path, what); k *= 3, seen++) {
                const double x0 = 0.7, eps = -1.3;
                struct path_point at = path_at_k(&path, k);
                struct prediction p = prediction_at(&path, &at, what, 0.4);
                struct prediction_target to = prediction_target(&path, &at, what, 0.4);
                double x = at.alpha * x0 + at.sigma * eps, F = to.x0_by * x0 + to.eps_by * eps;
                if (!near(p.x_by * x + p.out_by * F, x0, 1e-9))
                    fail_msg("%s, %s, k %g", path_names[id], prediction_names[what], k);
            }
            ctx_release(&ctx);
        }
    assert_true(seen > 300);
}

/* point_of finds the point that a network's time tells. */
static struct path_point point_of(const struct path *path, enum path_id id, double time) {
    return id == PATH_FLOW  ? path_at_t(path, time / 1000)
           : id == PATH_EDM ? path_at_k(path, exp(4 * time))
                            : path_at_t(path, time);
}

static void a_batch_is_its_own_key(void **state) {
    (void)state;
    static const struct {
        enum path_id path;
        enum prediction_id prediction;
        enum loss_times times;
    } CASES[] = {
        {PATH_FLOW, PREDICTION_VELOCITY, LOSS_UNIFORM},
        {PATH_FLOW, PREDICTION_VELOCITY, LOSS_LOGIT_NORMAL},
        {PATH_DDPM_LINEAR, PREDICTION_EPS, LOSS_UNIFORM},
        {PATH_DDPM_COSINE, PREDICTION_V, LOSS_LOGIT_NORMAL},
        {PATH_DDPM_SCALED_LINEAR, PREDICTION_X0, LOSS_UNIFORM},
        {PATH_EDM, PREDICTION_EDM, LOSS_LOG_NORMAL},
        {PATH_EDM, PREDICTION_V, LOSS_LOG_NORMAL},
    };
    for (size_t c = 0; c < COUNT(CASES); c++) {
        struct ctx ctx;
        struct path path;
        struct loss_batch b;
        float x0[IMAGES * D];
        int64_t labels[IMAGES];
        data(IMAGES, x0, labels);
        make_path(&ctx, CASES[c].path, &path);
        struct loss loss = flow_loss(&path);
        loss.prediction = CASES[c].prediction;
        loss.times = CASES[c].times;
        assert_int_equal(loss_check(&ctx, &loss), STATUS_OK);
        assert_int_equal(loss_batch_make(&ctx, IMAGES, D, true, &b), STATUS_OK);
        loss_draw(&ctx, &loss, 3, x0, labels, &b);
        for (size_t i = 0; i < IMAGES; i++) {
            struct path_point at = point_of(&path, CASES[c].path, (double)b.times[i]);
            struct prediction p = prediction_at(&path, &at, loss.prediction, loss.sigma_data);
            for (size_t j = 0; j < D; j++) {
                double x = (double)b.x[i * D + j] / p.input, F = (double)b.targets[i * D + j];
                double tolerance = 1e-5 * (1 + fabs(p.x_by * x) + fabs(p.out_by * F));
                if (!near(p.x_by * x + p.out_by * F, (double)x0[i * D + j], tolerance))
                    fail_msg("case %zu, image %zu", c, i);
            }
            assert_int_equal(b.classes[i], labels[i]); /* none is dropped */
            assert_true(b.weights[i] == 1);
        }
        ctx_release(&ctx);
    }
}

/* -- Draws -- */

static void uniform_times_are_stratified(void **state) {
    (void)state;
    struct ctx ctx;
    struct path path;
    struct loss_batch b;
    float x0[IMAGES * D] = {0};
    make_path(&ctx, PATH_FLOW, &path);
    struct loss loss = flow_loss(&path);
    assert_int_equal(loss_batch_make(&ctx, IMAGES, D, false, &b), STATUS_OK);
    for (uint32_t step = 0; step < 50; step++) {
        loss_draw(&ctx, &loss, step, x0, NULL, &b);
        for (size_t i = 0; i < IMAGES; i++)
            assert_int_equal((int)floor((double)b.times[i] / 1000 * IMAGES), (int)i);
    }
    assert_int_equal(path_make(&ctx, PATH_DDPM_LINEAR, NULL, &path), STATUS_OK);
    loss.prediction = PREDICTION_EPS;
    loss_draw(&ctx, &loss, 0, x0, NULL, &b);
    for (size_t i = 0; i < IMAGES; i++) {
        double t = (double)b.times[i];
        assert_true(t == floor(t) && t >= floor(1000.0 * (double)i / IMAGES) &&
                    t <= ceil(1000.0 * (double)(i + 1) / IMAGES));
    }
    ctx_release(&ctx);
}

static double logit_of_flow(double time) { return log(time / (1000 - time)); }
static double log_of_edm(double time) { return 4 * time; }

/* Means and deviations of MANY normal numbers lie within five standard errors. */
static void normal_times_have_their_moments(void **state) {
    (void)state;
    static const struct {
        enum path_id path;
        enum prediction_id prediction;
        enum loss_times times;
        double mean, std, (*number)(double time);
    } CASES[] = {{PATH_FLOW, PREDICTION_VELOCITY, LOSS_LOGIT_NORMAL, 0.4, 0.8, logit_of_flow},
                 {PATH_EDM, PREDICTION_EDM, LOSS_LOG_NORMAL, -1.2, 1.2, log_of_edm}};
    for (size_t c = 0; c < COUNT(CASES); c++) {
        struct ctx ctx;
        struct path path;
        struct loss_batch b;
        static float x0[MANY];
        make_path(&ctx, CASES[c].path, &path);
        struct loss loss = flow_loss(&path);
        loss.prediction = CASES[c].prediction;
        loss.times = CASES[c].times;
        loss.mean = CASES[c].mean;
        loss.std = CASES[c].std;
        assert_int_equal(loss_batch_make(&ctx, MANY, 1, false, &b), STATUS_OK);
        loss_draw(&ctx, &loss, 0, x0, NULL, &b);
        double sum = 0, squares = 0, noise = 0;
        for (size_t i = 0; i < MANY; i++) {
            double z = CASES[c].number((double)b.times[i]);
            sum += z / MANY;
            squares += (z - loss.mean) * (z - loss.mean) / MANY;
            noise += b.noise[i] * (z - loss.mean) / MANY; /* time and noise are drawn apart */
        }
        assert_true(near(sum, loss.mean, 5 * loss.std / sqrt(MANY)));
        assert_true(near(sqrt(squares), loss.std, 5 * loss.std / sqrt(2.0 * MANY)));
        assert_true(near(noise, 0, 5 * loss.std / sqrt(MANY)));
        ctx_release(&ctx);
    }
}

static void labels_are_dropped_as_often_as_asked(void **state) {
    (void)state;
    struct ctx ctx;
    struct path path;
    struct loss_batch b;
    static float x0[MANY * D];
    static int64_t labels[MANY];
    size_t dropped = 0;
    data(MANY, x0, labels);
    make_path(&ctx, PATH_FLOW, &path);
    struct loss loss = flow_loss(&path);
    loss.drop = 0.1;
    loss.none = 10;
    assert_int_equal(loss_batch_make(&ctx, MANY, D, true, &b), STATUS_OK);
    loss_draw(&ctx, &loss, 1, x0, labels, &b);
    for (size_t i = 0; i < MANY; i++) {
        dropped += b.classes[i] == 10;
        assert_true(b.classes[i] == 10 || b.classes[i] == labels[i]);
    }
    assert_true(near((double)dropped / MANY, 0.1, 5 * sqrt(0.09 / MANY)));
    loss.drop = 1;
    loss_draw(&ctx, &loss, 1, x0, labels, &b);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(b.classes[i], 10);
    ctx_release(&ctx);
}

/* The weights that the paper gives for each prediction: x0 min(snr, 5), eps over snr, v over snr + 1. */
static void weights_are_those_of_min_snr(void **state) {
    (void)state;
    static const enum prediction_id WHAT[] = {PREDICTION_X0, PREDICTION_EPS, PREDICTION_V};
    float x0[IMAGES * D] = {0};
    for (size_t w = 0; w < COUNT(WHAT); w++) {
        struct ctx ctx;
        struct path path;
        struct loss_batch b;
        make_path(&ctx, PATH_DDPM_LINEAR, &path);
        struct loss loss = flow_loss(&path);
        loss.prediction = WHAT[w];
        loss.min_snr = 5;
        assert_int_equal(loss_batch_make(&ctx, IMAGES, D, false, &b), STATUS_OK);
        loss_draw(&ctx, &loss, 1, x0, NULL, &b);
        for (size_t i = 0; i < IMAGES; i++) {
            double k = path_at_t(&path, (double)b.times[i]).k, snr = 1 / (k * k);
            double want = fmin(snr, 5) / (w == 0 ? 1 : w == 1 ? snr : snr + 1);
            assert_true(near(b.weights[i], want, 1e-9 * want));
        }
        ctx_release(&ctx);
    }
}

/* -- The mean -- */

static void the_gradient_is_that_of_the_mean(void **state) {
    (void)state;
    struct ctx ctx;
    struct path path;
    struct loss_batch b;
    float x0[4 * D] = {0}, out[4 * D], d_out[4 * D], none[4 * D];
    make_path(&ctx, PATH_DDPM_LINEAR, &path);
    struct loss loss = flow_loss(&path);
    loss.prediction = PREDICTION_EPS;
    loss.min_snr = 5;
    assert_int_equal(loss_batch_make(&ctx, 4, D, false, &b), STATUS_OK);
    loss_draw(&ctx, &loss, 1, x0, NULL, &b);
    for (size_t i = 0; i < 4 * D; i++)
        out[i] = b.targets[i] + 0.25f * (float)(i % 5);
    double sum = 0, mean = loss_mean(&ctx, &b, out, d_out);
    for (size_t i = 0; i < 4 * D; i++)
        sum += b.weights[i / D] * pow((double)out[i] - (double)b.targets[i], 2) / (4 * D);
    assert_true(near(mean, sum, 1e-12) && mean > 0);
    for (size_t i = 0; i < 4 * D; i++) { /* of a parabola central differences are exact but for rounding */
        float at = out[i];
        out[i] = at + 0.5f;
        double above = loss_mean(&ctx, &b, out, none);
        out[i] = at - 0.5f;
        double below = loss_mean(&ctx, &b, out, none);
        out[i] = at;
        assert_true(near((double)d_out[i], above - below, 1e-6));
    }
    ctx_release(&ctx);
}

static void threads_and_history_change_nothing(void **state) {
    (void)state;
    struct ctx ctx;
    struct path path;
    struct loss_batch a, b;
    float x0[IMAGES * D];
    int64_t labels[IMAGES];
    data(IMAGES, x0, labels);
    make_path(&ctx, PATH_FLOW, &path);
    struct loss loss = flow_loss(&path);
    loss.drop = 0.5;
    loss.none = 10;
    assert_int_equal(loss_batch_make(&ctx, IMAGES, D, true, &a), STATUS_OK);
    assert_int_equal(loss_batch_make(&ctx, IMAGES, D, true, &b), STATUS_OK);
    loss_draw(&ctx, &loss, 9, x0, labels, &a);
    loss_draw(&ctx, &loss, 8, x0, labels, &b);
    assert_memory_not_equal(a.x, b.x, sizeof x0);
    struct parallel threads = test_threads(4);
    ctx.parallel = &threads;
    ctx.isa = isa_best();
    loss_draw(&ctx, &loss, 9, x0, labels, &b);
    assert_memory_equal(a.x, b.x, sizeof x0);
    assert_memory_equal(a.targets, b.targets, sizeof x0);
    assert_memory_equal(a.times, b.times, IMAGES * sizeof *a.times);
    assert_memory_equal(a.classes, b.classes, IMAGES * sizeof *a.classes);
    ctx_release(&ctx);
}

/* A part of a batch has the rows of the whole, bit for bit, and the parts' means sum up to its mean. */
static void parts_are_rows_of_the_whole(void **state) {
    (void)state;
    enum { PART = IMAGES / 4 };
    for (int times = 0; times < 2; times++) {
        struct ctx ctx;
        struct path path;
        struct loss_batch whole, part;
        float x0[IMAGES * D], out[IMAGES * D] = {0}, d_whole[IMAGES * D], d_part[PART * D];
        int64_t labels[IMAGES];
        double sum = 0;
        data(IMAGES, x0, labels);
        make_path(&ctx, PATH_FLOW, &path);
        struct loss loss = flow_loss(&path);
        loss.times = times ? LOSS_LOGIT_NORMAL : LOSS_UNIFORM;
        loss.drop = 0.5;
        loss.none = 10;
        assert_int_equal(loss_batch_make(&ctx, IMAGES, D, true, &whole), STATUS_OK);
        assert_int_equal(loss_batch_make(&ctx, PART, D, true, &part), STATUS_OK);
        loss_draw(&ctx, &loss, 9, x0, labels, &whole);
        double mean = loss_mean(&ctx, &whole, out, d_whole);
        part.whole = IMAGES;
        for (part.first = 0; part.first < IMAGES; part.first += PART) {
            loss_draw(&ctx, &loss, 9, x0 + part.first * D, labels + part.first, &part);
            sum += loss_mean(&ctx, &part, out, d_part);
            assert_memory_equal(part.x, whole.x + part.first * D, PART * D * sizeof(float));
            assert_memory_equal(part.times, whole.times + part.first, PART * sizeof(float));
            assert_memory_equal(part.classes, whole.classes + part.first, PART * sizeof(int64_t));
            assert_memory_equal(d_part, d_whole + part.first * D, sizeof d_part);
        }
        assert_true(near(sum, mean, 1e-14));
        ctx_release(&ctx);
    }
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    struct ctx ctx;
    struct path path;
    make_path(&ctx, PATH_DDPM_LINEAR, &path);
    struct loss loss = flow_loss(&path);
    assert_int_equal(loss_check(&ctx, &loss), STATUS_INVALID); /* a velocity in discrete time */
    loss.prediction = PREDICTION_SCORE;
    assert_int_equal(loss_check(&ctx, &loss), STATUS_INVALID);
    loss.prediction = PREDICTION_EPS;
    loss.times = LOSS_LOG_NORMAL;
    assert_int_equal(loss_check(&ctx, &loss), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/times");
    loss.times = LOSS_UNIFORM;
    assert_int_equal(loss_check(&ctx, &loss), STATUS_OK);
    struct path_options options = {.given = PATH_OPT(zero_snr), .zero_snr = true};
    assert_int_equal(path_make(&ctx, PATH_DDPM_LINEAR, &options, &path), STATUS_OK);
    assert_int_equal(loss_check(&ctx, &loss), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/zero_snr");
    loss.prediction = PREDICTION_V;
    assert_int_equal(loss_check(&ctx, &loss), STATUS_OK);
    ctx_release(&ctx);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (size_t after = 0;; after++) {
        struct ctx ctx;
        struct loss_batch b;
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = after;
        enum status status = loss_batch_make(&ctx, IMAGES, D, true, &b);
        ctx_release(&ctx);
        if (status == STATUS_OK) {
            assert_true(after > 4);
            return;
        }
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_lead_back_to_the_data),
        cmocka_unit_test(a_batch_is_its_own_key),
        cmocka_unit_test(uniform_times_are_stratified),
        cmocka_unit_test(normal_times_have_their_moments),
        cmocka_unit_test(labels_are_dropped_as_often_as_asked),
        cmocka_unit_test(weights_are_those_of_min_snr),
        cmocka_unit_test(the_gradient_is_that_of_the_mean),
        cmocka_unit_test(threads_and_history_change_nothing),
        cmocka_unit_test(parts_are_rows_of_the_whole),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
