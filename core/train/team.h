/* team.h - processes that train one network together, each on its part of every batch.
 *
 * The host lends the sums, as it lends threads (struct parallel): all ranks make the same calls in the same order, and
 * every call gives all of them the same bits. So weights, which follow from sums alone, never differ between ranks.
 * A failure is one of all: whoever may fail by itself says so with team_agree, where the others wait for it. */
#ifndef SOLVENT_TEAM_H
#define SOLVENT_TEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct team {
    size_t rank, ranks; /* rank < ranks */
    /* Each leaves in values[n] the sum or the maximum over all ranks. */
    void (*sum_doubles)(struct team *self, double *values, size_t n);
    void (*most)(struct team *self, uint64_t *values, size_t n);
    /* A long sum, which goes on its way while its numbers come to be: sum_begin borrows values[n]; sum_made(k), again and
     * again, says that values[0 .. k) will not change here any more, and nobody reads or writes them from then on; sum_end
     * says so of all, and waits for the sums. sum_made may come from any thread, from one at a time; in between there is
     * no other call. */
    void (*sum_begin)(struct team *self, float *values, size_t n);
    void (*sum_made)(struct team *self, size_t k);
    void (*sum_end)(struct team *self);
};

/* team_agree returns the status of the first rank that has failed, to all of them. team NULL: one's own. */
enum status team_agree(struct team *team, enum status own) MUST_CHECK;

/* team_odd returns the first rank whose n numbers (at most TEAM_WORDS) are not those of rank 0; 0: there is none. */
enum { TEAM_WORDS = 8 };
size_t team_odd(struct team *team, const uint64_t *values, size_t n);

/* team_first says to one rank, the first of those that say yes, that it is. */
bool team_first(struct team *team, bool is);

/* team_leads: this is the rank that does what one must do for all. */
static inline bool team_leads(const struct team *team) { return !team || team->rank == 0; }

#endif
