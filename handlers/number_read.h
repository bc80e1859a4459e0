/* number_read.h - from a scanned token to a value; what the readers of single numbers and of arrays share. */
#ifndef SOLVENT_NUMBER_READ_H
#define SOLVENT_NUMBER_READ_H

#include "handlers/number.h"
#include "handlers/number_scan.h"

/* token_int is number_read_int for a token: RANGE, FRACTION. */
enum number_error token_int(const struct token *t, int64_t *value);

/* token_real is number_read_real for a token: RANGE. `exact`: INEXACT for an integer that no double holds. */
enum number_error token_real(const struct token *t, bool exact, double *value);

/* token_is_lossless: whether r, the nearest double, stands for the token as of number_read_lossless. */
bool token_is_lossless(const struct token *t, double r);

#endif
