/* radix_body.h - included by radix.c once for each kind of element: ELEM, NAME(x), KEY(e), MAKE(key, i), PUT;
 * HALVES: they are keys below 2^32. No guard. */

/* insertion sorts a[0 .. n-1]; false, and stops, where it has moved more than `most`. */
static bool NAME(insertion)(struct sorter *s, ELEM *a, size_t n, size_t most) {
    size_t moves = 0;
    for (size_t i = 1; i < n && moves <= most; i++) {
        ELEM x = a[i];
        if (KEY(x) >= KEY(a[i - 1]))
            continue;
        size_t j = i;
        do {
            a[j] = a[j - 1];
            j--;
        } while (j > 0 && KEY(x) < KEY(a[j - 1]));
        a[j] = x;
        moves += i - j + 1;
    }
    s->stats.comparisons += (int64_t)(n - 1 + moves);
    s->stats.moves += (int64_t)moves;
    return moves <= most;
}

/* by_digits sorts by `digits` digits of `width` bits, of which the lowest lies at `shift`, that one first; the result
 * is in what is returned, a or aux. */
static ELEM *NAME(by_digits)(struct sorter *s, ELEM *a, ELEM *aux, size_t n, unsigned shift, unsigned digits,
                             unsigned width) {
    uint32_t count[COUNTERS];
    size_t size = (size_t)1 << width, mask = size - 1;
    memset(count, 0, size * digits * sizeof *count);
    for (unsigned k = 0; k + 1 < digits; k += 2) /* two in one reading */
        for (size_t i = 0; i < n; i++) {
            uint64_t digit = KEY(a[i]) >> (shift + width * k);
            count[size * k + (digit & mask)]++;
            count[size * (k + 1) + (digit >> width & mask)]++;
        }
    for (size_t i = 0; digits % 2 && i < n; i++)
        count[size * (digits - 1) + (KEY(a[i]) >> (shift + width * (digits - 1)) & mask)]++;
    for (unsigned k = 0; k < digits; k++) {
        unsigned down = shift + width * k;
        uint32_t *at = count + size * k;
        if (at[KEY(a[0]) >> down & mask] == n)
            continue;
        offsets(at, size);
        for (size_t i = 0; i < n; i++)
            aux[at[KEY(a[i]) >> down & mask]++] = a[i];
        ELEM *sorted = aux;
        aux = a;
        a = sorted;
        s->stats.passes++;
        s->stats.moves += (int64_t)n;
    }
    return a;
}

/* varying tells the bits in which keys differ. */
static uint64_t NAME(varying)(const ELEM *a, size_t n) {
    uint64_t first = KEY(a[0]), vary = 0;
    for (size_t i = 1; i < n; i++)
        vary |= KEY(a[i]) ^ first;
    return vary;
}

/* all_digits sorts by all bits that vary, but for those of indices: they are in order, and stay so. */
static ELEM *NAME(all_digits)(struct sorter *s, ELEM *a, ELEM *aux, size_t n, unsigned index_bits) {
    uint64_t vary = NAME(varying)(a, n) >> index_bits << index_bits;
    if (vary == 0)
        return a;
    unsigned low = (unsigned)__builtin_ctzll(vary);
    unsigned width = digit_bits(n);
    return NAME(by_digits)(s, a, aux, n, low, digits_of(bits_of(vary) - low, width), width);
}

/* leaf sorts elements whose keys agree in all but the lowest `high` bits (UNKNOWN: look), by as many of these as should
 * tell n keys apart. */
