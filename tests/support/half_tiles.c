#include "tests/support/half_tiles.h"

#include <math.h>

#include "core/base/half_float.h"

#include "tests/support/test.h"

enum { SEGMENTS = 3 };

uint16_t *half_room(size_t n) {
    uint64_t seed = 0;
    return (uint16_t *)(guarded(n / 2 + 1, &seed) + n / 2 + 1) - n;
}

void half_drop(uint16_t *halves, size_t n) { drop((float *)(void *)(halves + n) - (n / 2 + 1), n / 2 + 1); }

static double wide(uint16_t half) { return (double)float_of_bf16(half); }

/* A tile, and what it is of: w[columns][depth][segments]. Two of the segments overlap; results lie three floats further
 * apart than they must. */
struct tiled {
    struct tile_shape shape;
    struct tile t;
    size_t segment[SEGMENTS], columns, n, packed, pitch, outs;
    float *w, *out;
    uint16_t *pairs, *a[TILE_ROWS_MAX];
};

static void begin(struct tiled *d, const struct half_kernels *h, struct tile_shape shape, size_t rows, size_t depth,
                  uint64_t *seed) {
    *d = (struct tiled){.shape = shape,
                        .segment = {0, depth + 3, 1},
                        .columns =
                            shape.columns -
                            test_below(seed, shape.columns - (shape.columns > h->slim.columns ? h->slim.columns : 0)),
                        .n = 2 * depth + 3,
                        .pitch = shape.columns + 3};
    d->packed = half_size(h, SEGMENTS, depth, d->columns);
    d->outs = (rows - 1) * d->pitch + shape.columns;
    d->w = guarded(SEGMENTS * depth * d->columns, seed);
    d->out = guarded(d->outs, seed);
    d->pairs = half_room(d->packed);
    half_pack(h, SEGMENTS, depth, d->columns, d->w, d->pairs);
    for (size_t i = 0; i < rows; i++) {
        float *x = guarded(d->n, seed);
        d->a[i] = half_room(d->n);
        h->narrow(d->n, x, d->a[i]);
        drop(x, d->n);
    }
    d->t = (struct tile){
        .rows = rows, .segment = d->segment, .segments = SEGMENTS, .depth = depth, .out = d->out, .pitch = d->pitch};
    d->t.a_halves = (const uint16_t *const *)d->a;
    d->t.pairs = d->pairs;
}

static void end(struct tiled *d) {
    for (size_t i = 0; i < d->t.rows; i++)
        half_drop(d->a[i], d->n);
    drop(d->w, SEGMENTS * d->t.depth * d->columns), drop(d->out, d->outs), half_drop(d->pairs, d->packed);
}

/* bound is how far from the true sum of n products one table may be: half of what two may differ by. */
static double bound(size_t n, double absolute) { return (double)n * (0x1p-24 * absolute + 0x1p-126 * 9); }

static void check_tile(const struct half_kernels *h, struct tile_shape shape, size_t rows, size_t depth,
                       uint64_t *seed) {
    struct tiled d;
    begin(&d, h, shape, rows, depth, seed);
    for (size_t i = 0; i + 1 < rows; i++)
        d.out[i * d.pitch + shape.columns] = 5;
    shape.run(&d.t);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < shape.columns; j++) {
            double want = 0, absolute = 0, got = (double)d.out[i * d.pitch + j];
            for (size_t s = 0; s < SEGMENTS && j < d.columns; s++)
                for (size_t k = 0; k < depth; k++) {
                    double term =
                        wide(d.a[i][d.segment[s] + k]) * wide(bf16_of_float(d.w[(j * depth + k) * SEGMENTS + s]));
                    want += term;
                    absolute += fabs(term);
                }
            if (!(fabs(got - want) <= bound(SEGMENTS * depth, absolute)))
                fail_msg("%s: %zu rows, depth %zu, (%zu, %zu): %.9g, want %.9g", isa_text(h->isa), rows, depth, i, j,
                         got, want);
        }
    for (size_t i = 0; i + 1 < rows; i++)
        assert_true(d.out[i * d.pitch + shape.columns] == 5);
    end(&d);
}

void half_tiles_check(const struct half_kernels *h, uint64_t *seed) {
    static const size_t depths[] = {0, 1, 2, 7, 31, 32, 33, 70};
    const struct tile_shape shapes[] = {h->tile, h->slim};
    for (size_t d = 0; d < COUNT(depths); d++)
        for (size_t s = 0; s < 2; s++)
            for (size_t rows = 1; rows <= shapes[s].rows; rows++)
                check_tile(h, shapes[s], rows, depths[d], seed);
}

static void check_rows(const struct half_kernels *h, struct tile_shape shape, size_t depth, uint64_t *seed) {
    struct tiled d;
    float alone[TILE_COLUMNS_MAX];
    begin(&d, h, shape, shape.rows, depth, seed);
    shape.run(&d.t);
    for (size_t i = 0; i < shape.rows; i++) {
        struct tile one = d.t;
        one.a_halves += i;
        one.rows = 1;
        one.out = alone;
        shape.run(&one);
        assert_memory_equal(alone, d.out + i * d.pitch, shape.columns * sizeof *alone);
    }
    end(&d);
}

void half_rows_check(const struct half_kernels *h, uint64_t *seed) {
    for (size_t depth = 1; depth < 80; depth += 13) {
        check_rows(h, h->tile, depth, seed);
        check_rows(h, h->slim, depth, seed);
    }
}
