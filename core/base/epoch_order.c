#include "core/base/epoch_order.h"

#include "core/base/normal.h"
#include "core/base/philox.h"

enum { ROUNDS = 4 };

struct feistel {
    uint32_t key[2], epoch;
    unsigned bits; /* of a half */
};

static uint64_t permute(const struct feistel *f, uint64_t x) {
    const uint32_t mask = (uint32_t)((UINT64_C(1) << f->bits) - 1);
    uint32_t left = (uint32_t)(x >> f->bits), right = (uint32_t)x & mask, words[4];
    for (uint32_t round = 0; round < ROUNDS; round++) {
        philox4x32(f->key, (uint32_t[]){right, round, f->epoch, NORMAL_TRAIN_ORDER}, words);
        uint32_t next = left ^ (words[0] & mask);
        left = right, right = next;
    }
    return (uint64_t)left << f->bits | right;
}

size_t epoch_order_at(uint64_t seed, size_t n, uint64_t position) {
    struct feistel f = {{(uint32_t)seed, (uint32_t)(seed >> 32)}, (uint32_t)(position / n), 1};
    while (UINT64_C(1) << 2 * f.bits < n)
        f.bits++;
    uint64_t x = position % n;
    do
        x = permute(&f, x);
    while (x >= n);
    return (size_t)x;
}
