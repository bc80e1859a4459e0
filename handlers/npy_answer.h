/* npy_answer.h - which array an application/x-npy answer holds. */
#ifndef SOLVENT_NPY_ANSWER_H
#define SOLVENT_NPY_ANSWER_H

#include "handlers/call.h"

/* npy_answer finds it: of the members that endpoint->npy_output names, the first that the answer has. A LIST of
 * objects of numbers is a matrix with a column for each member; it is made in the arena. Errors: NOT_ACCEPTABLE where
 * there are no numbers, or where something that was asked for would be lost: a trace; NO_MEMORY. */
enum status npy_answer(struct call *call, struct array *out) MUST_CHECK;

#endif
