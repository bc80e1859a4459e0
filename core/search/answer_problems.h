/* answer_problems.h - the table of the problems of answer.h. To add one: its predicate and bounds in one of the files
 * answer_*.c, their names in the lists below, its row and name in answer_problems.c, new fields in the lists of
 * answer.h, a line in the endpoint's text. Threads: reentrant. */
#ifndef SOLVENT_ANSWER_PROBLEMS_H
#define SOLVENT_ANSWER_PROBLEMS_H

#include "core/search/answer.h"

typedef __int128 wide;

/* An interval of candidates. LEAST problems: the predicate fails below low, and at high it holds or never does.
 * GREATEST problems: it holds at low or never does, and fails above high. */
struct answer_bounds {
    wide low, high;
};

/* What the predicates see: the request, with the problem's values in order where the row says so. */
struct answer_task {
    const struct answer_in *in;
    const int64_t *v; /* [n] the values, or NULL */
    size_t n;
    const int64_t *w; /* [n_w] those of the second array, or NULL */
    size_t n_w;
    int64_t *notes;               /* [n] for the predicate to write on, where the row says so */
    int64_t hour_part, hour_unit; /* arrival-speed: hour is exactly hour_part / hour_unit */
};

/* LEAST_REAL: the least double. LEAST_FRACTION: the least of the fractions in 0 .. 1 whose denominators are at most the
 * greatest value; the predicate fails at 0. */
enum answer_goal { ANSWER_LEAST, ANSWER_GREATEST, ANSWER_LEAST_REAL, ANSWER_LEAST_FRACTION };

/* ANSWER_SORTED: v (and w) are in ascending order. ANSWER_NOTES: there is room for notes. */
enum { ANSWER_SORTED = 1, ANSWER_NOTES = 2 };

struct answer_problem {
    const char *name;
    enum answer_goal goal;
    unsigned wants;    /* of ANSWER_SORTED, ANSWER_NOTES */
    uint64_t fields;   /* mask over enum answer_field: those it wants, all of them */
    size_t min_values; /* the least n that has an answer to search for, 0 or 1: one */
    union {
        bool (*holds)(const struct answer_task *t, int64_t x);
        bool (*holds_real)(const struct answer_task *t, double x);
        bool (*holds_fraction)(const struct answer_task *t, int64_t p, int64_t q); /* at p / q, 0 .. 1 */
    };
    struct answer_bounds (*bounds)(const struct answer_task *t); /* LEAST_FRACTION: NULL */
    struct {
        enum answer_field field; /* a number that has to be at least `least` here, where that is not 0 */
        int64_t least;
    } floor;
    /* check sees to what fields cannot say, and may fill the task. NULL: nothing. Errors: INVALID, TOO_LARGE. */
    enum status (*check)(struct ctx *ctx, const struct answer_in *in, struct answer_task *t);
    double (*steps)(const struct answer_in *in); /* of an evaluation, for answer_cost; NULL: one a value */
};

/* In the order of answer_problem_names; ends with a NULL name. */
extern const struct answer_problem answer_problems[];

/* multiplication-table: rows or columns, the fewer of the two; and its evaluation takes at most so many steps. */
#define ANSWER_MAX_ROWS INT64_C(10000000)

/* ugly-number: divisors at most. */
enum { ANSWER_MAX_DIVISORS = 16 };

/* What several files use: the least and the greatest value, their sum, a * b or 2^126 where that is less (neither is
 * below zero), and the usual bounds. */
int64_t answer_least(const struct answer_task *t);
int64_t answer_greatest(const struct answer_task *t);
wide answer_sum(const struct answer_task *t);
wide answer_times(wide a, wide b);
struct answer_bounds answer_to_greatest(const struct answer_task *t);    /* 0 .. greatest */
struct answer_bounds answer_least_greatest(const struct answer_task *t); /* least .. greatest */
struct answer_bounds answer_spread(const struct answer_task *t);         /* 0 .. greatest - least, of values in order */

/* Predicates, bounds and checks X(name): name_holds, name_bounds, name_check, by file.
 * answer_select.c: which one from the least, found by counting those up to a candidate. */
bool table_holds(const struct answer_task *t, int64_t x);
struct answer_bounds table_bounds(const struct answer_task *t);
enum status table_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t);
double table_steps(const struct answer_in *in);
bool pairs_hold(const struct answer_task *t, int64_t x);
bool missing_holds(const struct answer_task *t, int64_t x);
struct answer_bounds missing_bounds(const struct answer_task *t);
bool ugly_holds(const struct answer_task *t, int64_t x);
struct answer_bounds ugly_bounds(const struct answer_task *t);
enum status ugly_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t);
double ugly_steps(const struct answer_in *in);
bool products_hold(const struct answer_task *t, int64_t x);
struct answer_bounds products_bounds(const struct answer_task *t);
bool matrix_holds(const struct answer_task *t, int64_t x);
struct answer_bounds matrix_bounds(const struct answer_task *t);
enum status matrix_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t);
double matrix_steps(const struct answer_in *in);
bool fractions_hold(const struct answer_task *t, int64_t p, int64_t q);

/* answer_spread.c: places, pairs and shares along a line. */
bool magnetic_holds(const struct answer_task *t, int64_t x);
bool tastiness_holds(const struct answer_task *t, int64_t x);
bool sweetness_holds(const struct answer_task *t, int64_t x);
struct answer_bounds sweetness_bounds(const struct answer_task *t);
bool robber_holds(const struct answer_task *t, int64_t x);
bool disjoint_hold(const struct answer_task *t, int64_t x);
bool maximum_holds(const struct answer_task *t, int64_t x);
bool peak_holds(const struct answer_task *t, int64_t x);
struct answer_bounds peak_bounds(const struct answer_task *t);
enum status peak_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t);
bool power_holds(const struct answer_task *t, int64_t x);
struct answer_bounds power_bounds(const struct answer_task *t);
bool gas_holds(const struct answer_task *t, double x);
struct answer_bounds gas_bounds(const struct answer_task *t);

/* answer_time.c: work and the time that it takes. */
enum status arrival_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t);
bool arrival_holds(const struct answer_task *t, int64_t x);
struct answer_bounds arrival_bounds(const struct answer_task *t);
bool mountain_holds(const struct answer_task *t, int64_t x);
struct answer_bounds mountain_bounds(const struct answer_task *t);
bool points_hold(const struct answer_task *t, int64_t x);
struct answer_bounds points_bounds(const struct answer_task *t);
bool trips_hold(const struct answer_task *t, int64_t x);
struct answer_bounds trips_bounds(const struct answer_task *t);
bool cars_hold(const struct answer_task *t, int64_t x);
struct answer_bounds cars_bounds(const struct answer_task *t);
bool computers_hold(const struct answer_task *t, int64_t x);
struct answer_bounds computers_bounds(const struct answer_task *t);

#endif
