#include "core/diffusion/adaptive_walk.h"

#include <math.h>
#include <string.h>

enum { LEAST_STEPS = 6 };

/* enter chooses the pair of the step ahead and the unit of place. */
static void enter(const struct adaptive_in *in, struct walker *w) {
    enum adaptive_pair pair = isinf(w->at.k) ? ADAPTIVE_DOPRI5 : in->pair;
    w->pair = pair;
    w->place = pair_place(pair, w->at.k);
    w->end = pair_place(pair, in->to.k);
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
    w->next = w->last_step ? in->to : pair_point(in->path, w->pair, w->place + w->h);
    w->step_stage = w->first_known ? 1 : 0;
}

void room_enter(const struct walk *walk, struct room *room, size_t sample) {
    size_t row = room->active++, d = room->d;
    struct walker *w = &room->walkers[row];
    *w = (struct walker){.sample = sample, .at = walk->in->from};
    memcpy(room->x + row * d, walk->in->x + sample * d, d * sizeof *room->x);
    if (walk->in->probes)
        memcpy(room->v + row * d, walk->in->probes + sample * d, d * sizeof *room->v);
    enter(walk->in, w);
    aim(walk->in, w);
}

/* propose writes the state of the walker's next call to trial, and its point. */
static void propose(const struct walk *walk, struct room *room, size_t row) {
    struct walker *w = &room->walkers[row];
    double *to = room->trial + row * room->d;
    int s = w->step_stage;
    if (s == 0 || s == TO_DATA) {
        w->stage = w->at;
        memcpy(to, room->x + row * room->d, room->d * sizeof *to);
    } else {
        const double node = pair_node(w->pair, s);
        w->stage = node == 1 ? w->next : pair_point(walk->in->path, w->pair, w->place + node * w->h);
        pair_state(room, row, w, to);
    }
    room->points[row] = w->stage;
}

/* divergence_slope is pi div du/da = pi (cos a |v|^2 - r v' J v) / sin a, |v|^2 = d where v stands for the trace. */
static double divergence_slope(const struct room *room, size_t row, const struct adaptive_in *in,
                               const struct path_point *at) {
    double norm = (double)room->d, r = pair_radius(at);
    if (in->divergence == DIVERGENCE_PROBED) {
        const double *v = room->v + row * room->d;
        norm = 0;
        for (size_t j = 0; j < room->d; j++)
            norm += v[j] * v[j];
    }
    return M_PI * (at->alpha * norm - r * r * room->divergence[row]) / at->sigma;
}

