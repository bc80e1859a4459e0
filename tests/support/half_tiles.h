/* half_tiles.h - what a table of bfloat16 kernels promises of its tiles (core/tensor/half.h), checked for any table. */
#ifndef SOLVENT_TEST_HALF_TILES_H
#define SOLVENT_TEST_HALF_TILES_H

#include "core/tensor/half.h"
#include "tests/support/guarded.h"

/* half_room gives room for n numbers that end where the next page may not be touched; half_drop gives it back. */
uint16_t *half_room(size_t n);
void half_drop(uint16_t *halves, size_t n);

/* half_tiles_check fails the test where a tile of any size is not the sum of products of its rounded factors, packed by
 * half_pack, within the bound of half.h, or touches what is not its own. half_rows_check, where a row's bits depend on
 * the rows beside it or on its place among them. */
void half_tiles_check(const struct half_kernels *h, uint64_t *seed);
void half_rows_check(const struct half_kernels *h, uint64_t *seed);

#endif
