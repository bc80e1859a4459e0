/* data_input.h - one hostile file that a network is to learn from; for the fuzz target and for the test that damages
 * right ones. */
#ifndef SOLVENT_FUZZ_DATA_INPUT_H
#define SOLVENT_FUZZ_DATA_INPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Which file it is, and its name. The labels are those of two images. */
#define DATA_INPUT_LIST(X)   \
    X(CSV, "rows.csv")       \
    X(IDX, "images")         \
    X(GZIP, "images.gz")     \
    X(NPY, "rows.npy")       \
    X(LABELS, "labels")      \
    X(PNG, "class/1.png")    \
    X(OPTIONS, "train.json") \
    X(TABLE, "table.csv")
enum data_input {
#define X(kind, name) DATA_INPUT_##kind,
    DATA_INPUT_LIST(X)
#undef X
        DATA_INPUTS
};
extern const char *const data_input_names[DATA_INPUTS];

/* data_input_check reads it. What must hold: nothing crashes, what is read is whole (every number finite, every label
 * within the classes), what is not is a full sentence. *good tells which it was; false: `why` says what does not hold. */
bool data_input_check(size_t which, const void *bytes, size_t n, bool *good, char why[512]);

/* data_input_seed is a right file of that kind; malloc'ed. */
unsigned char *data_input_seed(size_t which, size_t *n);

#endif
