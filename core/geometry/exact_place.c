#include "core/geometry/exact_place.h"

#include "core/geometry/dyadic.h"

/* coordinate is from + way * above / below; 0 has no sign. */
static double coordinate(double from, const struct dyadic *way, const struct dyadic *above,
                         const struct dyadic *below) {
    struct dyadic start, sum;
    dyadic_set(&start, from);
    dyadic_products(&sum, &start, below, way, above, false);
    return dyadic_ratio(&sum, below) + 0.0;
}

void exact_crossing(const double p[4], const double q[4], double at[2]) {
    struct dyadic_vector along_p, along_q, across;
    struct dyadic above, below;
    dyadic_way(&along_p, p, p + 2);
    dyadic_way(&along_q, q, q + 2);
    dyadic_way(&across, p, q);
    dyadic_cross(&below, &along_p, &along_q);
    dyadic_cross(&above, &across, &along_q);
    at[0] = coordinate(p[0], &along_p.x, &above, &below);
    at[1] = coordinate(p[1], &along_p.y, &above, &below);
}

struct point exact_foot(struct point a, struct point b, struct point c) {
    const double from[] = {a.x, a.y}, end[] = {b.x, b.y}, other[] = {c.x, c.y};
    struct dyadic_vector line, to_c;
    struct dyadic above, below;
    dyadic_way(&line, from, end);
    dyadic_way(&to_c, from, other);
    dyadic_dot(&below, &line, &line);
    dyadic_dot(&above, &line, &to_c);
    return (struct point){coordinate(a.x, &line.x, &above, &below), coordinate(a.y, &line.y, &above, &below)};
}
