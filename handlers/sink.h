/* sink.h - where an answer goes while it is computed.
 *
 *     encode_row(&sink->out, values, n);        write into the buffer as ever
 *     if (!sink_line(sink)) return ...;         a line is whole: it may leave
 *
 * Lines gather in `out`, and the host sends them when there are `full` bytes, or sooner where `hungry` says that the
 * other side waits. Its send() may wait until there is room: the work goes no faster than the answer is read.
 * Threads: one writes; only `hungry` is set by others. */
#ifndef SOLVENT_SINK_H
#define SOLVENT_SINK_H

#include <stdatomic.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"

struct sink {
    struct buf out;
    size_t whole;       /* bytes of `out` up to the last whole line */
    size_t full;        /* send at so many bytes */
    atomic_bool hungry; /* ask send() at every line; it decides whether the time has come */
    bool (*send)(
        struct sink *self); /* the host's: takes what is in `out`, or leaves it. False: nobody reads any more */
};

/* sink_memory makes one that keeps all, up to cap bytes, in `out`; sink->out is the caller's to release. */
static inline void sink_memory(struct sink *sink, size_t cap) {
    *sink = (struct sink){.full = SIZE_MAX};
    buf_init(&sink->out, cap);
}

/* sink_line ends a line or an event. False: stop, for want of a reader or of memory (out.failed). */
static inline bool sink_line(struct sink *sink) {
    if (sink->out.failed)
        return false;
    sink->whole = sink->out.n;
    if (sink->out.n < sink->full && !atomic_load_explicit(&sink->hungry, memory_order_relaxed))
        return true;
    return sink->send(sink);
}

/* sink_closed fails with CANCELLED: what to return where sink_line said no. */
static inline enum status sink_closed(struct ctx *ctx) {
    return ctx_fail(ctx, STATUS_CANCELLED, "", "The rest of the answer is not wanted any more.");
}

#endif
