#include "server/jobs_store.h"

#include <stdio.h>
#include <sys/stat.h>

static const char SCHEMA[] =
    "CREATE TABLE jobs(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, path TEXT NOT NULL,"
    " request_id TEXT NOT NULL, content_type TEXT NOT NULL, \"key\" TEXT NOT NULL,"
    " digest BLOB NOT NULL, media TEXT NOT NULL, seed INTEGER NOT NULL, cost_ns INTEGER NOT NULL, state TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, created INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " http INTEGER NOT NULL, result_media TEXT NOT NULL, result_bytes INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " asked INTEGER NOT NULL, events INTEGER NOT NULL, makes TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE parts(part INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB);";

/* What versions 2 and 3 came with. */
static const char ADD_MAKES[] = "ALTER TABLE jobs ADD COLUMN makes TEXT NOT NULL DEFAULT ''";
static const char ADD_DIGEST[] = "ALTER TABLE parts ADD COLUMN digest BLOB";

static const char *const STATES[] = {
#define X(name, text) text,
    JOB_STATE_LIST(X)
#undef X
};

static bool fail(struct jobs_store *store) {
    snprintf(store->why, sizeof store->why, "The jobs' file cannot be used: %s.",
             store->db ? sqlite3_errmsg(store->db) : "there is no memory");
    return false;
}

static bool fail_with(struct jobs_store *store, const char *why) {
    snprintf(store->why, sizeof store->why, "The jobs' file cannot be used: %s.", why);
    return false;
}

static bool exec(struct jobs_store *store, const char *sql) {
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(store);
}

/* -- statements: bound by the order of their parameters -- */

struct line {
    sqlite3_stmt *stmt;
    int bound, read; /* parameters, columns */
    bool good;
};

static struct line begin_line(struct jobs_store *store, const char *sql) {
    struct line line = {0};
    line.good = sqlite3_prepare_v2(store->db, sql, -1, &line.stmt, NULL) == SQLITE_OK;
    return line;
}

static void bind_int(struct line *line, int64_t value) {
    line->good = line->good && sqlite3_bind_int64(line->stmt, ++line->bound, value) == SQLITE_OK;
}
static void bind_text(struct line *line, const char *text) {
    line->good = line->good && sqlite3_bind_text(line->stmt, ++line->bound, text, -1, SQLITE_STATIC) == SQLITE_OK;
}
static void bind_bytes(struct line *line, const void *p, size_t n) {
    line->good =
        line->good && sqlite3_bind_blob64(line->stmt, ++line->bound, n ? p : "", n, SQLITE_STATIC) == SQLITE_OK;
}

/* end_line runs a statement that has no rows. */
static bool end_line(struct jobs_store *store, struct line *line) {
    bool good = line->good && sqlite3_step(line->stmt) == SQLITE_DONE;
    good = good || fail(store);
    sqlite3_finalize(line->stmt);
    return good;
}

static int64_t read_int(struct line *line) { return sqlite3_column_int64(line->stmt, line->read++); }
static void read_text(struct line *line, char *to, size_t size) {
    const unsigned char *text = sqlite3_column_text(line->stmt, line->read++);
    snprintf(to, size, "%s", text ? (const char *)text : "");
}

/* -- open -- */

static bool read_number(struct jobs_store *store, const char *sql, int64_t *value) {
    struct line line = begin_line(store, sql);
    bool good = line.good && sqlite3_step(line.stmt) == SQLITE_ROW;
    if (good)
        *value = read_int(&line);
    good = good || fail(store);
    sqlite3_finalize(line.stmt);
    return good;
}

static bool bring_up(struct jobs_store *store, int64_t version) {
    if (version == 0)
        return exec(store, SCHEMA);
    return (version >= 2 || exec(store, ADD_MAKES)) && exec(store, ADD_DIGEST);
}

/* make writes the schema into an empty file; false also where the file is another's. */
static bool make(struct jobs_store *store) {
    int64_t tables = 0, application = 0, version = 0;
    char sql[96];
    if (!read_number(store, "SELECT count(*) FROM sqlite_schema", &tables) ||
        !read_number(store, "PRAGMA application_id", &application) ||
        !read_number(store, "PRAGMA user_version", &version))
        return false;
    if (application != STORE_APPLICATION && (tables || application || version))
        return fail_with(store, "it is the database of another program");
    if (version > STORE_VERSION)
        return fail_with(store, "a newer version of this program made it");
    if (version == STORE_VERSION)
        return true;
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION, STORE_VERSION);
    return bring_up(store, version) && exec(store, sql);
}

