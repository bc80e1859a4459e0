#include "core/geometry/box_tree.h"

#include <math.h>

enum status box_tree_begin(struct ctx *ctx, struct box_tree *tree, size_t n) {
    tree->n = n;
    tree->leaves = 1;
    while (tree->leaves < n)
        tree->leaves *= 2;
    tree->boxes = ctx_alloc(ctx, 2 * tree->leaves, sizeof *tree->boxes);
    tree->live = ctx_zalloc(ctx, 2 * tree->leaves, sizeof *tree->live);
    if (!tree->boxes || !tree->live)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < 2 * tree->leaves; i++)
        tree->boxes[i] = (struct box){INFINITY, INFINITY, -INFINITY, -INFINITY};
    return STATUS_OK;
}

void box_tree_finish(struct box_tree *tree) {
    for (size_t k = tree->leaves; k-- > 1;) {
        const struct box *a = &tree->boxes[2 * k], *b = a + 1;
        tree->boxes[k] = (struct box){a->x0 < b->x0 ? a->x0 : b->x0, a->y0 < b->y0 ? a->y0 : b->y0,
                                      a->x1 < b->x1 ? b->x1 : a->x1, a->y1 < b->y1 ? b->y1 : a->y1};
        tree->live[k] = tree->live[2 * k] + tree->live[2 * k + 1];
    }
}

void box_tree_drop(struct box_tree *tree, size_t item) {
    for (size_t k = tree->leaves + item; k > 0; k /= 2)
        tree->live[k]--;
}

static inline bool meet(const struct box *a, const struct box *b) {
    return a->x0 <= b->x1 && b->x0 <= a->x1 && a->y0 <= b->y1 && b->y0 <= a->y1;
}

bool box_tree_find(const struct box_tree *tree, const struct box *box, size_t from,
                   bool (*visit)(void *arg, size_t item), void *arg) {
    size_t stack[128], depth = 0; /* two a level */
    stack[depth++] = 1;
    while (depth > 0) {
        size_t k = stack[--depth], high = k;
        if (tree->live[k] == 0 || !meet(&tree->boxes[k], box))
            continue;
        while (high < tree->leaves)
            high = 2 * high + 1;
        if (high - tree->leaves < from)
            continue;
        if (k >= tree->leaves) {
            if (visit(arg, k - tree->leaves))
                return true;
        } else {
            stack[depth++] = 2 * k + 1;
            stack[depth++] = 2 * k;
        }
    }
    return false;
}
