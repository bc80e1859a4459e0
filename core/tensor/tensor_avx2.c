#include <immintrin.h>

#define LANES 8
#define ROWS 6
#define VECTORS 2
#define SLIM_ROWS 12
#define LEAST(a, b) ((vec)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define GREATEST(a, b) ((vec)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define FIRST(n) _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define SOME(p, n) ((vec)_mm256_maskload_ps(p, FIRST(n)))
#define SET_SOME(p, v, n) _mm256_maskstore_ps(p, FIRST(n), (__m256)(v))
#define FMA(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define ROUND_F16(a) ((vec)_mm256_cvtph_ps(_mm256_cvtps_ph((__m256)(a), _MM_FROUND_TO_NEAREST_INT)))
#define TABLE tensor_avx2
#define SET ISA_AVX2
#include "core/tensor/tensor_vector.h"
