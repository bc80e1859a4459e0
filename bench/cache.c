/* cache - what a hit costs. Memory: cache_memory beside a bare hash table without lock, order or reference counts
 * that copies the body out. Disk: cache_disk (no map) beside SQLite alone: the same file, settings and SELECT, the body
 * copied out, nothing verified. Keys in random order, everything in the page cache. The rivals take turns; each figure
 * is the median of its rounds. */
#include "server/cache.h"
#include "bench/measure.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 9 };

struct set {
    size_t n, bytes, gets; /* answers, length of each, look-ups a round */
    struct key *keys;
    size_t *order;
};

static void check(bool ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "bench/cache: %s\n", what);
        exit(1);
    }
}

static uint64_t random_state = 1;

static void set_init(struct set *s) {
    s->keys = measure_must(malloc(s->n * sizeof *s->keys));
    s->order = measure_must(malloc(s->gets * sizeof *s->order));
    for (size_t i = 0; i < s->n; i++) {
        struct key_state state;
        key_start(&state);
        key_add(&state, &i, sizeof i);
        key_end(&state, &s->keys[i]);
    }
    for (size_t i = 0; i < s->gets; i++)
        s->order[i] = measure_random(&random_state) % s->n;
}

static void set_free(struct set *s) {
    free(s->keys);
    free(s->order);
}

static void fill(struct cache *cache, const struct set *s) {
    for (size_t i = 0; i < s->n; i++) {
        char *body = measure_must(malloc(s->bytes));
        memset(body, (int)i, s->bytes);
        struct answer *a = measure_must(answer_new(body, s->bytes, 0));
        a->cost_ns = 1000000;
        cache_store(cache, &s->keys[i], a);
        answer_drop(a);
        if (i % 500 == 499)
            cache_flush(cache); /* so that no row is dropped */
    }
    cache_flush(cache);
}

/* -- memory -- */

struct slot {
    struct key key;
    char *body; /* NULL: free */
};

static struct slot *table_new(const struct set *s, size_t slots) {
    struct slot *table = measure_must(calloc(slots, sizeof *table));
    for (size_t i = 0; i < s->n; i++) {
        size_t at = key_word(&s->keys[i]) & (slots - 1);
        while (table[at].body)
            at = (at + 1) & (slots - 1);
        table[at] = (struct slot){s->keys[i], measure_must(malloc(s->bytes))};
        memset(table[at].body, (int)i, s->bytes);
    }
    return table;
}

static double time_table(const struct set *s, const struct slot *table, size_t slots, char *out) {
    double start = measure_seconds();
    for (size_t i = 0; i < s->gets; i++) {
        const struct key *key = &s->keys[s->order[i]];
        size_t at = key_word(key) & (slots - 1);
        while (!key_equal(&table[at].key, key))
            at = (at + 1) & (slots - 1);
        memcpy(out, table[at].body, s->bytes);
        check(out[0] == (char)s->order[i], "the table answers wrongly");
    }
    return (measure_seconds() - start) / (double)s->gets;
}

static double time_memory(const struct set *s, struct cache *cache) {
    double start = measure_seconds();
    for (size_t i = 0; i < s->gets; i++) {
        struct answer *a = cache_memory(cache, &s->keys[s->order[i]]);
        check(a && a->body[0] == (char)s->order[i], "the map answers wrongly");
        answer_drop(a);
    }
    return (measure_seconds() - start) / (double)s->gets;
}

static void bench_memory(size_t n, size_t bytes) {
    struct set s = {n, bytes, 200000};
    double ours[ROUNDS], bare[ROUNDS];
    size_t slots = 1;
    while (slots < 2 * n)
        slots *= 2;
    set_init(&s);
    struct cache_options options = {.memory_bytes = 2 * n * (bytes + 1000)};
    struct cache *cache = measure_must(cache_open(&options));
    fill(cache, &s);
    struct slot *table = table_new(&s, slots);
    char *out = measure_must(malloc(bytes));
    for (int r = 0; r < ROUNDS; r++) {
        bare[r] = time_table(&s, table, slots, out);
        ours[r] = time_memory(&s, cache);
    }
    double o = measure_median(ours, ROUNDS), b = measure_median(bare, ROUNDS);
    printf("%8zu B %7zu   %9.0f ns %9.0f ns   %.2f\n", bytes, n, o * 1e9, b * 1e9, b / o);
    for (size_t i = 0; i < slots; i++)
        free(table[i].body);
    free(table);
    free(out);
    cache_close(cache);
    set_free(&s);
}

