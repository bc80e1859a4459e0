#include "tests/support/test.h"

#include <unistd.h>

const char *shared_path(const char *name) {
    static char path[512];
    const char *folder = getenv("SOLVENT_SHARED");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "../shared", name);
    return access(path, R_OK) == 0 ? path : NULL;
}

char *read_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    size_t length = 0, size = 1 << 16;
    char *text = malloc(size);
    while (text) {
        length += fread(text + length, 1, size - 1 - length, f);
        if (length < size - 1)
            break;
        char *more = realloc(text, size *= 2);
        if (!more)
            free(text);
        text = more;
    }
    fclose(f);
    if (!text)
        return NULL;
    text[length] = '\0';
    if (n)
        *n = length;
    return text;
}

uint64_t test_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t test_below(uint64_t *state, uint64_t n) {
    return (uint64_t)(((unsigned __int128)test_random(state) * n) >> 64);
}
