/* cache_file.h - one connection to the cache's SQLite file: open, look up, write a batch, evict. (Private to
 * cache_disk.c, cache_writer.c and tests.)
 *
 * Schema, by PRAGMA user_version; file_open brings an older one up to date step by step:
 *
 *     1   answers   as cache.h has it
 *     2   totals    (bytes INTEGER, entries INTEGER), one row, kept by triggers on answers: right whoever writes
 *
 * The check is Poly1305 (RFC 8439) over media (4 bytes), gzip (1), 27 zeros and the body, under the row's key as its
 * key: it misses damage, or a body of another row's, with a chance below 2^-75. Whoever can write the file can forge
 * it, as they could any digest; and BLAKE2b takes 6.6 times as long (64 KiB: 97 us for 15), more than all else in a
 * read.
 *
 * Eviction (file_evict) samples four runs of rows that are neighbours by h, which is a digest and so says nothing about
 * them, and deletes the eighth of least (cost / bytes) / age: hyperbolic caching (Blankstein, Sen, Freedman, USENIX ATC
 * 2017) without use counts and without an index to maintain.
 *
 * Threads: a connection belongs to one thread at a time. Several, of several processes, may be open on one file. */
#ifndef SOLVENT_CACHE_FILE_H
#define SOLVENT_CACHE_FILE_H

#include <sqlite3.h>

#include "server/cache.h"

enum { FILE_VERSION = 2, FILE_APPLICATION = 0x536c7674 /* "Slvt" */, FILE_CHECK_BYTES = 16, FILE_ROW_OVERHEAD = 128 };

enum trouble {
    TROUBLE_NONE,
    TROUBLE_PATH,     /* cannot be opened or created */
    TROUBLE_READONLY, /* can be read but not written */
    TROUBLE_FULL,     /* no room on the disk */
    TROUBLE_LOCKED,   /* another process holds it locked */
    TROUBLE_CORRUPT,  /* not a database, or a damaged one */
    TROUBLE_IO,       /* reading or writing failed */
    TROUBLE_MEMORY,   /* SQLite got no memory */
    TROUBLE_NEWER,    /* its schema is of a newer program */
    TROUBLE_FOREIGN,  /* a healthy database, but no cache of ours */
    TROUBLE_COUNT,
};

/* What file_trouble makes of a result code of SQLite. */
enum trouble file_trouble(int rc);

struct cache_file {
    sqlite3 *db;
    sqlite3_stmt *get, *put, *touch, *drop, *sample, *totals, *version;
    int wal_pages; /* after the last commit */
    uint64_t hand; /* where eviction looked last */
};

enum file_mode { FILE_READER, FILE_WRITER };

/* file_open opens the file; a writer creates it and brings the schema up to date, a reader wants it there and current.
 * `largest` is the most bytes that a row may have. On trouble nothing stays open and text (size bytes) says what SQLite
 * had to say. */
enum trouble file_open(struct cache_file *f, const char *path, enum file_mode mode, size_t largest, char *text,
                       size_t size);
void file_close(struct cache_file *f); /* one that is not open is fine */

/* file_get looks a key up; *answer is NULL where there is none. *torn: there is a row of that key whose check does not
 * hold. */
enum trouble file_get(struct cache_file *f, const struct key *key, struct answer **answer, bool *torn);

/* The writer's transactions: begin, any of put/touch/drop/evict, then commit; on trouble in any of them: rollback.
 * file_begin says NEWER where another program has migrated the file since it was opened. */
enum trouble file_begin(struct cache_file *f);
enum trouble file_commit(struct cache_file *f);
void file_rollback(struct cache_file *f);
/* file_put writes a row; one that is there with the same check stays as it is. */
enum trouble file_put(struct cache_file *f, const struct key *key, const struct answer *answer, int64_t now);
/* file_touch sets `used` unless it is of the last minute. */
enum trouble file_touch(struct cache_file *f, int64_t h, int64_t now);
enum trouble file_drop(struct cache_file *f, int64_t h);
/* file_evict samples up to 256 rows and deletes the eighth that is worth least; *n gets how many. */
enum trouble file_evict(struct cache_file *f, int64_t now, size_t *n);
/* file_totals reads the totals; file_recount makes them anew. */
enum trouble file_totals(struct cache_file *f, uint64_t *bytes, uint64_t *entries);
enum trouble file_recount(struct cache_file *f);

/* file_checkpoint moves what it can from the WAL into the file without waiting for readers; it does wait for them (up
 * to 2 s) where so many overlapping reads have let the WAL grow beyond 256 MiB. */
enum trouble file_checkpoint(struct cache_file *f);

/* file_moved says whether the path no longer leads to the file that is open. */
bool file_moved(struct cache_file *f);

/* file_row is the h of a key; file_check the check of a row. */
int64_t file_row(const struct key *key);
void file_check(unsigned char check[FILE_CHECK_BYTES], const struct key *key, int media, bool gzip, const void *body,
                size_t n);

#endif
