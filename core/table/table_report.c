#include "core/table/table_report.h"

#include <math.h>
#include <string.h>

#include "core/sort/sort.h"
#include "core/table/nearest.h"
#include "core/table/table_space.h"
#include "core/table/transport.h"

/* A table as points. */
struct points {
    size_t n, d;
    const double *at; /* [n][d] */
};

/* -- Columns -- */

/* present gives the values that are there, sorted. */
static enum status present(struct ctx *ctx, const struct table *t, size_t column, struct array *out) {
    double *v = ctx_alloc(ctx, t->rows, sizeof *v);
    size_t n = 0;
    if (!v)
        return STATUS_NO_MEMORY;
    for (size_t r = 0; r < t->rows; r++)
        if (!isnan(t->columns[column].values[r]))
            v[n++] = t->columns[column].values[r] + 0.0; /* -0.0 and 0.0 are one value */
    const struct sort_in in = {.values = array_1d(KIND_REAL, v, n)};
    struct sort_out sorted;
    enum status status = sort_solve(ctx, &in, &sorted);
    *out = sorted.values;
    return status;
}

/* each_step walks both sorted lists, value by value, and gives the greatest gap between their distribution functions, or
 * half of the sum of the differences of their shares. */
static double each_step(const struct array *a, const struct array *b, bool categories) {
    double greatest = 0, sum = 0;
    for (size_t i = 0, j = 0; i < a->n || j < b->n;) {
        const size_t i0 = i, j0 = j;
        const double x = j == b->n || (i < a->n && a->reals[i] <= b->reals[j]) ? a->reals[i] : b->reals[j];
        while (i < a->n && a->reals[i] == x)
            i++;
        while (j < b->n && b->reals[j] == x)
            j++;
        const double gap = fabs((double)i / (double)a->n - (double)j / (double)b->n);
        greatest = gap > greatest ? gap : greatest;
        sum += fabs((double)(i - i0) / (double)a->n - (double)(j - j0) / (double)b->n);
    }
    return categories ? sum / 2 : greatest;
}

static enum status report_column(struct ctx *ctx, const struct table_report_in *in, size_t i,
                                 struct column_report *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct array real, drawn;
    enum status status = present(ctx, in->real, i, &real);
    if (status == STATUS_OK)
        status = present(ctx, in->drawn, i, &drawn);
    if (status != STATUS_OK)
        return status;
    out->missing_real = 1 - (double)real.n / (double)in->real->rows;
    out->missing_drawn = 1 - (double)drawn.n / (double)in->drawn->rows;
    if (real.n && drawn.n)
        out->distance = each_step(&real, &drawn, in->real->columns[i].kind == COLUMN_CATEGORICAL);
    else
        out->distance = real.n || drawn.n ? 1 : 0;
    ctx_rewind(ctx, mark);
    return STATUS_OK;
}

static enum status report_columns(struct ctx *ctx, const struct table_report_in *in, struct table_report *out) {
    enum status status = STATUS_OK;
    if (!(out->columns = ctx_alloc(ctx, in->real->n, sizeof *out->columns)))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < in->real->n && status == STATUS_OK; i++)
        status = report_column(ctx, in, i, &out->columns[i]);
    return status;
}

/* -- Pairs of columns -- */

static enum status report_pairs(struct ctx *ctx, const struct table_report_in *in, struct table_report *out) {
    const size_t n = in->real->n;
    if (n < 2 || n > TABLE_PAIRED)
        return STATUS_OK;
    enum status status = table_pairs(ctx, in->real, in->drawn, &out->pairs);
    if (status != STATUS_OK)
        return status;
    out->n_pairs = n * (n - 1) / 2;
    for (size_t i = 0; i < out->n_pairs; i++)
        out->pairs_off += fabs(out->pairs[i].real - out->pairs[i].drawn) / (double)out->n_pairs;
    return STATUS_OK;
}

/* -- Rows -- */

static enum status points_of(struct ctx *ctx, const struct table_space *space, const struct table *t,
                             struct points *out) {
    *out = (struct points){0};
    if (!t)
        return STATUS_OK;
    double *at = ctx_alloc(ctx, t->rows, space->d * sizeof *at);
    if (!at)
        return STATUS_NO_MEMORY;
    table_space_put(space, t, at);
    *out = (struct points){t->rows, space->d, at};
    return STATUS_OK;
}

/* thin takes at most TABLE_REPORT_CARRIED points, at equal steps. */
static enum status thin(struct ctx *ctx, const struct points *p, struct points *out) {
    *out = *p;
    if (p->n <= TABLE_REPORT_CARRIED)
        return STATUS_OK;
    double *at = ctx_alloc(ctx, TABLE_REPORT_CARRIED, p->d * sizeof *at);
    if (!at)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < TABLE_REPORT_CARRIED; i++)
        memcpy(at + i * p->d, p->at + i * p->n / TABLE_REPORT_CARRIED * p->d, p->d * sizeof *at);
    *out = (struct points){TABLE_REPORT_CARRIED, p->d, at};
    return STATUS_OK;
}

