/* Work and the time that it takes: how fast, or how long, is enough. */
#include "core/search/answer_problems.h"

#include <math.h>

/* arrival_check takes the decimal that was meant: 2.7 hours are 27 / 10, although no double is. */
enum status arrival_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t) {
    for (int64_t unit = 1; unit <= 1000 * 1000 * 1000; unit *= 10) {
        double part = rint(in->hour * (double)unit);
        if (part >= 0 && part < 0x1p52 && part / (double)unit == in->hour) {
            t->hour_part = (int64_t)part;
            t->hour_unit = unit;
            return STATUS_OK;
        }
    }
    return ctx_fail(ctx, STATUS_INVALID, "/hour",
                    "hour is %.17g, want a decimal of at most nine places and fifteen digits in all.", in->hour);
}

/* arrival_holds: whole hours for all rides but the last, (S + last / x) * unit <= part. */
bool arrival_holds(const struct answer_task *t, int64_t x) {
    if (x < 1)
        return false;
    wide whole = 0;
    for (size_t i = 0; i + 1 < t->n; i++)
        whole += t->v[i] / x + (t->v[i] % x != 0);
    if (whole * t->hour_unit > t->hour_part) /* so that the products below fit: part is below 2^53, x below 2^63 */
        return false;
    return whole * x * t->hour_unit + (wide)t->v[t->n - 1] * t->hour_unit <= (wide)t->hour_part * x;
}

/* As fast as the longest ride in an hour, all rides but the last take an hour each; what is left, in parts of the unit,
 * is for the last one, if anything is. */
struct answer_bounds arrival_bounds(const struct answer_task *t) {
    wide left = t->hour_part - (wide)(t->n - 1) * t->hour_unit, last = (wide)t->v[t->n - 1] * t->hour_unit;
    int64_t high = answer_greatest(t);
    if (left > 0 && (last + left - 1) / left > high)
        return (struct answer_bounds){1, (last + left - 1) / left};
    return (struct answer_bounds){1, high};
}

/* units_in gives the greatest u with w * u (u + 1) / 2 <= x, for x >= 0 and w >= 1. */
static int64_t units_in(int64_t x, int64_t w) {
    int64_t twice_most = x / w; /* u (u + 1) <= 2 * this; below 2^63, so u is below 2^32 */
    int64_t u = (int64_t)sqrt(2 * (double)twice_most);
    while ((wide)u * (u + 1) > 2 * (wide)twice_most)
        u--;
    while ((wide)(u + 1) * (u + 2) <= 2 * (wide)twice_most)
        u++;
    return u;
}

bool mountain_holds(const struct answer_task *t, int64_t x) {
    wide units = 0;
    for (size_t i = 0; i < t->n && x >= 1; i++)
        units += units_in(x, t->v[i]);
    return units >= t->in->mountain_height;
}

struct answer_bounds mountain_bounds(const struct answer_task *t) {
    wide units = answer_times(t->in->mountain_height, (wide)t->in->mountain_height + 1) / 2;
    return (struct answer_bounds){1, answer_times(units, answer_least(t))};
}

/* points_hold: going on from place to place, and back and forth until each has its score, is never worse. */
bool points_hold(const struct answer_task *t, int64_t x) {
    wide left = t->in->m, before = 0; /* before: visits to i that going back and forth from i - 1 brought along */
    for (size_t i = 0; i < t->n && x > 0; i++) {
        if (t->v[i] == 0)
            return false;
        wide visits = (x - 1) / t->v[i] + 1 - before;
        if (i + 1 == t->n && visits <= 0)
            break;
        visits = visits > 1 ? visits : 1;
        left -= 2 * visits - 1;
        if (left < 0)
            return false;
        before = visits - 1;
    }
    return true;
}

struct answer_bounds points_bounds(const struct answer_task *t) {
    return (struct answer_bounds){0, (wide)answer_least(t) * t->in->m};
}

bool trips_hold(const struct answer_task *t, int64_t x) {
    wide trips = 0;
    for (size_t i = 0; i < t->n; i++)
        trips += x / t->v[i];
    return trips >= t->in->total_trips;
}

struct answer_bounds trips_bounds(const struct answer_task *t) {
    return (struct answer_bounds){1, (wide)answer_least(t) * t->in->total_trips};
}

static int64_t root_of(int64_t x) {
    int64_t r = (int64_t)sqrt((double)x);
    while ((wide)r * r > x)
        r--;
    while ((wide)(r + 1) * (r + 1) <= x)
        r++;
    return r;
}

bool cars_hold(const struct answer_task *t, int64_t x) {
    wide done = 0;
    for (size_t i = 0; i < t->n && x >= 1; i++)
        done += root_of(x / t->v[i]);
    return done >= t->in->cars;
}

struct answer_bounds cars_bounds(const struct answer_task *t) {
    return (struct answer_bounds){1, answer_times((wide)t->in->cars * t->in->cars, answer_least(t))};
}

/* computers_hold: n computers can run x minutes, as no battery serves two of them at once. */
bool computers_hold(const struct answer_task *t, int64_t x) {
    wide minutes = 0;
    for (size_t i = 0; i < t->n; i++)
        minutes += t->v[i] < x ? t->v[i] : x;
    return minutes >= (wide)x * t->in->n;
}

struct answer_bounds computers_bounds(const struct answer_task *t) {
    return (struct answer_bounds){0, answer_sum(t) / t->in->n};
}
