#include "server/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool bad(char *error, const char *text, const char *why) {
    snprintf(error, ADDRESS_ERROR,
             "The address to listen on is \"%.80s\", want HOST:PORT such as 127.0.0.1:8080 or [::1]:8080%s.", text,
             why);
    return false;
}

/* split cuts the text into host and port; an IPv6 host stands in brackets, since it holds colons itself. */
static bool split(const char *text, char host[256], char port[8]) {
    const char *colon = strrchr(text, ':');
    if (!colon || strlen(colon + 1) > 5 || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strtol(colon + 1, NULL, 10) > 65535)
        return false;
    size_t n = (size_t)(colon - text);
    if (n && text[0] == '[') {
        if (n < 3 || text[n - 1] != ']')
            return false;
        text++, n -= 2;
    } else if (memchr(text, ':', n)) {
        return false;
    }
    if (n > 255)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

bool address_parse(const char *text, struct address *out, char error[ADDRESS_ERROR]) {
    char host[256], port[8];
    if (!split(text, host, port))
        return bad(error, text, " with a port of at most 65535");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
    int code = getaddrinfo(*host ? host : NULL, port, &hints, &found);
    if (code || !found)
        return bad(error, text, "; no such host is known");
    memcpy(&out->at, found->ai_addr, found->ai_addrlen);
    out->n = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static int failed(int fd, const struct address *address, char *error) {
    char text[ADDRESS_TEXT];
    int code = errno;
    address_text((const struct sockaddr *)&address->at, true, text);
    snprintf(error, ADDRESS_ERROR, "Cannot listen on %s: %s.", text, strerror(code));
    if (fd >= 0)
        close(fd);
    return -1;
}

int address_listen(struct address *address, bool shared, char error[ADDRESS_ERROR]) {
    int on = 1, fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return failed(fd, address, error);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address->at, address->n) || listen(fd, 1024))
        return failed(fd, address, error);
    address->n = sizeof address->at;
    if (getsockname(fd, (struct sockaddr *)&address->at, &address->n))
        return failed(fd, address, error);
    return fd;
}

void address_text(const struct sockaddr *at, bool with_port, char to[ADDRESS_TEXT]) {
    char host[INET6_ADDRSTRLEN] = "unknown";
    unsigned port = 0;
    bool six = at && at->sa_family == AF_INET6;
    if (six) {
        const struct sockaddr_in6 *in6 = (const void *)at;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        port = ntohs(in6->sin6_port);
    } else if (at && at->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)at;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        port = ntohs(in->sin_port);
    }
    if (with_port)
        snprintf(to, ADDRESS_TEXT, six ? "[%s]:%u" : "%s:%u", host, port);
    else
        snprintf(to, ADDRESS_TEXT, "%s", host);
}
