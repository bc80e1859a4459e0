#include "core/combine/knapsack_states.h"

#include <string.h>

typedef knapsack_wide wide;

enum { POLL = 8192 };

/* has_hope: may a state of this room, value and count become worth more than z? A state that fits can gain at most
 * its room at the best ratio outside; one that is too heavy loses at least its excess at the worst ratio inside. */
static inline bool has_hope(const struct knapsack_hope *h, int64_t room, int64_t p, int32_t count) {
    int64_t lack = h->z + 1 - p;
    wide gain = (wide)room * (room >= 0 ? h->right_p : h->left_p),
         wanted = (wide)lack * (room >= 0 ? h->right_w : h->left_w);
    if (gain < wanted)
        return false;
    const struct knapsack_price *y = &h->price;
    return y->d == 0 || (wide)y->a * room + (wide)y->e * (y->k - count) + h->slack >= (wide)y->d * lack;
}

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

/* The two sequences that a merge reads: the list as it is and the list flipped; either is in order of weight. */
struct stream {
    int64_t w, p;
    uint64_t bit;
    int32_t count;
};

struct merge {
    struct knapsack_hope *hope;
    struct knapsack_best *best;
    struct knapsack_state *out;
    size_t n, core;
    size_t spans; /* of hope->span, those that start within the room; states come with ever less room */
    int64_t last; /* the greatest value so far: a later (heavier) state must be worth more */
};

static inline void emit(struct merge *m, const struct knapsack_state *from, const struct stream *by, int64_t w,
                        int64_t p) {
    if (p <= m->last)
        return;
    m->last = p;
    int32_t count = from->count + by->count;
    struct knapsack_state made = {w, p, from->flips | by->bit, from->path, count};
    if (p > m->hope->z && w <= m->hope->capacity) {
        m->hope->z = p;
        *m->best = (struct knapsack_best){true, made, m->core};
    }
    int64_t room = m->hope->capacity - w;
    if (m->hope->spans) {
        while (m->spans > 0 && m->hope->span[m->spans - 1].lo > room)
            m->spans--;
        if (m->spans == 0)
            return;
        if (m->hope->span[m->spans - 1].hi < room)
            room = m->hope->span[m->spans - 1].hi;
    }
    if (has_hope(m->hope, room, p, count))
        m->out[m->n++] = made;
}

enum knapsack_merged knapsack_merge(struct ctx *ctx, const struct knapsack_list *from, const struct knapsack_flip *flip,
                                    size_t core, struct knapsack_hope *hope, struct knapsack_list *to,
                                    struct knapsack_best *best) {
    struct stream flipped = {flip->w, flip->p, flip->bit, flip->w > 0 ? 1 : -1}, plain = {0};
    /* The lighter stream leads: the other can never overtake it, so only one end needs looking at. */
    const struct stream lead = flip->w > 0 ? plain : flipped, lag = flip->w > 0 ? flipped : plain;
    const struct knapsack_state *a = from->state, *end = from->state + from->n, *b = a;
    struct merge m = {hope, best, to->state, 0, core, hope->spans, INT64_MIN};
    unsigned ticks = 0;
    while (b < end) {
        if (++ticks % POLL == 0 && ctx_stop(ctx) != STOP_NONE)
            return KNAPSACK_STOPPED;
        if (m.n == to->size)
            return KNAPSACK_FULL;
        int64_t bw = b->w + lag.w, bp = b->p + lag.p;
        if (a < end) {
            int64_t aw = a->w + lead.w, ap = a->p + lead.p;
            if (aw < bw || (aw == bw && ap >= bp)) {
                emit(&m, a++, &lead, aw, ap);
                continue;
            }
        }
        emit(&m, b++, &lag, bw, bp);
    }
    to->n = m.n;
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
