#include "core/train/team.h"

enum { STATUS_BITS = 8 };

enum status team_agree(struct team *team, enum status own) {
    if (!team)
        return own;
    uint64_t word = own == STATUS_OK ? 0 : (uint64_t)(team->ranks - team->rank) << STATUS_BITS | (uint64_t)own;
    team->most(team, &word, 1);
    return (enum status)(word & ((1 << STATUS_BITS) - 1));
}

bool team_alike(struct team *team, const uint64_t *values, size_t n) {
    uint64_t words[2 * TEAM_ALIKE];
    if (!team)
        return true;
    for (size_t i = 0; i < n; i++) { /* the complement of the greatest complement is the least */
        words[2 * i] = values[i];
        words[2 * i + 1] = ~values[i];
    }
    team->most(team, words, 2 * n);
    for (size_t i = 0; i < n; i++)
        if (words[2 * i] != ~words[2 * i + 1])
            return false;
    return true;
}

bool team_first(struct team *team, bool is) {
    if (!team)
        return is;
    const uint64_t own = is ? team->ranks - team->rank : 0;
    uint64_t word = own;
    team->most(team, &word, 1);
    return is && word == own;
}
