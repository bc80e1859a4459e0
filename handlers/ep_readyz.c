#include "handlers/call.h"

static enum status write_ready(struct call *call, struct buf *out) {
    const char *why = "";
    if (call->host->ready && !call->host->ready(call->host->self, &why))
        return call_fail(call, STATUS_UNREADY, "", "%s", why);
    buf_text(out, "{\"status\":\"ready\"}");
    return STATUS_OK;
}

const struct endpoint ep_readyz = {
    .method = "GET",
    .route = "/readyz",
    .version = 1,
    .title = "May a load balancer send requests here",
    .doc = "503 while the service drains before it ends; 200 else.",
    .answer = "{\"status\":\"ready\"}",
    .cache = CACHE_NEVER,
    .write = write_ready,
};
