/* Schedulers of diffusers through /v1/schedule: the schedule is played, and its numbers are those of the Python classes. */
#include <jansson.h>
#include <math.h>

#include "core/base/torch_random.h"
#include "tests/handlers/scheduler_goldens.h"
#include "tests/handlers/scheduler_run_goldens.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

enum { MOST_VECTORS = 4200, N = 4 * 3 * 8 * 8, SMALL = 48 };

struct player {
    size_t n;        /* numbers a vector */
    bool public;     /* upstream's fixture; else the network and noise of scheduler_goldens.h */
    bool overwrites; /* upstream's loop replaces y by y / sqrt(k^2 + 1) before each step */
    bool unscaled;   /* upstream's loop leaves out scale_model_input */
    struct torch_random random;
    size_t drawn;
    float z[N];
    size_t calls;
};

static double (*vectors)[N];

static double of(json_t *object, const char *name) {
    json_t *value = json_object_get(object, name);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static json_t *post_run(const char *config, const char *sampler, double strength) {
    char body[2000], more[60] = "";
    if (strength < 1)
        snprintf(more, sizeof more, ",\"strength\":%.17g", strength);
    snprintf(body, sizeof body, "{\"scheduler_config\":%s,\"sampler\":{%s}%s}", config, sampler, more);
    int http;
    char *text = test_post("/v1/schedule", body, &http);
    json_t *answer = json_loads(text, 0, NULL);
    if (http != 200)
        fail_msg("%s: %s", config, text);
    free(text);
    return answer;
}

static json_t *post(const char *config, int steps, double strength) {
    char sampler[40];
    snprintf(sampler, sizeof sampler, "\"steps\":%d", steps);
    return post_run(config, sampler, strength);
}

static double network(const struct player *p, double x, double t) {
    if (p->public)
        return x * t / (t + 1);
    return tanh(x * (0.7 + 0.2 * sin(t / 150.0))) * 0.8 + 0.1 * cos(t / 97.0);
}

/* first: the state that the step began with, which the public loops overwrite. Later calls of a step see their own state
 * shrunken, and only its slope counts. */
static void call(struct player *p, json_t *o, bool first) {
    double *x = vectors[(size_t)of(o, "x")], *out = vectors[(size_t)of(o, "out")];
    const double alpha = of(o, "alpha"), scale = of(o, "input_scale"), by = of(o, "x_by"), times = of(o, "out_by");
    const double t = (double)(float)of(o, "time");
    p->calls++;
    for (size_t i = 0; i < p->n; i++) {
        const double F = network(p, (p->unscaled ? 1 : scale) * x[i], t);
        if (!p->overwrites) {
            out[i] = by * x[i] + times * F;
            continue;
        }
        const double D = by * alpha * x[i] + times * F;
        out[i] = first ? D : x[i] / alpha - (x[i] - D);
        if (first)
            x[i] *= alpha;
    }
}

static double noise(struct player *p, size_t index, size_t i) {
    if (!p->public)
        return ((double)((i * 53 + index * 29) % 97) / 48 - 1) * 1.5;
    for (; p->drawn <= index; p->drawn++)
        torch_random_normal(&p->random, p->z, p->n);
    return (double)p->z[i];
}

/* What the network of the goldens says of the variance; `d` is the number of the vector of its prediction, and the call that
 * made it is the operation before. */
static void spread(const struct player *p, json_t *call, json_t *o) {
    const double *x = vectors[(size_t)of(call, "x")], t = of(call, "time");
    assert_true(of(o, "d") == of(call, "out"));
    for (size_t i = 0; i < p->n; i++)
        vectors[(size_t)of(o, "out")][i] = 0.5 * tanh(of(call, "input_scale") * x[i] + 0.01 * t) + 0.6;
}

/* noise_by is the coefficient of a number's noise. */
static double noise_by(json_t *o, size_t i) {
    if (!json_object_get(o, "spread"))
        return of(o, "noise");
    const double s = vectors[(size_t)of(o, "spread")][i];
    if (!json_object_get(o, "low"))
        return of(o, "noise") * sqrt(fmax(s, 0));
    return of(o, "noise") * exp((of(o, "low") + (of(o, "high") - of(o, "low")) * (1 + s) / 2) / 2);
}

static void mix(struct player *p, json_t *o) {
    json_t *from = json_object_get(o, "of"), *by = json_object_get(o, "by");
    double *out = vectors[(size_t)of(o, "out")];
    memset(out, 0, p->n * sizeof *out);
    for (size_t k = 0; k < json_array_size(from); k++)
        for (size_t i = 0; i < p->n; i++)
            out[i] +=
                json_number_value(json_array_get(by, k)) * vectors[json_integer_value(json_array_get(from, k))][i];
    for (size_t i = 0; i < p->n && json_object_get(o, "noise"); i++)
        out[i] += noise_by(o, i) * noise(p, (size_t)of(o, "draw"), i);
}

static int rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* clip: three samples of 16 numbers. */
static void clip(const struct player *p, json_t *o) {
    const double *x = vectors[(size_t)of(o, "x")];
    double *out = vectors[(size_t)of(o, "out")];
    for (size_t first = 0, d = p->public ? N / 4 : SMALL / 3; first < p->n; first += d) {
        double s = 1, range, sorted[N];
        for (size_t i = 0; i < d; i++)
            sorted[i] = fabs(x[first + i]);
        qsort(sorted, d, sizeof *sorted, rising);
        if (json_object_get(o, "range")) {
            range = of(o, "range");
        } else {
            double at = of(o, "quantile") * (double)(d - 1), part = at - floor(at);
            size_t low = (size_t)at;
            s = sorted[low] + (part > 0 ? part * (sorted[low + 1] - sorted[low]) : 0);
            range = s = fmin(fmax(s, 1), of(o, "most"));
        }
        for (size_t i = first; i < first + d; i++)
            out[i] = fmin(fmax(x[i], -range), range) / s;
    }
}

static void langevin(struct player *p, json_t *o) {
    const double *x = vectors[(size_t)of(o, "x")], *D = vectors[(size_t)of(o, "d")];
    const double v = of(o, "sigma") * of(o, "sigma"), alpha = of(o, "alpha");
    for (size_t first = 0, d = SMALL / 3; first < p->n; first += d) {
        double z2 = 0, s2 = 0;
        for (size_t i = first; i < first + d; i++) {
            z2 += pow(noise(p, (size_t)of(o, "draw"), i), 2);
            s2 += pow((alpha * D[i] - x[i]) / v, 2);
        }
        double delta = 2 * of(o, "a") * pow(of(o, "snr"), 2) * z2 / s2;
        for (size_t i = first; i < first + d; i++)
            vectors[(size_t)of(o, "out")][i] =
                x[i] + delta * (alpha * D[i] - x[i]) / v + sqrt(2 * delta) * noise(p, (size_t)of(o, "draw"), i);
    }
}

static const double *play(struct player *p, json_t *schedule) {
    json_t *step, *o;
    size_t i, k;
    json_array_foreach(json_object_get(schedule, "steps"), i, step) {
        bool first = true;
        json_array_foreach(json_object_get(step, "operations"), k, o) {
            const char *op = json_string_value(json_object_get(o, "op"));
            assert_true(of(o, "out") < MOST_VECTORS);
            if (!strcmp(op, "call")) {
                call(p, o, first);
                first = false;
            } else if (!strcmp(op, "mix"))
                mix(p, o);
            else if (!strcmp(op, "clip"))
                clip(p, o);
            else if (!strcmp(op, "spread"))
                spread(p, json_array_get(json_object_get(step, "operations"), k - 1), o);
            else
                langevin(p, o);
        }
    }
    return vectors[(size_t)of(schedule, "state")];
}

/* check_golden plays a schedule from the latents of the goldens. diffusers rounds levels to single precision in some
 * classes, and differences of neighbours lose more. */
static void check_golden(const char *config, const char *sampler, double sum, double fifth, size_t calls) {
    json_t *schedule = post_run(config, sampler, 1);
    struct player p = {.n = SMALL};
    bool inverse = strstr(config, "Inverse");
    for (size_t i = 0; i < SMALL; i++)
        vectors[0][i] =
            ((double)(i * 37 % 101) / 50 - 1) * (inverse ? 1 : of(json_object_get(schedule, "start"), "sigma"));
    const double *x = play(&p, schedule);
    double got = 0;
    for (size_t i = 0; i < SMALL; i++)
        got += fabs(x[i]);
    if (!(fabs(got - sum) <= 1e-4 * sum && fabs(x[5] - fifth) <= 1e-4 * fmax(1, sum / 48)) || p.calls != calls)
        fail_msg("%s, %s: %.9g %.9g in %zu calls, want %.9g %.9g in %zu", config, sampler, got, x[5], p.calls, sum,
                 fifth, calls);
    json_decref(schedule);
}

static void steps_are_those_of_diffusers(void **state) {
    (void)state;
    for (size_t g = 0; g < COUNT(GOLDENS); g++) {
        char sampler[40];
        snprintf(sampler, sizeof sampler, "\"steps\":%d", GOLDENS[g].steps);
        check_golden(GOLDENS[g].config, sampler, GOLDENS[g].sum, GOLDENS[g].fifth, GOLDENS[g].calls);
    }
}

static void what_a_pipeline_passes_is_taken(void **state) {
    (void)state;
    for (size_t g = 0; g < COUNT(RUNS); g++) {
        char sampler[400];
        snprintf(sampler, sizeof sampler, "%.*s", (int)strlen(RUNS[g].sampler) - 2,
                 RUNS[g].sampler + 1); /* no braces */
        check_golden(RUNS[g].config, sampler, RUNS[g].sum, RUNS[g].fifth, RUNS[g].calls);
    }
}

#define C(name, more) "{\"_class_name\":\"" name "Scheduler\"" more "}"
#define LOWER ",\"lower_order_final\":false"
#define THRESHOLD ",\"thresholding\":true,\"dynamic_thresholding_ratio\":0.87,\"sample_max_value\":0.5"
#define DPM ",\"lower_order_final\":false,\"final_sigmas_type\":\"sigma_min\""
#define UNI ",\"final_sigmas_type\":\"sigma_min\""
#define T1100 ",\"num_train_timesteps\":1100"
#define K1100 ",\"num_train_timesteps\":1100,\"beta_start\":0.0001,\"beta_end\":0.02"
#define V ",\"prediction_type\":\"v_prediction\""
#define KARRAS ",\"use_karras_sigmas\":true"

/* tests/schedulers/test_scheduler_*.py of diffusers (Apache-2.0; numbers only): the case, where it begins, the sum of
 * magnitudes (0: their mean alone is known there) and the mean. */
static const struct {
    const char *config;
    int steps, start;
    bool overwrites;
    double sum, mean, tolerance;
    bool unscaled;
    const char *run; /* the sampler; NULL: its steps alone */
} PUBLIC[] = {
    {C("DDPM", ""), 1000, 0, false, 258.9606, 0.3372, 1e-2},
    {C("DDPM", V), 1000, 0, false, 202.0296, 0.2631, 1e-2},
    {C("DDPM", ""), 1000, 998, false, 387.9466, 0.5051, 3e-2}, /* made with single-precision coefficients */
    {C("DDIM", ""), 10, 0, false, 172.0067, 0.223967, 1e-2},
    {C("DDIMParallel", ""), 10, 0, false, 172.0067, 0.223967, 1e-2}, /* test_scheduler_ddim_parallel.py has the same */
    {C("DDIM", V), 10, 0, false, 52.5302, 0.0684, 1e-2},
    {C("DDIM", ",\"beta_start\":0.01,\"set_alpha_to_one\":true"), 10, 0, false, 149.8295, 0.1951, 1e-2},
    {C("DDIM", ",\"beta_start\":0.01,\"set_alpha_to_one\":false"), 10, 0, false, 149.0784, 0.1941, 1e-2},
    {C("DDIM", ""), 10, 8, false, 354.5418, 0.4616, 1e-2},
    {C("PNDM", ""), 10, 0, false, 198.1318, 0.2580, 1e-2},
    {C("PNDM", V), 10, 0, false, 67.3986, 0.0878, 1e-2},
    {C("PNDM", ",\"beta_start\":0.01,\"set_alpha_to_one\":true"), 10, 0, false, 230.0399, 0.2995, 1e-2},
    {C("PNDM", ",\"beta_start\":0.01,\"set_alpha_to_one\":false"), 10, 0, false, 186.9482, 0.2434, 1e-2},
    {C("EulerDiscrete", T1100), 10, 0, true, 10.0807, 0.0131, 1e-2},
    {C("EulerDiscrete", T1100 V), 10, 0, true, 0.0002, 2.2676e-06, 1e-2},
    {C("EulerDiscrete", T1100 KARRAS), 10, 0, true, 124.52299499511719, 0.16213932633399963, 1e-2},
    {C("EulerDiscrete", T1100), 10, 8, true, 57062.9297, 74.3007, 1e-2},
    {C("EulerAncestralDiscrete", T1100), 10, 0, true, 152.3192, 0.1983, 1e-2},
    {C("EulerAncestralDiscrete", T1100 V), 10, 0, true, 108.4439, 0.1412, 1e-2},
    {C("EulerAncestralDiscrete", T1100), 10, 8, true, 56163.0508, 73.1290, 1e-2},
    {C("HeunDiscrete", K1100), 10, 0, true, 0.1233, 0.0002, 1e-2},
    {C("HeunDiscrete", K1100 KARRAS), 10, 0, true, 0.00015, 1.9869e-07, 1e-2},
    {C("HeunDiscrete", K1100), 10, 8, true, 75074.8906, 97.7538, 1e-2},
    {C("LMSDiscrete", T1100), 10, 0, true, 1006.388, 1.31, 1e-2},
    {C("LMSDiscrete", T1100 V), 10, 0, true, 0.0017, 2.2676e-06, 1e-2},
    {C("LMSDiscrete", T1100 KARRAS), 10, 0, true, 3812.9927, 4.9648, 2e-2},
    {C("LMSDiscrete", T1100), 10, 8, true, 27663.6895, 36.0204, 1e-2},
    {C("KDPM2Discrete", K1100), 10, 0, true, 20.4125, 0.0266, 1e-2},
    {C("KDPM2Discrete", K1100 V), 10, 0, true, 4.6934e-07, 6.1112e-10, 1e-2},
    {C("KDPM2Discrete", K1100), 10, 8, true, 70408.4062, 91.6776, 1e-2},
    {C("KDPM2AncestralDiscrete", K1100), 10, 0, true, 13979.9433, 18.2030, 1e-2},
    {C("KDPM2AncestralDiscrete", K1100 V), 10, 0, true, 331.8133, 0.4320, 1e-2},
    {C("KDPM2AncestralDiscrete", K1100), 10, 8, true, 93087.3437, 121.2074, 2e-2},
    {C("DPMSolverMultistep", DPM), 10, 0, false, 0, 0.3301, 0},
    {C("DPMSolverMultistep", DPM V), 10, 0, false, 0, 0.2251, 0},
    {C("DPMSolverMultistep", DPM V KARRAS), 10, 0, false, 0, 0.2096, 0},
    {C("DPMSolverMultistep", DPM V ",\"use_lu_lambdas\":true"), 10, 0, false, 0, 0.1554, 0},
    {C("DPMSolverMultistep", DPM THRESHOLD), 10, 0, false, 0, 1.1364, 0},
    {C("DPMSolverMultistep", DPM), 10, 5, false, 318.4111, 0.4146, 1e-2},
    {C("DPMSolverSinglestep", UNI), 10, 0, false, 0, 0.2791, 0},
    {C("DPMSolverSinglestep", UNI KARRAS), 10, 0, false, 0, 0.2248, 0},
    {C("DPMSolverSinglestep", UNI V), 10, 0, false, 0, 0.1453, 0},
    {C("DPMSolverSinglestep", UNI V KARRAS), 10, 0, false, 0, 0.0649, 0},
    {C("DPMSolverSinglestep", UNI), 10, 5, false, 269.2187, 0.3505, 1e-2},
    {C("UniPCMultistep", UNI), 10, 0, false, 0, 0.2464, 0},
    {C("UniPCMultistep", UNI V), 10, 0, false, 0, 0.1014, 0},
    {C("UniPCMultistep", UNI KARRAS), 10, 0, false, 0, 0.2925, 0},
    {C("UniPCMultistep", UNI V KARRAS), 10, 0, false, 0, 0.1966, 0},
    {C("UniPCMultistep", UNI), 10, 8, false, 315.5757, 0.4109, 1e-2},
    {C("DEISMultistep", ""), 10, 0, false, 0, 0.23916, 0},
    {C("DEISMultistep", V), 10, 0, false, 0, 0.091, 0},
    {C("DEISMultistep", ""), 10, 8, false, 315.3016, 0.41054, 1e-2},
    {C("SASolver", T1100), 10, 0, false, 337.394287, 0.43931546, 1e-2},
    {C("SASolver", T1100 V), 10, 0, false, 193.1467, 0.2515, 1e-2},
    {C("SASolver", T1100 KARRAS), 10, 0, false, 837.2554, 1.0902, 1e-2},
    {C("EDMEuler", ",\"num_train_timesteps\":256"), 10, 0, false, 34.1855, 0.044, 1e-3},
    {C("LCM", ""), 1, 0, false, 18.7097, 0.0244, 1e-2},
    {C("LCM", ""), 10, 0, false, 197.7616, 0.2575, 1e-2},
    {C("CMStochasticIterative", ",\"num_train_timesteps\":201"), 1, 0, false, 192.7614, 0.2510, 1e-2},
    {C("CMStochasticIterative", ",\"num_train_timesteps\":201"), 2, 0, false, 347.6357, 0.4527, 1e-2,
     .run = "\"times\":[106,0]"},
    {C("TCD", ""), 1, 0, false, 29.8715, 0.0389, 1e-3, .run = "\"steps\":1,\"eta\":0"},
    {C("TCD", ""), 10, 0, false, 181.2040, 0.2359, 1e-3, .run = "\"steps\":10,\"eta\":0"},
    {C("EDMDPMSolverMultistep", DPM), 10, 5, false, 8.1661, 0.0106, 1e-2, .unscaled = true},
    {C("EDMDPMSolverMultistep", DPM V), 10, 0, false, 0, 0.0092, 0, .unscaled = true},
    {C("EDMDPMSolverMultistep", DPM THRESHOLD), 10, 0, false, 0, 0.0080, 0, .unscaled = true},
    {C("DDIMInverse", ""), 10, 0, false, 671.6816, 0.8746, 1e-2},
    {C("DDIMInverse", V), 10, 0, false, 1394.2185, 1.8154, 1e-2},
    {C("DDIMInverse", ",\"beta_start\":0.01,\"set_alpha_to_one\":true"), 10, 0, false, 539.9622, 0.7031, 1e-2},
    {C("DDIMInverse", ",\"beta_start\":0.01,\"set_alpha_to_one\":false"), 10, 0, false, 542.6722, 0.7066, 1e-2},
    {C("DPMSolverMultistepInverse", LOWER), 10, 0, false, 0, 0.7047, 0},
    {C("DPMSolverMultistepInverse", LOWER THRESHOLD), 10, 0, false, 0, 19.8933, 0},
    {C("DPMSolverMultistepInverse", LOWER V), 10, 0, false, 0, 1.5194, 0},
};

/* The fixture's sample: element (c, h, w) of image b is (((c 8 + h) 8 + w) 4 + b) / 768; noise counts down from 767. */
static double fixture(size_t i, bool of_noise) {
    size_t b = i / 192, chw = i % 192, index = chw * 4 + b;
    return (double)(float)((float)(of_noise ? N - 1 - index : index) / N);
}

static void public_goldens(void **state) {
    (void)state;
    for (size_t g = 0; g < COUNT(PUBLIC); g++) {
        const double steps = PUBLIC[g].steps, share = (steps - PUBLIC[g].start) / steps;
        json_t *schedule = PUBLIC[g].run ? post_run(PUBLIC[g].config, PUBLIC[g].run, 1)
                                         : post(PUBLIC[g].config, PUBLIC[g].steps, PUBLIC[g].start ? share : 1);
        json_t *start = json_object_get(schedule, "start"), *grid = json_object_get(schedule, "grid");
        const double most = PUBLIC[g].overwrites ? json_number_value(json_array_get(json_object_get(grid, "k"), 0)) : 1;
        struct player p = {.n = N, .public = true, .overwrites = PUBLIC[g].overwrites, .unscaled = PUBLIC[g].unscaled};
        const bool as_is = PUBLIC[g].unscaled || strstr(PUBLIC[g].config, "Inverse");
        torch_random_seed(&p.random, 0);
        for (size_t i = 0; i < N; i++)
            vectors[0][i] = PUBLIC[g].start
                                ? of(start, "alpha") * most * fixture(i, false) + of(start, "sigma") * fixture(i, true)
                                : (as_is ? 1 : of(start, "sigma")) * fixture(i, false);
        const double *x = play(&p, schedule);
        double sum = 0;
        for (size_t i = 0; i < N; i++)
            sum += fabs(x[i]);
        if (!(fabs(sum / N - PUBLIC[g].mean) < 1e-3 &&
              (PUBLIC[g].sum == 0 || fabs(sum - PUBLIC[g].sum) < PUBLIC[g].tolerance)))
            fail_msg("%s, %d steps from %d: %.6f, mean %.6f, want %.6f, mean %.6f", PUBLIC[g].config, PUBLIC[g].steps,
                     PUBLIC[g].start, sum, sum / N, PUBLIC[g].sum, PUBLIC[g].mean);
        json_decref(schedule);
    }
}

#define MIXTURE "\"model\":{\"type\":\"mixture\",\"means\":[[1]],\"stds\":[0.5]}"

/* The first, second and last sample of the Python classes with torch.manual_seed(1) and the same closed form as network. */
static void torch_noise_gives_their_samples(void **state) {
    (void)state;
    static const struct {
        const char *config;
        int count;
        double want[3];
    } ROWS[] = {
        {C("EulerAncestralDiscrete", ""), 20, {1.0682228829, 1.0173260984, 0.9247885865}},
        {C("DDPM", ",\"clip_sample\":false"), 20, {1.063168723, 1.0413576636, 0.9013685272}},
        {C("EulerAncestralDiscrete", ""), 3, {0.5474891994, 1.0839920157, 1.4662069384}},
        {C("DDPM", ",\"clip_sample\":false"), 3, {0.5017990175, 1.0694177295, 1.4800444494}},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char body[400];
        snprintf(body, sizeof body,
                 "{" MIXTURE
                 ",\"scheduler_config\":%s,\"noise\":\"torch\",\"seed\":1,\"count\":%d,\"sampler\":{\"steps\":10}}",
                 ROWS[i].config, ROWS[i].count);
        int http;
        char *text = test_post("/v1/sample", body, &http);
        json_t *answer = json_loads(text, 0, NULL), *samples = json_object_get(answer, "samples");
        const size_t at[] = {0, 1, (size_t)ROWS[i].count - 1};
        assert_int_equal(http, 200);
        for (size_t j = 0; j < 3; j++)
            if (!(fabs(json_number_value(json_array_get(json_array_get(samples, at[j]), 0)) - ROWS[i].want[j]) < 1e-5))
                fail_msg("%s: %s", ROWS[i].config, text);
        json_decref(answer);
        free(text);
    }
}

/* shift 3, N = 1000 ends 0.0089 0.0060 0.0030 (issue 13243 of diffusers, which shifts twice). */
static void flow_levels_are_shifted_once(void **state) {
    (void)state;
    json_t *schedule = post(C("FlowMatchEulerDiscrete", ",\"shift\":3"), 1000, 1);
    json_t *t = json_object_get(json_object_get(schedule, "grid"), "t");
    const double want[] = {0.0089, 0.0060, 0.0030};
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(json_number_value(json_array_get(t, 997 + i)) - want[i]) < 6e-5);
    json_decref(schedule);
}

