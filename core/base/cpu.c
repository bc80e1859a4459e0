#include "core/base/cpu.h"

#include <string.h>

static const char *const TEXTS[ISA_COUNT] = {
#define X(name, text, doc) text,
    ISA_LIST(X)
#undef X
};

const char *isa_text(enum isa isa) { return TEXTS[isa]; }

bool isa_find(const char *text, enum isa *out) {
    for (int i = 0; i < ISA_COUNT; i++)
        if (!strcmp(text, TEXTS[i])) {
            *out = (enum isa)i;
            return true;
        }
    return false;
}

#if defined(__x86_64__)
/* The compiler's functions ask XGETBV, too. */
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
static bool has_neon(void) { return false; }
#else
static bool has_avx2(void) { return false; }
static bool has_avx512(void) { return false; }
static bool has_neon(void) {
#if defined(__aarch64__)
    return true;
#else
    return false;
#endif
}
#endif

bool isa_here(enum isa isa) {
    switch (isa) {
    case ISA_REF: return true;
    case ISA_AVX2: return has_avx2();
    case ISA_AVX512: return has_avx512();
    case ISA_NEON: return has_neon();
    case ISA_COUNT: break;
    }
    return false;
}

enum isa isa_best(void) {
    int best = ISA_COUNT - 1;
    while (!isa_here((enum isa)best))
        best--;
    return (enum isa)best;
}
