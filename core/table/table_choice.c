#include "core/table/table_choice.h"

#include <math.h>

bool table_choice_made(const struct table_code *code, size_t column) {
    const struct column_code *c = &code->columns[column];
    return column != code->label && (c->kind == COLUMN_CATEGORICAL || c->gaps);
}

bool table_choice_open(const struct table_code *code, size_t column, const double *given) {
    const struct column_code *c = &code->columns[column];
    return table_choice_made(code, column) && isnan(given[c->kind == COLUMN_CATEGORICAL ? c->first : column_gap(c)]);
}

uint32_t table_choices(const struct table_code *code, uint32_t *choices) {
    uint32_t n = 0;
    for (size_t i = 0; i < code->n; i++) {
        const struct column_code *c = &code->columns[i];
        const bool chosen = n < TABLE_CHOICES_MAX && table_choice_made(code, i);
        for (size_t k = c->first; k < c->first + c->width; k++)
            choices[k] = chosen && (c->kind == COLUMN_CATEGORICAL || k == column_gap(c)) ? n : TABLE_NEVER;
        n += chosen;
    }
    return n;
}

/* sum_above is what is left of the chances where t is taken from each. */
static double sum_above(const double *p, size_t n, double t) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += p[i] > t ? p[i] - t : 0;
    return sum;
}

/* taken_from finds t with sum_above 1, by Newton's method from below: the sum is convex in t, so that no step goes too
 * far, and each but the last leaves out at least one more. */
static double taken_from(const double *p, size_t n) {
    double all = 0;
    for (size_t i = 0; i < n; i++)
        all += p[i];
    double t = (all - 1) / (double)n;
    for (size_t step = 0; step < n; step++) {
        const double sum = sum_above(p, n, t);
        size_t left = 0;
        for (size_t i = 0; i < n; i++)
            left += p[i] > t;
        const double next = left ? t + (sum - 1) / (double)left : t;
        if (!(next > t))
            break;
        t = next;
    }
    return t;
}

void table_chances(size_t n, double *p) {
    const double t = taken_from(p, n);
    for (size_t i = 0; i < n; i++)
        p[i] = p[i] > t ? p[i] - t : 0;
}

/* drawn is the first whose chance reaches u; the last with a chance where rounding leaves none. */
static size_t drawn(const double *p, size_t n, double u) {
    size_t last = 0;
    for (size_t k = 0; k < n; k++) {
        if (p[k] > 0)
            last = k;
        if (p[k] > 0 && (u -= p[k]) < 0)
            return k;
    }
    return last;
}

static double chance(double feature) { return (feature + 1) / 2; }

static void choose_category(const struct table_code *code, size_t column, const double *D, double u, double *given) {
    const struct column_code *c = &code->columns[column];
    double p[TABLE_CATEGORIES_MAX + 1];
    const bool there = c->gaps && !isnan(given[column_gap(c)]);
    const size_t n = c->width - (there ? 1 : 0);
    for (size_t k = 0; k < n; k++)
        p[k] = chance(D[c->first + k]);
    table_chances(n, p);
    const size_t k = drawn(p, n, u);
    table_give(code, column, k < c->categories ? (double)k : (double)NAN, given);
}

void table_choose(const struct table_code *code, size_t column, const double *D, double u, double *given) {
    const struct column_code *c = &code->columns[column];
    if (c->kind == COLUMN_CATEGORICAL)
        choose_category(code, column, D, u, given);
    else
        given[column_gap(c)] = u < chance(D[column_gap(c)]) ? 1 : -1;
}
