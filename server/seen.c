#include "server/seen.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/clock.h"

static int64_t ns_of(struct timespec t) { return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec; }

static struct seen_file look(int folder, const char *path) {
    struct stat st;
    if (fstatat(folder, path, &st, 0))
        return (struct seen_file){.there = false};
    return (struct seen_file){.there = true,
                              .device = st.st_dev,
                              .inode = st.st_ino,
                              .size = (uint64_t)st.st_size,
                              .written_ns = ns_of(st.st_mtim),
                              .changed_ns = ns_of(st.st_ctim)};
}

static bool same(const struct seen_file *a, const struct seen_file *b) {
    return a->there == b->there && a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->written_ns == b->written_ns && a->changed_ns == b->changed_ns;
}

void seen_look(struct seen *seen, int folder, const char *path) {
    struct seen_file *list = realloc(seen->list, (seen->n + 1) * sizeof *list);
    if (list)
        seen->list = list;
    char *copy = list ? strdup(path) : NULL;
    if (!copy) {
        seen->failed = true;
        return;
    }
    list[seen->n] = look(folder, path);
    list[seen->n++].path = copy;
}

bool seen_same(const struct seen *seen, int folder) {
    for (size_t i = 0; i < seen->n; i++) {
        struct seen_file now = look(folder, seen->list[i].path);
        if (!same(&seen->list[i], &now))
            return false;
    }
    return !seen->failed;
}

void seen_free(struct seen *seen) {
    for (size_t i = 0; i < seen->n; i++)
        free(seen->list[i].path);
    free(seen->list);
    *seen = (struct seen){0};
}
