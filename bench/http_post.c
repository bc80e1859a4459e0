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
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/shapes.h"

enum { ANSWER_MAX = 64 << 20, HEAD_MAX = 4096, FIRST = 1000000000, LIST_MOST = 1000000 };

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

/* An answer, kept as it came, so that looking at it takes no time from the server. */
struct answer {
    char text[ANSWER_MAX + 1];
    size_t n;
    char *body;    /* NULL: the head is not whole yet */
    size_t length; /* of the body; 0: it comes in chunks */
};

static void read_head(struct answer *a) {
    char *end = strstr(a->text, "\r\n\r\n"), *length;
    if (!end)
        return;
    if (!strstr(a->text, " 200"))
        quit(a->text);
    a->body = end + 4;
    *end = 0;
    length = strcasestr(a->text, "content-length:");
    a->length = length ? strtoull(length + 15, NULL, 10) : 0;
}

static bool is_whole(const struct answer *a) {
    static const char LAST[] = "\r\n0\r\n\r\n";
    if (!a->body)
        return false;
    const char *end = a->text + a->n;
    return a->length ? end == a->body + a->length
                     : end - a->body >= 7 && memcmp(end - (sizeof LAST - 1), LAST, sizeof LAST - 1) == 0;
}

static void read_answer(int fd, struct answer *a) {
    a->n = 0;
    a->body = NULL;
    while (!is_whole(a)) {
        ssize_t n = read(fd, a->text + a->n, ANSWER_MAX - a->n);
        if (n <= 0)
            quit(a->n < ANSWER_MAX ? "the server hung up" : "the answer is too long");
        a->n += (size_t)n;
        a->text[a->n] = 0;
        if (!a->body)
            read_head(a);
    }
}

static size_t count(const char *p, size_t n, char wanted) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += p[i] == wanted;
    return found;
}

/* count_in counts in the body, chunk by chunk. */
static size_t count_in(const struct answer *a, char wanted) {
    if (a->length)
        return count(a->body, a->length, wanted);
    size_t found = 0, n;
    char *p = a->body;
    while ((n = strtoull(p, &p, 16)) > 0) {
        p = strchr(p, '\n') + 1;
        found += count(p, n, wanted);
        p += n;
    }
    return found;
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
    memset(answer, 1, sizeof *answer); /* its pages are there before the clock runs */
    int fd = connect_to(atoi(argv[2]));
    printf("ready %s\n", argv[1]);
    fflush(stdout);
    char turn[16];
    for (int round = 0; fgets(turn, sizeof turn, stdin); round++) {
        char digits[16];
        sprintf(digits, "%d", FIRST + round);
        memcpy(request.first, digits, 10);
        double begun = measure_seconds();
        send_all(fd, request.text, request.n);
        read_answer(fd, answer);
        double took = measure_seconds() - begun;
        printf("%.9f %zu\n", took, count_in(answer, request.counted));
        fflush(stdout);
    }
    return 0;
}
