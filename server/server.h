/* server.h - what the parts of the running service share. One struct server a process, made by serve.c.
 *
 *      loop thread(s)                       worker threads                 watchdog thread
 *      libmicrohttpd, http.c                pool.c, job.c                  watchdog.c
 *        parse, route, look up    --job-->    decode, look up,    <--stop--  deadlines,
 *        answer, or park                      solve, encode, gzip            clients that left
 *        resume, answer         <--done---    flight.c
 *        send in chunks         <--lines--    stream.c
 *                               <--events--   jobs.c <-> job threads, jobs_crew.c
 *
 * Only a loop's own thread touches its connections and calls libmicrohttpd. An exchange (one request) belongs to its
 * loop, but while it is parked to the flights (flight.h), whose lock guards the hand-over. Locks are taken in the order
 * watchdog, a stream's or that of the jobs, flights, then pool or loop; no two of the last kind at once. */
#ifndef SOLVENT_SERVER_H
#define SOLVENT_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "handlers/call.h"
#include "server/cache.h"
#include "server/log.h"
#include "server/options.h"
#include "server/pool.h"
#include "server/watchdog.h"

struct crew;
struct flights;
struct jobs;
struct loop;
struct metrics;
struct models;
struct working;

enum server_phase { PHASE_SERVING, PHASE_DRAINING, PHASE_STOPPING };

struct server {
    struct options options;
    struct log *log;
    struct cache *cache;
    struct pool *pool;
    struct watchdog *dog;
    struct flights *flights;
    struct metrics *metrics;
    struct models *models;
    struct jobs *jobs; /* NULL: there are none */
    struct crew *crew;
    struct working *working;
    enum isa isa;     /* of --kernels */
    struct host host; /* host.self is the server */
    struct loop **loops;
    unsigned n_loops;
    pthread_mutex_t start; /* held until all loops are there; none answers before */
    atomic_uint loops_running;
    atomic_int phase;     /* enum server_phase */
    atomic_size_t memory; /* bytes that admitted requests are estimated to use, bodies in upload included */
    size_t memory_cap;
    atomic_uint_least64_t next_id, next_seed;
    uint64_t id_seed, seed_seed; /* drawn at start */
    const unsigned char *build;  /* the program's build id, n_build bytes: part of every key */
    size_t n_build;
};

static inline enum server_phase server_phase(struct server *server) {
    return (enum server_phase)atomic_load_explicit(&server->phase, memory_order_acquire);
}

/* server_reserve takes n bytes of the memory that requests may use together; false where they are not there. */
static inline bool server_reserve(struct server *server, size_t n) {
    if (atomic_fetch_add_explicit(&server->memory, n, memory_order_relaxed) + n <= server->memory_cap)
        return true;
    atomic_fetch_sub_explicit(&server->memory, n, memory_order_relaxed);
    return false;
}
static inline void server_unreserve(struct server *server, size_t n) {
    atomic_fetch_sub_explicit(&server->memory, n, memory_order_relaxed);
}

#endif
