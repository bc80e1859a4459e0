#include "core/diffusion/mixture_screen.h"

#include <math.h>

enum { STEPS = 127 }; /* of means, either side of the centre */

#define LEAST_STEP 1e-290 /* below, all means count as one */
#define ROUNDER 0x1.8p52  /* adding it to a small number rounds that to a whole one */

static double greater(double a, double b) { return a > b ? a : b; } /* fmax is a call */

static double *centre_of(struct ctx *ctx, const double *means, size_t k, size_t d) {
    double *centre = ctx_zalloc(ctx, d, sizeof *centre);
    for (size_t c = 0; centre && c < k; c++)
        for (size_t j = 0; j < d; j++)
            centre[j] += means[c * d + j];
    for (size_t j = 0; centre && j < d; j++)
        centre[j] /= (double)k;
    return centre;
}

static double step_of(const double *means, const double *centre, size_t k, size_t d) {
    double most = 0;
    for (size_t c = 0; c < k; c++)
        for (size_t j = 0; j < d; j++)
            most = greater(fabs(means[c * d + j] - centre[j]), most);
    return most / STEPS;
}

/* pack writes part c's steps, `to` its first pair; *rest2 and *reach2 are what the bound needs, the result is norm2. */
static double pack(const struct mixture_screen *s, const double *mean, size_t d, int8_t *to, double *rest2,
                   double *reach2) {
    const double inverse = s->step > LEAST_STEP ? 1 / s->step : 0; /* |u inverse| < STEPS + 1/2 */
    double norm2 = 0;
    *rest2 = *reach2 = 0;
    for (size_t j = 0; j < d; j++) {
        double u = mean[j] - s->centre[j], q = (u * inverse + ROUNDER) - ROUNDER, rest = u - s->step * q;
        to[j / 2 * 2 * SCREEN_PARTS + j % 2] = (int8_t)q;
        norm2 += u * u;
        *rest2 += rest * rest;
        *reach2 += s->step * q * (s->step * q);
    }
    return norm2;
}

static void pack_all(struct mixture_screen *s, const double *means, size_t k, size_t d, int8_t *q, double *norm2) {
    double rest2, reach2, most_rest2 = 0, most_reach2 = 0;
    for (size_t c = 0; c < k; c++) {
        int8_t *to = q + (c / SCREEN_PARTS * s->pairs * SCREEN_PARTS + c % SCREEN_PARTS) * 2;
        norm2[c] = pack(s, means + c * d, d, to, &rest2, &reach2);
        s->most2 = greater(s->most2, norm2[c]);
        most_rest2 = greater(most_rest2, rest2);
        most_reach2 = greater(most_reach2, reach2);
    }
    s->rest = sqrt(most_rest2);
    s->reach = sqrt(most_reach2);
}

enum status mixture_screen_make(struct ctx *ctx, const double *means, size_t k, size_t d,
                                const struct mixture_screen **out) {
    const size_t parts = mixture_screen_parts(k), pairs = (d + 1) / 2;
    struct mixture_screen *s = ctx_zalloc(ctx, 1, sizeof *s);
    int8_t *q = ctx_zalloc(ctx, parts, pairs * 2);
    double *norm2 = ctx_zalloc(ctx, parts, sizeof *norm2), *centre = centre_of(ctx, means, k, d);
    if (!s || !q || !norm2 || !centre)
        return STATUS_NO_MEMORY;
    *s = (struct mixture_screen){.pairs = pairs, .q = q, .centre = centre, .norm2 = norm2};
    s->step = step_of(means, centre, k, d);
    s->most = fmin(INT16_MAX, floor((double)INT32_MAX / ((double)STEPS * 2 * (double)pairs)));
    s->kept = k / 16 < SCREEN_NEAR / 2 ? k / 16 * 2 : SCREEN_NEAR;
    pack_all(s, means, k, d, q, norm2);
    *out = s;
    return STATUS_OK;
}
