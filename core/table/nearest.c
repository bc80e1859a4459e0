#include "core/table/nearest.h"

#include <math.h>

struct search {
    const struct ctx *ctx;
    size_t d, m, k;
    const double *points, *among;
    double *least; /* [n][k] ascending */
    double *out;
};

/* distance ends early where it has passed `enough`. */
static double distance(const double *a, const double *b, size_t d, double enough) {
    double sum = 0;
    for (size_t i = 0; i < d && sum <= enough; i++)
        sum += fabs(a[i] - b[i]);
    return sum;
}

static void insert(double *least, size_t k, double x) {
    size_t i = k - 1;
    for (; i > 0 && least[i - 1] > x; i--)
        least[i] = least[i - 1];
    least[i] = x;
}

static void search_one(void *arg, size_t i) {
    const struct search *s = arg;
    double *least = s->least + i * s->k;
    for (size_t j = 0; j < s->k; j++)
        least[j] = (double)INFINITY;
    if (ctx_stop(s->ctx) != STOP_NONE)
        return;
    for (size_t j = 0; j < s->m; j++) {
        double x = distance(s->points + i * s->d, s->among + j * s->d, s->d, least[s->k - 1]);
        if (x < least[s->k - 1])
            insert(least, s->k, x);
    }
    s->out[i] = least[s->k - 1];
}

enum status nearest_distances(struct ctx *ctx, size_t d, const double *points, size_t n, const double *among, size_t m,
                              size_t k, double *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct search s = {ctx, d, m, k, points, among, ctx_alloc(ctx, n, k * sizeof(double)), out};
    if (!s.least)
        return STATUS_NO_MEMORY;
    parallel_for(ctx, n, search_one, &s);
    ctx_rewind(ctx, mark);
    return ctx_stop(ctx) != STOP_NONE ? ctx_stopped(ctx) : STATUS_OK;
}
