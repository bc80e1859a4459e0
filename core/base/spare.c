#include "core/base/spare.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096 }; /* at least: less than a page more or less is only kept or not */

void spare_init(struct spare *spare, size_t most) { *spare = (struct spare){.busy = ATOMIC_FLAG_INIT, .most = most}; }

void spare_release(struct spare *spare) {
    for (size_t i = 0; i < spare->n; i++)
        free(spare->block[i].p);
    spare->n = spare->kept = 0;
}

static bool enter(struct spare *spare) {
    return !atomic_flag_test_and_set_explicit(&spare->busy, memory_order_acquire);
}
static void leave(struct spare *spare) { atomic_flag_clear_explicit(&spare->busy, memory_order_release); }

/* lend lets the system have the pages back; what is still there when they are written again is no longer lent. */
static bool lend(void *p, size_t size) {
#ifdef MADV_FREE
    size_t before = (PAGE - (uintptr_t)p % PAGE) % PAGE;
    return size > before && madvise((char *)p + before, (size - before) / PAGE * PAGE, MADV_FREE) == 0;
#else
    return (void)p, (void)size, false;
#endif
}

static struct spare_block remove_at(struct spare *spare, size_t i) {
    struct spare_block block = spare->block[i];
    spare->kept -= block.size;
    spare->n--;
    for (; i < spare->n; i++)
        spare->block[i] = spare->block[i + 1];
    return block;
}

void *spare_take(struct spare *spare, size_t *size) {
    if (!enter(spare))
        return NULL;
    size_t best = spare->n;
    for (size_t i = 0; i < spare->n; i++) {
        size_t here = spare->block[i].size;
        if (here >= *size && here / 4 * 3 <= *size && (best == spare->n || here < spare->block[best].size))
            best = i;
    }
    struct spare_block block = {NULL, *size};
    if (best < spare->n)
        block = remove_at(spare, best);
    leave(spare);
    *size = block.size;
    return block.p;
}

void spare_give(struct spare *spare, void *p, size_t size) {
    struct spare_block out[SPARE_SLOTS + 1];
    size_t n = 0;
    if (size > spare->most || !lend(p, size) || !enter(spare)) {
        free(p);
        return;
    }
    while (spare->n == SPARE_SLOTS || spare->kept > spare->most - size)
        out[n++] = remove_at(spare, 0);
    spare->block[spare->n++] = (struct spare_block){p, size};
    spare->kept += size;
    leave(spare);
    while (n > 0) /* outside, since the system may take its time */
        free(out[--n].p);
}
