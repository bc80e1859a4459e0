#include <immintrin.h>

#define LANES 16
/* gcc's macros do not tell it that they read and write memory. */
#define SETTLED() __asm__ volatile("" ::: "memory")
#define TILES_RELEASE() _tile_release()
#define TILE_ZERO(t) _tile_zero(t)
#define TILE_DOT(c, a, b) _tile_dpbf16ps(c, a, b)
#define TILES_CONFIGURE(config)   \
    do {                          \
        SETTLED();                \
        _tile_loadconfig(config); \
    } while (0)
#define TILE_LOAD(t, p, stride)    \
    do {                           \
        SETTLED();                 \
        _tile_loadd(t, p, stride); \
    } while (0)
#define TILE_STORE(t, p, stride)    \
    do {                            \
        _tile_stored(t, p, stride); \
        SETTLED();                  \
    } while (0)
#define JOINED 2
#define MULTIPLY(acc, a, b) ((vec)_mm512_dpbf16_ps((__m512)(acc), (__m512bh)(a), (__m512bh)(b)))
#include "core/tensor/half_narrow.h"
#include "core/tensor/half_outer.h"
#include "core/tensor/half_tiles.h"

const struct half_kernels half_amx = {
    .isa = ISA_AMX,
    .step = TILE_DEPTH,
    .tile = {TILES_ROWS, TILES_COLUMNS, tile},
    .slim = {TILES_ROWS, TILE_SIDE, slim_tile},
    .narrow = narrow,
    .outer = outer,
};
