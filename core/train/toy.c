#include "core/train/toy.h"

#include <math.h>

#include "core/base/elementary.h"
#include "core/base/normal.h"
#include "core/base/philox.h"

const char *const toy_names[] = {"moons", "eight-gaussians", "cfm-moons", "cfm-gaussians", NULL};

/* What a point is made of: its class, two numbers of 0 .. 1, two standard normal ones. */
struct draw {
    int64_t class;
    double part, along, z[2];
};

static void moon(const struct draw *d, double *point) {
    const double radius = 1.3, noise = 0.07, sign = d->class ? -1 : 1;
    double x = sign * elementary_cospi(d->part) + (d->class ? 1 : 0) - 0.5;
    double y = sign * elementary_sinpi(d->part) + (d->class ? 0.5 : 0) - 0.25;
    point[0] = radius * x + noise * d->z[0];
    point[1] = radius * y + noise * d->z[1];
}

static void gaussian(const struct draw *d, double *point) {
    const double radius = M_SQRT2, std = 0.1;
    point[0] = radius * elementary_cospi((double)d->class / 4) + std * d->z[0];
    point[1] = radius * elementary_sinpi((double)d->class / 4) + std * d->z[1];
}

static void cfm_moon(const struct draw *d, double *point) {
    const double noise = 0.2 * d->along, sign = d->class ? -1 : 1;
    point[0] = 3 * (sign * elementary_cospi(d->part) + (d->class ? 1 : 0) + noise) - 1;
    point[1] = 3 * (sign * elementary_sinpi(d->part) + (d->class ? 0.5 : 0) + noise) - 1;
}

static void cfm_gaussian(const struct draw *d, double *point) {
    const double radius = 5, std = 0.5623413251903491; /* the fourth root of 0.1 */
    point[0] = radius * elementary_cospi((double)d->class / 4) + std * d->z[0];
    point[1] = radius * elementary_sinpi((double)d->class / 4) + std * d->z[1];
}

static const struct {
    int64_t classes;
    bool unit;
    void (*place)(const struct draw *d, double *point);
} TOYS[] = {
    [TOY_MOONS] = {2, true, moon},
    [TOY_EIGHT_GAUSSIANS] = {8, true, gaussian},
    [TOY_CFM_MOONS] = {2, false, cfm_moon},
    [TOY_CFM_GAUSSIANS] = {8, false, cfm_gaussian},
};

int64_t toy_classes(enum toy toy) { return TOYS[toy].classes; }

bool toy_is_unit(enum toy toy) { return TOYS[toy].unit; }

static double part_of(uint32_t word) { return (word + 0.5) * 0x1p-32; }

void toy_draw(enum toy toy, uint64_t seed, size_t n, float *points, int64_t *classes) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (size_t i = 0; i < n; i++) {
        uint32_t words[4];
        double point[2];
        struct draw d;
        philox4x32(key, (uint32_t[]){1, (uint32_t)i, 0, NORMAL_TOY}, words); /* block 0 is that of z */
        normal_rows(seed, NORMAL_TOY, 0, i, 1, 2, d.z);
        classes[i] = d.class = words[0] % (uint32_t)toy_classes(toy);
        d.part = part_of(words[1]);
        d.along = part_of(words[2]);
        TOYS[toy].place(&d, point);
        points[2 * i] = (float)point[0];
        points[2 * i + 1] = (float)point[1];
    }
}
