/* radix_body.h - included by radix.c once for words and once for pairs: ELEM, NAME(x), KEY(e). No guard. */

static void NAME(histograms)(struct sorter *s, const ELEM *a, size_t n, const struct digits *d,
                             uint32_t (*count)[RADIX_SIZE]) {
    for (size_t from = 0; from < n && !sorter_stop(s, HISTOGRAM_BLOCK); from += HISTOGRAM_BLOCK) {
        size_t end = min_size(n, from + HISTOGRAM_BLOCK);
        for (unsigned k = 0; k < d->n; k++) {
            uint32_t *c = count[k];
            unsigned shift = d->shift[k];
            uint64_t mask = ((uint64_t)1 << d->bits[k]) - 1, base = d->base;
            for (size_t i = from; i < end; i++)
                c[(KEY(a[i]) - base) >> shift & mask]++;
        }
    }
}

static void NAME(scatter)(struct sorter *s, const ELEM *a, size_t n, ELEM *to, uint32_t *at, unsigned shift,
                          uint64_t mask, uint64_t base) {
    for (size_t i = 0; i < n;) {
        size_t end = min_size(n, i + SORTER_POLL);
        if (sorter_stop(s, end - i))
            return;
        for (; i < end; i++)
            to[at[(KEY(a[i]) - base) >> shift & mask]++] = a[i];
    }
    s->stats.passes++;
    s->stats.moves += (int64_t)n;
}

ELEM *NAME(radix)(struct sorter *s, ELEM *a, ELEM *scratch, size_t n, const struct digits *d) {
    if (n < 2 || d->n == 0)
        return a;
    struct ctx_mark mark = ctx_mark(s->ctx);
    uint32_t(*count)[RADIX_SIZE] = ctx_zalloc(s->ctx, d->n, sizeof *count);
    if (!count)
        return NULL;
    NAME(histograms)(s, a, n, d, count);
    for (unsigned k = 0; k < d->n && !s->stopped; k++) {
        uint64_t mask_k = ((uint64_t)1 << d->bits[k]) - 1;
        if (count[k][(KEY(a[0]) - d->base) >> d->shift[k] & mask_k] == n)
            continue;
        offsets(count[k], mask_k + 1);
        NAME(scatter)(s, a, n, scratch, count[k], d->shift[k], mask_k, d->base);
        ELEM *sorted = scratch;
        scratch = a;
        a = sorted;
    }
    ctx_rewind(s->ctx, mark);
    return a;
}

#undef ELEM
#undef NAME
#undef KEY
