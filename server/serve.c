#include "server/serve.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/address.h"
#include "server/clock.h"
#include "server/flight.h"
#include "server/job.h"
#include "server/jobs.h"
#include "server/jobs_crew.h"
#include "server/jobs_host.h"
#include "server/loop.h"
#include "server/machine.h"
#include "server/metrics.h"
#include "server/models.h"
#include "server/runtime.h"
#include "server/server.h"

enum {
    PATIENCE_MS = 5000, /* for cancelled computations to notice it */
    FILES_BESIDE = 64,  /* descriptors that are no connections */
    DRAIN_LOOK_MS = 20,
    SPARE_MOST = 256 << 20, /* bytes of arenas that are kept for the next request */
};

static int fail(const char *format, ...) PRINTF_LIKE(1, 2);
static int fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("solvent: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

/* -- what the host lends to endpoints -- */

static int64_t now_ns(void *self) {
    (void)self;
    return clock_ns();
}

static uint64_t draw_seed(void *self) {
    struct server *server = self;
    uint64_t z = server->seed_seed +
                 atomic_fetch_add_explicit(&server->next_seed, 1, memory_order_relaxed) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u; /* SplitMix64 */
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) >> 11;
}

static void write_metrics(void *self, struct buf *out) { metrics_write(self, out); }

static bool ready(void *self, const char **why) {
    bool serving = server_phase(self) == PHASE_SERVING;
    if (!serving)
        *why = "The service finishes what is in progress before it ends.";
    return serving;
}

static enum status read_runtime(void *self, struct ctx *ctx, struct runtime *out) {
    return runtime_read(((struct server *)self)->working, ctx, out);
}

static void on_file_log(void *self, const char *level, const char *text) { log_message(self, level, "%s", text); }

/* -- opening and closing -- */

/* settle replaces the options' "0: whatever there is", and what the system does not allow. */
static void settle(struct server *server) {
    struct options *o = &server->options;
    if (o->workers == 0) /* on one core two: a slow computation must not hold up the quick ones */
        o->workers = machine_cores() > 1 ? machine_cores() : 2;
    server->memory_cap = o->memory ? (size_t)o->memory : machine_memory() / 4 * 3;
    size_t files = machine_files((size_t)o->max_connections + FILES_BESIDE);
    if (files < (size_t)o->max_connections + FILES_BESIDE) {
        o->max_connections = files > 2 * FILES_BESIDE ? (int64_t)(files - FILES_BESIDE) : FILES_BESIDE;
        log_message(server->log, "warn", "Only %zu files may be open, so --max-connections is %lld.", files,
                    (long long)o->max_connections);
    }
}

static void make_host(struct server *server) {
    server->id_seed = machine_random();
    server->seed_seed = machine_random();
    server->build = machine_build(&server->n_build);
    server->host = (struct host){
        .self = server,
        .draw_seed = draw_seed,
        .now_ns = now_ns,
        .metrics = write_metrics,
        .ready = ready,
        .answer = job_answer_item,
        .runtime = read_runtime,
        .jobs = server->options.job_workers ? &jobs_host : NULL,
        .isa = server->isa,
        .spare = &server->spare,
        .max_memory = (size_t)server->options.max_memory,
    };
}

static int64_t unix_ms(void *self) {
    struct timespec now;
    (void)self;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / NS_PER_MS;
}

/* open_jobs opens the jobs and those who work on them, unless there are to be none. */
static bool open_jobs(struct server *server) {
    const struct options *o = &server->options;
    char beside[PATH_MAX];
    snprintf(beside, sizeof beside, "%s.jobs", o->db);
    if (o->job_workers == 0)
        return true;
    struct jobs_options jobs = {
        .path = *o->jobs_db ? o->jobs_db
                : *o->db    ? beside
                            : "",
        .max = (size_t)o->jobs_max,
        .bytes = (uint64_t)o->jobs_bytes,
        .ttl_ms = o->job_ttl,
        .workers = (unsigned)o->job_workers,
        .now_ms = unix_ms,
        .log = on_file_log,
        .self = server->log,
    };
    return (server->jobs = jobs_open(&jobs)) && (server->crew = crew_open(server));
}

static bool open_parts(struct server *server) {
    spare_init(&server->spare, SPARE_MOST);
    const struct options *o = &server->options;
    struct cache_options cache = {
        .path = o->db,
        .memory_bytes = (size_t)o->cache_bytes,
        .disk_bytes = (size_t)o->db_bytes,
        .readers = (unsigned)(o->workers + o->job_workers),
        .log = on_file_log,
        .log_self = server->log,
    };
    return (server->metrics = metrics_new()) && (server->flights = flights_new()) &&
           (server->working = working_new((unsigned)o->workers, (unsigned)o->job_workers)) &&
           (server->models = models_open(o->models, server->isa, (size_t)o->model_memory, server->log)) &&
           (models_tidy(server->models), true) && (server->host.models = models_store(server->models)) &&
           (server->cache = cache_open(&cache)) && (server->dog = watchdog_open()) &&
           (server->pool = pool_open((unsigned)o->workers, (size_t)o->queue)) && open_jobs(server) &&
           (server->loops = calloc((size_t)o->threads, sizeof(struct loop *)));
}

