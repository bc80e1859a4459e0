/* The kernels of every instruction set here against the plain ones, bit for bit, and what they may leave out. Inputs end
 * at a page that may not be read. */
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/diffusion/mixture.h"
#include "tests/support/test.h"

enum { ROWS = 19, MOST_D = 784, MOST_K = 100 };

static double between(uint64_t *seed, double low, double high) {
    return low + (high - low) * ((double)(test_random(seed) >> 11) * 0x1p-53);
}

/* at_the_edge gives room for n doubles that ends where a forbidden page begins. */
struct edge {
    void *base;
    size_t size;
};
static double *at_the_edge(struct edge *edge, size_t n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), used = (n * sizeof(double) + page - 1) / page * page;
    edge->size = used + page;
    edge->base = mmap(NULL, edge->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(edge->base != MAP_FAILED);
    assert_int_equal(mprotect((char *)edge->base + used, page, PROT_NONE), 0);
    return (double *)(void *)((char *)edge->base + used) - n;
}

enum form { SET, ONE_STD, STD_A_PART, STD_AN_AXIS, COVARIANCE, FORMS };

struct problem {
    struct mixture_in in;
    enum form form;
    struct edge means_edge, x_edge, out_edge;
    double *means, *x, *out;
    double weights[MOST_K], stds[MOST_K * 33], covariances[9 * 9 * MOST_K];
};

static void make_problem(struct problem *p, enum form form, size_t k, size_t d, uint64_t *seed) {
    p->form = form;
    p->means = at_the_edge(&p->means_edge, k * d);
    p->x = at_the_edge(&p->x_edge, ROWS * d);
    p->out = at_the_edge(&p->out_edge, ROWS * d);
    for (size_t i = 0; i < k * d; i++) { /* one dimension in four does not differ, one has zeros; clusters lie apart */
        p->means[i] = i % d % 4 == 1 ? 0.5 : between(seed, -1, 1) + (double)(i / d % 3);
        if (i % d % 4 == 2)
            p->means[i] = i / d % 2 ? -0.0 : between(seed, -1, 0.2);
    }
    for (size_t c = 0; c < k; c++)
        p->weights[c] = test_below(seed, 4) == 0 ? 0 : between(seed, 0, 5);
    p->weights[k - 1] = 1e-300;
    p->weights[0] = 1;
    size_t n_stds = form == ONE_STD ? 1 : form == STD_A_PART ? k : k * d;
    for (size_t i = 0; form != SET && form != COVARIANCE && i < n_stds; i++)
        p->stds[i] = i % 7 == 3 ? 0 : between(seed, 0.02, 1);
    for (size_t i = 0; form == COVARIANCE && i < k * d * d; i++)
        p->covariances[i] = i / d % d == i % d ? 0.1 + (double)(i % 5) : 0.05;
    p->in = (struct mixture_in){.k = k,
                                .d = d,
                                .weights = p->weights,
                                .means = p->means,
                                .stds = form == COVARIANCE ? NULL : p->stds,
                                .n_stds = n_stds,
                                .covariances = form == COVARIANCE ? p->covariances : NULL};
}

static void end_problem(struct problem *p) {
    munmap(p->means_edge.base, p->means_edge.size);
    munmap(p->x_edge.base, p->x_edge.size);
    munmap(p->out_edge.base, p->out_edge.size);
}

static const struct denoiser *make(struct ctx *ctx, const struct problem *p, enum isa isa) {
    const struct denoiser *denoiser = NULL;
    ctx->isa = isa;
    enum status status = p->form == SET ? points_make(ctx, p->means, p->in.k, p->in.d, p->in.k % 2 ? 0 : 0.1, &denoiser)
                                        : mixture_make(ctx, &p->in, &denoiser);
    if (status != STATUS_OK)
        fail_msg("%s", ctx->err.detail);
    return denoiser;
}

