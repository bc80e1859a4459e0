/* fuzz_data.c - the libFuzzer target of files to learn from: byte 0 chooses what the rest is, in the order of
 * data_input.h. $SOLVENT_FUZZ_SEEDS names a folder that gets a right file of each kind before the run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/data_input.h"
#include "tests/fuzz/seed_file.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    const char *folder = getenv("SOLVENT_FUZZ_SEEDS");
    for (size_t i = 0; folder && i < DATA_INPUTS; i++) {
        char name[24];
        size_t n;
        unsigned char *seed = data_input_seed(i, &n);
        snprintf(name, sizeof name, "%zu", i);
        seed_file(folder, name, i, seed, n);
        free(seed);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    char why[512];
    bool good;
    if (n == 0 || data_input_check(data[0] % DATA_INPUTS, data + 1, n - 1, &good, why))
        return 0;
    fprintf(stderr, "%s: %s\n", data_input_names[data[0] % DATA_INPUTS], why);
    abort();
}
