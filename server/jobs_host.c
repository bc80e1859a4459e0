#include "server/jobs_host.h"

#include <stdio.h>

#include "handlers/encode.h"
#include "server/jobs.h"
#include "server/jobs_reader.h"
#include "server/jobs_report.h"
#include "server/machine.h"

static enum status unknown(struct call *call, const char *id) {
    return call_fail(call, STATUS_NOT_FOUND, "",
                     "There is no job \"%s\"; it may have expired. GET /v1/jobs lists those there are.", id);
}

static enum status unusable(struct call *call, const char *why) {
    return call_fail(call, STATUS_UNREADY, "", "%s", why);
}

static struct jobs *jobs_of(void *self) { return ((struct server *)self)->jobs; }

/* read_whole reads a part into the call's arena; p NULL: there is none. */
static enum status read_whole(struct jobs *jobs, struct ticket *t, enum part part, struct call *call, struct str *out) {
    struct buf text;
    bool found;
    enum status status = STATUS_OK;
    buf_init(&text, SIZE_MAX / 2);
    *out = (struct str){0};
    if (!jobs_read(jobs, t, part, &text, &found))
        status = unusable(call, "The jobs' file cannot be read.");
    char *p = status == STATUS_OK && found ? ctx_alloc(&call->ctx, text.n + 1, 1) : NULL;
    if (p) {
        memcpy(p, text.n ? text.data : "", text.n);
        *out = (struct str){p, text.n};
    } else if (status == STATUS_OK && found) {
        status = STATUS_NO_MEMORY;
    }
    buf_release(&text);
    return status;
}

/* report fills a report, the result included where that is short. */
static enum status report(struct jobs *jobs, struct ticket *t, struct call *call, struct job_report *out) {
    struct look look;
    struct str body = {0};
    enum status status = STATUS_OK;
    jobs_look(jobs, t, &look);
    jobs_report_fill(&look, out);
    if (jobs_report_inline(&look))
        status = read_whole(jobs, t, PART_RESULT, call, &body);
    if (status == STATUS_OK)
        jobs_report_body(&look, body.p, body.n, out);
    return status;
}

static enum status find(void *self, struct call *call, const char *id, struct job_report *out) {
    struct jobs *jobs = jobs_of(self);
    struct ticket *t = jobs_find(jobs, id);
    if (!t)
        return unknown(call, id);
    enum status status = report(jobs, t, call, out);
    jobs_release(jobs, t);
    return status;
}

static enum status cancel(void *self, struct call *call, const char *id, struct job_report *out) {
    struct jobs *jobs = jobs_of(self);
    struct ticket *t = jobs_find(jobs, id);
    struct look look;
    bool forgotten;
    char why[JOBS_WHY];
    if (!t)
        return unknown(call, id);
    bool good = jobs_cancel(jobs, t, &look, &forgotten, why);
    jobs_report_fill(&look, out);
    jobs_release(jobs, t);
    return good ? STATUS_OK : unusable(call, why);
}

static enum status list(void *self, struct call *call, const struct job_filter *filter, struct list *out,
                        int64_t *next) {
    struct look *looks = ctx_alloc(&call->ctx, filter->limit, sizeof *looks);
    struct job_report *reports = ctx_alloc(&call->ctx, filter->limit, sizeof *reports);
    bool more;
    if (!looks || !reports)
        return STATUS_NO_MEMORY;
    size_t n = jobs_list(jobs_of(self), filter->before, filter->state, looks, filter->limit, &more);
    for (size_t i = 0; i < n; i++)
        jobs_report_fill(&looks[i], &reports[i]);
    *out = (struct list){n, reports};
    *next = more ? looks[n - 1].job.seq : 0;
    return STATUS_OK;
}

static enum status no_result(struct call *call, const struct look *look) {
    return call_fail(call, STATUS_NOT_FOUND, "", "The job \"%s\" is %s and has no result%s.", look->job.id,
                     job_states[look->job.state], look->job.state < JOB_DONE ? " yet" : "");
}

static enum status result(void *self, struct call *call, const char *id, struct buf *out) {
    struct jobs *jobs = jobs_of(self);
    struct ticket *t = jobs_find(jobs, id);
    struct look look;
    bool found = false;
    if (!t)
        return unknown(call, id);
    jobs_look(jobs, t, &look);
    bool good = !look.job.result_media[0] || jobs_read(jobs, t, PART_RESULT, out, &found);
    jobs_release(jobs, t);
    if (!good)
        return unusable(call, "The jobs' file cannot be read.");
    if (!found)
        return no_result(call, &look);
    call->media = media_named(look.job.result_media);
    call->kept_http = (int)look.job.http;
    return STATUS_OK;
}

