/* address.h - HOST:PORT and the sockets that listen there. */
#ifndef SOLVENT_ADDRESS_H
#define SOLVENT_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT = 64, ADDRESS_ERROR = 256 };

struct address {
    struct sockaddr_storage at;
    socklen_t n;
};

/* address_parse reads "127.0.0.1:8080", "localhost:80", "[::1]:8080" or ":8080" (every interface). Names are looked up.
 * false: error is a sentence. */
bool address_parse(const char *text, struct address *out, char error[ADDRESS_ERROR]);

/* address_listen opens a non-blocking listening socket; shared: several may listen on the same port (SO_REUSEPORT). On
 * success *address becomes what was bound (port 0 is replaced). -1: error is a sentence. */
int address_listen(struct address *address, bool shared, char error[ADDRESS_ERROR]);

/* address_text writes "127.0.0.1:8080" or "[::1]:8080"; host alone where with_port is false. */
void address_text(const struct sockaddr *at, bool with_port, char to[ADDRESS_TEXT]);

#endif
