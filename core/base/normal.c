#include "core/base/normal_rows.h"

void normal_rows(uint64_t seed, uint32_t stream, uint32_t step, size_t first, size_t rows, size_t d, double *out) {
    normal_rows_ref(seed, stream, step, first, rows, d, out);
}

normal_rows_function *normal_rows_for(enum isa isa) {
    switch (isa_plain(isa)) {
#if defined(__x86_64__)
    case ISA_AVX2: return normal_rows_avx2;
    case ISA_AVX512: return normal_rows_avx512;
#endif
    default: return normal_rows_ref;
    }
}
