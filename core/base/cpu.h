/* cpu.h - instruction sets: which of them this machine has, found once by who starts (the server, a test) and lent to
 * the core as ctx->isa. Kernels come as one table of functions per set, in files whose names end in it (x_avx2.c; the
 * Makefile compiles them for it); the plain C one is the oracle of all others, and what runs where there is none.
 *
 *     struct kernels const *k = kernels_for(ctx->isa);    each module has such a function; a set that it has no
 *                                                         table for takes the nearest below
 *
 * Source: Intel SDM vol. 1, ch. 13 (what the operating system saves is asked, too: XGETBV) and sec. 18.2 (tiles, for
 * which Linux wants to be asked once a process: arch_prctl(2)); AArch64 always has NEON. */
#ifndef SOLVENT_CPU_H
#define SOLVENT_CPU_H

#include <stdbool.h>

/* In order: each has what those before it have, but for NEON, which is of another family. */
#define ISA_LIST(X)                                                              \
    X(REF, "ref", "plain C")                                                     \
    X(AVX2, "avx2", "x86-64 with AVX2, BMI2, FMA and F16C")                      \
    X(AVX512, "avx512", "x86-64 with AVX-512 F, BW, CD, DQ and VL")              \
    X(AVX512BF16, "avx512bf16", "the same with products of bfloat16")            \
    X(AMX, "amx", "the same with tiles of bfloat16, which the system allows us") \
    X(NEON, "neon", "AArch64")

enum isa {
#define X(name, text, doc) ISA_##name,
    ISA_LIST(X)
#undef X
        ISA_COUNT
};

const char *isa_text(enum isa isa);

/* isa_find is the set of that name; false: there is none. */
bool isa_find(const char *text, enum isa *out);

/* isa_here: the CPU has it, the operating system saves its registers (and lets this process have them: it asks for tiles
 * where there are any), and this program was built for that family. */
bool isa_here(enum isa isa);

/* isa_plain is the set whose kernels a set has but for products of bfloat16 (core/tensor/half.h). */
static inline enum isa isa_plain(enum isa isa) { return isa == ISA_AVX512BF16 || isa == ISA_AMX ? ISA_AVX512 : isa; }

/* isa_best is the greatest set that is here. */
enum isa isa_best(void);

#endif
