#include "server/jobs_crew.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/job.h"
#include "server/jobs.h"
#include "server/runtime.h"

enum { NICE = 10, MEMORY_LOOK_MS = 20, HUNDREDTHS = 100 };
static const size_t EVENT_MAX = 64 << 20;

struct crew {
    struct server *server;
    struct pool *helpers;
    atomic_uint running;
    unsigned n;
    struct hand {
        struct crew *crew;
        unsigned index;
        pthread_t thread;
    } * hands;
};

_Static_assert(sizeof((struct stored *)0)->request_id <= sizeof((struct job *)0)->id &&
                   sizeof((struct stored *)0)->content_type <= sizeof((struct job *)0)->content_type,
               "texts of a row");

/* A job while it runs. */
struct shift {
    struct sink sink;     /* first: what run() tells of */
    struct call_job lent; /* what the call sees */
    struct jobs *jobs;
    struct ticket *ticket;
    struct job *job;
    uint64_t seed;
    bool tells; /* the endpoint has events of its own */

    pthread_mutex_t mutex; /* shares come from any thread */
    double share;
    unsigned told; /* hundredths that events have told of */
};

/* -- what a job lends to its call -- */

static bool send_event(struct sink *sink) {
    struct shift *s = (struct shift *)sink;
    jobs_event(s->jobs, s->ticket, sink->out.data, sink->out.n);
    buf_clear(&sink->out);
    sink->whole = 0;
    return true;
}

static struct shift *shift_of(struct call_job *lent) {
    return (struct shift *)((char *)lent - offsetof(struct shift, lent));
}

/* tell_hundredths has an event for each hundredth, none left out: so a second run has the same ones. */
static void tell_hundredths(struct shift *s) {
    char text[64];
    while (s->told < (unsigned)(s->share * HUNDREDTHS)) {
        s->told++;
        int n = snprintf(text, sizeof text, "event: share\ndata: {\"share\":%u.%02u}\n\n", s->told / HUNDREDTHS,
                         s->told % HUNDREDTHS);
        jobs_event(s->jobs, s->ticket, text, (size_t)n);
    }
}

static void on_share(struct call_job *lent, double share) {
    struct shift *s = shift_of(lent);
    pthread_mutex_lock(&s->mutex);
    if (share > s->share) {
        s->share = share < 1 ? share : 1;
        jobs_share(s->jobs, s->ticket, s->share);
        if (!s->tells)
            tell_hundredths(s);
    }
    pthread_mutex_unlock(&s->mutex);
}

static bool on_save(struct call_job *lent, const void *p, size_t n) {
    struct shift *s = shift_of(lent);
    return jobs_save(s->jobs, s->ticket, p, n);
}

static bool on_saved(struct call_job *lent, struct buf *out) {
    struct shift *s = shift_of(lent);
    bool found;
    return jobs_read(s->jobs, s->ticket, PART_CHECKPOINT, out, &found) && found;
}

static void begin_shift(struct shift *s, struct jobs *jobs, struct ticket *ticket, const struct look *look) {
    *s = (struct shift){.sink = {.full = 1, .hungry = true, .send = send_event},
                        .lent = {on_share, on_save, on_saved},
                        .jobs = jobs,
                        .ticket = ticket,
                        .seed = (uint64_t)look->job.seed,
                        .told = (unsigned)(look->job.events - 1)};
    buf_init(&s->sink.out, EVENT_MAX);
    pthread_mutex_init(&s->mutex, NULL);
}

static void end_shift(struct shift *s) {
    buf_release(&s->sink.out);
    pthread_mutex_destroy(&s->mutex);
}

/* -- one job -- */

/* read_request gives the job its request back; false: it cannot be read. */
static bool read_request(struct shift *s, struct job *job) {
    struct buf body, query;
    bool asked, queried;
    buf_init(&body, SIZE_MAX / 2);
    buf_init(&query, SIZE_MAX / 2);
    bool good = jobs_read(s->jobs, s->ticket, PART_REQUEST, &body, &asked) && asked &&
                jobs_read(s->jobs, s->ticket, PART_QUERY, &query, &queried);
    buf_byte(&query, '\0');
    good = good && !query.failed;
    if (!good) {
        buf_release(&body);
        buf_release(&query);
        return false;
    }
    job->body = body.data;
    job->query = query.data;
    job->call.request.body = body.data ? body.data : "";
    job->call.request.n = body.n;
    job->call.request.query = query.data;
    return true;
}

static struct job *make_job(struct server *server, struct shift *s, const struct look *look,
                            const struct endpoint *endpoint) {
    struct job *job = job_new(server, endpoint, NULL);
    if (!job)
        return NULL;
    strcpy(job->id, look->job.request_id); /* where they came from */
    strcpy(job->content_type, look->job.content_type);
    job->path = strdup(look->job.path);
    job->call.request.path = job->path ? job->path : endpoint->route;
    job->call.request.media = job->content_type[0] ? job->content_type : NULL;
    job->media = job->call.media = media_named(look->job.media);
    job->call.seeds = &s->seed;
    job->call.job = &s->lent;
    job->call.events = endpoint->progress ? &s->sink : NULL;
    job->limit_ms = server->options.job_time_limit;
    if (job->answer_max > (size_t)server->options.jobs_bytes) /* more could not be kept */
        job->answer_max = (size_t)server->options.jobs_bytes;
    s->tells = endpoint->progress;
    return job;
}

/* reserve waits until there is memory for the job; false: it is to stop. */
static bool reserve(struct job *job) {
    struct server *server = job->server;
    size_t n = job_estimate(job);
    n = n < server->memory_cap ? n : server->memory_cap; /* alone it may run in any case */
    while (!server_reserve(server, n)) {
        if (ctx_stop(&job->call.ctx) != STOP_NONE)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = MEMORY_LOOK_MS * NS_PER_MS}, NULL);
    }
    job->reserved = n;
    return true;
}

