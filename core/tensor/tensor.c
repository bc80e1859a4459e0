#include "core/tensor/tensor.h"

const struct tensor_kernels *tensor_kernels_for(enum isa isa) {
    switch (isa_plain(isa)) {
#if defined(__x86_64__)
    case ISA_AVX2: return &tensor_avx2;
    case ISA_AVX512: return &tensor_avx512;
#elif defined(__aarch64__)
    case ISA_NEON: return &tensor_neon;
#endif
    default: return &tensor_ref;
    }
}
