#include "server/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "handlers/job_report.h"
#include "server/clock.h"
#include "server/jobs.h"
#include "server/models.h"
#include "server/server.h"

static const char *const METHODS[] = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "other"};
static const int STATUSES[] = {200, 202, 204, 304, 400, 404, 405, 406, 413, 415, 422, 429, 500, 503, 0};
static const double BOUNDS[] = {1e-4, 2.5e-4, 1e-3, 2.5e-3, 1e-2, 2.5e-2, 0.1, 0.25, 1, 2.5, 10, 60};
enum { N_METHODS = COUNT_OF(METHODS), N_STATUSES = COUNT_OF(STATUSES), N_BOUNDS = COUNT_OF(BOUNDS) };

typedef atomic_uint_least64_t counter;

struct route {
    counter requests[N_METHODS][N_STATUSES];
    counter bucket[N_BOUNDS + 1]; /* not cumulated */
    counter ns;
};

struct metrics {
    time_t started;
    counter in_flight, cancelled, collapsed, streamed;
    counter rejected[N_REJECTIONS];
    unsigned n_routes;
    struct route routes[]; /* the last one: unknown routes */
};

static void count(counter *c, uint64_t by) { atomic_fetch_add_explicit(c, by, memory_order_relaxed); }
static unsigned long long get(const counter *c) { return atomic_load_explicit(c, memory_order_relaxed); }

unsigned metrics_route(const struct endpoint *endpoint) {
    unsigned i = 0;
    while (endpoints[i] && endpoints[i] != endpoint)
        i++;
    return i;
}

struct metrics *metrics_new(void) {
    unsigned n = metrics_route(NULL) + 1;
    struct metrics *metrics = calloc(1, sizeof *metrics + n * sizeof metrics->routes[0]);
    if (metrics) {
        metrics->started = time(NULL);
        metrics->n_routes = n;
    }
    return metrics;
}

void metrics_free(struct metrics *metrics) { free(metrics); }

void metrics_begin(struct metrics *metrics) { count(&metrics->in_flight, 1); }

static unsigned method_index(const char *method) {
    unsigned i = 0;
    while (i + 1 < N_METHODS && strcmp(METHODS[i], method) != 0)
        i++;
    return i;
}

static unsigned status_index(int status) {
    unsigned i = 0;
    while (i + 1 < N_STATUSES && STATUSES[i] != status)
        i++;
    return i;
}

void metrics_request(struct metrics *metrics, unsigned route, const char *method, int status, int64_t ns) {
    struct route *r = &metrics->routes[route];
    unsigned b = 0;
    while (b < N_BOUNDS && (double)ns > BOUNDS[b] * 1e9)
        b++;
    count(&r->requests[method_index(method)][status_index(status)], 1);
    count(&r->bucket[b], 1);
    count(&r->ns, (uint64_t)ns);
    atomic_fetch_sub_explicit(&metrics->in_flight, 1, memory_order_relaxed);
}

void metrics_rejected(struct metrics *metrics, enum rejection reason) { count(&metrics->rejected[reason], 1); }
void metrics_cancelled(struct metrics *metrics) { count(&metrics->cancelled, 1); }
void metrics_collapsed(struct metrics *metrics) { count(&metrics->collapsed, 1); }
void metrics_streamed(struct metrics *metrics) { count(&metrics->streamed, 1); }

static const char *route_name(unsigned i) { return endpoints[i] ? endpoints[i]->route : "other"; }

static void head(struct buf *out, const char *name, const char *type, const char *help) {
    buf_printf(out, "# HELP solvent_%s %s\n# TYPE solvent_%s %s\n", name, help, name, type);
}

static void plain(struct buf *out, const char *name, const char *type, const char *help, double value) {
    head(out, name, type, help);
    buf_printf(out, "solvent_%s %.15g\n", name, value);
}

