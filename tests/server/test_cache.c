/* The cache as its callers see it, while all is well; test_cache_trouble.c has the rest. */
#include "tests/server/cache_fixture.h"

#include <signal.h>
#include <sys/wait.h>

static struct cache_stats stats_of(struct cache *cache) {
    struct cache_stats stats;
    cache_stats(cache, &stats);
    return stats;
}

static void memory_alone_works(void **state) {
    struct fixture *f = *state;
    const char *const paths[] = {NULL, ""};
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct cache_options options = fixture_options(f);
        options.path = paths[i];
        struct cache *cache = cache_open(&options);
        store(cache, 1, 100, 5);
        cache_flush(cache);
        assert_int_equal(get_memory(cache, 1, 100), GOT_RIGHT);
        assert_int_equal(get_disk(cache, 0, 1, 100), GOT_NOTHING);
        struct cache_stats stats = stats_of(cache);
        assert_int_equal(stats.stores, 1);
        assert_int_equal(stats.misses, 1);
        assert_false(stats.disk_ok);
        cache_close(cache);
    }
    assert_int_equal(f->lines, 0);
    cache_close(NULL);
}

static void disk_alone_works(void **state) {
    struct cache_options options = fixture_options(*state);
    options.memory_bytes = 0;
    struct cache *cache = cache_open(&options);
    store(cache, 1, 100, 5);
    cache_flush(cache);
    assert_int_equal(get_memory(cache, 1, 100), GOT_NOTHING);
    assert_int_equal(get_disk(cache, 0, 1, 100), GOT_RIGHT);
    cache_close(cache);
}

static void answers_outlive_the_process(void **state) {
    struct fixture *f = *state;
    const size_t sizes[] = {0, 1, 200, 4096, 65536, 1 << 20, 5 << 20};
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    for (size_t i = 0; i < COUNT(sizes); i++)
        store(cache, i, sizes[i], UINT64_MAX - i);
    cache_close(cache); /* writes what is queued */

    cache = cache_open(&options);
    assert_int_equal(stats_of(cache).disk_entries, COUNT(sizes));
    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_int_equal(get_memory(cache, i, sizes[i]), GOT_NOTHING);
        assert_int_equal(get_disk(cache, (unsigned)i % 4, i, sizes[i]), GOT_RIGHT);
    }
    assert_int_equal(get_memory(cache, 3, 4096), GOT_RIGHT); /* the disk's answer went into the map */
    struct cache_stats stats = stats_of(cache);
    assert_int_equal(stats.disk_hits, COUNT(sizes));
    assert_int_equal(stats.memory_hits, 1);
    assert_int_equal(stats.disk_errors, 0);
    assert_true(stats.disk_ok);
    cache_close(cache);
    assert_int_equal(f->lines, 0);
}

static void what_must_not_be_cached_is_not(void **state) {
    struct cache_options options = fixture_options(*state);
    struct cache *cache = cache_open(&options);
    struct key key = key_of(1);
    struct answer *partial = answer_of(1, 10, 0), *problem = answer_of(1, 10, 0);
    partial->partial = true;
    problem->http = 422;
    cache_store(cache, &key, partial);
    cache_store(cache, &key, problem);
    cache_flush(cache);
    assert_int_equal(get_memory(cache, 1, 10), GOT_NOTHING);
    assert_int_equal(get_disk(cache, 0, 1, 10), GOT_NOTHING);
    answer_drop(partial);
    answer_drop(problem);
    cache_close(cache);
}

static void a_reader_number_too_large_is_a_miss(void **state) {
    struct cache_options options = fixture_options(*state);
    struct cache *cache = cache_open(&options);
    store(cache, 1, 10, 0);
    cache_flush(cache);
    assert_int_equal(get_disk(cache, 4, 1, 10), GOT_NOTHING);
    assert_int_equal(get_disk(cache, UINT32_MAX, 1, 10), GOT_NOTHING);
    assert_int_equal(get_disk(cache, 3, 1, 10), GOT_RIGHT);
    cache_close(cache);
}

