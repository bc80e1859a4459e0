/* mapped_files.h - a folder's files, mapped into memory: what models are read from. */
#ifndef SOLVENT_MAPPED_FILES_H
#define SOLVENT_MAPPED_FILES_H

#include "handlers/files.h"

/* mapped_files_open opens a folder. Files of it are mapped as they are asked for, until mapped_files_close. A file that
 * shrinks while it is mapped ends the program, as with any program that maps files: replace a model by renaming.
 * NULL: it cannot be opened, errno says why. Threads: one at a time. */
struct files *mapped_files_open(const char *folder);
void mapped_files_close(struct files *files);

#endif
