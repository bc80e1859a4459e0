#include "server/cache_disk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cache_guard.h"
#include "server/cache_writer.h"

enum { READER_PAUSE_MS = 1000 };

/* -- the callers' side -- */

/* Tells the writer of trouble with the file of this generation, unless it has let go of that already. */
static void report(struct cache_disk *d, unsigned generation, enum trouble trouble) {
    atomic_fetch_add(&d->errors, 1);
    if ((trouble == TROUBLE_CORRUPT || trouble == TROUBLE_IO) && atomic_load(&d->generation) == generation) {
        atomic_store(&d->reported, (int)trouble);
        pthread_mutex_lock(&d->lock);
        pthread_cond_signal(&d->wake);
        pthread_mutex_unlock(&d->lock);
    }
}

static void add_mark(struct cache_disk *d, int64_t h, bool drop) {
    pthread_mutex_lock(&d->lock);
    if (d->n_marks < DISK_MARKS) {
        if (!d->n_marks) {
            d->first_mark_at = now_ms();
            pthread_cond_signal(&d->wake);
        }
        d->marks[d->n_marks++] = (struct mark){h, drop};
    }
    pthread_mutex_unlock(&d->lock);
}

/* Makes the reader's connection one to the file of this generation. */
static enum trouble reader_open(struct cache_disk *d, struct reader *r, unsigned generation) {
    char why[8];
    if (r->generation == generation)
        return TROUBLE_NONE;
    file_close(&r->file);
    r->generation = 0;
    enum trouble trouble = file_open(&r->file, d->path, FILE_READER, d->cap / WRITER_LARGEST_PART, why, sizeof why);
    if (trouble == TROUBLE_NONE)
        r->generation = generation;
    return trouble;
}

struct answer *disk_get(struct cache_disk *d, unsigned reader, const struct key *key) {
    struct answer *answer = NULL;
    bool torn = false;
    unsigned generation = atomic_load(&d->generation);
    if (reader >= d->n_readers || !generation)
        return NULL;
    struct reader *r = &d->readers[reader];
    if (r->skip_until && now_ms() < r->skip_until)
        return NULL;
    r->skip_until = 0;
    guard_enter();
    enum trouble trouble = reader_open(d, r, generation);
    if (trouble == TROUBLE_NONE)
        trouble = file_get(&r->file, key, &answer, &torn);
    if (guard_leave())
        trouble = TROUBLE_IO;
    if (trouble != TROUBLE_NONE) {
        r->skip_until = now_ms() + READER_PAUSE_MS;
        report(d, generation, trouble);
    } else if (torn) {
        atomic_fetch_add(&d->errors, 1);
        add_mark(d, file_row(key), true);
    } else if (answer) {
        atomic_fetch_add_explicit(&d->hits, 1, memory_order_relaxed);
        add_mark(d, file_row(key), false);
    }
    return answer;
}

/* Whether the queue takes the row; the caller holds the lock. */
static bool room(const struct cache_disk *d, size_t n) {
    if (d->paused_until && d->paused_until > now_ms())
        return false;
    return n <= d->cap / WRITER_LARGEST_PART && d->n_rows < DISK_QUEUE_ROWS &&
           (!d->n_rows || n + d->n_bytes <= DISK_QUEUE_BYTES);
}

void disk_put(struct cache_disk *d, const struct key *key, struct answer *answer) {
    pthread_mutex_lock(&d->lock);
    bool takes = room(d, answer->n);
    if (takes) {
        d->queue[(d->head + d->n_rows) % DISK_QUEUE_ROWS] = (struct row){*key, answer_keep(answer)};
        d->n_bytes += answer->n;
        d->rows_in++;
        if (!d->n_rows++)
            d->first_row_at = now_ms();
        if (d->n_rows == 1 || d->n_rows == DISK_BATCH_ROWS)
            pthread_cond_signal(&d->wake);
    }
    pthread_mutex_unlock(&d->lock);
    if (!takes)
        atomic_fetch_add_explicit(&d->dropped, 1, memory_order_relaxed);
}

void disk_touch(struct cache_disk *d, const struct key *key) { add_mark(d, file_row(key), false); }

void disk_flush(struct cache_disk *d) {
    pthread_mutex_lock(&d->lock);
    uint64_t goal = d->rows_in;
    d->flushing++;
    pthread_cond_signal(&d->wake);
    while (d->rows_out < goal)
        pthread_cond_wait(&d->done, &d->lock);
    d->flushing--;
    pthread_mutex_unlock(&d->lock);
}

void disk_stats(struct cache_disk *d, struct cache_stats *out) {
    out->disk_hits = atomic_load(&d->hits);
    out->disk_errors = atomic_load(&d->errors);
    out->disk_evictions = atomic_load(&d->evictions);
    out->dropped = atomic_load(&d->dropped);
    out->disk_bytes = atomic_load(&d->bytes);
    out->disk_entries = atomic_load(&d->entries);
    out->disk_ok = atomic_load(&d->ok);
    pthread_mutex_lock(&d->lock);
    out->queued = d->rows_in - d->rows_out;
    pthread_mutex_unlock(&d->lock);
}

/* -- life -- */

static void configure_process(void) {
    /* Both are refused, harmlessly, where SQLite runs already. Counting memory would take a global lock at every
     * allocation. */
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    guard_install();
}

static void disk_free(struct cache_disk *d) {
    for (unsigned i = 0; d->readers && i < d->n_readers; i++)
        file_close(&d->readers[i].file);
    file_close(&d->file);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->wake);
    pthread_cond_destroy(&d->done);
    free(d->readers);
    free(d->path);
    free(d);
}

static struct cache_disk *disk_new(const struct cache_options *options) {
    struct cache_disk *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->wake, &attr);
    pthread_cond_init(&d->done, NULL);
    pthread_condattr_destroy(&attr);
    /* "./" so that no name, ":memory:" say, means anything special to SQLite. */
    if (asprintf(&d->path, "%s%s", options->path[0] == '/' ? "" : "./", options->path) < 0)
        d->path = NULL;
    d->cap = options->disk_bytes;
    d->retry_ms = options->retry_ms ? options->retry_ms : DISK_RETRY_MS;
    d->log = options->log;
    d->log_self = options->log_self;
    d->n_readers = options->readers;
    d->readers = aligned_alloc(64, (options->readers + 1) * sizeof(struct reader));
    if (d->readers)
        memset(d->readers, 0, (options->readers + 1) * sizeof(struct reader));
    if (d->path && d->readers)
        return d;
    disk_free(d);
    return NULL;
}

struct cache_disk *disk_open(const struct cache_options *options) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_process);
    struct cache_disk *d = disk_new(options);
    if (!d)
        return NULL;
    guard_enter();
    writer_open_file(d);
    guard_leave();
    if (pthread_create(&d->writer, NULL, writer_run, d) == 0) {
        pthread_setname_np(d->writer, "writer");
        return d;
    }
    disk_free(d);
    return NULL;
}

void disk_close(struct cache_disk *d) {
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->stop = true;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->writer, NULL);
    disk_free(d);
}