static void a_path_has_no_special_names(void **state) {
    struct fixture *f = *state;
    char before[256];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(f->folder), 0);
    struct cache_options options = fixture_options(f);
    options.path = ":memory:";
    struct cache *cache = cache_open(&options);
    store(cache, 1, 10, 0);
    cache_flush(cache);
    assert_int_equal(get_disk(cache, 0, 1, 10), GOT_RIGHT);
    cache_close(cache);
    assert_int_equal(access("./:memory:", R_OK), 0);
    assert_int_equal(chdir(before), 0);
}

static void storing_again_writes_nothing_new(void **state) {
    struct fixture *f = *state;
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    for (int i = 0; i < 100; i++)
        store(cache, 5, 1000, 9);
    cache_flush(cache);
    assert_int_equal(stats_of(cache).disk_entries, 1);
    assert_int_equal(stats_of(cache).disk_bytes, 1000);
    cache_close(cache);
    assert_int_equal(ask(f->path, "SELECT cost_ns FROM answers"), 9);
}

static void disk_cap_holds_and_prefers_the_costly(void **state) {
    struct fixture *f = *state;
    struct cache_options options = fixture_options(f);
    options.memory_bytes = 0;
    options.disk_bytes = 1 << 20;
    struct cache *cache = cache_open(&options);
    for (uint64_t i = 0; i < 3000; i++) {
        store(cache, i, 2000, i % 10 == 0 ? 1000000000 : 1000000);
        if (i % 500 == 499)
            cache_flush(cache);
    }
    cache_flush(cache);
    struct cache_stats stats = stats_of(cache);
    assert_true(stats.disk_bytes + stats.disk_entries * 128 <= 1 << 20);
    assert_true(stats.disk_bytes > 700000); /* it did not throw away more than it had to */
    assert_int_equal(stats.disk_evictions + stats.disk_entries, 3000 - stats.dropped);
    int costly = 0, cheap = 0;
    for (uint64_t i = 0; i < 3000; i++)
        if (get_disk(cache, 0, i, 2000) == GOT_RIGHT)
            *(i % 10 == 0 ? &costly : &cheap) += 1;
    assert_true(costly >= 260); /* of 300; by chance it would be 45 */
    assert_true(cheap > 0);
    cache_close(cache);
    assert_int_equal(ask(f->path, "SELECT bytes FROM totals"), ask(f->path, "SELECT sum(length(body)) FROM answers"));
    assert_int_equal(ask(f->path, "SELECT entries FROM totals"), ask(f->path, "SELECT count(*) FROM answers"));
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_true(st.st_size < 3 << 20);
}

static void disk_prefers_the_recently_used(void **state) {
    struct fixture *f = *state;
    struct cache_options options = fixture_options(f);
    options.disk_bytes = 200000;
    struct cache *cache = cache_open(&options);
    for (uint64_t i = 0; i < 80; i++)
        store(cache, i, 2000, 1000000);
    cache_close(cache);
    assert_true(meddle(f->path, "UPDATE answers SET used = used - 100000"));

    cache = cache_open(&options);
    for (uint64_t i = 0; i < 20; i++)
        assert_int_equal(get_disk(cache, 0, i, 2000), GOT_RIGHT); /* from the file: noted by disk_get */
    store(cache, 1000, 10, 0);
    cache_flush(cache); /* the marks go with this batch */
    for (uint64_t i = 2000; i < 2040; i++)
        store(cache, i, 2000, 1000000);
    cache_close(cache);

    options.memory_bytes = 0;
    cache = cache_open(&options);
    int used = 0, unused = 0;
    for (uint64_t i = 0; i < 80; i++)
        if (get_disk(cache, 0, i, 2000) == GOT_RIGHT)
            *(i < 20 ? &used : &unused) += 1;
    assert_int_equal(used, 20);
    assert_true(unused < 45);
    cache_close(cache);
}

