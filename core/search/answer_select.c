/* The k-th from the least, without making the list: the predicate counts how many of it are at most the candidate. */
#include "core/search/answer_problems.h"

#include <math.h>
#include <stdio.h>

enum status table_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t) {
    (void)t;
    if (in->m <= ANSWER_MAX_ROWS || in->n <= ANSWER_MAX_ROWS)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_TOO_LARGE, "/m", "m is %lld and n is %lld; one of them can be at most %lld.",
                    (long long)in->m, (long long)in->n, (long long)ANSWER_MAX_ROWS);
}

/* There are as many runs of rows with one quotient as the root of the candidate, twice. More rows are refused. */
double table_steps(const struct answer_in *in) {
    double m = (double)in->m, columns = (double)in->n, fewer = m < columns ? m : columns;
    double runs = 2 * sqrt(m * columns);
    fewer = fewer <= (double)ANSWER_MAX_ROWS ? fewer : 1;
    return 1 + (fewer < runs ? fewer : runs);
}

/* table_holds: at least k products i * j, i in 1 .. m, j in 1 .. n, are at most x. Runs of i with one quotient are
 * taken together. */
bool table_holds(const struct answer_task *t, int64_t x) {
    int64_t rows = t->in->m < t->in->n ? t->in->m : t->in->n, columns = t->in->m < t->in->n ? t->in->n : t->in->m;
    if (x < 1 || columns < 1 || rows < 1)
        return false;
    wide count = 0;
    for (int64_t i = 1; i <= rows && i <= x;) {
        int64_t quotient = x / i, last = x / quotient;
        if (quotient >= columns)
            quotient = columns, last = x / columns;
        last = last < rows ? last : rows;
        count += (wide)quotient * (last - i + 1);
        i = last + 1;
    }
    return count >= t->in->k;
}

struct answer_bounds table_bounds(const struct answer_task *t) {
    wide high = (wide)t->in->m * t->in->n;
    return (struct answer_bounds){1, high > 1 ? high : 1};
}

/* pairs_hold: at least k pairs of values, in order, differ by at most x. */
bool pairs_hold(const struct answer_task *t, int64_t x) {
    wide pairs = 0;
    for (size_t i = 0, from = 0; i < t->n; i++) {
        while (t->v[i] - t->v[from] > x && from < i)
            from++;
        pairs += i - from;
    }
    return x >= 0 && pairs >= t->in->k;
}

/* missing_holds: at least k of 1 .. x are no values; these are in order. */
bool missing_holds(const struct answer_task *t, int64_t x) {
    int64_t present = 0;
    for (size_t i = 0; i < t->n && t->v[i] <= x; i++)
        present += i == 0 || t->v[i] != t->v[i - 1];
    return x - present >= t->in->k;
}

struct answer_bounds missing_bounds(const struct answer_task *t) {
    return (struct answer_bounds){1, (wide)t->in->k + (wide)t->n};
}

enum status ugly_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t) {
    (void)t;
    if (in->divisors.n <= ANSWER_MAX_DIVISORS)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_TOO_LARGE, "/divisors", "There are %zu divisors, and at most %d can be.",
                    in->divisors.n, ANSWER_MAX_DIVISORS);
}

double ugly_steps(const struct answer_in *in) {
    return in->divisors.n <= ANSWER_MAX_DIVISORS ? (double)(UINT64_C(1) << in->divisors.n) : 1;
}

