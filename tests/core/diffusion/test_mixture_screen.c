/* Rows that are near few of many parts: what the screen says of distances, and D against the formula, for rows that are
 * near few, near many and in between, side by side, for every instruction set here. */
#include <math.h>

#include "core/diffusion/mixture.h"
#include "core/diffusion/mixture_screen.h"
#include "tests/support/test.h"

enum { MOST_K = 2100, MOST_D = 40, ROWS = 37 };

static double between(uint64_t *seed, double low, double high) {
    return low + (high - low) * ((double)(test_random(seed) >> 11) * 0x1p-53);
}

static double means[MOST_K * MOST_D], weights[MOST_K], stds[MOST_K], x[ROWS * MOST_D];

/* What means may look like. */
enum look { SPREAD, CLUSTERS, FAR_FROM_ZERO, ONE_AXIS, ALL_EQUAL, TINY, LOOKS };

static void draw_means(enum look look, size_t k, size_t d, uint64_t *seed) {
    for (size_t i = 0; i < k * d; i++) {
        const double u = between(seed, -1, 1);
        switch (look) {
        case CLUSTERS: means[i] = 3 * (double)(i / d % 5) + 0.01 * u; break;
        case FAR_FROM_ZERO: means[i] = 1e6 + u; break;
        case ONE_AXIS: means[i] = i % d == 1 ? 100 * u : 0.01 * u; break;
        case ALL_EQUAL: means[i] = (double)(i % d); break;
        case TINY: means[i] = 1e-300 * u; break;
        case SPREAD:
        case LOOKS: means[i] = u;
        }
    }
}

/* The screen's own claim, for rows near the means and far from them: a product of whole numbers is y.m within the bound. */
static void scores_are_within_their_bound(enum look look, size_t k, size_t d, uint64_t *seed) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    const struct mixture_screen *s;
    draw_means(look, k, d, seed);
    assert_int_equal(mixture_screen_make(&ctx, means, k, d, &s), STATUS_OK);
    assert_true(127 * s->most * 2 * (double)s->pairs <= INT32_MAX && s->most <= INT16_MAX && s->most >= 1);
    for (size_t c = 0; c < k; c++) {
        long double dot = 0, near = 0, y2 = 0, norm2 = 0;
        for (size_t j = 0; j < d; j++) {
            const int q = s->q[((c / SCREEN_PARTS * s->pairs + j / 2) * SCREEN_PARTS + c % SCREEN_PARTS) * 2 + j % 2];
            const long double m = (long double)means[c * d + j] - s->centre[j], y = 2 * m + between(seed, -1, 1);
            dot += y * m;
            near += y * s->step * q;
            y2 += y * y;
            norm2 += m * m;
            assert_true(q >= -127 && q <= 127);
        }
        assert_true(fabsl(dot - near) <= sqrtl(y2) * s->rest * (1 + 1e-9L) + 1e-14L * y2 + 1e-300L);
        assert_true(fabsl(norm2 - s->norm2[c]) <= 1e-9L * norm2 + 1e-300L && s->norm2[c] <= s->most2);
    }
    ctx_release(&ctx);
}

static void scores_say_how_far(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int look = 0; look < LOOKS; look++)
        for (size_t d = 16; d <= 19; d++)
            scores_are_within_their_bound((enum look)look, 64 + 13 * d, d, &seed);
}