static bool open_steps(struct jobs_store *store, const char *path) {
    struct stat st;
    if (*path && stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return fail_with(store, "it is not a regular file");
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(*path ? path : ":memory:", &store->db, flags, NULL) != SQLITE_OK)
        return fail(store);
    /* A transaction at once takes the lock that is then kept. */
    if (!exec(store, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864"))
        return false;
    return store_begin(store) && store_end(store, make(store));
}

bool store_open(struct jobs_store *store, const char *path) {
    *store = (struct jobs_store){0};
    bool good = open_steps(store, path);
    if (!good)
        store_close(store);
    return good;
}

void store_close(struct jobs_store *store) {
    sqlite3_close(store->db);
    store->db = NULL;
}

bool store_begin(struct jobs_store *store) { return exec(store, "BEGIN IMMEDIATE"); }

bool store_end(struct jobs_store *store, bool good) {
    if (good && exec(store, "COMMIT"))
        return true;
    if (store->db && !sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

/* -- rows -- */

bool store_insert(struct jobs_store *store, struct stored *job) {
    struct line line =
        begin_line(store, "INSERT INTO jobs(id, path, request_id, content_type, \"key\", digest, media, seed,"
                          " cost_ns, state, attempts, created, started, ended, http, result_media, result_bytes, bytes,"
                          " asked, events, makes)"
                          " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const char *const texts[] = {job->id, job->path, job->request_id, job->content_type, job->key};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        bind_text(&line, texts[i]);
    bind_bytes(&line, job->digest.b, KEY_BYTES);
    bind_text(&line, job->media);
    bind_int(&line, job->seed);
    bind_int(&line, job->cost_ns);
    bind_text(&line, STATES[job->state]);
    const int64_t numbers[] = {job->attempts, job->created, job->started, job->ended, job->http};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        bind_int(&line, numbers[i]);
    bind_text(&line, job->result_media);
    bind_int(&line, job->result_bytes);
    bind_int(&line, job->bytes);
    bind_int(&line, job->asked);
    bind_int(&line, job->events);
    bind_text(&line, job->makes);
    if (!end_line(store, &line))
        return false;
    job->seq = sqlite3_last_insert_rowid(store->db);
    return true;
}

bool store_update(struct jobs_store *store, const struct stored *job) {
    struct line line = begin_line(store, "UPDATE jobs SET state = ?, attempts = ?, started = ?, ended = ?, http = ?,"
                                         " result_media = ?, result_bytes = ?, bytes = ?, events = ? WHERE seq = ?");
    bind_text(&line, STATES[job->state]);
    const int64_t numbers[] = {job->attempts, job->started, job->ended, job->http};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        bind_int(&line, numbers[i]);
    bind_text(&line, job->result_media);
    bind_int(&line, job->result_bytes);
    bind_int(&line, job->bytes);
    bind_int(&line, job->events);
    bind_int(&line, job->seq);
    return end_line(store, &line);
}

bool store_forget(struct jobs_store *store, int64_t seq) {
    struct line line = begin_line(store, "DELETE FROM jobs WHERE seq = ?");
    bind_int(&line, seq);
    return end_line(store, &line);
}

bool store_tidy(struct jobs_store *store, bool *more) {
    struct line line = begin_line(
        store, "DELETE FROM parts WHERE part = (SELECT p.part FROM parts p LEFT JOIN jobs j ON j.seq = p.part / 8"
               " WHERE j.seq IS NULL OR (p.part % 8 <= ? AND j.state NOT IN (?, ?)) LIMIT 1)");
    bind_int(&line, PART_CHECKPOINT);
    bind_text(&line, STATES[JOB_QUEUED]);
    bind_text(&line, STATES[JOB_RUNNING]);
    bool good = end_line(store, &line);
    *more = good && sqlite3_changes(store->db) > 0;
    return good;
}

static int state_of(const char *text) {
    int state = 0;
    while (state < N_JOB_STATES && strcmp(STATES[state], text) != 0)
        state++;
    return state;
}

/* is_possible: the file may be damaged where SQLite does not see it, and its numbers are counted with. */
static bool is_possible(const struct stored *job) {
    const int64_t numbers[] = {job->attempts,     job->created, job->started, job->ended,
                               job->result_bytes, job->bytes,   job->asked,   job->events - 1};
    bool possible = !job->http || (job->http >= 100 && job->http <= 599);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        possible = possible && numbers[i] >= 0 && numbers[i] < INT64_C(1) << 53;
    return possible && job->state < N_JOB_STATES;
}

/* read_job reads a row in the order of the table's columns. */
static bool read_job(struct line *line, struct stored *job) {
    char state[16];
    *job = (struct stored){.seq = read_int(line)};
    read_text(line, job->id, sizeof job->id);
    read_text(line, job->path, sizeof job->path);
    read_text(line, job->request_id, sizeof job->request_id);
    read_text(line, job->content_type, sizeof job->content_type);
    read_text(line, job->key, sizeof job->key);
    bool whole = sqlite3_column_bytes(line->stmt, line->read) == KEY_BYTES;
    if (whole)
        memcpy(job->digest.b, sqlite3_column_blob(line->stmt, line->read), KEY_BYTES);
    line->read++;
    read_text(line, job->media, sizeof job->media);
    job->seed = read_int(line);
    job->cost_ns = read_int(line);
    read_text(line, state, sizeof state);
    job->state = state_of(state);
    int64_t *const numbers[] = {&job->attempts, &job->created, &job->started, &job->ended, &job->http};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i] = read_int(line);
    read_text(line, job->result_media, sizeof job->result_media);
    job->result_bytes = read_int(line);
    job->bytes = read_int(line);
    job->asked = read_int(line);
    job->events = read_int(line);
    read_text(line, job->makes, sizeof job->makes);
    return whole && is_possible(job);
}

bool store_each(struct jobs_store *store, bool (*take)(void *self, const struct stored *job), void *self) {
    struct line line =
        begin_line(store, "SELECT seq, id, path, request_id, content_type, \"key\", digest, media, seed,"
                          " cost_ns, state, attempts, created, started, ended, http, result_media, result_bytes, bytes,"
                          " asked, events, makes FROM jobs ORDER BY seq");
    int rc = line.good ? SQLITE_ROW : SQLITE_ERROR;
    bool good = true;
    while (rc == SQLITE_ROW && good && (rc = sqlite3_step(line.stmt)) == SQLITE_ROW) {
        struct stored job;
        line.read = 0;
        good = (read_job(&line, &job) || fail_with(store, "a row of it is damaged")) && take(self, &job);
    }
    if (good && rc != SQLITE_DONE)
        good = fail(store);
    sqlite3_finalize(line.stmt);
    return good;
}

/* -- parts -- */

static struct key digest_of(int64_t seq, enum part part, const void *p, size_t n) {
    const int64_t of[] = {seq, part};
    struct key_state state;
    struct key key;
    key_start(&state);
    key_add(&state, of, sizeof of);
    key_add(&state, p, n);
    key_end(&state, &key);
    return key;
}

bool store_put(struct jobs_store *store, int64_t seq, enum part part, const void *p, size_t n) {
    const struct key digest = digest_of(seq, part, p, n);
    struct line line = begin_line(store, p ? "INSERT OR REPLACE INTO parts(part, body, digest) VALUES(? * 8 + ?, ?, ?)"
                                           : "DELETE FROM parts WHERE part = ? * 8 + ?");
    bind_int(&line, seq);
    bind_int(&line, part);
    if (p) {
        bind_bytes(&line, p, n);
        bind_bytes(&line, digest.b, sizeof digest.b);
    }
    return end_line(store, &line);
}

/* is_as_written looks at the row of a part: its body, and its digest. */
static bool is_as_written(sqlite3_stmt *row, int64_t seq, enum part part) {
    const void *body = sqlite3_column_blob(row, 0), *digest = sqlite3_column_blob(row, 1);
    const struct key key = digest_of(seq, part, body, (size_t)sqlite3_column_bytes(row, 0));
    return sqlite3_column_type(row, 1) == SQLITE_NULL ||
           (sqlite3_column_bytes(row, 1) == KEY_BYTES && memcmp(digest, key.b, KEY_BYTES) == 0);
}

bool store_get(struct jobs_store *store, int64_t seq, enum part part, struct buf *out, bool *found) {
    struct line line = begin_line(store, "SELECT body, digest FROM parts WHERE part = ? * 8 + ?");
    bind_int(&line, seq);
    bind_int(&line, part);
    int rc = line.good ? sqlite3_step(line.stmt) : SQLITE_ERROR;
    bool good = (rc == SQLITE_ROW || rc == SQLITE_DONE) || fail(store);
    *found = rc == SQLITE_ROW;
    if (*found)
        good = is_as_written(line.stmt, seq, part) || fail_with(store, "what it holds of a job is damaged");
    if (*found && good)
        buf_add(out, sqlite3_column_blob(line.stmt, 0), (size_t)sqlite3_column_bytes(line.stmt, 0));
    if (good && out->failed)
        good = fail_with(store, "there is no memory for what it holds");
    sqlite3_finalize(line.stmt);
    return good;
}
