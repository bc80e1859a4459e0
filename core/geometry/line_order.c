#include "core/geometry/line_order.h"

enum status line_order_begin(struct ctx *ctx, struct line_order *order, size_t n, uint64_t seed) {
    *order = (struct line_order){.node = ctx_alloc(ctx, n + 1, sizeof *order->node), .seed = seed};
    if (!order->node)
        return STATUS_NO_MEMORY;
    order->node[0] = (struct line_node){0};
    return STATUS_OK;
}

/* priority_of: the finisher of Murmur hashing, by A. Appleby. */
static uint32_t priority_of(uint64_t x) {
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (uint32_t)(x >> 32);
}

static uint32_t take_node(struct line_order *o) {
    uint32_t at = o->spare;
    if (at)
        o->spare = o->node[at].next;
    else
        at = ++o->used;
    return at;
}

/* hang puts node `at` in the place of `old` below `up`. */
static void hang(struct line_order *o, uint32_t up, uint32_t old, uint32_t at) {
    if (!up)
        o->root = at;
    else if (o->node[up].left == old)
        o->node[up].left = at;
    else
        o->node[up].right = at;
    if (at)
        o->node[at].up = up;
}

/* lift turns a node and the one above it, so that they change places. */
static void lift(struct line_order *o, uint32_t at) {
    struct line_node *n = o->node;
    uint32_t up = n[at].up;
    hang(o, n[up].up, up, at);
    if (n[up].left == at) {
        n[up].left = n[at].right;
        n[n[at].right].up = up; /* node 0 may be written, nobody reads it */
        n[at].right = up;
    } else {
        n[up].right = n[at].left;
        n[n[at].left].up = up;
        n[at].left = up;
    }
    n[up].up = at;
}

uint32_t line_order_insert(struct line_order *o, uint32_t prev, uint32_t item) {
    struct line_node *n = o->node;
    uint32_t at = take_node(o), next = prev ? n[prev].next : o->first;
    n[at] = (struct line_node){.prev = prev, .next = next, .item = item, .priority = priority_of(o->seed + at)};
    *(prev ? &n[prev].next : &o->first) = at;
    *(next ? &n[next].prev : &o->last) = at;
    if (prev && !n[prev].right)
        n[prev].right = at, n[at].up = prev;
    else if (next) /* it has nothing to its left: that would lie between */
        n[next].left = at, n[at].up = next;
    else
        o->root = at;
    while (n[at].up && n[n[at].up].priority < n[at].priority)
        lift(o, at);
    return at;
}

void line_order_remove(struct line_order *o, uint32_t at) {
    struct line_node *n = o->node;
    while (n[at].left && n[at].right)
        lift(o, n[n[at].left].priority < n[n[at].right].priority ? n[at].right : n[at].left);
    hang(o, n[at].up, at, n[at].left ? n[at].left : n[at].right);
    *(n[at].prev ? &n[n[at].prev].next : &o->first) = n[at].next;
    *(n[at].next ? &n[n[at].next].prev : &o->last) = n[at].prev;
    n[at].next = o->spare;
    o->spare = at;
}
