#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 32 };

void wait_ms(int ms) { nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL); }

long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* -- the server -- */

char *server_log(const struct test_server *server) {
    FILE *f = fopen(server->log, "rb");
    char *text = calloc(1, 1 << 22);
    if (f && text)
        text[fread(text, 1, (1 << 22) - 1, f)] = '\0';
    if (f)
        fclose(f);
    return text;
}

bool server_logged(const struct test_server *server, const char *text, int wait) {
    for (long end = now_ms() + wait; now_ms() < end; wait_ms(5)) {
        char *log = server_log(server);
        bool found = log && strstr(log, text);
        free(log);
        if (found)
            return true;
    }
    return false;
}

static int logged_port(const struct test_server *server) {
    char *log = server_log(server), *at = log ? strstr(log, "listens on http://127.0.0.1:") : NULL;
    int port = at ? atoi(at + strlen("listens on http://127.0.0.1:")) : 0;
    free(log);
    return port;
}

static bool await_port(struct test_server *server) {
    for (long end = now_ms() + CLIENT_WAIT_MS; now_ms() < end; wait_ms(5)) {
        if ((server->port = logged_port(server)))
            return true;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            return false;
        }
    }
    return false;
}

/* spawn starts a program that ends where this one does, whatever a failing test leaves undone; 0: it cannot be. */
static pid_t spawn(const char *program, const char *const *argv) {
    const pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid > 0 ? pid : 0;
}

bool server_start(struct test_server *server, const char *program, const char *const *arguments) {
    const char *argv[ARGUMENTS_MAX] = {program, "serve", "--listen", "127.0.0.1:0", "--log", server->log};
    strcpy(server->log, "/tmp/solvent-test-XXXXXX");
    int fd = mkstemp(server->log), n = 6;
    if (fd < 0)
        return false;
    close(fd);
    for (; arguments && *arguments && n < ARGUMENTS_MAX - 1; arguments++)
        argv[n++] = *arguments;
    server->pid = spawn(program, argv);
    if (!server->pid)
        return false;
    if (await_port(server))
        return true;
    server_end(server, SIGKILL);
    return false;
}

int server_end(struct test_server *server, int signal) {
    int code = 0, got = 0;
    if (server->pid == 0)
        return -1;
    if (signal)
        kill(server->pid, signal);
    for (long end = now_ms() + CLIENT_WAIT_MS; now_ms() < end && !(got = waitpid(server->pid, &code, WNOHANG));
         wait_ms(2))
        ;
    if (got != server->pid) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    unlink(server->log);
    server->pid = 0;
    return got <= 0 ? -1 : WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
}

/* -- the client -- */

bool client_open(struct client *client, int port) {
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return client->fd >= 0 && connect(client->fd, (const struct sockaddr *)&at, sizeof at) == 0;
}

void client_close(struct client *client) {
    if (client->fd >= 0)
        close(client->fd);
    free(client->data);
    *client = (struct client){.fd = -1};
}