static enum status carry(struct ctx *ctx, const struct points *a, const struct points *b, double *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct points from, to;
    enum status status = thin(ctx, a, &from);
    if (status == STATUS_OK)
        status = thin(ctx, b, &to);
    if (status == STATUS_OK)
        status = transport_cost_of(ctx, TRANSPORT_L1, a->d, from.at, from.n, to.at, to.n, out);
    ctx_rewind(ctx, mark);
    return status;
}

static enum status cover(struct ctx *ctx, const struct points *of, const struct points *drawn, size_t k, double *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    double *own = ctx_alloc(ctx, of->n, sizeof *own), *other = ctx_alloc(ctx, of->n, sizeof *other);
    size_t covered = 0;
    enum status status = own && other ? STATUS_OK : STATUS_NO_MEMORY;
    k = k < of->n ? k : of->n - 1; /* 0: of a single row, only itself is near */
    if (status == STATUS_OK)
        status = nearest_distances(ctx, of->d, of->at, of->n, of->at, of->n, k + 1, own); /* itself is the first */
    if (status == STATUS_OK)
        status = nearest_distances(ctx, of->d, of->at, of->n, drawn->at, drawn->n, 1, other);
    for (size_t i = 0; i < of->n && status == STATUS_OK; i++)
        covered += other[i] <= own[i];
    *out = (double)covered / (double)of->n;
    ctx_rewind(ctx, mark);
    return status;
}

static enum status report_rows(struct ctx *ctx, const struct points *of, const struct points *drawn, size_t k,
                               struct rows_report *out) {
    *out = (struct rows_report){0};
    if (!of->n)
        return STATUS_OK;
    enum status status = carry(ctx, drawn, of, &out->wasserstein);
    return status == STATUS_OK ? cover(ctx, of, drawn, k, &out->coverage) : status;
}

static enum status sum_up(struct ctx *ctx, double *distances, size_t n, struct nearness *out) {
    const struct sort_in in = {.values = array_1d(KIND_REAL, distances, n)};
    struct sort_out sorted;
    enum status status = sort_solve(ctx, &in, &sorted);
    if (status != STATUS_OK)
        return status;
    const double *v = sorted.values.reals;
    double sum = 0;
    *out = (struct nearness){.least = v[0], .median = (v[(n - 1) / 2] + v[n / 2]) / 2};
    for (size_t i = 0; i < n; i++) {
        sum += v[i];
        out->copies += v[i] == 0;
    }
    out->mean = sum / (double)n;
    return STATUS_OK;
}

static enum status near_real(struct ctx *ctx, const struct points *p, const struct points *real, struct nearness *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    *out = (struct nearness){0};
    if (!p->n)
        return STATUS_OK;
    double *distances = ctx_alloc(ctx, p->n, sizeof *distances);
    enum status status = distances ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = nearest_distances(ctx, p->d, p->at, p->n, real->at, real->n, 1, distances);
    if (status == STATUS_OK)
        status = sum_up(ctx, distances, p->n, out);
    ctx_rewind(ctx, mark);
    return status;
}

static enum status compare(struct ctx *ctx, const struct table_report_in *in, const struct table_code *code,
                           struct table_report *out) {
    const struct table_space space = table_space_of(code);
    struct points real, drawn, held_out;
    enum status status = points_of(ctx, &space, in->real, &real);
    if (status == STATUS_OK)
        status = points_of(ctx, &space, in->drawn, &drawn);
    if (status == STATUS_OK)
        status = points_of(ctx, &space, in->held_out, &held_out);
    if (status == STATUS_OK)
        status = report_rows(ctx, &real, &drawn, in->neighbours, &out->real);
    if (status == STATUS_OK)
        status = report_rows(ctx, &held_out, &drawn, in->neighbours, &out->held_out);
    if (status == STATUS_OK)
        status = near_real(ctx, &drawn, &real, &out->drawn_to_real);
    return status == STATUS_OK ? near_real(ctx, &held_out, &real, &out->held_out_to_real) : status;
}

static enum status check_rows(struct ctx *ctx, const struct table *t, const char *pointer) {
    if (!t || (t->rows >= 1 && t->rows <= TABLE_REPORT_ROWS_MAX))
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, pointer, "There are %zu rows; want 1 to %d.", t->rows, TABLE_REPORT_ROWS_MAX);
}

enum status table_report_make(struct ctx *ctx, const struct table_report_in *in, struct table_report *out) {
    struct table_code code;
    *out = (struct table_report){0};
    enum status status = check_rows(ctx, in->real, "/real");
    if (status == STATUS_OK)
        status = check_rows(ctx, in->drawn, "/drawn");
    if (status == STATUS_OK)
        status = check_rows(ctx, in->held_out, "/held_out");
    if (status == STATUS_OK)
        status = table_code_fit(ctx, in->real, TABLE_NO_LABEL, false, &code);
    if (status == STATUS_OK)
        status = report_columns(ctx, in, out);
    if (status == STATUS_OK)
        status = report_pairs(ctx, in, out);
    return status == STATUS_OK ? compare(ctx, in, &code, out) : status;
}
