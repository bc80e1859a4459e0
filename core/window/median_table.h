/* median_table.h - medians of small windows by a window in order. Included by median_ref.c and median_avx2.c, which have
 * the exchange of a value, and name the KERNEL that is defined here. */
enum { POLL = 1 << 20 };

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
        const int64_t *a = o->room[o->turn] + MEDIAN_LANES;
        int64_t count = high - low + 1;
        struct value middle[2] = {value_of(a[(count - 1) / 2], from_reals), value_of(a[count / 2], from_reals)};
        median_put(middle, which, real, out, j);
        if (j % POLL == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    return STATUS_OK;
}

enum status KERNEL(struct ctx *ctx, const struct array *values, const struct windows *w, enum sliding_operation which,
                   bool real, void *out) {
    struct ordered o = {.width = ((size_t)w->k + MEDIAN_LANES - 1) / MEDIAN_LANES * MEDIAN_LANES};
    for (size_t i = 0; i < sizeof *o.room / sizeof **o.room; i++)
        o.room[0][i] = o.room[1][i] = i < MEDIAN_LANES ? INT64_MIN : ABSENT;
    if (values->kind == KIND_REAL)
        return slide_kind(ctx, values, w, &o, which, real, out, true);
    return slide_kind(ctx, values, w, &o, which, real, out, false);
}
