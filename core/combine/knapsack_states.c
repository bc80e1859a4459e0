#include "core/combine/knapsack_states.h"

#include <string.h>

typedef knapsack_wide wide;

enum { POLL = 8192 };

static wide floor_div(wide a, wide b) {
    wide q = a / b;
    return q - (a % b < 0);
}

/* usable_room lowers *room to the greatest sum of open items that fits. False: none fits. */
static bool usable_room(const struct knapsack_hope *h, int64_t *room) {
    size_t lo = 0, hi = h->spans; /* spans below lo start within the room, those from hi on beyond it */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (h->span[mid].lo <= *room)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return false;
    if (h->span[lo - 1].hi < *room)
        *room = h->span[lo - 1].hi;
    return true;
}

int64_t knapsack_hope_bound(const struct knapsack_hope *h, const struct knapsack_state *s) {
    int64_t room = h->capacity - s->w;
    if ((h->spans && !usable_room(h, &room)) || (room < 0 && h->left_w == 0))
        return INT64_MIN;
    wide bound =
        s->p + floor_div((wide)room * (room >= 0 ? h->right_p : h->left_p), room >= 0 ? h->right_w : h->left_w);
    const struct knapsack_price *y = &h->price;
    if (y->d) {
        wide priced = s->p + floor_div((wide)y->a * room + (wide)y->e * (y->k - s->count) + h->slack, y->d);
        bound = priced < bound ? priced : bound;
    }
    return bound > INT64_MAX ? INT64_MAX : bound < INT64_MIN ? INT64_MIN : (int64_t)bound;
}

/* -- Merging: the innermost loop. It is compiled for each combination of the two bounds that hard instances add, on a
 * copy of the hope that nothing can alias; that halves its time.
 * */

#define INLINE static inline __attribute__((always_inline))

enum { PRICED = 1, SPANNED = 2 };

/* The two sequences that a merge reads: the list as it is and the list flipped; either is in order of weight. */
struct stream {
    const struct knapsack_state *at;
    int64_t w, p;
    uint64_t bit;
    int32_t count;
};

struct merge {
    struct knapsack_hope hope;
    struct stream lead, lag; /* lead: the lighter one; the other can never overtake it */
    const struct knapsack_state *end;
    struct knapsack_state *out;
    struct knapsack_best *best;
    size_t core;
    size_t spans; /* of hope.span, those that start within the room; states come with ever less room */
    int64_t last; /* the greatest value so far: a later (heavier) state must be worth more */
};

/* has_hope: may a state of this room, value and count become worth more than z? A state that fits can gain at most its
 * room at the best ratio outside; one that is too heavy loses at least its excess at the worst ratio inside. */
INLINE bool has_hope(const struct knapsack_hope *h, int64_t room, int64_t p, int32_t count, int kind) {
    int64_t lack = h->z + 1 - p;
    wide gain = (wide)room * (room >= 0 ? h->right_p : h->left_p),
         wanted = (wide)lack * (room >= 0 ? h->right_w : h->left_w);
    if (gain < wanted)
        return false;
    const struct knapsack_price *y = &h->price;
    return !(kind & PRICED) || (wide)y->a * room + (wide)y->e * (y->k - count) + h->slack >= (wide)y->d * lack;
}

/* within_reach lowers the room to what open items can use of it. */
INLINE bool within_reach(struct merge *m, int64_t *room) {
    while (m->spans > 0 && m->hope.span[m->spans - 1].lo > *room)
        m->spans--;
    if (m->spans == 0)
        return false;
    int64_t most = m->hope.span[m->spans - 1].hi;
    *room = most < *room ? most : *room;
    return true;
}

INLINE void emit(struct merge *m, const struct stream *by, int64_t w, int64_t p, int kind) {
    if (p <= m->last)
        return;
    m->last = p;
    const struct knapsack_state *from = by->at;
    struct knapsack_state made = {w, p, from->flips | by->bit, from->path, from->count + by->count};
    int64_t room = m->hope.capacity - w;
    if (p > m->hope.z && room >= 0) {
        m->hope.z = p;
        *m->best = (struct knapsack_best){true, made, m->core};
    }
    if ((!(kind & SPANNED) || within_reach(m, &room)) && has_hope(&m->hope, room, p, made.count, kind))
        *m->out++ = made;
}

