#include "server/job.h"

#include <stdlib.h>
#include <string.h>

#include "server/clock.h"
#include "server/flight.h"
#include "server/gzip.h"
#include "server/jobs_host.h"
#include "server/jobs_reader.h"
#include "server/key.h"
#include "server/runtime.h"
#include "server/stream.h"

enum {
    CANONICAL_MAX = 64 << 10, /* a longer canonical request is not looked up a second time */
    LOOKUP_NS = 10 * 1000,    /* of both levels, with the hashing of a small request */
    HASH_NS_A_BYTE = 2,
    WORTH = 10, /* an answer is kept where computing it again costs this many times its look-up */
};
enum {
    ESTIMATE_BASE = 1 << 20, /* of what a request uses beyond its body ... */
    ESTIMATE_FACTOR = 24,    /* ... and this many times its body */
};
static const size_t ANSWER_MAX = (size_t)1 << 30;

struct job *job_new(struct server *server, const struct endpoint *endpoint, void *memory) {
    struct job *job = memory ? memory : malloc(sizeof *job);
    if (!job)
        return NULL;
    memset(job, 0, offsetof(struct job, call));
    memset(&job->call + 1, 0, sizeof *job - offsetof(struct job, call) - sizeof job->call);
    job->server = server;
    job->task.run = job_work;
    atomic_init(&job->refs, 1);
    job->queue_ns = job->solve_ns = job->encode_ns = -1;
    job->limit_ms = server->options.time_limit;
    job->answer_max = ANSWER_MAX;
    call_init(&job->call, endpoint, &server->host);
    job->call.ctx.stop = &job->stop;
    return job;
}

void *job_end(struct job *job) {
    call_release(&job->call);
    answer_drop(job->answer);
    stream_free(job->stream);
    reader_close(job->reader);
    free(job->header);
    free(job->path);
    free(job->body);
    free(job->query);
    return job;
}

void job_drop(struct job *job) {
    if (job && atomic_fetch_sub_explicit(&job->refs, 1, memory_order_acq_rel) == 1)
        free(job_end(job));
}

static void add_text(struct key_state *k, const char *text) { key_add(k, text, strlen(text)); }

/* What form an answer has. */
struct form {
    enum media media;
    bool gzip;
};

static void begin_key(struct key_state *k, const struct server *server, const struct call *call, struct form form,
                      const char *what) {
    const struct endpoint *endpoint = call->endpoint;
    unsigned char small[] = {(unsigned char)endpoint->version, (unsigned char)(endpoint->version >> 8),
                             (unsigned char)form.media, form.gzip};
    key_start(k);
    add_text(k, what);
    add_text(k, SOLVENT_VERSION);
    key_add(k, server->build, server->n_build); /* another build may answer otherwise */
    add_text(k, endpoint->method);
    add_text(k, endpoint->path ? call->request.path : endpoint->route);
    key_add(k, small, sizeof small);
}

static void request_key(const struct server *server, const struct call *call, struct form form, struct key *key) {
    struct key_state k;
    const struct request *r = &call->request;
    begin_key(&k, server, call, form, "request");
    add_text(&k, r->query ? r->query : "");
    add_text(&k, r->media ? r->media : "");
    key_add(&k, r->body, r->n);
    key_end(&k, key);
}

void job_key(struct job *job) {
    request_key(job->server, &job->call, (struct form){job->media, job->gzip}, &job->key);
    job->keyed = true;
}

static bool worth(uint64_t cost_ns, size_t n) { return cost_ns > WORTH * (LOOKUP_NS + (uint64_t)n * HASH_NS_A_BYTE); }

/* canonical_key is the second key: equal requests that are written differently have the same. false: there is none. */
static bool canonical_key(const struct server *server, const struct call *call, struct form form, struct key *key) {
    if (call->endpoint->cache != CACHE_BY_COST || !call->endpoint->input || call->request.n > JOB_SMALL)
        return false;
    struct buf text;
    buf_init(&text, CANONICAL_MAX);
    bool fits = call_canonical(call, &text);
    if (fits) {
        struct key_state k;
        begin_key(&k, server, call, form, "canonical");
        key_add(&k, text.data, text.n);
        key_end(&k, key);
    }
    buf_release(&text);
    return fits;
}

static void keep_under(struct job *job, const struct key *key) {
    cache_store(job->server->cache, key, job->answer);
    job->found = FOUND_STORED;
}

void job_store(struct job *job) {
    if (job->keyed && job_pure(job) && worth(job->answer->cost_ns, job->call.request.n))
        keep_under(job, &job->key);
}

static bool take(struct job *job, struct answer *answer, enum found found) {
    job->answer = answer;
    if (answer)
        job->found = found;
    return answer != NULL;
}

static bool find(struct job *job, unsigned worker, const struct key *key, bool in_memory) {
    struct cache *cache = job->server->cache;
    return (in_memory && take(job, cache_memory(cache, key), FOUND_MEMORY)) ||
           take(job, cache_disk(cache, worker, key), FOUND_DISK);
}