/* The formula in long double; the deviation of part c is std[c % n_stds]. */
static void oracle(size_t k, size_t d, size_t n_stds, const struct path_point *at, const double *row, double *out) {
    static long double e[MOST_K];
    long double top = -INFINITY, total = 0, a = at->alpha, k2 = (at->sigma / a) * (at->sigma / a);
    for (size_t c = 0; c < k; c++) {
        const long double s = stds[c % n_stds], v = s * s + k2;
        long double square = 0;
        for (size_t j = 0; j < d; j++)
            square += (row[j] / a - means[c * d + j]) * (row[j] / a - means[c * d + j]);
        e[c] = logl((long double)weights[c]) - (long double)d / 2 * logl(v) - square / (2 * v);
        top = e[c] > top ? e[c] : top;
    }
    for (size_t c = 0; c < k; c++)
        total += e[c] = expl(e[c] - top);
    for (size_t j = 0; j < d; j++) {
        long double sum = 0;
        for (size_t c = 0; c < k; c++) {
            const long double s2 = (long double)stds[c % n_stds] * stds[c % n_stds], v = s2 + k2;
            sum += e[c] / total * (k2 / v * means[c * d + j] + s2 / v * (row[j] / a));
        }
        out[j] = (double)sum;
    }
}

/* draw_rows draws rows of which some lie at a mean, some between two, and some far out. */
static void draw_rows(size_t k, size_t d, const struct path_point *at, uint64_t *seed) {
    for (size_t r = 0; r < ROWS; r++) {
        const double *one = means + test_below(seed, k) * d, *two = means + test_below(seed, k) * d;
        const double by = r % 3 ? 1 : between(seed, 0, 1), far = r % 7 == 6 ? 20 : 1;
        for (size_t j = 0; j < d; j++)
            x[r * d + j] = at->alpha * (by * one[j] + (1 - by) * two[j]) + far * at->sigma * between(seed, -1.7, 1.7);
    }
}

struct shape {
    enum look look;
    size_t k, d, n_stds;
    double std;
};

static const struct denoiser *make(struct ctx *ctx, const struct shape *s, enum isa isa) {
    const struct mixture_in in = {
        .k = s->k, .d = s->d, .weights = weights, .means = means, .stds = stds, .n_stds = s->n_stds};
    const struct denoiser *denoiser = NULL;
    ctx->isa = isa;
    assert_int_equal(mixture_make(ctx, &in, &denoiser), STATUS_OK);
    return denoiser;
}

static void eval(struct ctx *ctx, const struct denoiser *denoiser, const struct path_point *at, size_t rows,
                 const double *in, double *out) {
    double *scratch = ctx_alloc(ctx, denoiser_scratch(denoiser, rows), sizeof *scratch);
    assert_non_null(scratch);
    denoiser_eval(denoiser, at, NULL, rows, in, out, scratch);
}

static void draw(const struct shape *s, const struct path_point *at, uint64_t *seed) {
    draw_means(s->look, s->k, s->d, seed);
    for (size_t c = 0; c < s->k; c++) {
        weights[c] = test_below(seed, 5) ? between(seed, 0.1, 2) : 1e-280;
        stds[c] = s->std * (s->n_stds == 1 ? 1 : between(seed, 0.5, 2));
    }
    draw_rows(s->k, s->d, at, seed);
}

/* Each row as the formula has it, alone as among others, and the same for every set of instructions. */
static void one_shape(const struct shape *s, double sigma, uint64_t *seed) {
    static double first[ROWS * MOST_D], out[ROWS * MOST_D], alone[MOST_D], want[MOST_D];
    const struct path_point at = {.alpha = 0.8, .sigma = sigma};
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    draw(s, &at, seed);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        const struct denoiser *denoiser = make(&ctx, s, (enum isa)isa);
        eval(&ctx, denoiser, &at, ROWS, x, isa == ISA_REF ? first : out);
        if (isa != ISA_REF)
            assert_memory_equal(first, out, ROWS * s->d * sizeof *out);
        for (size_t r = 0; r < ROWS; r += isa == ISA_REF ? 18 : 5) {
            eval(&ctx, denoiser, &at, 1, x + r * s->d, alone);
            assert_memory_equal(alone, first + r * s->d, s->d * sizeof *alone);
        }
    }
    const double scale = s->look == FAR_FROM_ZERO ? 1e6 : 100;
    for (size_t r = 0; r < ROWS; r += 4) {
        oracle(s->k, s->d, s->n_stds, &at, x + r * s->d, want);
        for (size_t j = 0; j < s->d; j++)
            if (!(fabs(first[r * s->d + j] - want[j]) <= 1e-13 * scale))
                fail_msg("look %d, k %zu, d %zu, sigma %g, row %zu, number %zu: %.17g, want %.17g", s->look, s->k, s->d,
                         sigma, r, j, first[r * s->d + j], want[j]);
    }
    ctx_release(&ctx);
}

