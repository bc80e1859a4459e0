#include <immintrin.h>

#define LANES 16
#define ROWS 12
#define VECTORS 2
#define SLIM_ROWS 24
#define FMA(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define TABLE half_avx512
#define SET ISA_AVX512
#include "core/tensor/half_vector.h"
