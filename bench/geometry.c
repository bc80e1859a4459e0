/* geometry - how long hulls, pairs, circles and triangulations take, in milliseconds.
 *
 *     make build/release/bench/geometry && build/release/bench/geometry [N]
 *
 * Every row: one shape of N points (10^6). Each figure is the median of its rounds.
 *
 *     build/release/bench/geometry WHAT POINTS [POLYGON]
 *
 * is for bench/geometry_peers, which times others on the same points: WHAT is hull, delaunay or locate, the files hold
 * doubles x, y, x, y, ... It prints the least time of some rounds with one thread and with two. */
#include "bench/measure.h"
#include "core/geometry/calipers.h"
#include "core/geometry/closest_pair.h"
#include "core/geometry/delaunay.h"
#include "core/geometry/enclosing_circle.h"
#include "core/geometry/hull.h"
#include "core/geometry/locate.h"
#include "core/geometry/polygon_triangulation.h"
#include "core/geometry/simplify_line.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { ROUNDS = 3 };

static uint64_t state = 1;
static double unit(void) { return (double)(measure_random(&state) >> 11) * 0x1p-53; }

static struct point uniform(size_t i, size_t n) {
    double x = unit(), y = unit();
    return (void)i, (void)n, (struct point){x, y};
}
static struct point circle(size_t i, size_t n) {
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

static const struct shape {
    const char *name;
    struct point (*at)(size_t i, size_t n);
} SHAPES[] = {{"uniform", uniform}, {"circle", circle}, {"grid", grid}, {"clustered", clustered}};

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

/* outline makes a star, simple by its angles; `jag` is how far its corners go in and out. */
static void outline(struct point *at, size_t n, double jag) {
    for (size_t i = 0; i < n; i++) {
        struct point p = circle(i, n);
        double radius = 1 + unit() * jag;
        at[i] = (struct point){p.x * radius, p.y * radius};
    }
}

static void time_polygon(struct point *at, size_t n, double jag) {
    outline(at, n, jag);
    const struct ring ring = {&at->x, n};
    const struct rings polygon = {1, &ring};
    struct ctx ctx;
    struct polygon_triangles triangles;
    ctx_init(&ctx, (size_t)4 << 30);
    double start = measure_seconds();
    if (polygon_triangulate(&ctx, &polygon, &triangles) == STATUS_OK)
        printf("polygon of %zu corners, jagged by %g: %.1f ms\n", n, jag, 1e3 * (measure_seconds() - start));
    ctx_release(&ctx);
}

/* Two threads, of which this is one. */
struct shared {
    atomic_size_t next;
    size_t n;
    void (*body)(void *arg, size_t i);
    void *arg;
};

static void *share(void *arg) {
    struct shared *s = arg;
    for (size_t i; (i = atomic_fetch_add(&s->next, 1)) < s->n;)
        s->body(s->arg, i);
    return NULL;
}

static void run_two(struct parallel *self, size_t n, void (*body)(void *arg, size_t i), void *arg) {
    (void)self;
    struct shared s = {.n = n, .body = body, .arg = arg};
    pthread_t other;
    bool two = pthread_create(&other, NULL, share, &s) == 0;
    share(&s);
    if (two)
        pthread_join(other, NULL);
}

static struct points read_points(const char *path) {
    FILE *file = measure_must(fopen(path, "rb"));
    (void)fseek(file, 0, SEEK_END);
    size_t n = (size_t)ftell(file) / sizeof(struct point);
    rewind(file);
    struct point *at = measure_must(malloc(n * sizeof *at + 16));
    n = fread(at, sizeof *at, n, file);
    (void)fclose(file);
    return (struct points){at, n};
}

static enum status once(struct ctx *ctx, const char *what, const struct points *p, const struct points *polygon) {
    if (strcmp(what, "locate") != 0)
        return one(ctx, strcmp(what, "hull") == 0 ? 0 : 6, p);
    unsigned char *location = ctx_alloc(ctx, p->n, 1);
    const struct ring ring = {&polygon->at->x, polygon->n};
    const struct rings rings = {1, &ring};
    return location ? locate_points(ctx, &rings, &p->at->x, p->n, location) : STATUS_NO_MEMORY;
}

static int beside_peers(const char *what, const char *path, const char *polygon_path) {
    struct points p = read_points(path), polygon = polygon_path ? read_points(polygon_path) : p;
    struct parallel two = {2, run_two};
    double least[2] = {INFINITY, INFINITY};
    for (int round = 0; round < 2 * ROUNDS; round++) {
        struct ctx ctx;
        ctx_init(&ctx, (size_t)4 << 30);
        ctx.parallel = round % 2 ? &two : NULL;
        double start = measure_seconds();
        if (once(&ctx, what, &p, &polygon) != STATUS_OK)
            return 1;
        least[round % 2] = fmin(least[round % 2], 1e3 * (measure_seconds() - start));
        ctx_release(&ctx);
    }
    printf("%.3f %.3f\n", least[0], least[1]);
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 2)
        return beside_peers(argv[1], argv[2], argc > 3 ? argv[3] : NULL);
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct point *at = measure_must(malloc(n * sizeof *at + 16));
    printf("%-10s %9s", "shape", "n");
    for (size_t k = 0; k < COUNT(COLUMNS); k++)
        printf(" %11s", COLUMNS[k]);
    printf("\n");
    for (size_t s = 0; s < COUNT(SHAPES); s++) {
        for (size_t i = 0; i < n; i++)
            at[i] = SHAPES[s].at(i, n);
        const struct points points = {at, n};
        printf("%-10s %9zu", SHAPES[s].name, n);
        for (size_t k = 0; k < COUNT(COLUMNS); k++) {
            printf(" %11.1f", time_one(k, &points));
            fflush(stdout);
        }
        printf("\n");
    }
    time_polygon(at, n / 10, 1e-4);
    time_polygon(at, n / 10, 0.2);
    free(at);
    return 0;
}
