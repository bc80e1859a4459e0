/* The cache when its file is in trouble: it says so once and serves from memory; and it comes back when the trouble is over. */
#include "tests/server/cache_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "server/cache_file.h"
#include "server/cache_guard.h"

static struct cache_stats stats_of(struct cache *cache) {
    struct cache_stats stats;
    cache_stats(cache, &stats);
    return stats;
}

/* Stores and finds in memory, whatever the file does. */
static void memory_serves(struct cache *cache) {
    for (uint64_t i = 100000; i < 100010; i++) {
        store(cache, i, 50, 1);
        assert_int_equal(get_memory(cache, i, 50), GOT_RIGHT);
        assert_int_not_equal(get_disk(cache, 0, i + 50, 50), GOT_WRONG);
    }
    cache_flush(cache);
}

static bool wait_ok(struct cache *cache) {
    for (int i = 0; i < 1000 && !stats_of(cache).disk_ok; i++) {
        store(cache, 200000 + (uint64_t)i, 10, 0); /* a pause ends with the next row */
        usleep(10000);
    }
    return stats_of(cache).disk_ok;
}

/* comes_back waits until the file gives row i again: readers pause for a second after trouble, and a row that was stored
 * meanwhile may have been given up, so it is stored again where `again`. */
static bool comes_back(struct cache *cache, uint64_t i, size_t n, bool again) {
    enum got got = GOT_NOTHING;
    for (int k = 0; k < 1000 && got == GOT_NOTHING; k++) {
        if (again) {
            store(cache, i, n, 0);
            cache_flush(cache);
        }
        got = get_disk(cache, 0, i, n);
        if (got == GOT_NOTHING)
            usleep(10000);
    }
    return got == GOT_RIGHT;
}

static void fill(struct fixture *f, uint64_t n, size_t bytes) {
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    for (uint64_t i = 0; i < n; i++)
        store(cache, i, bytes, 1);
    cache_close(cache);
}

