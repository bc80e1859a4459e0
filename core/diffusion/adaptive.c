#include "core/diffusion/adaptive.h"

#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/base/workspace.h"

enum { STAGES = 7, LANES_IN_WORK = 64 };

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

/* A sample on its way. `place` is a / pi (dopri5) or ln k (dpm_23), and h has its unit and the way's sign. */
struct walker {
    size_t sample;
    enum adaptive_pair pair; /* of the step it is on */
    struct path_point at, next, stage;
    double place, end, h, most; /* |h| <= most */
    int step_stage;             /* the stage whose call comes next; beyond the last: the step to data */
    bool first_known, last_step, refused;
    double slope[STAGES]; /* of the integral */
    double integral, new_integral;
};

enum { TO_DATA = 100, LEAST_STEPS = 6 };

struct run {
    struct ctx *ctx;
    const struct adaptive_in *in;
    struct adaptive_out *out;
    size_t chunk;
    struct workspaces spaces;
    bool *failed;         /* [count] */
    atomic_size_t broken; /* the first chunk with a failure so far: those after it need not be run */
};

/* The room of a chunk: arrays of [width][d], whose first `active` rows are in use; slopes are [STAGES][width][d]. */
struct room {
    size_t width, active, d;
    struct walker *walkers;
    double *x, *trial, *D, *v, *slopes;
    struct path_point *points;
    double *divergence; /* [width] */
    double *scratch;
};

static double radius(const struct path_point *at) { return sqrt(at->alpha * at->alpha + at->sigma * at->sigma); }

static double place_of(enum adaptive_pair pair, double k) {
    return pair == ADAPTIVE_DOPRI5 ? elementary_atanpi(k) : elementary_log(k);
}

static struct path_point point_at(const struct path *path, enum adaptive_pair pair, double place) {
    double k = pair == ADAPTIVE_DPM_23 ? elementary_exp(place) : elementary_sinpi(place) / elementary_cospi(place);
    return path_at_k(path, k);
}

static double *slope(const struct room *room, int stage, size_t row) {
    return room->slopes + ((size_t)stage * room->width + row) * room->d;
}

/* enter chooses the pair of the step ahead and the unit of place. */
static void enter(const struct adaptive_in *in, struct walker *w) {
    enum adaptive_pair pair = isinf(w->at.k) ? ADAPTIVE_DOPRI5 : in->pair;
    w->pair = pair;
    w->place = place_of(pair, w->at.k);
    w->end = place_of(pair, in->to.k);
    w->first_known = false;
    double way = fabs(w->end - w->place), first = pair == ADAPTIVE_DOPRI5 ? 0.01 * way : 0.05;
    w->most = way / LEAST_STEPS;
    w->h = w->end > w->place ? first : -first;
}

/* aim fixes the step's end: never a sliver before the last. */
static void aim(const struct adaptive_in *in, struct walker *w) {
    double left = w->end - w->place;
    if (fabs(w->h) > w->most)
        w->h = w->h > 0 ? w->most : -w->most;
    w->last_step = fabs(w->h) >= fabs(left);
    if (w->last_step)
        w->h = left;
    else if (2 * fabs(w->h) > fabs(left))
        w->h = left / 2;
    w->next = w->last_step ? in->to : point_at(in->path, w->pair, w->place + w->h);
    w->step_stage = w->first_known ? 1 : 0;
}

static void start_walker(const struct run *run, struct room *room, size_t sample) {
    size_t row = room->active++, d = room->d;
    struct walker *w = &room->walkers[row];
    *w = (struct walker){.sample = sample, .at = run->in->from};
    memcpy(room->x + row * d, run->in->x + sample * d, d * sizeof *room->x);
    if (run->in->probes)
        memcpy(room->v + row * d, run->in->probes + sample * d, d * sizeof *room->v);
    enter(run->in, w);
    aim(run->in, w);
}

