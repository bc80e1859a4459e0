/* rows_choices.h - the choices of drawn rows (table_choice.h), which are made before their numbers are drawn. */
#ifndef SOLVENT_ROWS_CHOICES_H
#define SOLVENT_ROWS_CHOICES_H

#include "handlers/rows_request.h"

/* rows_choices_most is how many choices a row can have of its own: at most ROWS_CHOICES_MAX, each of which costs a call of
 * the network; what there is beyond them is drawn with the numbers. */
enum { ROWS_CHOICES_MAX = 128 };
size_t rows_choices_most(const struct rows_params *p);

/* rows_choose makes the choices of a part's rows, and writes them to part->given. Row i's depend on what is given of it,
 * the seed and i. Errors: as of call_run. */
enum status rows_choose(struct call *call, const struct rows_params *p, struct rows_part *part) MUST_CHECK;

#endif