/* A row that only memory serves is in use too: the file learns it when the entry leaves the map. */
static void hits_in_memory_reach_the_file_at_close(void **state) {
    struct fixture *f = *state;
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    store(cache, 1, 100, 0);
    store(cache, 2, 100, 0);
    cache_flush(cache);
    assert_true(meddle(f->path, "UPDATE answers SET used = 1000"));
    assert_int_equal(get_memory(cache, 1, 100), GOT_RIGHT);
    cache_close(cache);
    assert_int_equal(ask(f->path, "SELECT count(*) FROM answers WHERE used = 1000"), 1);
}

static void a_lowered_cap_is_reached(void **state) {
    struct fixture *f = *state;
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    for (uint64_t i = 0; i < 2000; i++)
        store(cache, i, 1000, 0);
    cache_flush(cache);
    assert_int_equal(stats_of(cache).disk_entries, 2000);
    cache_close(cache);
    options.disk_bytes = 100000;
    cache = cache_open(&options); /* the writer evicts without being asked */
    for (int i = 0; i < 1000 && stats_of(cache).disk_bytes > 100000; i++)
        usleep(10000);
    assert_true(stats_of(cache).disk_bytes <= 100000);
    cache_close(cache);
}

static void a_full_queue_drops_rows_and_never_waits(void **state) {
    struct cache_options options = fixture_options(*state);
    struct cache *cache = cache_open(&options);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(((struct fixture *)*state)->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK); /* the writer waits up to 2 s */
    for (uint64_t i = 0; i < 6000; i++)
        store(cache, i, 10, 0);
    struct cache_stats stats = stats_of(cache);
    assert_true(stats.dropped > 0);
    assert_true(stats.queued <= 4096 + 64);
    assert_int_equal(stats.dropped + stats.queued + stats.disk_entries, 6000);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    cache_flush(cache);
    stats = stats_of(cache);
    assert_int_equal(stats.queued, 0);
    assert_int_equal(stats.dropped + stats.disk_entries, 6000);
    cache_close(cache);
}

struct worker {
    struct cache *cache;
    unsigned reader;
    int wrong, right;
};

static void *work(void *arg) {
    struct worker *w = arg;
    uint64_t seed = w->reader;
    for (int i = 0; i < 3000; i++) {
        uint64_t which = test_below(&seed, 500);
        size_t n = which * 31 % 6000;
        enum got got = get_memory(w->cache, which, n);
        if (got == GOT_NOTHING)
            got = get_disk(w->cache, w->reader, which, n);
        if (got == GOT_NOTHING)
            store(w->cache, which, n, which * 1000);
        w->wrong += got == GOT_WRONG;
        w->right += got == GOT_RIGHT;
        if (i % 1000 == 500)
            cache_flush(w->cache);
    }
    return NULL;
}

static void threads_may_do_everything_at_once(void **state) {
    struct cache_options options = fixture_options(*state);
    options.memory_bytes = 200000;
    options.disk_bytes = 1000000;
    struct cache *cache = cache_open(&options);
    struct worker workers[4];
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = (struct worker){cache, i, 0, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
        assert_true(workers[i].right > 0);
    }
    struct cache_stats stats = stats_of(cache);
    assert_true(stats.disk_hits > 0 && stats.memory_hits > 0 && stats.disk_evictions > 0);
    assert_int_equal(stats.disk_errors, 0);
    cache_close(cache);
}

/* -- other processes -- */

enum { STORED_BYTES = 3000 };

/* Stores answers from `from` on; after every flush writes how many are now promised. */
static void store_and_promise(struct fixture *f, int out, uint64_t from) {
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    for (uint64_t i = from; cache; i++) {
        store(cache, i, STORED_BYTES, 1);
        if (i % 7 != 6)
            continue;
        cache_flush(cache);
        uint64_t promised = i + 1;
        if (write(out, &promised, sizeof promised) != sizeof promised)
            break;
    }
    _exit(1);
}

