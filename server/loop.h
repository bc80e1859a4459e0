/* loop.h - one event loop: libmicrohttpd's epoll set driven by a thread of ours, the connections, and the way back for
 * parked requests.
 *
 * Why not libmicrohttpd's own threads: 0.9.75 waits with its full timeout whenever exactly 128 (or 256) sockets are
 * ready at once. Its MHD_run never blocks; so the thread polls its epoll descriptor beside an eventfd of ours and calls
 * MHD_run. Time limits on headers, bodies, answers and idle connections are kept here, in all and not since the last
 * byte: a connection whose deadline has passed is shut down. */
#ifndef SOLVENT_LOOP_H
#define SOLVENT_LOOP_H

#include <microhttpd.h>
#include <pthread.h>

#include "server/address.h"
#include "server/log.h"
#include "server/watchdog.h"

struct exchange;
struct server;

enum { SEND_BYTES_A_MS = 16 }; /* the slowest reader that is put up with */

enum conn_phase { CONN_WAITING, CONN_RECEIVING, CONN_PARKED, CONN_SENDING };

struct conn {
    struct conn *next, *prev;
    int fd;
    enum conn_phase phase;
    int64_t deadline_ns; /* INT64_MAX: none */
    bool shut;
    char client[ADDRESS_TEXT];
};

struct loop {
    struct server *server;
    struct MHD_Daemon *daemon;
    int epoll_fd, wake_fd;
    pthread_t thread;
    pthread_mutex_t mutex;
    struct exchange *done; /* handed back, newest first; under the mutex */

    /* The loop's thread only. */
    struct conn *conns;
    size_t n_conns, n_parked;
    struct exchange *spares; /* a few, to spare malloc the churn */
    size_t n_spares;
    void *spare_job; /* memory for the next job, or NULL */
    struct log_lines lines;
    int64_t now_ns;     /* of this turn */
    int64_t sweep_ns;   /* when deadlines are looked at next */
    int64_t drained_ns; /* when draining began; 0: it has not */
    int64_t stopped_ns; /* when nothing was parked any more while stopping */
};

/* loop_open makes a loop on a listening socket, which it takes over. NULL: it could not (the socket is closed). */
struct loop *loop_open(struct server *server, int listen_fd);
/* loop_start runs it on a thread; it ends by itself after server->phase says so. */
bool loop_start(struct loop *loop);
void loop_join(struct loop *loop);
void loop_close(struct loop *loop); /* after its end; closes what connections there are */

/* loop_deliver hands a parked exchange back; from any thread. It is the loop's from here on. */
void loop_deliver(struct loop *loop, struct exchange *x);
void loop_wake(struct loop *loop);

/* loop_suspend takes an exchange's connection out of the loop's hands, until it is delivered; only then may others see
 * it. loop_watch then has it watched. Both on the loop's thread. */
void loop_suspend(struct exchange *x);
void loop_watch(struct exchange *x, int64_t deadline_ns, void (*fire)(struct watch *watch, enum watch_event event));

/* conn_phase sets what a connection is doing and for how long it may (milliseconds; below 0: as long as it takes). */
void conn_phase(struct loop *loop, struct conn *conn, enum conn_phase phase, int64_t limit_ms);

#endif
