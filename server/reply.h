/* reply.h - puts an answer or a problem together with its headers, and queues it. On the loop's thread. */
#ifndef SOLVENT_REPLY_H
#define SOLVENT_REPLY_H

#include <microhttpd.h>

#include "server/exchange.h"

/* Failures that have no call. code, HTTP status, rejection to count (or -1), detail */
#define REFUSAL_LIST(X)                                                                                                \
    X("not_found", 404, -1, "There is nothing at this path; GET /openapi.json lists what there is.")                   \
    X("method_not_allowed", 405, -1, "This path does not take this method; the Allow header lists those it takes.")    \
    X("body_too_large", 413, REJECTED_body_size, "The body is larger than the server takes (its option --max-body).")  \
    X("encoded_body", 415, -1, "The body has a Content-Encoding; want it plain.")                                      \
    X("ambiguous_length", 400, REJECTED_framing,                                                                       \
      "The length of the body is ambiguous; want one Content-Length of digits, or Transfer-Encoding: chunked without " \
      "it.")                                                                                                           \
    X("ambiguous_host", 400, REJECTED_framing, "There is more than one Host header; want one.")                        \
    X("queue_full", 503, REJECTED_queue_full, "As many requests as the server queues are waiting; try again later.")   \
    X("busy", 503, REJECTED_memory, "The requests in progress use all the memory the server may; try again later.")    \
    X("no_memory", 503, REJECTED_memory, "The server is out of memory; try again later.")

/* reply_refusal answers one of those. */
enum MHD_Result reply_refusal(struct exchange *x, const char *code);

/* reply_job answers what a finished job came to. */
enum MHD_Result reply_job(struct exchange *x, struct job *job);

/* reply_stream begins to answer with what a job's stream gives from now on. */
enum MHD_Result reply_stream(struct exchange *x);

/* reply_events begins to answer with the events of a job that come from now on. */
enum MHD_Result reply_events(struct exchange *x);

/* reply_cached answers from memory. */
enum MHD_Result reply_cached(struct exchange *x, const struct job *job, struct answer *answer);

/* reply_unchanged answers 304 where the client has this answer already; false: it does not, and nothing was done. any:
 * there is an answer, so that "If-None-Match: *" holds too. */
bool reply_unchanged(struct exchange *x, const struct key *key, bool any, enum MHD_Result *result);

/* reply_options answers OPTIONS, a CORS preflight or a plain one. */
enum MHD_Result reply_options(struct exchange *x);

/* reply_left answers someone who is probably not there any more. Who only half-closed may read it, or find the
 * connection closed (libmicrohttpd may see the end of the stream first). */
enum MHD_Result reply_left(struct exchange *x);

#endif
