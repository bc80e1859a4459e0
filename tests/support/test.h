/* test.h - what every test includes: cmocka with the headers it wants, and where the public cases lie. */
#ifndef SOLVENT_TEST_H
#define SOLVENT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* shared_path gives the path of a public case or data file ("cases/geometry/orient2d.csv"), NULL where it is not
 * present: then skip() the test. The folder is ../shared, or $SOLVENT_SHARED. The result is static. */
const char *shared_path(const char *name);

/* read_file returns the whole file, NUL-terminated and malloc'ed, or NULL; *n (may be NULL) gets its length. */
char *read_file(const char *path, size_t *n);

/* A small generator for test inputs (SplitMix64); the same numbers everywhere. */
uint64_t test_random(uint64_t *state);
/* test_below gives an integer in 0 .. n-1. */
uint64_t test_below(uint64_t *state, uint64_t n);

#endif
