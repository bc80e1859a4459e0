#include "server/cache_writer.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "server/cache_guard.h"

enum {
    LONGEST_PAUSE = 64, /* times retry_ms */
    CHECKPOINT_PAGES = 1000,
    EVICT_ROUNDS = 32, /* of up to 32 rows each, in one transaction */
    EVICT_ROOM = 16,   /* evict down to 1 - 1/16 of the cap */
};

/* TROUBLES[t]: what the log says; %s is the path. */
static const char *const TROUBLES[TROUBLE_COUNT] = {
    [TROUBLE_PATH] = "The cache file %s cannot be opened or created",
    [TROUBLE_READONLY] = "The cache file %s is read-only",
    [TROUBLE_FULL] = "The disk of the cache file %s is full",
    [TROUBLE_LOCKED] = "The cache file %s is locked by another process",
    [TROUBLE_CORRUPT] = "The cache file %s is damaged or not a database",
    [TROUBLE_IO] = "Reading or writing the cache file %s failed",
    [TROUBLE_MEMORY] = "There was no memory to work on the cache file %s",
    [TROUBLE_NEWER] = "The cache file %s was made by a newer version of this program and is left alone",
    [TROUBLE_FOREIGN] = "The cache file %s is the database of another program and is left alone",
};

static int64_t unix_seconds(void) { return (int64_t)time(NULL); }

static void say(struct cache_disk *d, const char *level, const char *text) {
    if (d->log)
        d->log(d->log_self, level, text);
}

/* -- trouble -- */

static void describe(char *text, size_t size, const char *format, const char *path) {
    const char *at = strstr(format, "%s");
    snprintf(text, size, "%.*s%s%s", (int)(at - format), format, path, at + 2);
}

/* Logs a trouble, once until the file has worked for as long as the longest pause. */
static void complain(struct cache_disk *d, enum trouble trouble, const char *why, const char *what_now) {
    char text[1200], head[700];
    if (d->told[trouble])
        return;
    d->told[trouble] = true;
    describe(head, sizeof head, TROUBLES[trouble], d->path);
    snprintf(text, sizeof text, "%s%s%s%s; %s", head, why[0] ? " (" : "", why, why[0] ? ")" : "", what_now);
    say(d, "warn", text);
}

static bool permanent(enum trouble t) { return t == TROUBLE_NEWER || t == TROUBLE_FOREIGN; }

/* Begins (or prolongs) a pause. */
static void pause_writes(struct cache_disk *d, enum trouble trouble) {
    int64_t now = now_ms(), longest = d->retry_ms * LONGEST_PAUSE;
    if (d->trouble == TROUBLE_NONE && now - d->good_since > longest) {
        d->pause_ms = 0;
        d->told_again = false;
        memset(d->told, 0, sizeof d->told);
    }
    d->pause_ms = d->pause_ms ? d->pause_ms * 2 : d->retry_ms;
    if (d->pause_ms > longest)
        d->pause_ms = longest;
    d->trouble = trouble;
    atomic_store(&d->ok, false);
    pthread_mutex_lock(&d->lock);
    d->paused_until = permanent(trouble) ? INT64_MAX : now + d->pause_ms;
    pthread_mutex_unlock(&d->lock);
}

static void recovered(struct cache_disk *d) {
    char text[700];
    if (d->trouble == TROUBLE_NONE)
        return;
    d->trouble = TROUBLE_NONE;
    d->good_since = now_ms();
    atomic_store(&d->ok, true);
    if (d->told_again)
        return;
    d->told_again = true;
    describe(text, sizeof text, "The cache file %s can be used again.", d->path);
    say(d, "info", text);
}

/* -- the file -- */

static void close_file(struct cache_disk *d) {
    atomic_store(&d->generation, 0);
    file_close(&d->file);
}

static enum trouble read_totals(struct cache_disk *d) {
    uint64_t bytes = 0, entries = 0;
    enum trouble trouble = file_totals(&d->file, &bytes, &entries);
    if (trouble == TROUBLE_NONE) {
        atomic_store(&d->bytes, bytes);
        atomic_store(&d->entries, entries);
        d->over = bytes + entries * FILE_ROW_OVERHEAD > d->cap;
    }
    return trouble;
}

static enum trouble try_open(struct cache_disk *d, char *why, size_t size) {
    why[0] = '\0';
    enum trouble trouble = file_open(&d->file, d->path, FILE_WRITER, d->cap / WRITER_LARGEST_PART, why, size);
    if (trouble == TROUBLE_NONE && (trouble = read_totals(d)) != TROUBLE_NONE)
        close_file(d);
    return trouble;
}

