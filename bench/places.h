/* places.h - points of the plane for the benchmarks. */
#ifndef SOLVENT_PLACES_H
#define SOLVENT_PLACES_H

#include <math.h>
#include <string.h>

#include "bench/measure.h"
#include "core/geometry/point_set.h"

static uint64_t place_state = 1;
static inline double unit(void) { return (double)(measure_random(&place_state) >> 11) * 0x1p-53; }

typedef struct point place(size_t i, size_t n);

static struct point uniform(size_t i, size_t n) {
    double x = unit(), y = unit();
    return (void)i, (void)n, (struct point){x, y};
}
static struct point on_circle(size_t i, size_t n) {
    double angle = 6.283185307179586 * (double)i / (double)n;
    return (struct point){cos(angle), sin(angle)};
}
static struct point grid(size_t i, size_t n) {
    size_t side = (size_t)ceil(sqrt((double)n));
    return (struct point){(double)(i % side), (double)(i / side)};
}
static struct point clustered(size_t i, size_t n) {
    double x = 0, y = 0;
    for (int k = 0; k < 6; k++)
        x += unit() - 0.5, y += unit() - 0.5;
    return (void)n, (struct point){(double)(i % 10) * 7 + x * 0.1, (double)(i / 10 % 10) * 7 + y * 0.1};
}
static struct point around(size_t i, size_t n) { /* the square that holds a star */
    struct point p = uniform(i, n);
    return (struct point){3 * p.x - 1.5, 3 * p.y - 1.5};
}
static struct point jagged(size_t i, size_t n, double jag) {
    struct point p = on_circle(i, n);
    double radius = 1 + unit() * jag;
    return (struct point){p.x * radius, p.y * radius};
}
/* Corners of polygons, simple by their angles: one nearly round, one whose corners go far in and out. */
static struct point smooth(size_t i, size_t n) { return jagged(i, n, 1e-4); }
static struct point star(size_t i, size_t n) { return jagged(i, n, 0.2); }

/* What filters and partitions find hard: one point, a line but for the last bits, order, extreme magnitudes. */
static struct point same(size_t i, size_t n) { return (void)i, (void)n, (struct point){0.5, 0.5}; }
static struct point line(size_t i, size_t n) {
    struct point p = uniform(i, n);
    return (struct point){0.5 + floor(p.x * 2048) * 0x1p-53, 0.5 + floor(p.y * 2048) * 0x1p-53};
}
static struct point stairs(size_t i, size_t n) {
    struct point p = uniform(i, n);
    return (struct point){((double)i + p.x) / (double)n, ((double)i + p.y) / (double)n};
}
static struct point tiny(size_t i, size_t n) {
    struct point p = uniform(i, n);
    return (struct point){p.x * 1e-300, p.y * 1e-300};
}
static struct point huge(size_t i, size_t n) {
    struct point p = uniform(i, n);
    return (struct point){p.x * 1e300, p.y * 1e300};
}

static const struct place_kind {
    const char *name;
    place *at;
} PLACES[] = {{"uniform", uniform}, {"circle", on_circle}, {"grid", grid}, {"clustered", clustered},
              {"around", around},   {"smooth", smooth},    {"star", star}, {"same", same},
              {"line", line},       {"stairs", stairs},    {"tiny", tiny}, {"huge", huge}};
enum { PLACES_N = sizeof PLACES / sizeof *PLACES };

/* place_named ends the benchmark where there is no such place. */
static inline place *place_named(const char *name) {
    for (size_t i = 0; i < PLACES_N; i++)
        if (strcmp(PLACES[i].name, name) == 0)
            return PLACES[i].at;
    fprintf(stderr, "There are no places named \"%s\".\n", name);
    exit(2);
}

static inline void places_fill(struct point *at, size_t n, place *of) {
    for (size_t i = 0; i < n; i++)
        at[i] = of(i, n);
}

#endif
