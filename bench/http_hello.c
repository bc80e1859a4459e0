/* http_hello.c - the least that libmicrohttpd can do: one loop thread that answers every request with the same JSON.
 * What bench/http measures the service against, so it runs the loop as the service does: its own poll on
 * libmicrohttpd's epoll descriptor.
 *
 *     http_hello PORT BODY */
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum MHD_Result answer(void *response, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_n, void **seen) {
    (void)url, (void)method, (void)version, (void)upload;
    static int first;
    if (!*seen) { /* an answer queued in the first call would close the connection */
        *seen = &first;
        return MHD_YES;
    }
    *upload_n = 0;
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static _Noreturn void serve(struct MHD_Daemon *daemon) {
    struct pollfd epoll = {.fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN};
    for (;;) {
        MHD_UNSIGNED_LONG_LONG ms;
        int timeout = MHD_get_timeout(daemon, &ms) == MHD_YES && ms < 200 ? (int)ms : 200;
        if (timeout > 0)
            poll(&epoll, 1, timeout);
        MHD_run(daemon);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: http_hello PORT BODY\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(argv[2]), argv[2], MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL, (uint16_t)atoi(argv[1]), NULL, NULL, answer, response,
                                                 MHD_OPTION_CONNECTION_LIMIT, 8192u, MHD_OPTION_END);
    if (!daemon) {
        perror("http_hello: cannot listen");
        return 1;
    }
    serve(daemon);
}
