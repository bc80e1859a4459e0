#include "core/base/torch_random.h"

#include <math.h>

#include "core/base/elementary.h"

enum { N = 624, M = 397 };

void torch_random_seed(struct torch_random *r, uint64_t seed) {
    r->state[0] = (uint32_t)seed;
    r->kept = false;
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

static float uniform(struct torch_random *r) { return (float)(torch_random_word(r) & 0xffffff) * 0x1p-24f; }

/* block turns 16 uniforms into 16 normal numbers. */
static void block(float *z) {
    for (size_t j = 0; j < 8; j++) {
        const float radius = sqrtf(-2 * (float)elementary_log((double)(1 - z[j])));
        const float angle = (float)(2 * M_PI * (double)z[j + 8]);
        z[j] = radius * (float)elementary_cospi((double)angle / M_PI);
        z[j + 8] = radius * (float)elementary_sinpi((double)angle / M_PI);
    }
}

static double uniform_double(struct torch_random *r) {
    uint64_t high = torch_random_word(r), word = high << 32 | torch_random_word(r);
    return (double)(word & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
}

static double single(struct torch_random *r) {
    if (r->kept) {
        r->kept = false;
        return r->sine;
    }
    double u1 = uniform_double(r), u2 = uniform_double(r), radius = sqrt(-2 * elementary_log1p(-u2));
    r->kept = true;
    r->sine = radius * elementary_sinpi(2 * u1);
    return radius * elementary_cospi(2 * u1);
}

void torch_random_normal(struct torch_random *r, float *z, size_t n) {
    if (n < 16) {
        for (size_t i = 0; i < n; i++)
            z[i] = (float)single(r);
        return;
    }
    for (size_t i = 0; i < n; i++)
        z[i] = uniform(r);
    for (size_t i = 0; i + 16 <= n; i += 16)
        block(z + i);
    if (n % 16 == 0)
        return;
    for (size_t i = n - 16; i < n; i++)
        z[i] = uniform(r);
    block(z + n - 16);
}
