/* coins.h - a model of a table, for the host of tests: two thirds heads, weights of 4.9 to 5.3 at a step of 0.1, and how
 * often a coin was thrown, which is missing for some. Its network has weights of 0, so that it lets noise be: a drawn
 * row is the noise itself, as a value of the table, but for what is given. */
#ifndef SOLVENT_TEST_COINS_H
#define SOLVENT_TEST_COINS_H

#include "handlers/model_load.h"
#include "tests/support/made_files.h"

/* coins_model is made once, and never freed; `json` gets what its name stands for. */
const struct loaded_model *coins_model(struct str *json);

/* coins_files puts its files into a folder. */
void coins_files(struct made_files *folder);

#endif
