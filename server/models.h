/* models.h - the models that requests may call by name: the *.json files of a folder, and its folders that hold a
 * network as diffusers writes it.
 *
 * A name is the file's name without .json, or the folder's: 1 to 64 characters of [A-Za-z0-9._-]; of two the file wins.
 * What cannot be served is listed with a sentence, which the log has too. Opening and rescanning read of a network its
 * configuration and the headers of its weights alone. Its files are read for a digest when a request names it first, and
 * again when one runs it; its weights stay until others want the memory, those asked for longest ago going first.
 *
 * A rescan keeps what has not changed (seen.h). What is replaced or gone lives, with its weights, until the last call
 * that has found it ends. What the service makes itself (put) it may replace and remove; the files of such a one stay
 * as long. Threads: any. */
#ifndef SOLVENT_MODELS_H
#define SOLVENT_MODELS_H

#include <stddef.h>

#include "handlers/model_store.h"

struct log;
struct models;

/* models_open reads the folder (NULL or "": there are no models). `memory` bytes are for all weights together; 0: a
 * quarter of the machine's. NULL: no memory. */
struct models *models_open(const char *folder, enum isa isa, size_t memory, struct log *log);
void models_close(struct models *models);

/* models_tidy removes what is left of models that were being removed when a process died; for one process to do that
 * begins to serve the folder. */
void models_tidy(struct models *models);

/* models_rescan looks at the folder again, and tells the log. */
void models_rescan(struct models *models);

/* models_store lends the models to endpoints. */
struct model_store *models_store(struct models *models);

struct models_stats {
    size_t models, loaded, held, memory; /* held: bytes */
    uint64_t loads;
};
void models_stats(struct models *models, struct models_stats *out);

#endif
