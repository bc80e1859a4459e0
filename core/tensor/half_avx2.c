#include <immintrin.h>

#define LANES 8
#define ROWS 6
#define VECTORS 2
#define SLIM_ROWS 12
#define FMA(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define TABLE half_avx2
#define SET ISA_AVX2
#include "core/tensor/half_vector.h"
