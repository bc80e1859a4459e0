/* answer_search.h - private to answer.c and answer_fraction.c: a search under way. */
#ifndef SOLVENT_ANSWER_SEARCH_H
#define SOLVENT_ANSWER_SEARCH_H

#include "core/search/answer_problems.h"

struct answer_search {
    struct ctx *ctx;
    const struct answer_problem *problem;
    struct answer_task task;
    struct trace *trace; /* NULL: nobody watches */
    int64_t evaluations;
};

/* answer_tell counts an evaluation and records it; the answer is known to be in lo .. hi. */
static inline void answer_tell(struct answer_search *s, struct value lo, struct value hi, struct value candidate,
                               bool holds) {
    s->evaluations++;
    if (s->trace)
        trace_add(s->trace, "evaluate", TRACE_NOWHERE, NULL,
                  TRACE_VARS({"lo", lo}, {"hi", hi}, {"candidate", candidate}, {"holds", trace_int(holds)}));
}

#endif