/* The state of a stage, x at w->stage, to `to`. */
static void dopri_stage(const struct room *room, size_t row, struct walker *w, double *to) {
    size_t d = room->d;
    const double *x = room->x + row * d, inverse = 1 / radius(&w->at), r = radius(&w->stage);
    for (size_t j = 0; j < d; j++) {
        double sum = 0;
        for (int s = 0; s < w->step_stage; s++)
            sum += STAGE[w->step_stage][s] * slope(room, s, row)[j];
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
    const double *x = room->x + row * d, *e0 = slope(room, 0, row), *e = slope(room, other, row);
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

/* propose writes the state of the walker's next call to trial, and its point. */
static void propose(const struct run *run, struct room *room, size_t row) {
    struct walker *w = &room->walkers[row];
    double *to = room->trial + row * room->d;
    int s = w->step_stage;
    double node = w->pair == ADAPTIVE_DOPRI5 ? NODE[s == TO_DATA ? 0 : s] : s / 3.0;
    if (s == 0 || s == TO_DATA)
        w->stage = w->at;
    else
        w->stage = node == 1 ? w->next : point_at(run->in->path, w->pair, w->place + node * w->h);
    room->points[row] = w->stage;
    if (s == 0 || s == TO_DATA)
        memcpy(to, room->x + row * room->d, room->d * sizeof *to);
    else if (w->pair == ADAPTIVE_DOPRI5)
        dopri_stage(room, row, w, to);
    else
        dpm_stage(room, row, w, to);
}

/* absorb_slope makes the stage's slope of D: du/d place, or eps. */
static void absorb_slope(const struct room *room, size_t row, struct walker *w) {
    size_t d = room->d;
    const double *x = room->trial + row * d, *D = room->D + row * d;
    const struct path_point *at = &w->stage;
    double *to = slope(room, w->step_stage, row), r = radius(at);
    if (w->pair == ADAPTIVE_DPM_23) {
        for (size_t j = 0; j < d; j++)
            to[j] = (x[j] - at->alpha * D[j]) / at->sigma;
        return;
    }
    double pi_over_sin = M_PI * r / at->sigma, cos_over_r = at->alpha / (r * r);
    for (size_t j = 0; j < d; j++)
        to[j] = pi_over_sin * (cos_over_r * x[j] - D[j]);
}

/* divergence_slope is pi div du/da = pi (cos a |v|^2 - r v' J v) / sin a, |v|^2 = d where v stands for the trace. */
static double divergence_slope(const struct room *room, size_t row, const struct adaptive_in *in,
                               const struct path_point *at) {
    double norm = (double)room->d, r = radius(at);
    if (in->divergence == DIVERGENCE_PROBED) {
        const double *v = room->v + row * room->d;
        norm = 0;
        for (size_t j = 0; j < room->d; j++)
            norm += v[j] * v[j];
    }
    return M_PI * (at->alpha * norm - r * r * room->divergence[row]) / at->sigma;
}

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
    double r = 1 / radius(&w->at), r1 = 1 / radius(&w->next), sum = 0;
    for (size_t j = 0; j < d; j++) {
        double e = 0;
        for (int s = 0; s < STAGES; s++)
            e += ERROR[s] * slope(room, s, row)[j];
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

/* lengthen is the controller. */
static void lengthen(struct walker *w, double err, bool accepted) {
    double bounded = err > 1e-12 ? err : 1e-12;
    double factor = 0.9 * elementary_pow(bounded < 1e12 ? bounded : 1e12, w->pair == ADAPTIVE_DOPRI5 ? -0.2 : -1.0 / 3);
    double most = w->pair == ADAPTIVE_DOPRI5 ? 10 : 2.5;
    factor = factor > most ? most : factor > 0.2 ? factor : 0.2;
    if (w->refused && factor > 1)
        factor = 1;
    w->refused = !accepted;
    w->h *= factor;
}

/* move_on takes the step; dopri5's last slope is the next one's first. */
static void move_on(const struct run *run, struct room *room, size_t row, double err) {
    struct walker *w = &room->walkers[row];
    struct adaptive_out *out = run->out;
    size_t d = room->d;
    memcpy(room->x + row * d, room->trial + row * d, d * sizeof *room->x);
    out->steps[w->sample]++;
    out->error[w->sample] = err > out->error[w->sample] ? err : out->error[w->sample];
    w->integral = w->new_integral;
    w->at = w->next;
    w->place += w->h;
    w->first_known = w->pair == ADAPTIVE_DOPRI5;
    if (w->first_known) {
        memcpy(slope(room, 0, row), slope(room, STAGES - 1, row), d * sizeof *room->slopes);
        w->slope[0] = w->slope[STAGES - 1];
    }
}

static bool finite_row(size_t d, const double *x) {
    for (size_t j = 0; j < d; j++)
        if (!(x[j] - x[j] == 0))
            return false;
    return true;
}

/* retire keeps a walker's result and moves the last one into its row. */
static void retire(const struct run *run, struct room *room, size_t row) {
    size_t d = room->d, last = --room->active;
    const struct walker *w = &room->walkers[row];
    memcpy(run->in->x + w->sample * d, room->x + row * d, d * sizeof *room->x);
    if (!finite_row(d, room->x + row * d))
        run->failed[w->sample] = true;
    if (run->out->integral)
        run->out->integral[w->sample] = w->integral;
    if (row == last)
        return;
    room->walkers[row] = room->walkers[last];
    memcpy(room->x + row * d, room->x + last * d, d * sizeof *room->x);
    if (run->in->probes)
        memcpy(room->v + row * d, room->v + last * d, d * sizeof *room->v);
    for (int s = 0; s < STAGES; s++)
        memcpy(slope(room, s, row), slope(room, s, last), d * sizeof *room->slopes);
}

/* to_data takes the last call's D, which was made at the state itself. */
static bool to_data(struct room *room, size_t row) {
    memcpy(room->x + row * room->d, room->D + row * room->d, room->d * sizeof *room->x);
    return true;
}

/* judge ends a step whose calls are all made. True: the walker is at its end. */
static bool judge(const struct run *run, struct room *room, size_t row) {
    const struct adaptive_in *in = run->in;
    struct walker *w = &room->walkers[row];
    double err = w->pair == ADAPTIVE_DOPRI5 ? dopri_error(room, row, w, in) : dpm_error(room, row, w, in);
    bool accepted = err <= 1, last = w->last_step;
    if (accepted) {
        move_on(run, room, row, err);
    } else {
        run->out->rejects[w->sample]++;
        w->first_known = true;
    }
    lengthen(w, err == err ? err : (double)INFINITY, accepted);
    if (accepted && last) {
        w->step_stage = TO_DATA;
        return !in->to_data || (w->pair == ADAPTIVE_DOPRI5 && to_data(room, row));
    }
    if (w->place + w->h == w->place || run->out->steps[w->sample] + run->out->rejects[w->sample] >= ADAPTIVE_MAX_TRIES)
        return run->failed[w->sample] = true;
    if (accepted && w->pair != in->pair)
        enter(in, w);
    aim(in, w);
    return false;
}

/* absorb takes in a call's answer. True: the walker is at its end. */
static bool absorb(const struct run *run, struct room *room, size_t row) {
    struct walker *w = &room->walkers[row];
    run->out->calls[w->sample]++;
    if (w->step_stage == TO_DATA)
        return to_data(room, row);
    absorb_slope(room, row, w);
    if (run->in->divergence)
        w->slope[w->step_stage] = divergence_slope(room, row, run->in, &w->stage);
    int stages = w->pair == ADAPTIVE_DOPRI5 ? STAGES : 3;
    if (++w->step_stage < stages)
        return false;
    return judge(run, room, row);
}

static struct room make_room(const struct run *run, void *piece) {
    const struct denoiser *denoiser = run->in->denoiser;
    struct room room = {.width = run->chunk, .d = denoiser->d};
    size_t size = room.width * room.d;
    room.walkers = piece;
    room.points = (struct path_point *)(void *)(room.walkers + room.width);
    double *numbers = (double *)(void *)(room.points + room.width);
    room.divergence = numbers;
    room.x = room.divergence + room.width;
    room.trial = room.x + size;
    room.D = room.trial + size;
    room.v = room.D + size;
    room.slopes = room.v + size;
    room.scratch = room.slopes + STAGES * size;
    return room;
}

static size_t room_bytes(const struct run *run) {
    size_t d = run->in->denoiser->d, width = run->chunk;
    return width * (sizeof(struct walker) + sizeof(struct path_point)) +
           (width + (4 + STAGES) * width * d + denoiser_each_scratch(run->in->denoiser, width)) * sizeof(double);
}

static void sweep(const struct run *run, struct room *room) {
    const struct adaptive_in *in = run->in;
    for (size_t row = 0; row < room->active; row++)
        propose(run, room, row);
    const struct denoiser_each q = {
        .at = room->points,
        .condition = in->condition,
        .rows = room->active,
        .x = room->trial,
        .D = room->D,
        .trace = in->divergence == DIVERGENCE_EXACT ? room->divergence : NULL,
        .v = room->v,
        .vJv = in->divergence == DIVERGENCE_PROBED ? room->divergence : NULL,
    };
    denoiser_each(in->denoiser, &q, room->scratch);
    for (size_t row = room->active; row-- > 0;) /* from the end: retire() moves a row that is done with */
        if (absorb(run, room, row))
            retire(run, room, row);
}

/* cut_short takes D of every walker where it is. */
static void cut_short(const struct run *run, struct room *room) {
    for (size_t row = 0; row < room->active; row++)
        room->points[row] = room->walkers[row].at;
    const struct denoiser_each q = {
        .at = room->points, .condition = run->in->condition, .rows = room->active, .x = room->x, .D = room->D};
    denoiser_each(run->in->denoiser, &q, room->scratch);
    while (room->active) {
        size_t row = room->active - 1, sample = room->walkers[row].sample;
        run->out->calls[sample]++;
        run->out->cut[sample] = true;
        to_data(room, row);
        retire(run, room, row);
    }
}

/* give_up notes that chunk `index` holds a sample that failed. */
static void give_up(struct run *run, size_t index) {
    size_t known = atomic_load(&run->broken);
    while (index < known && !atomic_compare_exchange_weak(&run->broken, &known, index))
        ;
}

static void chunk(void *arg, size_t index) {
    struct run *run = arg;
    size_t first = index * run->chunk, left = run->in->count - first;
    size_t mine = workspaces_take(&run->spaces);
    struct room room = make_room(run, run->spaces.pieces[mine]);
    for (size_t i = 0; i < room.width && i < left; i++)
        start_walker(run, &room, first + i);
    while (room.active && ctx_stop(run->ctx) == STOP_NONE && index <= atomic_load(&run->broken))
        sweep(run, &room);
    if (room.active && run->in->anytime && ctx_stop(run->ctx) == STOP_DEADLINE)
        cut_short(run, &room);
    for (size_t i = first; i < first + room.width && i < run->in->count; i++)
        if (run->failed[i])
            give_up(run, index);
    workspaces_give(&run->spaces, mine);
}

/* A chunk is enough rows to fill the lanes of the formulas, fewer where rows are long. */
static size_t chunk_rows(size_t d, size_t count) {
    size_t rows = LANES_IN_WORK;
    while (rows > 8 && (rows * d > 65536 || rows * 8 > count))
        rows /= 2;
    return rows < count ? rows : count;
}

static enum status allocate(struct run *run) {
    struct ctx *ctx = run->ctx;
    struct adaptive_out *out = run->out;
    size_t n = run->in->count;
    out->calls = ctx_zalloc(ctx, n, sizeof *out->calls);
    out->steps = ctx_zalloc(ctx, n, sizeof *out->steps);
    out->rejects = ctx_zalloc(ctx, n, sizeof *out->rejects);
    out->error = ctx_zalloc(ctx, n, sizeof *out->error);
    out->integral = run->in->divergence ? ctx_zalloc(ctx, n, sizeof *out->integral) : NULL;
    out->cut = ctx_zalloc(ctx, n, sizeof *out->cut);
    run->failed = ctx_zalloc(ctx, n, sizeof *run->failed);
    if (!out->calls || !out->steps || !out->rejects || !out->error || !out->cut || !run->failed ||
        (run->in->divergence && !out->integral))
        return STATUS_NO_MEMORY;
    return workspaces_make(ctx, 1, room_bytes(run), &run->spaces);
}

enum status adaptive_run(struct ctx *ctx, const struct adaptive_in *in, struct adaptive_out *out) {
    *out = (struct adaptive_out){0};
    struct run run = {.ctx = ctx, .in = in, .out = out, .chunk = chunk_rows(in->denoiser->d, in->count)};
    atomic_init(&run.broken, SIZE_MAX);
    enum status status = allocate(&run);
    if (status != STATUS_OK)
        return status;
    parallel_for(ctx, (in->count + run.chunk - 1) / run.chunk, chunk, &run);
    status = in->anytime && ctx_stop(ctx) == STOP_DEADLINE ? STATUS_OK : ctx_stopped(ctx);
    for (size_t i = 0; status == STATUS_OK && i < in->count; i++)
        if (run.failed[i]) {
            out->failed = i;
            return ctx_fail(ctx, STATUS_INVALID, "/sampler/rtol",
                            "Sample %zu does not reach the tolerances rtol = %.9g, atol = %.9g: its steps become too "
                            "short or too many, or its state leaves the doubles; want larger tolerances.",
                            i, in->rtol, in->atol);
        }
    return status;
}
