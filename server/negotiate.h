/* negotiate.h - the request headers that are more than a word: Accept-Encoding, If-None-Match, Origin, Prefer,
 * Idempotency-Key, X-Request-Id.
 * Source: RFC 9110, 12.5.3 and 13.1.2. Pure functions of their text; NULL stands for an absent header. */
#ifndef SOLVENT_NEGOTIATE_H
#define SOLVENT_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* accepts_gzip: gzip (or *) is listed with a quality above 0 that is not below that of identity. */
bool accepts_gzip(const char *accept_encoding);

/* etag_matches: `tag` (with its quotes) is in the list; compared weakly, as If-None-Match wants. "*" alone matches
 * where any is true. */
bool etag_matches(const char *if_none_match, const char *tag, bool any);

/* origin_allowed returns what Access-Control-Allow-Origin should say, or NULL: `allowed` is "*", or a comma-separated
 * list of origins. */
const char *origin_allowed(const char *allowed, const char *origin);

/* prefers_async: respond-async is among the preferences of a Prefer header (RFC 7240). */
bool prefers_async(const char *prefer);

/* key_usable: 1 to IDEMPOTENCY_KEY_MAX visible characters of ASCII. */
enum { IDEMPOTENCY_KEY_MAX = 255 };
bool key_usable(const char *key);

/* id_usable: 1 to 128 characters of [A-Za-z0-9._-]. */
enum { ID_MAX = 128 };
bool id_usable(const char *id);

/* id_make writes 16 hexadecimal digits: a bijection of the counter, so ids of one process never repeat; `seed` is drawn
 * at start. */
void id_make(char to[17], uint64_t seed, uint64_t counter);

#endif