/* move_on takes the step; dopri5's last slope is the next one's first. */
static void move_on(const struct walk *walk, struct room *room, size_t row, double err) {
    struct walker *w = &room->walkers[row];
    struct adaptive_out *out = walk->out;
    size_t d = room->d;
    memcpy(room->x + row * d, room->trial + row * d, d * sizeof *room->x);
    out->steps[w->sample]++;
    out->error[w->sample] = err > out->error[w->sample] ? err : out->error[w->sample];
    w->integral = w->new_integral;
    w->at = w->next;
    w->place += w->h;
    w->first_known = w->pair == ADAPTIVE_DOPRI5;
    if (w->first_known) {
        memcpy(room_slope(room, 0, row), room_slope(room, STAGES - 1, row), d * sizeof *room->slopes);
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
static void retire(const struct walk *walk, struct room *room, size_t row) {
    size_t d = room->d, last = --room->active;
    const struct walker *w = &room->walkers[row];
    memcpy(walk->in->x + w->sample * d, room->x + row * d, d * sizeof *room->x);
    if (!finite_row(d, room->x + row * d))
        walk->failed[w->sample] = true;
    if (walk->out->integral)
        walk->out->integral[w->sample] = w->integral;
    if (row == last)
        return;
    room->walkers[row] = room->walkers[last];
    memcpy(room->x + row * d, room->x + last * d, d * sizeof *room->x);
    if (walk->in->probes)
        memcpy(room->v + row * d, room->v + last * d, d * sizeof *room->v);
    for (int s = 0; s < STAGES; s++)
        memcpy(room_slope(room, s, row), room_slope(room, s, last), d * sizeof *room->slopes);
}

/* to_data takes the last call's D, which was made at the state itself. */
static bool to_data(struct room *room, size_t row) {
    memcpy(room->x + row * room->d, room->D + row * room->d, room->d * sizeof *room->x);
    return true;
}

/* judge ends a step whose calls are all made. True: the walker is at its end. */
static bool judge(const struct walk *walk, struct room *room, size_t row) {
    const struct adaptive_in *in = walk->in;
    struct walker *w = &room->walkers[row];
    double err = pair_error(room, row, w, in);
    bool accepted = err <= 1, last = w->last_step;
    if (accepted) {
        move_on(walk, room, row, err);
    } else {
        walk->out->rejects[w->sample]++;
        w->first_known = true;
    }
    pair_lengthen(w, err == err ? err : (double)INFINITY, accepted);
    if (accepted && last) {
        w->step_stage = TO_DATA;
        return !in->to_data || (w->pair == ADAPTIVE_DOPRI5 && to_data(room, row));
    }
    if (w->place + w->h == w->place ||
        walk->out->steps[w->sample] + walk->out->rejects[w->sample] >= ADAPTIVE_MAX_TRIES)
        return walk->failed[w->sample] = true;
    if (accepted && w->pair != in->pair)
        enter(in, w);
    aim(in, w);
    return false;
}

/* absorb takes in a call's answer. True: the walker is at its end. */
static bool absorb(const struct walk *walk, struct room *room, size_t row) {
    struct walker *w = &room->walkers[row];
    walk->out->calls[w->sample]++;
    if (w->step_stage == TO_DATA)
        return to_data(room, row);
    pair_slope(room, row, w);
    if (walk->in->divergence)
        w->slope[w->step_stage] = divergence_slope(room, row, walk->in, &w->stage);
    if (++w->step_stage < pair_stages(w->pair))
        return false;
    return judge(walk, room, row);
}

/* -- Rooms -- */

/* call_scratch is enough for a query of so many rows, and for D of those rows at one level, or at least of one. */
static size_t call_scratch(const struct denoiser *denoiser, size_t width) {
    size_t each = denoiser_each_scratch(denoiser, width), one = denoiser_scratch(denoiser, 1);
    return each > one ? each : one;
}

size_t room_bytes(const struct walk *walk, size_t width) {
    size_t d = walk->in->denoiser->d;
    return width * (sizeof(struct walker) + sizeof(struct path_point) + sizeof(int64_t)) +
           (width + (4 + STAGES) * width * d + call_scratch(walk->in->denoiser, width)) * sizeof(double);
}

struct room room_make(const struct walk *walk, size_t width, void *piece) {
    struct room room = {.width = width, .d = walk->in->denoiser->d};
    size_t size = room.width * room.d;
    room.walkers = piece;
    room.points = (struct path_point *)(void *)(room.walkers + room.width);
    room.classes = (int64_t *)(void *)(room.points + room.width);
    room.divergence = (double *)(void *)(room.classes + room.width);
    room.x = room.divergence + room.width;
    room.trial = room.x + size;
    room.D = room.trial + size;
    room.v = room.D + size;
    room.slopes = room.v + size;
    room.scratch = room.slopes + STAGES * size;
    return room;
}

/* classes_of gathers the classes of the rows inside; NULL: there are none. */
static const int64_t *classes_of(const struct walk *walk, const struct room *room) {
    const int64_t *all = walk->in->classes;
    for (size_t row = 0; all && row < room->active; row++)
        room->classes[row] = all[room->walkers[row].sample];
    return all ? room->classes : NULL;
}

void room_sweep(const struct walk *walk, struct room *room) {
    const struct adaptive_in *in = walk->in;
    for (size_t row = 0; row < room->active; row++)
        propose(walk, room, row);
    const struct denoiser_each q = {
        .at = room->points,
        .classes = classes_of(walk, room),
        .rows = room->active,
        .x = room->trial,
        .D = room->D,
        .trace = in->divergence == DIVERGENCE_EXACT ? room->divergence : NULL,
        .v = room->v,
        .vJv = in->divergence == DIVERGENCE_PROBED ? room->divergence : NULL,
    };
    denoiser_each(in->denoiser, &q, room->scratch);
    for (size_t row = room->active; row-- > 0;) /* from the end: retire() moves a row that is done with */
        if (absorb(walk, room, row))
            retire(walk, room, row);
}

void room_cut_short(const struct walk *walk, struct room *room) {
    for (size_t row = 0; row < room->active; row++)
        room->points[row] = room->walkers[row].at;
    const struct denoiser_each q = {
        .at = room->points, .classes = classes_of(walk, room), .rows = room->active, .x = room->x, .D = room->D};
    denoiser_each(walk->in->denoiser, &q, room->scratch);
    while (room->active) {
        size_t row = room->active - 1, sample = room->walkers[row].sample;
        walk->out->calls[sample]++;
        walk->out->cut[sample] = true;
        to_data(room, row);
        retire(walk, room, row);
    }
}

/* All begin at one level, where eval takes a fraction of the time that `each` would. */
void room_stay_out(const struct walk *walk, const struct room *room, size_t first, size_t n) {
    const struct adaptive_in *in = walk->in;
    const size_t d = room->d, fits = call_scratch(in->denoiser, room->width);
    size_t rows = room->width;
    while (rows > 1 && denoiser_scratch(in->denoiser, rows) > fits)
        rows /= 2;
    for (size_t i = 0; i < n; i += rows) {
        size_t now = n - i < rows ? n - i : rows;
        const struct told told = told_from(&(struct told){.classes = in->classes}, first + i, d);
        double *x = in->x + (first + i) * d;
        denoiser_eval(in->denoiser, &in->from, &told, now, x, room->D, room->scratch);
        memcpy(x, room->D, now * d * sizeof *x);
    }
    for (size_t i = first; i < first + n; i++) {
        walk->out->calls[i]++;
        walk->out->cut[i] = true;
        walk->failed[i] = !finite_row(d, in->x + i * d);
    }
}
