#include <immintrin.h>

#define LANES 16
#define ROWS 12
#define VECTORS 2
#define SLIM_ROWS 24
#define DOT(acc, pair, weights) ((vec)_mm512_dpbf16_ps((__m512)(acc), (__m512bh)(pair), (__m512bh)(weights)))
#define TABLE half_avx512bf16
#define SET ISA_AVX512BF16
#include "core/tensor/half_vector.h"
