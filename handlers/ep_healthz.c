#include "handlers/call.h"

static enum status write_health(struct call *call, struct buf *out) {
    (void)call;
    buf_text(out, "{\"status\":\"ok\",\"version\":\"" SOLVENT_VERSION "\"}");
    return STATUS_OK;
}

const struct endpoint ep_healthz = {
    .method = "GET",
    .route = "/healthz",
    .version = 1,
    .title = "Is the process alive",
    .doc = "Answers as long as the process serves at all, also while it starts or drains.",
    .answer = "{\"status\":\"ok\",\"version\":\"" SOLVENT_VERSION "\"}",
    .cache = CACHE_NEVER,
    .write = write_health,
};
