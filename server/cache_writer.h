/* cache_writer.h - the cache's writer thread and what it shares with the callers. (Private to cache_disk.c and
 * cache_writer.c.)
 *
 * The writer alone opens, writes, evicts and closes the file, and decides what to do about trouble with it; callers
 * queue rows and marks under the lock and read over connections of their own, as long as `generation` says that there
 * is a file. The states of the file: cache_disk.h. */
#ifndef SOLVENT_CACHE_WRITER_H
#define SOLVENT_CACHE_WRITER_H

#include <pthread.h>

#include "server/cache_disk.h"
#include "server/cache_file.h"
#include "server/clock.h"

enum { WRITER_LARGEST_PART = 4 /* no row is larger than this part of the cap */ };

struct row {
    struct key key;
    struct answer *answer;
};

struct mark {
    int64_t h;
    bool drop; /* delete a torn row; else: it was used */
};

/* A reader's connection and what its thread counts. Aligned so that two readers do not share a cache line. */
struct reader {
    _Alignas(64) struct cache_file file;
    unsigned generation; /* of the file that is open; 0: none */
    int64_t skip_until;  /* ms */
};

struct cache_disk {
    char *path;
    size_t cap;
    int64_t retry_ms;
    void (*log)(void *self, const char *level, const char *text);
    void *log_self;
    unsigned n_readers;
    struct reader *readers;
    pthread_t writer;

    atomic_uint generation; /* of the file that readers may open; 0: none, do not read */
    atomic_int reported;    /* an enum trouble that a reader met */
    atomic_uint_fast64_t hits, errors, evictions, dropped, bytes, entries;
    atomic_bool ok;

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t wake, done;
    struct row queue[DISK_QUEUE_ROWS]; /* a ring */
    size_t head, n_rows, n_bytes;
    uint64_t rows_in, rows_out; /* ever queued, ever written or given up */
    int64_t first_row_at, first_mark_at;
    struct mark marks[DISK_MARKS];
    size_t n_marks;
    unsigned flushing;
    bool stop;
    int64_t paused_until; /* ms; rows that come before are dropped */

    /* The writer's own. */
    struct cache_file file;
    unsigned opened; /* how often the file was */
    enum trouble trouble;
    bool told[TROUBLE_COUNT], told_again; /* what the log has had since the file last worked for long */
    int64_t pause_ms, good_since, aside_at;
    bool over; /* the cap */
    struct row batch[DISK_BATCH_ROWS];
    struct mark batch_marks[DISK_MARKS];
};

static inline int64_t now_ms(void) { return clock_ns() / NS_PER_MS; }

/* writer_open_file opens the file or begins a pause with a line in the log. Before the writer runs, or on it. */
void writer_open_file(struct cache_disk *disk);

/* writer_run is the thread: batches until `stop` is set and nothing is queued. Takes and returns the disk for
 * pthreads. */
void *writer_run(void *disk);

#endif
