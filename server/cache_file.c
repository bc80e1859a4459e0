#include "server/cache_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

_Static_assert(crypto_onetimeauth_KEYBYTES == KEY_BYTES && crypto_onetimeauth_BYTES == FILE_CHECK_BYTES, "Poly1305");

enum {
    BUSY_WRITER_MS = 2000,
    BUSY_READER_MS = 20,
    SAMPLE = 64,
    RUNS = 4,
    TOUCH_SECONDS = 60,
    ROW_COLUMNS_BYTES = 4096,
    LONG_WAL = 65536
};

static const char SCHEMA_1[] = "CREATE TABLE answers(h INTEGER PRIMARY KEY, key BLOB NOT NULL, media INTEGER NOT NULL,"
                               " gzip INTEGER NOT NULL, cost_ns INTEGER NOT NULL, bytes INTEGER NOT NULL,"
                               " used INTEGER NOT NULL, \"check\" BLOB NOT NULL, body BLOB NOT NULL);";
static const char SCHEMA_2[] = "CREATE TABLE totals(bytes INTEGER NOT NULL, entries INTEGER NOT NULL);"
                               "INSERT INTO totals SELECT coalesce(sum(bytes), 0), count(*) FROM answers;"
                               "CREATE TRIGGER answers_insert AFTER INSERT ON answers BEGIN"
                               " UPDATE totals SET bytes = bytes + new.bytes, entries = entries + 1; END;"
                               "CREATE TRIGGER answers_delete AFTER DELETE ON answers BEGIN"
                               " UPDATE totals SET bytes = bytes - old.bytes, entries = entries - 1; END;"
                               "CREATE TRIGGER answers_update AFTER UPDATE OF bytes ON answers BEGIN"
                               " UPDATE totals SET bytes = bytes + new.bytes - old.bytes; END;";

/* MIGRATIONS[v] makes version v + 1 of version v; version 0 is an empty file. */
static const char *const MIGRATIONS[FILE_VERSION] = {SCHEMA_1, SCHEMA_2};

static const char GET[] = "SELECT key, media, gzip, cost_ns, \"check\", body FROM answers WHERE h = ?1";
static const char PUT[] = "INSERT INTO answers(h, key, media, gzip, cost_ns, bytes, used, \"check\", body)"
                          " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(h) DO UPDATE SET key = excluded.key,"
                          " media = excluded.media, gzip = excluded.gzip, cost_ns = excluded.cost_ns,"
                          " bytes = excluded.bytes, used = excluded.used, \"check\" = excluded.\"check\","
                          " body = excluded.body WHERE \"check\" <> excluded.\"check\"";
static const char TOUCH[] = "UPDATE answers SET used = ?2 WHERE h = ?1 AND used < ?2 - 60";
static const char DROP[] = "DELETE FROM answers WHERE h = ?1";
static const char SAMPLE_ROWS[] = "SELECT h, cost_ns, bytes, used FROM answers WHERE h >= ?1 ORDER BY h LIMIT 64";
static const char VERSION[] = "PRAGMA user_version";
static const char TOTALS[] = "SELECT bytes, entries FROM totals";
static const char RECOUNT[] = "DELETE FROM totals;"
                              "INSERT INTO totals SELECT coalesce(sum(bytes), 0), count(*) FROM answers;";

enum trouble file_trouble(int rc) {
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return TROUBLE_NONE;
    case SQLITE_FULL: return TROUBLE_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* others keep changing what we want to lock */
    case SQLITE_SCHEMA:
    case SQLITE_INTERRUPT:
    case SQLITE_ABORT: return TROUBLE_LOCKED;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH: return TROUBLE_PATH;
    case SQLITE_READONLY: return TROUBLE_READONLY;
    case SQLITE_NOMEM: return TROUBLE_MEMORY;
    case SQLITE_IOERR: return rc == SQLITE_IOERR_NOMEM ? TROUBLE_MEMORY : TROUBLE_IO;
    default:
        return TROUBLE_CORRUPT; /* CORRUPT, NOTADB; ERROR, MISMATCH, CONSTRAINT, ...: tables that are not as we make
                                   them */
    }
}

int64_t file_row(const struct key *key) { return (int64_t)key_word(key); }

void file_check(unsigned char check[FILE_CHECK_BYTES], const struct key *key, int media, bool gzip, const void *body,
                size_t n) {
    unsigned char head[32] = {0}; /* whole blocks, so that the body is read in place */
    for (int i = 0; i < 4; i++)
        head[i] = (unsigned char)((unsigned)media >> 8 * i);
    head[4] = gzip;
    crypto_onetimeauth_state state;
    crypto_onetimeauth_init(&state, key->b);
    crypto_onetimeauth_update(&state, head, sizeof head);
    if (n)
        crypto_onetimeauth_update(&state, body, n);
    crypto_onetimeauth_final(&state, check);
}

