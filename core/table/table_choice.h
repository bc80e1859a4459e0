/* table_choice.h - the choices of a row: which category each of its columns has, and whether a number is missing. They
 * are made one after another, each by the chances that a network gives it beside what the row has already: E[x0 | given]
 * of features that are 1 for what is and -1 for what is not is 2 p - 1.
 *
 *     for each column with table_choice_open(code, column, given)
 *         a network says D = E[x0 | given] at no noise at all (core/diffusion/loss.h)
 *         table_choose(code, column, D, u, given)                  u is uniform in 0 .. 1
 *
 * A flow that draws categories with the rest decides early, where their features have hardly left the noise, so that
 * what a network is off there is carried to one side or the other; of many categories it is far more often wrong.
 * Chances of an inexact network need not be 0 to 1 or sum to 1: the nearest that do are taken.
 * Source: Duchi et al. 2008, fig. 1 (projection onto the simplex). Threads: reentrant. */
#ifndef SOLVENT_TABLE_CHOICE_H
#define SOLVENT_TABLE_CHOICE_H

#include "core/table/table_code.h"

/* The first so many choices of a row are made; each costs a call of the network, so what else there is of them is drawn
 * with the numbers. */
enum { TABLE_CHOICES_MAX = 128 };

/* table_choice_made: the column has a choice; the label, which is drawn by its shares, has none. table_choice_open: it is
 * not made in given[code->features]. */
bool table_choice_made(const struct table_code *code, size_t column);
bool table_choice_open(const struct table_code *code, size_t column, const double *given);

/* table_choices writes which choice each feature tells of, TABLE_NEVER: of none that is
 * made; choices[code->features]. It gives how many there are. */
uint32_t table_choices(const struct table_code *code, uint32_t *choices);

/* table_choose makes it by D[code->features] and u, 0 <= u < 1, and writes it to given. What is said not to be missing
 * (table_give_there) will not be. */
void table_choose(const struct table_code *code, size_t column, const double *D, double u, double *given);

/* table_chances writes the point of the simplex that is nearest to p[n]: none is below 0, and they sum to 1; n >= 1. */
void table_chances(size_t n, double *p);

#endif
