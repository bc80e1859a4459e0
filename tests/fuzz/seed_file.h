/* seed_file.h - what the libFuzzer targets of files write before a run: right files to begin from. */
#ifndef SOLVENT_SEED_FILE_H
#define SOLVENT_SEED_FILE_H

#include <stdio.h>

/* seed_file writes FOLDER/NAME: the byte that chooses the kind, then the n bytes of the seed. A folder that cannot be
 * written costs seeds, not the run. */
static inline void seed_file(const char *folder, const char *name, size_t kind, const void *seed, size_t n) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f)
        return;
    fputc((int)kind, f);
    fwrite(seed, 1, n, f);
    fclose(f);
}

#endif
