/* replay.h - what tests need that play a trace as a page would: from the JSON of the answer alone. */
#ifndef SOLVENT_TEST_REPLAY_H
#define SOLVENT_TEST_REPLAY_H

#include <jansson.h>

#include "tests/support/host.h"
#include "tests/support/test.h"

/* A request, its answer and the steps of its trace, one of which is at hand. */
struct replay {
    json_t *request, *answer, *steps, *step;
    size_t i, n;
    const char *op;
};

/* replay_ask posts a request (stolen; "trace" is added to it) to /v1/solve/<name>, and checks that a second answer has
 * the same bytes, and that the answer is that of the request without a trace. Fails the test where it is no 200. */
struct replay replay_ask(const char *name, json_t *request);

/* replay_next goes to the next step; false: there is none. */
bool replay_next(struct replay *r);
bool replay_is(const struct replay *r, const char *op);

/* Of the step at hand: how many places it has, the k-th, and a variable as a number. */
size_t replay_places(const struct replay *r);
int64_t replay_at(const struct replay *r, size_t k);
double replay_var(const struct replay *r, const char *name);
const char *replay_text(const struct replay *r, const char *name);

/* Of the answer: a number; element i of an array of numbers. */
double replay_number(const struct replay *r, const char *name);
int64_t replay_element(const struct replay *r, const char *name, size_t i);
size_t replay_length(const struct replay *r, const char *name);

void replay_end(struct replay *r);

/* Points with small integers as coordinates, as they come in. */
struct spots {
    size_t n;
    int64_t at[1000][2];
};
struct spots spots_random(size_t n, uint64_t size, uint64_t *random);
json_t *spots_json(const struct spots *s);

/* spots_cross is positive where a, b, c turn to the left. */
int64_t spots_cross(const struct spots *s, int64_t a, int64_t b, int64_t c);
int64_t spots_square(const struct spots *s, int64_t a, int64_t b);

#endif
