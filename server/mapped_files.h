/* mapped_files.h - a folder's files, mapped into memory: what models are read from. */
#ifndef SOLVENT_MAPPED_FILES_H
#define SOLVENT_MAPPED_FILES_H

#include "handlers/files.h"

/* mapped_files_open opens a folder. Files of it are mapped as they are asked for, until mapped_files_close. What is cut off
 * a file while it is mapped reads as zeros from then on, where any other program would end by SIGBUS: whoever needs to
 * know looks at the file again afterwards (seen.h). NULL: it cannot be opened, errno says why.
 * Threads: the one that opens reads and closes; it may open several, and closes the last one first. */
struct files *mapped_files_open(const char *folder);
void mapped_files_close(struct files *files);

#endif
