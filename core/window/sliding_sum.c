#include <math.h>
#include <string.h>

#include "core/window/exact_sum.h"
#include "core/window/sliding_parts.h"

enum { POLL = 1 << 20, FIXED_SHIFT = 72, FIXED_BITS = 125 };

/* How a window's sum is held: in 128 bits, integers as they are and reals as multiples of 2^low; or digit by digit. */
enum held { HELD_INT, HELD_FIXED, HELD_DIGITS };

struct sums {
    const struct windows *w;
    const int64_t *ints;
    const double *reals;
    enum held held;
    int low;       /* FIXED: the exponent of one */
    double unit;   /* 2^low */
    wide_int wide; /* the sum of the members */
    struct exact_sum digits;
};

/* fixed is x as a multiple of 2^low. The bits that a right shift drops are zeros. */
static inline wide_int fixed(double x, int low) {
    int exponent;
    int64_t m = exact_parts(x, &exponent);
    return m ? (wide_int)m * ((wide_int)1 << FIXED_SHIFT) >> (FIXED_SHIFT - exponent + low) : 0;
}

static inline void join(struct sums *s, int64_t i, enum held held) {
    if (held == HELD_DIGITS)
        exact_join(&s->digits, s->reals[i]);
    else
        s->wide += held == HELD_INT ? s->ints[i] : fixed(s->reals[i], s->low);
}

static inline void leave(struct sums *s, int64_t i, enum held held) {
    if (held == HELD_DIGITS)
        exact_leave(&s->digits, s->reals[i]);
    else
        s->wide -= held == HELD_INT ? s->ints[i] : fixed(s->reals[i], s->low);
}

static inline double mean_of(const struct sums *s, uint64_t count, enum held held) {
    if (held == HELD_DIGITS)
        return exact_read(&s->digits, count);
    bool negative = s->wide < 0;
    wide_uint magnitude = negative ? -(wide_uint)s->wide : (wide_uint)s->wide;
    if (held == HELD_INT && magnitude <= UINT64_C(1) << 53) /* both are doubles: one division rounds once */
        return (double)(int64_t)s->wide / (double)count;
    return exact_ratio(negative, magnitude, false, s->low, count);
}

/* real_sum: a sum of doubles below the normal range is a double, so 128 bits to a double is the only rounding. */
static inline double real_sum(const struct sums *s, enum held held) {
    return held == HELD_DIGITS ? exact_read(&s->digits, 1) : (double)s->wide * s->unit;
}

static enum status beyond(struct ctx *ctx, const struct sums *s, size_t j) {
    return ctx_fail(ctx, STATUS_INVALID, "/values",
                    "The sum of values[%lld] to values[%lld] is beyond %s; want smaller values, or the mean%s.",
                    (long long)window_low(s->w, j), (long long)window_high(s->w, j),
                    s->ints ? "64 bits" : "the greatest double",
                    s->ints ? ", or all values with a point, as reals, for sums that are rounded" : "");
}

/* slide does all windows; `held` and `mean` are constants where it is called, so that each call is a loop of its own.
 * */
static inline __attribute__((always_inline)) enum status slide(struct ctx *ctx, struct sums *s, enum held held,
                                                               bool mean, void *out) {
    const struct windows *w = s->w;
    int64_t in = 0, gone = 0, poll = POLL;
    for (size_t j = 0; j < w->count; j++) {
        int64_t low = window_low(w, j), high = window_high(w, j);
        while (gone < in && gone < low)
            leave(s, gone++, held);
        if (gone < low)
            gone = in = low; /* no member is left, and those between the windows need not join */
        while (in <= high)
            join(s, in++, held);
        if (mean) {
            ((double *)out)[j] = mean_of(s, (uint64_t)(high - low + 1), held);
        } else if (held == HELD_INT) {
            if (s->wide != (int64_t)s->wide)
                return beyond(ctx, s, j);
            ((int64_t *)out)[j] = (int64_t)s->wide;
        } else {
            double sum = real_sum(s, held);
            if (!isfinite(sum))
                return beyond(ctx, s, j);
            ((double *)out)[j] = sum;
        }
        if (in >= poll) {
            poll += POLL;
            if (ctx_stop(ctx))
                return ctx_stopped(ctx);
        }
    }
    return STATUS_OK;
}

/* choose finds whether 128 bits hold every sum of k of the values exactly. */
static void choose(struct sums *s, size_t n, int64_t k) {
    int low = 2000, high = -2000;
    for (size_t i = 0; i < n; i++) {
        int exponent;
        int64_t m = exact_parts(s->reals[i], &exponent);
        if (!m)
            continue;
        int zeros = __builtin_ctzll((uint64_t)m);
        low = exponent + zeros < low ? exponent + zeros : low;
        high = exponent + 53 > high ? exponent + 53 : high;
    }
    if (low > high)
        low = high = 0; /* zeros only */
    int bits = high - low + 64 - __builtin_clzll((uint64_t)k);
    s->held = bits <= FIXED_BITS ? HELD_FIXED : HELD_DIGITS;
    s->low = low;
    s->unit = ldexp(1, low);
}

enum status sliding_sum(struct ctx *ctx, const struct array *values, const struct windows *w, bool mean, void *out,
                        enum sliding_algorithm *used) {
    static const enum sliding_algorithm USED[] = {SLIDING_INTEGERS, SLIDING_FIXED_POINT, SLIDING_DIGITS};
    struct sums *s = ctx_zalloc(ctx, 1, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    s->w = w;
    if (values->kind == KIND_INT) {
        s->ints = values->ints;
    } else {
        s->reals = values->reals;
        choose(s, values->n, w->k);
    }
    *used = USED[s->held];
    switch (s->held) {
    case HELD_INT: return mean ? slide(ctx, s, HELD_INT, true, out) : slide(ctx, s, HELD_INT, false, out);
    case HELD_FIXED: return mean ? slide(ctx, s, HELD_FIXED, true, out) : slide(ctx, s, HELD_FIXED, false, out);
    case HELD_DIGITS: return mean ? slide(ctx, s, HELD_DIGITS, true, out) : slide(ctx, s, HELD_DIGITS, false, out);
    }
    return STATUS_INTERNAL;
}