/* The levels: no noise to speak of, some, much, all (k infinite), and the edge of what alpha may be. */
static const struct path_point POINTS[] = {
    {.alpha = 1, .sigma = 1e-9},   {.alpha = 1, .sigma = 0.002}, {.alpha = 1, .sigma = 0.1},
    {.alpha = 0.8, .sigma = 0.6},  {.alpha = 1, .sigma = 3},     {.alpha = 1, .sigma = 80},
    {.alpha = 0.01, .sigma = 1},   {.alpha = 0, .sigma = 1},     {.alpha = 1e-16, .sigma = 1},
    {.alpha = 1e-160, .sigma = 1},
};

static void draw_x(const struct problem *p, const struct path_point *at, size_t rows, double *x, uint64_t *seed) {
    for (size_t r = 0; r < rows; r++) {
        const double *near = p->means + test_below(seed, p->in.k) * p->in.d;
        double far = test_below(seed, 6) ? 1 : test_below(seed, 2) ? 1e9 : 1e150;
        for (size_t j = 0; j < p->in.d; j++)
            x[r * p->in.d + j] = far * (at->alpha * near[j] + at->sigma * between(seed, -2, 2));
    }
}

/* all_sets evaluates rows rows by every set, which must say what the plain one says. */
static void all_sets(const struct problem *p, const struct path_point *at, size_t rows, uint64_t *seed) {
    static double want[ROWS * MOST_D];
    size_t n = rows * p->in.d;
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    double *x = p->x + (ROWS - rows) * p->in.d, *out = p->out + (ROWS - rows) * p->in.d;
    draw_x(p, at, rows, x, seed);
    for (int i = 0; i < ISA_COUNT; i++) {
        if (!isa_here((enum isa)i))
            continue;
        const struct denoiser *denoiser = make(&ctx, p, (enum isa)i);
        double *scratch = ctx_alloc(&ctx, denoiser_scratch(denoiser, rows), sizeof *scratch);
        assert_non_null(scratch);
        memset(out, 0x7f, n * sizeof *out);
        denoiser_eval(denoiser, at, NULL, rows, x, out, scratch);
        if (i == ISA_REF)
            memcpy(want, out, n * sizeof *out);
        else if (memcmp(want, out, n * sizeof *out) != 0)
            fail_msg("%s: form %d, k %zu, d %zu, %zu rows, alpha %g, sigma %g", isa_text((enum isa)i), p->form, p->in.k,
                     p->in.d, rows, at->alpha, at->sigma);
    }
    ctx_release(&ctx);
}

static void sets_agree(void **state) {
    (void)state;
    static const size_t KS[] = {1, 2, 3, 4, 5, 8, 31, 32, 33, 37, 100}, MORE_D[] = {31, 32, 33, 64, 784};
    static struct problem p;
    uint64_t seed = 1;
    for (int form = 0; form < FORMS; form++)
        for (size_t i = 1; i <= 17 + COUNT(MORE_D); i++) {
            size_t d = i <= 17 ? i : MORE_D[i - 18], k = KS[test_below(&seed, COUNT(KS))];
            if ((form == COVARIANCE && d > 9) || (form == STD_AN_AXIS && d > 33))
                continue;
            make_problem(&p, (enum form)form, k, d, &seed);
            for (size_t a = 0; a < COUNT(POINTS); a++)
                all_sets(&p, &POINTS[a], 1 + (a + i) % ROWS, &seed);
            all_sets(&p, &POINTS[3], 0, &seed);
            end_problem(&p);
        }
}