static void write_requests(const struct metrics *metrics, struct buf *out) {
    head(out, "requests_total", "counter", "Requests answered.");
    for (unsigned i = 0; i < metrics->n_routes; i++)
        for (unsigned m = 0; m < N_METHODS; m++)
            for (unsigned s = 0; s < N_STATUSES; s++) {
                unsigned long long n = get(&metrics->routes[i].requests[m][s]);
                if (n)
                    buf_printf(out, "solvent_requests_total{route=\"%s\",method=\"%s\",status=\"%.0d%s\"} %llu\n",
                               route_name(i), METHODS[m], STATUSES[s], STATUSES[s] ? "" : "other", n);
            }
}

static void write_latencies(const struct metrics *metrics, struct buf *out) {
    head(out, "request_seconds", "histogram", "Time from a request's line to the end of its answer.");
    for (unsigned i = 0; i < metrics->n_routes; i++) {
        const struct route *r = &metrics->routes[i];
        unsigned long long n = 0, all = 0;
        for (unsigned b = 0; b <= N_BOUNDS; b++)
            all += get(&r->bucket[b]);
        for (unsigned b = 0; all && b < N_BOUNDS; b++) {
            n += get(&r->bucket[b]);
            buf_printf(out, "solvent_request_seconds_bucket{route=\"%s\",le=\"%g\"} %llu\n", route_name(i), BOUNDS[b],
                       n);
        }
        if (all)
            buf_printf(out,
                       "solvent_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} "
                       "%llu\nsolvent_request_seconds_sum{route=\"%s\"} "
                       "%.9g\nsolvent_request_seconds_count{route=\"%s\"} %llu\n",
                       route_name(i), all, route_name(i), (double)get(&r->ns) / 1e9, route_name(i), all);
    }
}

static void write_rejections(const struct metrics *metrics, struct buf *out) {
    static const char *const reasons[] = {
#define X(name, doc) #name,
        REJECTION_LIST(X)
#undef X
    };
    head(out, "rejected_total", "counter", "Requests refused before anything was computed.");
    for (unsigned i = 0; i < N_REJECTIONS; i++)
        buf_printf(out, "solvent_rejected_total{reason=\"%s\"} %llu\n", reasons[i], get(&metrics->rejected[i]));
}

static void write_pool(struct pool *pool, struct buf *out) {
    struct pool_stats s;
    pool_stats(pool, &s);
    plain(out, "queue_length", "gauge", "Requests that wait for a worker.", (double)s.queued);
    plain(out, "queue_capacity", "gauge", "Requests that may wait (--queue).", (double)s.capacity);
    plain(out, "workers", "gauge", "Worker threads.", (double)s.workers);
    plain(out, "workers_busy", "gauge", "Worker threads that compute now.", (double)s.busy);
}

static void write_cache(struct cache *cache, struct buf *out) {
    struct cache_stats s;
    cache_stats(cache, &s);
    head(out, "cache_hits_total", "counter", "Answers found.");
    buf_printf(out, "solvent_cache_hits_total{level=\"memory\"} %llu\n", (unsigned long long)s.memory_hits);
    buf_printf(out, "solvent_cache_hits_total{level=\"disk\"} %llu\n", (unsigned long long)s.disk_hits);
    plain(out, "cache_misses_total", "counter", "Look-ups that found nothing.", (double)s.misses);
    plain(out, "cache_stores_total", "counter", "Answers kept.", (double)s.stores);
    head(out, "cache_evictions_total", "counter", "Answers dropped for want of room.");
    buf_printf(out, "solvent_cache_evictions_total{level=\"memory\"} %llu\n", (unsigned long long)s.memory_evictions);
    buf_printf(out, "solvent_cache_evictions_total{level=\"disk\"} %llu\n", (unsigned long long)s.disk_evictions);
    head(out, "cache_bytes", "gauge", "Bytes of the answers kept.");
    buf_printf(out, "solvent_cache_bytes{level=\"memory\"} %llu\n", (unsigned long long)s.memory_bytes);
    buf_printf(out, "solvent_cache_bytes{level=\"disk\"} %llu\n", (unsigned long long)s.disk_bytes);
    head(out, "cache_entries", "gauge", "Answers kept.");
    buf_printf(out, "solvent_cache_entries{level=\"memory\"} %llu\n", (unsigned long long)s.memory_entries);
    buf_printf(out, "solvent_cache_entries{level=\"disk\"} %llu\n", (unsigned long long)s.disk_entries);
    plain(out, "cache_write_queue", "gauge", "Answers that wait to be written to the file.", (double)s.queued);
    plain(out, "cache_disk_errors_total", "counter", "Failures of the file.", (double)s.disk_errors);
    plain(out, "cache_disk_ok", "gauge", "1 while the file serves.", s.disk_ok);
}