/* A variance that the network says is a vector of its own, which the noise of each number is made of. Both betas are a
 * half: alpha^2 is 1/4 at the first level and 1/2 at the second. */
static void a_learned_variance_is_explained(void **state) {
    (void)state;
    const char *config =
        C("DDPM", ",\"trained_betas\":[0.5,0.5],\"num_train_timesteps\":2,\"variance_type\":\"learned_range\"");
    json_t *schedule = post(config, 2, 1), *step = json_array_get(json_object_get(schedule, "steps"), 0);
    json_t *ops = json_object_get(step, "operations"), *said = json_array_get(ops, 1), *mix = json_array_get(ops, 3);
    assert_string_equal(json_string_value(json_object_get(said, "op")), "spread");
    assert_true(of(said, "out") == 2 && of(said, "d") == 1);
    assert_string_equal(json_string_value(json_object_get(mix, "op")), "mix");
    assert_true(of(mix, "spread") == 2 && of(mix, "noise") == 1);
    assert_true(fabs(of(mix, "low") - log(0.5 / 0.75 * 0.5)) < 1e-6); /* (1 - 1/2) / (1 - 1/4) beta */
    assert_true(fabs(of(mix, "high") - log(0.5)) < 1e-6);
    json_decref(schedule);
    schedule = post(C("DDPM", ",\"variance_type\":\"learned\""), 2, 1);
    mix = json_array_get(json_object_get(json_array_get(json_object_get(schedule, "steps"), 0), "operations"), 3);
    assert_true(of(mix, "spread") == 2 && !json_object_get(mix, "low"));
    json_decref(schedule);
    static const struct test_row ROWS[] = {{"{\"model\":{\"type\":\"points\",\"points\":[1]},\"scheduler_config\":" C(
                                                "DDPM", ",\"variance_type\":\"learned\"") "}",
                                            "\"pointer\":\"/scheduler_config/variance_type\""}};
    test_refusals("/v1/sample", ROWS, 1);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"scheduler_config\":{}}", "\"pointer\":\"/scheduler_config/_class_name\""},
        {"{\"scheduler_config\":{\"_class_name\":7}}", "\"pointer\":\"/scheduler_config/_class_name\""},
        {"{\"scheduler_config\":" C("NoSuch", "") "}", "\"pointer\":\"/scheduler_config/_class_name\""},
        {"{\"scheduler_config\":" C("DDPM", ",\"beta_start\":1e999") "}", "\"pointer\":\"/scheduler_config\""},
        {"{\"scheduler_config\":" C("DDPM", ",\"beta_start\":-1") "}", "\"pointer\":\"/scheduler_config/beta_start\""},
        {"{\"scheduler_config\":" C("DDPM", ",\"beta_end\":0") "}", "\"pointer\":\"/scheduler_config/beta_end\""},
        {"{\"scheduler_config\":" C("DDPM", ",\"num_train_timesteps\":1.5") "}",
         "\"pointer\":\"/scheduler_config/num_train_timesteps\""},
        {"{\"scheduler_config\":" C("DDPM", ",\"clip_sample\":1") "}", "\"pointer\":\"/scheduler_config/clip_sample\""},
        {"{\"scheduler_config\":" C("DDPM", ",\"variance_type\":\"wide\"") "}",
         "\"pointer\":\"/scheduler_config/variance_type\""},
        {"{\"scheduler_config\":" C("DDPM", ",\"trained_betas\":[0.1,null]") "}",
         "\"pointer\":\"/scheduler_config/trained_betas/1\""},
        {"{\"scheduler_config\":" C("DDPM", ",\"trained_betas\":[0.1]") "}",
         "\"pointer\":\"/scheduler_config/trained_betas\""},
        {"{\"scheduler_config\":" C("DDIM", ",\"beta_schedule\":\"sigmoid\"") "}",
         "\"pointer\":\"/scheduler_config/beta_schedule\""},
        {"{\"scheduler_config\":" C("PNDM", ",\"prediction_type\":\"sample\"") "}",
         "\"pointer\":\"/scheduler_config/prediction_type\""},
        {"{\"scheduler_config\":" C("EulerDiscrete", KARRAS ",\"use_beta_sigmas\":true") "}",
         "\"pointer\":\"/scheduler_config/use_karras_sigmas\""},
        {"{\"scheduler_config\":" C("UniPCMultistep", ",\"solver_p\":{}") "}",
         "\"pointer\":\"/scheduler_config/solver_p\""},
        {"{\"scheduler_config\":" C("FlowMatchEulerDiscrete", ",\"use_dynamic_shifting\":true") "}",
         "\"pointer\":\"/scheduler_config/use_dynamic_shifting\""},
        {"{\"scheduler_config\":" C("DDIM", "") ",\"sampler\":{\"steps\":1001}}", "\"pointer\":\"/sampler/steps\""},
        {"{\"scheduler_config\":" C("LCM", "") ",\"sampler\":{\"steps\":51}}", "\"pointer\":\"/sampler/steps\""},
        {"{\"scheduler_config\":" C("PNDM", "") ",\"sampler\":{\"steps\":3}}", "\"pointer\":\"/sampler/steps\""},
        {"{\"scheduler_config\":" C("DDIM", "") ",\"sampler\":{\"steps\":5,\"grid\":\"karras\"}}",
         "\"pointer\":\"/sampler\""},
        {"{\"scheduler_config\":" C("LCM", ",\"original_inference_steps\":1001") "}",
         "\"pointer\":\"/scheduler_config/original_inference_steps\""},
        {"{\"scheduler_config\":" C("EulerDiscrete", KARRAS ",\"sigma_min\":2,\"sigma_max\":2") "}",
         "\"pointer\":\"/scheduler_config/sigma_min\""},
        {"{\"scheduler_config\":" C("UniPCMultistep", KARRAS ",\"sigma_max\":0.001") "}",
         "\"pointer\":\"/scheduler_config/sigma_max\""},
        {"{\"scheduler_config\":" C("DPMSolverMultistep", ",\"lambda_min_clipped\":100") "}",
         "\"pointer\":\"/scheduler_config/lambda_min_clipped\""},
        {"{\"scheduler_config\":" C("DPMSolverMultistepInverse", ",\"lambda_min_clipped\":100") "}",
         "\"pointer\":\"/scheduler_config/lambda_min_clipped\""},
        {"{\"scheduler_config\":" C("DDIM", "") ",\"sampler\":{\"eta\":1.5}}", "\"pointer\":\"/sampler/eta\""},
        {"{\"scheduler_config\":" C("PNDM", "") ",\"sampler\":{\"eta\":1}}", "\"pointer\":\"/sampler/eta\""},
        {"{\"scheduler_config\":" C("DDIM", "") ",\"sampler\":{\"times\":[9,3]}}", "\"pointer\":\"/sampler/times\""},
        {"{\"scheduler_config\":" C("DDPM", "") ",\"sampler\":{\"times\":[9,9]}}", "\"pointer\":\"/sampler/times/1\""},
        {"{\"scheduler_config\":" C("DDPM", "") ",\"sampler\":{\"times\":[9,3.5]}}",
         "\"pointer\":\"/sampler/times/1\""},
        {"{\"scheduler_config\":" C("DDPM", "") ",\"sampler\":{\"times\":[1000]}}", "\"pointer\":\"/sampler/times/0\""},
        {"{\"scheduler_config\":" C("DDPM", "") ",\"sampler\":{\"steps\":3,\"times\":[9,3]}}",
         "\"pointer\":\"/sampler/steps\""},
        {"{\"scheduler_config\":" C("DDPM", "") ",\"sampler\":{\"sigmas\":[9,3]}}", "\"pointer\":\"/sampler/sigmas\""},
        {"{\"scheduler_config\":" C("EulerDiscrete", "") ",\"sampler\":{\"sigmas\":[9]}}",
         "\"pointer\":\"/sampler/sigmas\""},
        {"{\"scheduler_config\":" C("EulerDiscrete", "") ",\"sampler\":{\"sigmas\":[9,0,0]}}",
         "\"pointer\":\"/sampler/sigmas/1\""},
        {"{\"scheduler_config\":" C("EulerDiscrete", "") ",\"sampler\":{\"sigmas\":[9,3],\"times\":[9,3]}}",
         "\"pointer\":\"/sampler/times\""},
        {"{\"scheduler_config\":" C("EulerDiscrete", KARRAS) ",\"sampler\":{\"times\":[9,3]}}",
         "\"pointer\":\"/sampler/times\""},
        {"{\"scheduler_config\":" C("EulerDiscrete", "") ",\"sampler\":{\"s_churn\":1,\"s_tmin\":3,\"s_tmax\":2}}",
         "\"pointer\":\"/sampler/s_tmax\""},
        {"{\"scheduler_config\":" C("UniPCMultistep", "") ",\"sampler\":{\"sigmas\":[1,0.5]}}",
         "\"pointer\":\"/sampler/sigmas\""},
        {"{\"scheduler_config\":" C("FlowMatchEulerDiscrete", "") ",\"sampler\":{\"sigmas\":[1.5,0.5]}}",
         "\"pointer\":\"/sampler/sigmas/0\""},
        {"{\"scheduler_config\":" C("FlowMatchEulerDiscrete", "") ",\"sampler\":{\"times\":[900,0]}}",
         "\"pointer\":\"/sampler/times/1\""},
        {"{\"scheduler_config\":" C("IPNDM", ",\"trained_betas\":[1,0.5,0]") ",\"sampler\":{\"steps\":3}}",
         "\"pointer\":\"/scheduler_config/trained_betas\""},
        {"{\"scheduler_config\":" C("DDPM", ",\"trained_betas\":[1,0.5],\"num_train_timesteps\":2") "}",
         "\"pointer\":\"/scheduler_config/trained_betas\""},
        {"{\"scheduler_config\":" C("DDIM", "") ",\"path\":\"vp\"}", "\"pointer\":\"/path\""},
        {"{\"scheduler_config\":" C("DDIM", "") ",\"prediction\":\"v\"}", "\"pointer\":\"/prediction\""},
        {"{\"scheduler_config\":" C("DDIM", ",\"rescale_betas_zero_snr\":true,\"timestep_spacing\":\"trailing\"") "}",
         "\"pointer\":\"/scheduler_config/prediction_type\""},
    };
    test_refusals("/v1/schedule", ROWS, COUNT(ROWS));
    static const struct test_row SAMPLES[] = {
        {"{" MIXTURE ",\"scheduler_config\":" C("DDIMInverse", "") "}", "\"pointer\":\"/init\""},
        {"{" MIXTURE ",\"scheduler_config\":" C("DDIM", "") ",\"invert\":[[0]]}", "\"pointer\":\"/invert\""},
        {"{" MIXTURE ",\"noise\":\"torch\",\"scheduler_config\":" C("DPMSolverSDE", "") "}", "\"pointer\":\"/noise\""},
    };
    test_refusals("/v1/sample", SAMPLES, COUNT(SAMPLES));
}