static void compute(struct hand *hand, struct job *job) {
    struct server *server = job->server;
    unsigned thread = (unsigned)server->options.workers + hand->index;
    if (!reserve(job)) {
        (void)call_fail(&job->call, STATUS_CANCELLED, "", "The job was cancelled before it was begun.");
        return;
    }
    job->call.ctx.parallel = pool_parallel(hand->crew->helpers);
    working_begin(server->working, thread, job->call.endpoint->route, job->id);
    job_answer(job, thread);
    working_end(server->working, thread);
    server_unreserve(server, job->reserved);
}

static void end_with_problem(struct shift *s, struct job *job) {
    struct buf text;
    buf_init(&text, 1 << 20);
    call_problem(&job->call, job->id, &text);
    jobs_end(s->jobs, s->ticket,
             &(struct outcome){.stopped = job->call.status == STATUS_CANCELLED,
                               .http = job->call.http,
                               .media = media_text(MEDIA_PROBLEM),
                               .body = text.n ? text.data : "",
                               .n = text.n});
    buf_release(&text);
}

static void log_end(const struct job *job, const char *id) {
    char why[160] = "";
    if (!job->answer)
        snprintf(why, sizeof why, ": %.150s", job->call.errors[0].detail);
    log_message(job->server->log, job->call.status == STATUS_INTERNAL ? "error" : "info",
                "Job %s of request %s (%s) has %s after %.3f s%s", id, job->id, job->call.endpoint->route,
                job->answer ? "its answer" : "no answer",
                (double)(job->solve_ns > 0 ? job->solve_ns : 0) / (double)NS_PER_S, *why ? why : ".");
}

static void end(struct shift *s, struct job *job) {
    const struct answer *a = job->answer;
    if (!a)
        end_with_problem(s, job);
    else
        jobs_end(s->jobs, s->ticket,
                 &(struct outcome){.http = 200, .media = media_text((enum media)a->media), .body = a->body, .n = a->n});
}

/* end_unbegun ends a job that cannot be made anything of. */
static void end_unbegun(struct shift *s, const struct look *look, int http, const char *code, const char *why) {
    struct buf text;
    buf_init(&text, 1 << 20);
    problem_write(&text, NULL, http, code, look->job.request_id, why);
    jobs_end(s->jobs, s->ticket,
             &(struct outcome){
                 .http = http, .media = media_text(MEDIA_PROBLEM), .body = text.n ? text.data : "", .n = text.n});
    buf_release(&text);
}

static void run(struct hand *hand, struct ticket *ticket) {
    struct server *server = hand->crew->server;
    struct look look;
    struct shift shift;
    char allow[64];
    jobs_look(server->jobs, ticket, &look);
    const struct endpoint *endpoint = endpoint_find("POST", look.job.path, allow);
    begin_shift(&shift, server->jobs, ticket, &look);
    struct job *job = endpoint ? make_job(server, &shift, &look, endpoint) : NULL;
    if (!endpoint) {
        end_unbegun(&shift, &look, 404, "not_found", "This version of the service has no such endpoint any more.");
    } else if (!job || !read_request(&shift, job)) {
        end_unbegun(&shift, &look, 503, "not_ready",
                    "The job's request could not be read, or there is no memory for it.");
    } else {
        jobs_attach(server->jobs, ticket, &job->stop);
        compute(hand, job);
        log_end(job, look.job.id);
        end(&shift, job);
    }
    job_drop(job);
    end_shift(&shift);
}

/* -- the threads -- */

static void lower_priority(void) {
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* Linux: of this thread */
    (void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
}

static void *work(void *arg) {
    struct hand *hand = arg;
    struct jobs *jobs = hand->crew->server->jobs;
    lower_priority();
    for (struct ticket *ticket; (ticket = jobs_take(jobs));)
        run(hand, ticket);
    atomic_fetch_sub(&hand->crew->running, 1);
    return NULL;
}

static bool start(struct crew *crew) {
    struct hand *hand = &crew->hands[crew->n];
    char name[16];
    *hand = (struct hand){.crew = crew, .index = crew->n};
    atomic_fetch_add(&crew->running, 1);
    if (pthread_create(&hand->thread, NULL, work, hand)) {
        atomic_fetch_sub(&crew->running, 1);
        return false;
    }
    snprintf(name, sizeof name, "job-%u", hand->index % 10000);
    pthread_setname_np(hand->thread, name);
    crew->n++;
    return true;
}

struct crew *crew_open(struct server *server) {
    const struct options *o = &server->options;
    struct crew *crew = calloc(1, sizeof *crew);
    bool good = crew != NULL;
    if (good) {
        crew->server = server;
        crew->helpers = pool_open_helpers((unsigned)o->workers - 1, "job-helper", lower_priority);
        crew->hands = calloc((size_t)o->job_workers, sizeof *crew->hands);
        good = crew->helpers && crew->hands;
    }
    while (good && crew->n < (unsigned)o->job_workers)
        good = start(crew);
    if (good)
        return crew;
    jobs_stop(server->jobs);
    crew_close(crew);
    return NULL;
}

bool crew_idle(struct crew *crew) { return !crew || atomic_load(&crew->running) == 0; }

void crew_close(struct crew *crew) {
    if (!crew)
        return;
    for (unsigned i = 0; i < crew->n; i++)
        pthread_join(crew->hands[i].thread, NULL);
    pool_close(crew->helpers);
    free(crew->hands);
    free(crew);
}
