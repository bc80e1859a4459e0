/* Naive searches beside those of answer.h: whether a candidate is feasible, by trying things out. */
#ifndef SOLVENT_TESTS_ANSWER_ORACLES_H
#define SOLVENT_TESTS_ANSWER_ORACLES_H

#include "core/search/answer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_N = 7 };

/* A small random request, and what a naive search says: whether the candidate x is feasible, by trying things out. */
struct small {
    struct answer_in in;
    int64_t v[3 * MAX_N];
    int64_t sorted[3 * MAX_N];
    size_t n;
    int64_t w[MAX_N]; /* of a second array */
    size_t n_w;
};

/* fewest_runs: the fewest runs of the values whose sums are at most x; by trying every cut. */
static int64_t fewest_runs(const struct small *s, size_t from, int64_t x) {
    if (from == s->n)
        return 0;
    int64_t best = 1000, load = 0;
    for (size_t i = from; i < s->n && (load += s->v[i]) <= x; i++) {
        int64_t rest = fewest_runs(s, i + 1, x);
        best = rest + 1 < best ? rest + 1 : best;
    }
    return best;
}

static bool runs(const struct small *s, int64_t x, int64_t parts) { return fewest_runs(s, 0, x) <= parts; }
static bool ship(const struct small *s, int64_t x) { return runs(s, x, s->in.days); }
static bool split(const struct small *s, int64_t x) { return runs(s, x, s->in.k); }

/* taken: the steps of x that finish all values, one value a step at most. */
static int64_t taken(const struct small *s, int64_t x) {
    int64_t steps = 0;
    for (size_t i = 0; i < s->n; i++)
        for (int64_t rest = s->v[i]; rest > 0; rest -= x)
            steps++;
    return steps;
}

static bool eating(const struct small *s, int64_t x) { return x > 0 && taken(s, x) <= s->in.hours; }
static bool divisor(const struct small *s, int64_t x) { return x > 0 && taken(s, x) <= s->in.threshold; }
static bool stores(const struct small *s, int64_t x) { return x > 0 && taken(s, x) <= s->in.n; }

static bool bags(const struct small *s, int64_t x) {
    int64_t splits = 0;
    for (size_t i = 0; i < s->n && x > 0; i++)
        for (int64_t rest = s->v[i]; rest > x; rest -= x)
            splits++;
    return x > 0 && splits <= s->in.max_operations;
}

/* magnetic: some subset of m places is x apart. */
static bool magnetic(const struct small *s, int64_t x) {
    for (unsigned set = 0; set < 1u << s->n; set++) {
        bool apart = __builtin_popcount(set) == s->in.m;
        for (size_t i = 0; i < s->n && apart; i++)
            for (size_t j = 0; j < i; j++)
                if (set >> i & 1 && set >> j & 1 && llabs(s->v[i] - s->v[j]) < x)
                    apart = false;
        if (apart)
            return true;
    }
    return false;
}

static bool table(const struct small *s, int64_t x) {
    int64_t count = 0;
    for (int64_t i = 1; i <= s->in.m; i++)
        for (int64_t j = 1; j <= s->in.n; j++)
            count += i * j <= x;
    return count >= s->in.k;
}

static bool root(const struct small *s, int64_t x) {
    int64_t power = 1;
    for (int64_t i = 0; i < s->in.degree && power < 1 << 30; i++)
        power *= x;
    return x >= 0 && power <= s->in.n;
}

static bool h_index(const struct small *s, int64_t x) {
    int64_t papers = 0;
    for (size_t i = 0; i < s->n; i++)
        papers += s->v[i] >= x;
    return papers >= x;
}

static bool bouquets(const struct small *s, int64_t x) {
    int64_t made = 0;
    for (size_t i = 0; i + (size_t)s->in.k <= s->n;) {
        bool all = true;
        for (size_t j = i; j < i + (size_t)s->in.k; j++)
            all &= s->v[j] <= x;
        made += all;
        i += all ? (size_t)s->in.k : 1;
    }
    return made >= s->in.m;
}

/* arrival: hours are given in quarters. */
static bool arrival(const struct small *s, int64_t x) {
    int64_t whole = 0;
    for (size_t i = 0; i + 1 < s->n && x > 0; i++)
        for (int64_t rest = s->v[i]; rest > 0; rest -= x)
            whole++;
    return x > 0 && 4 * whole * x + 4 * s->v[s->n - 1] <= (int64_t)(s->in.hour * 4) * x;
}

