/* exchange.h - one request on its way: what came in, what it waits for, what was answered. */
#ifndef SOLVENT_EXCHANGE_H
#define SOLVENT_EXCHANGE_H

#include <microhttpd.h>

#include "server/job.h"
#include "server/negotiate.h"

struct conn;
struct loop;

enum exchange_state {
    EXCHANGE_LINE,    /* the request line is there, the headers may not be */
    EXCHANGE_BODY,    /* headers are there; the body comes */
    EXCHANGE_PARKED,  /* waits for a job; its connection is suspended */
    EXCHANGE_ANSWERED /* the response is queued */
};

/* Request headers that matter; pointers into libmicrohttpd's memory, good until the answer is complete. */
struct heads {
    const char *accept, *accept_encoding, *content_encoding, *content_type, *if_none_match, *origin, *request_id;
    const char *idempotency_key, *last_event_id;
    bool async;            /* Prefer: respond-async */
    const char *preflight; /* Access-Control-Request-Method */
    const char *expect;
    const char *length, *transfer, *host;
    unsigned n_length, n_transfer, n_host;
    uint64_t content_length; /* 0 where none is given */
};

enum { EXCHANGE_PATH = 256 };

struct exchange {
    struct exchange *next, *prev; /* a job's waiters, a loop's done list, or its spares */
    struct watch watch;           /* for a client that leaves while parked */
    struct loop *loop;
    struct conn *conn;
    struct MHD_Connection *mhd;
    enum exchange_state state;
    int64_t begun_ns;
    const char *method;              /* libmicrohttpd's */
    const struct endpoint *endpoint; /* NULL: none; then allow names what there is */
    struct heads heads;
    size_t n;            /* bytes of the body so far */
    size_t size;         /* of `body` */
    size_t reserved;     /* of the server's memory, for the body */
    char *body;          /* malloc'ed, or NULL */
    char *query;         /* malloc'ed, or NULL */
    const char *refused; /* why the body is thrown away: a code for reply_refusal; NULL: it is kept */

    /* Under the lock of the flights while parked. */
    struct job *job; /* a reference */
    bool waiting;    /* in job->waiters */
    bool left;       /* the client went away while parked */

    bool collapsed;
    int64_t queue_ns, solve_ns; /* for the log; -1: did not happen */
    int status;                 /* answered; 0: nothing was */
    uint64_t bytes_out;
    const char *cache; /* for the log */
    char allow[64];
    char id[ID_MAX + 1];
    char path[EXCHANGE_PATH];
};

#endif
