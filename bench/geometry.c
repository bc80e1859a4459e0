/* geometry - how long hulls, pairs, circles and triangulations take, in milliseconds.
 *
 *     make build/release/bench/geometry && build/release/bench/geometry [N]
 *
 * Every row: one shape of N points (10^6). Each figure is the median of its rounds. bench/solve has the same points beside
 * peers. */
#include "bench/places.h"
#include "core/geometry/calipers.h"
#include "core/geometry/closest_pair.h"
#include "core/geometry/delaunay.h"
#include "core/geometry/enclosing_circle.h"
#include "core/geometry/hull.h"
#include "core/geometry/polygon_triangulation.h"
#include "core/geometry/simplify_line.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { ROUNDS = 3, SHAPES = 4 /* the first of PLACES */ };

static const char *const COLUMNS[] = {"hull",  "closest",  "farthest", "circle",     "rectangle",
                                      "width", "delaunay", "peucker",  "visvalingam"};

static enum status one(struct ctx *ctx, size_t column, const struct points *p) {
    union {
        struct hull hull;
        struct close_pair close;
        struct far_pair far;
        struct circle circle;
        struct rectangle rectangle;
        struct width width;
        struct triangulation triangles;
        uint8_t *kept;
    } out;
    struct simplify_in in = {*p, 1e-3, false, SIMPLIFY_DOUGLAS_PEUCKER};
    switch (column) {
    case 0: return hull_of(ctx, p, false, NULL, &out.hull);
    case 1: return closest_pair(ctx, p, &out.close);
    case 2: return calipers_farthest(ctx, p, &out.far);
    case 3: return circle_around(ctx, p, &out.circle);
    case 4: return calipers_rectangle(ctx, p, false, &out.rectangle);
    case 5: return calipers_width(ctx, p, &out.width);
    case 6: return delaunay_of(ctx, p, &out.triangles);
    case 7: return simplify_line(ctx, &in, &out.kept);
    default: in.algorithm = SIMPLIFY_VISVALINGAM; return simplify_line(ctx, &in, &out.kept);
    }
}

static double time_one(size_t column, const struct points *p) {
    double times[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        struct ctx ctx;
        ctx_init(&ctx, (size_t)4 << 30);
        double start = measure_seconds();
        enum status status = one(&ctx, column, p);
        times[round] = status == STATUS_OK ? 1e3 * (measure_seconds() - start) : -1;
        ctx_release(&ctx);
    }
    return measure_median(times, ROUNDS);
}

static void time_polygon(struct point *at, size_t n, const char *outline) {
    places_fill(at, n, place_named(outline));
    const struct ring ring = {&at->x, n};
    const struct rings polygon = {1, &ring};
    struct ctx ctx;
    struct polygon_triangles triangles;
    ctx_init(&ctx, (size_t)4 << 30);
    double start = measure_seconds();
    if (polygon_triangulate(&ctx, &polygon, &triangles) == STATUS_OK)
        printf("polygon of %zu corners, %s: %.1f ms\n", n, outline, 1e3 * (measure_seconds() - start));
    ctx_release(&ctx);
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct point *at = measure_must(malloc(n * sizeof *at + 16));
    printf("%-10s %9s", "shape", "n");
    for (size_t k = 0; k < COUNT(COLUMNS); k++)
        printf(" %11s", COLUMNS[k]);
    printf("\n");
    for (size_t s = 0; s < SHAPES; s++) {
        places_fill(at, n, PLACES[s].at);
        const struct points points = {at, n};
        printf("%-10s %9zu", PLACES[s].name, n);
        for (size_t k = 0; k < COUNT(COLUMNS); k++) {
            printf(" %11.1f", time_one(k, &points));
            fflush(stdout);
        }
        printf("\n");
    }
    time_polygon(at, n / 10, "smooth");
    time_polygon(at, n / 10, "star");
    free(at);
    return 0;
}
