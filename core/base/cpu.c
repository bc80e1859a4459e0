#include "core/base/cpu.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

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
/* F16C is the CPU's leaf 1, ecx 29: not every compiler knows its name. */
static bool has_f16c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}
/* The compiler's functions ask XGETBV, too. */
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
           has_f16c();
}
static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
static bool has_avx512bf16(void) { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }

/* The CPU's leaf 7 has AMX-BF16 (edx 22) and AMX-TILE (24), and XCR0 both parts of the tiles' state (17, 18). */
static bool has_tiles(void) {
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1))
        return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low >> 17 & 3) == 3;
}
static bool has_amx(void) {
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    return has_avx512bf16() && has_tiles() && !syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA);
}
static bool has_neon(void) { return false; }
#else
static bool has_avx2(void) { return false; }
static bool has_avx512(void) { return false; }
static bool has_avx512bf16(void) { return false; }
static bool has_amx(void) { return false; }
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
    case ISA_AVX512BF16: return has_avx512bf16();
    case ISA_AMX: return has_amx();
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
