/* stream.h - an answer on its way from the worker that makes it to the loop that sends it.
 *
 *      worker                                              loop
 *      call_stream -> sink.out (up to PIECE) --swap--> sending -> stream_read -> chunks
 *
 * Two pieces, so memory is bounded: the worker waits while its piece is full and the other is not sent. What was
 * handed over is sent at once. With nothing to send the connection is suspended, watched for a client that leaves, and,
 * where the answer is of events, resumed from time to time for a comment (a heartbeat).
 *
 * It begins undecided: an answer that is whole before it has PIECE bytes, or before --stream-delay has passed since its
 * first line, is sent like any other, with its length, a tag and all (an event is sent at once). Else it is opened
 * (flight_open): its waiter goes back to its loop, which answers 200 with chunks. A copy is kept of up to 1 MiB, and
 * stored like any other answer. It is not compressed: who wants that puts it behind a proxy. A failure after that is
 * the last line of the stream. It has one reader: equal streams do not share a computation.
 *
 * Ends: the worker is done (stream_end); or the client has left, or takes a piece too slowly (the connection's
 * deadline), then the job is cancelled.
 * Lock: the stream's own mutex comes after the watchdog's and before that of the flights. */
#ifndef SOLVENT_STREAM_H
#define SOLVENT_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/status.h"
#include "handlers/sink.h"

struct exchange;
struct job;
struct stream;

/* stream_new makes one for a job that is not parked yet; it lives as long as the job. NULL: no memory. */
struct stream *stream_new(struct job *job);
void stream_free(struct stream *stream);

/* stream_sink is what call_stream writes to. */
struct sink *stream_sink(struct stream *stream);

/* stream_end is the worker's last word, where the answer or the failure is known; a second one is not heard. It gives
 * in *whole all the bytes (the caller's to free) where the answer is complete and they are still there; else
 * whole->data is NULL. */
void stream_end(struct stream *stream, enum status status, struct buf *whole);

/* stream_waited is how long the worker waited for the reader. */
int64_t stream_waited(const struct stream *stream);

/* On the loop's thread. stream_begin: x will read. stream_read is libmicrohttpd's content reader; cls is x.
 * stream_leave: the request is over. */
void stream_begin(struct exchange *x);
ssize_t stream_read(void *cls, uint64_t pos, char *to, size_t max);
void stream_leave(struct exchange *x);

#endif
