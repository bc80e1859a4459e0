#include "tests/support/torch_random.h"

#include <math.h>

enum { N = 624, M = 397 };

void torch_random_seed(struct torch_random *r, uint32_t seed) {
    r->state[0] = seed;
    for (uint32_t i = 1; i < N; i++)
        r->state[i] = 1812433253u * (r->state[i - 1] ^ r->state[i - 1] >> 30) + i;
    r->at = N;
}

static void twist(struct torch_random *r) {
    for (size_t i = 0; i < N; i++) {
        uint32_t y = (r->state[i] & 0x80000000u) | (r->state[(i + 1) % N] & 0x7fffffffu);
        r->state[i] = r->state[(i + M) % N] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    r->at = 0;
}

uint32_t torch_random_word(struct torch_random *r) {
    if (r->at == N)
        twist(r);
    uint32_t y = r->state[r->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

void torch_random_normal(struct torch_random *r, double *z, size_t n) {
    for (size_t i = 0; i < n; i++)
        z[i] = (torch_random_word(r) & 0xffffff) * 0x1p-24;
    for (size_t block = 0; block < n; block += 16)
        for (size_t j = block; j < block + 8; j++) {
            float radius = sqrtf(-2 * logf(1 - (float)z[j])), angle = 2 * (float)M_PI * (float)z[j + 8];
            z[j] = (double)(radius * cosf(angle));
            z[j + 8] = (double)(radius * sinf(angle));
        }
}
