/* key.h - the name of an answer: a digest of all that its bytes depend on.
 *
 *     struct key_state state;
 *     key_start(&state);
 *     key_add(&state, route, strlen(route));
 *     key_add(&state, body, n);
 *     key_end(&state, &key);
 *
 * BLAKE2b-256 (RFC 7693) over the parts, each preceded by its length as 8 bytes, little-endian: ("ab", "c"), ("a",
 * "bc") and ("abc") have different keys. The same parts give the same key on every machine. About 1 ns a byte;
 * sodium_init() (cache_open calls it) picks the fast code, without it the result is the same. Nothing here fails. */
#ifndef SOLVENT_KEY_H
#define SOLVENT_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <sodium/crypto_generichash.h>

enum { KEY_BYTES = 32, KEY_HEX = 32 };

struct key {
    unsigned char b[KEY_BYTES];
};

struct key_state {
    crypto_generichash_state hash;
};

void key_start(struct key_state *state);
void key_add(struct key_state *state, const void *p, size_t n); /* p may be NULL where n is 0 */
void key_end(struct key_state *state, struct key *key);

/* key_hex writes the first 16 bytes as 32 lower-case hexadecimal digits and a NUL: what an ETag wants. */
void key_hex(const struct key *key, char hex[KEY_HEX + 1]);

static inline bool key_equal(const struct key *a, const struct key *b) { return memcmp(a->b, b->b, KEY_BYTES) == 0; }

/* key_word is the first 8 bytes as an integer (little-endian): a hash that is already uniform. */
static inline unsigned long long key_word(const struct key *key) {
    unsigned long long word = 0;
    for (int i = 7; i >= 0; i--)
        word = word << 8 | key->b[i];
    return word;
}

#endif
