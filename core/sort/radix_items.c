#include "core/sort/compare_sort.h"
#include "core/sort/radix.h"

/* Smaller groups are sorted by comparisons: a pass over 256 counters would cost more. */
enum { GROUP_MIN = 96 };

struct group {
    struct item *a, *scratch;
    size_t n;
    size_t depth;  /* of the prefixes */
    unsigned byte; /* 0 .. 8: bytes of the prefixes that are equal in the whole group */
};

/* ended is the word of a string that has no byte left. */
static uint64_t ended(const struct sorter *s) { return s->reverse ? ~(uint64_t)0 : 0; }

static void compare_group(struct sorter *s, const struct group *g) {
    size_t depth = s->depth;
    s->depth = g->depth;
    quick_items(s, g->a, g->n);
    s->depth = depth;
}

/* find_byte moves g->byte to the first byte in which the group differs, reading on in the strings as needed; false: all
 * are equal. */
static bool find_byte(struct sorter *s, struct group *g) {
    for (;;) {
        uint64_t first = g->a[0].prefix, differ = 0;
        for (size_t i = 1; i < g->n; i++)
            differ |= g->a[i].prefix ^ first;
        if (sorter_stop(s, g->n))
            return false;
        if (differ) {
            g->byte = (unsigned)__builtin_clzll(differ) / 8;
            return true;
        }
        if (((first ^ ended(s)) & 255) == 0) /* a byte behind the end: all end here (no string has a U+0000) */
            return false;
        g->depth += 8;
        for (size_t i = 0; i < g->n; i++)
            g->a[i].prefix = item_word(g->a[i].s, g->depth) ^ ended(s);
    }
}

/* distribute sorts the group by its byte, stably; start[c] .. start[c + 1] gets where byte c lies. */
static void distribute(struct sorter *s, const struct group *g, uint32_t start[257]) {
    unsigned shift = 56 - 8 * g->byte;
    uint32_t at[256] = {0};
    for (size_t i = 0; i < g->n; i++)
        at[g->a[i].prefix >> shift & 255]++;
    uint32_t sum = 0;
    for (size_t c = 0; c < 256; c++) {
        uint32_t here = at[c];
        at[c] = start[c] = sum;
        sum += here;
    }
    start[256] = sum;
    for (size_t i = 0; i < g->n; i++)
        g->scratch[at[g->a[i].prefix >> shift & 255]++] = g->a[i];
    memcpy(g->a, g->scratch, g->n * sizeof *g->a);
    s->stats.passes++;
    s->stats.moves += 2 * (int64_t)g->n;
}

static struct group subgroup(const struct group *g, const uint32_t *start, size_t c) {
    return (struct group){g->a + start[c], g->scratch, start[c + 1] - start[c], g->depth, g->byte + 1};
}

static void sort_group(struct sorter *s, struct group g) {
    while (g.n > 1 && !s->stopped) {
        if (g.n < GROUP_MIN) {
            compare_group(s, &g);
            return;
        }
        if (!find_byte(s, &g))
            return;
        uint32_t start[257];
        distribute(s, &g, start);
        size_t largest = 0;
        for (size_t c = 1; c < 256; c++)
            if (start[c + 1] - start[c] > start[largest + 1] - start[largest])
                largest = c;
        /* The largest comes last, without recursion: so the stack is at most log2 n deep. */
        for (size_t c = 0; c < 256; c++)
            if (c != largest && start[c + 1] - start[c] > 1)
                sort_group(s, subgroup(&g, start, c));
        g = subgroup(&g, start, largest);
    }
}

void radix_items(struct sorter *s, struct item *a, size_t n, struct item *scratch) {
    sort_group(s, (struct group){a, scratch, n, s->depth, 0});
}
