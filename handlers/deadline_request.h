/* deadline_request.h - chooses solver and number of steps for a time limit, from the measured cost of a network call.
 *
 * Short runs of few samples with the request's own path and model are timed, of more until the time says something; so
 * threads, drawing of noise and memory count as they will. As many calls are planned as fit into
 * four fifths of what is left, CALLS_MAX at most: beyond that the error of a step is far below that of any model.
 *
 * Which solver: below 8 calls euler, from there on ipndm, which makes one call a step. Measured on mixtures of 2 and 8
 * parts on edm, vp, flow and both ddpm paths against 2000 steps of heun: at 16 calls the median error of ipndm is
 * between 4 and 100 times below heun's, at 64 about 10 times, and below dpmpp_2m's on each of them; with few calls
 * methods of higher order overshoot where euler does not. Where the vectors of ipndm for all samples do not fit into the
 * request's memory, it is euler, too. */
#ifndef SOLVENT_DEADLINE_REQUEST_H
#define SOLVENT_DEADLINE_REQUEST_H

#include "handlers/deadline.h"
#include "handlers/sampler_request.h"

enum { DEADLINE_CALLS_MAX = 256, DEADLINE_CALLS_EULER = 8 };

/* What will be run within the time. */
struct deadline_job {
    const struct denoiser *denoiser;
    const int64_t *classes; /* [count] as of eval, or NULL */
    const struct noise *noise;
    size_t count;
    double passes;                   /* how often the steps are taken: jumps, inversion; below 1 with strength */
    int64_t most_steps;              /* that the answer has room for */
    const struct deadline *deadline; /* that is to be kept */
};

/* What was chosen; a member of an answer. */
struct deadline_choice {
    bool made;
    int solver;
    int64_t steps;
    double call_ms;
    struct str why;
};
extern const struct field deadline_choice_fields[];

/* deadline_wants says whether there is something to choose and a clock to choose by. */
bool deadline_wants(const struct call *call, const struct sampler_request *request);

/* deadline_choose writes solver and steps into the request. Errors: those of sampler_setup and sampler_run; TIMED_OUT
 * where not even the measurement fits, or the writing of the answer. */
enum status deadline_choose(struct call *call, struct sampler_request *request, const struct deadline_job *job,
                            struct deadline_choice *out) MUST_CHECK;

#endif
