#include "server/cache_map.h"
#include "tests/server/cache_fixture.h"

static void put(struct cache_map *map, uint64_t i, size_t n, uint64_t cost_ns) {
    struct key key = key_of(i);
    struct answer *a = answer_of(i, n, cost_ns);
    map_put(map, &key, a);
    answer_drop(a);
}

static enum got get(struct cache_map *map, uint64_t i, size_t n) {
    struct key key = key_of(i);
    return judge(map_get(map, &key), i, n);
}

static struct cache_stats stats_of(struct cache_map *map) {
    struct cache_stats stats = {0};
    map_stats(map, &stats);
    return stats;
}

static void what_was_put_is_found(void **state) {
    (void)state;
    struct cache_map *map = map_new(4 << 20, NULL, NULL);
    for (uint64_t i = 0; i < 1000; i++)
        put(map, i, i, i);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(get(map, i, i), GOT_RIGHT);
    assert_int_equal(get(map, 1000, 0), GOT_NOTHING);
    struct cache_stats stats = stats_of(map);
    assert_int_equal(stats.memory_entries, 1000);
    assert_int_equal(stats.memory_hits, 1000);
    assert_int_equal(stats.memory_evictions, 0);
    map_free(map);
}

static void keys_that_share_their_first_word_are_told_apart(void **state) {
    (void)state;
    struct cache_map *map = map_new(1 << 20, NULL, NULL);
    struct key a = key_of(1), b = a;
    b.b[KEY_BYTES - 1] ^= 1;
    struct answer *one = answer_of(1, 10, 0), *two = answer_of(2, 20, 0);
    map_put(map, &a, one);
    assert_null(map_get(map, &b));
    map_put(map, &b, two);
    assert_int_equal(judge(map_get(map, &a), 1, 10), GOT_RIGHT);
    assert_int_equal(judge(map_get(map, &b), 2, 20), GOT_RIGHT);
    answer_drop(one);
    answer_drop(two);
    map_free(map);
}

static void putting_twice_keeps_one(void **state) {
    (void)state;
    struct cache_map *map = map_new(1 << 20, NULL, NULL);
    put(map, 7, 100, 5);
    uint64_t bytes = stats_of(map).memory_bytes;
    put(map, 7, 100, 5);
    assert_int_equal(stats_of(map).memory_entries, 1);
    assert_int_equal(stats_of(map).memory_bytes, bytes);
    map_free(map);
}

static void cap_holds_for_any_sizes(void **state) {
    (void)state;
    const size_t caps[] = {1, 100, 300, 1000, 4096, 100000, 1 << 20};
    uint64_t random = 1;
    for (size_t c = 0; c < COUNT(caps); c++) {
        struct cache_map *map = map_new(caps[c], NULL, NULL);
        for (uint64_t i = 0; i < 3000; i++) {
            uint64_t which = test_below(&random, 500);
            size_t n = which * which % 5000;
            if (test_below(&random, 2))
                put(map, which, n, test_below(&random, 1000000));
            else
                assert_int_not_equal(get(map, which, n), GOT_WRONG);
            assert_true(stats_of(map).memory_bytes <= caps[c]);
        }
        map_free(map);
    }
    assert_null(map_new(0, NULL, NULL));
}

static void the_newest_is_always_in_and_the_huge_never(void **state) {
    (void)state;
    struct cache_map *map = map_new(100000, NULL, NULL);
    for (uint64_t i = 0; i < 1000; i++) {
        put(map, i, 1000, i % 2 ? 1000000 : 0);
        assert_int_equal(get(map, i, 1000), GOT_RIGHT);
    }
    uint64_t evictions = stats_of(map).memory_evictions;
    put(map, 5000, 25001, UINT64_MAX);
    assert_int_equal(get(map, 5000, 25001), GOT_NOTHING);
    assert_int_equal(stats_of(map).memory_evictions, evictions);
    put(map, 5001, 25000, 0);
    assert_int_equal(get(map, 5001, 25000), GOT_RIGHT);
    map_free(map);
}

/* One answer with a property, then twice the cap of plain ones: is it still there? */
static bool survives(size_t n, uint64_t cost_ns, int hit_every) {
    struct cache_map *map = map_new(200000, NULL, NULL);
    put(map, 1 << 20, n, cost_ns);
    for (int i = 0; i < 400; i++) {
        put(map, (uint64_t)i, 1000, 100000);
        if (hit_every && i % hit_every == 0)
            get(map, 1 << 20, n);
    }
    bool there = get(map, 1 << 20, n) == GOT_RIGHT;
    map_free(map);
    return there;
}

