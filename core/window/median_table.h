/* median_table.h - medians of small windows from the window in order: each step takes one value out of it and puts one in,
 * in one reading without branches, that the compiler makes vectors of. Included by median_ref.c and median_avx2.c, which
 * name the TABLE that it defines and the MOST that it serves.
 *
 * Let c be the ordered a without one `old`, and b that with x. Then c[i] is a[i] where a[i] < old, else a[i + 1]; and
 * b[i] = min(c[i], max(c[i - 1], x)). ABSENT, the greatest key, stands behind the window for what is not there: it is
 * the `old` of a window that grows, and the x of one that shrinks. */
#include "core/window/median_kernels.h"

#define ABSENT INT64_MAX

enum { LANES = 4, POLL = 1 << 20 };

struct ordered {
    _Alignas(32) int64_t
        room[2][LANES + MOST + 2 * LANES]; /* the window begins at LANES; what was before a step, and after it */
    int turn;                              /* which of them is the window */
    size_t width;                          /* k, in whole LANES */
};

/* ordered_key keeps the order of reals, -0.0 before 0.0; it is its own inverse. */
static inline int64_t ordered_key(int64_t bits) { return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1); }

static inline int64_t key_at(const struct array *values, int64_t i, bool real) {
    int64_t bits;
    if (!real)
        return values->ints[i];
    memcpy(&bits, &values->reals[i], 8);
    return ordered_key(bits);
}

static inline struct value value_of(int64_t key, bool real) {
    struct value v = {.kind = real ? KIND_REAL : KIND_INT, .i = real ? ordered_key(key) : key};
    return v; /* bits of a real: the union holds them */
}

/* Four neighbours; compilers make of it what the instruction set has. */
typedef int64_t four __attribute__((vector_size(32)));

/* CHOSEN is a where `where` holds (all ones), else b. */
#define CHOSEN(where, a, b) (((where) & (a)) | (~(where) & (b)))

static inline void exchange(struct ordered *o, int64_t old, int64_t x) {
    const int64_t *a = o->room[o->turn] + LANES;
    int64_t *b = o->room[o->turn ^= 1] + LANES;
    four olds = {old, old, old, old}, xs = {x, x, x, x}, left, middle, right;
    memcpy(&left, a - LANES, sizeof left);
    memcpy(&middle, a, sizeof middle);
    /* Whole vectors are read, as they were written, and shifted here: the parts of two that were just written would have
     * to reach the cache first. */
    for (size_t i = 0; i < o->width; i += LANES, left = middle, middle = right) {
        memcpy(&right, a + i + LANES, sizeof right);
        four one_left = __builtin_shufflevector(left, middle, 3, 4, 5, 6);
        four one_right = __builtin_shufflevector(middle, right, 1, 2, 3, 4);
        four before = CHOSEN(one_left < olds, one_left, middle), here = CHOSEN(middle < olds, middle, one_right);
        four most = CHOSEN(before > xs, before, xs), next = CHOSEN(here < most, here, most);
        memcpy(b + i, &next, sizeof next);
    }
}

/* slide_kind does all windows; `from_reals` is a constant where it is called. */
static inline __attribute__((always_inline)) enum status slide_kind(struct ctx *ctx, const struct array *values,
                                                                    const struct windows *w, struct ordered *o,
                                                                    enum sliding_operation which, bool real, void *out,
                                                                    bool from_reals) {
    int64_t in = 0, gone = 0;
    for (size_t j = 0; j < w->count; j++) {
        int64_t low = window_low(w, j), high = window_high(w, j);
        if (in < low) { /* those between windows neither join nor leave */
            for (; gone < in; gone++)
                exchange(o, key_at(values, gone, from_reals), ABSENT);
            in = gone = low;
        }
        for (; in <= high || gone < low; in += in <= high, gone += gone < low)
            exchange(o, gone < low ? key_at(values, gone, from_reals) : ABSENT,
                     in <= high ? key_at(values, in, from_reals) : ABSENT);
        const int64_t *a = o->room[o->turn] + LANES;
        int64_t count = high - low + 1;
        struct value middle[2] = {value_of(a[(count - 1) / 2], from_reals), value_of(a[count / 2], from_reals)};
        median_put(middle, which, real, out, j);
        if (j % POLL == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    return STATUS_OK;
}

static enum status slide(struct ctx *ctx, const struct array *values, const struct windows *w,
                         enum sliding_operation which, bool real, void *out) {
    struct ordered o = {.width = ((size_t)w->k + LANES - 1) / LANES * LANES};
    for (size_t i = 0; i < sizeof *o.room / sizeof **o.room; i++)
        o.room[0][i] = o.room[1][i] = i < LANES ? INT64_MIN : ABSENT;
    if (values->kind == KIND_REAL)
        return slide_kind(ctx, values, w, &o, which, real, out, true);
    return slide_kind(ctx, values, w, &o, which, real, out, false);
}

const struct median_kernels TABLE = {MOST, slide};
