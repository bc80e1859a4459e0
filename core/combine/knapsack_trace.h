/* knapsack_trace.h - plain 0/1 knapsack by the core and by branch and bound once more, plainly, for a page to play.
 *
 * Both:   "taken" at the items without weight, which are taken at once (their value counts in all that follows);
 *         "order" at the items that are left, by value per weight, equal ones as they stand: not those without value
 *         and those that do not fit alone. "best" with weight and value: no choice before is worth as much. "answer" at
 *         the items that the answer has chosen, which are worth as much as the last "best".
 * Core:   "break" at the first item of the order that does not fit any more (nowhere: all fit), with weight and value
 *         of those before it, the only state at first. "add" (an item from the break item on) and "remove" (one before
 *         it): each state there is comes once more with the item changed. "dominated" and "bounded" take a state
 *         away: there is one of no more weight and no less value; or its bound, by the next items on either side, is
 *         not above the best value. At the end there is no state left.
 * Branch: "take" and "leave" an item of the order, with weight and value then; that undoes what was decided of it and
 *         of items behind it. "bound" at the next item, with what any choice that goes on from here is worth at most,
 *         which is not above the best value.
 * Sources: Pisinger 1997; Horowitz and Sahni 1974; the bounds are Dantzig's of 1957.
 * Cost:   at most KNAPSACK_CELLS_TRACED states at a time, TRACE_MAX_STEPS branches. Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_TRACE_H
#define SOLVENT_KNAPSACK_TRACE_H

#include "core/base/trace.h"
#include "core/combine/knapsack.h"

/* knapsack_trace plays the core, or `by_branches` the tree. chosen: the answer's items. t is begun. A deadline ends the
 * steps where they are. Errors: TOO_LARGE at /trace (more states or branches), NO_MEMORY, CANCELLED. */
enum status knapsack_trace(struct ctx *ctx, const struct knapsack_in *in, bool by_branches, const struct array *chosen,
                           struct trace *t) MUST_CHECK;

#endif
