/* cache_fixture.h - what the tests of the cache share: a folder of their own, answers that tell themselves apart, a log
 * that counts. */
#ifndef SOLVENT_CACHE_FIXTURE_H
#define SOLVENT_CACHE_FIXTURE_H

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/cache.h"
#include "tests/support/test.h"

struct fixture {
    char folder[64], path[96];
    pthread_mutex_t lock;
    int lines; /* of the log */
    char log[8192];
};

static inline void fixture_log(void *self, const char *level, const char *text) {
    struct fixture *f = self;
    pthread_mutex_lock(&f->lock);
    f->lines++;
    size_t n = strlen(f->log);
    snprintf(f->log + n, sizeof f->log - n, "%s: %s\n", level, text);
    pthread_mutex_unlock(&f->lock);
}

/* How often the word is in the log. */
static inline int fixture_logged(struct fixture *f, const char *word) {
    int n = 0;
    pthread_mutex_lock(&f->lock);
    for (const char *at = f->log; (at = strstr(at, word)); at++)
        n++;
    pthread_mutex_unlock(&f->lock);
    return n;
}

static inline int fixture_setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/solvent-cache-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/cache.db", f->folder);
    pthread_mutex_init(&f->lock, NULL);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state) {
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    int rc = system(command);
    pthread_mutex_destroy(&f->lock);
    free(f);
    return rc;
}

static inline struct cache_options fixture_options(struct fixture *f) {
    return (struct cache_options){.path = f->path,
                                  .memory_bytes = 8 << 20,
                                  .disk_bytes = 64 << 20,
                                  .readers = 4,
                                  .log = fixture_log,
                                  .log_self = f,
                                  .retry_ms = 20};
}

static inline struct key key_of(uint64_t i) {
    struct key_state state;
    struct key key;
    key_start(&state);
    key_add(&state, &i, sizeof i);
    key_end(&state, &key);
    return key;
}

/* Answer i: n bytes that only i has. */
static inline struct answer *answer_of(uint64_t i, size_t n, uint64_t cost_ns) {
    char *body = malloc(n + 1);
    uint64_t random = i;
    for (size_t j = 0; j < n; j++)
        body[j] = (char)test_random(&random);
    struct answer *a = answer_new(body, n, (int)(i % 6));
    a->gzip = i % 2;
    a->cost_ns = cost_ns;
    return a;
}

static inline bool answer_is(const struct answer *a, uint64_t i, size_t n) {
    uint64_t random = i;
    if (a->n != n || a->media != (int)(i % 6) || a->gzip != (i % 2 == 1) || a->partial || a->http != 200)
        return false;
    for (size_t j = 0; j < n; j++)
        if (a->body[j] != (char)test_random(&random))
            return false;
    return true;
}

static inline void store(struct cache *cache, uint64_t i, size_t n, uint64_t cost_ns) {
    struct key key = key_of(i);
    struct answer *a = answer_of(i, n, cost_ns);
    cache_store(cache, &key, a);
    answer_drop(a);
}

enum got { GOT_NOTHING, GOT_RIGHT, GOT_WRONG };

static inline enum got judge(struct answer *a, uint64_t i, size_t n) {
    enum got got = !a ? GOT_NOTHING : answer_is(a, i, n) ? GOT_RIGHT : GOT_WRONG;
    answer_drop(a);
    return got;
}

static inline enum got get_memory(struct cache *cache, uint64_t i, size_t n) {
    struct key key = key_of(i);
    return judge(cache_memory(cache, &key), i, n);
}

static inline enum got get_disk(struct cache *cache, unsigned reader, uint64_t i, size_t n) {
    struct key key = key_of(i);
    return judge(cache_disk(cache, reader, &key), i, n);
}

/* Runs SQL on the file as another program would; true where it went well. */
static inline bool meddle(const char *path, const char *sql) {
    sqlite3 *db = NULL;
    bool ok = sqlite3_open(path, &db) == SQLITE_OK && sqlite3_busy_timeout(db, 5000) == SQLITE_OK &&
              sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
    if (!ok)
        print_error("%s: %s\n", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
    return ok;
}

/* The first column of the first row, or -1. */
static inline long long ask(const char *path, const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    long long value = -1;
    if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

#endif