/* merge_some takes at most n states from the streams. */
INLINE void merge_some(struct merge *of, size_t n, int kind) {
    struct merge m = *of;
    while (m.lag.at < m.end && n-- > 0) {
        int64_t lag_w = m.lag.at->w + m.lag.w, lag_p = m.lag.at->p + m.lag.p;
        if (m.lead.at < m.end) {
            int64_t lead_w = m.lead.at->w + m.lead.w, lead_p = m.lead.at->p + m.lead.p;
            if (lead_w < lag_w || (lead_w == lag_w && lead_p >= lag_p)) {
                emit(&m, &m.lead, lead_w, lead_p, kind);
                m.lead.at++;
                continue;
            }
        }
        emit(&m, &m.lag, lag_w, lag_p, kind);
        m.lag.at++;
    }
    *of = m;
}

static void merge_plain(struct merge *m, size_t n) { merge_some(m, n, 0); }
static void merge_priced(struct merge *m, size_t n) { merge_some(m, n, PRICED); }
static void merge_spanned(struct merge *m, size_t n) { merge_some(m, n, SPANNED); }
static void merge_both(struct merge *m, size_t n) { merge_some(m, n, PRICED | SPANNED); }

static struct merge start_merge(const struct knapsack_list *from, const struct knapsack_flip *flip, size_t core,
                                const struct knapsack_hope *hope, struct knapsack_list *to,
                                struct knapsack_best *best) {
    const struct stream plain = {.at = from->state},
                        flipped = {from->state, flip->w, flip->p, flip->bit, flip->w > 0 ? 1 : -1};
    return (struct merge){
        .hope = *hope,
        .lead = flip->w > 0 ? plain : flipped,
        .lag = flip->w > 0 ? flipped : plain,
        .end = from->state + from->n,
        .out = to->state,
        .best = best,
        .core = core,
        .spans = hope->spans,
        .last = INT64_MIN,
    };
}

enum knapsack_merged knapsack_merge(struct ctx *ctx, const struct knapsack_list *from, const struct knapsack_flip *flip,
                                    size_t core, struct knapsack_hope *hope, struct knapsack_list *to,
                                    struct knapsack_best *best) {
    static void (*const merge[])(struct merge *, size_t) = {merge_plain, merge_priced, merge_spanned, merge_both};
    int kind = (hope->price.d ? PRICED : 0) | (hope->spans ? SPANNED : 0);
    struct merge m = start_merge(from, flip, core, hope, to, best);
    while (m.lag.at < m.end) {
        size_t room = to->size - (size_t)(m.out - to->state);
        if (room == 0)
            return KNAPSACK_FULL;
        merge[kind](&m, room < POLL ? room : POLL);
        hope->z = m.hope.z;
        if (from->n > POLL && ctx_stop(ctx) != STOP_NONE)
            return KNAPSACK_STOPPED;
    }
    to->n = (size_t)(m.out - to->state);
    return KNAPSACK_MERGED;
}

/* nth_greatest gives the k-th greatest (from 0) of n values, which it permutes: Hoare's FIND. */
static int64_t nth_greatest(int64_t *v, ptrdiff_t n, ptrdiff_t k) {
    ptrdiff_t lo = 0, hi = n - 1;
    while (lo < hi) {
        int64_t pivot = v[k];
        ptrdiff_t i = lo, j = hi;
        do {
            while (v[i] > pivot)
                i++;
            while (v[j] < pivot)
                j--;
            if (i <= j) {
                int64_t t = v[i];
                v[i++] = v[j];
                v[j--] = t;
            }
        } while (i <= j);
        if (j < k)
            lo = i;
        if (k < i)
            hi = j;
    }
    return v[k];
}