bool client_send_bytes(struct client *client, const void *p, size_t n) {
    const char *from = p;
    while (n) {
        ssize_t k = send(client->fd, from, n, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        from += k;
        n -= (size_t)k;
    }
    return true;
}

bool client_send(struct client *client, const char *text) { return client_send_bytes(client, text, strlen(text)); }

/* receive takes in what comes next; false at the end of the stream or of patience. */
static bool receive(struct client *client, long end) {
    struct pollfd p = {.fd = client->fd, .events = POLLIN};
    long left = end - now_ms();
    if (client->size - client->n < 65536) {
        client->size = client->n * 2 + 131072;
        client->data = realloc(client->data, client->size);
        if (!client->data)
            return false;
    }
    if (left <= 0 || poll(&p, 1, (int)left) <= 0)
        return false;
    ssize_t k = recv(client->fd, client->data + client->n, client->size - client->n - 1, 0);
    if (k <= 0)
        return false;
    client->n += (size_t)k;
    return true;
}

static void drop(struct client *client, size_t n) {
    memmove(client->data, client->data + n, client->n - n);
    client->n -= n;
}

static bool read_head(struct client *client, struct response *response, long end) {
    for (;;) {
        char *stop = client->n ? memmem(client->data, client->n, "\r\n\r\n", 4) : NULL;
        if (stop) {
            size_t n = (size_t)(stop + 4 - client->data);
            if (n >= sizeof response->head)
                return false;
            memcpy(response->head, client->data, n);
            response->head[n] = '\0';
            drop(client, n);
            return sscanf(response->head, "HTTP/1.1 %d", &response->status) == 1;
        }
        if (!receive(client, end))
            return false;
    }
}

bool client_head(struct client *client, struct response *response) {
    long end = now_ms() + CLIENT_WAIT_MS;
    *response = (struct response){0};
    do
        if (!read_head(client, response, end))
            return response->status = 0, false;
    while (response->status == 100);
    return true;
}

/* await waits until n bytes are there. */
static bool await(struct client *client, size_t n) {
    long end = now_ms() + CLIENT_WAIT_MS;
    while (client->n < n)
        if (!receive(client, end))
            return false;
    return true;
}

/* append moves n bytes that are there to the body. */
static bool append(struct client *client, struct response *response, size_t n) {
    char *body = realloc(response->body, response->n + n + 1);
    if (!body)
        return false;
    response->body = body;
    if (n)
        memcpy(body + response->n, client->data, n);
    response->n += n;
    body[response->n] = '\0';
    if (n)
        drop(client, n);
    return true;
}

/* chunk_size reads the line before a chunk; -1: there is none. */
static long chunk_size(struct client *client) {
    char *line;
    for (size_t n = 3; !(line = client->n ? memmem(client->data, client->n, "\r\n", 2) : NULL); n = client->n + 1)
        if (!await(client, n))
            return -1;
    long size = strtol(client->data, NULL, 16);
    drop(client, (size_t)(line + 2 - client->data));
    return size;
}

bool client_chunk(struct client *client, struct response *response) {
    long size = chunk_size(client);
    if (size < 0 || !await(client, (size_t)size + 2) || !append(client, response, (size_t)size))
        return false;
    drop(client, 2);
    response->whole = size == 0;
    return size > 0;
}

bool client_read(struct client *client, struct response *response, bool no_body) {
    char text[32];
    if (!client_head(client, response))
        return false;
    if (response_header(response, "Transfer-Encoding", text, sizeof text)) {
        while (client_chunk(client, response))
            ;
        return response->whole ? true : (response->status = 0, false);
    }
    size_t n = response_header(response, "Content-Length", text, sizeof text) ? strtoul(text, NULL, 10) : 0;
    if (no_body || response->status == 304 || response->status == 204)
        n = 0;
    return await(client, n) && append(client, response, n) ? true : (response->status = 0, false);
}

bool client_closed(struct client *client, int wait) {
    long end = now_ms() + wait;
    while (receive(client, end))
        client->n = 0;
    return now_ms() < end;
}

void response_free(struct response *response) {
    free(response->body);
    response->body = NULL;
}

bool response_header(const struct response *response, const char *name, char *value, size_t size) {
    size_t n = strlen(name);
    for (const char *line = strstr(response->head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, n) || line[2 + n] != ':')
            continue;
        const char *from = line + 3 + n;
        from += strspn(from, " ");
        snprintf(value, size, "%.*s", (int)strcspn(from, "\r"), from);
        return true;
    }
    return false;
}

bool client_ask(struct client *client, const char *method, const char *path, const char *headers, const char *body,
                struct response *response) {
    char head[4096];
    int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: test\r\n%s", method, path, headers);
    if (body)
        n += snprintf(head + n, sizeof head - (size_t)n, "Content-Length: %zu\r\n", strlen(body));
    n += snprintf(head + n, sizeof head - (size_t)n, "\r\n");
    *response = (struct response){0};
    return client_send_bytes(client, head, (size_t)n) && (!body || client_send(client, body)) &&
           client_read(client, response, strcmp(method, "HEAD") == 0);
}

bool ask_once(int port, const char *method, const char *path, const char *headers, const char *body,
              struct response *response) {
    struct client client;
    bool fine = client_open(&client, port) && client_ask(&client, method, path, headers, body, response);
    client_close(&client);
    return fine;
}
