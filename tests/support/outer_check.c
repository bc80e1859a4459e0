#include "tests/support/outer_check.h"

#include <math.h>

#include "core/base/half_float.h"
#include "tests/support/guarded.h"
#include "tests/support/half_tiles.h"
#include "tests/support/test.h"

enum { GAP = 5 };

/* halves_of rounds n numbers of the array to bfloat16, and gives them so, too. */
static uint16_t *halves_of(float *x, size_t n) {
    uint16_t *halves = half_room(n);
    half_ref.narrow(n, x, halves);
    for (size_t i = 0; i < n; i++)
        x[i] = float_of_bf16(halves[i]);
    return halves;
}

static void near(const struct outer *o, const float *a, const float *b, size_t i, size_t j, float before) {
    double want = (double)before, all = fabs(want), is = (double)o->out[i * o->pitch + j];
    for (size_t l = 0; l < o->lines; l++)
        for (size_t p = 0; p < o->pixels; p++) {
            const double y =
                (double)a[l * o->a_line + p * o->a_step + i] * (double)b[l * o->b_line + p * o->b_step + j];
            want += y, all += fabs(y);
        }
    if (!(fabs(is - want) <= (double)(o->lines * o->pixels + 2) * 0x1p-24 * all))
        fail_msg("%zu x %zu of %zu x %zu pixels: number %zu, %zu is %.9g, want %.9g", o->rows, o->columns, o->lines,
                 o->pixels, i, j, is, want);
}

void outer_check(void (*run)(const struct outer *o), bool halves, struct outer o, uint64_t *seed) {
    o.a_step = o.rows + 1, o.a_line = o.pixels * o.a_step + GAP;
    o.b_step = o.columns + 2, o.b_line = o.pixels * o.b_step + GAP;
    o.pitch = o.columns + 3;
    const size_t n = (o.lines - 1) * o.a_line + (o.pixels - 1) * o.a_step + o.rows,
                 m = (o.lines - 1) * o.b_line + (o.pixels - 1) * o.b_step + o.columns,
                 size = (o.rows - 1) * o.pitch + o.columns;
    float *a = guarded(n, seed), *b = guarded(m, seed), *before = malloc(size * sizeof *before);
    uint16_t *a_halves = halves ? halves_of(a, n) : NULL, *b_halves = halves ? halves_of(b, m) : NULL;
    assert_non_null(before);
    o.out = guarded(size, seed);
    memcpy(before, o.out, size * sizeof *before);
    o.a = halves ? NULL : a, o.b = halves ? NULL : b;
    o.a_halves = a_halves, o.b_halves = b_halves;
    run(&o);
    for (size_t i = 0; i < size; i++)
        if (i % o.pitch < o.columns)
            near(&o, a, b, i / o.pitch, i % o.pitch, before[i]);
        else
            assert_true(o.out[i] == before[i]);
    free(before);
    drop(a, n), drop(b, m), drop(o.out, size);
    if (halves)
        half_drop(a_halves, n), half_drop(b_halves, m);
}
