/* waves_body.h - waves.h for the instruction set that it is compiled for. WAVES names the function. */
#include <string.h>

#include "core/base/lanes.h"
#include "core/base/waves.h"

typedef float vec_single __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline void waves_lanes(const float *angle, float *cosine, float *sine) {
    vec s, c;
    vec_sincos_pi(__builtin_convertvector(*(const vec_single *)angle, vec) / 3.14159265358979323846, &s, &c);
    *(vec_single *)cosine = __builtin_convertvector(c, vec_single);
    *(vec_single *)sine = __builtin_convertvector(s, vec_single);
}

void WAVES(size_t n, const float *angle, float *cosine, float *sine) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        waves_lanes(angle + i, cosine + i, sine + i);
    if (i < n) {
        float rest[LANES] = {0}, c[LANES], s[LANES];
        memcpy(rest, angle + i, (n - i) * sizeof *rest);
        waves_lanes(rest, c, s);
        memcpy(cosine + i, c, (n - i) * sizeof *c);
        memcpy(sine + i, s, (n - i) * sizeof *s);
    }
}
