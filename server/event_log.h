/* event_log.h - the events of one job, as a text/event-stream wants them, numbered from 1 on; the last ones are kept.
 *
 *     "id: 7\nevent: step\ndata: {...}\n\n"      event 7; no line of it is empty but the last
 *
 * Events are a function of the job's request, so a job that is run again tells of the same ones under the same numbers:
 * who asks for those after 7 gets them from whichever run.
 * Threads: the owner's lock. */
#ifndef SOLVENT_EVENT_LOG_H
#define SOLVENT_EVENT_LOG_H

#include <stdint.h>

#include "core/base/buf.h"

enum { EVENT_LOG_BYTES = 1 << 20 };

struct event_log {
    struct buf text;
    size_t *starts; /* [n] where each event begins in it */
    size_t n, room;
    uint64_t first; /* number of the oldest that is kept; first + n is that of the next */
};

/* event_log_init: the next event is number `next` (1: the first of all). */
void event_log_init(struct event_log *log, uint64_t next);
void event_log_release(struct event_log *log);

/* event_log_add appends an event: `event` is what follows its id ("event: step\ndata: {}\n\n", n bytes). The oldest are
 * dropped for it where they pass EVENT_LOG_BYTES together; the newest always stays. Without memory it is dropped, but
 * counted. */
void event_log_add(struct event_log *log, const char *event, size_t n);

/* event_log_next is the number that the next event will have. */
static inline uint64_t event_log_next(const struct event_log *log) { return log->first + log->n; }

/* event_log_from gives the text of all events from number `id` on (the oldest kept where that is older); *n may be 0. */
const char *event_log_from(const struct event_log *log, uint64_t id, size_t *n);

/* event_log_read makes a log of a text that another one held. false: it is no such text, or there is no memory. */
bool event_log_read(struct event_log *log, const char *text, size_t n);

#endif