/* look_up asks for the request as it was written, then as it was understood; found the second way, it is kept the first
 * way too. */
static bool look_up(struct job *job, unsigned worker, const struct key *canonical) {
    bool pure = job->keyed && !job->call.impure;
    if (pure && find(job, worker, &job->key, true))
        return true;
    if (!canonical || !find(job, worker, canonical, true))
        return false;
    if (pure)
        cache_store(job->server->cache, &job->key, job->answer);
    return true;
}

static void take_answer(struct job *job, struct buf *out) {
    job->answer = answer_new(out->data, out->n, (int)job->call.media);
    if (!job->answer) {
        (void)call_fail(&job->call, STATUS_NO_MEMORY, "", "There is no memory left for the answer.");
        return;
    }
    job->answer->partial = job->call.partial;
    job->answer->http = job->call.http;
    job->answer->cost_ns = job->solve_ns > 0 ? (uint64_t)(job->solve_ns + job->encode_ns) : 0;
}

/* solve_streaming is for lines and events, which are written while they are computed: to the job's stream, or where the
 * loop does it itself, into memory. It leaves an answer where it was not sent yet, or is short enough to be kept. */
static void solve_streaming(struct job *job) {
    struct sink memory;
    sink_memory(&memory, job->answer_max);
    int64_t begun = clock_ns();
    enum status status = call_stream(&job->call, job->media, job->stream ? stream_sink(job->stream) : &memory);
    job->solve_ns = clock_ns() - begun - (job->stream ? stream_waited(job->stream) : 0);
    job->encode_ns = 0;
    if (job->stream)
        stream_end(job->stream, status, &memory.out);
    if (status == STATUS_OK && memory.out.data)
        take_answer(job, &memory.out);
    else
        buf_release(&memory.out);
}

void job_solve(struct job *job) {
    if (job->stream || call_streams(&job->call, job->media)) {
        solve_streaming(job);
        return;
    }
    bool timed = job_cacheable(job); /* of the others nobody asks */
    int64_t begun = timed ? clock_ns() : 0;
    enum status status = call_run(&job->call);
    int64_t solved = timed ? clock_ns() : 0;
    if (timed)
        job->solve_ns = solved - begun;
    if (status != STATUS_OK)
        return;
    struct buf out;
    buf_init(&out, job->answer_max);
    status = call_encode(&job->call, job->media, &out);
    if (timed)
        job->encode_ns = clock_ns() - solved;
    if (status == STATUS_OK)
        take_answer(job, &out);
    else
        buf_release(&out);
}

/* recall finds an item's answer; the file has a connection for each worker, and for no other thread. */
static bool recall(struct server *server, const struct key *key, struct buf *out) {
    int worker = pool_worker();
    struct answer *answer = cache_memory(server->cache, key);
    if (!answer && worker >= 0)
        answer = cache_disk(server->cache, (unsigned)worker, key);
    if (answer)
        buf_add(out, answer->body, answer->n);
    answer_drop(answer);
    return answer != NULL;
}

static void remember(struct server *server, const struct key *key, const struct buf *out, uint64_t cost_ns) {
    char *copy = malloc(out->n + 1);
    if (!copy)
        return;
    memcpy(copy, out->data, out->n);
    struct answer *answer = answer_new(copy, out->n, MEDIA_JSON);
    if (!answer)
        return;
    answer->cost_ns = cost_ns;
    cache_store(server->cache, key, answer);
    answer_drop(answer);
}

enum status job_answer_item(void *self, struct call *call, struct buf *out) {
    struct server *server = self;
    const struct form form = {MEDIA_JSON, false};
    uint64_t cost = call_cost(call);
    size_t n = call->request.n;
    struct key key, canonical;
    bool keyed = !call->impure && call->endpoint->cache == CACHE_BY_COST && worth(cost, n);
    if (keyed)
        request_key(server, call, form, &key);
    if (keyed && recall(server, &key, out))
        return STATUS_OK;
    bool has_canonical = worth(cost, n) && canonical_key(server, call, form, &canonical);
    if (has_canonical && recall(server, &canonical, out))
        return STATUS_OK;
    int64_t begun = clock_ns();
    enum status status = call_run(call);
    if (status == STATUS_OK)
        status = call_encode(call, MEDIA_JSON, out);
    uint64_t took = (uint64_t)(clock_ns() - begun);
    if (status != STATUS_OK || call->partial || !worth(took, n))
        return status;
    if (keyed)
        remember(server, &key, out, took);
    if (has_canonical)
        remember(server, &canonical, out, took);
    return status;
}

size_t job_estimate(const struct job *job) {
    size_t n = ESTIMATE_BASE + ESTIMATE_FACTOR * job->call.request.n;
    return n < job->call.ctx.cap ? n : job->call.ctx.cap;
}

bool job_compressible(const struct job *job) {
    return job->gzip && job->answer && !job->answer->gzip && job->answer->n >= (size_t)job->server->options.gzip_min &&
           job->answer->media != MEDIA_NPY &&
           job->answer->media != MEDIA_PNG; /* doubles hardly shrink, pictures have shrunk */
}