static void unknown_keys_are_listed(void **state) {
    (void)state;
    json_t *schedule =
        post(C("DDIM", ",\"_diffusers_version\":\"0.6\",\"eta\":1,\"trained_betas\":null,\"shift\":2"), 3, 1);
    json_t *ignored = json_object_get(schedule, "ignored");
    assert_int_equal(json_array_size(ignored), 2);
    assert_string_equal(json_string_value(json_array_get(ignored, 0)), "eta");
    assert_string_equal(json_string_value(json_array_get(ignored, 1)), "shift");
    assert_string_equal(json_string_value(json_object_get(schedule, "scheduler")), "DDIMScheduler");
    json_decref(schedule);
    schedule = post(C("DDPMParallel", ""), 3, 1);
    assert_string_equal(json_string_value(json_object_get(schedule, "scheduler")), "DDPMScheduler");
    json_decref(schedule);
}

static int setup(void **state) {
    (void)state;
    vectors = malloc(MOST_VECTORS * sizeof *vectors);
    return vectors ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    free(vectors);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_those_of_diffusers),    cmocka_unit_test(public_goldens),
        cmocka_unit_test(torch_noise_gives_their_samples), cmocka_unit_test(flow_levels_are_shifted_once),
        cmocka_unit_test(a_learned_variance_is_explained), cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(unknown_keys_are_listed),         cmocka_unit_test(what_a_pipeline_passes_is_taken),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
