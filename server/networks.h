/* networks.h - a model's folder: its outline, the digest by which answers know it, its weights. */
#ifndef SOLVENT_NETWORKS_H
#define SOLVENT_NETWORKS_H

#include "handlers/model_load.h"
#include "server/key.h"
#include "server/seen.h"

/* network_outline reads all but the weights (handlers/model_load.h), and notes in `seen` what it was read from. NULL: it
 * cannot be served; why->detail says why. */
struct loaded_model *network_outline(const char *folder, enum isa isa, struct seen *seen, struct error *why);

/* network_digest is of all files that an outline is read from, and of the kernels' name, since the last bits of an answer
 * depend on them. It reads the files whole: about a second for a GB, unless the caller is stopped. false: it cannot, and
 * why->detail says why; or it was stopped. */
bool network_digest(const struct ctx *caller, const char *folder, enum isa isa, const struct seen *seen,
                    char digest[KEY_HEX + 1], struct error *why);

/* network_load reads the weights, too, for products of `dtype`, with at most `memory` bytes beside the files. NULL: it cannot, or the files are
 * not those that were seen; why->detail says why, why->pointer is "memory" where that is the reason. */
struct loaded_model *network_load(const char *folder, enum isa isa, enum graph_dtype dtype, const struct seen *seen,
                                  size_t memory, struct error *why);

/* network_measure is the processor time of a call for one sample on this thread, in nanoseconds; 0: that would take long, or more than
 * `memory` bytes. */
int64_t network_measure(const struct loaded_model *model, size_t memory);

#endif
