#include "server/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* One parallel_for on its way. It lives on its caller's stack: the caller leaves when no helper is inside any more. */
struct batch {
    struct batch *next, *prev;
    void (*body)(void *arg, size_t i);
    void *arg;
    size_t n;
    atomic_size_t at; /* next index to take; passes n */
    size_t helpers;   /* inside; under the pool's mutex */
    pthread_cond_t left;
};

struct pool {
    struct parallel parallel;
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct pool_task *first, *last;
    size_t queued, capacity;
    struct batch *batches; /* those with indices left, newest first */
    size_t idle, busy;
    bool closing;
    unsigned n_workers;
    struct worker {
        struct pool *pool;
        unsigned index;
        pthread_t thread;
    } * workers;
};

static void link_batch(struct pool *pool, struct batch *b) {
    b->prev = NULL;
    b->next = pool->batches;
    if (b->next)
        b->next->prev = b;
    pool->batches = b;
}

/* unlink_batch may be called again: a batch that is not linked points nowhere and is not the first. */
static void unlink_batch(struct pool *pool, struct batch *b) {
    if (pool->batches == b)
        pool->batches = b->next;
    else if (b->prev)
        b->prev->next = b->next;
    if (b->next)
        b->next->prev = b->prev;
    b->next = b->prev = NULL;
}

static void work_through(struct batch *b) {
    for (size_t i; (i = atomic_fetch_add_explicit(&b->at, 1, memory_order_relaxed)) < b->n;)
        b->body(b->arg, i);
}

/* help joins a batch; the mutex is held on entry and on return. */
static void help(struct pool *pool, struct batch *b) {
    b->helpers++;
    pthread_mutex_unlock(&pool->mutex);
    work_through(b);
    pthread_mutex_lock(&pool->mutex);
    unlink_batch(pool, b); /* no index is left: nobody else need look */
    if (--b->helpers == 0)
        pthread_cond_signal(&b->left);
}

static void run_parallel(struct parallel *self, size_t n, void (*body)(void *arg, size_t i), void *arg) {
    struct pool *pool = (struct pool *)self;
    struct batch b = {.body = body, .arg = arg, .n = n};
    pthread_cond_init(&b.left, NULL);
    pthread_mutex_lock(&pool->mutex);
    link_batch(pool, &b);
    for (size_t i = 0; i < pool->idle && i + 1 < n; i++)
        pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    work_through(&b);
    pthread_mutex_lock(&pool->mutex);
    unlink_batch(pool, &b);
    while (b.helpers)
        pthread_cond_wait(&b.left, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    pthread_cond_destroy(&b.left);
}

static void unlink_task(struct pool *pool, struct pool_task *task) {
    *(task->prev ? &task->prev->next : &pool->first) = task->next;
    *(task->next ? &task->next->prev : &pool->last) = task->prev;
    task->queued = false;
    pool->queued--;
}

static void run_task(struct pool *pool, unsigned worker) {
    struct pool_task *task = pool->first;
    unlink_task(pool, task);
    pthread_mutex_unlock(&pool->mutex);
    task->run(task, worker);
    pthread_mutex_lock(&pool->mutex);
}

static void *work(void *arg) {
    struct worker *self = arg;
    struct pool *pool = self->pool;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        if (!pool->batches && !pool->first) {
            if (pool->closing)
                break;
            pool->idle++;
            pthread_cond_wait(&pool->work, &pool->mutex);
            pool->idle--;
            continue;
        }
        pool->busy++;
        if (pool->batches)
            help(pool, pool->batches);
        else
            run_task(pool, self->index);
        pool->busy--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

struct pool *pool_open(unsigned workers, size_t capacity) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->parallel = (struct parallel){.threads = workers + (capacity == 0), .run = run_parallel};
    pool->capacity = capacity;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pool->workers = calloc(workers ? workers : 1, sizeof *pool->workers);
    for (; pool->workers && pool->n_workers < workers; pool->n_workers++) {
        struct worker *w = &pool->workers[pool->n_workers];
        *w = (struct worker){.pool = pool, .index = pool->n_workers};
        if (pthread_create(&w->thread, NULL, work, w))
            break;
        char name[16];
        snprintf(name, sizeof name, "worker-%u", w->index % 10000);
        pthread_setname_np(w->thread, name);
    }
    if (pool->workers && pool->n_workers == workers)
        return pool;
    pool_close(pool);
    return NULL;
}

void pool_close(struct pool *pool) {
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->n_workers; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool);
}

bool pool_push(struct pool *pool, struct pool_task *task) {
    pthread_mutex_lock(&pool->mutex);
    bool room = pool->queued < pool->capacity;
    if (room) {
        task->next = NULL;
        task->prev = pool->last;
        *(pool->last ? &pool->last->next : &pool->first) = task;
        pool->last = task;
        task->queued = true;
        pool->queued++;
        if (pool->idle)
            pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->mutex);
    return room;
}

bool pool_full(struct pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    bool full = pool->queued >= pool->capacity;
    pthread_mutex_unlock(&pool->mutex);
    return full;
}

bool pool_remove(struct pool *pool, struct pool_task *task) {
    pthread_mutex_lock(&pool->mutex);
    bool queued = task->queued;
    if (queued)
        unlink_task(pool, task);
    pthread_mutex_unlock(&pool->mutex);
    return queued;
}

struct parallel *pool_parallel(struct pool *pool) {
    return &pool->parallel;
}

void pool_stats(struct pool *pool, struct pool_stats *out) {
    pthread_mutex_lock(&pool->mutex);
    *out = (struct pool_stats){pool->n_workers, pool->busy, pool->queued, pool->capacity};
    pthread_mutex_unlock(&pool->mutex);
}