/* Beside a neighbour from which nothing is far, distances are not given up; this must not show. */
static void neighbours_do_not_show(void **state) {
    (void)state;
    static struct problem p;
    static double whole[ROWS * MOST_D], alone[MOST_D];
    uint64_t seed = 2;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (int round = 0; isa_here((enum isa)isa) && round < 24; round++) {
            struct ctx ctx;
            ctx_init(&ctx, 16 << 20);
            make_problem(&p, round % 2 ? SET : STD_A_PART, 97, (const size_t[]){7, 40, 200}[round % 3], &seed);
            const struct denoiser *denoiser = make(&ctx, &p, (enum isa)isa);
            const struct path_point *at = &POINTS[(size_t)round % 6];
            size_t d = p.in.d;
            double *scratch = ctx_alloc(&ctx, denoiser_scratch(denoiser, ROWS), sizeof *scratch);
            assert_non_null(scratch);
            draw_x(&p, at, ROWS, p.x, &seed);
            for (size_t i = 0; i < d; i++)
                p.x[i] = i % 2 ? 0 : (double)NAN; /* not even such a one */
            denoiser_eval(denoiser, at, NULL, ROWS, p.x, whole, scratch);
            for (size_t row = 1; row < ROWS; row++) {
                denoiser_eval(denoiser, at, NULL, 1, p.x + row * d, alone, scratch);
                assert_memory_equal(alone, whole + row * d, d * sizeof *alone);
                assert_true(alone[0] == alone[0]);
            }
            end_problem(&p);
            ctx_release(&ctx);
        }
}

/* A sum may end at -0, as a fused operation rounds to it; a part that only a neighbour is near to would make 0 of it. */
static void a_neighbour_changes_no_sign_of_zero(void **state) {
    (void)state;
    enum { D = 16 };
    static const double MEANS[3 * D] = {[D] = -5e-324, [D + 2] = 1.55, [2 * D] = 1, [2 * D + 1] = 3.8};
    static const double TWO[2 * D] = {-0.1, -12, [D + 1] = 3.8};
    const struct path_point at = {.alpha = 1, .sigma = 1};
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        ctx.isa = (enum isa)isa;
        const struct denoiser *denoiser;
        double both[2 * D], alone[D];
        assert_int_equal(points_make(&ctx, MEANS, 3, D, 0, &denoiser), STATUS_OK);
        double *scratch = ctx_alloc(&ctx, denoiser_scratch(denoiser, 2), sizeof *scratch);
        assert_non_null(scratch);
        denoiser_eval(denoiser, &at, NULL, 2, TWO, both, scratch);
        denoiser_eval(denoiser, &at, NULL, 1, TWO, alone, scratch);
        assert_memory_equal(both, alone, sizeof alone);
        assert_true(both[D] > 0.5); /* the neighbour is near the part in question */
        ctx_release(&ctx);
    }
}

/* The formula in long double. */
static void oracle(const struct problem *p, double width, const struct path_point *at, const double *x, double *out) {
    static long double e[MOST_K];
    size_t k = p->in.k, d = p->in.d;
    long double v =
        (long double)at->alpha * at->alpha * (long double)width * width + (long double)at->sigma * at->sigma;
    long double top = -INFINITY, total = 0;
    for (size_t c = 0; c < k; c++) {
        long double square = 0;
        for (size_t j = 0; j < d; j++) {
            long double u = (long double)x[j] - (long double)at->alpha * p->means[c * d + j];
            square += u * u;
        }
        e[c] = -square / (2 * v);
        top = e[c] > top ? e[c] : top;
    }
    for (size_t c = 0; c < k; c++)
        total += e[c] = expl(e[c] - top);
    for (size_t j = 0; j < d; j++) {
        long double sum = 0;
        for (size_t c = 0; c < k; c++)
            sum += e[c] * p->means[c * d + j];
        out[j] = (double)((long double)at->sigma * at->sigma / v * (sum / total) +
                          (long double)at->alpha * width * width / v * x[j]);
    }
}

/* Differences, given up or not, and products: all within 1e-11 of the formula. Points near each other and far from 0 are
 * where products would be wrong. */
