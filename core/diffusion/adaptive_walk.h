/* adaptive_walk.h - samples on their way along the probability-flow equation, some beside each other: each tries, takes
 * or refuses steps of its own, and the calls that all want next are made as one. For adaptive*.c only. */
#ifndef SOLVENT_ADAPTIVE_WALK_H
#define SOLVENT_ADAPTIVE_WALK_H

#include "core/diffusion/adaptive.h"

enum { STAGES = 7, TO_DATA = 100 }; /* slopes of a step at most; the stage of the call that ends the way */

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

/* What all samples of a run share. */
struct walk {
    const struct adaptive_in *in;
    struct adaptive_out *out;
    bool *failed; /* [count] */
};

/* Samples that walk together: arrays of [width][d], whose first `active` rows are in use; slopes are
 * [STAGES][width][d]. */
struct room {
    size_t width, active, d;
    struct walker *walkers;
    double *x, *trial, *D, *v, *slopes;
    struct path_point *points;
    int64_t *classes;   /* [width] of the query's rows */
    double *divergence; /* [width] */
    double *scratch;
};

static inline double *room_slope(const struct room *room, int stage, size_t row) {
    return room->slopes + ((size_t)stage * room->width + row) * room->d;
}

/* room_make lays a room for so many samples out in a piece of room_bytes. */
size_t room_bytes(const struct walk *walk, size_t width);
struct room room_make(const struct walk *walk, size_t width, void *piece);

/* room_enter lets a sample in, at the beginning of its way. There is a row free. */
void room_enter(const struct walk *walk, struct room *room, size_t sample);

/* room_sweep makes the next call of all samples inside. Those that are at their end leave it. */
void room_sweep(const struct walk *walk, struct room *room);

/* room_cut_short makes D of where they are of all samples inside, which leave it. */
void room_cut_short(const struct walk *walk, struct room *room);

/* room_stay_out makes D of where they would begin of samples that never went in. */
void room_stay_out(const struct walk *walk, const struct room *room, size_t first, size_t n);

/* -- The two pairs of methods (adaptive_pairs.c) -- */

double pair_place(enum adaptive_pair pair, double k);
struct path_point pair_point(const struct path *path, enum adaptive_pair pair, double place);

/* pair_radius is r, of which u = x / r. */
double pair_radius(const struct path_point *at);

/* pair_stages is how many calls a step makes, pair_node where in the step one lies, 0 .. 1. */
int pair_stages(enum adaptive_pair pair);
double pair_node(enum adaptive_pair pair, int stage);

/* pair_state writes the state, x at w->stage, of a stage from 1 on; pair_slope takes the call's D in as its slope. */
void pair_state(const struct room *room, size_t row, const struct walker *w, double *to);
void pair_slope(const struct room *room, size_t row, const struct walker *w);

/* pair_error leaves the state at the step's end in trial, and gives the step's err. */
double pair_error(const struct room *room, size_t row, struct walker *w, const struct adaptive_in *in);

/* pair_lengthen is the controller: h of the next step. */
void pair_lengthen(struct walker *w, double err, bool accepted);

#endif
