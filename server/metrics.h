/* metrics.h - counters of the service, as Prometheus text. Counting is one relaxed atomic add, from any thread. */
#ifndef SOLVENT_METRICS_H
#define SOLVENT_METRICS_H

#include <stdint.h>

#include "handlers/endpoint.h"

struct server;
struct metrics;

/* reason, what it means */
#define REJECTION_LIST(X)                                            \
    X(queue_full, "as many requests as --queue allows were waiting") \
    X(memory, "the admitted requests used --memory")                 \
    X(body_size, "the body was larger than --max-body")              \
    X(framing, "the message's framing was ambiguous")                \
    X(slow, "headers, body or answer took longer than allowed")
enum rejection {
#define X(name, doc) REJECTED_##name,
    REJECTION_LIST(X)
#undef X
        N_REJECTIONS
};

struct metrics *metrics_new(void); /* NULL: no memory */
void metrics_free(struct metrics *metrics);

/* metrics_route is the index of an endpoint for metrics_request; that of NULL stands for all unknown routes. */
unsigned metrics_route(const struct endpoint *endpoint);
void metrics_begin(struct metrics *metrics);
void metrics_request(struct metrics *metrics, unsigned route, const char *method, int status, int64_t ns);
void metrics_rejected(struct metrics *metrics, enum rejection reason);
void metrics_cancelled(struct metrics *metrics);
void metrics_collapsed(struct metrics *metrics);
void metrics_streamed(struct metrics *metrics);

/* metrics_write writes all of them, and what pool and cache know. */
void metrics_write(struct server *server, struct buf *out);

#endif
