/* tables.h - the tables of kernels that this machine has. */
#ifndef SOLVENT_TEST_TABLES_H
#define SOLVENT_TEST_TABLES_H

#include "core/tensor/tensor.h"

/* test_table is that of an instruction set; NULL: this machine has not that, or it has no table of its own for float32. */
static inline const struct tensor_kernels *test_table(int isa) {
    return isa_here((enum isa)isa) && isa_plain((enum isa)isa) == (enum isa)isa ? tensor_kernels_for((enum isa)isa)
                                                                                : NULL;
}

/* EACH_TABLE(k) does what follows for each of them; `isa` is its set. */
#define EACH_TABLE(k)                         \
    for (int isa = 0; isa < ISA_COUNT; isa++) \
        for (const struct tensor_kernels *k = test_table(isa); k; k = NULL)

#endif
