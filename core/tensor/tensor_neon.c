#include <arm_neon.h>

#define LANES 4
#define ROWS 8
#define VECTORS 2
#define SLIM_ROWS 16
#define FMA(a, b, c) ((vec)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define ROUND_F16(a) ((vec)vcvt_f32_f16(vcvt_f16_f32((float32x4_t)(a))))
#define TABLE tensor_neon
#define SET ISA_NEON
#include "core/tensor/tensor_vector.h"
