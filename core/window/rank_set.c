#include "core/window/rank_set.h"

enum status rank_set_init(struct ctx *ctx, struct rank_set *s, size_t n) {
    *s = (struct rank_set){.levels = 0};
    do {
        n = (n + 63) / 64;
        s->level[s->levels] = ctx_zalloc(ctx, n, sizeof(uint64_t));
        if (!s->level[s->levels++])
            return STATUS_NO_MEMORY;
    } while (n > 1);
    return STATUS_OK;
}

void rank_set_add(struct rank_set *s, size_t i) {
    for (unsigned l = 0; l < s->levels; l++, i /= 64) {
        uint64_t before = s->level[l][i / 64];
        s->level[l][i / 64] = before | UINT64_C(1) << i % 64;
        if (before)
            return; /* the levels above know this word */
    }
}

void rank_set_remove(struct rank_set *s, size_t i) {
    for (unsigned l = 0; l < s->levels; l++, i /= 64)
        if (s->level[l][i / 64] &= ~(UINT64_C(1) << i % 64))
            return;
}

size_t rank_set_next(const struct rank_set *s, size_t i) {
    for (unsigned l = 0; l < s->levels; l++, i /= 64) {
        uint64_t above = s->level[l][i / 64] & ~((UINT64_C(2) << i % 64) - 1);
        if (!above)
            continue;
        i = i / 64 * 64 + (size_t)__builtin_ctzll(above);
        while (l-- > 0)
            i = i * 64 + (size_t)__builtin_ctzll(s->level[l][i]);
        return i;
    }
    return SIZE_MAX;
}

size_t rank_set_previous(const struct rank_set *s, size_t i) {
    for (unsigned l = 0; l < s->levels; l++, i /= 64) {
        uint64_t below = s->level[l][i / 64] & ((UINT64_C(1) << i % 64) - 1);
        if (!below)
            continue;
        i = i / 64 * 64 + 63 - (size_t)__builtin_clzll(below);
        while (l-- > 0)
            i = i * 64 + 63 - (size_t)__builtin_clzll(s->level[l][i]);
        return i;
    }
    return SIZE_MAX;
}
