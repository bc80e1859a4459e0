/* box_tree.h - boxes over a row of items, over pairs of neighbours, over pairs of those, and so on: what lies near in
 * the row mostly lies near in the plane.
 *
 * Cost:    O(n) to build; a query visits the nodes whose boxes meet the one asked for.
 * Threads: reentrant; queries change nothing. */
#ifndef SOLVENT_BOX_TREE_H
#define SOLVENT_BOX_TREE_H

#include "core/geometry/point_set.h"

struct box {
    double x0, y0, x1, y1;
};

struct box_tree {
    struct box *boxes; /* node 1 is the root, 2 k and 2 k + 1 are below k, the items are at `leaves` + i */
    uint32_t *live;    /* items below a node that count */
    size_t leaves, n;
};

/* box_tree_begin makes room for n items, none of which count yet. Errors: NO_MEMORY. */
enum status box_tree_begin(struct ctx *ctx, struct box_tree *tree, size_t n) MUST_CHECK;

/* box_tree_finish builds the boxes above those of the items and counts the items with live[leaves + i] = 1. */
void box_tree_finish(struct box_tree *tree);

/* box_tree_drop lets an item count no more. */
void box_tree_drop(struct box_tree *tree, size_t item);

/* box_tree_find gives the items that count, from index `from` on, whose boxes meet `box`, to visit() in order, until
 * it returns true; then so does box_tree_find. */
bool box_tree_find(const struct box_tree *tree, const struct box *box, size_t from,
                   bool (*visit)(void *arg, size_t item), void *arg);

static inline struct box box_of(struct point a, struct point b) {
    return (struct box){a.x < b.x ? a.x : b.x, a.y < b.y ? a.y : b.y, a.x < b.x ? b.x : a.x, a.y < b.y ? b.y : a.y};
}

#endif
