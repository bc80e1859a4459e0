#include "handlers/model_named.h"

#include <stdio.h>
#include <string.h>

static enum status no_model(struct call *call, struct str name) {
    const struct model_name *bad;
    struct list names;
    enum status status = call_list_models(call, name, &names, &bad);
    if (status != STATUS_OK)
        return status;
    return bad ? call_fail(call, STATUS_INVALID, "/model", "The model \"%.*s\" is left out: %.*s", (int)name.n, name.p,
                           (int)bad->why.n, bad->why.p)
               : call_fail(call, STATUS_INVALID, "/model",
                           "There is no model \"%.*s\"; GET /v1/models lists those there are.", (int)name.n, name.p);
}

enum status model_named_keep(struct call *call, struct str asked, struct model_named *named, struct kept_model **out) {
    const char *at = memchr(asked.p, '@', asked.n);
    const struct str name = {asked.p, at ? (size_t)(at - asked.p) : asked.n};
    const struct str digest = {at ? at + 1 : "", at ? asked.n - name.n - 1 : 0};
    enum status status = call_keep_model(call, name, digest, call->hasty ? MODEL_HASTY : MODEL_DIGESTED, out);
    if (status != STATUS_OK)
        return status;
    if (!*out)
        return no_model(call, name);
    const struct str is = (*out)->named.digest;
    if (at && (is.n != digest.n || memcmp(is.p, digest.p, is.n) != 0))
        return call_fail(call, STATUS_INVALID, "/model",
                         "The digest of this model is %.*s; want that, or its name alone.", (int)is.n, is.p);
    call->impure |= !at;
    *named = (struct model_named){name, is};
    return STATUS_OK;
}

struct str model_named_text(const struct model_named *named, char text[MODEL_NAMED_MAX + 1]) {
    int n = snprintf(text, MODEL_NAMED_MAX + 1, "%.*s@%.*s", (int)named->name.n, named->name.p, (int)named->digest.n,
                     named->digest.p);
    return (struct str){text, (size_t)n};
}
