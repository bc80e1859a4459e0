/* watchdog.h - one thread that tells when a deadline has passed or a client has gone.
 *
 * A computation cannot look at the clock (core/ has none) and a parked connection is not read by anyone, so somebody
 * else must. The watch is embedded in what it watches. Sockets are polled every 40 ms while any is watched; deadlines
 * are met within a millisecond or so. Policy: a peer that closes its sending side counts as gone. A full close() looks
 * exactly the same from here, and stopping the work of those that left matters more than serving those that half-close
 * and then wait.
 *
 * fire() runs on the watchdog's thread with its lock held: it must be short and must not call watchdog_add or
 * watchdog_remove. Each event is told at most once. After watchdog_remove returns, fire() neither runs nor will. */
#ifndef SOLVENT_WATCHDOG_H
#define SOLVENT_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

enum watch_event { WATCH_DEADLINE, WATCH_GONE };

struct watch {
    struct watch *next, *prev;
    bool linked;
    int fd;              /* a connected socket; -1: none */
    int64_t deadline_ns; /* of clock_ns(); INT64_MAX: none */
    void (*fire)(struct watch *watch, enum watch_event event);
};

struct watchdog;
struct watchdog *watchdog_open(void); /* NULL: no memory or no thread */
void watchdog_close(struct watchdog *dog);
void watchdog_add(struct watchdog *dog, struct watch *watch);
void watchdog_remove(struct watchdog *dog, struct watch *watch); /* one that is not there is fine */

#endif