static void write_file(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

/* -- paths -- */

static void a_path_that_cannot_be_a_file_is_told_once(void **state) {
    struct fixture *f = *state;
    char in_a_file[128];
    snprintf(in_a_file, sizeof in_a_file, "%s/cache.db", f->path);
    write_file(f->path, "x", 1);
    const char *const paths[] = {in_a_file,   f->folder,        "/dev/null",
                                 "/dev/full", "/proc/cache.db", "/nowhere/at/all.db"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct cache_options options = fixture_options(f);
        options.path = paths[i];
        options.retry_ms = 5;
        f->log[0] = '\0';
        struct cache *cache = cache_open(&options);
        memory_serves(cache);
        usleep(30000); /* several attempts */
        memory_serves(cache);
        assert_false(stats_of(cache).disk_ok);
        assert_true(stats_of(cache).disk_errors > 1);
        cache_close(cache);
        assert_int_equal(fixture_logged(f, "warn: "), 1);
        assert_int_equal(fixture_logged(f, "cannot be opened or created"), 1);
        assert_int_equal(fixture_logged(f, paths[i]), 1);
    }
}

static void a_folder_that_appears_is_used(void **state) {
    struct fixture *f = *state;
    char folder[128], path[160];
    snprintf(folder, sizeof folder, "%s/later", f->folder);
    snprintf(path, sizeof path, "%s/cache.db", folder);
    struct cache_options options = fixture_options(f);
    options.path = path;
    struct cache *cache = cache_open(&options);
    assert_false(stats_of(cache).disk_ok);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_true(wait_ok(cache));
    assert_true(comes_back(cache, 1, 100, true));
    cache_close(cache);
    assert_int_equal(fixture_logged(f, "can be used again"), 1);
    assert_int_equal(f->lines, 2);
}

/* Runs the body as a user whom permissions bind; its exit code is the number of what went wrong. */
static int as_nobody(struct fixture *f, int (*body)(struct fixture *f)) {
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        _exit(body(f));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int serve_read_only(struct fixture *f) {
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    if (stats_of(cache).disk_ok)
        return 1;
    store(cache, 1, 10, 0);
    if (get_memory(cache, 1, 10) != GOT_RIGHT)
        return 2;
    cache_close(cache);
    if (f->lines != 1)
        return 3;
    return 10 + (fixture_logged(f, "read-only") ? 1 : fixture_logged(f, "cannot be opened") ? 2 : 0);
}

static void a_read_only_file_or_folder_is_told_once(void **state) {
    struct fixture *f = *state;
    assert_int_equal(chmod(f->folder, 0555), 0);
    assert_int_equal(as_nobody(f, serve_read_only), 12);
    assert_int_equal(chmod(f->folder, 0755), 0);
    fill(f, 3, 10);
    assert_int_equal(chmod(f->path, 0444), 0);
    assert_int_equal(as_nobody(f, serve_read_only), 11);
}

/* -- full, failing, locked -- */

static sqlite3 *first_connection;

/* SQLite runs this for every connection: the first is the writer's, and gets a file of few pages. */
static int limit_pages(sqlite3 *db, const char **message, const void *api) {
    (void)message, (void)api;
    if (!first_connection) {
        first_connection = db;
        sqlite3_exec(db, "PRAGMA max_page_count = 40", NULL, NULL, NULL);
    }
    return SQLITE_OK;
}

static void a_full_disk_is_told_once_and_comes_back(void **state) {
    struct fixture *f = *state;
    struct cache_options options = fixture_options(f);
    first_connection = NULL;
    sqlite3_auto_extension((void (*)(void))limit_pages);
    struct cache *cache = cache_open(&options);
    sqlite3_cancel_auto_extension((void (*)(void))limit_pages);
    store(cache, 1, 1000, 0);
    cache_flush(cache);
    store(cache, 2, 100000, 0); /* fits; from now on no other of its size does */
    cache_flush(cache);
    for (uint64_t i = 3; i < 100; i++) {
        store(cache, i, 100000, 0);
        if (i % 20 == 0) {
            cache_flush(cache);
            usleep(25000); /* beyond the first pause: it tries again, and says nothing */
        }
    }
    cache_flush(cache);
    assert_false(stats_of(cache).disk_ok);
    assert_true(stats_of(cache).dropped > 0);
    assert_int_equal(fixture_logged(f, "The disk of the cache file"), 1);
    assert_int_equal(f->lines, 1);
    memory_serves(cache);
    assert_int_equal(get_disk(cache, 0, 1, 1000), GOT_RIGHT); /* what is there can still be read */

    usleep(20000);
    assert_int_equal(sqlite3_exec(first_connection, "PRAGMA max_page_count = 100000", NULL, NULL, NULL), SQLITE_OK);
    assert_true(wait_ok(cache));
    assert_true(comes_back(cache, 500, 4000, true));
    cache_close(cache);
    assert_int_equal(fixture_logged(f, "can be used again"), 1);
}

static int write_beyond_the_limit(struct fixture *f) {
    signal(SIGXFSZ, SIG_IGN); /* then write() fails with EFBIG */
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    store(cache, 1, 1000, 0);
    cache_flush(cache);
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &limit);
    for (uint64_t i = 2; i < 100; i++)
        store(cache, i, 4000, 0);
    cache_flush(cache);
    if (stats_of(cache).disk_ok || f->lines != 1 || !fixture_logged(f, "Reading or writing"))
        return 1;
    if (get_memory(cache, 99, 4000) != GOT_RIGHT)
        return 2;
    limit.rlim_cur = before;
    setrlimit(RLIMIT_FSIZE, &limit);
    if (!wait_ok(cache))
        return 3;
    if (!comes_back(cache, 1, 1000, false))
        return 4;
    store(cache, 500, 4000, 0);
    cache_flush(cache);
    if (get_disk(cache, 0, 500, 4000) != GOT_RIGHT)
        return 5;
    cache_close(cache);
    return f->lines == 2 ? 0 : 6;
}

static void an_io_error_is_told_once_and_comes_back(void **state) {
    struct fixture *f = *state;
    assert_int_equal(chmod(f->folder, 0777), 0);
    assert_int_equal(as_nobody(f, write_beyond_the_limit), 0);
}

static void a_locked_file_is_told_once_and_comes_back(void **state) {
    struct fixture *f = *state;
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    store(cache, 1, 100, 0);
    cache_flush(cache);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    store(cache, 2, 100, 0);
    cache_flush(cache); /* the writer gives up after 2 s */
    assert_false(stats_of(cache).disk_ok);
    assert_int_equal(fixture_logged(f, "locked by another process"), 1);
    memory_serves(cache);
    assert_int_equal(get_disk(cache, 0, 1, 100), GOT_RIGHT); /* WAL: a writer's lock does not keep readers out */
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_true(wait_ok(cache));
    assert_true(comes_back(cache, 3, 100, true));
    cache_close(cache);
    assert_int_equal(f->lines, 2);
}

static void a_file_that_is_locked_at_the_start_is_used_later(void **state) {
    struct fixture *f = *state;
    fill(f, 3, 100);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT", NULL, NULL, NULL),
                     SQLITE_OK);
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    assert_false(stats_of(cache).disk_ok);
    assert_int_equal(fixture_logged(f, "locked by another process"), 1);
    memory_serves(cache);
    sqlite3_close(db);
    assert_true(wait_ok(cache));
    assert_true(comes_back(cache, 1, 100, false));
    cache_close(cache);
}

