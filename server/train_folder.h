/* train_folder.h - the folder that a training run writes: every file is whole or as it was before, whatever ends the
 * process.
 *
 * A file is written beside itself, forced to the disk and renamed; its folder is forced too. */
#ifndef SOLVENT_TRAIN_FOLDER_H
#define SOLVENT_TRAIN_FOLDER_H

#include "core/base/ctx.h"

struct train_folder {
    const char *path; /* borrowed */
    int fd;
    bool made; /* by train_folder_make */
};

/* train_folder_open opens the folder; where it is not there, fd is -1, and nothing is found in it.
 * train_folder_make makes it then (but not those above it), and holds it until it is closed: two runs would overwrite each
 * other's files. train_folder_close takes away what was made and is still empty.
 * Errors: INVALID (why; another process holds it). */
enum status train_folder_open(struct ctx *ctx, const char *path, struct train_folder *out) MUST_CHECK;
enum status train_folder_make(struct ctx *ctx, struct train_folder *f) MUST_CHECK;
void train_folder_close(struct train_folder *f);

/* train_folder_write replaces the file of that path below the folder, and makes the one folder that it may lie in.
 * Errors: INVALID (why). */
enum status train_folder_write(struct ctx *ctx, const struct train_folder *f, const char *path, const void *p,
                               size_t n) MUST_CHECK;

/* train_folder_read reads a file into ctx; *p NULL: there is none. Errors: INVALID (why), NO_MEMORY. */
enum status train_folder_read(struct ctx *ctx, const struct train_folder *f, const char *path, unsigned char **p,
                              size_t *n) MUST_CHECK;

/* train_folder_has: there is such a file. */
bool train_folder_has(const struct train_folder *f, const char *path);

/* train_folder_remove removes a file where it is there. Errors: INVALID (why). */
enum status train_folder_remove(struct ctx *ctx, const struct train_folder *f, const char *path) MUST_CHECK;

/* train_folder_append opens a file to append to, cut to its first `size` bytes; fewer are an error. Returns the
 * descriptor in *fd. Errors: INVALID (why). */
enum status train_folder_append(struct ctx *ctx, const struct train_folder *f, const char *path, uint64_t size,
                                int *fd) MUST_CHECK;

/* train_folder_put writes all of the n bytes to such a descriptor; false: errno says why. */
bool train_folder_put(int fd, const void *p, size_t n);

#endif
