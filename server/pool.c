#include "server/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/clock.h"

/* How long who has worked on a parallel_for watches for the next one before it sleeps: a network's layers follow each other
 * within microseconds, and to be woken takes tens of them. */
enum { WATCH_NS = 50000 };

/* One parallel_for on its way. It lives on its caller's stack: the caller leaves when no helper is inside any more.
 * The caller takes indices from the first on and helpers from the last back, so that each of two threads finds in its own
 * cache what it has written in the loop before. */
struct batch {
    struct batch *next, *prev;
    void (*body)(void *arg, size_t i);
    void *arg;
    size_t n;
    atomic_size_t taken;   /* indices; passes n */
    atomic_size_t back;    /* indices that helpers have taken */
    atomic_size_t helpers; /* inside; changes under the pool's mutex */
    pthread_cond_t left;
};

struct queue {
    struct pool_task *first, *last;
    atomic_size_t n; /* changes under the mutex; helpers peek without it */
    int64_t mean_ns; /* how long its tasks ran, the latest counting most; 0: none has ended */
};

struct pool {
    struct parallel parallel;
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct queue quick, slow;
    size_t capacity; /* of both together */
    size_t slow_running, slow_max;
    struct batch *batches; /* those with indices left, newest first */
    size_t idle, busy;
    atomic_size_t running; /* tasks; changes under the mutex */
    atomic_size_t news;    /* counts what a worker may want to see: tasks, batches, the end */
    bool closing;
    void (*begin)(void); /* NULL: nothing; of helpers, which are no workers to others */
    unsigned n_workers;
    struct worker {
        struct pool *pool;
        unsigned index;
        bool warm; /* it has helped since it last slept */
        pthread_t thread;
    } * workers;
};

static _Thread_local int worker_index = -1;

int pool_worker(void) { return worker_index; }

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

/* take_one: there was an index left, which is the taker's. */
static bool take_one(struct batch *b) { return atomic_fetch_add_explicit(&b->taken, 1, memory_order_relaxed) < b->n; }

/* help joins a batch, until it is through or a quick task comes; the mutex is held on entry and on return. */
static void help(struct pool *pool, struct batch *b) {
    bool more = true;
    b->helpers++;
    pthread_mutex_unlock(&pool->mutex);
    while (!atomic_load_explicit(&pool->quick.n, memory_order_relaxed) && (more = take_one(b)))
        b->body(b->arg, b->n - 1 - atomic_fetch_add_explicit(&b->back, 1, memory_order_relaxed));
    pthread_mutex_lock(&pool->mutex);
    if (!more) /* nobody else need look */
        unlink_batch(pool, b);
    if (--b->helpers == 0)
        pthread_cond_signal(&b->left);
}

static size_t queued(const struct pool *pool) { return pool->quick.n + pool->slow.n; }

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* may_watch: no task waits, and at least half of the workers have none, so that a processor that only watches is nobody
 * else's. The mutex is held. */
static bool may_watch(const struct pool *pool) { return !queued(pool) && 2 * pool->running <= pool->n_workers; }

/* watch waits for news without sleeping, while there are tasks (or callers outside) that may bring some; false where none
 * came. The mutex is held on entry and on return. */
static bool watch(struct pool *pool) {
    size_t seen = pool->news;
    if (!may_watch(pool))
        return false;
    pthread_mutex_unlock(&pool->mutex);
    int64_t end = clock_ns() + WATCH_NS;
    while (atomic_load_explicit(&pool->news, memory_order_relaxed) == seen && clock_ns() < end &&
           (!pool->capacity || atomic_load_explicit(&pool->running, memory_order_relaxed)))
        relax();
    pthread_mutex_lock(&pool->mutex);
    return pool->news != seen;
}

/* await_helpers watches them leave; those that stay longer are slept for. */
static void await_helpers(struct batch *b) {
    int64_t end = clock_ns() + WATCH_NS;
    while (atomic_load_explicit(&b->helpers, memory_order_relaxed) && clock_ns() < end)
        relax();
}

static void run_parallel(struct parallel *self, size_t n, void (*body)(void *arg, size_t i), void *arg) {
    struct pool *pool = (struct pool *)self;
    struct batch b = {.body = body, .arg = arg, .n = n};
    pthread_cond_init(&b.left, NULL);
    pthread_mutex_lock(&pool->mutex);
    link_batch(pool, &b);
    pool->news++;
    bool watching = may_watch(pool);
    for (size_t i = 0; i < pool->idle && i + 1 < n; i++)
        pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; take_one(&b); i++)
        body(arg, i);
    if (watching)
        await_helpers(&b);
    pthread_mutex_lock(&pool->mutex);
    unlink_batch(pool, &b);
    while (b.helpers)
        pthread_cond_wait(&b.left, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    pthread_cond_destroy(&b.left);
}

static struct queue *queue_of(struct pool *pool, const struct pool_task *task) {
    return task->slow ? &pool->slow : &pool->quick;
}

static void unlink_task(struct pool *pool, struct pool_task *task) {
    struct queue *queue = queue_of(pool, task);
    *(task->prev ? &task->prev->next : &queue->first) = task->next;
    *(task->next ? &task->next->prev : &queue->last) = task->prev;
    task->queued = false;
    queue->n--;
}

