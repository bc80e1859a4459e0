/* log.h - JSON lines: one a request, and one for what happens to the process.
 *
 * {"ts":"2026-01-31T12:00:00.123Z","level":"info","msg":"listening on 127.0.0.1:8080"}
 * {"ts":...,"id":"...","client":"127.0.0.1","method":"POST","path":"/v1/solve/sort","status":200,"ms":1.234,...}
 *
 * Lines of requests gather in a buffer of their loop (struct log_lines, one thread) and leave with one write a turn;
 * messages are written at once, from any thread. A line is always written whole. What cannot be written is dropped: the
 * service never waits for its log but for the kernel. Text from outside is escaped to ASCII and cut. */
#ifndef SOLVENT_LOG_H
#define SOLVENT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

struct log;

/* log_open opens "off", "stderr", "stdout" or a file to append to. NULL: error is a sentence. */
struct log *log_open(const char *where, char error[256]);
void log_close(struct log *log);

/* log_reopen opens the file anew (after it was rotated away); nothing for the others. */
void log_reopen(struct log *log);

/* log_on tells whether anything is written at all. */
bool log_on(const struct log *log);

/* log_message writes a line of its own: level is "info", "warn" or "error". */
void log_message(struct log *log, const char *level, const char *format, ...) PRINTF_LIKE(3, 4);

struct log_lines {
    struct buf text;
    int64_t second; /* the one that `stamp` spells */
    char stamp[24]; /* "2026-01-31T12:00:00." */
};
void log_lines_init(struct log_lines *lines);
void log_lines_release(struct log_lines *lines);
/* log_lines_flush writes what has gathered. */
void log_lines_flush(struct log_lines *lines, struct log *log);

/* What is said of a request. Strings are borrowed. */
struct log_request {
    const char *id, *client, *method, *path, *cache; /* cache NULL: none of the cache's business */
    int status;
    double ms, queue_ms, solve_ms; /* below 0: left out */
    uint64_t bytes_in, bytes_out;
    bool cut; /* the client left, or was cut off, before the answer was sent */
};
void log_request(struct log_lines *lines, const struct log_request *request);

/* log_string appends a JSON string, quotes included, of at most `max` bytes of the text. */
void log_string(struct buf *out, const char *text, size_t max);

#endif
