#include "server/key.h"

#include <stdint.h>

void key_start(struct key_state *state) { crypto_generichash_init(&state->hash, NULL, 0, KEY_BYTES); }

void key_add(struct key_state *state, const void *p, size_t n) {
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)n >> 8 * i);
    crypto_generichash_update(&state->hash, length, sizeof length);
    if (n)
        crypto_generichash_update(&state->hash, p, n);
}

void key_end(struct key_state *state, struct key *key) { crypto_generichash_final(&state->hash, key->b, KEY_BYTES); }

void key_hex(const struct key *key, char hex[KEY_HEX + 1]) {
    for (int i = 0; i < KEY_HEX; i++)
        hex[i] = "0123456789abcdef"[key->b[i / 2] >> (i % 2 ? 0 : 4) & 15];
    hex[KEY_HEX] = '\0';
}
