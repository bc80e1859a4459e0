#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "handlers/number.h"

struct log {
    int fd;     /* -1: off */
    char *path; /* NULL: no file of ours */
};

enum { LINES_MAX = 4 << 20, PATH_SHOWN = 256, MODE_OF_FILE = 0640 };

static int open_file(const char *path) { return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, MODE_OF_FILE); }

struct log *log_open(const char *where, char error[256]) {
    struct log *log = calloc(1, sizeof *log);
    if (!log) {
        snprintf(error, 256, "There is no memory for the log.");
        return NULL;
    }
    if (!strcmp(where, "off") || !strcmp(where, "stderr") || !strcmp(where, "stdout")) {
        log->fd = *where == 'o' ? -1 : where[3] == 'e' ? STDERR_FILENO : STDOUT_FILENO;
        return log;
    }
    log->fd = open_file(where);
    log->path = strdup(where);
    if (log->fd < 0 || !log->path) {
        snprintf(error, 256,
                 "Cannot open the log \"%.120s\": %s; want a file that can be written, stderr, stdout or off.", where,
                 strerror(errno));
        log_close(log);
        return NULL;
    }
    return log;
}

void log_close(struct log *log) {
    if (!log)
        return;
    if (log->path && log->fd >= 0)
        close(log->fd);
    free(log->path);
    free(log);
}

void log_reopen(struct log *log) {
    int fd = log->path ? open_file(log->path) : -1;
    if (fd < 0)
        return;
    dup3(fd, log->fd, O_CLOEXEC); /* the number stays, so other threads need not know */
    close(fd);
}

bool log_on(const struct log *log) { return log->fd >= 0; }

static void write_all(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return;
        p += k, n -= (size_t)k;
    }
}

/* plain_run is how many bytes from text on need no escape, at most max. */
static size_t plain_run(const char *text, size_t max) {
    size_t n = 0;
    while (n < max && (unsigned char)text[n] >= 0x20 && (unsigned char)text[n] < 0x7f && text[n] != '"' &&
           text[n] != '\\')
        n++;
    return n;
}

void log_string(struct buf *out, const char *text, size_t max) {
    buf_byte(out, '"');
    for (const char *end = text + strnlen(text, max); text < end;) {
        size_t n = plain_run(text, (size_t)(end - text));
        buf_add(out, text, n);
        text += n;
        if (text == end)
            break;
        if (*text == '"' || *text == '\\') {
            buf_byte(out, '\\');
            buf_byte(out, *text);
        } else {
            buf_printf(out, "\\u%04x", (unsigned char)*text);
        }
        text++;
    }
    buf_byte(out, '"');
}

/* stamp appends "ts":"..." of now; the part down to the second is spelled once a second. */
static void stamp(struct log_lines *lines) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != lines->second) {
        struct tm tm;
        lines->second = now.tv_sec;
        gmtime_r(&now.tv_sec, &tm);
        strftime(lines->stamp, sizeof lines->stamp, "%Y-%m-%dT%H:%M:%S.", &tm);
    }
    int ms = (int)(now.tv_nsec / 1000000);
    char text[] = {(char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z', '"'};
    buf_add(&lines->text, "{\"ts\":\"", 7);
    buf_text(&lines->text, lines->stamp);
    buf_add(&lines->text, text, sizeof text);
}

void log_message(struct log *log, const char *level, const char *format, ...) {
    if (log->fd < 0)
        return;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct log_lines lines;
    log_lines_init(&lines);
    stamp(&lines);
    buf_printf(&lines.text, ",\"level\":\"%s\",\"msg\":", level);
    log_string(&lines.text, text, sizeof text);
    buf_text(&lines.text, "}\n");
    log_lines_flush(&lines, log);
    log_lines_release(&lines);
}

void log_lines_init(struct log_lines *lines) {
    memset(lines, 0, sizeof *lines);
    lines->second = -1;
    buf_init(&lines->text, LINES_MAX);
}

void log_lines_release(struct log_lines *lines) { buf_release(&lines->text); }

void log_lines_flush(struct log_lines *lines, struct log *log) {
    if (lines->text.n && log->fd >= 0)
        write_all(log->fd, lines->text.data, lines->text.n);
    buf_clear(&lines->text);
    lines->text.failed = false;
}

static void text_member(struct buf *b, const char *name, const char *text, size_t max) {
    buf_text(b, name);
    log_string(b, text, max);
}

static void count_member(struct buf *b, const char *name, uint64_t value) {
    char digits[NUMBER_INT_MAX];
    buf_text(b, name);
    buf_add(b, digits, number_format_int(digits, (int64_t)value));
}

/* ms_member writes milliseconds with three decimals, without printf: it is written for every request. */
static void ms_member(struct buf *b, const char *name, double ms) {
    if (ms < 0)
        return;
    int64_t us = (int64_t)(ms * 1000 + 0.5);
    count_member(b, name, (uint64_t)(us / 1000));
    char text[] = {'.', (char)('0' + us % 1000 / 100), (char)('0' + us % 100 / 10), (char)('0' + us % 10)};
    buf_add(b, text, sizeof text);
}

void log_request(struct log_lines *lines, const struct log_request *r) {
    size_t begin = lines->text.n;
    struct buf *b = &lines->text;
    stamp(lines);
    text_member(b, ",\"id\":", r->id, 128);
    text_member(b, ",\"client\":", r->client, 64);
    text_member(b, ",\"method\":", r->method, 16);
    text_member(b, ",\"path\":", r->path, PATH_SHOWN);
    count_member(b, ",\"status\":", (uint64_t)r->status);
    ms_member(b, ",\"ms\":", r->ms);
    ms_member(b, ",\"queue_ms\":", r->queue_ms);
    ms_member(b, ",\"solve_ms\":", r->solve_ms);
    count_member(b, ",\"bytes_in\":", r->bytes_in);
    count_member(b, ",\"bytes_out\":", r->bytes_out);
    if (r->cache)
        text_member(b, ",\"cache\":", r->cache, 32);
    if (r->cut)
        buf_text(b, ",\"cut\":true");
    buf_text(b, "}\n");
    if (b->failed) { /* half a line would spoil the next one too */
        b->n = begin;
        b->failed = false;
    }
}
