/* extreme_body.h - the kernels of extreme_table.h for one type and one sense; included once for each.
 *
 *     #define T double              V is a vector of LANES of them (lanes.h)
 *     #define V vec
 *     #define NAME(x) x##_max_real
 *     #define BETTER >
 *     #define WORST (-INFINITY)     what never wins
 *     #include "core/window/extreme_body.h"
 *
 * FIRST_BEST(a, b), with a before b in the array, keeps a where both are equal. It is associative and overlaps do no
 * harm, so that however a window is put together, the answer is its first extreme element, bit for bit.
 *
 * Long windows. A row is LANES neighbours; E[v] has in lane l the extreme of x[LANES v + l] and the LANES - 1 after it.
 * The window of k = LANES q + rest that begins in row v, lane l is the rows E[v] .. E[v+q-1] in lane l, and the last
 * LANES values again, moved by `rest`. Blocks have B < q rows:
 *
 *     front   of row v: the extreme of E[v] .. E[last row of its block] and of one row more
 *     back    of row w: the extreme of E'[first row of its block] .. E'[w], where E' is E moved by `rest`
 *     between           the extreme of all blocks that lie wholly between the two: one number a block
 *
 * so that a row of answers takes the same few vectors' steps whatever k and whatever the values. w = v + q - 1 is a step
 * ahead of the front and goes from block to block at another row than v: hence two stretches a block. */

#define FIRST_BEST(a, b) ((b)BETTER(a) ? (b) : (a))

static inline V NAME(load)(const T *x) { return *(const V *)x; }
static inline void NAME(store)(T *to, V v) { *(V *)to = v; }

/* join writes the extreme of a window's parts that begin at 0, at[0], ..., at[parts-2] behind each of n places. */
INLINE void NAME(join)(T *restrict to, const T *x, size_t n, size_t parts, const size_t at[3]) {
    size_t i = 0, a = at[0], b = at[1], c = at[2];
    for (; i + LANES <= n; i += LANES) {
        V best = NAME(best)(NAME(load)(x + i), NAME(load)(x + i + a));
        if (parts > 2)
            best = NAME(best)(best, NAME(load)(x + i + b));
        if (parts > 3)
            best = NAME(best)(best, NAME(load)(x + i + c));
        NAME(store)(to + i, best);
    }
    for (; i < n; i++) {
        T best = FIRST_BEST(x[i], x[i + a]);
        if (parts > 2)
            best = FIRST_BEST(best, x[i + b]);
        if (parts > 3)
            best = FIRST_BEST(best, x[i + c]);
        to[i] = best;
    }
}

/* widened writes the extremes of n windows of k <= SMALL_K values, at most TILE of them: windows four times as wide as
 * the ones before, then what k needs. */
