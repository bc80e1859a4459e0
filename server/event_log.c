#include "server/event_log.h"

#include <stdlib.h>

enum { TEXT_MAX = 64 << 20, DIGITS_MAX = 20 };

void event_log_init(struct event_log *log, uint64_t next) {
    *log = (struct event_log){.first = next};
    buf_init(&log->text, TEXT_MAX);
}

void event_log_release(struct event_log *log) {
    buf_release(&log->text);
    free(log->starts);
    log->starts = NULL;
    log->first += log->n;
    log->n = log->room = 0;
}

/* drop forgets the k oldest events. */
static void drop(struct event_log *log, size_t k) {
    size_t bytes = k == log->n ? log->text.n : log->starts[k];
    memmove(log->text.data, log->text.data + bytes, log->text.n - bytes);
    log->text.n -= bytes;
    memmove(log->starts, log->starts + k, (log->n - k) * sizeof *log->starts);
    log->n -= k;
    log->first += k;
    for (size_t i = 0; i < log->n; i++)
        log->starts[i] -= bytes;
}

/* make_room drops the older half and more, so that moving what is left is paid for by what came since. */
static void make_room(struct event_log *log, size_t bytes) {
    if (log->n == 0 || log->text.n + bytes <= EVENT_LOG_BYTES)
        return;
    size_t k = 0;
    while (k < log->n && (log->text.n - log->starts[k] + bytes > EVENT_LOG_BYTES || log->starts[k] < log->text.n / 2))
        k++;
    drop(log, k);
}

static bool note_start(struct event_log *log, size_t at) {
    if (log->n == log->room) {
        size_t room = log->room ? 2 * log->room : 64;
        size_t *starts = realloc(log->starts, room * sizeof *starts);
        if (!starts)
            return false;
        log->starts = starts;
        log->room = room;
    }
    log->starts[log->n++] = at;
    return true;
}

/* skip counts an event that cannot be kept; those before it go, so that numbers stay without a gap. */
static void skip(struct event_log *log, size_t before) {
    log->text.n = before;
    log->text.failed = false;
    if (log->n)
        drop(log, log->n);
    log->first++;
}

void event_log_add(struct event_log *log, const char *event, size_t n) {
    make_room(log, n + DIGITS_MAX);
    size_t before = log->text.n;
    buf_printf(&log->text, "id: %llu\n", (unsigned long long)event_log_next(log));
    buf_add(&log->text, event, n);
    if (log->text.failed || !note_start(log, before))
        skip(log, before);
}

const char *event_log_from(const struct event_log *log, uint64_t id, size_t *n) {
    size_t i = id > log->first ? (size_t)(id - log->first) : 0;
    size_t at = i < log->n ? log->starts[i] : log->text.n;
    *n = id >= event_log_next(log) ? 0 : log->text.n - at;
    return log->text.data ? log->text.data + at : "";
}

/* number_at reads the number of "id: 7\n"; 0: there is none. */
static uint64_t number_at(const char *p, const char *end) {
    uint64_t id = 0;
    if (end - p < 4 || memcmp(p, "id: ", 4) != 0)
        return 0;
    for (p += 4; p < end && *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(id, 10, &id) || __builtin_add_overflow(id, (unsigned)(*p - '0'), &id))
            return 0;
    return p < end && *p == '\n' ? id : 0;
}

bool event_log_read(struct event_log *log, const char *text, size_t n) {
    event_log_init(log, 1);
    buf_add(&log->text, text, n);
    bool good = !log->text.failed;
    for (size_t at = 0; good && at < n;) {
        uint64_t id = number_at(text + at, text + n);
        const char *end = memmem(text + at, n - at, "\n\n", 2);
        if (at == 0)
            log->first = id;
        good = id && end && id == event_log_next(log) && note_start(log, at);
        at = end ? (size_t)(end - text) + 2 : n;
    }
    if (!good)
        event_log_release(log);
    return good;
}
