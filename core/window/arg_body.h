/* arg_body.h - places of extremes, for one type and one sense; included by sliding_extreme.c once for each, with the
 * macros of extreme_body.h. */

/* arg_suffixes writes, for each i of the block at x[at], the index of the first extreme of x[i .. end-1]. */
static void NAME(arg_suffixes)(const T *x, int64_t at, int64_t end, uint32_t *suffix) {
    int64_t best = end - 1;
    T value = x[best];
    for (int64_t i = end; i-- > at;) {
        if (!(value BETTER x[i]))
            best = i, value = x[i];
        suffix[i - at] = (uint32_t)best;
    }
}

/* arg runs over all places that a window can begin at; block by block, as van Herk has it, with indices. */
static enum status NAME(arg)(struct ctx *ctx, const void *values, const struct windows *w, int64_t *out) {
    const T *x = values;
    uint32_t *suffix = ctx_alloc(ctx, (size_t)w->k, sizeof *suffix);
    if (!suffix)
        return STATUS_NO_MEMORY;
    int64_t prefix = -1, in_block = 0, next = w->start; /* next: the next place to answer */
    T best = x[0];
    for (int64_t at = w->start < 0 ? 1 - w->k : 0; next <= window_begin(w, w->count - 1); at++) {
        int64_t last = at + w->k - 1;
        if (at >= 0 && in_block == w->k)
            in_block = 0;
        if (at >= 0 && in_block == 0) {
            NAME(arg_suffixes)(x, at, last < w->n ? last + 1 : w->n, suffix);
            prefix = -1;
        } else if (last < w->n && (prefix < 0 || x[last] BETTER best)) {
            prefix = last, best = x[last];
        }
        if (at == next) {
            int64_t head = at >= 0 ? suffix[in_block] : prefix;
            out[(at - w->start) / w->step] = prefix >= 0 && best BETTER x[head] ? prefix : head;
            next += w->step;
        }
        in_block += at >= 0;
        if ((at & (POLL - 1)) == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    return STATUS_OK;
}

#undef T
#undef NAME
#undef BETTER