static void NAME(widened)(T *restrict to, const T *x, size_t n, size_t k) {
    T buffers[2][TILE + SMALL_K];
    size_t width = 1;
    for (int turn = 0; width * 4 < k; turn ^= 1, width *= 4) {
        NAME(join)(buffers[turn], x, n + k - 4 * width, 4, (size_t[]){width, 2 * width, 3 * width});
        x = buffers[turn];
    }
    if (k <= 2 * width)
        NAME(join)(to, x, n, 2, (size_t[]){k - width, 0, 0});
    else if (k <= 3 * width)
        NAME(join)(to, x, n, 3, (size_t[]){width, k - width, 0});
    else
        NAME(join)(to, x, n, 4, (size_t[]){width, 2 * width, k - width});
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
        NAME(widened)(step == 1 ? out + p : tile, x + p, m, k);
        if (step > 1)
            NAME(pick)(out, tile, p, m, step);
        if (p % POLL == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    return STATUS_OK;
}

/* What is left of a row when the next one comes: its values, and the extremes of two neighbours. */
struct NAME(row) {
    V one, two;
};

/* ending is the extremes of LANES neighbours that end at each lane of x. */
INLINE V NAME(ending)(struct NAME(row) * before, V x) {
    struct NAME(row) row = {.one = x};
    V best = NAME(best)(AFTER(before->one, x, LANES - 1), x);
#if defined(__AVX2__)
    row.two = best;
    best = NAME(best)(AFTER(before->two, best, LANES - 2), best);
#endif
    *before = row;
    return best;
}

/* beginning is the extremes of LANES neighbours that begin at each lane of x; from the last row to the first. */
INLINE V NAME(beginning)(V x, struct NAME(row) * behind) {
    struct NAME(row) row = {.one = x};
    V best = NAME(best)(x, AFTER(x, behind->one, 1));
#if defined(__AVX2__)
    row.two = best;
    best = NAME(best)(best, AFTER(best, behind->two, 2));
#endif
    *behind = row;
    return best;
}

/* front writes the suffixes of `rows` rows and one more; reads rows + 2 of x. */
static void NAME(front)(T *suffix, const T *x, size_t rows) {
    struct NAME(row) behind;
    V last = NAME(load)(x + (rows + 1) * LANES);
    behind = (struct NAME(row)){last, last};
    (void)NAME(beginning)(last, &behind); /* right in the lanes that the next row needs */
    V best = NAME(beginning)(NAME(load)(x + rows * LANES), &behind);
    for (size_t j = rows; j-- > 0;) {
        best = NAME(best)(NAME(beginning)(NAME(load)(x + j * LANES), &behind), best);
        NAME(store)(suffix + j * LANES, best);
    }
}

/* The back: what is left of the row before, and the prefix of the block so far. */
struct NAME(back) {
    struct NAME(row) row;
    V prefix;
};

/* pass goes on by `rows` rows whose last values are x. */
static void NAME(pass)(struct NAME(back) * back, const T *x, size_t rows) {
    for (size_t j = 0; j < rows; j++)
        back->prefix = NAME(best)(back->prefix, NAME(ending)(&back->row, NAME(load)(x + j * LANES)));
}

/* answer is pass, and writes the windows that end there. */
static void NAME(answer)(T *restrict out, const T *suffix, T between, struct NAME(back) *restrict back, const T *x,
                         size_t rows) {
    struct NAME(back) b = *back;
    V middle = (V){0} + between;
    for (size_t j = 0; j < rows; j++) {
        b.prefix = NAME(best)(b.prefix, NAME(ending)(&b.row, NAME(load)(x + j * LANES)));
        V best = NAME(best)(NAME(load)(suffix + j * LANES), middle);
        NAME(store)(out + j * LANES, NAME(best)(best, b.prefix));
    }
    *back = b;
}

/* Whole blocks: the extremes of the last `most` of them, the best first and only what may still become the best. */
struct NAME(blocks) {
    T *best;        /* [most + 1] a ring */
    size_t *number; /* of the block */
    size_t most, first, n;
};

/* close ends a block of the back: its extreme joins those between. */
static void NAME(close)(struct NAME(blocks) * b, size_t number, struct NAME(back) * back) {
    T best = back->prefix[0];
    for (size_t l = 1; l < LANES; l++)
        best = FIRST_BEST(best, back->prefix[l]);
    back->prefix = (V){0} + WORST;
    size_t size = b->most + 1;
    while (b->n > 0 && best BETTER(b->best[(b->first + b->n - 1) % size]))
        b->n--;
    b->best[(b->first + b->n) % size] = best;
    b->number[(b->first + b->n++) % size] = number;
}

/* between is the extreme of the blocks from `number` on. */
static T NAME(between)(struct NAME(blocks) * b, size_t number) {
    for (; b->n > 0 && b->number[b->first] < number; b->n--)
        b->first = (b->first + 1) % (b->most + 1);
    return b->n > 0 ? b->best[b->first] : WORST;
}

/* All positions 0 .. n-1 of windows of more than SMALL_K values. */
struct NAME(long) {
    const T *x;
    size_t n, k, n_values; /* n_values = n + k - 1 */
    size_t rows;           /* of a block */
    size_t ahead, into;    /* the back is so many blocks ahead of the front, and rows into one */
    struct NAME(blocks) blocks;
    struct NAME(back) back;
    T *suffix, *near, *far, *tile; /* rows and two more of each; near and far are ends of x, repeated */
};

/* padded is x[at .. at + size - 1], whose end may lie behind that of the array: then the last value, which no answer
 * there needs, is repeated. */
static const T *NAME(padded)(const struct NAME(long) * w, T *room, size_t at, size_t size) {
    if (at + size <= w->n_values)
        return w->x + at;
    size_t have = w->n_values - at;
    memcpy(room, w->x + at, have * sizeof *room);
    for (size_t i = have; i < size; i++)
        room[i] = room[have - 1];
    return room;
}

/* begin takes the back to where the first window ends: q - 1 rows. */
static void NAME(begin)(struct NAME(long) * w) {
    const T *x = w->x + w->k % LANES;
    V first = NAME(load)(x);
    V one = AFTER(first, first, LANES - 1); /* the row before: what it would have in its first lane is not needed */
    w->back.row = (struct NAME(row)){one, one};
    (void)NAME(ending)(&w->back.row, one);
    w->back.prefix = (V){0} + WORST;
    x += LANES - 1;
    for (size_t b = 0; b < w->ahead; b++) {
        NAME(pass)(&w->back, x + b * w->rows * LANES, w->rows);
        NAME(close)(&w->blocks, b, &w->back);
    }
    NAME(pass)(&w->back, x + w->ahead * w->rows * LANES, w->into);
}

/* block_out writes the `rows` rows of answers that begin in block c. */
static void NAME(block_out)(struct NAME(long) * w, size_t c, T *out, size_t rows) {
    size_t p = c * w->rows * LANES, first = w->rows - w->into < rows ? w->rows - w->into : rows;
    NAME(front)(w->suffix, NAME(padded)(w, w->near, p, (w->rows + 2) * LANES), w->rows);
    const T *x = NAME(padded)(w, w->far, p + w->k - 1, rows * LANES);
    NAME(answer)(out, w->suffix, NAME(between)(&w->blocks, c + 1), &w->back, x, first);
    if (first < w->rows - w->into)
        return;
    NAME(close)(&w->blocks, c + w->ahead, &w->back);
    NAME(answer)
    (out + first * LANES, w->suffix + first * LANES, NAME(between)(&w->blocks, c + 1), &w->back, x + first * LANES,
     rows - first);
}

/* long_make chooses the blocks: q - 1 rows where that is few, so that the back is one block ahead. */
static enum status NAME(long_make)(struct ctx *ctx, struct NAME(long) * w) {
    size_t q = w->k / LANES;
    w->rows = q - 1 < ROWS_MAX ? q - 1 : ROWS_MAX;
    w->ahead = (q - 1) / w->rows;
    w->into = (q - 1) % w->rows;
    size_t size = (w->rows + 2) * LANES;
    w->blocks.most = w->ahead + 1;
    w->blocks.best = ctx_alloc(ctx, w->blocks.most + 1, sizeof *w->blocks.best);
    w->blocks.number = ctx_alloc(ctx, w->blocks.most + 1, sizeof *w->blocks.number);
    w->suffix = ctx_alloc(ctx, 4 * size, sizeof(T));
    if (!w->blocks.best || !w->blocks.number || !w->suffix)
        return STATUS_NO_MEMORY;
    w->near = w->suffix + size, w->far = w->near + size, w->tile = w->far + size;
    return STATUS_OK;
}

static enum status NAME(large)(struct ctx *ctx, const T *x, size_t n, size_t k, size_t step, T *out) {
    struct NAME(long) w = {.x = x, .n = n, .k = k, .n_values = n + k - 1};
    enum status status = NAME(long_make)(ctx, &w);
    if (status != STATUS_OK)
        return status;
    NAME(begin)(&w);
    size_t block = w.rows * LANES;
    for (size_t c = 0, p = 0; p < n; c++, p += block) {
        size_t m = n - p < block ? n - p : block;
        bool direct = step == 1 && m % LANES == 0;
        NAME(block_out)(&w, c, direct ? out + p : w.tile, (m + LANES - 1) / LANES);
        if (step > 1)
            NAME(pick)(out, w.tile, p, m, step);
        else if (!direct)
            memcpy(out + p, w.tile, m * sizeof *out);
        if (c % (POLL / TILE) == 0 && ctx_stop(ctx))
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
#undef V
#undef NAME
#undef BETTER
#undef WORST
