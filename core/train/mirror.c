#include "core/train/mirror.h"

#include "core/base/normal.h"
#include "core/base/philox.h"

bool mirror_draws(const struct mirror *m, uint64_t place) {
    uint32_t words[4];
    if (!m->width)
        return false;
    philox4x32((uint32_t[]){(uint32_t)m->seed, (uint32_t)(m->seed >> 32)},
               (uint32_t[]){(uint32_t)place, (uint32_t)(place >> 32), 0, NORMAL_TRAIN_MIRROR}, words);
    return words[0] >> 31;
}

static void swap(float *a, float *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float kept = a[i];
        a[i] = b[i], b[i] = kept;
    }
}

void mirror_item(const struct mirror *m, size_t d, float *item) {
    const size_t row = m->width * m->channels;
    for (float *end = item + d; item < end; item += row)
        for (size_t left = 0, right = m->width - 1; left < right; left++, right--)
            swap(item + left * m->channels, item + right * m->channels, m->channels);
}
