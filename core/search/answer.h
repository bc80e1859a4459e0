/* answer.h - answer search: the least (or greatest) candidate for which a monotone predicate holds, for a list of named
 * problems (answer_problems.h), each one a row: bounds, predicate, fields.
 *
 * Method: bisection over integers (or over the doubles in their order, for real answers; fractions: answer_fraction.h),
 * of an interval outside of which the predicate is known to be constant. Whatever the interval says, the answer is
 * proved by two evaluations of the predicate: it holds at the answer, and fails at the candidate beside it.
 * Source: D. E. Knuth, TAOCP 3, 6.2.1; N. Megiddo, Combinatorial Optimization with Rational Objective Functions (1979)
 * for the idea of searching the answer of an optimization problem through its decision problem.
 *
 * Exact: sums and products are taken in 128 bits, real bounds as the rationals they are.
 * Cost: at most 66 evaluations (fractions: ANSWER_MAX_EVALUATIONS), each O(n) (O(root of the candidate) for
 * multiplication-table, 2^n for ugly-number), and a sort where the problem wants the values in order. A stop is seen
 * between evaluations. Memory: 8 bytes a value where they are sorted, and where a predicate takes notes.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_ANSWER_H
#define SOLVENT_ANSWER_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/base/trace.h"

/* Values and numbers of requests are at most this, so that a sum of two fits int64. */
#define ANSWER_MAX INT64_C(4000000000000000000)

/* Squares: at most this, so that areas and their products with a double are exact. */
#define ANSWER_MAX_COORDINATE INT64_C(1000000000)

/* The fields of all problems, by their names in requests: arrays X(name, least, greatest, dims, doc) of integers. */
#define ANSWER_ARRAYS(X)                                                                                         \
    X(weights, 0, ANSWER_MAX, 1, "Weights of the packages, in the order they are shipped in.")                   \
    X(piles, 0, ANSWER_MAX, 1, "Sizes of the piles.")                                                            \
    X(nums, 0, ANSWER_MAX, 1, "The numbers.")                                                                    \
    X(position, 0, ANSWER_MAX, 1, "Where the baskets stand, in any order.")                                      \
    X(citations, 0, ANSWER_MAX, 1, "Citations of each paper, in any order.")                                     \
    X(bloom_day, 0, ANSWER_MAX, 1, "The day on which each flower blooms.")                                       \
    X(dist, 1, ANSWER_MAX, 1, "Lengths of the rides, in their order.")                                           \
    X(quantities, 0, ANSWER_MAX, 1, "Products of each type.")                                                    \
    X(start, 0, ANSWER_MAX, 1, "Where each range begins; all are `d` long.")                                     \
    X(worker_times, 1, ANSWER_MAX, 1, "Seconds that each worker takes for the first unit.")                      \
    X(points, 0, ANSWER_MAX, 1, "Points for a step on each place.")                                              \
    X(time, 1, ANSWER_MAX, 1, "How long each bus takes for a trip.")                                             \
    X(ranks, 1, ANSWER_MAX, 1, "Ranks of the mechanics: n cars take one rank * n * n minutes.")                  \
    X(candies, 0, ANSWER_MAX, 1, "Sizes of the piles of candies.")                                               \
    X(batteries, 0, ANSWER_MAX, 1, "Minutes in each battery.")                                                   \
    X(squares, 0, ANSWER_MAX_COORDINATE, 2, "Squares `[x, y, side]`, with x, y and side at most 10^9.")          \
    X(stations, 0, ANSWER_MAX, 1,                                                                                \
      "Where the gas stations stand, in any order (gas-stations), or how many power stations each city has, in " \
      "their order (power-stations).")                                                                           \
    X(sweetness, 0, ANSWER_MAX, 1, "Sweetness of the chunks of the bar, in their order.")                        \
    X(price, 0, ANSWER_MAX, 1, "Prices of the candies, in any order.")                                           \
    X(divisors, 1, ANSWER_MAX, 1, "The numbers one of which has to divide; at most 16.")                         \
    X(arr, 1, ANSWER_MAX, 1, "The numbers, in any order.")                                                       \
    X(nums1, -ANSWER_MAX, ANSWER_MAX, 1, "The first factors, in any order.")                                     \
    X(nums2, -ANSWER_MAX, ANSWER_MAX, 1, "The second factors, in any order.")                                    \
    X(matrix, -ANSWER_MAX, ANSWER_MAX, 2, "The matrix, each row and each column in ascending order.")

