/* http_client.h - a small HTTP/1.1 client on raw sockets, and a server to talk to: for black-box tests. All waits are bounded. */
#ifndef SOLVENT_HTTP_CLIENT_H
#define SOLVENT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A server process that logs to a file of its own. */
struct test_server {
    pid_t pid; /* 0: there is none */
    int port;
    char log[64];
};

enum { CLIENT_WAIT_MS = 20000 };

/* A server ends with the process that started it, at the latest. server_start runs `program serve --listen 127.0.0.1:0 --log FILE` with the further arguments (NULL-terminated) and waits until it listens. */
bool server_start(struct test_server *server, const char *program, const char *const *arguments);
/* server_end sends the signal (0: none), waits, removes the log and returns the exit code; 128 + n where signal n killed it, -1 where it did
 * not end in time (it is killed then). */
int server_end(struct test_server *server, int signal);
/* server_log returns the log so far (malloc'ed). */
char *server_log(const struct test_server *server);
/* server_logged waits until the log holds `text`. */
bool server_logged(const struct test_server *server, const char *text, int wait_ms);

struct client {
    int fd;
    char *data; /* received and not yet taken */
    size_t n, size;
};

struct response {
    int status; /* 0: none came (closed, or out of time) */
    char head[8192];
    char *body; /* malloc'ed, NUL-terminated */
    size_t n;
    bool whole; /* the last chunk came */
};

bool client_open(struct client *client, int port);
void client_close(struct client *client);
bool client_send(struct client *client, const char *text);
bool client_send_bytes(struct client *client, const void *p, size_t n);
/* client_read reads one response, in chunks or not; no_body: it answers HEAD. */
bool client_read(struct client *client, struct response *response, bool no_body);
/* client_head reads the head of a response alone. client_chunk then appends the next chunk of its body; false: that was
 * the last (response->whole), or the stream broke. */
bool client_head(struct client *client, struct response *response);
bool client_chunk(struct client *client, struct response *response);
/* client_closed waits until the server closes; false where it does not within wait_ms. */
bool client_closed(struct client *client, int wait_ms);
void response_free(struct response *response);
/* response_header copies a header's value; false where there is none. */
bool response_header(const struct response *response, const char *name, char *value, size_t size);

/* client_ask sends one request on an open connection and reads its answer. headers: whole lines with \r\n, or "". body NULL: none. */
bool client_ask(struct client *client, const char *method, const char *path, const char *headers, const char *body,
                struct response *response);
/* ask_once does so on a connection of its own. */
bool ask_once(int port, const char *method, const char *path, const char *headers, const char *body,
              struct response *response);

/* wait_ms sleeps; now_ms is a clock that only goes forward. */
void wait_ms(int ms);
long now_ms(void);

#endif
