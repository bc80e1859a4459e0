#include "core/train/toy.h"

#include <math.h>

#include "core/base/elementary.h"
#include "core/base/normal.h"
#include "core/base/philox.h"

const char *const toy_names[] = {"moons", "eight-gaussians", NULL};

int64_t toy_classes(enum toy toy) { return toy == TOY_MOONS ? 2 : 8; }

/* Words choose the class and the place; `part` is in 0 .. 1. */
static void moon(int64_t class, double part, const double z[2], float *point) {
    const double radius = 1.3, noise = 0.07, sign = class ? -1 : 1;
    double x = sign * elementary_cospi(part) + (class ? 1 : 0) - 0.5;
    double y = sign * elementary_sinpi(part) + (class ? 0.5 : 0) - 0.25;
    point[0] = (float)(radius * x + noise * z[0]);
    point[1] = (float)(radius * y + noise * z[1]);
}

static void gaussian(int64_t class, double part, const double z[2], float *point) {
    const double radius = M_SQRT2, std = 0.1;
    (void)part;
    point[0] = (float)(radius * elementary_cospi((double)class / 4) + std * z[0]);
    point[1] = (float)(radius * elementary_sinpi((double)class / 4) + std * z[1]);
}

void toy_draw(enum toy toy, uint64_t seed, size_t n, float *points, int64_t *classes) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (size_t i = 0; i < n; i++) {
        uint32_t words[4];
        double z[2];
        philox4x32(key, (uint32_t[]){1, (uint32_t)i, 0, NORMAL_TOY}, words); /* block 0 is that of z */
        normal_rows(seed, NORMAL_TOY, 0, i, 1, 2, z);
        classes[i] = words[0] % (uint32_t)toy_classes(toy);
        (toy == TOY_MOONS ? moon : gaussian)(classes[i], (words[1] + 0.5) * 0x1p-32, z, points + 2 * i);
    }
}