/* ranges: some choice of integers is x apart; in the order of the starts, all choices tried. */
static bool choose(const struct small *s, size_t i, int64_t last, int64_t x) {
    if (i == s->n)
        return true;
    for (int64_t at = s->sorted[i]; at <= s->sorted[i] + s->in.d; at++)
        if ((i == 0 || at - last >= x) && choose(s, i + 1, at, x))
            return true;
    return false;
}
static bool ranges(const struct small *s, int64_t x) { return choose(s, 0, 0, x); }

static bool mountain(const struct small *s, int64_t x) {
    int64_t units = 0;
    for (size_t i = 0; i < s->n; i++)
        for (int64_t u = 1, spent = s->v[i]; spent <= x; u++, spent += s->v[i] * u)
            units++;
    return units >= s->in.mountain_height;
}

/* game: every walk of m steps that begins before place 0. */
static bool walk(const struct small *s, int at, int64_t steps, int64_t score[MAX_N], int64_t x) {
    bool done = true;
    for (size_t i = 0; i < s->n; i++)
        done &= score[i] >= x;
    if (done || steps == 0)
        return done;
    for (int to = at - 1; to <= at + 1; to += 2) {
        if (to < 0 || to >= (int)s->n)
            continue;
        score[to] += s->v[to];
        bool reached = walk(s, to, steps - 1, score, x);
        score[to] -= s->v[to];
        if (reached)
            return true;
    }
    return false;
}
static bool game(const struct small *s, int64_t x) {
    int64_t score[MAX_N] = {0};
    return walk(s, -1, s->in.m, score, x);
}

static bool trips(const struct small *s, int64_t x) {
    int64_t made = 0;
    for (int64_t now = 1; now <= x; now++)
        for (size_t i = 0; i < s->n; i++)
            made += now % s->v[i] == 0;
    return made >= s->in.total_trips;
}

static bool cars(const struct small *s, int64_t x) {
    int64_t made = 0;
    for (size_t i = 0; i < s->n; i++)
        for (int64_t c = 1; s->v[i] * c * c <= x; c++)
            made++;
    return made >= s->in.cars;
}

static bool candies(const struct small *s, int64_t x) {
    int64_t children = 0;
    for (size_t i = 0; i < s->n && x > 0; i++)
        for (int64_t rest = s->v[i]; rest >= x; rest -= x)
            children++;
    return x <= 0 || children >= s->in.k;
}

static bool pairs(const struct small *s, int64_t x) {
    int64_t count = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < i; j++)
            count += llabs(s->v[i] - s->v[j]) <= x;
    return count >= s->in.k;
}

/* computers: minute by minute, the n fullest batteries serve. */
static bool computers(const struct small *s, int64_t x) {
    int64_t left[MAX_N];
    memcpy(left, s->v, s->n * sizeof *left);
    for (int64_t minute = 0; minute < x; minute++)
        for (int64_t c = 0, used = 0; c < s->in.n; c++) {
            int best = -1;
            for (size_t i = 0; i < s->n; i++)
                if (!(used >> i & 1) && left[i] > 0 && (best < 0 || left[i] > left[best]))
                    best = (int)i;
            if (best < 0)
                return false;
            left[best]--;
            used |= 1 << best;
        }
    return true;
}

static bool bad(const struct small *s, int64_t x) { return x >= s->in.bad && x <= s->in.n; }

/* power: some way to add k stations, from city `at` on, gives each city x. */
static bool add_stations(const struct small *s, size_t at, int64_t left, int64_t stations[MAX_N], int64_t x) {
    if (at == s->n) {
        for (int64_t i = 0; i < (int64_t)s->n; i++) {
            int64_t power = 0;
            for (int64_t j = 0; j < (int64_t)s->n; j++)
                power += llabs(i - j) <= s->in.r ? stations[j] : 0;
            if (power < x)
                return false;
        }
        return true;
    }
    bool enough = false;
    for (int64_t more = 0; more <= left && !enough; more++) {
        stations[at] = s->v[at] + more;
        enough = add_stations(s, at + 1, left - more, stations, x);
    }
    return enough;
}
static bool power(const struct small *s, int64_t x) {
    int64_t stations[MAX_N];
    return add_stations(s, 0, s->in.k, stations, x);
}

/* cut_bar: from chunk `from` on, some cuts make so many pieces of x or more. */
static bool cut_bar(const struct small *s, size_t from, int64_t pieces, int64_t x) {
    if (pieces == 0)
        return from == s->n;
    int64_t sum = 0;
    for (size_t i = from; i < s->n; i++)
        if ((sum += s->v[i]) >= x && cut_bar(s, i + 1, pieces - 1, x))
            return true;
    return false;
}
static bool sweetness(const struct small *s, int64_t x) { return cut_bar(s, 0, s->in.k + 1, x); }

