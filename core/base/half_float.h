/* half_float.h - IEEE 754 binary16 and bfloat16 as bits. To float is exact; from float rounds to nearest, ties to even,
 * and NaN stays a NaN (of quiet kind). Threads: reentrant. */
#ifndef SOLVENT_HALF_FLOAT_H
#define SOLVENT_HALF_FLOAT_H

#include <stdint.h>
#include <string.h>

static inline float float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t bits_of_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of_bf16(uint16_t h) { return float_of_bits((uint32_t)h << 16); }

/* The exponent's bias differs by 112; where it is 0 the float is subnormal too, and the product still exact. */
static inline float float_of_f16(uint16_t h) {
    uint32_t sign = (h & 0x8000u) << 16, rest = (h & 0x7fffu) << 13;
    if (rest >= 0x7c00u << 13)
        return float_of_bits(sign | 0x7f800000u | rest);
    return float_of_bits(sign | bits_of_float(float_of_bits(rest) * 0x1p112f));
}

static inline uint16_t bf16_of_float(float x) {
    uint32_t bits = bits_of_float(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

static inline uint16_t f16_of_float(float x) {
    uint32_t bits = bits_of_float(x), sign = bits >> 16 & 0x8000u;
    bits &= 0x7fffffffu;
    if (bits > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u);
    if (bits >= 0x477ff000u) /* 65520: half way past the greatest */
        return (uint16_t)(sign | 0x7c00u);
    if (bits < 0x38800000u) /* subnormal: below 1 a float of [1/2, 1) has their spacing, 2^-24 */
        return (uint16_t)(sign | (bits_of_float(float_of_bits(bits) + 0.5f) - 0x3f000000u));
    return (uint16_t)(sign | (bits - 0x38000000u + 0xfffu + (bits >> 13 & 1u)) >> 13);
}

#endif
