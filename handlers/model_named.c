#include "handlers/model_named.h"

#include <stdio.h>
#include <string.h>

#include "handlers/spelling.h"

/* nearest is the name that may have been meant; n 0: none is near. */
static struct str nearest(const struct list *names, struct str name) {
    struct str found = {0};
    size_t best = SPELLING_NEAR + 1;
    for (size_t i = 0; i < names->n; i++) {
        const struct model_name *m = (const struct model_name *)names->items + i;
        const size_t distance = edit_distance(name, m->name);
        if (distance > 0 && distance < best)
            best = distance, found = m->name;
    }
    return found;
}

enum status model_unknown(struct call *call, enum status status, const char *pointer, struct str name) {
    const struct model_name *bad;
    struct list names;
    enum status listed = call_list_models(call, name, &names, &bad);
    if (listed != STATUS_OK)
        return listed;
    if (bad)
        return call_fail(call, status, pointer, "The model \"%.*s\" is left out: %.*s", (int)name.n, name.p,
                         (int)bad->why.n, bad->why.p);
    const struct str near = nearest(&names, name);
    return call_fail(call, status, pointer, "There is no model \"%.*s\"%s%.*s%s; GET /v1/models lists those there are.",
                     (int)name.n, name.p, near.n ? " (did you mean \"" : "", (int)near.n, near.n ? near.p : "",
                     near.n ? "\"?)" : "");
}

enum status model_named_keep(struct call *call, struct str asked, struct model_named *named, struct kept_model **out) {
    const char *at = memchr(asked.p, '@', asked.n);
    const struct str name = {asked.p, at ? (size_t)(at - asked.p) : asked.n};
    const struct str digest = {at ? at + 1 : "", at ? asked.n - name.n - 1 : 0};
    enum status status = call_keep_model(call, name, digest, call->hasty ? MODEL_HASTY : MODEL_DIGESTED, out);
    if (status != STATUS_OK)
        return status;
    if (!*out)
        return model_unknown(call, STATUS_INVALID, "/model", name);
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
