/* cache_guard.h - survives a mapped file whose pages are gone. (Private to cache_disk.c and cache_writer.c.)
 *
 * SQLite reads the cache's file through mmap, which is twice as fast for large rows; but where the file is cut short
 * under it, or the disk fails, the kernel sends SIGBUS, and the process would die for a disposable file. Between
 * guard_enter and guard_leave a SIGBUS of this thread maps a page of zeros at the place and goes on: SQLite then finds
 * a damaged page, or the row's check fails. Any other SIGBUS goes where it went before. */
#ifndef SOLVENT_CACHE_GUARD_H
#define SOLVENT_CACHE_GUARD_H

#include <stdbool.h>

/* guard_install sets the handler of the process; again is harmless. */
void guard_install(void);

void guard_enter(void);
/* guard_leave says whether a page was gone since guard_enter. */
bool guard_leave(void);

#endif
