/* machine.h - what this process may use: less than the machine has where a container limits it (cgroup v2). */
#ifndef SOLVENT_MACHINE_H
#define SOLVENT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cpu.h"

unsigned machine_cores(void); /* at least 1 */
size_t machine_memory(void);  /* bytes */

/* machine_files raises the limit of open files to n if it may, and returns what it is. */
size_t machine_files(size_t n);

/* machine_random draws 64 bits. */
uint64_t machine_random(void);

/* machine_isa resolves the option --kernels. false: error says why. */
enum { MACHINE_ERROR = 160 };
bool machine_isa(const char *name, enum isa *out, char error[MACHINE_ERROR]);

/* machine_build returns the linker's build id of this program (*n bytes), which differs where any of its code differs,
 * and is the same for the same build on another machine; NULL and 0 where the linker made none. */
const unsigned char *machine_build(size_t *n);

#endif