/* compress replaces the answer, which nobody else has seen yet, by its gzip form where that is smaller. */
static void compress_answer(struct job *job) {
    size_t n;
    int64_t begun = clock_ns();
    char *body = gzip_bytes(job->answer->body, job->answer->n, &n);
    struct answer *less = body ? answer_new(body, n, job->answer->media) : NULL;
    int64_t took = clock_ns() - begun;
    if (less) {
        less->gzip = true;
        less->partial = job->answer->partial;
        less->http = job->answer->http;
        less->cost_ns = job->answer->cost_ns + (uint64_t)took;
        answer_drop(job->answer);
        job->answer = less;
    }
    job->encode_ns += took;
}

static void on_deadline(struct watch *watch, enum watch_event event) {
    (void)event;
    struct job *job = (struct job *)((char *)watch - offsetof(struct job, watch));
    int none = STOP_NONE; /* a cancelled job stays cancelled */
    atomic_compare_exchange_strong(&job->stop, &none, STOP_DEADLINE);
}

static void solve_in_time(struct job *job) {
    int64_t limit = job->limit_ms, asked = job->call.time_limit_ms;
    if (asked > 0 && asked < limit)
        limit = asked;
    job->watch = (struct watch){.fd = -1, .deadline_ns = clock_ns() + limit * NS_PER_MS, .fire = on_deadline};
    job->call.deadline_ns = job->watch.deadline_ns;
    watchdog_add(job->server->dog, &job->watch);
    job_solve(job);
    watchdog_remove(job->server->dog, &job->watch);
}

/* prepare decodes what the loop left undecoded, and hashes a large request where that pays. false: it is wrong. */
static bool prepare(struct job *job) {
    if (!job->decoded && call_decode(&job->call) != STATUS_OK)
        return false;
    job->decoded = true;
    if (!job->keyed && job_cacheable(job) && !job->call.impure &&
        (job->want_key || worth(call_cost(&job->call), job->call.request.n)))
        job_key(job);
    return true;
}

/* is_open: the answer must come as a stream (it took the queue long, and the client was told so), not as it
 * was found. */
static bool is_open(struct job *job) {
    if (!job->stream || !flight_settle(job->server->flights, job))
        return false;
    answer_drop(job->answer);
    job->answer = NULL;
    job->found = FOUND_MISS;
    return true;
}

/* close_stream tells an open stream what went wrong before the computation began. */
static void close_stream(struct job *job) {
    struct buf none;
    if (job->stream && job->call.status != STATUS_OK)
        stream_end(job->stream, job->call.status, &none);
}

/* find_or_solve answers a job that is decoded. */
static void find_or_solve(struct job *job, unsigned worker) {
    struct key canonical;
    bool has_canonical = canonical_key(job->server, &job->call, (struct form){job->media, job->gzip}, &canonical);
    job->found = job_cacheable(job) ? FOUND_MISS : FOUND_BYPASS;
    if (look_up(job, worker, has_canonical ? &canonical : NULL) && !is_open(job))
        return;
    solve_in_time(job);
    if (job_compressible(job))
        compress_answer(job);
    job_store(job);
    if (has_canonical && job->answer && !job->answer->partial && worth(job->answer->cost_ns, 0))
        keep_under(job, &canonical);
}

/* answer_job: true where it was merged with an equal one, and is nobody's any more. */
static bool answer_job(struct job *job, unsigned worker) {
    bool late = !job->decoded; /* else it could be joined from the beginning */
    if (!prepare(job))
        return false;
    if (late && flight_merge(job->server->flights, job))
        return true;
    find_or_solve(job, worker);
    return false;
}

void job_answer(struct job *job, unsigned reader) {
    if (prepare(job))
        find_or_solve(job, reader);
}

void job_work(struct pool_task *task, unsigned worker) {
    struct job *job = (struct job *)task;
    bool merged = false;
    struct working *working = job->server->working;
    working_begin(working, worker, job->call.endpoint->route, job->id);
    job->queue_ns = clock_ns() - job->queued_ns;
    job->call.ctx.parallel = pool_parallel(job->server->pool);
    if (ctx_stop(&job->call.ctx) == STOP_CANCEL) {
        (void)call_fail(&job->call, STATUS_CANCELLED, "", "The request was cancelled before it was begun.");
    } else if (job->answer) { /* computed on the loop, which must not compress */
        compress_answer(job);
        job_store(job);
    } else if (job->async) {
        job_submit(job);
    } else if (job->call.endpoint->live) {
        job_listen(job);
    } else {
        merged = answer_job(job, worker);
    }
    close_stream(job);
    call_release(&job->call); /* the arena may be large; what was wrong stays in the call */
    server_unreserve(job->server, job->reserved);
    working_end(working, worker); /* first: who has the answer may ask what the worker does */
    if (!merged)
        flight_finish(job->server->flights, job);
    job_drop(job);
}
