/* job_client.h - what the tests of jobs through the socket share: asking for jobs, waiting for their states. */
#ifndef SOLVENT_JOB_CLIENT_H
#define SOLVENT_JOB_CLIENT_H

#include <dirent.h>
#include <jansson.h>

#include "tests/server/slow_endpoints.h"

#define ASYNC "Prefer: respond-async\r\n"
#define FOREVER "{\"ms\":600000}"

typedef char job_id[32];

/* -- asking -- */

static inline json_t *get(int port, const char *path, int wanted) {
    struct response r;
    assert_true(ask_once(port, "GET", path, "", NULL, &r));
    if (r.status != wanted)
        fail_msg("%s: %d %s", path, r.status, r.body);
    json_t *tree = json_loads(r.body, 0, NULL);
    assert_non_null(tree);
    response_free(&r);
    return tree;
}

static inline const char *text_of(json_t *tree, const char *name) {
    const char *text = json_string_value(json_object_get(tree, name));
    return text ? text : "";
}

static inline void path_of(char to[128], const char *id, const char *below) {
    snprintf(to, 128, "/v1/jobs/%s%s", id, below);
}

static inline json_t *report(int port, const char *id) {
    char path[128];
    path_of(path, id, "");
    return get(port, path, 200);
}

/* await_state waits until a job is in a state, and gives its report. */
static inline json_t *await_state(int port, const char *id, const char *state) {
    json_t *tree = report(port, id);
    for (long end = now_ms() + CLIENT_WAIT_MS; strcmp(text_of(tree, "state"), state) != 0; wait_ms(2)) {
        if (now_ms() > end)
            fail_msg("%s is %s, want %s", id, text_of(tree, "state"), state);
        json_decref(tree);
        tree = report(port, id);
    }
    return tree;
}

static inline void expect_state(int port, const char *id, const char *state) {
    json_decref(await_state(port, id, state));
}

/* submit makes a job of a request. */
static inline void submit(int port, const char *path, const char *headers, const char *body, job_id id) {
    struct response r;
    assert_true(ask_once(port, "POST", path, headers, body, &r));
    if (r.status != 202)
        fail_msg("%s: %d %s", path, r.status, r.body);
    json_t *tree = json_loads(r.body, 0, NULL);
    snprintf(id, sizeof(job_id), "%s", text_of(tree, "id"));
    json_decref(tree);
    response_free(&r);
}

static inline void refuse(int port, const char *path, const char *headers, const char *body, int status,
                          const char *words) {
    struct response r;
    assert_true(ask_once(port, "POST", path, headers, body, &r));
    if (r.status != status || !strstr(r.body, words))
        fail_msg("%s: %d %s", path, r.status, r.body);
    response_free(&r);
}

/* cancel_job gives the state that DELETE answers with. */
static inline void cancel_job(int port, const char *id, const char *state) {
    struct response r;
    char path[128];
    path_of(path, id, "");
    assert_true(ask_once(port, "DELETE", path, "", NULL, &r));
    assert_int_equal(r.status, 200);
    json_t *tree = json_loads(r.body, 0, NULL);
    assert_string_equal(text_of(tree, "state"), state);
    json_decref(tree);
    response_free(&r);
}

static inline void expect_start(const char *text, const char *wanted) {
    if (strncmp(text, wanted, strlen(wanted)) != 0)
        fail_msg("%.200s, want %s", text, wanted);
}

static inline bool header_is(const struct response *r, const char *name, const char *wanted) {
    char value[256];
    bool there = response_header(r, name, value, sizeof value);
    return wanted ? there && !strcmp(value, wanted) : !there;
}

/* -- a folder for files -- */

struct folder {
    char path[64], db[96];
};

static inline void folder_make(struct folder *f) {
    strcpy(f->path, "/tmp/solvent-test-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->db, sizeof f->db, "%s/answers.db", f->path);
}

static inline void folder_remove(struct folder *f) {
    DIR *dir = opendir(f->path);
    for (struct dirent *e; (e = readdir(dir));)
        unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    assert_int_equal(rmdir(f->path), 0);
}

/* events_after reads the events of a job that has ended, behind one. */
static inline char *events_after(int port, const char *id, const char *last) {
    char path[128], header[64];
    struct response r;
    path_of(path, id, "/events");
    snprintf(header, sizeof header, "%s%s%s", *last ? "Last-Event-ID: " : "", last, *last ? "\r\n" : "");
    assert_true(ask_once(port, "GET", path, header, NULL, &r));
    assert_int_equal(r.status, 200);
    assert_true(header_is(&r, "Content-Type", "text/event-stream"));
    return r.body;
}

#endif
