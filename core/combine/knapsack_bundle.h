/* knapsack_bundle.h - items that are multiples of one another, taken together before the dynamic program.
 *
 * Items (t W, t P) of one W and P differ in t alone, so what is chosen among them is a sum of t's. Where the t's, over
 * their common divisor and ascending, are each at most one more than the sum of those before, every sum up to the whole
 * can be made (and greedily found again); then parts of 1, 2, 4, ... and the rest make the same sums. Thousands of equal
 * items, or of multiples of a few as in Pisinger's spanner classes, become a few dozen.
 * Source: Kellerer, Pferschy, Pisinger, "Knapsack Problems" (2004), 7.1.1 (bounded items as binary parts); Brown, "Note
 * on complete sequences of integers", Amer. Math. Monthly 68 (1961).
 * Cost: 64 divisors where there is nothing to bundle; else O(n log w) and 40 bytes an item. Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_BUNDLE_H
#define SOLVENT_KNAPSACK_BUNDLE_H

#include "core/combine/knapsack_core.h"

/* knapsack_bundle_solve is knapsack_core_solve, with items bundled where many of them can be.
 * Errors: CANCELLED. */
enum status knapsack_bundle_solve(struct ctx *ctx, const struct knapsack_problem *problem,
                                  struct knapsack_result *out) MUST_CHECK;

#endif
