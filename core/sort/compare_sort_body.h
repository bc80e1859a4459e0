/* compare_sort_body.h - included by compare_sort.c once for each kind of element (and by its test, with an adversary's
 * comparisons): ELEM, NAME(x), LESS(s, &a, &b). No guard, but for what all kinds share. */
#ifndef SOLVENT_COMPARE_SORT_BODY_H
#define SOLVENT_COMPARE_SORT_BODY_H

/* Below this a straight insertion is quicker than another partition; merge sort's runs are at least so long. */
enum { INSERTION = 24, NINTHER = 128, MIN_RUN = 24 };

/* merge_power is the depth of the node that merges the run [start, start + left) with the next `right` elements in the
 * tree that halves [0, n): the leading bits that the two middles, as fractions of n, have in common (Munro and Wild
 * 2018, section 5.3). */
static unsigned merge_power(size_t n, size_t start, size_t left, size_t right) {
    uint64_t l = ((uint64_t)(2 * start + left) << 30) / n, r = ((uint64_t)(2 * start + 2 * left + right) << 30) / n;
    return (unsigned)__builtin_clzll(l ^ r);
}

struct run {
    size_t start, n;
    unsigned power; /* of the merge with the run before it */
};

#endif

/* insertion sorts a[0 .. n-1], of which the first `sorted` >= 1 are in order. */
static void NAME(insertion)(struct sorter *s, ELEM *a, size_t n, size_t sorted) {
    for (size_t i = sorted; i < n; i++) {
        ELEM x = a[i];
        size_t j = i;
        while (j > 0 && LESS(s, &x, &a[j - 1])) {
            a[j] = a[j - 1];
            j--;
        }
        a[j] = x;
        s->stats.comparisons += (int64_t)(i - j) + (j > 0);
        s->stats.moves += (int64_t)(i - j) + (i != j);
    }
}

static inline void NAME(swap)(ELEM *a, ELEM *b) {
    ELEM x = *a;
    *a = *b;
    *b = x;
}

/* sift_down fills the hole at `hole` of a heap of n with x: down along the greater children to a leaf, then up to where
 * x belongs. Most elements belong near a leaf, so this takes half the comparisons of the usual way. */
static void NAME(sift_down)(struct sorter *s, ELEM *a, size_t hole, size_t n, ELEM x) {
    size_t top = hole, child;
    int64_t steps = 0, ups = 0;
    while ((child = 2 * hole + 2) < n) {
        child -= LESS(s, &a[child], &a[child - 1]);
        a[hole] = a[child];
        hole = child;
        steps++;
    }
    s->stats.comparisons += steps;
    if (child == n) {
        a[hole] = a[child - 1];
        hole = child - 1;
        steps++;
    }
    while (hole > top) {
        size_t parent = (hole - 1) / 2;
        ups++;
        if (!LESS(s, &a[parent], &x))
            break;
        a[hole] = a[parent];
        hole = parent;
    }
    a[hole] = x;
    s->stats.comparisons += ups;
    s->stats.moves += steps + ups + 1 - (hole > top);
}

void NAME(heap)(struct sorter *s, ELEM *a, size_t n) {
    for (size_t i = n / 2; i-- > 0 && !sorter_stop(s, 2);)
        NAME(sift_down)(s, a, i, n, a[i]);
    for (size_t last = n; last-- > 1 && !sorter_stop(s, 16);) {
        ELEM x = a[last];
        a[last] = a[0];
        s->stats.moves++;
        NAME(sift_down)(s, a, 0, last, x);
    }
}

/* sort3 puts three elements in order. */
static void NAME(sort3)(struct sorter *s, ELEM *a, ELEM *b, ELEM *c) {
    s->stats.comparisons += 3;
    if (LESS(s, b, a))
        NAME(swap)(a, b);
    if (LESS(s, c, b))
        NAME(swap)(b, c);
    if (LESS(s, b, a))
        NAME(swap)(a, b);
}

/* pivot_to_front moves a likely median to a[0]. */
static void NAME(pivot_to_front)(struct sorter *s, ELEM *a, size_t n) {
    size_t half = n / 2;
    if (n > NINTHER) {
        NAME(sort3)(s, &a[0], &a[half], &a[n - 1]);
        NAME(sort3)(s, &a[1], &a[half - 1], &a[n - 2]);
        NAME(sort3)(s, &a[2], &a[half + 1], &a[n - 3]);
        NAME(sort3)(s, &a[half - 1], &a[half], &a[half + 1]);
        NAME(swap)(&a[0], &a[half]);
    } else {
        NAME(sort3)(s, &a[half], &a[0], &a[n - 1]);
    }
}

