/* knapsack_classes.h - Pisinger's classes of knapsack instances, drawn by a generator of our own.
 * Source: Kellerer, Pferschy, Pisinger 2004, section 5.5; Pisinger, "Where are the hard knapsack problems?" (2005). */
#ifndef SOLVENT_KNAPSACK_CLASSES_H
#define SOLVENT_KNAPSACK_CLASSES_H

#include <math.h>
#include <stdbool.h>

#include "bench/measure.h"

enum { SEEDS = 5 }; /* the capacity of seed s is s / (SEEDS + 1) of the whole weight */

struct instance {
    size_t n;
    int64_t capacity, *weight, *value;
};

static uint64_t class_state;

static int64_t draw(int64_t lo, int64_t hi) {
    unsigned __int128 z = measure_random(&class_state);
    return lo + (int64_t)((z * (uint64_t)(hi - lo + 1)) >> 64);
}

static int64_t at_least_1(int64_t x) { return x < 1 ? 1 : x; }

/* One item of each class; r is the range of the coefficients. */
typedef void make_item(int64_t r, int64_t *w, int64_t *p);

static void uncorrelated(int64_t r, int64_t *w, int64_t *p) { *w = draw(1, r), *p = draw(1, r); }
static void weakly(int64_t r, int64_t *w, int64_t *p) {
    *w = draw(1, r), *p = at_least_1(draw(*w - r / 10, *w + r / 10));
}
static void strongly(int64_t r, int64_t *w, int64_t *p) { *w = draw(1, r), *p = *w + r / 10; }
static void inverse(int64_t r, int64_t *w, int64_t *p) { *p = draw(1, r), *w = *p + r / 10; }
static void almost(int64_t r, int64_t *w, int64_t *p) { *w = draw(1, r), *p = *w + r / 10 + draw(-r / 500, r / 500); }
static void subset_sum(int64_t r, int64_t *w, int64_t *p) { *w = *p = draw(1, r); }
static void similar(int64_t r, int64_t *w, int64_t *p) { *w = draw(100000, 100100), *p = draw(1, r); }
static void multiple(int64_t r, int64_t *w, int64_t *p) {
    *w = draw(1, r), *p = *w + (*w % 6 ? 2 * r / 10 : 3 * r / 10);
}
static void ceiling(int64_t r, int64_t *w, int64_t *p) { *w = draw(1, r), *p = 3 * ((*w + 2) / 3); }
static void circle(int64_t r, int64_t *w, int64_t *p) {
    *w = draw(1, r);
    double x = (double)(*w - 2 * r);
    *p = (int64_t)(2.0 / 3 * sqrt(4.0 * (double)r * (double)r - x * x));
}

static const struct class {
    const char *name;
    make_item *item;
    bool spanner; /* items are multiples 1 .. 10 of two items of the class, divided by 10 */
} classes[] = {
    {"uncorrelated", uncorrelated, false},    {"weakly correlated", weakly, false},
    {"strongly correlated", strongly, false}, {"inverse strongly", inverse, false},
    {"almost strongly", almost, false},       {"subset sum", subset_sum, false},
    {"uncorrelated similar", similar, false}, {"spanner(2,10) uncorr.", uncorrelated, true},
    {"spanner(2,10) weakly", weakly, true},   {"spanner(2,10) strongly", strongly, true},
    {"mstr(3R/10,2R/10,6)", multiple, false}, {"pceil(3)", ceiling, false},
    {"circle(2/3)", circle, false},
};

static inline void make_span(const struct class *class, int64_t r, int64_t w[2], int64_t p[2]) {
    for (int i = 0; i < 2; i++) {
        class->item(r, &w[i], &p[i]);
        w[i] = (w[i] + 9) / 10;
        p[i] = (p[i] + 9) / 10;
    }
}

enum { CLASSES_N = sizeof classes / sizeof *classes };

/* The capacity is seed/(SEEDS+1) of the whole weight, as in Pisinger's series. */
static inline void make(struct instance *t, const struct class *class, size_t n, int64_t r, int seed) {
    int64_t w[2], p[2], sum = 0;
    class_state = (uint64_t)(class - classes) * 1000003 + n * 101 + (uint64_t)r * 7 + (uint64_t)seed;
    if (class->spanner)
        make_span(class, r, w, p);
    t->n = n;
    for (size_t i = 0; i < n; i++) {
        if (class->spanner) {
            int64_t kind = draw(0, 1), times = draw(1, 10);
            t->weight[i] = w[kind] * times;
            t->value[i] = p[kind] * times;
        } else {
            class->item(r, &t->weight[i], &t->value[i]);
        }
        sum += t->weight[i];
    }
    t->capacity = sum / (SEEDS + 1) * seed;
}

#endif
