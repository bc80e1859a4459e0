/* segments - how long all crossings of many segments, the test whether an outline is simple, and its triangles take.
 *
 *     make build/release/bench/segments && build/release/bench/segments [N]
 *
 * Every row: one shape of N segments (10^5). Each figure is the least of its rounds. */
#include "bench/measure.h"
#include "core/geometry/intersect.h"
#include "core/geometry/polygon_triangulation.h"

#include <math.h>

enum { ROUNDS = 3 };

static uint64_t state = 1;
static double unit(void) { return (double)(measure_random(&state) >> 11) * 0x1p-53; }

static void random_short(double *s, size_t i, size_t n) {
    double size = 1 / sqrt((double)n);
    (void)i, s[0] = unit(), s[1] = unit(), s[2] = s[0] + size * (unit() - 0.5), s[3] = s[1] + size * (unit() - 0.5);
}
/* slanted and as long as the whole, hardly any cross */
static void long_slanted(double *s, size_t i, size_t n) {
    s[0] = unit() * 1e-4, s[1] = (double)i / (double)n, s[2] = 1 - unit() * 1e-4, s[3] = s[1] + 0.5;
}
static void crossing_lines(double *s, size_t i, size_t n) { /* 1000 by 1000 whatever n; the others are apart */
    (void)n;
    double at = (double)(i / 2);
    s[0] = i & 1 ? at : -1, s[1] = i & 1 ? -1 : at, s[2] = i & 1 ? at + 0.5 : 1000, s[3] = i & 1 ? 1000 : at + 0.5;
    if (i >= 2000)
        s[0] = s[2] = at + 5000, s[1] = 0, s[3] = 1;
}
static void collinear(double *s, size_t i, size_t n) { /* each overlaps the next ten on its line */
    (void)n;
    s[0] = (double)(i % 1000), s[1] = 7 * (double)(i / 1000) + s[0], s[2] = s[0] + 10.5, s[3] = s[1] + 10.5;
}
static void shared_ends(double *s, size_t i, size_t n) { /* fans of twenty */
    (void)n;
    double x = (double)(i / 20 % 100), y = (double)(i / 2000);
    s[0] = x, s[1] = y, s[2] = x + 0.4 * unit(), s[3] = y + 0.4 * unit();
}
static void vertical(double *s, size_t i, size_t n) {
    (void)n;
    s[0] = s[2] = (double)(i % 1000), s[1] = (double)(i / 1000), s[3] = s[1] + 3;
}

static const struct {
    const char *name;
    void (*make)(double *s, size_t i, size_t n);
} SHAPES[] = {
    {"random short", random_short}, {"long slanted", long_slanted}, {"10^6 crossings", crossing_lines},
    {"collinear", collinear},       {"shared ends", shared_ends},   {"vertical", vertical},
};

static double time_pairs(const double *s, size_t n, size_t *total) {
    double best = HUGE_VAL;
    for (int round = 0; round < ROUNDS; round++) {
        struct ctx ctx;
        struct pairs pairs = {0};
        ctx_init(&ctx, (size_t)4 << 30);
        double start = measure_seconds();
        if (segment_pairs(&ctx, s, n, 1000, &pairs) != STATUS_OK)
            return -1;
        best = fmin(best, measure_seconds() - start);
        *total = pairs.total;
        ctx_release(&ctx);
    }
    return best;
}

static double time_polygon(const double *s, size_t n, bool *simple) {
    const struct ring ring = {s, n};
    struct polygon_out out = {0};
    struct ctx ctx;
    ctx_init(&ctx, (size_t)4 << 30);
    double start = measure_seconds();
    if (polygon_measure(&ctx, &(struct rings){1, &ring}, &out) != STATUS_OK)
        return -1;
    *simple = out.simple;
    ctx_release(&ctx);
    return measure_seconds() - start;
}

/* Outlines on which cutting ears is slow. */
static void star(double *xy, size_t i, size_t n) {
    double angle = 6.283185307179586 * (double)i / (double)n, radius = 1 + unit();
    xy[0] = cos(angle) * radius, xy[1] = sin(angle) * radius;
}
static void comb(double *xy, size_t i, size_t n) { /* teeth down to a base far below */
    xy[0] = (double)i, xy[1] = i == 0 || i + 1 == n ? -1e6 : i % 2 ? 0 : -1000 - (double)(i % 7);
}
static void spiral(double *xy, size_t i, size_t n) { /* in along one side, out along the other */
    bool out = i >= n / 2;
    double at = (double)(out ? n - 1 - i : i), angle = at / 40, radius = 1e3 + angle + (out ? 1 : 0);
    xy[0] = cos(angle) * radius, xy[1] = sin(angle) * radius;
}
static const struct {
    const char *name;
    void (*make)(double *xy, size_t i, size_t n);
} OUTLINES[] = {{"star", star}, {"comb", comb}, {"spiral", spiral}};

static void time_triangles(const char *name, const double *xy, size_t n) {
    const struct ring ring = {xy, n};
    struct polygon_triangles t;
    struct ctx ctx;
    ctx_init(&ctx, (size_t)4 << 30);
    double start = measure_seconds();
    enum status status = polygon_triangulate(&ctx, &(struct rings){1, &ring}, &t);
    printf("triangles: %-7s %7zu corners %s %8.1f ms\n", name, n, status == STATUS_OK ? "done   " : ctx.err.detail,
           1e3 * (measure_seconds() - start));
    ctx_release(&ctx);
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000, total = 0;
    double *s = measure_must(malloc(4 * n * sizeof *s + 16));
    for (size_t k = 0; k < sizeof SHAPES / sizeof *SHAPES; k++) {
        for (size_t i = 0; i < n; i++)
            SHAPES[k].make(s + 4 * i, i, n);
        double seconds = time_pairs(s, n, &total);
        printf("%-16s %9zu segments %10zu pairs %8.1f ms\n", SHAPES[k].name, n, total, 1e3 * seconds);
    }
    bool simple = false;
    for (int crossed = 0; crossed < 2; crossed++) {
        for (size_t i = 0; i < 2 * n; i++) {
            star(s + 2 * i, i, 2 * n);
        }
        if (crossed)
            s[2] = -s[2], s[3] = -s[3];
        double seconds = time_polygon(s, 2 * n, &simple);
        printf("star polygon     %9zu corners  simple: %d %8.1f ms\n", 2 * n, simple, 1e3 * seconds);
    }
    for (size_t k = 0; k < sizeof OUTLINES / sizeof *OUTLINES; k++) {
        for (size_t i = 0; i < 2 * n; i++)
            OUTLINES[k].make(s + 2 * i, i, 2 * n);
        time_triangles(OUTLINES[k].name, s, 2 * n);
    }
    free(s);
    return 0;
}