static void near_few_or_many_is_the_formula(void **state) {
    (void)state;
    static const struct shape SHAPES[] = {
        {SPREAD, 64, 16, 1, 0},         {SPREAD, 65, 17, 65, 0.1}, {SPREAD, 300, 33, 1, 0.05},
        {SPREAD, 301, 40, 301, 0.02},   {CLUSTERS, 250, 16, 1, 0}, {CLUSTERS, 250, 21, 250, 0.01},
        {FAR_FROM_ZERO, 130, 18, 1, 0}, {ONE_AXIS, 200, 16, 1, 0}, {ALL_EQUAL, 96, 16, 1, 0.1},
        {SPREAD, MOST_K, 16, 1, 0},     {SPREAD, 63, 16, 1, 0}, /* no screen */
    };
    static const double SIGMAS[] = {0.01, 0.1, 0.3, 0.6, 2, 30};
    uint64_t seed = 2;
    for (size_t i = 0; i < COUNT(SHAPES); i++)
        for (size_t s = 0; s < COUNT(SIGMAS); s++)
            if (SHAPES[i].k < 1000 || s % 2)
                one_shape(&SHAPES[i], SIGMAS[s], &seed);
}

/* Of very many parts fewer rows are compared at once. */
static void of_very_many_parts(void **state) {
    (void)state;
    enum { K = 32769, D = 16, N = 11 };
    struct ctx ctx;
    ctx_init(&ctx, 256 << 20);
    double *all = ctx_alloc(&ctx, (size_t)K * D, sizeof *all), out[N * D], alone[D];
    assert_non_null(all);
    uint64_t seed = 3;
    for (size_t i = 0; i < (size_t)K * D; i++)
        all[i] = between(&seed, -1, 1);
    ctx.isa = isa_best();
    const struct denoiser *denoiser;
    assert_int_equal(points_make(&ctx, all, K, D, 0, &denoiser), STATUS_OK);
    const struct path_point at = {.alpha = 1, .sigma = 0.02};
    for (size_t i = 0; i < N * D; i++)
        x[i] = all[(size_t)K * D - N * D + i] + 0.02 * between(&seed, -1, 1);
    eval(&ctx, denoiser, &at, N, x, out);
    for (size_t r = 0; r < N; r++) {
        eval(&ctx, denoiser, &at, 1, x + r * D, alone);
        assert_memory_equal(alone, out + r * D, sizeof alone);
        for (size_t j = 0; j < D; j++) /* the others lie 100 sigma away */
            assert_true(out[r * D + j] == all[(size_t)K * D - N * D + r * D + j]);
    }
    ctx_release(&ctx);
}

static void allocations_fail_in_turn(void **state) {
    (void)state;
    uint64_t seed = 4;
    const struct shape shape = {SPREAD, 64, 16, 1, 0};
    draw(&shape, &(struct path_point){.alpha = 1, .sigma = 1}, &seed);
    enum status status = STATUS_NO_MEMORY;
    size_t n;
    for (n = 0; status == STATUS_NO_MEMORY; n++) {
        struct ctx ctx;
        ctx_init(&ctx, 16 << 20);
        ctx.fail_after = n;
        const struct denoiser *denoiser;
        status = points_make(&ctx, means, shape.k, shape.d, 0, &denoiser);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(n > 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_say_how_far),
        cmocka_unit_test(near_few_or_many_is_the_formula),
        cmocka_unit_test(of_very_many_parts),
        cmocka_unit_test(allocations_fail_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
