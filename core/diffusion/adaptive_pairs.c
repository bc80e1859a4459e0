#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/adaptive_walk.h"

/* Dormand, Prince 1980, table 2: nodes, stages, and the fifth order less the fourth. */
static const double NODE[STAGES] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
static const double STAGE[STAGES][STAGES - 1] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};
static const double ERROR[STAGES] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                     -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

double pair_radius(const struct path_point *at) { return sqrt(at->alpha * at->alpha + at->sigma * at->sigma); }

double pair_place(enum adaptive_pair pair, double k) {
    return pair == ADAPTIVE_DOPRI5 ? elementary_atanpi(k) : elementary_log(k);
}

struct path_point pair_point(const struct path *path, enum adaptive_pair pair, double place) {
    double k = pair == ADAPTIVE_DPM_23 ? elementary_exp(place) : elementary_sinpi(place) / elementary_cospi(place);
    return path_at_k(path, k);
}

int pair_stages(enum adaptive_pair pair) { return pair == ADAPTIVE_DOPRI5 ? STAGES : 3; }

double pair_node(enum adaptive_pair pair, int stage) { return pair == ADAPTIVE_DOPRI5 ? NODE[stage] : stage / 3.0; }

/* -- States and slopes -- */

/* The state of a stage, x at w->stage, to `to`. */
static void dopri_stage(const struct room *room, size_t row, const struct walker *w, double *to) {
    size_t d = room->d;
    const double *x = room->x + row * d, inverse = 1 / pair_radius(&w->at), r = pair_radius(&w->stage);
    for (size_t j = 0; j < d; j++) {
        double sum = 0;
        for (int s = 0; s < w->step_stage; s++)
            sum += STAGE[w->step_stage][s] * room_slope(room, s, row)[j];
        to[j] = r * (x[j] * inverse + w->h * sum);
    }
}

/* The numbers of a DPM step: eps enters y' = y + first eps0 + second (eps_r - eps0). Stage 1 and 2 lie a third and two
 * thirds on in ln k; `last` is the step's end. In -ln k the step is h > 0, and k e^{-h} = k'. */
struct dpm {
    double first, second;
};

static struct dpm dpm_part(double k, double h, double share, double r, bool third) {
    double grown = elementary_expm1(share * h), to = k * elementary_exp(-share * h);
    double phi = third ? grown / (share * h) - 1 : 0.5 * grown;
    return (struct dpm){-to * grown, share == 0 ? 0 : -to / r * phi};
}

static void dpm_sum(const struct room *room, size_t row, const struct walker *w, struct dpm part, int other,
                    double scale, double *to) {
    size_t d = room->d;
    const double *x = room->x + row * d, *e0 = room_slope(room, 0, row), *e = room_slope(room, other, row);
    for (size_t j = 0; j < d; j++)
        to[j] = scale * (x[j] / w->at.alpha + part.first * e0[j] + part.second * (e[j] - e0[j]));
}

static void dpm_stage(const struct room *room, size_t row, const struct walker *w, double *to) {
    double k = w->at.k, h = -w->h;
    if (w->step_stage == 1) {
        struct dpm part = dpm_part(k, h, 1.0 / 3, 1, true);
        part.second = 0;
        dpm_sum(room, row, w, part, 0, w->stage.alpha, to);
    } else {
        struct dpm part = dpm_part(k, h, 2.0 / 3, 0.5, true); /* r2/r1 = 2 */
        dpm_sum(room, row, w, part, 1, w->stage.alpha, to);
    }
}

void pair_state(const struct room *room, size_t row, const struct walker *w, double *to) {
    if (w->pair == ADAPTIVE_DOPRI5)
        dopri_stage(room, row, w, to);
    else
        dpm_stage(room, row, w, to);
}

