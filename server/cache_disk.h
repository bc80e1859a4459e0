/* cache_disk.h - the cache's second level: the SQLite file behind a writer thread. (Private to cache.c and its tests.)
 *
 *     disk_put --> queue (bounded) --> writer: batches of 64 rows or 50 ms, evicts, checkpoints, reopens
 *     disk_get --> the caller's own read-only connection
 *
 * The file is in one of three states:
 *
 *     open     rows are read and written
 *     paused   rows are read, none are written until a pause is over: disk full, locked by another process, ...
 *     closed   neither; opened again after a pause, or never: a newer schema, another program's database
 *
 * A corrupt file is moved aside to NAME.corrupt and a new one is begun at once. Pauses start at retry_ms and double up
 * to 64 times that; they start over after the file has worked for as long as the longest pause. Until then each kind of
 * trouble, and its end, is logged once, not at every attempt.
 *
 * Threads: disk_get with one reader number by one thread at a time; all else from any thread. The log is called from
 * the writer thread and, in disk_open, from the caller's. */
#ifndef SOLVENT_CACHE_DISK_H
#define SOLVENT_CACHE_DISK_H

#include "server/cache.h"

enum {
    DISK_QUEUE_ROWS = 4096,
    DISK_QUEUE_BYTES = 64 << 20,
    DISK_BATCH_ROWS = 64,
    DISK_BATCH_BYTES = 16 << 20,
    DISK_BATCH_MS = 50,
    DISK_MARKS = 4096,
    DISK_MARKS_MS = 1000,
    DISK_RETRY_MS = 5000,
};

struct cache_disk;

/* disk_open opens the file of the options (whose path is not empty) and starts the writer; NULL for want of memory or
 * of a thread. */
struct cache_disk *disk_open(const struct cache_options *options);

/* disk_close writes what is queued, joins the writer, closes the file. NULL is fine. */
void disk_close(struct cache_disk *disk);

/* disk_get reads a row; NULL: not there, or the file cannot be read now. A torn row is a miss and will be deleted. */
struct answer *disk_get(struct cache_disk *disk, unsigned reader, const struct key *key);

/* disk_put queues a row (its own reference); it is dropped where the queue is full, the file is not writable now, or
 * the answer is larger than a quarter of the cap. Never waits for the disk. */
void disk_put(struct cache_disk *disk, const struct key *key, struct answer *answer);

/* disk_touch notes that a row was used; written in batches, forgotten when there are too many. */
void disk_touch(struct cache_disk *disk, const struct key *key);

/* disk_flush returns when every row that was queued before is committed or given up. */
void disk_flush(struct cache_disk *disk);

/* disk_stats fills disk_hits, disk_evictions, disk_errors, disk_bytes, disk_entries, queued, dropped, disk_ok. */
void disk_stats(struct cache_disk *disk, struct cache_stats *out);

#endif
