/* status.h - how a fallible function of core/ and handlers/ says what went wrong.
 * A status is the class of the failure; the sentence for the reader lies in ctx->err (ctx.h). */
#ifndef SOLVENT_STATUS_H
#define SOLVENT_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* name, code of the problem document, HTTP status */
#define STATUS_LIST(X)                                                                            \
    X(OK, "ok", 200)                                                                              \
    X(SYNTAX, "not_json", 400)               /* the body is not what its media type says */       \
    X(UNSUPPORTED, "unsupported_media", 415) /* a media type or an npy layout we do not read */   \
    X(NOT_ACCEPTABLE, "not_acceptable", 406) /* no representation that the client takes */        \
    X(NOT_FOUND, "not_found", 404)           /* the path names nothing that there is */           \
    X(FORBIDDEN, "forbidden", 403)           /* it is there, and not the client's to change */    \
    X(CONFLICT, "conflict", 409)             /* something that is there is in the way */          \
    X(INVALID, "invalid", 422)               /* a field is wrong; the pointer names it */         \
    X(TOO_LARGE, "too_large", 413)           /* the work or the answer passes a limit */          \
    X(NO_MEMORY, "memory_limit", 413)        /* the request's arena reached its cap */            \
    X(CANCELLED, "cancelled", 503)           /* ctx->stop said so; nobody waits for the answer */ \
    X(TIMED_OUT, "time_limit", 503)          /* out of time, and there is no partial answer */    \
    X(UNREADY, "not_ready", 503)             /* the service starts or drains */                   \
    X(FULL, "full", 503)                     /* the host keeps as much as it may */               \
    X(INTERNAL, "internal", 500)             /* our own bug */

enum status {
#define X(name, code, http) STATUS_##name,
    STATUS_LIST(X)
#undef X
};

#endif