static enum status making(void *self, struct call *call, struct str name) {
    char id[STORE_ID + 1], text[STORE_MAKES];
    snprintf(text, sizeof text, "%.*s", (int)name.n, name.p);
    if (!jobs_making(jobs_of(self), text, id))
        return STATUS_OK;
    return call_fail(call, STATUS_CONFLICT, "", "The job %s makes the model \"%s\"; DELETE /v1/jobs/%s ends it.", id,
                     text, id);
}

const struct host_jobs jobs_host = {.find = find, .cancel = cancel, .list = list, .result = result, .making = making};

/* -- requests that become jobs -- */

static const char *path_of(const struct job *job) {
    return job->call.endpoint->path ? job->call.request.path : job->call.endpoint->route;
}

/* digest names all of the request that a job's answer depends on. */
static void digest(const struct job *job, struct key *out) {
    struct key_state k;
    const struct request *r = &job->call.request;
    const char *const texts[] = {path_of(job), r->query ? r->query : "", r->media ? r->media : "",
                                 media_text(job->media)};
    key_start(&k);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        key_add(&k, texts[i], strlen(texts[i]));
    key_add(&k, r->body, r->n);
    key_end(&k, out);
}

static void fill(const struct job *job, int64_t seed, struct submission *s) {
    struct stored *row = &s->job;
    *s =
        (struct submission){.query = job->call.request.query, .body = job->call.request.body, .n = job->call.request.n};
    snprintf(row->path, sizeof row->path, "%s", path_of(job));
    snprintf(row->request_id, sizeof row->request_id, "%s", job->id);
    snprintf(row->content_type, sizeof row->content_type, "%s", job->content_type);
    snprintf(row->key, sizeof row->key, "%s", job->header ? job->header : "");
    snprintf(row->media, sizeof row->media, "%s", media_text(job->media));
    snprintf(row->makes, sizeof row->makes, "%.*s", (int)job->call.makes.n, job->call.makes.n ? job->call.makes.p : "");
    digest(job, &row->digest);
    uint64_t cost = call_cost(&job->call);
    row->cost_ns = cost < INT64_MAX ? (int64_t)cost : INT64_MAX;
    row->seed = seed;
}

static void refuse(struct call *call, enum verdict verdict, const char *why) {
    enum status status = verdict == VERDICT_CLASH    ? STATUS_INVALID
                         : verdict == VERDICT_MAKING ? STATUS_CONFLICT
                         : verdict == VERDICT_HUGE   ? STATUS_TOO_LARGE
                         : verdict == VERDICT_BROKEN ? STATUS_UNREADY
                                                     : STATUS_FULL;
    (void)call_fail(call, status, verdict == VERDICT_MAKING ? "/name" : "", "%s", why);
}

/* take_in answers 202 with the report. */
static void take_in(struct job *job, struct ticket *t) {
    struct job_report *out = ctx_zalloc(&job->call.ctx, 1, sizeof *out);
    struct buf text;
    buf_init(&text, 1 << 20);
    if (out && report(job->server->jobs, t, &job->call, out) == STATUS_OK) {
        encode_fields(&text, job_report_fields, out);
        snprintf(job->location, sizeof job->location, "%s", out->texts.url);
        job->answer = text.failed ? NULL : answer_new(text.data, text.n, MEDIA_JSON);
    }
    if (job->answer)
        job->answer->http = 202;
    else if (job->call.status == STATUS_OK)
        (void)call_fail(&job->call, STATUS_NO_MEMORY, "", "There is no memory to tell of the job.");
}

void job_submit(struct job *job) {
    struct jobs *jobs = job->server->jobs;
    uint64_t seeds = machine_random() >> 1; /* the row has 63 bits */
    const int64_t seed = (int64_t)seeds;
    struct submission s;
    struct ticket *t;
    char why[JOBS_WHY];
    job->call.seeds = &seeds;
    if (call_decode(&job->call) != STATUS_OK)
        return;
    fill(job, seed, &s);
    enum verdict verdict = jobs_submit(jobs, &s, &t, why);
    if (!t) {
        refuse(&job->call, verdict, why);
        return;
    }
    take_in(job, t);
    jobs_release(jobs, t);
}

/* -- listening -- */

void job_listen(struct job *job) {
    struct call *call = &job->call;
    struct jobs *jobs = job->server->jobs;
    if (call_decode(call) != STATUS_OK)
        return;
    const char *id = ((const struct job_params *)call->params)->id.p;
    struct ticket *t = jobs ? jobs_find(jobs, id) : NULL;
    if (!jobs)
        (void)unusable(call, "This host keeps no jobs.");
    else if (!t)
        (void)unknown(call, id);
    else if (!(job->reader = reader_open(jobs, t, job->header ? job->header : "")))
        (void)call_fail(call, STATUS_NO_MEMORY, "", "There is no memory to listen with.");
    else if (reader_is_over(job->reader) && (job->answer = answer_new(NULL, 0, MEDIA_SSE)))
        job->answer->http = 204;
}
