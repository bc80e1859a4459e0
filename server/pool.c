#include "server/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/clock.h"

/* One parallel_for on its way. It lives on its caller's stack: the caller leaves when no helper is inside any more. */
struct batch {
    struct batch *next, *prev;
    void (*body)(void *arg, size_t i);
    void *arg;
    size_t n;
    atomic_size_t at;      /* next index to take; passes n */
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
    struct batch *batches;   /* those with indices left, newest first */
    atomic_size_t n_batches; /* these and `held` change under the mutex; who is awake peeks without it */
    atomic_size_t held;      /* parallel_hold's that are on */
    size_t idle, busy;
    bool closing;
    void (*begin)(void); /* NULL: nothing; of helpers, which are no workers to others */
    unsigned n_workers;
    struct worker {
        struct pool *pool;
        unsigned index;
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
    pool->n_batches++;
}

/* unlink_batch may be called again: a batch that is not linked points nowhere and is not the first. */
static void unlink_batch(struct pool *pool, struct batch *b) {
    pool->n_batches -= pool->batches == b || b->prev;
    if (pool->batches == b)
        pool->batches = b->next;
    else if (b->prev)
        b->prev->next = b->next;
    if (b->next)
        b->next->prev = b->prev;
    b->next = b->prev = NULL;
}

/* take_index gives the next index of a batch; false where none is left. */
static bool take_index(struct batch *b, size_t *i) {
    *i = atomic_fetch_add_explicit(&b->at, 1, memory_order_relaxed);
    return *i < b->n;
}

/* help joins a batch, until it is through or a quick task comes; the mutex is held on entry and on return. */
static void help(struct pool *pool, struct batch *b) {
    size_t i;
    bool more = true;
    b->helpers++;
    pthread_mutex_unlock(&pool->mutex);
    while (!atomic_load_explicit(&pool->quick.n, memory_order_relaxed) && (more = take_index(b, &i)))
        b->body(b->arg, i);
    pthread_mutex_lock(&pool->mutex);
    if (!more) /* nobody else need look */
        unlink_batch(pool, b);
    if (--b->helpers == 0)
        pthread_cond_signal(&b->left);
}

/* -- Staying awake between runs that follow each other closely (parallel_hold) -- */

enum { AWAKE_NS = 50000, AWAKE_PAUSES = 64 };

static void pause_some(void) {
    for (int i = 0; i < AWAKE_PAUSES; i++) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#else
        atomic_signal_fence(memory_order_seq_cst);
#endif
    }
}

/* stay_awake waits for a batch, or other work, for a short time; who else wants the core gets it. */
static void stay_awake(struct pool *pool) {
    for (int64_t end = clock_ns() + AWAKE_NS; pool->held && clock_ns() < end; sched_yield()) {
        pause_some();
        if (pool->n_batches || pool->quick.n || pool->slow.n)
            return;
    }
}

static void hold(struct parallel *self, bool on) {
    struct pool *pool = (struct pool *)self;
    if (on)
        pool->held++;
    else
        pool->held--;
}

/* wait_awake waits for a batch's helpers likewise: their last bodies are about to end. */
static void wait_awake(struct pool *pool, struct batch *b) {
    for (int64_t end = clock_ns() + AWAKE_NS; pool->held && b->helpers && clock_ns() < end;)
        pause_some();
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
    for (size_t i; take_index(&b, &i);)
        body(arg, i);
    wait_awake(pool, &b);
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

static size_t queued(const struct pool *pool) { return pool->quick.n + pool->slow.n; }

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
    pthread_mutex_unlock(&pool->mutex);
    int64_t begun = clock_ns();
    task->run(task, worker);
    int64_t took = clock_ns() - begun;
    pthread_mutex_lock(&pool->mutex);
    note_time(queue, took);
    pool->slow_running -= slow;
}

/* work_once does one thing; false where there is nothing to do. */
static bool work_once(struct pool *pool, unsigned worker) {
    bool some = pool->quick.first || pool->batches || slow_allowed(pool);
    pool->busy += some;
    if (pool->quick.first)
        run_task(pool, &pool->quick, worker);
    else if (pool->batches)
        help(pool, pool->batches);
    else if (some)
        run_task(pool, &pool->slow, worker);
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
    bool waited = false;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        if (work_once(pool, self->index)) {
            waited = false;
            continue;
        }
        if (pool->closing && !queued(pool)) /* one that may take no slow task stays for the quick ones */
            break;
        if (pool->held && !waited) {
            pthread_mutex_unlock(&pool->mutex);
            stay_awake(pool);
            pthread_mutex_lock(&pool->mutex);
            waited = true;
            continue;
        }
        pool->idle++;
        pthread_cond_wait(&pool->work, &pool->mutex);
        pool->idle--;
        waited = false;
    }
    pthread_cond_broadcast(&pool->work); /* closing: those who stayed may end too */
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

static struct pool *open_pool(unsigned workers, size_t capacity, const char *prefix, void (*begin)(void)) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->parallel = (struct parallel){.threads = workers + (capacity == 0), .run = run_parallel, .hold = hold};
    pool->capacity = capacity;
    pool->begin = begin;
    pool->slow_max = workers > 1 ? workers - 1 : 1;
    pthread_mutex_init(&pool->mutex, NULL);
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
