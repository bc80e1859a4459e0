#include "server/jobs_report.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "handlers/call.h"
#include "handlers/encode.h"

/* time_text writes "2026-01-31T12:00:00.123Z", or "" for 0. */
static void time_text(char to[32], int64_t ms) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char date[24];
    to[0] = '\0';
    if (!ms || !gmtime_r(&seconds, &tm) || !strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm))
        return;
    snprintf(to, 32, "%s.%03dZ", date, (int)(ms % 1000));
}

static void fill_texts(const struct look *look, struct job_texts *t) {
    const struct stored *job = &look->job;
    snprintf(t->id, sizeof t->id, "%s", job->id);
    snprintf(t->path, sizeof t->path, "%s", job->path);
    snprintf(t->request_id, sizeof t->request_id, "%s", job->request_id);
    time_text(t->created, job->created);
    time_text(t->started, job->started);
    time_text(t->ended, job->ended);
    time_text(t->expires, look->expires);
    snprintf(t->media, sizeof t->media, "%s", job->state == JOB_DONE ? job->result_media : "");
    snprintf(t->url, sizeof t->url, "/v1/jobs/%s", job->id);
    snprintf(t->events_url, sizeof t->events_url, "/v1/jobs/%s/events", job->id);
    if (job->result_media[0])
        snprintf(t->result_url, sizeof t->result_url, "/v1/jobs/%s/result", job->id);
}

/* rounded keeps what a guess is worth. */
static double rounded(double value, double unit) { return round(value * unit) / unit; }

void jobs_report_fill(const struct look *look, struct job_report *out) {
    const struct stored *job = &look->job;
    *out = (struct job_report){
        .state = job->state,
        .queued = job->state == JOB_QUEUED,
        .position = (int64_t)look->before,
        .has_progress = look->share >= 0,
        .progress = rounded(look->share, 1e4),
        .has_eta = look->left_s >= 0,
        .eta_s = rounded(look->left_s, 10),
        .attempts = job->attempts,
        .has_status = job->http != 0,
        .status = job->http,
        .bytes = job->bytes,
    };
    fill_texts(look, &out->texts);
    job_report_settle(out);
}

bool jobs_report_inline(const struct look *look) {
    const char *media = look->job.result_media;
    return look->job.result_bytes <= JOBS_INLINE_BYTES &&
           (!strcmp(media, media_text(MEDIA_JSON)) || !strcmp(media, media_text(MEDIA_PROBLEM)));
}

void jobs_report_body(const struct look *look, const void *body, size_t n, struct job_report *out) {
    if (body && jobs_report_inline(look))
        *(look->job.state == JOB_DONE ? &out->result : &out->problem) = (struct str){body, n};
}

static void write_event(struct buf *out, const char *event, const struct job_report *report) {
    buf_printf(out, "event: %s\ndata: ", event);
    encode_fields(out, job_report_fields, report);
    buf_text(out, "\n\n");
}

void jobs_report_event(const struct look *look, const void *body, size_t n, struct buf *out) {
    struct job_report report;
    jobs_report_fill(look, &report);
    jobs_report_body(look, body, n, &report);
    buf_text(out, "id: end\n");
    write_event(out, job_states[look->job.state], &report);
}

void jobs_report_state(const struct look *look, struct buf *out) {
    struct job_report report;
    jobs_report_fill(look, &report);
    write_event(out, "state", &report);
}
