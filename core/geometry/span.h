/* span.h - segments as a sweep line meets them, ordered from below in a line_order whose items are their numbers. Signs
 * are exact. Threads: reentrant. */
#ifndef SOLVENT_SPAN_H
#define SOLVENT_SPAN_H

#include "core/geometry/line_order.h"
#include "core/geometry/point_set.h"

/* A segment from its lesser end (by x, then y) to the greater one, and the event of that. */
struct span {
    double at[4];
    uint32_t end, node; /* node: its place in the line_order, while it is there */
};

/* span_side is 1 where p lies above the span, 0 where on it. */
static inline int span_side(const struct span *s, const struct point *p) {
    const double at[] = {p->x, p->y};
    return orient2d(s->at, s->at + 2, at);
}

/* span_find is the lowest node that does not lie below p; 0: none. */
static inline uint32_t span_find(const struct line_order *line, const struct span *span, const struct point *p) {
    uint32_t found = 0;
    for (uint32_t node = line->root; node;) {
        bool below = span_side(&span[line->node[node].item], p) > 0;
        if (!below)
            found = node;
        node = below ? line->node[node].right : line->node[node].left;
    }
    return found;
}

/* span_lowest is what span_find gives for the greater end of a span that is there: down from it, without a search. */
static inline uint32_t span_lowest(const struct line_order *line, const struct span *span, uint32_t item,
                                   const struct point *p) {
    uint32_t node = span[item].node;
    for (uint32_t down; (down = line->node[node].prev) != 0 && span_side(&span[line->node[down].item], p) == 0;)
        node = down;
    return node;
}

/* span_put adds a span to those that go on from p: `on`, of n, ordered by direction, those on one line by number. */
static inline void span_put(const struct span *span, const struct point *p, uint32_t *on, size_t n, uint32_t item) {
    const double at[] = {p->x, p->y};
    size_t k = n;
    for (; k > 0; k--) {
        int turn = orient2d(at, span[on[k - 1]].at + 2, span[item].at + 2);
        if (turn > 0 || (turn == 0 && on[k - 1] < item))
            break;
        on[k] = on[k - 1];
    }
    on[k] = item;
}

#endif
