/* options.h - what the program can be told: flags, and an environment variable for each of them.
 *
 * --max-body 8M, --max-body=8M and SOLVENT_MAX_BODY=8M mean the same; a flag wins over the environment. The one list
 * below makes the struct, the parser, --help and the error texts.
 *
 * kind   value                                         written as
 * TEXT   const char *, borrowed from argv or environ   anything
 * COUNT  int64_t                                       digits
 * BYTES  int64_t                                       digits, and k, M or G for powers of 1024
 * TIME   int64_t, milliseconds                         digits, and ms, s, m (minutes) or h */
#ifndef SOLVENT_OPTIONS_H
#define SOLVENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* kind, member, flag, value's name in --help, default, least, greatest, what it is */
#define OPTION_LIST(X)                                                                                                 \
    X(TEXT, listen, "listen", "HOST:PORT", "127.0.0.1:8080", 0, 0,                                                     \
      "address to listen on; [::1]:8080 for IPv6, an empty host for all, port 0 for any free one")                     \
    X(COUNT, threads, "threads", "N", "1", 1, 64, "event loops; one serves some 70000 requests a second")              \
    X(COUNT, workers, "workers", "N", "0", 0, 1024, "threads that compute; 0: one a core, two at least")               \
    X(TEXT, db, "db", "PATH", "", 0, 0, "SQLite file that keeps answers; empty: they are kept in memory only")         \
    X(BYTES, db_bytes, "db-bytes", "SIZE", "1G", 0, INT64_C(1) << 50, "answers kept in that file")                     \
    X(BYTES, cache_bytes, "cache-bytes", "SIZE", "64M", 0, INT64_C(1) << 46, "answers kept in memory")                 \
    X(BYTES, max_body, "max-body", "SIZE", "64M", 0, INT64_C(1) << 36, "greatest request body")                        \
    X(BYTES, max_memory, "max-memory", "SIZE", "512M", 1 << 20, INT64_C(1) << 44, "memory one request may use")        \
    X(BYTES, memory, "memory", "SIZE", "0", 0, INT64_C(1) << 50,                                                       \
      "memory that all admitted requests are estimated to use; 0: three quarters of what there is")                    \
    X(TIME, time_limit, "time-limit", "TIME", "60s", 1, 86400 * 1000,                                                  \
      "time to compute one answer, unless the request asks for less")                                                  \
    X(COUNT, queue, "queue", "N", "256", 1, 1000 * 1000, "requests that may wait for a worker; more are answered 503") \
    X(TIME, header_timeout, "header-timeout", "TIME", "10s", 10, 86400 * 1000,                                         \
      "time for a request's line and headers to arrive, in all")                                                       \
    X(TIME, body_timeout, "body-timeout", "TIME", "60s", 10, 86400 * 1000,                                             \
      "time for a request's body to arrive, in all, and for an answer's first bytes, or the next of a stream, to "     \
      "leave")                                                                                                         \
    X(TIME, idle_timeout, "idle-timeout", "TIME", "60s", 10, 86400 * 1000,                                             \
      "time that a kept-alive connection may idle")                                                                    \
    X(TIME, heartbeat, "heartbeat", "TIME", "15s", 10, 86400 * 1000,                                                   \
      "time after which a stream of events gets a comment where it has nothing to say")                                \
    X(TIME, stream_delay, "stream-delay", "TIME", "2ms", 0, 86400 * 1000,                                              \
      "an answer of lines that is whole within that time of its first line is sent with a length and a tag, not as a " \
      "stream")                                                                                                        \
    X(COUNT, max_connections, "max-connections", "N", "8192", 1, 1000 * 1000,                                          \
      "connections at once; further ones wait to be accepted")                                                         \
    X(TEXT, jobs_db, "jobs-db", "PATH", "", 0, 0,                                                                      \
      "SQLite file that keeps jobs; empty: that of --db with .jobs behind it, or memory where there is none")          \
    X(COUNT, job_workers, "job-workers", "N", "1", 0, 64,                                                              \
      "threads that work on jobs (Prefer: respond-async), at a low priority; 0: there are no jobs")                    \
    X(COUNT, jobs_max, "jobs-max", "N", "1000", 1, 1000 * 1000,                                                        \
      "jobs that are kept, ended ones included; more are answered 503")                                                \
    X(BYTES, jobs_bytes, "jobs-bytes", "SIZE", "256M", 1, INT64_C(1) << 46,                                            \
      "requests and results of jobs that are kept")                                                                    \
    X(TIME, job_ttl, "job-ttl", "TIME", "24h", 1, INT64_C(366) * 86400 * 1000, "time that a job's result is kept")     \
    X(TIME, job_time_limit, "job-time-limit", "TIME", "24h", 1, INT64_C(366) * 86400 * 1000,                           \
      "time to compute a job, unless its request asks for less")                                                       \
    X(TEXT, models, "models", "DIR", "", 0, 0,                                                                         \
      "folder whose NAME.json, and folders as diffusers writes them, are models that a request may call by name")      \
    X(BYTES, model_memory, "model-memory", "SIZE", "0", 0, INT64_C(1) << 50,                                           \
      "memory for the weights of networks; what was not asked for longest makes room; 0: a quarter of what there is")  \
    X(TEXT, cors_origin, "cors-origin", "LIST", "*", 0, 0,                                                             \
      "origins whose pages may call the service, comma-separated; * for every one, empty for none")                    \
    X(BYTES, gzip_min, "gzip-min", "SIZE", "1400", 0, INT64_C(1) << 40, "smallest answer that is compressed")          \
    X(TIME, drain, "drain", "TIME", "10s", 0, 86400 * 1000, "time that SIGTERM leaves to requests in progress")        \
    X(TEXT, kernels, "kernels", "NAME", "auto", 0, 0,                                                                  \
      "instruction set to compute with: ref (plain C), avx2, avx512, avx512bf16, amx or neon; auto: the best there "   \
      "is")                                                                                                            \
    X(TEXT, log, "log", "FILE", "stderr", 0, 0, "where the log goes: a file, stderr, stdout or off")

struct options {
#define OPTION_MEMBER_TEXT(name) const char *name;
#define OPTION_MEMBER_COUNT(name) int64_t name;
#define OPTION_MEMBER_BYTES(name) int64_t name;
#define OPTION_MEMBER_TIME(name) int64_t name;
#define X(kind, member, ...) OPTION_MEMBER_##kind(member)
    OPTION_LIST(X)
#undef X
};

enum { OPTIONS_ERROR = 320 };

/* options_default fills in the defaults. */
void options_default(struct options *options);

/* options_parse reads the environment, then argv[0 .. argc-1] (flags only begin with "--"; "--" ends them). What is no
 * flag moves to the front of argv, in order, and *n_plain counts it. false: error says what is wrong and what was
 * wanted. */
bool options_parse(struct options *options, int argc, char **argv, int *n_plain, char error[OPTIONS_ERROR]);

struct buf;
/* options_help writes a line for every option: flag, meaning, default and variable. */
void options_help(struct buf *out);

#endif