/* The slope is du/d place, or eps. */
void pair_slope(const struct room *room, size_t row, const struct walker *w) {
    size_t d = room->d;
    const double *x = room->trial + row * d, *D = room->D + row * d;
    const struct path_point *at = &w->stage;
    double *to = room_slope(room, w->step_stage, row), r = pair_radius(at);
    if (w->pair == ADAPTIVE_DPM_23) {
        for (size_t j = 0; j < d; j++)
            to[j] = (x[j] - at->alpha * D[j]) / at->sigma;
        return;
    }
    double pi_over_sin = M_PI * r / at->sigma, cos_over_r = at->alpha / (r * r);
    for (size_t j = 0; j < d; j++)
        to[j] = pi_over_sin * (cos_over_r * x[j] - D[j]);
}

/* -- Errors -- */

static double rms_term(double e, double before, double after, const struct adaptive_in *in) {
    if (e == 0)
        return 0;
    double a = fabs(before), b = fabs(after), q = e / (in->atol + in->rtol * (a > b ? a : b));
    return q * q;
}

static double dopri_integral(const struct adaptive_in *in, struct walker *w) {
    double sum = 0, e = 0;
    for (int s = 0; s < STAGES; s++) {
        sum += s < STAGES - 1 ? STAGE[STAGES - 1][s] * w->slope[s] : 0;
        e += ERROR[s] * w->slope[s];
    }
    w->new_integral = w->integral + w->h * sum;
    return sqrt(rms_term(w->h * e, w->integral, w->new_integral, in));
}

/* The new state is in trial, x at w->next; the seventh stage was its call. */
static double dopri_error(const struct room *room, size_t row, struct walker *w, const struct adaptive_in *in) {
    size_t d = room->d;
    const double *x = room->x + row * d, *x1 = room->trial + row * d;
    double r = 1 / pair_radius(&w->at), r1 = 1 / pair_radius(&w->next), sum = 0;
    for (size_t j = 0; j < d; j++) {
        double e = 0;
        for (int s = 0; s < STAGES; s++)
            e += ERROR[s] * room_slope(room, s, row)[j];
        sum += rms_term(w->h * e, x[j] * r, x1[j] * r1, in);
    }
    double err = sqrt(sum / (double)d), of_integral = in->divergence ? dopri_integral(in, w) : 0;
    return of_integral > err ? of_integral : err;
}

/* Writes the third order's state to trial. */
static double dpm_error(const struct room *room, size_t row, const struct walker *w, const struct adaptive_in *in) {
    size_t d = room->d;
    double k = w->at.k, h = -w->h, sum = 0;
    struct dpm low = dpm_part(k, h, 1, 1.0 / 3, false), high = dpm_part(k, h, 1, 2.0 / 3, true);
    double *y2 = room->D + row * d, *y3 = room->trial + row * d;
    dpm_sum(room, row, w, low, 1, 1, y2);
    dpm_sum(room, row, w, high, 2, 1, y3);
    for (size_t j = 0; j < d; j++) {
        sum += rms_term(y2[j] - y3[j], room->x[row * d + j] / w->at.alpha, y2[j], in);
        y3[j] *= w->next.alpha;
    }
    return sqrt(sum / (double)d);
}

double pair_error(const struct room *room, size_t row, struct walker *w, const struct adaptive_in *in) {
    return w->pair == ADAPTIVE_DOPRI5 ? dopri_error(room, row, w, in) : dpm_error(room, row, w, in);
}

void pair_lengthen(struct walker *w, double err, bool accepted) {
    double bounded = err > 1e-12 ? err : 1e-12;
    double factor = 0.9 * elementary_pow(bounded < 1e12 ? bounded : 1e12, w->pair == ADAPTIVE_DOPRI5 ? -0.2 : -1.0 / 3);
    double most = w->pair == ADAPTIVE_DOPRI5 ? 10 : 2.5;
    factor = factor > most ? most : factor > 0.2 ? factor : 0.2;
    if (w->refused && factor > 1)
        factor = 1;
    w->refused = !accepted;
    w->h *= factor;
}
