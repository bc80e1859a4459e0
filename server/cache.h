/* cache.h - answers that were computed before: an in-process map (byte-capped) before SQLite.
 *
 * An entry's key is the BLAKE2b-256 digest of all that its bytes depend on (key.h), so an answer never changes and
 * never goes stale. The file is disposable: whatever is wrong with it (read-only, full, locked, corrupt, of another
 * version), the cache says so in the log once, goes on in memory alone, and the service never fails for it.
 *
 * The file has its schema version in PRAGMA user_version, and a table answers:
 *
 *     h        INTEGER PRIMARY KEY   the first 8 bytes of the key, little-endian
 *     key      BLOB                  the whole key, compared again
 *     media, gzip, cost_ns           as in struct answer
 *     bytes    INTEGER               length of the body
 *     used     INTEGER               seconds since 1970 of the last use, to about a minute
 *     check    BLOB                  of key, media, gzip and body (cache_file.h); every read verifies it, a torn row is
 *                                    never served
 *     body     BLOB
 *
 * Processes may share one file. It may be deleted or renamed while in use. It does not shrink when the cap is lowered;
 * delete it for that. cache_open sets a process-wide SIGBUS handler (cache_guard.h).
 *
 * Threads: every function may be called from any thread. */
#ifndef SOLVENT_CACHE_H
#define SOLVENT_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/key.h"

/* An answer's body, shared by reference: by the map, by responses on their way out, by requests that wait for the same
 * one. Immutable. */
struct answer {
    atomic_uint refs;
    int media;        /* enum media (handlers/call.h) */
    bool gzip;        /* the body is gzip-encoded */
    bool partial;     /* cut by a time limit: sent no-store, never cached */
    int http;         /* 200, or the status of the problem that the body describes (never cached) */
    uint64_t cost_ns; /* what it took to compute */
    size_t n;
    char *body; /* malloc'ed, owned */
};

/* answer_new takes over body (malloc'ed) and holds one reference; NULL without memory (body is freed). */
struct answer *answer_new(char *body, size_t n, int media);
struct answer *answer_keep(struct answer *a);
void answer_drop(struct answer *a); /* NULL is fine */

struct cache_options {
    const char *path;    /* of the SQLite file; NULL or "": memory only */
    size_t memory_bytes; /* cap of the map, bodies and bookkeeping; 0: no map */
    size_t disk_bytes;   /* cap of the file's bodies */
    unsigned readers;    /* threads that will call cache_disk: one connection each */
    void (*log)(void *self, const char *level, const char *text); /* "warn", "error", "info" */
    void *log_self;
    unsigned retry_ms; /* first pause before a file in trouble is tried again, doubled up to 64 times that; 0: 5000 */
};

/* misses counts what cache_disk did not find; disk_errors failed reads, batches and openings, and torn rows. */
struct cache_stats {
    uint64_t memory_hits, disk_hits, misses, stores, memory_evictions, disk_evictions, disk_errors;
    uint64_t memory_bytes, memory_entries, disk_bytes, disk_entries, queued;
    uint64_t dropped; /* rows that the file did not get: the queue was full, or the file in trouble */
    bool disk_ok;
};

struct cache;

/* cache_open never fails but for want of memory (NULL): trouble with the file is logged and the map serves alone.
 * Starts the writer thread. */
struct cache *cache_open(const struct cache_options *options);

/* cache_close writes what is queued, joins the writer and closes the file. */
void cache_close(struct cache *cache);

/* cache_memory looks into the map only: a fraction of a microsecond, fit for the loop. The caller drops the answer. */
struct answer *cache_memory(struct cache *cache, const struct key *key);

/* cache_disk looks into SQLite, and puts what it finds into the map. reader < options.readers belongs to the calling
 * thread. A read that fails is a miss. */
struct answer *cache_disk(struct cache *cache, unsigned reader, const struct key *key);

/* cache_store keeps an answer (its own reference) in the map at once and queues it for the file; never blocks on the
 * disk: a full queue drops the row. Eviction (both levels) prefers to keep what is costly to compute per byte and
 * recently used. */
void cache_store(struct cache *cache, const struct key *key, struct answer *answer);

/* cache_flush waits until all that is queued is committed, or given up because the file is in trouble (tests). */
void cache_flush(struct cache *cache);

void cache_stats(struct cache *cache, struct cache_stats *out);

#endif
