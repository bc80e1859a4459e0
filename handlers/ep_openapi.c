#include "handlers/call.h"

static enum status write_openapi(struct call *call, struct buf *out) {
    (void)call;
    openapi_write(out);
    return STATUS_OK;
}

const struct endpoint ep_openapi = {
    .method = "GET",
    .route = "/openapi.json",
    .version = 1,
    .title = "This API as OpenAPI 3.1",
    .doc = "Made from the same descriptors that decode requests: what it says is what the service does.",
    .cache = CACHE_BY_COST,
    .write = write_openapi,
};
