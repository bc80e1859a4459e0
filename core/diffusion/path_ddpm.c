#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/grid.h"
#include "core/diffusion/path_families.h"

enum { TRAINED_STEPS = 1000, MOST_STEPS = 100000 };

static struct path_point point(double t, double k) {
    if (isinf(k))
        return (struct path_point){.t = t, .k = k, .alpha = 0, .sigma = 1};
    double alpha = 1 / sqrt(1 + k * k);
    return (struct path_point){.t = t, .k = k, .alpha = alpha, .sigma = k * alpha};
}

static struct path_point at_t(const struct path *path, double t) {
    size_t i = t > 0 ? (size_t)t : 0;
    if (i >= path->steps - 1)
        return point((double)(path->steps - 1), path->k[path->steps - 1]);
    double part = t > 0 ? t - (double)i : 0;
    return point(t,
                 part > 0 ? path->k[i] + part * (path->k[i + 1] - path->k[i]) : path->k[i]); /* k[i + 1] may be inf */
}

static struct path_point at_k(const struct path *path, double k) {
    size_t low = 0, high = path->steps - 1;
    if (k <= path->k[low])
        return point(0, k);
    if (k >= path->k[high])
        return point((double)high, k);
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (path->k[middle] <= k)
            low = middle;
        else
            high = middle;
    }
    double part = (elementary_log(k) - path->ln_k[low]) / (path->ln_k[high] - path->ln_k[low]);
    return point((double)low + part, k);
}

/* Single precision throughout, counted from the nearer end: the values that training used. */
static float linspace(size_t i, size_t n, double start, double end) {
    float step = ((float)end - (float)start) / (float)(n - 1);
    return i < n / 2 ? (float)start + step * (float)i : (float)end - step * (float)(n - 1 - i);
}

static float linear_beta(const struct path_options *o, size_t i, size_t n) {
    return linspace(i, n, o->beta_start, o->beta_end);
}

static float scaled_linear_beta(const struct path_options *o, size_t i, size_t n) {
    float root = linspace(i, n, sqrt(o->beta_start), sqrt(o->beta_end));
    return root * root;
}

static float sigmoid_beta(const struct path_options *o, size_t i, size_t n) {
    float s = (float)(1 / (1 + elementary_exp(-(double)linspace(i, n, -6, 6))));
    return s * (float)(o->beta_end - o->beta_start) + (float)o->beta_start;
}

/* Where abar(u) is given, beta is what takes it from one step to the next, at most 0.999. */
static float beta_of_abar(double (*abar)(double u), size_t i, size_t n) {
    double beta = 1 - abar((double)(i + 1) / (double)n) / abar((double)i / (double)n);
    return (float)(beta < 0.999 ? beta : 0.999);
}

static double cosine_abar(double u) {
    double c = elementary_cospi((u + 0.008) / 1.008 / 2);
    return c * c;
}

static double exp_abar(double u) { return elementary_exp(-12 * u); }

static float cosine_beta(const struct path_options *o, size_t i, size_t n) {
    (void)o;
    return beta_of_abar(cosine_abar, i, n);
}

static float exp_beta(const struct path_options *o, size_t i, size_t n) {
    (void)o;
    return beta_of_abar(exp_abar, i, n);
}

typedef float beta_function(const struct path_options *o, size_t i, size_t n);

/* fill_abar computes abar of every trained step. The product is in double and rounded to single at each step. */
static void fill_abar(const struct path_options *o, beta_function *beta, size_t n, double *abar) {
    double product = 1;
    for (size_t i = 0; i < n; i++) {
        product *= (double)(1.0f - (o->betas ? (float)o->betas[i] : beta(o, i, n)));
        abar[i] = (double)(float)product;
    }
}

/* rescale moves and stretches sqrt(abar) so that the last is 0 and the first stays (Lin et al. 2024, alg. 1), by way of
 * betas in single precision, as training does. */
static void rescale(size_t n, double last_abar, double *abar) {
    float first = sqrtf((float)abar[0]), last = sqrtf((float)abar[n - 1]), before = 1;
    double product = 1;
    for (size_t i = 0; i < n; i++) {
        float root = (sqrtf((float)abar[i]) - last) * (first / (first - last)), now = root * root;
        product *= (double)(1.0f - (1.0f - now / before));
        before = now;
        abar[i] = (double)(float)product;
    }
    abar[n - 1] = last_abar;
}

