#include "tests/support/threads.h"

#include <pthread.h>

enum { MOST = 16 };

struct job {
    atomic_size_t next;
    size_t n;
    void (*body)(void *arg, size_t i);
    void *arg;
};

static void *work(void *arg) {
    struct job *job = arg;
    for (size_t i; (i = atomic_fetch_add(&job->next, 1)) < job->n;)
        job->body(job->arg, job->n - 1 - i); /* backwards: nobody may count on the order */
    return NULL;
}

static void run(struct parallel *self, size_t n, void (*body)(void *arg, size_t i), void *arg) {
    struct job job = {.n = n, .body = body, .arg = arg};
    pthread_t threads[MOST];
    size_t started = 0;
    while (started + 1 < self->threads && started < MOST && pthread_create(&threads[started], NULL, work, &job) == 0)
        started++;
    work(&job);
    while (started)
        pthread_join(threads[--started], NULL);
}

struct parallel test_threads(size_t threads) {
    return (struct parallel){.threads = threads, .run = run};
}