static bool slow_allowed(const struct pool *pool) { return pool->slow.first && pool->slow_running < pool->slow_max; }

/* note_time lets each task count for an eighth. */
static void note_time(struct queue *queue, int64_t ns) {
    queue->mean_ns += queue->mean_ns ? (ns - queue->mean_ns) / 8 : ns;
}

/* run_task runs the first task of a queue; the mutex is held on entry and on return. */
static void run_task(struct pool *pool, struct queue *queue, unsigned worker) {
    struct pool_task *task = queue->first;
    bool slow = task->slow; /* the task may be gone when it has run */
    unlink_task(pool, task);
    pool->slow_running += slow;
    pool->running++;
    pthread_mutex_unlock(&pool->mutex);
    int64_t begun = clock_ns();
    task->run(task, worker);
    int64_t took = clock_ns() - begun;
    pthread_mutex_lock(&pool->mutex);
    note_time(queue, took);
    pool->slow_running -= slow;
    pool->running--;
}

/* work_once does one thing; false where there is nothing to do. */
static bool work_once(struct pool *pool, struct worker *self) {
    bool some = pool->quick.first || pool->batches || slow_allowed(pool);
    pool->busy += some;
    if (pool->quick.first)
        run_task(pool, &pool->quick, self->index);
    else if (pool->batches) {
        help(pool, pool->batches);
        self->warm = true;
    } else if (some)
        run_task(pool, &pool->slow, self->index);
    pool->busy -= some;
    return some;
}

static void *work(void *arg) {
    struct worker *self = arg;
    struct pool *pool = self->pool;
    if (pool->begin)
        pool->begin();
    else
        worker_index = (int)self->index;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        if (work_once(pool, self) || (self->warm && watch(pool)))
            continue;
        if (pool->closing && !queued(pool)) /* one that may take no slow task stays for the quick ones */
            break;
        self->warm = false;
        pool->idle++;
        pthread_cond_wait(&pool->work, &pool->mutex);
        pool->idle--;
    }
    pthread_cond_broadcast(&pool->work); /* closing: those who stayed may end too */
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* It is held for moments: who finds it taken tries again before it sleeps. */
static void init_mutex(pthread_mutex_t *mutex) {
    pthread_mutexattr_t adaptive;
    pthread_mutexattr_init(&adaptive);
    pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(mutex, &adaptive);
    pthread_mutexattr_destroy(&adaptive);
}

static struct pool *open_pool(unsigned workers, size_t capacity, const char *prefix, void (*begin)(void)) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->parallel = (struct parallel){.threads = workers + (capacity == 0), .run = run_parallel};
    pool->capacity = capacity;
    pool->begin = begin;
    pool->slow_max = workers > 1 ? workers - 1 : 1;
    init_mutex(&pool->mutex);
    pthread_cond_init(&pool->work, NULL);
    pool->workers = calloc(workers ? workers : 1, sizeof *pool->workers);
    for (; pool->workers && pool->n_workers < workers; pool->n_workers++) {
        struct worker *w = &pool->workers[pool->n_workers];
        *w = (struct worker){.pool = pool, .index = pool->n_workers};
        if (pthread_create(&w->thread, NULL, work, w))
            break;
        char name[16];
        snprintf(name, sizeof name, "%.10s-%u", prefix, w->index % 10000);
        pthread_setname_np(w->thread, name);
    }
    if (pool->workers && pool->n_workers == workers)
        return pool;
    pool_close(pool);
    return NULL;
}

struct pool *pool_open(unsigned workers, size_t capacity) {
    return open_pool(workers, capacity, "worker", NULL);
}

struct pool *pool_open_helpers(unsigned helpers, const char *name, void (*begin)(void)) {
    return open_pool(helpers, 0, name, begin);
}

void pool_close(struct pool *pool) {
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pool->news++;
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
    bool room = queued(pool) < pool->capacity;
    if (room) {
        struct queue *queue = queue_of(pool, task);
        task->next = NULL;
        task->prev = queue->last;
        *(queue->last ? &queue->last->next : &queue->first) = task;
        queue->last = task;
        task->queued = true;
        queue->n++;
        pool->news++;
        if (pool->idle)
            pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->mutex);
    return room;
}

bool pool_full(struct pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    bool full = queued(pool) >= pool->capacity;
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

int64_t pool_wait_ns(struct pool *pool) {
    if (!pool->n_workers)
        return 0;
    pthread_mutex_lock(&pool->mutex);
    double quick = (double)pool->quick.n * (double)pool->quick.mean_ns / pool->n_workers,
           slow = (double)pool->slow.n * (double)pool->slow.mean_ns / (double)pool->slow_max;
    pthread_mutex_unlock(&pool->mutex);
    return quick + slow < 1e18 ? (int64_t)(quick + slow) : (int64_t)1e18;
}

void pool_stats(struct pool *pool, struct pool_stats *out) {
    pthread_mutex_lock(&pool->mutex);
    *out = (struct pool_stats){pool->n_workers, pool->busy, queued(pool), pool->capacity};
    pthread_mutex_unlock(&pool->mutex);
}
