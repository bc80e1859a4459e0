/* Winograd's convolutions against direct sums in double precision, on every table that this machine has. */
#include "core/tensor/winograd.h"

#include <math.h>

#include "core/base/half_float.h"

#include "tests/support/guarded.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

#define EACH_TABLE(k)                                                                                                \
    for (int isa = 0; isa < ISA_COUNT; isa++)                                                                        \
        for (const struct tensor_kernels *k = isa_here((enum isa)isa) ? tensor_kernels_for((enum isa)isa) : NULL; k; \
             k = NULL)

static void near(size_t i, double got, double want, double error) {
    if (!(fabs(got - want) <= error))
        fail_msg("%zu: %.9g, want %.9g", i, got, want);
}

/* -- The transforms, by their matrices -- */

static const double B[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}; /* B' */
static const double A[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};                              /* A' */
static const double G[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

/* both is sum over i, j of left[i] * right[j] * d[i * side + j]. */
static double both(const double *left, const double *right, size_t side, const double *d) {
    double sum = 0;
    for (size_t i = 0; i < side; i++)
        for (size_t j = 0; j < side; j++)
            sum += left[i] * right[j] * d[i * side + j];
    return sum;
}

/* Rows of `pixels` pixels, the last of which is read again where a tile would go on behind it. */
static void check_in(const struct tensor_kernels *k, size_t n, size_t tiles, size_t pixels, uint64_t *seed) {
    size_t step = n + 1, floats = (pixels - 1) * step + n, apart = tiles * n + 2, outs = 15 * apart + tiles * n;
    float *row[4], *out = guarded(outs, seed);
    struct winograd_tiles t = {.tiles = tiles, .n = n, .step = step, .last = pixels - 1, .out = out, .apart = apart};
    for (size_t y = 0; y < 4; y++)
        t.row[y] = row[y] = guarded(floats, seed);
    k->winograd_in(&t);
    for (size_t i = 0; i < tiles * n; i++) {
        double d[16];
        for (size_t s = 0; s < 16; s++) {
            size_t x = 2 * (i / n) + s % 4;
            d[s] = (double)row[s / 4][(x < pixels ? x : pixels - 1) * step + i % n];
        }
        for (size_t s = 0; s < 16; s++)
            near(i, (double)out[s * apart + i], both(B[s / 4], B[s % 4], 4, d), 1e-5);
    }
    for (size_t y = 0; y < 4; y++)
        drop(row[y], floats);
    drop(out, outs);
}

static void check_out(const struct tensor_kernels *k, size_t n, uint64_t *seed) {
    size_t apart = n + 5;
    float *m = guarded(15 * apart + n, seed), *out = guarded(4 * n, seed);
    k->winograd_out(n, m, apart, out);
    for (size_t i = 0; i < n; i++) {
        double d[16];
        for (size_t s = 0; s < 16; s++)
            d[s] = (double)m[s * apart + i];
        for (size_t r = 0; r < 4; r++)
            near(i, (double)out[r * n + i], both(A[r / 2], A[r % 2], 4, d), 2e-5);
    }
    drop(m, 15 * apart + n), drop(out, 4 * n);
}

static void transforms_are_their_matrices(void **state) {
    (void)state;
    uint64_t seed = 1;
    EACH_TABLE(k)
    for (size_t n = 1; n <= 70; n++) {
        for (size_t tiles = 1; tiles <= 3; tiles++) {
            check_in(k, n, tiles, 2 * tiles + 2, &seed);
            check_in(k, n, tiles, 2 * tiles + 1, &seed);
        }
        check_out(k, n, &seed);
    }
}

static void weights_are_spread_and_come_back(void **state) {
    (void)state;
    enum { N = 50 };
    uint64_t seed = 2;
    float *w = guarded(9 * N, &seed), *spread = guarded(16 * N, &seed), *back = guarded(9 * N, &seed);
    winograd_weights(N, w, spread);
    winograd_kernels(N, spread, back);
    for (size_t i = 0; i < N; i++) {
        double g[9];
        for (size_t k = 0; k < 9; k++)
            g[k] = (double)w[9 * i + k];
        for (size_t s = 0; s < 16; s++)
            near(i, (double)spread[16 * i + s], both(G[s / 4], G[s % 4], 3, g), 1e-6);
    }
    for (size_t i = 0; i < 9 * N; i++)
        near(i, (double)back[i], (double)w[i], 2e-6);
    drop(w, 9 * N), drop(spread, 16 * N), drop(back, 9 * N);
}

/* -- Whole convolutions -- */

struct layer {
    size_t images, height, width, in, out;
};

/* What a case is made of; x has the border of zeros. */
struct made {
    float *x, *w, *bias, *vector, *gate, *residual;
    size_t row, image, outs;
};

static float *random_floats(size_t n, uint64_t *seed) {
    float *x = malloc((n + 1) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((double)(int64_t)test_below(seed, 2000001) * 1e-6 - 1);
    return x;
}

static struct made make(const struct layer *l, uint64_t *seed) {
    struct made m = {.row = (l->width + 2) * l->in, .outs = l->images * l->height * l->width * l->out};
    m.image = (l->height + 2) * m.row;
    m.x = random_floats(l->images * m.image, seed);
    for (size_t i = 0; i < l->images * m.image; i++) {
        size_t y = i % m.image / m.row, x = i % m.row / l->in;
        if (y == 0 || y > l->height || x == 0 || x > l->width)
            m.x[i] = 0;
    }
    m.w = random_floats(9 * l->in * l->out, seed);
    m.bias = random_floats(l->out, seed);
    m.vector = random_floats(l->images * l->out, seed);
    m.gate = random_floats(l->images * l->out, seed);
    m.residual = random_floats(m.outs, seed);
    return m;
}

static void unmake(struct made *m) {
    free(m->x), free(m->w), free(m->bias), free(m->vector), free(m->gate), free(m->residual);
}

/* run gives the results, malloc'ed: by Winograd, with products of bfloat16 where half is not NULL, or by the direct
 * sums. */
static float *run(const struct tensor_kernels *k, const struct half_kernels *half, const struct layer *l,
                  const struct made *m, bool direct, size_t threads) {
    struct ctx ctx;
    struct parallel parallel = test_threads(threads);
    ctx_init(&ctx, 64 << 20);
    ctx.parallel = threads > 1 ? &parallel : NULL;
    size_t segments = direct ? 9 : WINOGRAD_PLACES, n = l->in * l->out;
    float *w = ctx_alloc(&ctx, n, WINOGRAD_PLACES * sizeof *w), *out = malloc((m->outs + 1) * sizeof *out);
    float *panels = ctx_alloc(&ctx, matrix_floats(k, segments, l->in, l->out), sizeof *panels);
    assert_true(w && panels && out);
    if (!direct)
        winograd_weights(n, m->w, w);
    struct matrix b = {.segments = segments, .depth = l->in, .columns = l->out};
    if (half) {
        uint16_t *pairs = ctx_alloc(&ctx, half_size(half, segments, l->in, l->out), sizeof *pairs);
        assert_non_null(b.pairs = pairs);
        half_pack(half, segments, l->in, l->out, w, pairs);
    } else {
        matrix_pack(k, segments, l->in, l->out, direct ? m->w : w, panels);
        b.panels = panels;
    }
    const struct places to = {out, l->height * l->width * l->out, l->width * l->out, l->out};
    struct product p = {.images = l->images,
                        .height = l->height,
                        .width = l->width,
                        .in = {m->x, m->image, m->row, l->in},
                        .out = to,
                        .half = half,
                        .b = &b,
                        .bias = m->bias,
                        .vector = m->vector,
                        .gate = m->gate,
                        .vector_step = l->out,
                        .gate_step = l->out,
                        .residual = to,
                        .scale = 0.5f,
                        .activation = ACTIVATION_RELU};
    p.residual.data = m->residual;
    for (size_t s = 0; direct && s < 9; s++)
        p.segment[s] = s / 3 * m->row + s % 3 * l->in;
    (direct ? product_run : winograd_run)(&ctx, k, &p);
    ctx_release(&ctx);
    return out;
}

/* direct_sum is that of column o at a pixel. */
static double direct_sum(const struct layer *l, const struct made *m, const float *image, size_t y, size_t x,
                         size_t o) {
    double sum = 0;
    for (size_t s = 0; s < 9; s++)
        for (size_t c = 0; c < l->in; c++)
            sum +=
                (double)image[(y + s / 3) * m->row + (x + s % 3) * l->in + c] * (double)m->w[(o * l->in + c) * 9 + s];
    return sum;
}

static double rounded(double x) { return (double)float_of_bf16(bf16_of_float((float)x)); }

/* rounded_sum is the same by the matrices, each transformed number rounded to bfloat16. */
static double rounded_sum(const struct layer *l, const struct made *m, const float *image, size_t y, size_t x,
                          size_t o) {
    double sum = 0;
    for (size_t c = 0; c < l->in; c++) {
        double d[16], g[9];
        for (size_t k = 0; k < 9; k++)
            g[k] = (double)m->w[(o * l->in + c) * 9 + k];
        for (size_t s = 0; s < 16; s++) {
            size_t row = y / 2 * 2 + s / 4, column = x / 2 * 2 + s % 4;
            bool inside = row < l->height + 2 && column < l->width + 2;
            d[s] = inside ? (double)image[row * m->row + column * l->in + c] : 0;
        }
        for (size_t s = 0; s < 16; s++)
            sum += A[y % 2][s / 4] * A[x % 2][s % 4] * rounded(both(B[s / 4], B[s % 4], 4, d)) *
                   rounded(both(G[s / 4], G[s % 4], 3, g));
    }
    return sum;
}

typedef double sum_of(const struct layer *l, const struct made *m, const float *image, size_t y, size_t x, size_t o);

static double result(const struct layer *l, const struct made *m, size_t i, sum_of *sum_at) {
    size_t o = i % l->out, x = i / l->out % l->width, y = i / l->out / l->width % l->height;
    size_t image = i / l->out / l->width / l->height;
    double sum =
        (double)m->bias[o] + (double)m->vector[image * l->out + o] + sum_at(l, m, m->x + image * m->image, y, x, o);
    return 0.5 * ((double)m->residual[i] + (double)m->gate[image * l->out + o] * (sum > 0 ? sum : 0));
}

static double want(const struct layer *l, const struct made *m, size_t i) { return result(l, m, i, direct_sum); }

static void check(const struct tensor_kernels *k, const struct layer *l, uint64_t *seed) {
    struct made m = make(l, seed);
    float *y = run(k, NULL, l, &m, false, 1), *shared = run(k, NULL, l, &m, false, 3);
    assert_memory_equal(y, shared, m.outs * sizeof *y);
    for (size_t i = 0; i < m.outs; i++)
        near(i, (double)y[i], want(l, &m, i), 2e-5);
    free(y), free(shared);
    unmake(&m);
}

static void convolutions_are_direct_sums(void **state) {
    (void)state;
    static const size_t sides[] = {1, 2, 3, 4, 7, 10}, channels[] = {1, 5, 16, 35};
    uint64_t seed = 3;
    EACH_TABLE(k) {
        for (size_t i = 0; i < COUNT(sides) * COUNT(sides); i++)
            check(k,
                  &(struct layer){2, sides[i / COUNT(sides)], sides[i % COUNT(sides)], channels[i % 4],
                                  channels[i / 4 % 4]},
                  &seed);
        check(k, &(struct layer){3, 13, 13, 3, 2 * TILE_COLUMNS_MAX + 5}, &seed); /* tiles and columns in pieces */
    }
}

/* With products of bfloat16 what is transformed is rounded, once: numbers of few bits are transformed exactly. */
static void check_half(const struct tensor_kernels *k, const struct half_kernels *half, const struct layer *l,
                       uint64_t *seed) {
    struct made m = make(l, seed);
    for (size_t i = 0; i < l->images * m.image; i++)
        m.x[i] = rintf(m.x[i] * 256) / 256;
    for (size_t i = 0; i < 9 * l->in * l->out; i++)
        m.w[i] = rintf(m.w[i] * 256) / 256;
    float *y = run(k, half, l, &m, false, 1), *shared = run(k, half, l, &m, false, 3);
    assert_memory_equal(y, shared, m.outs * sizeof *y);
    for (size_t i = 0; i < m.outs; i++)
        near(i, (double)y[i], result(l, &m, i, rounded_sum), 2e-5);
    free(y), free(shared);
    unmake(&m);
}

static void factors_are_rounded_where_they_are_multiplied(void **state) {
    (void)state;
    uint64_t seed = 6;
    EACH_TABLE(k) {
        const struct half_kernels *half = half_kernels_for((enum isa)isa);
        check_half(k, half, &(struct layer){2, 4, 6, 16, 33}, &seed);
        check_half(k, half, &(struct layer){2, 5, 7, 19, 2 * TILE_COLUMNS_MAX + 5}, &seed);
        check_half(k, half, &(struct layer){1, 3, 2, 1, 1}, &seed);
    }
}

/* An image's bits do not depend on those beside it. */
static void neighbours_change_no_bit(void **state) {
    (void)state;
    const struct layer all = {5, 7, 9, 20, 40}, one = {1, 7, 9, 20, 40};
    uint64_t seed = 4;
    EACH_TABLE(k) {
        struct made m = make(&all, &seed), alone = m;
        float *y = run(k, NULL, &all, &m, false, 2);
        alone.outs /= 5;
        for (size_t i = 0; i < 5; i++) {
            float *own = run(k, NULL, &one, &alone, false, 1);
            assert_memory_equal(own, y + i * alone.outs, alone.outs * sizeof *own);
            free(own);
            alone.x += alone.image, alone.vector += 40, alone.gate += 40, alone.residual += alone.outs;
        }
        free(y);
        unmake(&m);
    }
}

static double error(const struct layer *l, const struct made *m, const float *y) {
    double sum = 0;
    for (size_t i = 0; i < m->outs; i++) {
        double off = (double)y[i] - want(l, m, i);
        sum += off * off;
    }
    return sqrt(sum / (double)m->outs);
}

/* The rounding that comes of the transforms, against that of the direct sums. */
static void rounding_is_at_most_twice_that_of_direct_sums(void **state) {
    (void)state;
    static const size_t channels[] = {16, 64, 256};
    uint64_t seed = 5;
    EACH_TABLE(k)
    for (size_t i = 0; i < COUNT(channels); i++) {
        const struct layer l = {1, 8, 8, channels[i], 16};
        struct made m = make(&l, &seed);
        float *y = run(k, NULL, &l, &m, false, 1), *direct = run(k, NULL, &l, &m, true, 1);
        double got = error(&l, &m, y), most = 2 * error(&l, &m, direct);
        if (!(got <= most))
            fail_msg("%s, %zu channels: %.3g, want at most %.3g", isa_text(k->isa), channels[i], got, most);
        free(y), free(direct);
        unmake(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transforms_are_their_matrices),
        cmocka_unit_test(weights_are_spread_and_come_back),
        cmocka_unit_test(convolutions_are_direct_sums),
        cmocka_unit_test(factors_are_rounded_where_they_are_multiplied),
        cmocka_unit_test(neighbours_change_no_bit),
        cmocka_unit_test(rounding_is_at_most_twice_that_of_direct_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
