#include "tests/support/team.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct shared {
    pthread_barrier_t barrier;
    const void *values[TEST_RANKS];
    size_t ranks;
    void (*body)(struct team *team, void *arg);
    void *arg;
};

struct member {
    struct team team;
    struct shared *shared;
    pthread_t thread;
    float *values, *seen; /* of a long sum; seen: as they were when they were said to be final */
    size_t n, made;
};

/* meet has what all ranks brought put together by each, and lets none change it before all are done. */
static void meet(struct team *self, void *values, size_t bytes, size_t n,
                 void (*put)(void *result, const void *more, size_t n)) {
    struct shared *s = ((struct member *)self)->shared;
    void *result = calloc(n, bytes / n);
    s->values[self->rank] = values;
    pthread_barrier_wait(&s->barrier);
    for (size_t i = 0; result && i < s->ranks; i++)
        put(result, s->values[i], n);
    pthread_barrier_wait(&s->barrier);
    if (!result)
        abort();
    memcpy(values, result, bytes);
    free(result);
}

static void add_floats(void *result, const void *more, size_t n) {
    for (size_t i = 0; i < n; i++)
        ((float *)result)[i] += ((const float *)more)[i];
}

static void add_doubles(void *result, const void *more, size_t n) {
    for (size_t i = 0; i < n; i++)
        ((double *)result)[i] += ((const double *)more)[i];
}

static void greater(void *result, const void *more, size_t n) {
    uint64_t *is = result;
    const uint64_t *other = more;
    for (size_t i = 0; i < n; i++)
        is[i] = other[i] > is[i] ? other[i] : is[i];
}

static void sum_begin(struct team *self, float *values, size_t n) {
    struct member *m = (struct member *)self;
    m->values = values, m->n = n, m->made = 0;
    if (!(m->seen = malloc(n * sizeof *values)))
        abort();
}

static void sum_made(struct team *self, size_t k) {
    struct member *m = (struct member *)self;
    if (k < m->made || k > m->n)
        abort();
    memcpy(m->seen + m->made, m->values + m->made, (k - m->made) * sizeof *m->seen);
    m->made = k;
}

static void sum_end(struct team *self) {
    struct member *m = (struct member *)self;
    if (memcmp(m->seen, m->values, m->made * sizeof *m->seen) != 0)
        abort();
    free(m->seen);
    meet(self, m->values, m->n * sizeof *m->values, m->n, add_floats);
}

static void sum_doubles(struct team *self, double *values, size_t n) {
    meet(self, values, n * sizeof *values, n, add_doubles);
}

static void most(struct team *self, uint64_t *values, size_t n) { meet(self, values, n * sizeof *values, n, greater); }

static void *run(void *arg) {
    struct member *m = arg;
    m->shared->body(&m->team, m->shared->arg);
    return NULL;
}

void test_team(size_t ranks, void (*body)(struct team *team, void *arg), void *arg) {
    struct shared s = {.ranks = ranks, .body = body, .arg = arg};
    struct member members[TEST_RANKS];
    pthread_barrier_init(&s.barrier, NULL, (unsigned)ranks);
    for (size_t i = 0; i < ranks; i++) {
        members[i] = (struct member){.shared = &s,
                                     .team = {.rank = i,
                                              .ranks = ranks,
                                              .sum_doubles = sum_doubles,
                                              .most = most,
                                              .sum_begin = sum_begin,
                                              .sum_made = sum_made,
                                              .sum_end = sum_end}};
        if (pthread_create(&members[i].thread, NULL, run, &members[i]))
            abort();
    }
    for (size_t i = 0; i < ranks; i++)
        pthread_join(members[i].thread, NULL);
    pthread_barrier_destroy(&s.barrier);
}
