/* http_post.c - one case of bench/solve over HTTP: starts a server, keeps one connection to it, and takes turns with its
 * peers as kernels.c does.
 *
 *     http_post CASE PORT COMMAND...      the server that COMMAND runs listens on PORT of 127.0.0.1
 *
 * CASE is http-sort (10^6 integers of 32 bits as JSON) or http-list (combinations, a line each). A round is one
 * request, from its first byte sent to the last one of the answer read; each request differs from all before, so that
 * no cache knows its answer. What is printed beside the seconds is the number of minus signs (sort) or lines (list). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/shapes.h"

enum { PIECE = 1 << 16, HEAD_MAX = 4096, FIRST = 1000000000, LIST_MOST = 1000000 };

static pid_t server;
static void stop_server(void) {
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
}

static _Noreturn void quit(const char *why) {
    fprintf(stderr, "http_post: %s\n", why);
    exit(2);
}

struct request {
    char *text, *first; /* first: ten digits that are another number in every round */
    size_t n;
    char counted; /* what is counted in the answer */
};

/* finish puts the head before the body. */
static void finish(struct request *r, const char *path, const char *accept, const char *body) {
    r->text = measure_must(malloc(strlen(body) + HEAD_MAX));
    r->n = (size_t)sprintf(r->text,
                           "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: %s\r\n"
                           "Content-Length: %zu\r\n\r\n%s",
                           path, accept, strlen(body), body);
    char digits[16];
    sprintf(digits, "%d", FIRST);
    r->first = strstr(r->text, digits);
}

static void make_sort(struct request *r) {
    size_t n = getenv("N") ? strtoull(getenv("N"), NULL, 10) : 1000000;
    char *body = measure_must(malloc(n * 12 + 64)), *p = body;
    p += sprintf(p, "{\"values\":[%d", FIRST);
    for (size_t i = 1; i < n; i++)
        p += sprintf(p, ",%d", (int)(int32_t)wide(i, n));
    memcpy(p, "]}", 3);
    r->counted = '-';
    finish(r, "/v1/solve/sort", "application/json", body);
    free(body);
}

/* make_list: 1..40 make 60 in 966,467 ways; a candidate beyond the target makes each request another. */
static void make_list(struct request *r) {
    char body[1024], *p = body;
    p += sprintf(p, "{\"target\":60,\"limit\":%d,\"candidates\":[%d", LIST_MOST, FIRST);
    for (int i = 1; i <= 40; i++)
        p += sprintf(p, ",%d", i);
    memcpy(p, "]}", 3);
    r->counted = '\n';
    finish(r, "/v1/solve/combination-sum", "application/x-ndjson", body);
}

static int connect_to(int port) {
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

static void start(int port, char **command) {
    server = fork();
    if (server == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(command[0], command);
        _exit(127);
    }
    atexit(stop_server);
    for (int fd, tries = 0; (fd = connect_to(port)) < 0 || close(fd) != 0; tries++) {
        if (tries == 400 || waitpid(server, NULL, WNOHANG) != 0)
            quit("the server does not answer");
        usleep(50 * 1000);
    }
}

/* An answer as it is read: its head, then a length or chunks. */
struct answer {
    int fd;
    char piece[PIECE + 1];
    size_t at, n;
    size_t counted;
};

static char *more(struct answer *a) {
    ssize_t n = read(a->fd, a->piece, PIECE);
    if (n <= 0)
        quit("the server hung up");
    a->at = 0;
    a->n = (size_t)n;
    return a->piece;
}

/* line reads up to the next line feed. */
static void line(struct answer *a, char *to, size_t size) {
    size_t n = 0;
    for (char c = 0; c != '\n';) {
        if (a->at == a->n)
            more(a);
        c = a->piece[a->at++];
        if (n + 1 < size && c != '\r' && c != '\n')
            to[n++] = c;
    }
    to[n] = 0;
}

/* pass reads n bytes of the body and counts. */
static void pass(struct answer *a, size_t n, char counted) {
    while (n > 0) {
        if (a->at == a->n)
            more(a);
        size_t some = a->n - a->at < n ? a->n - a->at : n;
        for (size_t i = 0; i < some; i++)
            a->counted += a->piece[a->at + i] == counted;
        a->at += some;
        n -= some;
    }
}

static void read_answer(struct answer *a, char counted) {
    char text[512];
    size_t length = 0, chunked = 0;
    line(a, text, sizeof text);
    if (!strstr(text, " 200"))
        quit(text);
    while (line(a, text, sizeof text), *text) {
        if (strncasecmp(text, "content-length:", 15) == 0)
            length = strtoull(text + 15, NULL, 10);
        chunked |= strcasestr(text, "transfer-encoding: chunked") != NULL;
    }
    if (!chunked) {
        pass(a, length, counted);
        return;
    }
    while (line(a, text, sizeof text), (length = strtoull(text, NULL, 16)) > 0) {
        pass(a, length, counted);
        line(a, text, sizeof text);
    }
    line(a, text, sizeof text);
}

static void send_all(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t sent = write(fd, p, n);
        if (sent <= 0)
            quit("the server takes no more");
        p += sent;
        n -= (size_t)sent;
    }
}

int main(int argc, char **argv) {
    if (argc < 4)
        quit("usage: http_post CASE PORT COMMAND...");
    signal(SIGPIPE, SIG_IGN);
    struct request request = {.n = 0};
    (strcmp(argv[1], "http-list") == 0 ? make_list : make_sort)(&request);
    start(atoi(argv[2]), argv + 3);
    struct answer *answer = measure_must(calloc(1, sizeof *answer));
    answer->fd = connect_to(atoi(argv[2]));
    printf("ready %s\n", argv[1]);
    fflush(stdout);
    char turn[16];
    for (int round = 0; fgets(turn, sizeof turn, stdin); round++) {
        char digits[16];
        sprintf(digits, "%d", FIRST + round);
        memcpy(request.first, digits, 10);
        answer->counted = 0;
        double begun = measure_seconds();
        send_all(answer->fd, request.text, request.n);
        read_answer(answer, request.counted);
        printf("%.9f %zu\n", measure_seconds() - begun, answer->counted);
        fflush(stdout);
    }
    return 0;
}
