#include <immintrin.h>

#define LANES 16
#define ROWS 12
#define VECTORS 2
#define SLIM_ROWS 24
#define LEAST(a, b) ((vec)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define GREATEST(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define FIRST(n) ((__mmask16)((1u << (n)) - 1))
#define SOME(p, n) ((vec)_mm512_maskz_loadu_ps(FIRST(n), p))
#define SET_SOME(p, v, n) _mm512_mask_storeu_ps(p, FIRST(n), (__m512)(v))
#define FMA(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define ROUND_F16(a) ((vec)_mm512_cvtph_ps(_mm512_cvtps_ph((__m512)(a), _MM_FROUND_TO_NEAREST_INT)))
#define TABLE tensor_avx512
#define SET ISA_AVX512
#include "core/tensor/tensor_vector.h"
