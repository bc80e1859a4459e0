/* clock.h - the monotonic clock in nanoseconds. */
#ifndef SOLVENT_CLOCK_H
#define SOLVENT_CLOCK_H

#include <stdint.h>
#include <time.h>

enum { NS_PER_MS = 1000 * 1000 };
#define NS_PER_S INT64_C(1000000000)

static inline int64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* clock_spec is a point of that clock as pthread_cond_timedwait wants it. */
static inline struct timespec clock_spec(int64_t ns) {
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

#endif
