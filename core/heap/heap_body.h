/* heap_body.h - private to core/heap: the loops of one kernel. heap_kernel.h says what the functions do. Included with
 * TYPE and NAME(x) defined, BEFORE(x, y) of two TYPEs, and GOES_FIRST(x, y, lower): y is not before x where `lower`,
 * else x is before y. */

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

/* wins says whether sequence i goes before sequence j; one that is at its end never does. Without branches for numbers:
 * nothing foretells them. */
static inline bool NAME(wins)(const TYPE *head, const unsigned char *ended, size_t i, size_t j) {
    return (ended[i] ^ 1) & (ended[j] | GOES_FIRST(head[i], head[j], i < j));
}

/* seed plays the first matches, from the leaves k .. 2k - 1 (sequence leaf - k) up: in winners[node] stands the winner
 * of its subtree until the node above has taken it, and in tree[node] its loser. */
static size_t NAME(seed)(struct heap_merge *m, TYPE *head) {
    for (size_t i = 0; i < m->k; i++) {
        m->ended[i] = m->inputs[i]->n == 0;
        if (!m->ended[i])
            head[i] = ((const TYPE *)m->inputs[i]->data)[0];
        else
            head[i] = (TYPE){0};
    }
    for (size_t node = m->k - 1; node > 0; node--) {
        size_t left = 2 * node, right = left + 1;
        size_t i = left >= m->k ? left - m->k : m->winners[left], j = right >= m->k ? right - m->k : m->winners[right];
        bool first = NAME(wins)(head, m->ended, i, j);
        m->winners[node] = first ? i : j;
        m->tree[node] = first ? j : i;
    }
    return m->k > 1 ? m->winners[1] : 0;
}

static void NAME(merge)(const struct ctx *ctx, struct heap_merge *m) {
    TYPE *to = m->to, *head = m->heads;
    unsigned char *ended = m->ended;
    size_t winner = NAME(seed)(m, head), *tree = m->tree, k = m->k;
    for (size_t i = 0; i < m->n; i++) {
        to[i] = head[winner];
        if (m->from)
            m->from[i] = winner;
        size_t next = ++m->next[winner];
        ended[winner] = next == m->inputs[winner]->n;
        if (!ended[winner])
            head[winner] = ((const TYPE *)m->inputs[winner]->data)[next];
        TYPE x = head[winner]; /* of the winner, and whether it is at its end: without a load between two matches */
        unsigned over = ended[winner];
        for (size_t node = (winner + k) / 2; node > 0; node /= 2) {
            size_t other = tree[node];
            TYPE y = head[other];
            unsigned wins = (ended[other] ^ 1u) & (over | (unsigned)GOES_FIRST(y, x, other < winner));
            size_t swap = (other ^ winner) & -(size_t)wins;
            tree[node] = other ^ swap;
            winner ^= swap;
            x = wins ? y : x;
            over &= ~wins;
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
#undef GOES_FIRST