/* close_parts closes what is open, in reverse; loops have ended. */
static void close_parts(struct server *server) {
    for (unsigned i = 0; i < server->n_loops; i++)
        loop_close(server->loops[i]);
    free(server->loops);
    pool_close(server->pool);
    if (server->jobs)
        jobs_stop(server->jobs);
    crew_close(server->crew);
    jobs_close(server->jobs);
    watchdog_close(server->dog);
    cache_close(server->cache);
    models_close(server->models);
    flights_free(server->flights);
    working_free(server->working);
    metrics_free(server->metrics);
    spare_release(&server->spare);
    log_close(server->log);
}

static bool open_loops(struct server *server, char error[ADDRESS_ERROR]) {
    struct address address;
    if (!address_parse(server->options.listen, &address, error))
        return false;
    for (; server->n_loops < server->options.threads; server->n_loops++) {
        int fd = address_listen(&address, server->options.threads > 1,
                                error); /* binds port 0 once: the address is settled then */
        if (fd < 0)
            return false;
        struct loop *loop = loop_open(server, fd);
        if (!loop) {
            snprintf(error, ADDRESS_ERROR, "Cannot start an event loop: %s.", strerror(errno));
            return false;
        }
        server->loops[server->n_loops] = loop;
    }
    char text[ADDRESS_TEXT];
    address_text((const struct sockaddr *)&address.at, true, text);
    log_message(server->log, "info", "solvent " SOLVENT_VERSION " listens on http://%s with %lld workers (%s kernels).",
                text, (long long)server->options.workers, isa_text(server->isa));
    return true;
}

/* -- signals and the end -- */

static void block_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int await_end(struct server *server, const sigset_t *set) {
    for (;;) {
        int got = sigwaitinfo(set, NULL);
        if (got == SIGHUP) {
            log_reopen(server->log);
            models_rescan(server->models);
        } else if (got > 0) {
            return got;
        }
    }
}

static void wake_all(struct server *server) {
    for (unsigned i = 0; i < server->n_loops; i++)
        loop_wake(server->loops[i]);
}

/* sleep_or_quit waits a moment; a second signal ends the process where it stands. */
static void sleep_or_quit(const sigset_t *set) {
    struct timespec moment = {.tv_nsec = DRAIN_LOOK_MS * NS_PER_MS};
    int got = sigtimedwait(set, NULL, &moment);
    if (got == SIGTERM || got == SIGINT)
        _exit(128 + got);
}

/* give_up ends the process without cleaning up: a computation does not stop, and its memory is still in use. */
static void give_up(struct server *server) {
    log_message(server->log, "error", "A computation did not stop within %d ms; the process ends without it.",
                PATIENCE_MS);
    _exit(1);
}

/* drain lets the loops finish, and cancels what is left after --drain. */
static void drain(struct server *server, const sigset_t *set) {
    int64_t patience = clock_ns() + server->options.drain * NS_PER_MS,
            end = patience + (int64_t)PATIENCE_MS * NS_PER_MS;
    atomic_store_explicit(&server->phase, PHASE_DRAINING, memory_order_release);
    if (server->jobs)
        jobs_stop(server->jobs); /* they stay queued for the next process */
    wake_all(server);
    while (atomic_load(&server->loops_running)) {
        sleep_or_quit(set);
        int64_t now = clock_ns();
        if (now > end)
            give_up(server);
        if (now > patience) {
            atomic_store_explicit(&server->phase, PHASE_STOPPING, memory_order_release);
            flights_cancel(server->flights);
            wake_all(server);
        }
    }
    for (unsigned i = 0; i < server->n_loops; i++)
        loop_join(server->loops[i]);
    struct pool_stats stats; /* computations whose clients left may be on their way to noticing */
    for (end = clock_ns() + (int64_t)PATIENCE_MS * NS_PER_MS;
         pool_stats(server->pool, &stats), stats.busy || stats.queued || !crew_idle(server->crew);) {
        sleep_or_quit(set);
        if (clock_ns() > end)
            give_up(server);
    }
}

/* start_loops lets none of them answer before all are there by their names, for GET /v1/runtime/threads. */
static bool start_loops(struct server *server) {
    bool started = true;
    pthread_mutex_lock(&server->start);
    for (unsigned i = 0; i < server->n_loops && started; i++)
        started = loop_start(server->loops[i]);
    pthread_mutex_unlock(&server->start);
    return started;
}

static int run(struct server *server) {
    char error[ADDRESS_ERROR];
    sigset_t set;
    block_signals(&set);
    if (!(server->log = log_open(server->options.log, error)))
        return fail("%s", error);
    if (!machine_isa(server->options.kernels, &server->isa, error))
        return fail("%s", error);
    settle(server);
    make_host(server);
    int code = 1;
    if (!open_parts(server))
        fail("There is no memory, or there are no threads, to start with.");
    else if (!open_loops(server, error))
        fail("%s", error);
    else if (!start_loops(server))
        _exit(fail("There are no threads for the event loops."));
    else
        code = 0;
    if (code == 0) {
        int got = await_end(server, &set);
        log_message(server->log, "info", "%s: finishing what is in progress.", got == SIGINT ? "SIGINT" : "SIGTERM");
        drain(server, &set);
        log_message(server->log, "info", "Ended.");
    }
    close_parts(server);
    return code;
}

int serve(struct options *options) {
    struct server *server = calloc(1, sizeof *server);
    if (!server)
        return fail("There is no memory to start with.");
    server->options = *options;
    pthread_mutex_init(&server->start, NULL);
    int code = run(server);
    pthread_mutex_destroy(&server->start);
    free(server);
    return code;
}
