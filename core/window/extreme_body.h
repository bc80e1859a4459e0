/* extreme_body.h - the kernels of extreme_table.h for one type and one sense; included once for each.
 *
 *     #define T double
 *     #define NAME(x) x##_max_real
 *     #define BETTER >
 *     #include "core/window/extreme_body.h"
 *
 * FIRST_BEST(a, b), with a before b in the array, keeps a where both are equal. It is associative and overlaps do no
 * harm, so that however a window is put together, the answer is its first extreme element, bit for bit. */

#define FIRST_BEST(a, b) ((b)BETTER(a) ? (b) : (a))

/* join writes FIRST_BEST(a[i], b[i]); the fixed inner loops become vectors. */
static void NAME(join)(T *restrict to, const T *a, const T *b, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            to[i + l] = FIRST_BEST(a[i + l], b[i + l]);
    for (; i < n; i++)
        to[i] = FIRST_BEST(a[i], b[i]);
}

/* eights writes the extreme of x[i .. i+7] for i in 0 .. n-1; reads n + 7 values. */
static void NAME(eights)(T *restrict to, const T *x, size_t n) {
    T twos[TILE + LANES], fours[TILE + LANES];
    for (size_t i = 0; i < n; i += TILE) {
        size_t m = n - i < TILE ? n - i : TILE;
        NAME(join)(twos, x + i, x + i + 1, m + 6);
        NAME(join)(fours, twos, twos + 2, m + 4);
        NAME(join)(to + i, fours, fours + 4, m);
    }
}

/* doubled writes the extremes of n windows of k <= SMALL_K values, at most TILE of them, by doubling. */
static void NAME(doubled)(T *restrict to, const T *x, size_t n, size_t k) {
    T buffers[2][TILE + SMALL_K];
    const T *have = x;
    size_t width = 1;
    for (int turn = 0; width * 2 < k; turn ^= 1, width *= 2) {
        NAME(join)(buffers[turn], have, have + width, n + k - 2 * width);
        have = buffers[turn];
    }
    NAME(join)(to, have, have + (k - width), n);
}

/* pick keeps those of the n values at positions p .. p+n-1 that step divides. */
static void NAME(pick)(T *out, const T *from, size_t p, size_t n, size_t step) {
    for (size_t j = (p + step - 1) / step; j < (p + n + step - 1) / step; j++)
        out[j] = from[j * step - p];
}

