/* networks.h - a model's folder, loaded, with the digest by which answers know it. */
#ifndef SOLVENT_NETWORKS_H
#define SOLVENT_NETWORKS_H

#include "handlers/model_load.h"

enum { NETWORK_MEMORY = 1 << 30 }; /* bytes a network may hold beside its files, which are mapped while it is read */

/* network_load reads a folder (handlers/model_files.h) for the kernels of a set. The digest is of all files read, and of
 * the set's name, since the last bits of an answer depend on it. NULL: it cannot be served; why->detail says why. */
struct loaded_model *network_load(const char *folder, enum isa isa, struct error *why);

#endif
