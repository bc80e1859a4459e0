#include "core/table/table_pairs.h"

#include <math.h>

const char *const pair_measure_names[] = {"correlation", "correlation-ratio", "cramers-v", NULL};

/* What is left of a sum of squares by rounding is none. */
static const double NEGLIGIBLE = 1e-28; /* of n numbers and their mean: (1e-14)^2 of each */

static bool is_category(const struct table *t, size_t column) { return t->columns[column].kind == COLUMN_CATEGORICAL; }

/* Two columns, x and y; where one of them has categories, x has. */
struct pair {
    size_t rows;
    const double *x, *y;
    size_t x_categories, y_categories;
};

static bool both(const struct pair *p, size_t r) { return !isnan(p->x[r]) && !isnan(p->y[r]); }

/* -- Numbers -- */

/* sums of what a shift by the mean leaves */
struct moments {
    double n, x, y, xx, yy, xy;
};

static struct moments moments_of(const struct pair *p) {
    struct moments m = {0};
    for (size_t r = 0; r < p->rows; r++)
        if (both(p, r))
            m.n++, m.x += p->x[r], m.y += p->y[r];
    const double x = m.n > 0 ? m.x / m.n : 0, y = m.n > 0 ? m.y / m.n : 0;
    for (size_t r = 0; r < p->rows; r++)
        if (both(p, r)) {
            m.xx += (p->x[r] - x) * (p->x[r] - x);
            m.yy += (p->y[r] - y) * (p->y[r] - y);
            m.xy += (p->x[r] - x) * (p->y[r] - y);
        }
    m.x = x, m.y = y;
    return m;
}

/* varies: a sum of squares is more than rounding of n numbers about a mean. */
static bool varies(double squares, double n, double mean) { return squares > NEGLIGIBLE * n * mean * mean; }

static double clamp(double x, double least) { return x < least ? least : x > 1 ? 1 : x; }

static double correlation(const struct pair *p) {
    const struct moments m = moments_of(p);
    if (!varies(m.xx, m.n, m.x) || !varies(m.yy, m.n, m.y))
        return 0;
    return clamp(m.xy / (sqrt(m.xx) * sqrt(m.yy)), -1);
}

/* occur is how many of the categories there are. */
static size_t occur(const double *counts, size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += counts[i] > 0;
    return k;
}

/* -- Categories and numbers -- */

/* ratio sums the numbers of each category, less their mean; scratch: counts, then sums. */
static double ratio(const struct pair *p, double *scratch) {
    const struct moments m = moments_of(p);
    double *counts = scratch, *sums = scratch + p->x_categories, between = 0;
    for (size_t r = 0; r < p->rows; r++)
        if (both(p, r)) {
            counts[(size_t)p->x[r]]++;
            sums[(size_t)p->x[r]] += p->y[r] - m.y;
        }
    const bool one = occur(counts, p->x_categories) < 2;
    for (size_t k = 0; k < p->x_categories; k++) {
        between += counts[k] > 0 ? sums[k] * sums[k] / counts[k] : 0;
        counts[k] = sums[k] = 0;
    }
    return !one && varies(m.yy, m.n, m.y) ? sqrt(clamp(between / m.yy, 0)) : 0;
}

/* -- Categories -- */

/* cramer: chi^2 / n = sum of n_ij^2 / (n_i n_j) - 1; scratch: n_i, n_j, and all n_ij, of which those that rows have are
 * looked at once each. */
static double cramer(const struct pair *p, double *scratch) {
    double *x = scratch, *y = x + p->x_categories, *cells = y + p->y_categories, sum = 0;
    for (size_t r = 0; r < p->rows; r++)
        if (both(p, r)) {
            x[(size_t)p->x[r]]++;
            y[(size_t)p->y[r]]++;
            cells[(size_t)p->x[r] * p->y_categories + (size_t)p->y[r]]++;
        }
    for (size_t r = 0; r < p->rows; r++)
        if (both(p, r)) {
            double *cell = &cells[(size_t)p->x[r] * p->y_categories + (size_t)p->y[r]];
            sum += *cell * *cell / (x[(size_t)p->x[r]] * y[(size_t)p->y[r]]);
            *cell = 0;
        }
    const size_t n = occur(x, p->x_categories), m = occur(y, p->y_categories), least = n < m ? n : m;
    for (size_t k = 0; k < p->x_categories + p->y_categories; k++)
        scratch[k] = 0;
    return least > 1 ? sqrt(clamp((sum - 1) / (double)(least - 1), 0)) : 0;
}

/* -- Any two -- */

enum pair_measure table_pair_measure(const struct table *t, size_t a, size_t b) {
    return is_category(t, a) && is_category(t, b)   ? PAIR_CRAMER
           : is_category(t, a) || is_category(t, b) ? PAIR_RATIO
                                                    : PAIR_CORRELATION;
}

size_t table_pair_scratch(const struct table *t) {
    size_t most = 0, next = 0; /* the two greatest numbers of categories */
    for (size_t i = 0; i < t->n; i++) {
        const size_t k = t->columns[i].categories;
        next = k > most ? most : k > next ? k : next;
        most = k > most ? k : most;
    }
    return 2 * most + most * next;
}

double table_pair(const struct table *t, size_t a, size_t b, double *scratch) {
    const enum pair_measure measure = table_pair_measure(t, a, b);
    const bool turned = measure == PAIR_RATIO && !is_category(t, a);
    const struct table_column *x = &t->columns[turned ? b : a], *y = &t->columns[turned ? a : b];
    const struct pair p = {t->rows, x->values, y->values, x->categories, y->categories};
    return measure == PAIR_CRAMER ? cramer(&p, scratch) : measure == PAIR_RATIO ? ratio(&p, scratch) : correlation(&p);
}

static enum status all_pairs(struct ctx *ctx, const struct table *real, const struct table *drawn, double *scratch,
                             struct pair_report *out) {
    for (size_t a = 0; a < real->n; a++)
        for (size_t b = a + 1; b < real->n && ctx_stop(ctx) == STOP_NONE; b++)
            *out++ = (struct pair_report){a, b, table_pair_measure(real, a, b), table_pair(real, a, b, scratch),
                                          table_pair(drawn, a, b, scratch)};
    return ctx_stop(ctx) != STOP_NONE ? ctx_stopped(ctx) : STATUS_OK;
}

enum status table_pairs(struct ctx *ctx, const struct table *real, const struct table *drawn,
                        struct pair_report **out) {
    *out = ctx_alloc(ctx, real->n * (real->n - 1) / 2, sizeof **out);
    struct ctx_mark mark = ctx_mark(ctx);
    double *scratch = *out ? ctx_zalloc(ctx, table_pair_scratch(real) + 1, sizeof *scratch) : NULL;
    enum status status = scratch ? all_pairs(ctx, real, drawn, scratch, *out) : STATUS_NO_MEMORY;
    ctx_rewind(ctx, mark);
    return status;
}
