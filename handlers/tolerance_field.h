/* tolerance_field.h - the `eps` of a request, the same for every endpoint that has one: a distance.
 *
 *     struct params { ...; double eps; bool has_eps; };
 *     static const struct field INPUT[] = {..., TOLERANCE_INPUT(struct params, "what is within it."), {0}};
 *
 * Whether a distance is within is decided exactly (core/geometry/tolerance.h). */
#ifndef SOLVENT_TOLERANCE_FIELD_H
#define SOLVENT_TOLERANCE_FIELD_H

#include "handlers/field.h"

#define TOLERANCE_INPUT(S, what)                                                                                  \
    FIELD(S, eps, NUMBER,                                                                                         \
          "A tolerance, as a distance in the unit of the coordinates: " what                                      \
          " Distances are held against `eps` exactly, so that what is farther by the least bit is not within; 0 " \
          "and absent: no tolerance.",                                                                            \
          .present = offsetof(S, has_eps), FIELD_REALS(0, 1e308))

#endif