static ELEM *NAME(leaf)(const struct radix *r, struct sorter *s, ELEM *a, ELEM *aux, size_t n, unsigned high) {
    if (HALVES && n >= HALVES_MIN && high <= 2 * HALF_BITS)
        return NAME(by_digits)(s, a, aux, n, 0, 2, (high + 1) / 2);
    unsigned width = digit_bits(n), telling = digits_of(bits_of(n) + SLACK, width);
    bool few = n <= INSERTION_MAX;
    if (!few && high == UNKNOWN)
        high = bits_of(NAME(varying)(a, n));
    if (!few && high <= r->index_bits + width * telling)
        return NAME(all_digits)(s, a, aux, n, r->index_bits);
    ELEM *sorted = few ? a : NAME(by_digits)(s, a, aux, n, high - width * telling, telling, width);
    if (NAME(insertion)(s, sorted, n, few ? SIZE_MAX / 2 : MEND * n))
        return sorted;
    return NAME(all_digits)(s, sorted, sorted == a ? aux : a, n, r->index_bits);
}

/* group sorts a[0 .. n-1], the elements at .. at + n - 1 of the order, and puts them. Their keys agree in all but the
 * lowest `high` bits. */
static void NAME(group)(struct radix *r, struct sorter *s, ELEM *a, ELEM *aux, size_t n, size_t at, unsigned high) {
    if (sorter_stop(s, n))
        return;
    if (n <= LEAF_MAX) {
        PUT(r->sink, NAME(leaf)(r, s, a, aux, n, high), at, n);
        return;
    }
    uint64_t min = KEY(a[0]), max = min;
    for (size_t i = 1; i < n; i++) {
        uint64_t key = KEY(a[i]);
        min = key < min ? key : min;
        max = key > max ? key : max;
    }
    if (min == max) {
        PUT(r->sink, a, at, n);
        return;
    }
    unsigned shift = cut_range(max - min, cut_bits(n)).shift;
    size_t first = min >> shift,
           size = (max >> shift) - first + 1; /* cut where `shift` bits are zero, for the leaves */
    uint32_t end[SPLIT_SIZE + 1] = {0};
    for (size_t i = 0; i < n; i++)
        end[(KEY(a[i]) >> shift) - first]++;
    offsets(end, size);
    for (size_t i = 0; i < n; i++)
        aux[end[(KEY(a[i]) >> shift) - first]++] = a[i];
    s->stats.passes++;
    s->stats.moves += (int64_t)n;
    for (size_t b = 0; b < size; b++) {
        size_t from = b ? end[b - 1] : 0;
        if (end[b] > from)
            NAME(group)(r, s, aux + from, a + from, end[b] - from, at + from, shift);
    }
}

/* first_group sorts group b of the first split. */
static void NAME(first_group)(struct radix *r, struct sorter *s, size_t b, size_t sorter) {
    size_t from = b ? r->end[b - 1] : 0, n = r->end[b] - from, lies = from;
    if (HALVES)
        n /= 2, lies += n, from /= 2;
    size_t at = n > LEAF_MAX ? r->large_at[b] : r->sorters_at + sorter * r->sorter_aux;
    if (n > 0)
        NAME(group)(r, s, (ELEM *)r->a + lies, (ELEM *)(void *)r->aux + at, n, from, r->high);
}

static ALWAYS_INLINE void NAME(scatter)(const struct radix *r, size_t p, enum cutting by, enum coding coding) {
    uint32_t *at = r->count + p * r->cut.size;
    struct cut cut = r->cut;
    uint64_t flip = cut.flip, min = r->sink->min;
    unsigned up = r->index_bits;
    (void)up;
    ELEM *to = r->a;
    for (size_t i = piece_start(r, p), end = piece_start(r, p + 1); i < end; i++) {
        uint64_t key = (number_key(r->values, i, coding) ^ flip) - min;
        to[at[group_of(&cut, r->values, i, by, coding)]++] = MAKE(key, i);
    }
}

static void NAME(scatter_body)(void *arg, size_t p) {
    const struct radix *r = arg;
    FOR_CUT(&r->cut, NAME(scatter), r, p);
}

static enum status NAME(sort)(struct radix *r) {
    r->sort_group = NAME(first_group);
    return split(r, NAME(scatter_body));
}

#undef ELEM
#undef NAME
#undef KEY
#undef MAKE
#undef PUT
#undef HALVES
