#include "server/cli_health.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/status.h"
#include "server/address.h"
#include "server/clock.h"

PRINTF_LIKE(2, 3) static bool fail(char error[HEALTH_ERROR], const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(error, HEALTH_ERROR, format, args);
    va_end(args);
    return false;
}

/* to_loopback makes "every interface" one that can be connected to. */
static void to_loopback(struct address *address) {
    if (address->at.ss_family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&address->at;
        if (in->sin_addr.s_addr == htonl(INADDR_ANY))
            in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (address->at.ss_family == AF_INET6) {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address->at;
        if (IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr))
            in->sin6_addr = in6addr_loopback;
    }
}

/* wait_for polls fd until it is ready or the deadline has passed. */
static bool wait_for(int fd, short events, int64_t deadline) {
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        int64_t left = deadline - clock_ns();
        int ready = poll(&p, 1, left > 0 ? (int)((left + NS_PER_MS - 1) / NS_PER_MS) : 0);
        if (ready > 0)
            return true;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

static bool connect_to(int fd, const struct address *address, int64_t deadline) {
    if (connect(fd, (const struct sockaddr *)&address->at, address->n) == 0)
        return true;
    if (errno != EINPROGRESS || !wait_for(fd, POLLOUT, deadline))
        return false;
    int refused = 0;
    socklen_t n = sizeof refused;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &refused, &n) == 0 && refused == 0;
}

/* read_status reads as far as the status line's code; 0: there was none. */
static int read_status(int fd, int64_t deadline) {
    char line[16] = "";
    size_t n = 0;
    while (n < sizeof line - 1 && wait_for(fd, POLLIN, deadline)) {
        ssize_t got = read(fd, line + n, sizeof line - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    int status = 0;
    return n >= sizeof "HTTP/1.1 200" - 1 && sscanf(line, "HTTP/1.%*1d %3d", &status) == 1 ? status : 0;
}

static bool ask(int fd, const struct address *address, const char *name, int64_t deadline, char error[HEALTH_ERROR]) {
    static const char GET[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if (!connect_to(fd, address, deadline))
        return fail(error, "Nobody answers on %.100s.", name);
    if (send(fd, GET, sizeof GET - 1, MSG_NOSIGNAL) != (ssize_t)sizeof GET - 1)
        return fail(error, "The connection to %.100s broke.", name);
    int status = read_status(fd, deadline);
    if (status == 200)
        return true;
    return status ? fail(error, "GET /healthz on %.100s answers %d, want 200.", name, status)
                  : fail(error, "GET /healthz on %.100s gets no answer in time.", name);
}

bool health_check(const char *listen, int timeout_ms, char error[HEALTH_ERROR]) {
    struct address address;
    if (!address_parse(listen, &address, error))
        return false;
    to_loopback(&address);
    int fd = socket(address.at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(error, "No socket: %s.", strerror(errno));
    bool alive = ask(fd, &address, listen, clock_ns() + (int64_t)timeout_ms * NS_PER_MS, error);
    close(fd);
    return alive;
}