static void many_dimensions_are_the_formula(enum isa isa, double centre, double size) {
    static struct problem p;
    static double want[MOST_D];
    uint64_t seed = 3;
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    make_problem(&p, SET, MOST_K, MOST_D, &seed);
    for (size_t i = 0; i < MOST_K * MOST_D; i++)
        p.means[i] = centre + size * p.means[i];
    const struct denoiser *denoiser = make(&ctx, &p, isa);
    double *scratch = ctx_alloc(&ctx, denoiser_scratch(denoiser, 5), sizeof *scratch);
    assert_non_null(scratch);
    for (double sigma = 0.05; sigma < 100; sigma *= 1.4) {
        const struct path_point at = {.alpha = 0.9, .sigma = sigma};
        for (size_t i = 0; i < 5 * MOST_D; i++)
            p.x[i] = 0.9 * p.means[i % (2 * MOST_D)] + sigma * between(&seed, -1.7, 1.7);
        denoiser_eval(denoiser, &at, NULL, 5, p.x, p.out, scratch);
        for (size_t row = 0; row < 5; row++) {
            oracle(&p, 0.1, &at, p.x + row * MOST_D, want);
            for (size_t j = 0; j < MOST_D; j++)
                if (!(fabs(p.out[row * MOST_D + j] - want[j]) < 1e-11))
                    fail_msg("sigma %g, number %zu: %.17g, want %.17g", sigma, j, p.out[row * MOST_D + j], want[j]);
        }
    }
    end_problem(&p);
    ctx_release(&ctx);
}

static void products_and_differences(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (isa_here((enum isa)isa)) {
            many_dimensions_are_the_formula((enum isa)isa, 0, 1);
            many_dimensions_are_the_formula((enum isa)isa, 300, 0.02);
        }
}

/* Likelihoods ask for rows at levels of their own. */
static void each_agrees(void **state) {
    (void)state;
    static struct problem p;
    uint64_t seed = 4;
    for (int form = 0; form < FORMS; form++)
        for (size_t d = 1; d <= 9; d++) {
            enum { MOST = ROWS * 9 };
            double v[MOST], want[2 * MOST + 3 * ROWS], got[2 * MOST + 3 * ROWS];
            struct path_point at[ROWS];
            make_problem(&p, (enum form)form, 1 + test_below(&seed, 40), d, &seed);
            size_t rows = 1 + test_below(&seed, ROWS);
            for (size_t r = 0; r < rows; r++) {
                at[r] = POINTS[2 + test_below(&seed, 6)];
                draw_x(&p, &at[r], 1, p.x + r * d, &seed);
            }
            for (size_t i = 0; i < rows * d; i++)
                v[i] = between(&seed, -1, 1);
            for (int isa = 0; isa < ISA_COUNT; isa++) {
                if (!isa_here((enum isa)isa))
                    continue;
                struct ctx ctx;
                ctx_init(&ctx, 16 << 20);
                const struct denoiser *denoiser = make(&ctx, &p, (enum isa)isa);
                double *scratch = ctx_alloc(&ctx, denoiser_each_scratch(denoiser, rows), sizeof *scratch);
                assert_non_null(scratch);
                memset(got, 0, sizeof got);
                const struct denoiser_each q = {.at = at,
                                                .rows = rows,
                                                .x = p.x,
                                                .D = got,
                                                .trace = got + MOST,
                                                .v = v,
                                                .vJv = got + MOST + ROWS,
                                                .density = got + MOST + 2 * ROWS};
                denoiser_each(denoiser, &q, scratch);
                if (isa == ISA_REF)
                    memcpy(want, got, sizeof got);
                assert_memory_equal(want, got, sizeof got);
                ctx_release(&ctx);
            }
            end_problem(&p);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_agree),
        cmocka_unit_test(neighbours_do_not_show),
        cmocka_unit_test(a_neighbour_changes_no_sign_of_zero),
        cmocka_unit_test(products_and_differences),
        cmocka_unit_test(each_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