static void write_models(struct models *models, struct buf *out) {
    struct models_stats s;
    models_stats(models, &s);
    plain(out, "models", "gauge", "Models that requests may call by name.", (double)s.models);
    plain(out, "models_loaded", "gauge", "Networks whose weights are in memory.", (double)s.loaded);
    plain(out, "model_loads_total", "counter", "Networks whose weights were read.", (double)s.loads);
    plain(out, "model_memory_bytes", "gauge", "Memory of the weights.", (double)s.held);
    plain(out, "model_memory_capacity_bytes", "gauge", "Memory that they may take together (--model-memory).",
          (double)s.memory);
}

/* resident_bytes reads the second number of /proc/self/statm. */
static double resident_bytes(void) {
    char line[128], *second = line;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    bool got = fgets(line, sizeof line, f) != NULL;
    fclose(f);
    if (got)
        (void)strtol(line, &second, 10);
    return got ? (double)strtol(second, NULL, 10) * (double)sysconf(_SC_PAGESIZE) : 0;
}

static void write_jobs(struct jobs *jobs, struct buf *out) {
    size_t counts[N_JOB_STATES];
    uint64_t bytes;
    jobs_count(jobs, counts, &bytes);
    head(out, "jobs", "gauge", "Jobs that are kept, by their state.");
    for (int i = 0; i < N_JOB_STATES; i++)
        buf_printf(out, "solvent_jobs{state=\"%s\"} %zu\n", job_states[i], counts[i]);
    plain(out, "jobs_bytes", "gauge", "Bytes of their requests and results.", (double)bytes);
}

static void write_process(const struct metrics *metrics, struct buf *out) {
    head(out, "build_info", "gauge", "1, labelled with the version.");
    buf_text(out, "solvent_build_info{version=\"" SOLVENT_VERSION "\"} 1\n");
    buf_printf(out,
               "# HELP process_start_time_seconds Start of the process since the epoch.\n# TYPE "
               "process_start_time_seconds gauge\n"
               "process_start_time_seconds %lld\n",
               (long long)metrics->started);
    buf_printf(out,
               "# HELP process_resident_memory_bytes Resident memory.\n# TYPE process_resident_memory_bytes gauge\n"
               "process_resident_memory_bytes %.0f\n",
               resident_bytes());
}

void metrics_write(struct server *server, struct buf *out) {
    const struct metrics *metrics = server->metrics;
    write_requests(metrics, out);
    write_latencies(metrics, out);
    plain(out, "requests_in_flight", "gauge", "Requests begun and not yet answered.", (double)get(&metrics->in_flight));
    write_rejections(metrics, out);
    plain(out, "cancelled_total", "counter", "Computations stopped because everyone who waited had left.",
          (double)get(&metrics->cancelled));
    plain(out, "collapsed_total", "counter", "Requests that shared the computation of an equal one in flight.",
          (double)get(&metrics->collapsed));
    plain(out, "streamed_total", "counter", "Answers that were sent while they were computed.",
          (double)get(&metrics->streamed));
    plain(out, "memory_reserved_bytes", "gauge", "Memory that the admitted requests are estimated to use.",
          (double)atomic_load_explicit(&server->memory, memory_order_relaxed));
    plain(out, "memory_capacity_bytes", "gauge", "Memory that they may use together (--memory).",
          (double)server->memory_cap);
    write_pool(server->pool, out);
    write_cache(server->cache, out);
    write_models(server->models, out);
    if (server->jobs)
        write_jobs(server->jobs, out);
    write_process(metrics, out);
}
