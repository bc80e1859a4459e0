/* seen.h - which files something was read from, and what they were: so that a change is noticed without reading them.
 *
 *     struct seen seen = {0};
 *     seen_look(&seen, folder, "config.json");            before it is opened; one that is not there counts, too
 *     ... seen_same(&seen, folder) ...                    no size, time, inode or absence has changed
 *     seen_free(&seen); */
#ifndef SOLVENT_SEEN_H
#define SOLVENT_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen_file {
    char *path;
    bool there;
    uint64_t device, inode, size;
    int64_t written_ns, changed_ns;
};

struct seen {
    struct seen_file *list;
    size_t n;
    bool failed; /* there was no memory: it is the same as nothing */
};

/* seen_look notes what the file at a path below the folder is now. */
void seen_look(struct seen *seen, int folder, const char *path);
bool seen_same(const struct seen *seen, int folder);
void seen_free(struct seen *seen);

#endif
