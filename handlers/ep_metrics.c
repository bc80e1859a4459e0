#include "handlers/call.h"

static enum status write_metrics(struct call *call, struct buf *out) {
    if (call->host->metrics)
        call->host->metrics(call->host->self, out);
    return STATUS_OK;
}

const struct endpoint ep_metrics = {
    .method = "GET",
    .route = "/metrics",
    .version = 1,
    .title = "Counters and gauges for Prometheus",
    .doc = "Requests, latencies, queue, cache and workers in Prometheus' text format. Empty where there is no server "
           "(`solvent call`).",
    .cache = CACHE_NEVER,
    .media = "text/plain; version=0.0.4; charset=utf-8",
    .write = write_metrics,
};