static bool tastiness(const struct small *s, int64_t x) {
    struct small other = *s;
    other.in.m = s->in.k;
    return magnetic(&other, x);
}

static bool robber(const struct small *s, int64_t x) {
    for (unsigned set = 0; set < 1u << s->n; set++) {
        bool fits = (set & set << 1) == 0 && __builtin_popcount(set) == s->in.k;
        for (size_t i = 0; i < s->n; i++)
            fits &= !(set >> i & 1) || s->v[i] <= x;
        if (fits)
            return true;
    }
    return false;
}

/* match: some so many pairs of those not used. */
static bool match(const struct small *s, unsigned used, int64_t pairs_left, int64_t x) {
    if (pairs_left == 0)
        return true;
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < i; j++)
            if (!(used >> i & 1) && !(used >> j & 1) && llabs(s->v[i] - s->v[j]) <= x &&
                match(s, used | 1u << i | 1u << j, pairs_left - 1, x))
                return true;
    return false;
}
static bool disjoint(const struct small *s, int64_t x) { return match(s, 0, s->in.p, x); }

/* maximum: from the end, what is above x goes one place to the front. */
static bool maximum(const struct small *s, int64_t x) {
    int64_t carried = 0;
    for (size_t i = s->n; i-- > 0;)
        carried = s->v[i] + carried > x ? s->v[i] + carried - x : 0;
    return carried == 0;
}

/* fill: some values from place i on, the one before being `last`, fit in the sum that is left. */
static bool fill(const struct small *s, int64_t i, int64_t last, int64_t left, int64_t x) {
    if (i == s->in.n)
        return true;
    for (int64_t value = i ? last - 1 : 1; value <= (i ? last + 1 : left); value++)
        if (value >= 1 && value <= left && (i != s->in.index || value >= x) && fill(s, i + 1, value, left - value, x))
            return true;
    return false;
}
static bool peak(const struct small *s, int64_t x) { return fill(s, 0, 0, s->in.max_sum, x); }

static bool ugly(const struct small *s, int64_t x) {
    int64_t count = 0;
    for (int64_t number = 1; number <= x; number++) {
        bool divided = false;
        for (size_t i = 0; i < s->n; i++)
            divided |= number % s->v[i] == 0;
        count += divided;
    }
    return count >= s->in.n;
}

static bool missing(const struct small *s, int64_t x) {
    int64_t count = 0;
    for (int64_t number = 1; number <= x; number++) {
        bool present = false;
        for (size_t i = 0; i < s->n; i++)
            present |= s->v[i] == number;
        count += !present;
    }
    return count >= s->in.k;
}

static bool products(const struct small *s, int64_t x) {
    int64_t count = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < s->n_w; j++)
            count += s->v[i] * s->w[j] <= x;
    return count >= s->in.k;
}

static bool matrix(const struct small *s, int64_t x) {
    int64_t count = 0;
    for (size_t i = 0; i < s->n; i++)
        count += s->v[i] <= x;
    return count >= s->in.k;
}

static const struct {
    const char *name;
    bool (*feasible)(const struct small *s, int64_t x);
    int64_t low, high; /* candidates that are tried */
} ORACLES[] = {
    {"ship-capacity", ship, 0, 100},
    {"eating-speed", eating, 1, 100},
    {"split-array", split, 0, 100},
    {"magnetic-force", magnetic, 0, 100},
    {"multiplication-table", table, 1, 100},
    {"integer-root", root, 0, 100},
    {"h-index", h_index, 0, 100},
    {"bouquets", bouquets, 0, 100},
    {"smallest-divisor", divisor, 1, 100},
    {"arrival-speed", arrival, 1, 100},
    {"minimized-maximum-products", stores, 0, 100},
    {"score-of-ranges", ranges, 0, 30},
    {"mountain-height", mountain, 1, 600},
    {"game-score", game, 0, 60},
    {"trips", trips, 1, 100},
    {"repair-cars", cars, 1, 800},
    {"candies", candies, 0, 100},
    {"bag-limit", bags, 0, 100},
    {"pair-distance", pairs, 0, 100},
    {"computers", computers, 0, 100},
    {"first-bad-version", bad, 1, 100},
    {"power-stations", power, 0, 60},
    {"sweetness", sweetness, 0, 50},
    {"tastiness", tastiness, 0, 100},
    {"house-robber", robber, 0, 100},
    {"disjoint-pairs", disjoint, 0, 100},
    {"array-maximum", maximum, 0, 100},
    {"value-at-index", peak, 1, 20},
    {"ugly-number", ugly, 1, 100},
    {"kth-missing", missing, 1, 100},
    {"kth-product", products, -50, 50},
    {"kth-in-matrix", matrix, -50, 50},
};

#endif
