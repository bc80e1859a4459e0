/* files.h - the files of a folder, lent by whoever may read them: the server maps them, tests make them up. */
#ifndef SOLVENT_FILES_H
#define SOLVENT_FILES_H

#include "core/base/ctx.h"

struct file {
    const unsigned char *p; /* NULL: there is no such file */
    size_t n;
};

struct files {
    /* open finds the bytes of a file by its path below the folder ("unet/config.json"); they live as long as the struct
     * files. Errors: INVALID (it is there and cannot be read), NO_MEMORY. */
    enum status (*open)(struct files *self, struct ctx *ctx, const char *path, struct file *out);
    /* passed says that n bytes of an open file were read and will hardly be read again: memory that they take can be given
     * back, though they stay readable. NULL: nothing comes of it. */
    void (*passed)(struct files *self, const void *p, size_t n);
};

static inline void files_passed(struct files *files, const void *p, size_t n) {
    if (files->passed)
        files->passed(files, p, n);
}

#endif