/* Integers X(name, least, greatest, doc). */
#define ANSWER_NUMBERS(X)                                                                                             \
    X(days, 1, ANSWER_MAX, "Days to ship all in.")                                                                    \
    X(hours, 1, ANSWER_MAX, "Hours to eat all in; one pile at most an hour.")                                         \
    X(k, 0, ANSWER_MAX,                                                                                               \
      "Parts at most (split-array), flowers side by side in a bouquet (bouquets), which one from the least "          \
      "(multiplication-table, pair-distance, and all whose names begin with kth), children (candies), stations to "   \
      "add (gas-stations, power-stations), cuts (sweetness), candies (tastiness), houses (house-robber). At least 1 " \
      "but for cuts and stations.")                                                                                   \
    X(m, 1, ANSWER_MAX, "Balls (magnetic-force), rows (multiplication-table), bouquets, moves (game-score).")         \
    X(n, 0, INT64_MAX,                                                                                                \
      "Columns (multiplication-table), radicand (integer-root), stores (minimized-maximum-products), computers "      \
      "(computers), versions (first-bad-version), length of the array (value-at-index), which one from the least "    \
      "(ugly-number).")                                                                                               \
    X(degree, 2, 64, "Which root: 2 is the square root.")                                                             \
    X(threshold, 0, ANSWER_MAX, "What the sum of the quotients, each rounded up, may come to.")                       \
    X(d, 0, ANSWER_MAX, "Length of each range.")                                                                      \
    X(mountain_height, 1, ANSWER_MAX, "Units to take away.")                                                          \
    X(total_trips, 1, ANSWER_MAX, "Trips to make in all.")                                                            \
    X(cars, 1, ANSWER_MAX, "Cars to repair.")                                                                         \
    X(max_operations, 0, ANSWER_MAX, "Splits of a bag in two.")                                                       \
    X(bad, 1, ANSWER_MAX, "The first bad version.")                                                                   \
    X(index, 0, INT64_MAX, "Which value is to be great, from 0.")                                                     \
    X(max_sum, 1, ANSWER_MAX, "What the sum of all values may come to.")                                              \
    X(r, 0, ANSWER_MAX, "How many cities to either side a power station serves beside its own.")                      \
    X(p, 0, ANSWER_MAX, "Pairs.")

enum answer_field {
#define X(name, ...) ANSWER_##name,
    ANSWER_ARRAYS(X) ANSWER_N_ARRAYS,
    ANSWER_before_numbers = ANSWER_N_ARRAYS - 1,
    ANSWER_NUMBERS(X)
#undef X
        ANSWER_hour, /* the only real: a double that is the nearest one to a decimal of at most nine places */
    ANSWER_N_FIELDS,
};

struct answer_in {
    int problem; /* index into answer_problem_names */
    union {
        struct {
#define X(name, ...) struct array name;
            ANSWER_ARRAYS(X)
#undef X
        };
        struct array arrays[ANSWER_N_ARRAYS]; /* INT; KIND_NONE: absent; borrowed */
    };
    union {
        struct {
#define X(name, ...) int64_t name;
            ANSWER_NUMBERS(X)
#undef X
        };
        int64_t numbers[ANSWER_hour - ANSWER_N_ARRAYS];
    };
    double hour;
    bool given[ANSWER_N_FIELDS]; /* of the numbers and hour: present in the request */
};

struct answer_out {
    bool found;            /* false: no candidate at all is feasible */
    struct value answer;   /* INT; REAL for problems of real answers; STRING "p/q" in lowest terms for fractions */
    struct value holds_at; /* the answer; KIND_NONE: none */
    struct value fails_at; /* the candidate beside it; not found: the last candidate that was left */
    int64_t evaluations;   /* of the predicate, those of the proof among them */
};

/* The names of the problems, ends with NULL; and the names of the fields, in the order of enum answer_field. */
extern const char *const answer_problem_names[];
extern const char *const answer_field_names[];

/* answer_values gives the (first) array that a problem works on, NULL where it has none. */
const struct array *answer_values(const struct answer_in *in);

/* At most so many evaluations of any problem's predicate. */
enum { ANSWER_MAX_EVALUATIONS = 400 };

/* answer_cost predicts how many elementary operations a search takes. Safe for any decoded request. */
double answer_cost(const struct answer_in *in);

/* answer_solve searches; trace may be NULL, and gets a step `evaluate` for each evaluation.
 * Errors: INVALID at the field (absent, of no meaning to the problem, out of its range), TOO_LARGE (the answer is
 * not in -2^63 + 1 .. 2^63 - 1, or an evaluation takes too long), NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status answer_solve(struct ctx *ctx, const struct answer_in *in, struct trace *trace,
                         struct answer_out *out) MUST_CHECK;

#endif
