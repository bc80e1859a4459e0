/* jobs_fixture.h - what the tests of jobs share: a folder of their own, a clock that stands still, a log. */
#ifndef SOLVENT_JOBS_FIXTURE_H
#define SOLVENT_JOBS_FIXTURE_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/ctx.h"
#include "server/jobs.h"
#include "tests/support/test.h"

enum { FIXTURE_NOW = 1700000000 };

typedef char ticket_id_t[STORE_ID + 1];

struct fixture {
    char folder[64], path[96];
    _Atomic int64_t now_ms;
    char log[4096];
};

static inline int64_t fixture_now(void *self) { return ((struct fixture *)self)->now_ms; }
static inline void fixture_log(void *self, const char *level, const char *text) {
    struct fixture *f = self;
    size_t n = strlen(f->log);
    snprintf(f->log + n, sizeof f->log - n, "%s: %s\n", level, text);
}

static inline int fixture_setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/solvent-jobs-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/jobs.db", f->folder);
    f->now_ms = FIXTURE_NOW * INT64_C(1000);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state) {
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    int rc = system(command);
    free(f);
    return rc;
}

static inline struct jobs_options fixture_options(struct fixture *f) {
    return (struct jobs_options){.path = f->path,
                                 .max = 8,
                                 .bytes = 1 << 20,
                                 .ttl_ms = 60000,
                                 .workers = 1,
                                 .now_ms = fixture_now,
                                 .log = fixture_log,
                                 .self = f};
}

static inline struct jobs *fixture_open(struct fixture *f) {
    struct jobs_options options = fixture_options(f);
    struct jobs *jobs = jobs_open(&options);
    assert_non_null(jobs);
    return jobs;
}

/* submission_of is a request whose body is the text, under a key ("": none). */
static inline struct submission submission_of(const char *body, const char *key) {
    struct submission s = {.body = body, .n = strlen(body)};
    struct key_state k;
    key_start(&k);
    key_add(&k, body, strlen(body));
    key_end(&k, &s.job.digest);
    strcpy(s.job.path, "/v1/solve/sort");
    strcpy(s.job.request_id, "r-1");
    strcpy(s.job.media, "application/json");
    snprintf(s.job.key, sizeof s.job.key, "%s", key);
    s.job.seed = 7;
    s.job.cost_ns = 2000000000;
    return s;
}

/* submit queues one and gives its id; a failure fails the test. */
static inline void submit(struct jobs *jobs, const char *body, char id[STORE_ID + 1]) {
    struct submission s = submission_of(body, "");
    struct ticket *t;
    char why[JOBS_WHY];
    assert_int_equal(jobs_submit(jobs, &s, &t, why), VERDICT_TAKEN);
    struct look look;
    jobs_look(jobs, t, &look);
    strcpy(id, look.job.id);
    jobs_release(jobs, t);
}

static inline struct look look_at(struct jobs *jobs, const char *id) {
    struct look look;
    struct ticket *t = jobs_find(jobs, id);
    assert_non_null(t);
    jobs_look(jobs, t, &look);
    jobs_release(jobs, t);
    return look;
}

static inline bool is_there(struct jobs *jobs, const char *id) {
    struct ticket *t = jobs_find(jobs, id);
    if (t)
        jobs_release(jobs, t);
    return t != NULL;
}

/* expect_part checks a part; NULL: there is none. */
static inline void expect_part(struct jobs *jobs, const char *id, enum part part, const char *wanted) {
    struct ticket *t = jobs_find(jobs, id);
    struct buf out;
    bool found;
    buf_init(&out, 1 << 20);
    assert_non_null(t);
    assert_true(jobs_read(jobs, t, part, &out, &found));
    assert_int_equal(found, wanted != NULL);
    buf_byte(&out, '\0');
    if (wanted)
        assert_string_equal(out.data, wanted);
    buf_release(&out);
    jobs_release(jobs, t);
}

static inline void end_with(struct jobs *jobs, struct ticket *t, int http, const char *body) {
    struct outcome o = {.http = http,
                        .media = http == 200 ? "application/json" : "application/problem+json",
                        .body = body,
                        .n = strlen(body)};
    jobs_end(jobs, t, &o);
}

/* cancel_one cancels or forgets a job; returns whether it was forgotten. */
static inline bool cancel_one(struct jobs *jobs, const char *id) {
    struct ticket *t = jobs_find(jobs, id);
    struct look look;
    bool forgotten;
    char why[JOBS_WHY];
    assert_non_null(t);
    assert_true(jobs_cancel(jobs, t, &look, &forgotten, why));
    jobs_release(jobs, t);
    return forgotten;
}

#endif