/* Renames the damaged file, with its log, for whoever wants to look at it; false: nothing was done. */
static bool rename_files(struct cache_disk *d) {
    char from[1024], to[1024];
    struct stat st;
    if (strlen(d->path) > sizeof to - 16 || stat(d->path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    snprintf(to, sizeof to, "%s.corrupt", d->path);
    if (rename(d->path, to) != 0)
        return false;
    snprintf(from, sizeof from, "%s-shm", d->path);
    remove(from);
    snprintf(from, sizeof from, "%s-wal", d->path);
    snprintf(to, sizeof to, "%s.corrupt-wal", d->path);
    if (rename(from, to) != 0)
        remove(to); /* of an older one */
    return true;
}

/* Not more often than the longest pause: a disk that damages whatever is written gets no endless supply of files. */
static bool move_aside(struct cache_disk *d, const char *why) {
    char text[1200];
    int64_t now = now_ms();
    if ((d->aside_at && now - d->aside_at < d->retry_ms * LONGEST_PAUSE) || !rename_files(d))
        return false;
    d->aside_at = now;
    snprintf(text, sizeof text,
             "The cache file %s is damaged or not a database (%s); it was renamed to end in .corrupt and a new one is "
             "begun.",
             d->path, why[0] ? why : "a reader found it");
    say(d, "warn", text);
    return true;
}

static void opened(struct cache_disk *d) {
    recovered(d);
    pthread_mutex_lock(&d->lock);
    d->paused_until = 0;
    pthread_mutex_unlock(&d->lock);
    atomic_store(&d->ok, true);
    atomic_store(&d->generation, ++d->opened);
}

void writer_open_file(struct cache_disk *d) {
    char why[256];
    enum trouble trouble = try_open(d, why, sizeof why);
    if (trouble == TROUBLE_CORRUPT && move_aside(d, why))
        trouble = try_open(d, why, sizeof why);
    if (trouble == TROUBLE_NONE) {
        opened(d);
        return;
    }
    atomic_fetch_add(&d->errors, 1);
    pause_writes(d, trouble);
    complain(d, trouble, why,
             permanent(trouble) ? "answers are kept in memory alone."
                                : "answers are kept in memory alone until it works.");
}

static bool leaves_file_open(enum trouble t) {
    return t == TROUBLE_FULL || t == TROUBLE_LOCKED || t == TROUBLE_READONLY || t == TROUBLE_MEMORY;
}

/* What looks like damage may be the tables of a newer program. */
static enum trouble look_again(struct cache_disk *d, enum trouble trouble) {
    file_rollback(&d->file);
    if (trouble == TROUBLE_CORRUPT && file_begin(&d->file) == TROUBLE_NEWER)
        trouble = TROUBLE_NEWER;
    file_rollback(&d->file);
    return trouble;
}

/* What the writer does about trouble with the open file. */
static void handle(struct cache_disk *d, enum trouble trouble) {
    char why[256] = "";
    if (sqlite3_errcode(d->file.db) != SQLITE_OK)
        snprintf(why, sizeof why, "%s", sqlite3_errmsg(d->file.db));
    atomic_fetch_add(&d->errors, 1);
    trouble = look_again(d, trouble);
    if (leaves_file_open(trouble)) {
        pause_writes(d, trouble);
        complain(d, trouble, why, "new answers are kept in memory alone until it works.");
        return;
    }
    bool moved = file_moved(&d->file); /* another process has put it aside already */
    close_file(d);
    if (trouble == TROUBLE_CORRUPT && (moved || move_aside(d, why))) {
        writer_open_file(d);
        return;
    }
    pause_writes(d, trouble);
    complain(d, trouble, why,
             permanent(trouble) ? "answers are kept in memory alone."
                                : "answers are kept in memory alone until it works.");
}

/* -- the writer -- */

static enum trouble write_marks(struct cache_disk *d, size_t n) {
    enum trouble trouble = TROUBLE_NONE;
    int64_t now = unix_seconds();
    for (size_t i = 0; i < n && trouble == TROUBLE_NONE; i++) {
        const struct mark *m = &d->batch_marks[i];
        trouble = m->drop ? file_drop(&d->file, m->h) : file_touch(&d->file, m->h, now);
    }
    return trouble;
}

static enum trouble write_rows(struct cache_disk *d, size_t n) {
    enum trouble trouble = TROUBLE_NONE;
    int64_t now = unix_seconds();
    for (size_t i = 0; i < n && trouble == TROUBLE_NONE; i++)
        trouble = file_put(&d->file, &d->batch[i].key, d->batch[i].answer, now);
    return trouble;
}

/* Evicts for as long as the totals are over the cap (less some room), at most EVICT_ROUNDS samples. */
static enum trouble evict(struct cache_disk *d) {
    enum trouble trouble = read_totals(d);
    size_t goal = d->cap - d->cap / EVICT_ROOM, n = 1;
    if (!d->over)
        return trouble;
    for (int i = 0; i < EVICT_ROUNDS && trouble == TROUBLE_NONE && n; i++) {
        if (atomic_load(&d->bytes) + atomic_load(&d->entries) * FILE_ROW_OVERHEAD <= goal)
            break;
        trouble = file_evict(&d->file, unix_seconds(), &n);
        atomic_fetch_add(&d->evictions, n);
        if (trouble == TROUBLE_NONE && !n) /* nothing is left: someone meddled with the totals */
            trouble = file_recount(&d->file);
        if (trouble == TROUBLE_NONE)
            trouble = read_totals(d);
    }
    return trouble;
}

static enum trouble write_batch(struct cache_disk *d, size_t n_rows, size_t n_marks) {
    enum trouble trouble = file_begin(&d->file);
    if (trouble == TROUBLE_NONE)
        trouble = write_marks(d, n_marks); /* first: a row may replace a torn one */
    if (trouble == TROUBLE_NONE)
        trouble = write_rows(d, n_rows);
    if (trouble == TROUBLE_NONE)
        trouble = evict(d);
    if (trouble == TROUBLE_NONE)
        trouble = file_commit(&d->file);
    return trouble;
}

/* A file that was deleted or replaced under us is let go: nobody else would find what we write there. */
static void follow_path(struct cache_disk *d) {
    char text[700];
    if (!d->file.db || !file_moved(&d->file))
        return;
    describe(text, sizeof text, "The cache file %s was moved or deleted; a new one is begun.", d->path);
    say(d, "info", text);
    close_file(d);
    writer_open_file(d);
}

static void process(struct cache_disk *d, size_t n_rows, size_t n_marks) {
    follow_path(d);
    if (!d->file.db)
        return;
    enum trouble trouble = write_batch(d, n_rows, n_marks);
    if (trouble == TROUBLE_NONE && d->file.wal_pages >= CHECKPOINT_PAGES)
        trouble = file_checkpoint(&d->file);
    if (trouble != TROUBLE_NONE)
        handle(d, trouble);
    else
        recovered(d);
}

/* Moves rows of the ring into the batch; the caller holds the lock. */
static size_t take_rows(struct cache_disk *d) {
    size_t n = 0;
    for (size_t bytes = 0; d->n_rows && n < DISK_BATCH_ROWS && bytes < DISK_BATCH_BYTES; n++) {
        d->batch[n] = d->queue[d->head];
        d->head = (d->head + 1) % DISK_QUEUE_ROWS;
        d->n_rows--;
        bytes += d->batch[n].answer->n;
        d->n_bytes -= d->batch[n].answer->n;
    }
    d->first_row_at = now_ms();
    return n;
}

static size_t take_marks(struct cache_disk *d) {
    size_t n = d->n_marks;
    memcpy(d->batch_marks, d->marks, n * sizeof d->marks[0]);
    d->n_marks = 0;
    return n;
}

/* When the writer has something to do, in ms; the caller holds the lock. */
static int64_t due(struct cache_disk *d) {
    int64_t at = INT64_MAX;
    if (d->stop || atomic_load(&d->reported) || (d->over && d->file.db && d->trouble == TROUBLE_NONE))
        return 0;
    if (d->n_rows)
        at = d->flushing || d->n_rows >= DISK_BATCH_ROWS ? 0 : d->first_row_at + DISK_BATCH_MS;
    if (d->n_marks && d->first_mark_at + DISK_MARKS_MS < at)
        at = d->first_mark_at + DISK_MARKS_MS;
    if (!d->file.db && d->paused_until < at)
        at = d->paused_until;
    return at;
}

static void wait_until_due(struct cache_disk *d) {
    for (int64_t at; (at = due(d)) > now_ms();) {
        struct timespec t = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
        if (at == INT64_MAX)
            pthread_cond_wait(&d->wake, &d->lock);
        else
            pthread_cond_timedwait(&d->wake, &d->lock, &t);
    }
}

static void step(struct cache_disk *d) {
    size_t n_rows = take_rows(d), n_marks = take_marks(d);
    bool paused = d->paused_until > now_ms(), stop = d->stop;
    pthread_mutex_unlock(&d->lock);

    guard_enter();
    enum trouble reported = (enum trouble)atomic_exchange(&d->reported, TROUBLE_NONE);
    if (reported != TROUBLE_NONE && d->file.db)
        handle(d, reported);
    if (!d->file.db && !paused && !stop)
        writer_open_file(d);
    if (d->file.db && !paused)
        process(d, n_rows, n_marks);
    if (guard_leave() && d->file.db)
        handle(d, TROUBLE_IO);
    for (size_t i = 0; i < n_rows; i++)
        answer_drop(d->batch[i].answer);

    pthread_mutex_lock(&d->lock);
    d->rows_out += n_rows;
    pthread_cond_broadcast(&d->done);
}

void *writer_run(void *self) {
    struct cache_disk *d = self;
    pthread_mutex_lock(&d->lock);
    do {
        wait_until_due(d);
        step(d);
    } while (!d->stop || d->n_rows || d->n_marks);
    pthread_mutex_unlock(&d->lock);
    return NULL;
}
