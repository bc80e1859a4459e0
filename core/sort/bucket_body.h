/* bucket_body.h - included by distribute.c once for each kind of element: ELEM, NAME(x), KEY(e). No guard. */

/* place writes the bucket of each element. */
static void NAME(place)(struct sorter *s, const ELEM *a, size_t n, const struct spread *spread, const struct cut *cut,
                        uint16_t *bucket) {
    (void)sorter_stop(s, n);
    if (spread->reals)
        for (size_t i = 0; i < n; i++)
            bucket[i] = (uint16_t)cut_real(cut, KEY(a[i]));
    else
        for (size_t i = 0; i < n; i++)
            bucket[i] = (uint16_t)cut_key(cut, KEY(a[i]));
}

enum status NAME(bucket)(struct sorter *s, ELEM *a, ELEM *scratch, size_t n, const struct spread *spread) {
    struct cut cut = cut_make(spread, n);
    struct ctx_mark mark = ctx_mark(s->ctx);
    uint16_t *bucket = ctx_alloc(s->ctx, n, sizeof *bucket);
    uint32_t *end = ctx_zalloc(s->ctx, cut.buckets, sizeof *end);
    if (!bucket || !end)
        return STATUS_NO_MEMORY;
    NAME(place)(s, a, n, spread, &cut, bucket);
    for (size_t i = 0; i < n; i++)
        end[bucket[i]]++;
    uint32_t sum = 0;
    for (size_t b = 0; b < cut.buckets; b++) {
        uint32_t here = end[b];
        end[b] = sum;
        sum += here;
    }
    for (size_t i = 0; i < n; i++)
        scratch[end[bucket[i]]++] = a[i];
    memcpy(a, scratch, n * sizeof *a);
    s->stats.passes++;
    s->stats.moves += 2 * (int64_t)n;
    for (size_t b = 0, from = 0; b < cut.buckets && !sorter_stop(s, end[b] - from); from = end[b++])
        NAME(quick)(s, a + from, end[b] - from);
    ctx_rewind(s->ctx, mark);
    return STATUS_OK;
}

#undef ELEM
#undef NAME
#undef KEY