/* -- damage -- */

static void garbage_is_moved_aside(void **state) {
    struct fixture *f = *state;
    char garbage[10000], aside[128];
    uint64_t random = 3;
    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (char)test_random(&random);
    write_file(f->path, garbage, sizeof garbage);
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    assert_true(stats_of(cache).disk_ok);
    store(cache, 1, 100, 0);
    cache_flush(cache);
    assert_int_equal(get_disk(cache, 0, 1, 100), GOT_RIGHT);
    cache_close(cache);
    assert_int_equal(f->lines, 1);
    assert_int_equal(fixture_logged(f, "renamed to end in .corrupt"), 1);
    snprintf(aside, sizeof aside, "%s.corrupt", f->path);
    size_t n;
    char *kept = read_file(aside, &n);
    assert_int_equal(n, sizeof garbage);
    assert_memory_equal(kept, garbage, n);
    free(kept);
}

/* Cuts or scribbles over a good file at many places: never a wrong answer, never a crash, and the cache works afterwards. */
static void a_damaged_file_never_answers_wrongly(void **state) {
    struct fixture *f = *state;
    fill(f, 60, 3000);
    size_t n;
    char *good = read_file(f->path, &n);
    assert_true(n > 100000);
    uint64_t random = 11;
    for (int round = 0; round < 40; round++) {
        char *bad = malloc(n);
        memcpy(bad, good, n);
        size_t length = n;
        if (round % 2)
            length = test_below(&random, n);
        else
            for (int i = 0; i < 20; i++)
                bad[test_below(&random, round % 4 ? n : 4096)] = (char)test_random(&random);
        write_file(f->path, bad, length);
        free(bad);
        struct cache_options options = fixture_options(f);
        struct cache *cache = cache_open(&options);
        for (uint64_t i = 0; i < 60; i++)
            assert_int_not_equal(get_disk(cache, (unsigned)i % 4, i, 3000), GOT_WRONG);
        memory_serves(cache);
        cache_close(cache);
    }
    free(good);
}