static void eviction_keeps_the_costly_the_small_and_the_used(void **state) {
    (void)state;
    assert_false(survives(1000, 100000, 0)); /* like all others, and the oldest */
    assert_true(survives(1000, 10000000, 0));
    assert_true(survives(10, 1000000, 0));
    assert_true(survives(1000, 100000, 50));
    assert_false(survives(1000, 1000, 0));
    assert_false(survives(20000, 100000, 0));
}

static void the_costly_ages_too(void **state) {
    (void)state;
    struct cache_map *map = map_new(200000, NULL, NULL);
    put(map, 1 << 20, 1000, 1000000);
    for (uint64_t i = 0; i < 10000; i++)
        put(map, i, 1000, 100000);
    assert_int_equal(get(map, 1 << 20, 1000), GOT_NOTHING);
    map_free(map);
}

static void among_equals_the_least_recently_used_goes_first(void **state) {
    (void)state;
    struct cache_map *map = map_new(100000, NULL, NULL);
    for (uint64_t i = 0; i < 50; i++)
        put(map, i, 1000, 0);
    assert_int_equal(stats_of(map).memory_evictions, 0);
    for (uint64_t i = 50; i < 150; i++) {
        put(map, i, 1000, 0);
        uint64_t left = stats_of(map).memory_entries;
        assert_int_equal(get(map, i - left, 1000), GOT_NOTHING); /* no hit: order of age */
    }
    map_free(map);
}

static void an_evicted_answer_lives_as_long_as_its_holder(void **state) {
    (void)state;
    struct cache_map *map = map_new(50000, NULL, NULL);
    put(map, 99, 1000, 0);
    struct key key = key_of(99);
    struct answer *held = map_get(map, &key);
    for (uint64_t i = 0; i < 1000; i++)
        if (i != 99)
            put(map, i, 1000, 1000000);
    assert_int_equal(get(map, 99, 1000), GOT_NOTHING);
    assert_true(answer_is(held, 99, 1000));
    assert_int_equal(held->refs, 1);
    map_free(map);
    answer_drop(held);
}

static void count_used(void *self, const struct key *key) {
    (void)key;
    ++*(int *)self;
}

static void used_is_told_of_what_was_hit_only(void **state) {
    (void)state;
    int used = 0;
    struct cache_map *map = map_new(1 << 20, count_used, &used);
    for (uint64_t i = 0; i < 20; i++)
        put(map, i, 10, 0);
    for (uint64_t i = 0; i < 5; i++)
        for (int times = 0; times < 3; times++)
            get(map, i, 10);
    map_free(map);
    assert_int_equal(used, 5);
}

struct worker {
    struct cache_map *map;
    uint64_t seed;
    int wrong;
};

static void *work(void *arg) {
    struct worker *w = arg;
    for (int i = 0; i < 20000; i++) {
        uint64_t which = test_below(&w->seed, 300);
        if (test_below(&w->seed, 4) == 0)
            put(w->map, which, which * 7, which * which);
        else
            w->wrong += get(w->map, which, which * 7) == GOT_WRONG;
    }
    return NULL;
}

static void threads_may_put_get_and_evict_at_once(void **state) {
    (void)state;
    struct cache_map *map = map_new(100000, NULL, NULL);
    struct worker workers[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (struct worker){map, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    struct cache_stats stats = stats_of(map);
    assert_true(stats.memory_bytes <= 100000 && stats.memory_evictions > 0);
    map_free(map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(keys_that_share_their_first_word_are_told_apart),
        cmocka_unit_test(putting_twice_keeps_one),
        cmocka_unit_test(cap_holds_for_any_sizes),
        cmocka_unit_test(the_newest_is_always_in_and_the_huge_never),
        cmocka_unit_test(eviction_keeps_the_costly_the_small_and_the_used),
        cmocka_unit_test(the_costly_ages_too),
        cmocka_unit_test(among_equals_the_least_recently_used_goes_first),
        cmocka_unit_test(an_evicted_answer_lives_as_long_as_its_holder),
        cmocka_unit_test(used_is_told_of_what_was_hit_only),
        cmocka_unit_test(threads_may_put_get_and_evict_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
