/* stream.c - how fast answers are streamed, end to end over a socket: combinations as application/x-ndjson, beside the
 * most that libmicrohttpd can send in chunks (a content reader that copies the same text again and again, on its own
 * loop, as the service runs it). In turns, in one run; the figures are the best of all rounds, and the ratio is of those.
 *
 * The memory is the service's greatest, and the first line counts from before the connection is opened. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"

enum { ROUNDS = 5, RAW_BYTES = 256 << 20, BLOCK = 1 << 16 };

/* -- the most there is -- */

static char raw_text[2 * BLOCK];
static atomic_bool raw_stop;

static ssize_t raw_read(void *cls, uint64_t at, char *to, size_t max) {
    (void)cls;
    if (at >= RAW_BYTES)
        return MHD_CONTENT_READER_END_OF_STREAM;
    size_t n = max < BLOCK ? max : BLOCK;
    memcpy(to, raw_text + at % BLOCK, n);
    return (ssize_t)n;
}

static enum MHD_Result raw_answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_n, void **seen) {
    (void)cls, (void)url, (void)method, (void)version, (void)upload;
    static int first;
    if (!*seen) {
        *seen = &first;
        return MHD_YES;
    }
    if (*upload_n) {
        *upload_n = 0;
        return MHD_YES;
    }
    struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32 << 10, raw_read, NULL, NULL);
    enum MHD_Result result = MHD_queue_response(connection, 200, r);
    MHD_destroy_response(r);
    return result;
}

static void *raw_serve(void *daemon) {
    struct pollfd epoll = {.fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN};
    while (!atomic_load(&raw_stop)) {
        MHD_UNSIGNED_LONG_LONG ms;
        int timeout = MHD_get_timeout(daemon, &ms) == MHD_YES && ms < 50 ? (int)ms : 50;
        if (timeout > 0)
            poll(&epoll, 1, timeout);
        MHD_run(daemon);
    }
    return NULL;
}

/* -- the client -- */

static int dial(int port) {
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

struct taken {
    double first, all; /* seconds to the first byte of the body, and to the end */
    double bytes;
    int whole; /* it ended as it should */
};

/* take asks, reads to the end of the connection and throws away. */
static struct taken take(int port, const char *body) {
    static char text[1 << 18];
    char head[2048], tail[64] = "";
    struct taken t = {0};
    double began = measure_seconds();
    int fd = dial(port);
    int n = snprintf(head, sizeof head,
                     "POST /v1/solve/combination-sum HTTP/1.1\r\nHost: bench\r\nAccept: application/x-ndjson\r\n"
                     "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    if (fd < 0 || write(fd, head, (size_t)n) != n)
        return t;
    for (ssize_t k; (k = read(fd, text, sizeof text)) > 0; t.bytes += (double)k) {
        if (t.first == 0 && (t.bytes > 0 || memmem(text, (size_t)k, "\r\n\r\n", 4)))
            t.first = measure_seconds() - began;
        size_t keep = (size_t)k < sizeof tail - 1 ? (size_t)k : sizeof tail - 1;
        memcpy(tail, text + (size_t)k - keep, keep);
    }
    t.all = measure_seconds() - began;
    t.whole = strstr(tail, "0\r\n\r\n") != NULL;
    close(fd);
    return t;
}

/* -- the service -- */

static pid_t start(const char *program, int port) {
    char listen[64];
    snprintf(listen, sizeof listen, "127.0.0.1:%d", port);
    pid_t pid = fork();
    if (pid == 0) {
        execl(program, program, "serve", "--listen", listen, "--log", "off", "--workers", "2", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200; i++) {
        int fd = dial(port);
        close(fd);
        if (fd >= 0)
            return pid;
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    }
    return pid;
}

static double most_memory(pid_t pid) {
    char path[64], line[256];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "VmHWM:", 6))
            kb = strtod(line + 6, NULL);
    if (f)
        fclose(f);
    return kb / 1024;
}

struct work {
    const char *name, *body;
    double lines;
    struct taken best;
};

static void better(struct taken *best, struct taken t) {
    if (!best->whole || t.all < best->all)
        best->all = t.all, best->bytes = t.bytes, best->whole = t.whole;
    if (best->first == 0 || t.first < best->first)
        best->first = t.first;
}

int main(void) {
    static struct work works[] = {
        {"4 of 1..300, sum 500, 16 bytes a line",
         "{\"candidates\":[%s],\"target\":500,\"reuse\":false,\"min_length\":4,\"max_length\":4,\"count\":false,"
         "\"limit\":3000000}",
         631525,
         {0}},
        {"5..14, sum 250, 70 bytes a line",
         "{\"candidates\":[5,6,7,8,9,10,11,12,13,14],\"target\":250,\"count\":false,\"limit\":4000000}",
         4000000,
         {0}},
        {"the same, counted first",
         "{\"candidates\":[5,6,7,8,9,10,11,12,13,14],\"target\":250,\"limit\":4000000}",
         4000000,
         {0}},
        {"1..10, sum 100, 66 bytes a line",
         "{\"candidates\":[1,2,3,4,5,6,7,8,9,10],\"target\":100,\"count\":false,\"limit\":4000000}",
         4000000,
         {0}},
    };
    static char numbers[8192], body[8192 + 512];
    for (int i = 1, at = 0; i <= 300; i++)
        at += snprintf(numbers + at, sizeof numbers - (size_t)at, "%s%d", i > 1 ? "," : "", i);
    snprintf(body, sizeof body, works[0].body, numbers);
    works[0].body = body;
    const char *program = getenv("SOLVENT");
    int port = 20000 + (int)getpid() % 8000;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof raw_text; i++)
        raw_text[i] = "[5,5,5,5,5,5,7,7,8,9,10,11,11]\n"[i % 31];
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL, (uint16_t)(port + 1), NULL, NULL, raw_answer, NULL,
                                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 << 10, MHD_OPTION_END);
    pthread_t thread;
    pid_t pid = start(program ? program : "build/release/solvent", port);
    if (!daemon || pid < 0 || pthread_create(&thread, NULL, raw_serve, daemon)) {
        fprintf(stderr, "stream: cannot start the servers\n");
        return 1;
    }
    struct taken raw = {0};
    for (int round = 0; round < ROUNDS; round++) {
        better(&raw, take(port + 1, "{}"));
        for (size_t i = 0; i < sizeof works / sizeof *works; i++)
            better(&works[i].best, take(port, works[i].body));
    }
    printf("%-40s %12s %9s %12s %8s\n", "streamed over loopback", "lines/s", "MB/s", "first line", "to raw");
    printf("%-40s %12s %9.0f %9.2f ms %8.2f\n", "libmicrohttpd, chunks of a copy", "", raw.bytes / raw.all / 1e6,
           raw.first * 1e3, 1.0);
    int code = !raw.whole;
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        struct taken *t = &works[i].best;
        printf("%-40s %10.2f M %9.0f %9.2f ms %8.2f%s\n", works[i].name, works[i].lines / t->all / 1e6,
               t->bytes / t->all / 1e6, t->first * 1e3, t->bytes / t->all / (raw.bytes / raw.all),
               t->whole ? "" : "  BROKEN");
        code |= !t->whole;
    }
    printf("greatest memory of the service: %.1f MB (targets: >= 1 M lines/s, first line < 10 ms, memory flat)\n",
           most_memory(pid));
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    atomic_store(&raw_stop, true);
    pthread_join(thread, NULL);
    MHD_stop_daemon(daemon);
    return code;
}
