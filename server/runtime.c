#include "server/runtime.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/negotiate.h"

enum { ROUTE_MAX = 128 };

struct working {
    pthread_mutex_t mutex;
    unsigned n, first_job;
    struct doing {
        bool busy;
        int64_t since_ns;
        char route[ROUTE_MAX], id[ID_MAX + 1];
    } each[];
};

struct working *working_new(unsigned workers, unsigned job_workers) {
    unsigned n = workers + job_workers;
    struct working *working = calloc(1, sizeof *working + n * sizeof *working->each);
    if (working) {
        working->n = n;
        working->first_job = workers;
        pthread_mutex_init(&working->mutex, NULL);
    }
    return working;
}

void working_free(struct working *working) {
    if (working)
        pthread_mutex_destroy(&working->mutex);
    free(working);
}

void working_begin(struct working *working, unsigned worker, const char *route, const char *id) {
    struct doing *doing = &working->each[worker];
    pthread_mutex_lock(&working->mutex);
    doing->busy = true;
    doing->since_ns = clock_ns();
    snprintf(doing->route, sizeof doing->route, "%s", route);
    snprintf(doing->id, sizeof doing->id, "%s", id);
    pthread_mutex_unlock(&working->mutex);
}

void working_end(struct working *working, unsigned worker) {
    pthread_mutex_lock(&working->mutex);
    working->each[worker].busy = false;
    pthread_mutex_unlock(&working->mutex);
}

/* read_file reads the start of a small file of /proc. */
static bool read_start(const char *path, char *to, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, to, size - 1);
    if (fd >= 0)
        close(fd);
    to[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* What /proc/PID/task/TID/stat says (proc(5)). The name stands in parentheses and may hold some, too. */
struct stat_line {
    char name[RUNTIME_NAME];
    char state;
    unsigned long long user, kernel, start; /* clock ticks; start: since the system's */
};

static bool read_stat(const char *path, struct stat_line *line) {
    char text[1024];
    if (!read_start(path, text, sizeof text))
        return false;
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close || close < open)
        return false;
    snprintf(line->name, sizeof line->name, "%.*s", (int)(close - open - 1), open + 1);
    return sscanf(close + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %llu",
                  &line->state, &line->user, &line->kernel, &line->start) == 4;
}

static int64_t ms_of_ticks(unsigned long long ticks) {
    long a_second = sysconf(_SC_CLK_TCK);
    return (int64_t)(ticks * 1000 / (unsigned long long)(a_second > 0 ? a_second : 100));
}

static enum runtime_role role_of(const char *name, bool is_main) {
    static const struct {
        const char *begins;
        enum runtime_role role;
    } ROLES[] = {{"loop", THREAD_LOOP},
                 {"worker-", THREAD_WORKER},
                 {"watchdog", THREAD_WATCHDOG},
                 {"writer", THREAD_WRITER},
                 {"job-", THREAD_JOB}};
    for (size_t i = 0; i < COUNT_OF(ROLES) && !is_main; i++)
        if (strncmp(name, ROLES[i].begins, strlen(ROLES[i].begins)) == 0)
            return ROLES[i].role;
    return is_main ? THREAD_MAIN : THREAD_OTHER;
}

static enum runtime_state state_of(char letter) {
    switch (letter) {
    case 'R': return STATE_RUNNING;
    case 'S':
    case 'I': return STATE_SLEEPING;
    case 'D': return STATE_WAITING;
    case 'T':
    case 't': return STATE_STOPPED;
    default: return STATE_ENDING;
    }
}

static struct str copy_text(struct ctx *ctx, const char *text) {
    size_t n = strlen(text);
    char *p = ctx_alloc(ctx, n + 1, 1);
    if (p)
        memcpy(p, text, n + 1);
    return (struct str){p, p ? n : 0};
}

/* number_of gives a worker its place in `each`; those of jobs are behind the others. SIZE_MAX: it is none. */
static size_t number_of(const struct working *working, const struct runtime_thread *thread) {
    bool job = thread->role == (int)THREAD_JOB;
    const char *digits = thread->name.p + strlen(job ? "job-" : "worker-");
    return *digits >= '0' && *digits <= '9' ? strtoul(digits, NULL, 10) + (job ? working->first_job : 0) : SIZE_MAX;
}

/* add_doing adds what a worker says of itself. */
static bool add_doing(struct working *working, struct ctx *ctx, struct runtime_thread *thread) {
    struct doing doing;
    size_t worker = working ? number_of(working, thread) : SIZE_MAX;
    if (!working || worker >= working->n)
        return true;
    pthread_mutex_lock(&working->mutex);
    doing = working->each[worker];
    pthread_mutex_unlock(&working->mutex);
    if (!doing.busy)
        return true;
    thread->busy = true;
    thread->busy_ms = (clock_ns() - doing.since_ns) / NS_PER_MS;
    thread->route = copy_text(ctx, doing.route);
    thread->request_id = copy_text(ctx, doing.id);
    return thread->route.p && thread->request_id.p;
}

/* read_thread is false without memory; a thread that has just ended is left out. */
static bool read_thread(struct working *working, struct ctx *ctx, const char *id, struct runtime *out) {
    char path[64];
    struct stat_line line;
    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", id);
    if (!read_stat(path, &line))
        return true;
    struct runtime_thread *thread = (struct runtime_thread *)out->threads.items + out->threads.n;
    int64_t number = (int64_t)strtoll(id, NULL, 10);
    *thread = (struct runtime_thread){
        .id = number,
        .role = (int)role_of(line.name, number == out->process),
        .state = (int)state_of(line.state),
        .cpu_ms = ms_of_ticks(line.user + line.kernel),
        .name = copy_text(ctx, line.name),
    };
    out->threads.n++;
    return thread->name.p &&
           ((thread->role != THREAD_WORKER && thread->role != THREAD_JOB) || add_doing(working, ctx, thread));
}

static int by_number(const struct dirent **a, const struct dirent **b) {
    long x = strtol((*a)->d_name, NULL, 10), y = strtol((*b)->d_name, NULL, 10);
    return (x > y) - (x < y);
}

static int is_number(const struct dirent *entry) { return entry->d_name[0] >= '0' && entry->d_name[0] <= '9'; }

/* uptime_ms is the time since the process started, of the same clock that its start is given in. */
static int64_t uptime_ms(void) {
    struct stat_line line;
    struct timespec now;
    if (!read_stat("/proc/self/stat", &line) || clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        return 0;
    int64_t ms = now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS - ms_of_ticks(line.start);
    return ms > 0 ? ms : 0;
}

enum status runtime_read(struct working *working, struct ctx *ctx, struct runtime *out) {
    struct dirent **entries = NULL;
    int n = scandir("/proc/self/task", &entries, is_number, by_number);
    struct runtime_thread *threads = ctx_zalloc(ctx, n > 0 ? (size_t)n : 1, sizeof *threads);
    *out = (struct runtime){.process = getpid(), .uptime_ms = uptime_ms(), .threads = {0, threads}};
    bool whole = threads != NULL;
    for (int i = 0; i < n; i++) {
        whole = whole && read_thread(working, ctx, entries[i]->d_name, out);
        free(entries[i]);
    }
    free(entries);
    return whole ? STATUS_OK : STATUS_NO_MEMORY;
}