static int64_t greatest_divisor(int64_t a, int64_t b) {
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* multiples counts those of `of` in 1 .. x that one of v[0 .. n-1] divides too: by the last one that does. */
static int64_t multiples(const int64_t *v, size_t n, int64_t of, int64_t x) {
    int64_t count = 0;
    for (size_t i = 0; i < n; i++) {
        wide both = (wide)of * (v[i] / greatest_divisor(of, v[i]));
        if (both >= 1 && both <= x) /* 0 divides nothing */
            count += x / (int64_t)both - multiples(v, i, (int64_t)both, x);
    }
    return count;
}

bool ugly_holds(const struct answer_task *t, int64_t x) { return x >= 1 && multiples(t->v, t->n, 1, x) >= t->in->n; }

struct answer_bounds ugly_bounds(const struct answer_task *t) {
    return (struct answer_bounds){1, (wide)answer_least(t) * t->in->n};
}

/* products_hold: at least k products v[i] * w[j] are at most x. For one sign of v[i] the place where they pass x moves
 * one way only. */
bool products_hold(const struct answer_task *t, int64_t x) {
    wide count = 0;
    size_t j = 0;
    for (size_t i = 0; i < t->n; i++) {
        wide a = t->v[i];
        bool falls = a < 0; /* then those from j on are at most x, else those before it */
        if (a == 0) {
            count += x >= 0 ? t->n_w : 0;
            continue;
        }
        while (j < t->n_w && (a * t->w[j] <= x) != falls)
            j++;
        while (j > 0 && (a * t->w[j - 1] <= x) == falls)
            j--;
        count += falls ? t->n_w - j : j;
    }
    return count >= t->in->k;
}

/* The least and the greatest product are of ends. Where there are fewer than k, none is past 64 bits: nothing is there
 * to be found. */
struct answer_bounds products_bounds(const struct answer_task *t) {
    struct answer_bounds b;
    for (int end = 0; end < 4; end++) {
        wide product = (wide)t->v[end & 1 ? t->n - 1 : 0] * t->w[end & 2 ? t->n_w - 1 : 0];
        b.low = end == 0 || product < b.low ? product : b.low;
        b.high = end == 0 || product > b.high ? product : b.high;
    }
    if ((wide)t->n * (wide)t->n_w < t->in->k && b.high > INT64_MAX)
        b.high = INT64_MAX;
    return b;
}

static size_t columns_of(const struct answer_in *in) { return in->matrix.shape[1]; }

double matrix_steps(const struct answer_in *in) {
    const struct array *m = &in->matrix;
    return m->kind == KIND_NONE ? 1 : (double)(m->shape[0] + m->shape[1]) + (double)m->n / ANSWER_MAX_EVALUATIONS;
}

enum status matrix_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t) {
    (void)t;
    if (in->matrix.dims != 2)
        return ctx_fail(ctx, STATUS_INVALID, "/matrix", "matrix has %u dimensions, want two.", in->matrix.dims);
    size_t columns = columns_of(in);
    const int64_t *v = in->matrix.ints;
    for (size_t i = 0; i < in->matrix.n; i++) {
        bool left = i % columns > 0 && v[i] < v[i - 1], above = i >= columns && v[i] < v[i - columns];
        if (!left && !above)
            continue;
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/matrix/%zu/%zu", i / columns, i % columns);
        return ctx_fail(ctx, STATUS_INVALID, pointer,
                        "matrix[%zu][%zu] is %lld, and %lld stands %s it; want rows and columns in ascending order.",
                        i / columns, i % columns, (long long)v[i], (long long)v[left ? i - 1 : i - columns],
                        left ? "before" : "above");
    }
    return STATUS_OK;
}

/* matrix_holds: at least k elements are at most x; down the border between them and the others. */
bool matrix_holds(const struct answer_task *t, int64_t x) {
    size_t columns = columns_of(t->in), within = columns;
    wide count = 0;
    for (size_t row = 0; row < t->n; row += columns) {
        while (within > 0 && t->v[row + within - 1] > x)
            within--;
        count += within;
    }
    return count >= t->in->k;
}

struct answer_bounds matrix_bounds(const struct answer_task *t) {
    return (struct answer_bounds){t->v[0], t->v[t->n - 1]};
}

/* fractions_hold: at least k of the fractions v[i] / v[j], i < j, of values in order are at most p / q. */
bool fractions_hold(const struct answer_task *t, int64_t p, int64_t q) {
    wide count = 0;
    for (size_t j = 0, within = 0; j < t->n; j++) {
        wide most = (wide)p * t->v[j];
        while (within < j && (wide)t->v[within] * q <= most)
            within++;
        count += within;
    }
    return count >= t->in->k;
}
