/* torch_random.h - the standard normal numbers of PyTorch's CPU generator, which the public golden numbers of
 * stochastic schedulers were drawn with. MT19937 (Matsumoto, Nishimura 1998); 16 or more numbers come from
 * single-precision uniforms in blocks of 16. */
#ifndef SOLVENT_TORCH_RANDOM_H
#define SOLVENT_TORCH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct torch_random {
    uint32_t state[624];
    size_t at;
};

void torch_random_seed(struct torch_random *r, uint32_t seed);
uint32_t torch_random_word(struct torch_random *r);
/* torch_random_normal fills z[n], n >= 16 and a multiple of 16. */
void torch_random_normal(struct torch_random *r, double *z, size_t n);

#endif
