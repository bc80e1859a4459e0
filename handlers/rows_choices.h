/* rows_choices.h - the choices of drawn rows (table_choice.h), which are made before their numbers are drawn. */
#ifndef SOLVENT_ROWS_CHOICES_H
#define SOLVENT_ROWS_CHOICES_H

#include "handlers/rows_request.h"

/* rows_choices_most is how many choices are made of a row of which nothing is given: at most TABLE_CHOICES_MAX. */
size_t rows_choices_most(const struct rows_params *p);

/* rows_choose makes the choices of a part's rows, and writes them to part->given. Row i's depend on what is given of it,
 * the seed and i. Errors: as of call_run. */
enum status rows_choose(struct call *call, const struct rows_params *p, struct rows_part *part) MUST_CHECK;

#endif