static enum status make_table(struct ctx *ctx, struct path *path, beta_function *beta) {
    size_t n = (size_t)path->options.trained_steps;
    double *k = ctx_alloc(ctx, n, sizeof *k), *ln_k = ctx_alloc(ctx, n, sizeof *ln_k);
    if (!k || !ln_k)
        return STATUS_NO_MEMORY;
    fill_abar(&path->options, beta, n, k);
    if (path->options.zero_snr)
        rescale(n, path->options.last_abar, k);
    for (size_t i = 0; i < n; i++) {
        k[i] = k[i] > 0 ? sqrt((1 - k[i]) / k[i]) : (double)INFINITY;
        ln_k[i] = isinf(k[i]) ? k[i] : elementary_log(k[i]);
        bool floored = path->options.last_abar > 0 && i + 1 == n; /* may well be below its neighbour */
        if (i && !floored && !(k[i] > k[i - 1]))
            return ctx_fail(ctx, STATUS_INVALID, "/path_options",
                            "With these options the noise does not grow from trained step %zu to %zu in single "
                            "precision; want fewer trained steps or smaller betas.",
                            i - 1, i);
    }
    path->steps = n;
    path->k = k;
    path->ln_k = ln_k;
    path->t_max = (double)(n - 1);
    path->k_min = path->k_low = k[0];
    path->k_high = k[n - 1];
    path->k_max = isinf(k[n - 1]) ? k[n - 2] : k[n - 1]; /* a grid in k needs an end */
    return STATUS_OK;
}

static enum status check_steps(struct ctx *ctx, int64_t steps) {
    return path_option_range(ctx, "trained_steps", (double)steps, 1, MOST_STEPS);
}

/* check_betas also for the rest: beta 0 would add no noise, beta 1 leave no data. */
static enum status check_betas(struct ctx *ctx, const struct path_options *o) {
    enum status status = check_steps(ctx, o->trained_steps);
    if (status == STATUS_OK)
        status = path_option_range(ctx, "beta_start", o->beta_start, 0, 0.999);
    return status == STATUS_OK ? path_option_range(ctx, "beta_end", o->beta_end, 0, 0.999) : status;
}

static enum status make_linear(struct ctx *ctx, struct path *path) {
    enum status status = check_betas(ctx, &path->options);
    return status == STATUS_OK ? make_table(ctx, path, linear_beta) : status;
}

static enum status make_scaled_linear(struct ctx *ctx, struct path *path) {
    enum status status = check_betas(ctx, &path->options);
    return status == STATUS_OK ? make_table(ctx, path, scaled_linear_beta) : status;
}

static enum status make_sigmoid(struct ctx *ctx, struct path *path) {
    enum status status = check_betas(ctx, &path->options);
    return status == STATUS_OK ? make_table(ctx, path, sigmoid_beta) : status;
}

static enum status make_cosine(struct ctx *ctx, struct path *path) {
    enum status status = check_steps(ctx, path->options.trained_steps);
    return status == STATUS_OK ? make_table(ctx, path, cosine_beta) : status;
}

static enum status make_exp(struct ctx *ctx, struct path *path) {
    enum status status = check_steps(ctx, path->options.trained_steps);
    return status == STATUS_OK ? make_table(ctx, path, exp_beta) : status;
}

#define BETAS (PATH_OPT(trained_steps) | PATH_OPT(beta_start) | PATH_OPT(beta_end) | PATH_OPT(zero_snr))
#define DISCRETE .variance_preserving = true, .grid = GRID_TRAILING, .at_t = at_t, .at_k = at_k

const struct path_family path_ddpm_linear = {
    .name = "ddpm-linear",
    .takes = BETAS,
    .defaults = {.trained_steps = TRAINED_STEPS, .beta_start = 1e-4, .beta_end = 0.02},
    .make = make_linear,
    DISCRETE,
};

const struct path_family path_ddpm_scaled_linear = {
    .name = "ddpm-scaled-linear",
    .takes = BETAS,
    .defaults = {.trained_steps = TRAINED_STEPS, .beta_start = 0.00085, .beta_end = 0.012},
    .make = make_scaled_linear,
    DISCRETE,
};

const struct path_family path_ddpm_sigmoid = {
    .name = "ddpm-sigmoid",
    .takes = BETAS,
    .defaults = {.trained_steps = TRAINED_STEPS, .beta_start = 1e-4, .beta_end = 0.02},
    .make = make_sigmoid,
    DISCRETE,
};

const struct path_family path_ddpm_cosine = {
    .name = "ddpm-cosine",
    .takes = PATH_OPT(trained_steps) | PATH_OPT(zero_snr),
    .defaults = {.trained_steps = TRAINED_STEPS},
    .make = make_cosine,
    DISCRETE,
};

const struct path_family path_ddpm_exp = {
    .name = "ddpm-exp",
    .takes = PATH_OPT(trained_steps) | PATH_OPT(zero_snr),
    .defaults = {.trained_steps = TRAINED_STEPS},
    .make = make_exp,
    DISCRETE,
};
