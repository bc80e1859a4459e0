/* torch_random.h - the numbers of PyTorch's CPU generator (MT19937: Matsumoto, Nishimura 1998), so that samples drawn with
 * it can be had again. torch.randn(n) of 16 numbers and more is Box and Muller's method over single-precision uniforms in
 * blocks of 16, where a rest draws the last 16 once more; of fewer it is in double precision, cosine first and the sine
 * kept for the next call. Logarithm and cosine are correctly rounded far more often than PyTorch's: the last bit of a
 * number may differ. Nothing here is prefix-stable. Cost: about 20 ns a number. */
#ifndef SOLVENT_TORCH_RANDOM_H
#define SOLVENT_TORCH_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct torch_random {
    uint32_t state[624];
    size_t at;
    bool kept; /* sine waits */
    double sine;
};

/* torch_random_seed is torch.manual_seed: of a greater seed the low 32 bits count. */
void torch_random_seed(struct torch_random *r, uint64_t seed);
uint32_t torch_random_word(struct torch_random *r);
/* torch_random_normal fills z[n] as torch.randn(n) does. */
void torch_random_normal(struct torch_random *r, float *z, size_t n);

#endif
