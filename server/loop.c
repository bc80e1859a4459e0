#include "server/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/exchange.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/receive.h"
#include "server/server.h"
#include "server/watchdog.h"

enum { SWEEP_MS = 50, LAST_LOOK_MS = 100, LAST_ANSWERS_MS = 1000, CONNECTION_MEMORY = 32 << 10 };

void conn_phase(struct loop *loop, struct conn *conn, enum conn_phase phase, int64_t limit_ms) {
    conn->phase = phase;
    conn->deadline_ns = limit_ms < 0 ? INT64_MAX : loop->now_ns + limit_ms * NS_PER_MS;
}

static struct conn *open_conn(struct loop *loop, struct MHD_Connection *mhd) {
    struct conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    address_text(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr, false, conn->client);
    conn_phase(loop, conn, CONN_WAITING, loop->server->options.header_timeout);
    conn->next = loop->conns;
    if (conn->next)
        conn->next->prev = conn;
    loop->conns = conn;
    loop->n_conns++;
    return conn;
}

static void close_conn(struct loop *loop, struct conn *conn) {
    *(conn->prev ? &conn->prev->next : &loop->conns) = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    loop->n_conns--;
    free(conn);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = open_conn(cls, mhd);
    else if (*context)
        close_conn(cls, *context);
}

/* is_departure: a client left, or was left; the line of its request says so ("cut"). */
static bool is_departure(const char *text) {
    static const char *const TEXTS[] = {"Failed to send the response body", "Failed to send the chunked response body",
                                        "Closing connection (application "};
    bool departure = false;
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++)
        departure = departure || strncmp(text, TEXTS[i], strlen(TEXTS[i])) == 0;
    return departure;
}

static void on_log(void *cls, const char *format, va_list args) {
    struct loop *loop = cls;
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    if (is_departure(text))
        return;
    log_message(loop->server->log, "warn", "libmicrohttpd: %s", text);
}

/* longest_s is for libmicrohttpd's own time-out, which counts from the last byte: it ends readers that stall in the
 * middle of a long answer, whose deadline is far away. */
static unsigned longest_s(const struct options *o) {
    int64_t ms = o->idle_timeout + o->header_timeout;
    if (ms < o->body_timeout)
        ms = o->body_timeout;
    return (unsigned)(ms / 1000) + 1;
}

static struct MHD_Daemon *start_daemon(struct loop *loop, int listen_fd) {
    const struct options *o = &loop->server->options;
    unsigned limit = (unsigned)((o->max_connections + o->threads - 1) / o->threads);
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, http_request, loop,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, loop, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, loop, MHD_OPTION_NOTIFY_COMPLETED, http_completed, loop, MHD_OPTION_URI_LOG_CALLBACK, http_line,
        loop, MHD_OPTION_CONNECTION_TIMEOUT, longest_s(o), MHD_OPTION_CONNECTION_LIMIT, limit,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

struct loop *loop_open(struct server *server, int listen_fd) {
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop) {
        close(listen_fd);
        return NULL;
    }
    loop->server = server;
    loop->now_ns = clock_ns();
    pthread_mutex_init(&loop->mutex, NULL);
    log_lines_init(&loop->lines);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd >= 0)
        loop->daemon = start_daemon(loop, listen_fd);
    if (!loop->daemon) {
        loop_close(loop);
        return NULL;
    }
    loop->epoll_fd = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return loop;
}

void loop_wake(struct loop *loop) {
    uint64_t one = 1;
    (void)!write(loop->wake_fd, &one, sizeof one);
}

void loop_deliver(struct loop *loop, struct exchange *x) {
    pthread_mutex_lock(&loop->mutex);
    bool first = !loop->done;
    x->next = loop->done;
    loop->done = x;
    pthread_mutex_unlock(&loop->mutex);
    if (first) /* else a wake-up is on its way already */
        loop_wake(loop);
}

void loop_suspend(struct exchange *x) {
    MHD_suspend_connection(x->mhd);
    x->loop->n_parked++;
    conn_phase(x->loop, x->conn, CONN_PARKED, -1);
}

void loop_watch(struct exchange *x, int64_t deadline_ns, void (*fire)(struct watch *watch, enum watch_event event)) {
    x->watch = (struct watch){.fd = x->conn->fd, .deadline_ns = deadline_ns, .fire = fire};
    watchdog_add(x->loop->server->dog, &x->watch);
}

/* take_done returns what was handed back, oldest first. */
static struct exchange *take_done(struct loop *loop) {
    pthread_mutex_lock(&loop->mutex);
    struct exchange *x = loop->done, *oldest = NULL;
    loop->done = NULL;
    pthread_mutex_unlock(&loop->mutex);
    while (x) {
        struct exchange *next = x->next;
        x->next = oldest;
        oldest = x;
        x = next;
    }
    return oldest;
}

