/* window_search_body.h - the loops of window_search.c for one type of symbols; included once for each.
 * Define SYMBOL and NAME(x). */

/* first_window finds the first place where a window ends (*right; n: there is none), and the shortest that does. */
static enum status NAME(first_window)(struct ctx *ctx, const struct window_search *in, const SYMBOL *joins,
                                      const SYMBOL *leaves, size_t *start, size_t *right) {
    int32_t *need = in->need;
    int64_t missing = in->wanted;
    size_t at = 0, n = in->n;
    while (at < n && missing > 0) {
        size_t end = n - at > POLL ? at + POLL : n;
        for (; at < end && missing > 0; at++)
            missing -= need[joins[at]]-- > 0;
        if (missing > 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    *right = missing > 0 ? n : at - 1;
    while (missing == 0 && need[leaves[*start]] < 0)
        need[leaves[(*start)++]]++;
    return STATUS_OK;
}

/* slide moves a window of `length` places on, whose last place is *right, until it holds all that is wanted or is at
 * `end`; returns whether it does. *missing counts what it lacks. */
static bool NAME(slide)(const SYMBOL *joins, const SYMBOL *leaves, size_t length, size_t end, size_t *right,
                        int32_t *need, int64_t *missing) {
    size_t at = *right;
    int64_t lacks = *missing;
    while (lacks > 0 && ++at < end) {
        SYMBOL in = joins[at], out = leaves[at - length];
        if (in == out)
            continue; /* as in a run of one symbol, where each count would wait for the one before */
        lacks -= need[in]-- > 0;
        lacks += need[out]++ >= 0;
    }
    *right = at, *missing = lacks;
    return lacks == 0;
}

static enum status NAME(search)(struct ctx *ctx, const struct window_search *in, const SYMBOL *joins,
                                const SYMBOL *leaves, struct window_found *found) {
    int32_t *need = in->need;
    size_t start = 0, right = in->n;
    enum status status = NAME(first_window)(ctx, in, joins, leaves, &start, &right);
    if (status != STATUS_OK || right == in->n)
        return status;
    *found = (struct window_found){.start = start, .length = right - start + 1};
    if (!note_start(ctx, in, found, start))
        return STATUS_NO_MEMORY;
    /* The next window to look at has `length` places and lacks something: shorter by one than the best, or with `all`
     * of the same length. */
    for (;;) {
        int64_t missing = 0;
        size_t length = found->length - !in->all, first = right + 1 - length;
        for (; start < first; start++)
            missing += need[leaves[start]]++ >= 0;
        if (!in->all && found->length <= (size_t)in->wanted)
            return STATUS_OK; /* nothing is shorter */
        if (missing == 0) {   /* with `all`: the window just found; it moves on by one */
            if (++right == in->n)
                return STATUS_OK;
            missing -= need[joins[right]]-- > 0;
            missing += need[leaves[start++]]++ >= 0;
        }
        bool holds = missing == 0;
        while (!holds && right + 1 < in->n) {
            size_t end = in->n - right > POLL ? right + POLL : in->n, before = right;
            holds = NAME(slide)(joins, leaves, length, end, &right, need, &missing);
            right -= !holds; /* it stands at end - 1 */
            start += right - before;
            if (!holds && ctx_stop(ctx))
                return ctx_stopped(ctx);
        }
        if (!holds)
            return STATUS_OK;
        while (need[leaves[start]] < 0)
            need[leaves[start++]]++;
        if (right - start + 1 < found->length)
            found->start = start, found->length = right - start + 1, found->n_starts = 0;
        if (!note_start(ctx, in, found, start))
            return STATUS_NO_MEMORY;
    }
}

#undef SYMBOL
#undef NAME
