/* noise.h - where a sampler's standard normal numbers come from. */
#ifndef SOLVENT_NOISE_H
#define SOLVENT_NOISE_H

#include "core/base/normal.h"
#include "core/diffusion/plan.h"

struct noise {
    uint64_t seed;
    /* latent draws the first states out[rows][d] of samples first .. first + rows - 1; fill draws what a plan's draw
     * `index` stands for; room is [NOISE_ROOM][rows][d] where the draw is a bridge. Threads: called from several at
     * once. */
    void (*latent)(const struct noise *self, size_t first, size_t rows, size_t d, double *out);
    void (*fill)(const struct noise *self, const struct plan *plan, size_t index, size_t first, size_t rows, size_t d,
                 double *out, double *room);
    normal_rows_function *normal; /* noise_of_seed: the instructions it draws with */
};

enum { NOISE_ROOM = 3 };

/* noise_of_seed is Philox under a seed (normal.h): draw i of a plan has step i of the stream NORMAL_STEP. Bridges are
 * increments of one Brownian path per number, W(0) = 0 and W(1) normal, refined by halves 52 times; the midpoint of node n
 * (the root is 1, the halves of n are 2n and 2n + 1) has step n mod 2^32 of the stream NORMAL_BRIDGE + 2^8 (n / 2^32).
 * About 1 us a number. `isa` is ctx->isa; the numbers do not depend on it. */
struct noise noise_of_seed(enum isa isa, uint64_t seed);

/* Numbers drawn ahead: first the latents, then a plan's draws in order, [1 + draws][count][d] each as torch.randn draws
 * it, in single precision (torch_random.h). Sample i depends on count. */
struct noise_torch {
    struct noise base; /* first: a noise pointer is a noise_torch pointer */
    size_t count;
    float *z;
};

/* noise_of_torch draws it all. Errors: INVALID ("/noise": the plan follows a Brownian path), TOO_LARGE ("/noise"),
 * NO_MEMORY. */
enum status noise_of_torch(struct ctx *ctx, uint64_t seed, const struct plan *plan, size_t count, size_t d,
                           bool latents, struct noise_torch *out) MUST_CHECK;

/* Points that a flow starts from in place of standard normal numbers: sample i from the one that has place i in the order
 * of the seed (epoch_order.h), so that no point comes twice before each has come once. `fill` is that of the seed. */
struct noise_source {
    struct noise base;   /* first: a noise pointer is a noise_source pointer */
    const float *points; /* [n][d], borrowed */
    size_t n;
};

struct noise_source noise_of_source(enum isa isa, uint64_t seed, const float *points, size_t n);

#endif
