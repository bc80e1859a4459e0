#include "server/watchdog.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "server/clock.h"

#define TICK_NS (40 * NS_PER_MS)

struct watchdog {
    pthread_mutex_t mutex;
    pthread_cond_t news; /* on the monotonic clock */
    pthread_t thread;
    struct watch *first;
    int64_t tick_ns;  /* when the sockets are polled next; INT64_MAX: there is none */
    int64_t wakes_ns; /* when the thread will look next; INT64_MAX: when told */
    struct pollfd *polled;
    size_t room;
    bool closing;
};

/* fire_deadlines tells those that are due and returns when the next one is. */
static int64_t fire_deadlines(struct watchdog *dog, int64_t now) {
    int64_t next = INT64_MAX;
    for (struct watch *w = dog->first; w; w = w->next) {
        if (w->deadline_ns <= now) {
            w->deadline_ns = INT64_MAX;
            w->fire(w, WATCH_DEADLINE);
        }
        if (w->deadline_ns < next)
            next = w->deadline_ns;
    }
    return next;
}

static size_t gather(struct watchdog *dog) {
    size_t n = 0;
    for (struct watch *w = dog->first; w; w = w->next) {
        if (w->fd < 0)
            continue;
        if (n == dog->room) {
            size_t room = n ? n * 2 : 64;
            struct pollfd *more = realloc(dog->polled, room * sizeof *more);
            if (!more)
                return n; /* the rest is looked at when there is memory again */
            dog->polled = more;
            dog->room = room;
        }
        dog->polled[n++] = (struct pollfd){.fd = w->fd, .events = POLLRDHUP};
    }
    return n;
}

/* fire_gone asks for all sockets at once (it does not block) and tells those whose peer left. The lock is held
 * meanwhile, so that no descriptor can be closed and given to someone else between the question and the answer. */
static bool fire_gone(struct watchdog *dog) {
    size_t n = gather(dog), i = 0;
    if (n == 0 || poll(dog->polled, n, 0) <= 0)
        return n > 0;
    for (struct watch *w = dog->first; w && i < n; w = w->next) {
        if (w->fd < 0)
            continue;
        if (dog->polled[i++].revents) {
            w->fd = -1;
            w->fire(w, WATCH_GONE);
        }
    }
    return true;
}

static void *guard(void *arg) {
    struct watchdog *dog = arg;
    pthread_mutex_lock(&dog->mutex);
    while (!dog->closing) {
        int64_t now = clock_ns(), next = fire_deadlines(dog, now);
        if (now >= dog->tick_ns)
            dog->tick_ns = fire_gone(dog) ? now + TICK_NS : INT64_MAX;
        dog->wakes_ns = next < dog->tick_ns ? next : dog->tick_ns;
        if (dog->wakes_ns == INT64_MAX) {
            pthread_cond_wait(&dog->news, &dog->mutex);
        } else {
            struct timespec until = clock_spec(dog->wakes_ns);
            pthread_cond_timedwait(&dog->news, &dog->mutex, &until);
        }
    }
    pthread_mutex_unlock(&dog->mutex);
    return NULL;
}

struct watchdog *watchdog_open(void) {
    struct watchdog *dog = calloc(1, sizeof *dog);
    if (!dog)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&dog->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&dog->mutex, NULL);
    dog->tick_ns = dog->wakes_ns = INT64_MAX;
    if (pthread_create(&dog->thread, NULL, guard, dog)) {
        free(dog);
        return NULL;
    }
    pthread_setname_np(dog->thread, "watchdog");
    return dog;
}

void watchdog_close(struct watchdog *dog) {
    if (!dog)
        return;
    pthread_mutex_lock(&dog->mutex);
    dog->closing = true;
    pthread_cond_signal(&dog->news);
    pthread_mutex_unlock(&dog->mutex);
    pthread_join(dog->thread, NULL);
    pthread_cond_destroy(&dog->news);
    pthread_mutex_destroy(&dog->mutex);
    free(dog->polled);
    free(dog);
}

void watchdog_add(struct watchdog *dog, struct watch *watch) {
    pthread_mutex_lock(&dog->mutex);
    watch->prev = NULL;
    watch->next = dog->first;
    if (watch->next)
        watch->next->prev = watch;
    dog->first = watch;
    watch->linked = true;
    /* It must look again where it would sleep past this one; while it ticks anyway, adding costs no system call. */
    if (watch->fd >= 0 && dog->tick_ns == INT64_MAX)
        dog->tick_ns = clock_ns() + TICK_NS;
    int64_t due = watch->fd >= 0 && dog->tick_ns < watch->deadline_ns ? dog->tick_ns : watch->deadline_ns;
    if (due < dog->wakes_ns) {
        dog->wakes_ns = due;
        pthread_cond_signal(&dog->news);
    }
    pthread_mutex_unlock(&dog->mutex);
}

void watchdog_remove(struct watchdog *dog, struct watch *watch) {
    pthread_mutex_lock(&dog->mutex);
    if (watch->linked) {
        *(watch->prev ? &watch->prev->next : &dog->first) = watch->next;
        if (watch->next)
            watch->next->prev = watch->prev;
        watch->linked = false;
    }
    pthread_mutex_unlock(&dog->mutex);
}