int64_t knapsack_trim(struct knapsack_list *list, size_t keep, const struct knapsack_hope *hope, int64_t *values) {
    for (size_t i = 0; i < list->n; i++)
        values[i] = knapsack_hope_bound(hope, &list->state[i]);
    int64_t least = nth_greatest(values, (ptrdiff_t)list->n, (ptrdiff_t)keep), dropped = INT64_MIN;
    size_t equals = keep, kept = 0; /* equals: how many states whose bound is `least` may stay */
    for (size_t i = 0; i < keep; i++)
        equals -= values[i] > least;
    for (size_t i = 0; i < list->n; i++) {
        int64_t bound = knapsack_hope_bound(hope, &list->state[i]);
        if (bound > least || (bound == least && equals > 0)) {
            equals -= bound == least;
            list->state[kept++] = list->state[i];
        } else {
            dropped = bound > dropped ? bound : dropped;
        }
    }
    list->n = kept;
    return dropped;
}

enum { CHUNK = 1 << 16, CHUNKS = 1 << 12 };

static struct knapsack_node *node(const struct knapsack_history *h, size_t i) {
    return &h->chunk[i / CHUNK][i % CHUNK];
}

static bool reserve(struct ctx *ctx, struct knapsack_history *h, size_t n) {
    if (!h->chunk && !(h->chunk = ctx_zalloc(ctx, CHUNKS, sizeof(struct knapsack_node *))))
        return false;
    for (; h->chunks * CHUNK < n; h->chunks++)
        if (h->chunks == CHUNKS || !(h->chunk[h->chunks] = ctx_alloc(ctx, CHUNK, sizeof(struct knapsack_node))))
            return false;
    if (h->n == 0)
        *node(h, h->n++) = (struct knapsack_node){0};
    return true;
}

/* clear drops the nodes that no state reaches. Parents stand before their children, so one sweep down marks and one up
 * moves. */
static void clear(struct knapsack_history *h, struct knapsack_list *list, struct knapsack_best *best) {
    for (size_t i = 0; i < h->n; i++)
        node(h, i)->mark = i == 0;
    for (size_t i = 0; i < list->n; i++)
        node(h, list->state[i].path)->mark = 1;
    if (best->found)
        node(h, best->state.path)->mark = 1;
    for (size_t i = h->n; i-- > 0;)
        if (node(h, i)->mark)
            node(h, node(h, i)->parent)->mark = 1;
    size_t kept = 0;
    for (size_t i = 0; i < h->n; i++) {
        struct knapsack_node *from = node(h, i);
        if (!from->mark)
            continue;
        struct knapsack_node moved = {from->flips, i ? node(h, from->parent)->mark : 0, 0};
        from->mark = (uint32_t)kept; /* where it went */
        node(h, kept)->flips = moved.flips;
        node(h, kept)->parent = moved.parent;
        kept++;
    }
    for (size_t i = 0; i < list->n; i++)
        list->state[i].path = node(h, list->state[i].path)->mark;
    if (best->found)
        best->state.path = node(h, best->state.path)->mark;
    h->n = h->after_clearing = kept;
}

bool knapsack_history_push(struct ctx *ctx, struct knapsack_history *h, struct knapsack_list *list,
                           struct knapsack_best *best) {
    if (!reserve(ctx, h, 1))
        return false;
    if (h->n > 2 * h->after_clearing + CHUNK)
        clear(h, list, best);
    if (!reserve(ctx, h, h->n + list->n)) {
        clear(h, list, best);
        if (!reserve(ctx, h, h->n + list->n))
            return false;
    }
    for (size_t i = 0; i < list->n; i++) {
        struct knapsack_state *s = &list->state[i];
        *node(h, h->n) = (struct knapsack_node){s->flips, s->path, 0};
        s->path = (uint32_t)h->n++;
        s->flips = 0;
    }
    return true;
}

uint64_t knapsack_history_flips(const struct knapsack_history *h, const struct knapsack_best *best, size_t epoch) {
    size_t last = (best->core - 1) / 64;
    if (epoch == last)
        return best->state.flips;
    uint32_t at = best->state.path;
    for (size_t e = last - 1; e > epoch; e--)
        at = node(h, at)->parent;
    return node(h, at)->flips;
}
