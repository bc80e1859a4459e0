#include "handlers/route.h"

#include <stdio.h>

#include "handlers/decode.h"

static const char *after_brace(const char *route) { return strchr(route, '}') + 1; }

bool route_is(const char *route, const char *path) {
    while (*route && *path) {
        if (*route == '{') {
            size_t n = strcspn(path, "/");
            if (n == 0)
                return false;
            route = after_brace(route);
            path += n;
        } else if (*route++ != *path++) {
            return false;
        }
    }
    return !*route && !*path;
}

/* add_method appends to an Allow header. */
static void add_method(char allow[64], const char *method) {
    size_t at = strlen(allow);
    snprintf(allow + at, 64 - at, "%s%s", at ? ", " : "", strcmp(method, "GET") ? method : "GET, HEAD");
}

const struct endpoint *endpoint_find(const char *method, const char *path, char allow[64]) {
    const struct endpoint *found = NULL;
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    allow[0] = '\0';
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        if (!route_is((*e)->route, path))
            continue;
        add_method(allow, (*e)->method);
        if (strcmp((*e)->method, method) == 0)
            found = *e;
    }
    if (allow[0] && !found)
        add_method(allow, "OPTIONS");
    return found;
}

static enum status nothing_there(struct call *call) {
    return call_fail(call, STATUS_NOT_FOUND, "", "There is nothing at %.200s; GET /openapi.json lists what there is.",
                     call->request.path ? call->request.path : "this path");
}

/* read_segment decodes p .. end into a STRING field. */
static enum status read_segment(struct call *call, const struct field *field, const char *p, const char *end) {
    struct buf text;
    buf_init(&text, field->max_items + 1);
    bool fits = percent_decode(&text, p, end, false) && !text.failed && text.n >= field->min_items &&
                text.n <= field->max_items && !memchr(text.data, '\0', text.n);
    char *copy = fits ? ctx_alloc(&call->ctx, text.n + 1, 1) : NULL;
    if (copy) {
        memcpy(copy, text.data, text.n);
        copy[text.n] = '\0';
        *(struct str *)(void *)((char *)call->params + field->offset) = (struct str){copy, text.n};
    }
    buf_release(&text);
    return !fits ? nothing_there(call) : copy ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status route_decode(struct call *call) {
    const struct field *field = call->endpoint->path;
    const char *route = call->endpoint->route, *path = call->request.path;
    if (!path || !route_is(route, path))
        return nothing_there(call);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && *route) {
        if (*route != '{') {
            route++, path++;
            continue;
        }
        const char *end = path + strcspn(path, "/");
        status = read_segment(call, field++, path, end);
        route = after_brace(route);
        path = end;
    }
    return status;
}
