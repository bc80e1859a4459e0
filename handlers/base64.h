/* base64.h - bytes as text. Source: RFC 4648, section 4. */
#ifndef SOLVENT_BASE64_H
#define SOLVENT_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* base64_room is the characters of n bytes. */
static inline size_t base64_room(size_t n) { return (n + 2) / 3 * 4; }

/* base64_write writes base64_room(n) characters. */
void base64_write(const unsigned char *bytes, size_t n, char *to);

/* base64_read reads the n characters at p into to[n / 4 * 3], and *length bytes of it. false: *at is the first character
 * that cannot stand where it does (n: there are too few); what ends with '=' must, and has no bits beside the last byte. */
bool base64_read(const char *p, size_t n, unsigned char *to, size_t *length, size_t *at);

#endif