/* -- open -- */

static int exec(struct cache_file *f, const char *sql) { return sqlite3_exec(f->db, sql, NULL, NULL, NULL); }

static int read_int(struct cache_file *f, const char *sql, int64_t *value) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(f->db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        *value = sqlite3_column_int64(stmt, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

/* Tells ours (any version up to now) and an empty file from what must be left alone. */
static enum trouble identify(struct cache_file *f, int64_t *version) {
    int64_t application = 0, tables = 0;
    int rc = read_int(f, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc == SQLITE_OK)
        rc = read_int(f, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK)
        rc = read_int(f, "PRAGMA user_version", version);
    if (rc != SQLITE_OK)
        return file_trouble(rc);
    if (application != FILE_APPLICATION && (tables || application || *version))
        return TROUBLE_FOREIGN;
    if (*version < 0)
        return TROUBLE_CORRUPT;
    return *version > FILE_VERSION ? TROUBLE_NEWER : TROUBLE_NONE;
}

/* Runs inside a transaction, so that of two processes one migrates and the other finds it done. */
static enum trouble migrate_steps(struct cache_file *f) {
    int64_t version = 0;
    enum trouble trouble = identify(f, &version);
    char sql[80];
    for (; trouble == TROUBLE_NONE && version < FILE_VERSION; version++)
        trouble = file_trouble(exec(f, MIGRATIONS[version]));
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", FILE_APPLICATION, FILE_VERSION);
    return trouble == TROUBLE_NONE ? file_trouble(exec(f, sql)) : trouble;
}

static enum trouble migrate(struct cache_file *f) {
    enum trouble trouble = file_trouble(exec(f, "BEGIN IMMEDIATE"));
    if (trouble == TROUBLE_NONE)
        trouble = migrate_steps(f);
    if (trouble == TROUBLE_NONE)
        trouble = file_commit(f);
    if (trouble != TROUBLE_NONE)
        file_rollback(f);
    return trouble;
}

static int count_wal(void *self, sqlite3 *db, const char *name, int pages) {
    (void)db, (void)name;
    ((struct cache_file *)self)->wal_pages = pages;
    return SQLITE_OK;
}

static enum trouble open_writer(struct cache_file *f) {
    int64_t version = 0;
    if (sqlite3_db_readonly(f->db, "main") == 1)
        return TROUBLE_READONLY;
    enum trouble trouble = identify(f, &version);
    if (trouble == TROUBLE_NONE)
        trouble = file_trouble(exec(f, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                                       "PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 0"));
    if (trouble == TROUBLE_NONE && version < FILE_VERSION)
        trouble = migrate(f);
    sqlite3_wal_hook(f->db, count_wal, f);
    return trouble;
}

static enum trouble open_reader(struct cache_file *f) {
    int64_t version = 0;
    enum trouble trouble = identify(f, &version);
    return trouble == TROUBLE_NONE && version != FILE_VERSION ? TROUBLE_LOCKED : trouble; /* a writer is still at it */
}

static enum trouble prepare(struct cache_file *f, enum file_mode mode) {
    const struct {
        sqlite3_stmt **stmt;
        const char *sql;
    } statements[] = {
        {&f->get, GET},       {&f->put, PUT},        {&f->touch, TOUCH}, {&f->drop, DROP}, {&f->sample, SAMPLE_ROWS},
        {&f->totals, TOTALS}, {&f->version, VERSION}};
    size_t n = mode == FILE_READER ? 1 : sizeof statements / sizeof statements[0];
    for (size_t i = 0; i < n; i++) {
        int rc = sqlite3_prepare_v3(f->db, statements[i].sql, -1, SQLITE_PREPARE_PERSISTENT, statements[i].stmt, NULL);
        if (rc != SQLITE_OK)
            return file_trouble(rc);
    }
    return TROUBLE_NONE;
}

static enum trouble open_steps(struct cache_file *f, const char *path, enum file_mode mode, size_t largest) {
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return TROUBLE_PATH; /* /dev/null would do as an empty database */
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    flags |= mode == FILE_READER ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int rc = sqlite3_open_v2(path, &f->db, flags, NULL);
    if (rc != SQLITE_OK)
        return file_trouble(rc);
    sqlite3_extended_result_codes(f->db, 1);
    sqlite3_busy_timeout(f->db, mode == FILE_READER ? BUSY_READER_MS : BUSY_WRITER_MS);
    if (largest < 1000000000)
        sqlite3_limit(f->db, SQLITE_LIMIT_LENGTH, (int)largest + ROW_COLUMNS_BYTES);
    rc = exec(f, "PRAGMA mmap_size = 1073741824; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;"
                 "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
    enum trouble trouble = file_trouble(rc);
    if (trouble == TROUBLE_NONE)
        trouble = mode == FILE_READER ? open_reader(f) : open_writer(f);
    return trouble == TROUBLE_NONE ? prepare(f, mode) : trouble;
}

enum trouble file_open(struct cache_file *f, const char *path, enum file_mode mode, size_t largest, char *text,
                       size_t size) {
    *f = (struct cache_file){0};
    enum trouble trouble = open_steps(f, path, mode, largest);
    if (trouble != TROUBLE_NONE) {
        snprintf(text, size, "%s", f->db ? sqlite3_errmsg(f->db) : "it is not a regular file");
        file_close(f);
    }
    return trouble;
}

void file_close(struct cache_file *f) {
    sqlite3_stmt *all[] = {f->get, f->put, f->touch, f->drop, f->sample, f->totals, f->version};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        sqlite3_finalize(all[i]);
    sqlite3_close(f->db);
    *f = (struct cache_file){0};
}

/* -- read -- */

static struct answer *copy_body(sqlite3_stmt *row) {
    const void *body = sqlite3_column_blob(row, 5);
    size_t n = (size_t)sqlite3_column_bytes(row, 5);
    char *copy = malloc(n + 1);
    if (!copy || (n && !body)) {
        free(copy);
        return NULL;
    }
    if (n)
        memcpy(copy, body, n);
    return answer_new(copy, n, sqlite3_column_int(row, 1));
}

/* The check is taken of the copy: what was verified is what is served, whatever happens to the file meanwhile. */
static struct answer *read_row(sqlite3_stmt *row, const struct key *key, bool *torn) {
    unsigned char check[FILE_CHECK_BYTES];
    const void *stored_key = sqlite3_column_blob(row, 0);
    if (sqlite3_column_bytes(row, 0) != KEY_BYTES || memcmp(stored_key, key->b, KEY_BYTES) != 0)
        return NULL; /* another key with the same first word */
    struct answer *answer = copy_body(row);
    if (!answer)
        return NULL;
    answer->gzip = sqlite3_column_int(row, 2) != 0;
    answer->cost_ns = (uint64_t)sqlite3_column_int64(row, 3);
    file_check(check, key, answer->media, answer->gzip, answer->body, answer->n);
    const void *stored = sqlite3_column_blob(row, 4);
    if (sqlite3_column_bytes(row, 4) == sizeof check && memcmp(check, stored, sizeof check) == 0)
        return answer;
    *torn = true;
    answer_drop(answer);
    return NULL;
}

enum trouble file_get(struct cache_file *f, const struct key *key, struct answer **answer, bool *torn) {
    *answer = NULL;
    *torn = false;
    sqlite3_bind_int64(f->get, 1, file_row(key));
    int rc = sqlite3_step(f->get);
    if (rc == SQLITE_ROW)
        *answer = read_row(f->get, key, torn);
    sqlite3_reset(f->get);
    if ((rc & 0xff) == SQLITE_TOOBIG) { /* the cap was lowered since it was written */
        *torn = true;
        return TROUBLE_NONE;
    }
    return file_trouble(rc);
}

/* -- write -- */

static int run(sqlite3_stmt *stmt) {
    int rc = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    return rc;
}

/* A newer program may have migrated the file since it was opened. */
static enum trouble same_version(struct cache_file *f) {
    int rc = sqlite3_step(f->version);
    int version = sqlite3_column_int(f->version, 0);
    sqlite3_reset(f->version);
    if (rc != SQLITE_ROW)
        return file_trouble(rc);
    return version == FILE_VERSION ? TROUBLE_NONE : version > FILE_VERSION ? TROUBLE_NEWER : TROUBLE_CORRUPT;
}

enum trouble file_begin(struct cache_file *f) {
    enum trouble trouble = file_trouble(exec(f, "BEGIN IMMEDIATE"));
    return trouble == TROUBLE_NONE ? same_version(f) : trouble;
}

enum trouble file_commit(struct cache_file *f) { return file_trouble(exec(f, "COMMIT")); }

void file_rollback(struct cache_file *f) {
    if (f->db && !sqlite3_get_autocommit(f->db))
        exec(f, "ROLLBACK");
}

enum trouble file_put(struct cache_file *f, const struct key *key, const struct answer *answer, int64_t now) {
    unsigned char check[FILE_CHECK_BYTES];
    file_check(check, key, answer->media, answer->gzip, answer->body, answer->n);
    int64_t cost = answer->cost_ns > INT64_MAX ? INT64_MAX : (int64_t)answer->cost_ns;
    sqlite3_bind_int64(f->put, 1, file_row(key));
    sqlite3_bind_blob(f->put, 2, key->b, KEY_BYTES, SQLITE_STATIC);
    sqlite3_bind_int(f->put, 3, answer->media);
    sqlite3_bind_int(f->put, 4, answer->gzip);
    sqlite3_bind_int64(f->put, 5, cost);
    sqlite3_bind_int64(f->put, 6, (int64_t)answer->n);
    sqlite3_bind_int64(f->put, 7, now);
    sqlite3_bind_blob(f->put, 8, check, sizeof check, SQLITE_STATIC);
    int rc = sqlite3_bind_blob64(f->put, 9, answer->n ? answer->body : "", answer->n, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = run(f->put);
    sqlite3_clear_bindings(f->put);
    return (rc & 0xff) == SQLITE_TOOBIG ? TROUBLE_NONE : file_trouble(rc); /* a row above the cap is not kept */
}

enum trouble file_touch(struct cache_file *f, int64_t h, int64_t now) {
    sqlite3_bind_int64(f->touch, 1, h);
    sqlite3_bind_int64(f->touch, 2, now);
    return file_trouble(run(f->touch));
}

enum trouble file_drop(struct cache_file *f, int64_t h) {
    sqlite3_bind_int64(f->drop, 1, h);
    return file_trouble(run(f->drop));
}

struct candidate {
    double worth;
    int64_t h;
};

static int by_worth(const void *a, const void *b) {
    double x = ((const struct candidate *)a)->worth, y = ((const struct candidate *)b)->worth;
    return (x > y) - (x < y);
}

static double worth(double cost, double bytes, double age) {
    return (cost + 1000) / ((bytes > 0 ? bytes : 0) + FILE_ROW_OVERHEAD) / ((age > 0 ? age : 0) + TOUCH_SECONDS);
}

/* Adds up to SAMPLE rows from h = `from` on. */
static int sample(struct cache_file *f, int64_t from, int64_t now, struct candidate rows[], size_t *n) {
    int rc;
    sqlite3_bind_int64(f->sample, 1, from);
    for (size_t i = 0; (rc = sqlite3_step(f->sample)) == SQLITE_ROW && i < SAMPLE; i++) {
        double cost = (double)sqlite3_column_int64(f->sample, 1), bytes = (double)sqlite3_column_int64(f->sample, 2);
        double age = (double)now - (double)sqlite3_column_int64(f->sample, 3);
        rows[(*n)++] = (struct candidate){worth(cost, bytes, age), sqlite3_column_int64(f->sample, 0)};
    }
    sqlite3_reset(f->sample);
    return rc == SQLITE_ROW ? SQLITE_DONE : rc;
}

enum trouble file_evict(struct cache_file *f, int64_t now, size_t *n) {
    struct candidate rows[RUNS * SAMPLE];
    size_t found = 0;
    int rc = SQLITE_DONE;
    for (int i = 0; i < RUNS && rc == SQLITE_DONE; i++) {
        f->hand += 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio: the starts spread evenly over the table */
        rc = sample(f, (int64_t)f->hand, now, rows, &found);
    }
    if (rc == SQLITE_DONE && !found) /* few rows are left, and all before where we looked */
        rc = sample(f, INT64_MIN, now, rows, &found);
    enum trouble trouble = file_trouble(rc);
    qsort(rows, found, sizeof rows[0], by_worth);
    *n = 0;
    for (size_t i = 0; trouble == TROUBLE_NONE && i < (found + 7) / 8; i++) {
        trouble = file_drop(f, rows[i].h);
        *n += (size_t)sqlite3_changes(f->db); /* runs may overlap */
    }
    return trouble;
}

enum trouble file_totals(struct cache_file *f, uint64_t *bytes, uint64_t *entries) {
    int rc = sqlite3_step(f->totals);
    int64_t b = -1, n = -1;
    if (rc == SQLITE_ROW) {
        b = sqlite3_column_int64(f->totals, 0);
        n = sqlite3_column_int64(f->totals, 1);
    }
    sqlite3_reset(f->totals);
    if (file_trouble(rc) != TROUBLE_NONE)
        return file_trouble(rc);
    if (b < 0 || n < 0)
        return TROUBLE_CORRUPT;
    *bytes = (uint64_t)b;
    *entries = (uint64_t)n;
    return TROUBLE_NONE;
}

enum trouble file_recount(struct cache_file *f) { return file_trouble(exec(f, RECOUNT)); }

enum trouble file_checkpoint(struct cache_file *f) {
    int how = f->wal_pages < LONG_WAL ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
    int rc = sqlite3_wal_checkpoint_v2(f->db, NULL, how, NULL, NULL);
    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
        return TROUBLE_NONE; /* another process is at it */
    return file_trouble(rc);
}

bool file_moved(struct cache_file *f) {
    int moved = 0;
    return sqlite3_file_control(f->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}
