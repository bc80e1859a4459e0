/* fuzz_endpoints.c - the libFuzzer target: one input is one request to one endpoint.
 *
 *     byte 0    the endpoint, modulo their number, in the order of handlers/ep_*.c
 *     byte 1    bits 0-1 the media type: 0 JSON, 1 npy, 2 JSON with a query, 3 as given; bits 2-3 the Accept header
 *     the rest  the body; but for 0 a first line comes before it: the query (1, 2), or the media type and the Accept
 * header (3)
 *
 * $SOLVENT_FUZZ_SEEDS names a folder that gets the named corpus in this form before the run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/check.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MEDIA_PLAIN_JSON = 0, MEDIA_NPY_QUERY = 1, MEDIA_JSON_QUERY = 2, MEDIA_GIVEN = 3 };

static size_t endpoint_count(void) {
    size_t n = 0;
    while (endpoints[n])
        n++;
    return n;
}

struct seeding {
    const char *folder;
    size_t endpoint;
};

static void write_seed(void *arg, const char *name, const struct sample *sample) {
    const struct seeding *seeding = arg;
    bool npy = sample->media && strcmp(sample->media, "application/x-npy") == 0;
    char word[64], path[512];
    endpoint_word(sample->endpoint, word);
    snprintf(path, sizeof path, "%s/%s-%s", seeding->folder, word, name);
    FILE *f = fopen(path, "wb");
    if (!f)
        return;
    fprintf(f, "%c%c", (char)seeding->endpoint, npy ? MEDIA_NPY_QUERY : MEDIA_PLAIN_JSON);
    if (npy)
        fprintf(f, "%s\n", sample->query);
    fwrite(sample->body, 1, sample->n, f);
    fclose(f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    struct seeding seeding = {.folder = getenv("SOLVENT_FUZZ_SEEDS")};
    if (seeding.folder)
        for (; endpoints[seeding.endpoint]; seeding.endpoint++)
            corpus_each(endpoints[seeding.endpoint], write_seed, &seeding);
    return 0;
}

/* take_line cuts the first line off the body. The caller frees it. */
static char *take_line(struct sample *sample) {
    const char *end = sample->n ? memchr(sample->body, '\n', sample->n) : NULL;
    size_t n = end ? (size_t)(end - (const char *)sample->body) : 0;
    char *line = strndup(sample->body, n);
    if (end)
        sample->body = end + 1, sample->n -= n + 1;
    return line;
}

static void check(const struct sample *sample) {
    char why[512];
    int http;
    if (check_sample(sample, &http, why))
        return;
    fprintf(stderr, "%s %s (%s): %s\n", sample->endpoint->method, sample->endpoint->route, sample->media, why);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const char *const MEDIA[] = {"application/json", "application/x-npy", "application/json; charset=utf-8"};
    static const char *const ACCEPT[] = {NULL, "application/x-npy", "application/json", "text/html, */*;q=0.1"};
    if (n < 2)
        return 0;
    unsigned media = data[1] & 3;
    struct sample sample = {.endpoint = endpoints[data[0] % endpoint_count()],
                            .accept = ACCEPT[data[1] >> 2 & 3],
                            .query = "",
                            .body = data + 2,
                            .n = n - 2};
    char *line = media == MEDIA_PLAIN_JSON ? strdup("") : take_line(&sample);
    if (!line)
        return 0;
    if (media == MEDIA_GIVEN)
        sample.media = sample.accept = line;
    else
        sample.media = MEDIA[media], sample.query = line;
    check(&sample);
    free(line);
    return 0;
}
