/* made_files.h - a folder in memory. Each file lies in a block of exactly its size, so that a sanitizer sees a byte too
 * far. */
#ifndef SOLVENT_TEST_MADE_FILES_H
#define SOLVENT_TEST_MADE_FILES_H

#include "handlers/files.h"

enum { MADE_FILES_MAX = 16 };

struct made_file {
    const char *path; /* borrowed */
    unsigned char *bytes;
    size_t n;
};

struct made_files {
    struct files files;
    size_t n;
    struct made_file list[MADE_FILES_MAX];
    const char *broken; /* a path that cannot be opened */
    size_t passed;      /* bytes of which it was said that they were read */
};

void made_files_init(struct made_files *m);
void made_files_release(struct made_files *m);

/* made_files_put copies n bytes; a path that is there already gets them instead. */
void made_files_put(struct made_files *m, const char *path, const void *bytes, size_t n);
void made_files_text(struct made_files *m, const char *path, const char *text);
void made_files_remove(struct made_files *m, const char *path);
/* made_files_move gives a file another path. */
void made_files_move(struct made_files *m, const char *from, const char *to);

#endif
