#include "core/geometry/exact_place.h"

#include "core/geometry/dyadic.h"

struct way {
    struct dyadic x, y;
};

static void way_between(struct way *to, const double from[2], const double end[2]) {
    dyadic_difference(&to->x, end[0], from[0]);
    dyadic_difference(&to->y, end[1], from[1]);
}

/* combined is a b + c d, or a b - c d. */
static void combined(struct dyadic *to, const struct dyadic *a, const struct dyadic *b, const struct dyadic *c,
                     const struct dyadic *d, bool minus) {
    struct dyadic other;
    dyadic_multiply(to, a, b);
    dyadic_multiply(&other, c, d);
    minus ? dyadic_subtract(to, to, &other) : dyadic_add(to, to, &other);
}

/* coordinate is from + way * above / below; 0 has no sign. */
static double coordinate(double from, const struct dyadic *way, const struct dyadic *above,
                         const struct dyadic *below) {
    struct dyadic start, sum;
    dyadic_set(&start, from);
    combined(&sum, &start, below, way, above, false);
    return dyadic_ratio(&sum, below) + 0.0;
}

void exact_crossing(const double p[4], const double q[4], double at[2]) {
    struct way along_p, along_q, across;
    struct dyadic above, below;
    way_between(&along_p, p, p + 2);
    way_between(&along_q, q, q + 2);
    way_between(&across, p, q);
    combined(&below, &along_p.x, &along_q.y, &along_p.y, &along_q.x, true);
    combined(&above, &across.x, &along_q.y, &across.y, &along_q.x, true);
    at[0] = coordinate(p[0], &along_p.x, &above, &below);
    at[1] = coordinate(p[1], &along_p.y, &above, &below);
}

struct point exact_foot(struct point a, struct point b, struct point c) {
    const double from[] = {a.x, a.y}, end[] = {b.x, b.y}, other[] = {c.x, c.y};
    struct way line, to_c;
    struct dyadic above, below;
    way_between(&line, from, end);
    way_between(&to_c, from, other);
    combined(&below, &line.x, &line.x, &line.y, &line.y, false);
    combined(&above, &line.x, &to_c.x, &line.y, &to_c.y, false);
    return (struct point){coordinate(a.x, &line.x, &above, &below), coordinate(a.y, &line.y, &above, &below)};
}