/* run_and_kill kills one that stores, some moment after it has promised `more`; gives all that it promised. */
static uint64_t run_and_kill(struct fixture *f, uint64_t from, uint64_t more, unsigned microseconds) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        store_and_promise(f, ends[1], from);
    }
    close(ends[1]);
    uint64_t promised = from, number;
    while (promised < from + more && read(ends[0], &number, sizeof number) == sizeof number)
        promised = number;
    usleep(microseconds);
    kill(child, SIGKILL);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    while (read(ends[0], &number, sizeof number) == sizeof number)
        promised = number;
    close(ends[0]);
    return promised;
}

static void a_kill_at_any_moment_loses_nothing_that_was_flushed(void **state) {
    struct fixture *f = *state;
    uint64_t random = 42, promised = 0;
    for (int round = 0; round < 20; round++) {
        promised = run_and_kill(f, promised, test_below(&random, 60), (unsigned)test_below(&random, 10000));
        struct cache_options options = fixture_options(f);
        struct cache *cache = cache_open(&options);
        for (uint64_t i = 0; i < promised; i++)
            if (get_disk(cache, 0, i, STORED_BYTES) != GOT_RIGHT)
                fail_msg("round %d: answer %d of %d promised is lost", round, (int)i, (int)promised);
        for (uint64_t i = promised; i < promised + 200; i++)
            assert_int_not_equal(get_disk(cache, 0, i, STORED_BYTES), GOT_WRONG);
        assert_int_equal(stats_of(cache).disk_errors, 0);
        cache_close(cache);
    }
    if (f->lines)
        print_error("%s", f->log);
    assert_true(promised > 100);
    assert_int_equal(f->lines, 0);
    assert_int_equal(ask(f->path, "SELECT entries FROM totals"), ask(f->path, "SELECT count(*) FROM answers"));
}

static void store_range(struct fixture *f, uint64_t from, uint64_t to) {
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    for (uint64_t i = from; i < to; i++) {
        store(cache, i, 500, 1);
        if (i % 50 == 0)
            cache_flush(cache);
    }
    cache_close(cache);
}

static void processes_share_the_file(void **state) {
    struct fixture *f = *state;
    pid_t children[3];
    for (uint64_t c = 0; c < 3; c++) {
        children[c] = fork();
        assert_true(children[c] >= 0);
        if (children[c] == 0) {
            int tries = 0;
            do { /* where the machine paused while another held the lock, a writer gives up, and says so */
                f->lines = 0;
                store_range(f, c * 400, c * 400 + 600); /* they overlap */
            } while (f->lines && ++tries < 20);
            _exit(f->lines);
        }
    }
    for (int c = 0; c < 3; c++) {
        int status;
        waitpid(children[c], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct cache_options options = fixture_options(f);
    struct cache *cache = cache_open(&options);
    for (uint64_t i = 0; i < 1400; i++)
        assert_int_equal(get_disk(cache, 0, i, 500), GOT_RIGHT);
    assert_int_equal(stats_of(cache).disk_entries, 1400);
    cache_close(cache);
    assert_int_equal(ask(f->path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(memory_alone_works),
        TEST(disk_alone_works),
        TEST(answers_outlive_the_process),
        TEST(what_must_not_be_cached_is_not),
        TEST(a_reader_number_too_large_is_a_miss),
        TEST(a_path_has_no_special_names),
        TEST(storing_again_writes_nothing_new),
        TEST(disk_cap_holds_and_prefers_the_costly),
        TEST(disk_prefers_the_recently_used),
        TEST(hits_in_memory_reach_the_file_at_close),
        TEST(a_lowered_cap_is_reached),
        TEST(a_full_queue_drops_rows_and_never_waits),
        TEST(threads_may_do_everything_at_once),
        TEST(a_kill_at_any_moment_loses_nothing_that_was_flushed),
        TEST(processes_share_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
