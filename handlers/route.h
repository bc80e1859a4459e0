/* route.h - routes with parameters: "/v1/models/{id}" is every path with one segment that is not empty in the place of
 * {id}. A path is as it came: percent-encoded, without its query. */
#ifndef SOLVENT_ROUTE_H
#define SOLVENT_ROUTE_H

#include "handlers/call.h"

bool route_is(const char *route, const char *path);

/* route_decode fills call->params by endpoint->path from call->request.path. Errors: NOT_FOUND where the path is none of
 * the route's, or a parameter is not percent-encoded, too long or holds U+0000; NO_MEMORY. */
enum status route_decode(struct call *call) MUST_CHECK;

#endif