/* -- disk -- */

static double time_disk(const struct set *s, struct cache *cache) {
    double start = measure_seconds();
    for (size_t i = 0; i < s->gets; i++) {
        struct answer *a = cache_disk(cache, 0, &s->keys[s->order[i]]);
        check(a && a->body[0] == (char)s->order[i], "the file answers wrongly");
        answer_drop(a);
    }
    return (measure_seconds() - start) / (double)s->gets;
}

static double time_select(const struct set *s, sqlite3_stmt *select, char *out) {
    double start = measure_seconds();
    for (size_t i = 0; i < s->gets; i++) {
        sqlite3_bind_int64(select, 1, (int64_t)key_word(&s->keys[s->order[i]]));
        check(sqlite3_step(select) == SQLITE_ROW, "SQLite finds nothing");
        memcpy(out, sqlite3_column_blob(select, 0), (size_t)sqlite3_column_bytes(select, 0));
        check(out[0] == (char)s->order[i], "SQLite answers wrongly");
        sqlite3_reset(select);
    }
    return (measure_seconds() - start) / (double)s->gets;
}

static sqlite3_stmt *prepare(const char *path, sqlite3 **db) {
    sqlite3_stmt *select = NULL;
    check(sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK, "no file");
    sqlite3_exec(*db, "PRAGMA mmap_size = 1073741824; PRAGMA cache_size = -8192", NULL, NULL, NULL);
    sqlite3_prepare_v3(*db, "SELECT body FROM answers WHERE h = ?1", -1, SQLITE_PREPARE_PERSISTENT, &select, NULL);
    return measure_must(select);
}

static void bench_disk(const char *folder, size_t n, size_t bytes) {
    struct set s = {n, bytes, 20000};
    double ours[ROUNDS], bare[ROUNDS];
    char path[128];
    sqlite3 *db;
    set_init(&s);
    snprintf(path, sizeof path, "%s/%zu.db", folder, bytes);
    struct cache_options options = {.path = path, .disk_bytes = (size_t)4 << 30, .readers = 1};
    struct cache *cache = measure_must(cache_open(&options));
    double start = measure_seconds();
    fill(cache, &s);
    double store = (measure_seconds() - start) / (double)n;
    cache_close(cache); /* all of the log goes into the file */
    cache = measure_must(cache_open(&options));
    sqlite3_stmt *select = prepare(path, &db);
    char *out = measure_must(malloc(bytes));
    for (int r = 0; r < ROUNDS; r++) {
        bare[r] = time_select(&s, select, out);
        ours[r] = time_disk(&s, cache);
    }
    double o = measure_median(ours, ROUNDS), b = measure_median(bare, ROUNDS);
    printf("%8zu B %7zu   %9.2f us %9.2f us   %.2f   store %.1f us\n", bytes, n, o * 1e6, b * 1e6, b / o, store * 1e6);
    sqlite3_finalize(select);
    sqlite3_close(db);
    free(out);
    cache_close(cache);
    unlink(path);
    set_free(&s);
}

int main(void) {
    char folder[] = "/tmp/solvent-bench-XXXXXX";
    check(mkdtemp(folder) != NULL, "no folder for the file");
    puts("    body  answers     memory hit  bare table   x");
    bench_memory(1000, 200);
    bench_memory(100000, 200);
    bench_memory(20000, 4096);
    bench_memory(2000, 65536);
    puts("    body  answers       disk hit  bare SELECT  x");
    bench_disk(folder, 20000, 200);
    bench_disk(folder, 20000, 4096);
    bench_disk(folder, 2000, 65536);
    rmdir(folder);
    return 0;
}
