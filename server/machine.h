/* machine.h - what this process may use: less than the machine has where a container limits it (cgroup v2). */
#ifndef SOLVENT_MACHINE_H
#define SOLVENT_MACHINE_H

#include <stddef.h>
#include <stdint.h>

unsigned machine_cores(void); /* at least 1 */
size_t machine_memory(void);  /* bytes */

/* machine_files raises the limit of open files to n if it may, and returns what it is. */
size_t machine_files(size_t n);

/* machine_random draws 64 bits. */
uint64_t machine_random(void);

#endif