/* partition moves what is below the pivot a[0] (or not above it, with `equal`) to the front, the pivot behind that, and
 * returns its place. Lomuto's scheme with one hole and no branch: a[l .. r-2] is not below, a[r-1] is the hole. */
static inline __attribute__((always_inline)) size_t NAME(partition)(struct sorter *s, ELEM *a, size_t n, bool equal) {
    ELEM pivot = a[0], first = a[1];
    size_t l = 1;
    for (size_t r = 2; r < n;) {
        size_t end = min_size(n, r + SORTER_POLL);
        if (sorter_stop(s, end - r))
            break;
        for (; r < end; r++) {
            ELEM x = a[r];
            bool below = equal ? !LESS(s, &pivot, &x) : LESS(s, &x, &pivot);
            a[r - 1] = a[l];
            a[l] = x;
            l += below;
        }
    }
    a[n - 1] = a[l];
    a[l] = first;
    l += equal ? !LESS(s, &pivot, &first) : LESS(s, &first, &pivot);
    a[0] = a[l - 1];
    a[l - 1] = pivot;
    s->stats.comparisons += (int64_t)n - 1;
    s->stats.moves += 2 * (int64_t)n;
    return l - 1;
}

/* disturb breaks up the pattern that made a partition lopsided. */
static void NAME(disturb)(ELEM *a, size_t n) {
    if (n <= INSERTION)
        return;
    NAME(swap)(&a[0], &a[n / 4]);
    NAME(swap)(&a[n - 1], &a[n - n / 4]);
    if (n > NINTHER) {
        NAME(swap)(&a[1], &a[n / 4 + 1]);
        NAME(swap)(&a[2], &a[n / 4 + 2]);
        NAME(swap)(&a[n - 2], &a[n - n / 4 - 1]);
        NAME(swap)(&a[n - 3], &a[n - n / 4 - 2]);
    }
}

/* quick_part sorts a[0 .. n-1]; unless leftmost, a[-1] is not above any of them. `bad` more lopsided partitions are
 * allowed. */
static void NAME(quick_part)(struct sorter *s, ELEM *a, size_t n, unsigned bad, bool leftmost) {
    while (n > INSERTION && !s->stopped) {
        NAME(pivot_to_front)(s, a, n);
        s->stats.comparisons += !leftmost;
        if (!leftmost && !LESS(s, &a[-1], &a[0])) { /* nothing is below this pivot: split off what equals it */
            size_t same = NAME(partition)(s, a, n, true) + 1;
            a += same;
            n -= same;
            continue;
        }
        size_t left = NAME(partition)(s, a, n, false), right = n - left - 1;
        if (left < n / 8 || right < n / 8) {
            if (bad-- == 0) {
                NAME(heap)(s, a, n);
                return;
            }
            NAME(disturb)(a, left);
            NAME(disturb)(a + left + 1, right);
        }
        NAME(quick_part)(s, a, left, bad, leftmost);
        a += left + 1;
        n = right;
        leftmost = false;
    }
    if (n > 1 && !s->stopped)
        NAME(insertion)(s, a, n, 1);
}

void NAME(quick)(struct sorter *s, ELEM *a, size_t n) { NAME(quick_part)(s, a, n, bits_of(n), true); }

/* next_run returns the length of the run that starts a[0 .. n-1], reversed if it was falling, and made up to
 * MIN_RUN. */
static size_t NAME(next_run)(struct sorter *s, ELEM *a, size_t n) {
    if (n < 2)
        return n;
    size_t run = 2;
    if (LESS(s, &a[1], &a[0])) {
        while (run < n && LESS(s, &a[run], &a[run - 1]))
            run++;
        for (size_t i = 0; i < run / 2; i++)
            NAME(swap)(&a[i], &a[run - 1 - i]);
        s->stats.moves += (int64_t)(run / 2) * 2;
    } else {
        while (run < n && !LESS(s, &a[run], &a[run - 1]))
            run++;
    }
    s->stats.comparisons += (int64_t)run - (run == n);
    if (run < MIN_RUN && run < n) {
        size_t longer = min_size(n, MIN_RUN);
        NAME(insertion)(s, a, longer, run);
        run = longer;
    }
    return run;
}

