#include "core/diffusion/project.h"

#include "core/diffusion/eigen.h"

#define NEGLIGIBLE 1e-12

struct project {
    struct denoiser base; /* first: a denoiser pointer is a project pointer */
    struct project_in in;
    const double *inverse; /* [m][d], the transpose of A^+ */
};

static void eval_spread(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                        const double *x, double *out, double *spread, double *scratch) {
    const struct project *p = (const struct project *)(const void *)self;
    size_t d = self->d, m = p->in.m;
    double *miss = scratch, *rest = scratch + PROJECT_MAX_ROWS;
    if (spread)
        p->in.denoiser->eval_spread(p->in.denoiser, at, told, rows, x, out, spread, rest);
    else
        denoiser_eval(p->in.denoiser, at, told, rows, x, out, rest);
    for (size_t r = 0; r < rows; r++) {
        double *row = out + r * d;
        for (size_t i = 0; i < m; i++) {
            miss[i] = p->in.b[i];
            for (size_t j = 0; j < d; j++)
                miss[i] -= p->in.a[i * d + j] * row[j];
        }
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < d; j++)
                row[j] += p->inverse[i * d + j] * miss[i];
    }
}

static void eval(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                 const double *x, double *out, double *scratch) {
    eval_spread(self, at, told, rows, x, out, NULL, scratch);
}

/* inverse = (A A^T)^+ A, from A A^T = Q diag(lambda) Q^T. */
static enum status invert(struct ctx *ctx, const struct project_in *in, size_t d, double *inverse) {
    size_t m = in->m;
    double *gram = ctx_alloc(ctx, m, m * sizeof *gram), *q = ctx_alloc(ctx, m, m * sizeof *q), most = 0;
    if (!gram || !q)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < m; i++)
        for (size_t l = 0; l <= i; l++) {
            double sum = 0;
            for (size_t j = 0; j < d; j++)
                sum += in->a[i * d + j] * in->a[l * d + j];
            gram[i * m + l] = gram[l * m + i] = sum;
        }
    if (!eigen_symmetric(m, gram, q))
        return ctx_fail(ctx, STATUS_INTERNAL, "/measurement/matrix", "The inverse of the measurement was not found.");
    for (size_t e = 0; e < m; e++)
        most = gram[e * m + e] > most ? gram[e * m + e] : most;
    if (most == 0)
        return ctx_fail(ctx, STATUS_INVALID, "/measurement/matrix",
                        "measurement.matrix is zero and measures nothing, want a row that is not zero.");
    for (size_t e = 0; e < m; e++) {
        double lambda = gram[e * m + e];
        for (size_t j = 0; lambda > NEGLIGIBLE * most && j < d; j++) {
            double along = 0; /* column e of Q, times A */
            for (size_t i = 0; i < m; i++)
                along += q[i * m + e] * in->a[i * d + j];
            for (size_t i = 0; i < m; i++)
                inverse[i * d + j] += q[i * m + e] * along / lambda;
        }
    }
    return STATUS_OK;
}

enum status project_make(struct ctx *ctx, const struct project_in *in, const struct denoiser **out) {
    size_t d = in->denoiser->d;
    struct project *p = ctx_zalloc(ctx, 1, sizeof *p);
    double *inverse = ctx_zalloc(ctx, in->m, d * sizeof *inverse);
    if (!p || !inverse)
        return STATUS_NO_MEMORY;
    enum status status = invert(ctx, in, d, inverse);
    if (status != STATUS_OK)
        return status;
    p->in = *in;
    p->inverse = inverse;
    p->base = *in->denoiser;
    p->base.eval = eval;
    p->base.eval_spread = in->denoiser->eval_spread ? eval_spread : NULL;
    p->base.each = NULL; /* the inner one knows nothing of this */
    p->base.gives = 0;
    p->base.scratch += PROJECT_MAX_ROWS;
    p->base.cost += 2 * (double)in->m * (double)d;
    *out = &p->base;
    return STATUS_OK;
}