static void resume_done(struct loop *loop) {
    for (struct exchange *x = take_done(loop), *next; x; x = next) {
        next = x->next;
        watchdog_remove(loop->server->dog, &x->watch);
        loop->n_parked--;
        conn_phase(loop, x->conn, CONN_SENDING, loop->server->options.body_timeout);
        MHD_resume_connection(x->mhd);
    }
}

static void shut(struct conn *conn) {
    conn->shut = true;
    shutdown(conn->fd, SHUT_RDWR); /* libmicrohttpd sees the end of the stream and closes it */
}

/* sweep shuts down connections whose time is up. While draining, one that waits for a request gets a last look and is
 * closed. */
static void sweep(struct loop *loop) {
    if (loop->now_ns < loop->sweep_ns)
        return;
    loop->sweep_ns = loop->now_ns + SWEEP_MS * NS_PER_MS;
    bool drained = loop->drained_ns && loop->now_ns > loop->drained_ns + LAST_LOOK_MS * NS_PER_MS;
    for (struct conn *conn = loop->conns; conn; conn = conn->next) {
        if (conn->shut || conn->phase == CONN_PARKED)
            continue;
        if (conn->deadline_ns < loop->now_ns) {
            if (conn->phase != CONN_WAITING)
                metrics_rejected(loop->server->metrics, REJECTED_slow);
            shut(conn);
        } else if (drained && conn->phase == CONN_WAITING) {
            shut(conn);
        }
    }
}

/* poll_ms is how long there can be nothing to do. */
static int poll_ms(struct loop *loop) {
    MHD_UNSIGNED_LONG_LONG ms;
    int limit = loop->drained_ns ? 20 : loop->n_conns ? SWEEP_MS : -1;
    if (MHD_get_timeout(loop->daemon, &ms) == MHD_YES && (limit < 0 || ms < (unsigned)limit))
        limit = ms > 1000 ? 1000 : (int)ms;
    return limit;
}

static void await(struct loop *loop) {
    struct pollfd p[] = {{.fd = loop->epoll_fd, .events = POLLIN}, {.fd = loop->wake_fd, .events = POLLIN}};
    int ms = poll_ms(loop);
    if (ms != 0)
        poll(p, 2, ms);
    uint64_t count;
    if (p[1].revents)
        (void)!read(loop->wake_fd, &count, sizeof count);
    loop->now_ns = clock_ns();
}

/* begin_drain accepts what is in the backlog already, then listens no more. */
static void begin_drain(struct loop *loop) {
    loop->drained_ns = loop->now_ns;
    MHD_run(loop->daemon);
    MHD_socket fd = MHD_quiesce_daemon(loop->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

static bool finished(struct loop *loop) {
    enum server_phase phase = server_phase(loop->server);
    if (phase == PHASE_SERVING)
        return false;
    if (!loop->drained_ns)
        begin_drain(loop);
    if (loop->n_conns == 0)
        return true;
    /* Stopping: every parked connection must have come back (libmicrohttpd aborts else), and its answer gets a moment
     * to leave. */
    if (phase != PHASE_STOPPING || loop->n_parked)
        return false;
    if (!loop->stopped_ns)
        loop->stopped_ns = loop->now_ns;
    if (loop->now_ns > loop->stopped_ns + LAST_ANSWERS_MS * NS_PER_MS)
        return true;
    for (struct conn *conn = loop->conns; conn; conn = conn->next)
        if (conn->phase == CONN_SENDING && !conn->shut)
            return false;
    return true;
}

static void *run(void *arg) {
    struct loop *loop = arg;
    pthread_mutex_lock(&loop->server->start);
    pthread_mutex_unlock(&loop->server->start);
    while (!finished(loop)) {
        await(loop);
        resume_done(loop);
        MHD_run(loop->daemon);
        sweep(loop);
        log_lines_flush(&loop->lines, loop->server->log);
    }
    atomic_fetch_sub(&loop->server->loops_running, 1);
    return NULL;
}

bool loop_start(struct loop *loop) {
    atomic_fetch_add(&loop->server->loops_running, 1);
    if (pthread_create(&loop->thread, NULL, run, loop)) {
        atomic_fetch_sub(&loop->server->loops_running, 1);
        return false;
    }
    pthread_setname_np(loop->thread, "loop");
    return true;
}

void loop_join(struct loop *loop) { pthread_join(loop->thread, NULL); }

void loop_close(struct loop *loop) {
    if (loop->daemon)
        MHD_stop_daemon(loop->daemon);
    log_lines_flush(&loop->lines, loop->server->log);
    log_lines_release(&loop->lines);
    exchange_free_spares(loop);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}
