#include "core/train/team.h"

#include <string.h>

enum { STATUS_BITS = 8 };

enum status team_agree(struct team *team, enum status own) {
    if (!team)
        return own;
    uint64_t word = own == STATUS_OK ? 0 : (uint64_t)(team->ranks - team->rank) << STATUS_BITS | (uint64_t)own;
    team->most(team, &word, 1);
    return (enum status)(word & ((1 << STATUS_BITS) - 1));
}

size_t team_odd(struct team *team, const uint64_t *values, size_t n) {
    uint64_t of_first[TEAM_WORDS] = {0}, word;
    if (!team)
        return 0;
    for (size_t i = 0; team->rank == 0 && i < n; i++)
        of_first[i] = values[i];
    team->most(team, of_first, n);
    word = memcmp(of_first, values, n * sizeof *values) ? team->ranks - team->rank : 0;
    team->most(team, &word, 1);
    return word ? team->ranks - (size_t)word : 0;
}

bool team_first(struct team *team, bool is) {
    if (!team)
        return is;
    const uint64_t own = is ? team->ranks - team->rank : 0;
    uint64_t word = own;
    team->most(team, &word, 1);
    return is && word == own;
}