/* bound counts the elements of the sorted a[0 .. n-1] that are below x (or not above it, with `equal`). */
static size_t NAME(bound)(struct sorter *s, const ELEM *a, size_t n, const ELEM *x, bool equal) {
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        s->stats.comparisons++;
        if (equal ? !LESS(s, x, &a[middle]) : LESS(s, &a[middle], x))
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

/* either is second ? b : a, without the branch that a compiler may make of that: it would be mispredicted half of the
 * time. */
static inline const ELEM *NAME(either)(const ELEM *a, const ELEM *b, bool second) {
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
    return (const ELEM *)(x ^ ((x ^ y) & -(uintptr_t)second));
}

/* merge_up merges a[0 .. left-1] with the `right` behind it, from the front: the left ones are set aside in scratch. */
static void NAME(merge_up)(struct sorter *s, ELEM *a, size_t left, size_t right, ELEM *scratch) {
    memcpy(scratch, a, left * sizeof *a);
    const ELEM *l = scratch, *l_end = scratch + left, *r = a + left, *r_end = r + right;
    ELEM *to = a;
    while (l < l_end && r < r_end) {
        bool take_right = LESS(s, r, l);
        *to++ = *NAME(either)(l, r, take_right);
        r += take_right;
        l += !take_right;
    }
    s->stats.comparisons += to - a;
    memcpy(to, l, (size_t)(l_end - l) * sizeof *a);
    s->stats.moves += (int64_t)left + (to - a) + (l_end - l);
}

/* merge_down does so from the back: the right ones are set aside. */
static void NAME(merge_down)(struct sorter *s, ELEM *a, size_t left, size_t right, ELEM *scratch) {
    memcpy(scratch, a + left, right * sizeof *a);
    const ELEM *l = a + left, *r = scratch + right; /* both one behind the next */
    ELEM *to = a + left + right;
    while (l > a && r > scratch) {
        bool take_left = LESS(s, r - 1, l - 1);
        *--to = *NAME(either)(r - 1, l - 1, take_left);
        l -= take_left;
        r -= !take_left;
    }
    int64_t merged = a + left + right - to, rest = r - scratch;
    s->stats.comparisons += merged;
    memcpy(to - rest, scratch, (size_t)rest * sizeof *a);
    s->stats.moves += (int64_t)right + merged + rest;
}

static void NAME(merge_runs)(struct sorter *s, ELEM *a, size_t left, size_t right, ELEM *scratch) {
    if (sorter_stop(s, left + right))
        return;
    size_t skip = NAME(bound)(s, a, left, &a[left], true); /* these stay in front */
    a += skip;
    left -= skip;
    if (left == 0)
        return;
    right = NAME(bound)(s, a + left, right, &a[left - 1], false); /* those behind it stay at the back */
    if (left <= right)
        NAME(merge_up)(s, a, left, right, scratch);
    else
        NAME(merge_down)(s, a, left, right, scratch);
}

void NAME(merge)(struct sorter *s, ELEM *a, size_t n, ELEM *scratch) {
    struct run stack[66]; /* powers rise along it, and are below 64 */
    size_t depth = 0;
    for (size_t start = 0; start < n;) {
        struct run run = {start, NAME(next_run)(s, a + start, n - start), 0};
        if (depth > 0)
            run.power = merge_power(n, stack[depth - 1].start, stack[depth - 1].n, run.n);
        for (; depth > 1 && stack[depth - 1].power >= run.power; depth--) {
            struct run *left = &stack[depth - 2];
            NAME(merge_runs)(s, a + left->start, left->n, left[1].n, scratch);
            left->n += left[1].n;
        }
        stack[depth++] = run;
        start += run.n;
        if (sorter_stop(s, run.n))
            return;
    }
    for (; depth > 1 && !s->stopped; depth--) {
        struct run *left = &stack[depth - 2];
        NAME(merge_runs)(s, a + left->start, left->n, left[1].n, scratch);
        left->n += left[1].n;
    }
}

#undef ELEM
#undef NAME
#undef LESS
