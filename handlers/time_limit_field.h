/* time_limit_field.h - the `time_limit_ms` of a request that may take long, the same for every endpoint without a
 * partial answer: what is not done by then is the problem `time_limit`.
 *
 *     struct params { ...; int64_t time_limit_ms; };
 *     static const struct field INPUT[] = {..., TIME_LIMIT_INPUT(struct params), {0}};
 *
 * No part of the canonical request; the host sees it in call->time_limit_ms. */
#ifndef SOLVENT_TIME_LIMIT_FIELD_H
#define SOLVENT_TIME_LIMIT_FIELD_H

#include "handlers/field.h"

#define TIME_LIMIT_MAX_MS (3600 * 1000)

#define TIME_LIMIT_INPUT(S)                                                                                 \
    FIELD(S, time_limit_ms, INT,                                                                            \
          "Milliseconds after which the service gives up: status 503, code `time_limit`. Absent, or where " \
          "the server's own limit is shorter: that one.",                                                   \
          .role = ROLE_TIME_LIMIT, FIELD_INTS(1, TIME_LIMIT_MAX_MS))

#endif
