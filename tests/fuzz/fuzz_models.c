/* fuzz_models.c - the libFuzzer target of models' folders: byte 0 chooses which file of a folder the rest is, in the
 * order of model_input.h. $SOLVENT_FUZZ_SEEDS names a folder that gets a right file of each kind before the run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/model_input.h"
#include "tests/fuzz/seed_file.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    const char *folder = getenv("SOLVENT_FUZZ_SEEDS");
    for (size_t i = 0; folder && i < MODEL_INPUTS; i++) {
        size_t n;
        char *seed = model_input_seed(i, &n);
        seed_file(folder, model_input_words[i], i, seed, n);
        free(seed);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    char why[512];
    bool good;
    if (n == 0 || model_input_check(data[0] % MODEL_INPUTS, data + 1, n - 1, &good, why))
        return 0;
    fprintf(stderr, "%s: %s\n", model_input_words[data[0] % MODEL_INPUTS], why);
    abort();
}
