/* models.h - the models that requests may call by name: the *.json files of a folder, and its folders that hold a
 * network as diffusers writes it, which are loaded.
 *
 * A name is the file's name without .json, or the folder's: 1 to 64 characters of [A-Za-z0-9._-]. A file that is unreadable, too large
 * or no JSON object is skipped with a sentence in the log. Rescanning replaces the set at once; what requests in
 * progress point to lives until models_close. Threads: any, but only one rescans. */
#ifndef SOLVENT_MODELS_H
#define SOLVENT_MODELS_H

#include <stddef.h>

#include "core/base/cpu.h"

struct loaded_model;
struct log;
struct models;

/* models_open reads the folder (NULL or "": there are no models). NULL: no memory. */
struct models *models_open(const char *folder, enum isa isa, struct log *log);
void models_close(struct models *models);
void models_rescan(struct models *models);

/* As struct host wants them. */
const char *models_json(struct models *models, const char *name, size_t *n);
const char *models_name(struct models *models, size_t i); /* in order of the names; NULL past the last */
const struct loaded_model *models_network(struct models *models, const char *name, size_t n);

#endif
