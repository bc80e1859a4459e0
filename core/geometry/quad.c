#include "core/geometry/quad.h"

#include <math.h>

/* pi as three doubles that do not overlap. */
const quad quad_pi = (quad)0x1.921fb54442d18p1 + (quad)0x1.1a62633145c07p-53 + (quad)-0x1.f1976b7ed8fbcp-109;

quad quad_sqrt(quad x) {
    if (x == 0)
        return 0;
    /* Into the range of doubles by powers of four, exactly. */
    quad scale = 1;
    while (x > 0x1p1000)
        x *= 0x1p-1000, scale *= 0x1p500;
    while (x < 0x1p-900)
        x *= 0x1p1000, scale *= 0x1p-500;
    quad root = sqrt((double)x);
    root = (root + x / root) / 2;
    return scale * ((root + x / root) / 2);
}

/* atan_of is the arc tangent of 0 <= x <= 1: halved three times, then the series. */
static quad atan_of(quad x) {
    for (int i = 0; i < 3; i++)
        x = x / (1 + quad_sqrt(1 + x * x));
    quad square = x * x, power = x, sum = 0;
    for (int k = 1; k < 40; k += 2, power *= -square)
        sum += power / k;
    return 8 * sum;
}

quad quad_atan2(quad y, quad x) {
    quad ax = quad_abs(x), ay = quad_abs(y);
    if (ax == 0 && ay == 0)
        return 0;
    quad angle = ay <= ax ? atan_of(ay / ax) : quad_pi / 2 - atan_of(ax / ay);
    if (x < 0)
        angle = quad_pi - angle;
    return y < 0 ? -angle : angle;
}

void quad_sin_cos(quad angle, quad *sine, quad *cosine) {
    long turns = (long)(double)(angle / (quad_pi / 2)); /* quarter turns */
    quad x = angle - (quad)turns * (quad_pi / 2);
    quad term = 1, s = 0, c = 0;
    for (int k = 0; k < 36; k += 2) { /* |x| <= pi/2: x^36 / 36! is below 2^-114 */
        c += term;
        term *= x / (k + 1);
        s += term;
        term *= -x / (k + 2);
    }
    int quarter = (int)(turns & 3);
    *sine = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
    *cosine = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
}
