#include "core/base/waves.h"

waves_function *waves_for(enum isa isa) {
    switch (isa_plain(isa)) {
#if defined(__x86_64__)
    case ISA_AVX2: return waves_avx2;
    case ISA_AVX512: return waves_avx512;
#endif
    default: return waves_ref;
    }
}
