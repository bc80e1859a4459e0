/* job_report.h - what a client is told of a job: by GET /v1/jobs, GET /v1/jobs/{id}, DELETE, the 202 of a request that
 * became one, and its last event. */
#ifndef SOLVENT_JOB_REPORT_H
#define SOLVENT_JOB_REPORT_H

#include "core/base/buf.h"
#include "handlers/field.h"

struct call;
struct host_jobs;

/* The short texts of a report, so that it owns nothing. */
struct job_texts {
    char id[32], path[256], request_id[136], created[32], started[32], ended[32], expires[32], media[64];
    char url[64], result_url[64], events_url[64];
};

struct job_report {
    struct job_texts texts;
    struct str id, path, request_id, created, started, ended, expires, media, url, result_url, events_url;
    struct str result, problem; /* JSON, borrowed; NULL: left out */
    int state;                  /* index into job_states */
    int64_t position, attempts, status, bytes;
    double progress, eta_s;
    bool queued, has_progress, has_eta, has_status;
};

extern const char *const job_states[]; /* queued, running, done, failed, cancelled */
extern const struct field job_report_fields[];

/* The parameter of /v1/jobs/{id} and what is below it. */
struct job_params {
    struct str id;
};
extern const struct field job_path[];

/* job_keeper gives the jobs of the call's host. Errors: UNREADY: it keeps none. */
enum status job_keeper(struct call *call, const struct host_jobs **out) MUST_CHECK;

/* job_look_cost is the predicted cost of asking for a job: it may wait for the disk, which no event loop should. */
uint64_t job_look_cost(const void *params);

/* An example of a report, for descriptors. */
#define JOB_REPORT_EXAMPLE                                                                              \
    "{\"id\":\"5f1b2c3d4e5f6071\",\"state\":\"running\",\"path\":\"/v1/sample\",\"request_id\":\"42\"," \
    "\"progress\":0.25,\"eta_s\":90.0,\"attempts\":1,\"created\":\"2026-01-31T12:00:00.000Z\","         \
    "\"started\":\"2026-01-31T12:00:01.500Z\",\"bytes\":120,\"url\":\"/v1/jobs/5f1b2c3d4e5f6071\","     \
    "\"events_url\":\"/v1/jobs/5f1b2c3d4e5f6071/events\"}"

/* job_report_settle makes the strings point to the texts that are not empty, where the report lies now. */
void job_report_settle(struct job_report *report);

#endif
