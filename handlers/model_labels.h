/* model_labels.h - the names of a model's classes: id2label of model_index.json, {"0": "tench, Tinca tinca", ...}. */
#ifndef SOLVENT_MODEL_LABELS_H
#define SOLVENT_MODEL_LABELS_H

#include "handlers/json_file.h"

enum { MODEL_LABELS_MAX = 1000 * 1000, MODEL_LABEL_BYTES = 1000 };

struct model_label {
    int64_t id;
    struct str text; /* names with commas between them */
};

struct model_labels {
    size_t n;
    struct model_label *list; /* by rising id */
};

/* model_labels_read reads the object of the file `file`; all lives in the arena.
 * Errors: INVALID (one sentence: a key that is no class, a value that is no string), NO_MEMORY. */
enum status model_labels_read(struct ctx *ctx, const char *file, json_t *object, struct model_labels *out) MUST_CHECK;

/* model_labels_find gives the id of the first class that has the name, without regard to spaces around it; -1: none. */
int64_t model_labels_find(const struct model_labels *labels, struct str name);

/* model_labels_of gives the text of a class; NULL: it has none. */
const struct str *model_labels_of(const struct model_labels *labels, int64_t id);

#endif
