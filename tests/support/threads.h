/* threads.h - a struct parallel for tests: real threads, indices handed out in whatever order they come. */
#ifndef SOLVENT_TEST_THREADS_H
#define SOLVENT_TEST_THREADS_H

#include "core/base/ctx.h"

/* test_threads gives a host of `threads` threads (at most 16), started anew for every run. */
struct parallel test_threads(size_t threads);

#endif
