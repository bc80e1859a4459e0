#include "server/cache_map.h"

#include <pthread.h>
#include <stdlib.h>

/* What a hit saves beside the computation itself; keeps answers of cost 0 comparable by size. */
#define BASE_COST_NS 1000.0
enum { BYTES_PER_BUCKET = 512, LARGEST_PART = 4 };

struct entry {
    struct entry *next; /* in its bucket; after eviction: in the list of the evicted */
    struct key key;
    struct answer *answer;
    double value; /* cost / bytes */
    double score;
    uint64_t stamp; /* of the last use, breaks ties */
    uint64_t uses;  /* 1 for the put, and the hits */
    size_t bytes;
};

struct node {
    double score; /* of the entry when it was placed; a lower bound */
    uint64_t stamp;
    struct entry *entry;
};

struct cache_map {
    pthread_mutex_t lock;
    struct entry **buckets;
    struct node *heap;
    size_t mask;          /* buckets - 1 */
    size_t n, bytes, cap; /* entries, what they and the buckets take, and at most */
    double clock;
    uint64_t stamp, hits, evictions;
    void (*used)(void *self, const struct key *key);
    void *self;
};

_Static_assert(sizeof(struct entry) + sizeof(struct node) + sizeof(struct answer) + 48 <= MAP_OVERHEAD, "MAP_OVERHEAD");

static bool node_less(const struct node *a, const struct node *b) {
    return a->score < b->score || (a->score == b->score && a->stamp < b->stamp);
}

static void heap_up(struct node *heap, size_t i, struct node node) {
    for (; i && node_less(&node, &heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = node;
}

/* Puts node in the place of the root of a heap of n. */
static void heap_down(struct node *heap, size_t n, struct node node) {
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && node_less(&heap[child + 1], &heap[child]))
            child++;
        if (!node_less(&heap[child], &node))
            break;
        heap[i] = heap[child];
    }
    heap[i] = node;
}

static struct node node_of(struct entry *e) { return (struct node){e->score, e->stamp, e}; }

static struct entry **find(struct cache_map *map, const struct key *key) {
    struct entry **at = &map->buckets[key_word(key) & map->mask];
    while (*at && !key_equal(&(*at)->key, key))
        at = &(*at)->next;
    return at;
}

static void use(struct cache_map *map, struct entry *e) {
    e->uses++;
    e->score = map->clock + (double)e->uses * e->value;
    e->stamp = ++map->stamp;
}

/* Takes the entry of least score out of the map. */
static struct entry *evict(struct cache_map *map) {
    for (;;) {
        struct entry *e = map->heap[0].entry;
        if (map->heap[0].stamp != e->stamp) { /* used since it was placed */
            heap_down(map->heap, map->n, node_of(e));
            continue;
        }
        map->n--;
        if (map->n)
            heap_down(map->heap, map->n, map->heap[map->n]);
        map->clock = e->score;
        map->bytes -= e->bytes;
        map->evictions++;
        *find(map, &e->key) = e->next;
        return e;
    }
}

static struct entry *evict_until(struct cache_map *map, size_t room) {
    struct entry *evicted = NULL;
    while (map->n && map->cap - map->bytes < room) {
        struct entry *e = evict(map);
        e->next = evicted;
        evicted = e;
    }
    return evicted;
}

static void release(struct cache_map *map, struct entry *list) {
    while (list) {
        struct entry *next = list->next;
        if (map->used && list->uses > 1)
            map->used(map->self, &list->key);
        answer_drop(list->answer);
        free(list);
        list = next;
    }
}

struct cache_map *map_new(size_t cap, void (*used)(void *self, const struct key *key), void *self) {
    struct cache_map *map = cap ? calloc(1, sizeof *map) : NULL;
    if (!map)
        return NULL;
    size_t buckets = 1;
    while (buckets <= cap / BYTES_PER_BUCKET / 2)
        buckets *= 2;
    map->buckets = calloc(buckets, sizeof(struct entry *));
    map->heap = malloc((cap / MAP_OVERHEAD + 1) * sizeof *map->heap);
    if (!map->buckets || !map->heap) {
        free(map->buckets);
        free(map->heap);
        free(map);
        return NULL;
    }
    pthread_mutex_init(&map->lock, NULL);
    map->mask = buckets - 1;
    map->cap = cap;
    map->bytes = buckets * sizeof(struct entry *);
    if (map->bytes > cap)
        map->bytes = cap; /* a cap of a few bytes: a map that holds nothing */
    map->used = used;
    map->self = self;
    return map;
}

void map_free(struct cache_map *map) {
    if (!map)
        return;
    for (size_t i = 0; i <= map->mask; i++)
        release(map, map->buckets[i]);
    pthread_mutex_destroy(&map->lock);
    free(map->buckets);
    free(map->heap);
    free(map);
}

struct answer *map_get(struct cache_map *map, const struct key *key) {
    struct answer *answer = NULL;
    pthread_mutex_lock(&map->lock);
    struct entry *e = *find(map, key);
    if (e) {
        use(map, e);
        map->hits++;
        answer = answer_keep(e->answer);
    }
    pthread_mutex_unlock(&map->lock);
    return answer;
}

static struct entry *entry_new(const struct key *key, struct answer *answer) {
    struct entry *e = malloc(sizeof *e);
    if (e) {
        size_t bytes = answer->n + MAP_OVERHEAD;
        *e = (struct entry){.key = *key, .answer = answer_keep(answer), .uses = 1, .bytes = bytes};
        e->value = ((double)answer->cost_ns + BASE_COST_NS) / (double)bytes;
    }
    return e;
}

static void entry_insert(struct cache_map *map, struct entry *e) {
    struct entry **at = find(map, &e->key);
    e->next = *at;
    e->score = map->clock + e->value;
    e->stamp = ++map->stamp;
    *at = e;
    map->bytes += e->bytes;
    heap_up(map->heap, map->n++, node_of(e));
}

void map_put(struct cache_map *map, const struct key *key, struct answer *answer) {
    if (answer->n > map->cap / LARGEST_PART)
        return;
    struct entry *e = entry_new(key, answer), *gone = e;
    if (!e)
        return;
    pthread_mutex_lock(&map->lock);
    struct entry *old = *find(map, key);
    if (old)
        use(map, old);
    else {
        gone = evict_until(map, e->bytes);
        if (map->cap - map->bytes >= e->bytes) {
            entry_insert(map, e);
        } else { /* the map is smaller than one entry */
            e->next = gone;
            gone = e;
        }
    }
    pthread_mutex_unlock(&map->lock);
    release(map, gone);
}

void map_stats(struct cache_map *map, struct cache_stats *out) {
    pthread_mutex_lock(&map->lock);
    out->memory_hits = map->hits;
    out->memory_evictions = map->evictions;
    out->memory_bytes = map->bytes;
    out->memory_entries = map->n;
    pthread_mutex_unlock(&map->lock);
}
