/* answer_problems.h - the table of the problems of answer.h. To add one: its name, predicate, bounds and fields in
 * answer_problems.c, new fields in the lists of answer.h, a line in the endpoint's text. Threads: reentrant. */
#ifndef SOLVENT_ANSWER_PROBLEMS_H
#define SOLVENT_ANSWER_PROBLEMS_H

#include "core/search/answer.h"

/* An interval of candidates. LEAST problems: the predicate fails below low, and at high it holds or never does.
 * GREATEST problems: it holds at low or never does, and fails above high. */
struct answer_bounds {
    __int128 low, high;
};

/* What the predicates see: the request, with the problem's values in order where the row says so. */
struct answer_task {
    const struct answer_in *in;
    const int64_t *v; /* [n] the values, or NULL */
    size_t n;
    int64_t hour_part, hour_unit; /* arrival-speed: hour is exactly hour_part / hour_unit */
};

enum answer_goal { ANSWER_LEAST, ANSWER_GREATEST, ANSWER_LEAST_REAL };

struct answer_problem {
    const char *name;
    enum answer_goal goal;
    bool sorted;       /* v is in ascending order */
    uint64_t fields;   /* mask over enum answer_field: those it wants, all of them */
    size_t min_values; /* the least n that has an answer to search for, 0 or 1: one */
    bool (*holds)(const struct answer_task *t, int64_t x);
    struct answer_bounds (*bounds)(const struct answer_task *t);
    bool (*holds_real)(const struct answer_task *t, double x); /* LEAST_REAL: in place of holds; 0 .. 2^31 */
    enum answer_field floor_field; /* a number that has to be at least `floor` here, where floor is not 0 */
    int64_t floor;
};

/* In the order of answer_problem_names; ends with a NULL name. */
extern const struct answer_problem answer_problems[];

/* multiplication-table: rows or columns, the fewer of the two; and its evaluation takes at most so many steps. */
#define ANSWER_MAX_ROWS INT64_C(10000000)

#endif
