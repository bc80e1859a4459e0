/* team.h - a struct team for tests: its ranks are threads, and sums are in their order. */
#ifndef SOLVENT_TEST_TEAM_H
#define SOLVENT_TEST_TEAM_H

#include "core/train/team.h"

enum { TEST_RANKS = 8 };

/* test_team runs body(team, arg) on every rank of `ranks` (at most TEST_RANKS), and returns when all are done. cmocka's
 * assertions do not work in there. */
void test_team(size_t ranks, void (*body)(struct team *team, void *arg), void *arg);

#endif
