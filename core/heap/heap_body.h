/* heap_body.h - private to core/heap: the loops of one kernel. Included with TYPE, NAME(x) and BEFORE(x, y) (of two
 * TYPEs) defined; heap_kernel.h says what the functions do. */

static bool NAME(before)(const void *x, const void *y) { return BEFORE(*(const TYPE *)x, *(const TYPE *)y); }

static inline void NAME(rise)(TYPE *a, size_t first, size_t at) {
    TYPE x = a[at];
    while (at > first) {
        size_t parent = (at - 1) / 2;
        if (!BEFORE(x, a[parent]))
            break;
        a[at] = a[parent];
        at = parent;
    }
    a[at] = x;
}

static inline void NAME(sink)(TYPE *a, size_t n, size_t at) {
    size_t first = at, parents = n / 2;
    TYPE x = a[at];
    while (at < parents) {
        size_t child = 2 * at + 1;
        if (child + 1 < n)
            child += !BEFORE(a[child], a[child + 1]);
        a[at] = a[child];
        at = child;
    }
    a[at] = x;
    NAME(rise)(a, first, at);
}

static void NAME(up)(void *a, size_t at) { NAME(rise)(a, 0, at); }
static void NAME(down)(void *a, size_t n, size_t at) { NAME(sink)(a, n, at); }

/* sink_level sinks the nodes first .. last, those that have children. */
static void NAME(sink_level)(TYPE *a, size_t n, size_t first, size_t last) {
    size_t end = last + 1 < n / 2 ? last + 1 : n / 2;
    for (size_t i = end; i > first; i--)
        NAME(sink)(a, n, i - 1);
}

/* The subtrees of one level, small enough for a cache, one after the other; then the few nodes above them. */
static void NAME(heapify)(const struct ctx *ctx, void *data, size_t n) {
    TYPE *a = data;
    size_t roots = 1; /* nodes of that level; they are roots - 1 .. 2 * roots - 2 */
    while (roots < n >> SUBTREE_BITS)
        roots *= 2;
    for (size_t r = 2 * roots - 1; r-- > roots - 1;) {
        size_t depth = 0;
        while (((r + 1) << (depth + 1)) - 1 < n / 2)
            depth++;
        for (size_t d = depth + 1; d-- > 0;)
            NAME(sink_level)(a, n, ((r + 1) << d) - 1, ((r + 2) << d) - 2);
        if (ctx_stop(ctx) != STOP_NONE)
            return;
    }
    if (roots > 1)
        NAME(sink_level)(a, n, 0, roots - 2);
}

static size_t NAME(violation)(const void *data, size_t n) {
    const TYPE *a = data;
    for (size_t i = 1; i < n; i++)
        if (BEFORE(a[i], a[(i - 1) / 2]))
            return i;
    return n;
}

static size_t NAME(disorder)(const void *data, size_t n) {
    const TYPE *a = data;
    for (size_t i = 1; i < n; i++)
        if (BEFORE(a[i], a[i - 1]))
            return i;
    return n;
}

/* wins says whether sequence i goes before sequence j; one that is at its end never does. */
static inline bool NAME(wins)(const struct heap_merge *m, size_t i, size_t j) {
    if (m->next[i] == m->inputs[i]->n || m->next[j] == m->inputs[j]->n)
        return m->next[j] == m->inputs[j]->n && (m->next[i] != m->inputs[i]->n || i < j);
    const TYPE *x = (const TYPE *)m->inputs[i]->data + m->next[i], *y = (const TYPE *)m->inputs[j]->data + m->next[j];
    return i < j ? !BEFORE(*y, *x) : BEFORE(*x, *y);
}

/* seed plays the first matches, from the leaves k .. 2k - 1 (sequence leaf - k) up: in w[node] stands the winner of its
 * subtree until the node above has taken it, and in tree[node] its loser. */
static size_t NAME(seed)(struct heap_merge *m, size_t *w) {
    for (size_t node = m->k - 1; node > 0; node--) {
        size_t left = 2 * node, right = left + 1;
        size_t i = left >= m->k ? left - m->k : w[left], j = right >= m->k ? right - m->k : w[right];
        bool first = NAME(wins)(m, i, j);
        w[node] = first ? i : j;
        m->tree[node] = first ? j : i;
    }
    return m->k > 1 ? w[1] : 0;
}

static void NAME(merge)(const struct ctx *ctx, struct heap_merge *m) {
    size_t winner = NAME(seed)(m, m->winners);
    TYPE *to = m->to;
    for (size_t i = 0; i < m->n; i++) {
        to[i] = ((const TYPE *)m->inputs[winner]->data)[m->next[winner]++];
        if (m->from)
            m->from[i] = winner;
        for (size_t node = (winner + m->k) / 2; node > 0; node /= 2)
            if (NAME(wins)(m, m->tree[node], winner)) {
                size_t loser = winner;
                winner = m->tree[node];
                m->tree[node] = loser;
            }
        if (i % POLL == POLL - 1 && ctx_stop(ctx) != STOP_NONE)
            return;
    }
}

#define MEMBER(x) .x = NAME(x)
static const struct heap_kernel NAME(kernel) = {
    sizeof(TYPE),    MEMBER(before),    MEMBER(up),       MEMBER(down),
    MEMBER(heapify), MEMBER(violation), MEMBER(disorder), MEMBER(merge),
};
#undef MEMBER
#undef NAME
#undef TYPE
#undef BEFORE