static void a_page_that_is_gone_reads_as_zeros_under_guard(void **state) {
    struct fixture *f = *state;
    char page[4096];
    memset(page, 'x', sizeof page);
    write_file(f->path, page, sizeof page);
    int file = open(f->path, O_RDONLY);
    const volatile char *p = mmap(NULL, sizeof page, PROT_READ, MAP_SHARED, file, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    guard_install(); /* cmocka has put a handler of its own in its place */
    guard_enter();
    assert_int_equal(p[100], 'x');
    assert_false(guard_leave());
    assert_int_equal(truncate(f->path, 0), 0);
    guard_enter();
    assert_int_equal(p[100], 0);
    assert_true(guard_leave());
    munmap((void *)(uintptr_t)p, sizeof page);
    close(file);
}

static void a_file_that_is_cut_while_open_does_not_kill(void **state) {
    struct fixture *f = *state;
    fill(f, 500, 3000);
    guard_install();
    struct cache_options options = fixture_options(f);
    options.memory_bytes = 1 << 16;
    struct cache *cache = cache_open(&options);
    store(cache, 10000, 100, 1);
    cache_flush(cache); /* with a log, SQLite takes the size from there and does not look at the file's */
    assert_int_equal(get_disk(cache, 0, 1, 3000), GOT_RIGHT); /* now it is mapped */
    assert_int_equal(truncate(f->path, 8192), 0);
    int right = 0;
    for (uint64_t i = 0; i < 500; i++) {
        enum got got = get_disk(cache, (unsigned)i % 4, i, 3000);
        assert_int_not_equal(got, GOT_WRONG);
        right += got == GOT_RIGHT;
    }
    assert_true(right < 100);
    assert_true(stats_of(cache).disk_errors > 0);
    assert_true(wait_ok(cache));
    for (int i = 0; i < 300 && get_disk(cache, 0, 1000, 100) != GOT_RIGHT; i++) { /* readers pause for 1 s */
        store(cache, 1000, 100, 0);
        cache_flush(cache);
        usleep(10000);
    }
    assert_int_equal(get_disk(cache, 0, 1000, 100), GOT_RIGHT);
    cache_close(cache);
    assert_true(f->lines > 0);
}

static void a_torn_row_is_a_miss_and_goes(void **state) {
    struct fixture *f = *state;
    const char *const tears[] = {
        "UPDATE answers SET body = zeroblob(bytes)",
        "UPDATE answers SET body = substr(body, 1, bytes - 1)",
        "UPDATE answers SET media = media + 1",
        "UPDATE answers SET gzip = 1 - gzip",
        "UPDATE answers SET \"check\" = zeroblob(16)",
        "UPDATE answers SET \"check\" = x''",
        "UPDATE answers SET body = 'text'",
        "UPDATE answers SET body = x''",
    };
    for (size_t i = 0; i < COUNT(tears); i++) {
        fill(f, 1, 300);
        assert_true(meddle(f->path, tears[i]));
        struct cache_options options = fixture_options(f);
        struct cache *cache = cache_open(&options);
        assert_int_equal(get_disk(cache, 0, 0, 300), GOT_NOTHING);
        store(cache, 0, 300, 1); /* computed again: it replaces the torn row */
        cache_flush(cache);
        assert_int_equal(get_disk(cache, 0, 0, 300), GOT_RIGHT);
        cache_close(cache);
    }
    fill(f, 1, 300);
    assert_true(meddle(f->path, tears[0]));
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    assert_int_equal(get_disk(cache, 0, 0, 300), GOT_NOTHING);
    cache_close(cache);
    assert_int_equal(ask(f->path, "SELECT count(*) FROM answers"), 0); /* deleted, though nothing was stored */
    assert_int_equal(ask(f->path, "SELECT entries FROM totals"), 0);
}

static void a_row_of_another_key_is_a_miss(void **state) {
    struct fixture *f = *state;
    fill(f, 1, 300);
    assert_true(meddle(f->path, "UPDATE answers SET key = zeroblob(32)"));
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    assert_int_equal(get_disk(cache, 0, 0, 300), GOT_NOTHING);
    cache_close(cache);
    assert_int_equal(ask(f->path, "SELECT count(*) FROM answers"), 1);
}

static void tables_of_another_shape_are_moved_aside(void **state) {
    struct fixture *f = *state;
    const char *const changes[] = {"DROP TABLE answers",
                                   "DROP TABLE totals",
                                   "ALTER TABLE answers RENAME body TO b",
                                   "DELETE FROM totals",
                                   "UPDATE totals SET bytes = -5",
                                   "PRAGMA user_version = -1"};
    for (size_t i = 0; i < COUNT(changes); i++) {
        fill(f, 3, 100);
        assert_true(meddle(f->path, changes[i]));
        f->log[0] = '\0';
        struct cache_options options = fixture_options(f);
        struct cache *cache = cache_open(&options);
        store(cache, 9, 100, 0);
        cache_flush(cache);
        assert_int_equal(get_disk(cache, 0, 9, 100), GOT_RIGHT);
        cache_close(cache);
        assert_int_equal(fixture_logged(f, "renamed to end in .corrupt"), 1);
    }
}

static void totals_that_lie_are_made_anew(void **state) {
    struct fixture *f = *state;
    fill(f, 100, 100);
    assert_true(meddle(f->path, "UPDATE totals SET bytes = 1 << 60"));
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    for (int i = 0; i < 500 && stats_of(cache).disk_bytes > 100000; i++)
        usleep(10000);
    store(cache, 1000, 100, 0);
    cache_flush(cache);
    assert_true(stats_of(cache).disk_bytes <= 100000);
    assert_int_equal(get_disk(cache, 0, 1000, 100), GOT_RIGHT);
    cache_close(cache);
}

static void a_file_that_is_deleted_is_begun_anew(void **state) {
    struct fixture *f = *state;
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    store(cache, 1, 100, 0);
    cache_flush(cache);
    char command[160];
    snprintf(command, sizeof command, "rm %s*", f->path);
    assert_int_equal(system(command), 0);
    store(cache, 2, 100, 0);
    cache_flush(cache);
    assert_int_equal(get_disk(cache, 0, 2, 100), GOT_RIGHT);
    assert_int_equal(get_disk(cache, 0, 1, 100), GOT_NOTHING);
    cache_close(cache);
    assert_int_equal(ask(f->path, "SELECT count(*) FROM answers"), 1);
    assert_int_equal(fixture_logged(f, "was moved or deleted"), 1);
}

/* -- versions -- */

static void an_older_schema_is_migrated(void **state) {
    struct fixture *f = *state;
    fill(f, 20, 500);
    assert_true(meddle(f->path, "DROP TRIGGER answers_insert; DROP TRIGGER answers_delete; DROP TRIGGER answers_update;"
                                "DROP TABLE totals; PRAGMA user_version = 1"));
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    assert_int_equal(stats_of(cache).disk_entries, 20);
    assert_int_equal(stats_of(cache).disk_bytes, 20 * 500);
    for (uint64_t i = 0; i < 20; i++)
        assert_int_equal(get_disk(cache, 0, i, 500), GOT_RIGHT);
    store(cache, 99, 500, 0);
    cache_close(cache);
    assert_int_equal(ask(f->path, "PRAGMA user_version"), FILE_VERSION);
    assert_int_equal(ask(f->path, "SELECT bytes FROM totals"), 21 * 500);
    assert_int_equal(f->lines, 0);
}

static void expect_left_alone(struct fixture *f, const char *word) {
    size_t before_n, after_n;
    char *before = read_file(f->path, &before_n);
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    memory_serves(cache);
    usleep(50000);
    memory_serves(cache);
    assert_false(stats_of(cache).disk_ok);
    cache_close(cache);
    char *after = read_file(f->path, &after_n);
    assert_int_equal(after_n, before_n);
    assert_memory_equal(before, after, after_n);
    free(before);
    free(after);
    assert_int_equal(f->lines, 1);
    assert_int_equal(fixture_logged(f, word), 1);
}

static void a_newer_schema_is_left_alone(void **state) {
    struct fixture *f = *state;
    fill(f, 5, 100);
    assert_true(meddle(f->path, "PRAGMA user_version = 3; ALTER TABLE answers RENAME body TO compressed"));
    expect_left_alone(f, "newer version");
}

static void another_programs_database_is_left_alone(void **state) {
    struct fixture *f = *state;
    assert_true(meddle(f->path, "CREATE TABLE accounts(id INTEGER PRIMARY KEY, name TEXT)"));
    expect_left_alone(f, "another program");
}

static void a_file_migrated_under_us_by_a_newer_program_is_left_alone(void **state) {
    struct fixture *f = *state;
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    store(cache, 1, 100, 0);
    cache_flush(cache);
    assert_int_equal(get_disk(cache, 0, 1, 100), GOT_RIGHT);
    assert_true(
        meddle(f->path, "BEGIN; PRAGMA user_version = 3; ALTER TABLE answers RENAME body TO compressed; COMMIT"));
    assert_int_equal(get_disk(cache, 1, 1, 100), GOT_NOTHING);
    assert_int_equal(get_disk(cache, 0, 1, 100), GOT_NOTHING);
    store(cache, 2, 100, 0);
    cache_flush(cache);
    memory_serves(cache);
    assert_false(stats_of(cache).disk_ok);
    cache_close(cache);
    assert_int_equal(fixture_logged(f, "newer version"), 1);
    assert_int_equal(f->lines, 1);
    assert_int_equal(ask(f->path, "SELECT count(compressed) FROM answers"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_path_that_cannot_be_a_file_is_told_once),
        TEST(a_folder_that_appears_is_used),
        TEST(a_read_only_file_or_folder_is_told_once),
        TEST(a_full_disk_is_told_once_and_comes_back),
        TEST(an_io_error_is_told_once_and_comes_back),
        TEST(a_locked_file_is_told_once_and_comes_back),
        TEST(a_file_that_is_locked_at_the_start_is_used_later),
        TEST(garbage_is_moved_aside),
        TEST(a_damaged_file_never_answers_wrongly),
        TEST(a_page_that_is_gone_reads_as_zeros_under_guard),
        TEST(a_file_that_is_cut_while_open_does_not_kill),
        TEST(a_torn_row_is_a_miss_and_goes),
        TEST(a_row_of_another_key_is_a_miss),
        TEST(tables_of_another_shape_are_moved_aside),
        TEST(totals_that_lie_are_made_anew),
        TEST(a_file_that_is_deleted_is_begun_anew),
        TEST(an_older_schema_is_migrated),
        TEST(a_newer_schema_is_left_alone),
        TEST(another_programs_database_is_left_alone),
        TEST(a_file_migrated_under_us_by_a_newer_program_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
