#include "server/cache.h"

#include <stdlib.h>

#include <sodium.h>

#include "server/cache_disk.h"
#include "server/cache_map.h"

struct cache {
    struct cache_map *map;   /* NULL: none */
    struct cache_disk *disk; /* NULL: none */
    atomic_uint_fast64_t misses, stores;
};

/* -- answers -- */

struct answer *answer_new(char *body, size_t n, int media) {
    struct answer *a = malloc(sizeof *a);
    if (!a) {
        free(body);
        return NULL;
    }
    *a = (struct answer){.refs = 1, .media = media, .http = 200, .n = n, .body = body};
    return a;
}

struct answer *answer_keep(struct answer *a) {
    atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
    return a;
}

void answer_drop(struct answer *a) {
    if (a && atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) == 1) {
        free(a->body);
        free(a);
    }
}

/* -- the two levels -- */

/* An entry that was hit leaves the map: only now does the file learn that it is in use. */
static void map_used(void *self, const struct key *key) {
    struct cache *cache = self;
    if (cache->disk)
        disk_touch(cache->disk, key);
}

struct cache *cache_open(const struct cache_options *options) {
    if (sodium_init() < 0)
        return NULL;
    struct cache *cache = calloc(1, sizeof *cache);
    bool wants_disk = options->path && options->path[0];
    if (!cache)
        return NULL;
    cache->map = map_new(options->memory_bytes, map_used, cache);
    cache->disk = wants_disk ? disk_open(options) : NULL;
    if ((options->memory_bytes && !cache->map) || (wants_disk && !cache->disk)) {
        cache_close(cache);
        return NULL;
    }
    return cache;
}

void cache_close(struct cache *cache) {
    if (!cache)
        return;
    map_free(cache->map); /* before the disk: it passes on what was used */
    disk_close(cache->disk);
    free(cache);
}

struct answer *cache_memory(struct cache *cache, const struct key *key) {
    return cache->map ? map_get(cache->map, key) : NULL;
}

struct answer *cache_disk(struct cache *cache, unsigned reader, const struct key *key) {
    struct answer *answer = cache->disk ? disk_get(cache->disk, reader, key) : NULL;
    if (!answer)
        atomic_fetch_add_explicit(&cache->misses, 1, memory_order_relaxed);
    else if (cache->map)
        map_put(cache->map, key, answer);
    return answer;
}

void cache_store(struct cache *cache, const struct key *key, struct answer *answer) {
    if (answer->partial || answer->http != 200)
        return;
    atomic_fetch_add_explicit(&cache->stores, 1, memory_order_relaxed);
    if (cache->map)
        map_put(cache->map, key, answer);
    if (cache->disk)
        disk_put(cache->disk, key, answer);
}

void cache_flush(struct cache *cache) {
    if (cache->disk)
        disk_flush(cache->disk);
}

void cache_stats(struct cache *cache, struct cache_stats *out) {
    *out = (struct cache_stats){.misses = atomic_load(&cache->misses), .stores = atomic_load(&cache->stores)};
    if (cache->map)
        map_stats(cache->map, out);
    if (cache->disk)
        disk_stats(cache->disk, out);
}