/* small does all positions 0 .. n-1 of windows of at most SMALL_K values. */
static enum status NAME(small)(struct ctx *ctx, const T *x, size_t n, size_t k, size_t step, T *out) {
    T tile[TILE];
    for (size_t p = 0; p < n; p += TILE) {
        size_t m = n - p < TILE ? n - p : TILE;
        NAME(doubled)(step == 1 ? out + p : tile, x + p, m, k);
        if (step > 1)
            NAME(pick)(out, tile, p, m, step);
        if (p % POLL == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    return STATUS_OK;
}

/* row is join of LANES values; `to` may be one of the rows. */
static inline void NAME(row)(T *to, const T *a, const T *b) {
    T best[LANES];
    for (size_t l = 0; l < LANES; l++)
        best[l] = FIRST_BEST(a[l], b[l]);
    memcpy(to, best, sizeof best);
}

/* suffixes turns each element of a block (a multiple of LANES) into the extreme of it and every LANES-th after it. */
static void NAME(suffixes)(T *block, size_t n) {
    for (size_t i = n - LANES; i >= LANES; i -= LANES)
        NAME(row)(block + i - LANES, block + i - LANES, block + i);
}

/* first_row does the windows that end before the second row of the next block. */
static void NAME(first_row)(T *out, const T *suffix, const T *next, size_t block, size_t n, size_t rest) {
    for (size_t t = 0; t < n && t < LANES; t++) {
        T end = t + rest < LANES ? suffix[block + t + rest - LANES] : next[t + rest - LANES];
        out[t] = FIRST_BEST(suffix[t], end);
    }
}

/* block_out writes the answers of one block: its suffixes, the prefixes of the next block, and the eight values at the
 * window's end, which overlap them where k is no multiple of LANES. `next` is whole rows. */
static void NAME(block_out)(T *out, const T *suffix, const T *next, size_t block, size_t n, size_t rest) {
    T prefix[TILE + LANES], front[TILE];
    NAME(first_row)(out, suffix, next, block, n, rest);
    memcpy(prefix, next, LANES * sizeof *prefix);
    for (size_t t = LANES; t < n; t += TILE) {
        size_t m = n - t < TILE ? n - t : TILE, i = 0;
        for (; i < m; i += LANES)
            NAME(row)(prefix + LANES + i, prefix + i, next + t - LANES + i);
        NAME(join)(front, suffix + t, prefix + LANES, m);
        NAME(join)(out + t, front, next + t - LANES + rest, m);
        memcpy(prefix, prefix + i, LANES * sizeof *prefix);
    }
}

/* fill makes a block of eights from x on, of which `have` exist; the rest, which no answer needs, repeats the last. */
static void NAME(fill)(T *block, const T *x, size_t size, size_t have) {
    size_t m = have < size ? have : size;
    NAME(eights)(block, x, m);
    for (size_t i = m; m && i < size; i++)
        block[i] = block[m - 1];
}

/* large does all positions 0 .. n-1 of windows of more than SMALL_K values. */
static enum status NAME(large)(struct ctx *ctx, const T *x, size_t n, size_t k, size_t step, T *out) {
    size_t block = k / LANES * LANES, rest = k % LANES, eights = n + k - LANES;
    size_t next_size = n < block ? n : block;
    T *suffix = ctx_alloc(ctx, block, sizeof *suffix), *next = ctx_alloc(ctx, block, sizeof *next), *tile = NULL;
    if (!suffix || !next || (step > 1 && !(tile = ctx_alloc(ctx, next_size, sizeof *tile))))
        return STATUS_NO_MEMORY;
    NAME(fill)(suffix, x, block, eights);
    for (size_t p = 0; p < n; p += block) {
        size_t m = n - p < block ? n - p : block;
        NAME(suffixes)(suffix, block);
        NAME(fill)(next, x + p + block, block, eights > p + block ? eights - p - block : 0);
        NAME(block_out)(step == 1 ? out + p : tile, suffix, next, block, m, rest);
        if (step > 1)
            NAME(pick)(out, tile, p, m, step);
        T *swap = suffix;
        suffix = next, next = swap;
        if (ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    return STATUS_OK;
}

/* ends does the windows that the ends of the array cut: those that begin before it are prefixes of it, those that go on
 * behind it suffixes. *from .. *to-1 are left, which are whole. */
static void NAME(ends)(const T *x, const struct windows *w, T *out, size_t *from, size_t *to) {
    size_t j = 0, end = w->count;
    T best = x[0];
    for (int64_t i = 0; j < end && window_begin(w, j) < 0; j++) {
        for (; i <= window_high(w, j); i++)
            best = FIRST_BEST(best, x[i]);
        out[j] = best;
    }
    best = x[w->n - 1];
    for (int64_t i = w->n - 1; end > j && window_begin(w, end - 1) > w->n - w->k; end--) {
        for (; i >= window_low(w, end - 1); i--)
            best = FIRST_BEST(x[i], best);
        out[end - 1] = best;
    }
    *from = j, *to = end;
}

static enum status NAME(extreme)(struct ctx *ctx, const void *values, const struct windows *w, void *to) {
    const T *x = values;
    T *out = to;
    size_t from, end;
    NAME(ends)(x, w, out, &from, &end);
    if (from == end)
        return STATUS_OK;
    size_t n = (size_t)(window_begin(w, end - 1) - window_begin(w, from)) + 1, k = (size_t)w->k;
    x += window_begin(w, from);
    size_t step = n > 1 ? (size_t)w->step : 1;
    return k <= SMALL_K ? NAME(small)(ctx, x, n, k, step, out + from) : NAME(large)(ctx, x, n, k, step, out + from);
}

#undef FIRST_BEST
#undef T
#undef NAME
#undef BETTER
