/* Parts with S_c = s_c^2 I: D = sum_c r_c (p_c m_c + q_c x), p_c = sigma^2 / v_c, q_c = alpha s_c^2 / v_c,
 * v_c = alpha^2 s_c^2 + sigma^2. Parts are taken BLOCK at a time with a running maximum (Milakov, Gimelshein 2018), so
 * that memory does not grow with their number. */
#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/mixture_parts.h"

enum { BLOCK = 32, FIELDS = 4 };

/* What a part contributes at one noise level. */
struct part {
    double bias, scale; /* log r_c = bias + scale |x - alpha m_c|^2 + a constant */
    double p, q;
};
_Static_assert(sizeof(struct part) == FIELDS * sizeof(double), "parts lie in an array of doubles");

/* The running sums of eight rows; acc[d][LANES] lies beside. */
struct sums {
    double best[LANES], total[LANES], of_q[LANES];
};

static void prepare(const struct mixture *m, const struct path_point *at, struct part *parts) {
    size_t n = m->alike ? 1 : m->k;
    for (size_t c = 0; c < n; c++) {
        double s2 = m->variance[c], v = at->alpha * at->alpha * s2 + at->sigma * at->sigma;
        parts[c].bias = m->alike ? 0 : m->ln_weight[c] - 0.5 * (double)m->base.d * elementary_log(v);
        parts[c].scale = -0.5 / v;
        parts[c].p = at->sigma * at->sigma / v;
        parts[c].q = at->alpha * s2 / v;
    }
}

/* Two lanes in one register of any 64-bit machine. Four sums that live in registers: as an array they would pass
 * through memory at every j, which takes 2.5 times as long. */
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));

static void distances(size_t d, double alpha, const double *restrict mean, const double *restrict x,
                      double *restrict out) {
    pair sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0};
    for (size_t j = 0; j < d; j++) {
        const pair *xj = (const pair *)(x + j * LANES);
        const double m = alpha * mean[j];
        const pair u0 = xj[0] - m, u1 = xj[1] - m, u2 = xj[2] - m, u3 = xj[3] - m;
        sum0 += u0 * u0;
        sum1 += u1 * u1;
        sum2 += u2 * u2;
        sum3 += u3 * u3;
    }
    pair *to = (pair *)out;
    to[0] = sum0, to[1] = sum1, to[2] = sum2, to[3] = sum3;
}

/* raise moves the sums to a new maximum. False: no lane would notice the block, since exp() of all it has is 0. */
static bool raise(size_t d, struct sums *s, const double top[LANES], double *restrict acc) {
    double shrink[LANES];
    bool heard = false, raised = false;
    if (s->best[0] == -(double)INFINITY) { /* the first block: there is nothing to shrink */
        memcpy(s->best, top, sizeof s->best);
        return true;
    }
    for (int l = 0; l < LANES; l++) {
        heard |= top[l] - s->best[l] > -746;
        raised |= top[l] > s->best[l];
        double best = top[l] > s->best[l] ? top[l] : s->best[l];
        shrink[l] = s->best[l] - best;
        s->best[l] = best;
    }
    if (!raised)
        return heard;
    elementary_exp_n(shrink, LANES);
    for (int l = 0; l < LANES; l++) {
        s->total[l] *= shrink[l];
        s->of_q[l] *= shrink[l];
    }
    for (size_t j = 0; j < d; j++)
        for (int l = 0; l < LANES; l++)
            acc[j * LANES + (size_t)l] *= shrink[l];
    return true;
}

static void add_part(size_t d, const struct part *part, const double *restrict mean, const double *restrict e,
                     struct sums *s, double *restrict acc) {
    double w[LANES], any = 0;
    for (int l = 0; l < LANES; l++) {
        any += e[l];
        s->total[l] += e[l];
        s->of_q[l] += part->q * e[l];
        w[l] = part->p * e[l];
    }
    if (any == 0)
        return;
    for (size_t j = 0; j < d; j++)
        for (int l = 0; l < LANES; l++)
            acc[j * LANES + (size_t)l] += w[l] * mean[j];
}

static void add_block(const struct mixture *m, double alpha, const struct part *parts, size_t first, size_t n,
                      const double *x, struct sums *s, double *acc) {
    size_t d = m->base.d, stride = m->alike ? 0 : 1;
    double logit[BLOCK * LANES], top[LANES];
    for (int l = 0; l < LANES; l++)
        top[l] = -(double)INFINITY;
    for (size_t c = 0; c < n; c++) {
        const struct part *part = &parts[(first + c) * stride];
        double *to = logit + c * LANES;
        distances(d, alpha, m->means + (first + c) * d, x, to);
        for (int l = 0; l < LANES; l++) {
            to[l] = part->bias + part->scale * to[l];
            top[l] = to[l] > top[l] ? to[l] : top[l];
        }
    }
    if (!raise(d, s, top, acc))
        return;
    for (size_t c = 0; c < n; c++)
        for (int l = 0; l < LANES; l++)
            logit[c * LANES + (size_t)l] -= s->best[l];
    elementary_exp_n(logit, n * LANES);
    for (size_t c = 0; c < n; c++)
        add_part(d, &parts[(first + c) * stride], m->means + (first + c) * d, logit + c * LANES, s, acc);
}

static void kernel(const struct mixture *m, const struct path_point *at, const double *prepared, const double *x,
                   double *out, double *scratch) { /* NOLINT(readability-non-const-parameter): as mixture_kernel */
    (void)scratch;
    const struct part *parts = (const struct part *)(const void *)prepared;
    size_t d = m->base.d;
    struct sums s = {{0}, {0}, {0}};
    for (int l = 0; l < LANES; l++)
        s.best[l] = -(double)INFINITY;
    memset(out, 0, d * LANES * sizeof *out);
    for (size_t c = 0; c < m->k; c += BLOCK)
        add_block(m, at->alpha, parts, c, m->k - c < BLOCK ? m->k - c : BLOCK, x, &s, out);
    for (size_t j = 0; j < d; j++)
        for (int l = 0; l < LANES; l++) {
            size_t i = j * LANES + (size_t)l;
            out[i] = (out[i] + s.of_q[l] * x[i]) / s.total[l];
        }
}

size_t mixture_round_scratch(const struct mixture *m) { return (m->alike ? 1 : m->k) * FIELDS + 2 * m->base.d * LANES; }

void mixture_round_eval(const struct denoiser *self, const struct path_point *at, const void *condition, size_t rows,
                        const double *x, double *out, double *scratch) {
    (void)condition;
    const struct mixture *m = (const struct mixture *)(const void *)self;
    size_t n = m->alike ? 1 : m->k;
    prepare(m, at, (struct part *)(void *)scratch);
    mixture_rows(m, at, kernel, scratch, rows, x, out, scratch + n * FIELDS);
}
