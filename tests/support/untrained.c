#include "tests/support/untrained.h"

#include <math.h>

/* Linear and convolution layers draw weight and bias uniformly within 1 / sqrt(fan_in) (kaiming_uniform_, a = sqrt 5),
 * an embedding draws standard normal numbers, norms draw nothing. */
static float uniform(struct torch_random *r, float bound) {
    return (float)(torch_random_word(r) & 0xFFFFFF) * 0x1p-24f * (2 * bound) - bound;
}

enum status untrained_find(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    struct untrained *u = self;
    (void)ctx;
    float bound = (float)(1 / sqrt((double)p->fan_in));
    if (p->role == PARAMETER_EMBEDDING)
        torch_random_normal(&u->random, to, p->n);
    else
        for (size_t i = 0; i < p->n; i++)
            to[i] = p->role == PARAMETER_ONE ? 1 : p->role == PARAMETER_ZERO ? 0 : uniform(&u->random, bound);
    for (size_t i = 0; i < p->n; i++)
        u->sum += fabs((double)to[i]);
    return STATUS_OK;
}

enum status untrained_load(struct ctx *ctx, struct graph *g, double *sum) {
    struct untrained u = {.sum = 0};
    torch_random_seed(&u.random, 0);
    enum status status = graph_load(ctx, g, untrained_find, &u);
    if (sum)
        *sum = u.sum;
    return status;
}
