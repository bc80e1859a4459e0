#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/check.h"
#include "tests/support/test.h"

void endpoint_word(const struct endpoint *endpoint, char word[64]) {
    const char *p = endpoint->route;
    char allow[64];
    size_t n = 0;
    if (strncmp(p, "/v1/", 4) == 0)
        p += 4;
    for (; *p && n < 62; p++)
        if (isalnum((unsigned char)*p))
            word[n++] = *p;
        else if (n > 0 && word[n - 1] != '_')
            word[n++] = '_';
    while (n > 0 && word[n - 1] == '_')
        n--;
    if (n == 0)
        n = (size_t)snprintf(word, 64, "root");
    word[n] = '\0';
    if (endpoint->input && endpoint_find("GET", endpoint->route, allow))
        snprintf(word + n, 64 - n, "_post");
}

/* query_of reads x.query beside x.json; "" where there is none. The caller frees it. */
static char *query_of(const char *path) {
    char name[512];
    snprintf(name, sizeof name, "%.*s.query", (int)(strrchr(path, '.') - path), path);
    char *query = read_file(name, NULL);
    if (!query)
        return strdup("");
    query[strcspn(query, "\r\n")] = '\0';
    return query;
}

static const char *media_of(const char *ending) {
    if (strcmp(ending, ".json") == 0)
        return "application/json";
    return strcmp(ending, ".npy") == 0 ? "application/x-npy" : "text/plain";
}

static int is_body(const struct dirent *entry) {
    const char *ending = strrchr(entry->d_name, '.');
    return ending && ending != entry->d_name && strcmp(ending, ".query") != 0;
}

size_t corpus_each(const struct endpoint *endpoint,
                   void (*visit)(void *arg, const char *name, const struct sample *sample), void *arg) {
    size_t visited = 1;
    struct sample sample = {.endpoint = endpoint, .query = "", .body = ""};
    const char *example = endpoint->example ? endpoint->example : endpoint->target;
    if (example)
        sample.body = example, sample.n = strlen(example);
    visit(arg, "example.json", &sample);
    char word[64], folder[128], path[512];
    endpoint_word(endpoint, word);
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", word);
    struct dirent **entries;
    int n = scandir(folder, &entries, is_body, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        char *body = read_file(path, &sample.n), *query = query_of(path);
        sample.media = media_of(strrchr(path, '.')), sample.body = body, sample.query = query;
        if (body && query)
            visit(arg, entries[i]->d_name, &sample), visited++;
        free(body), free(query), free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return visited;
}
