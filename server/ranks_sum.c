#include "server/ranks_sum.h"

#ifdef SOLVENT_MPI
#include <mpi.h>

/* So many parts a sum, that the first are on their way while the last are made; numbers of one, at least, since each costs
 * every rank a turn, and at most, for room; parts on their way at once, so that the next is there when one ends. */
enum { PARTS = 8, PART_LEAST = 1 << 16, PART_MOST = 1 << 20, WINDOW = 4 };

struct part {
    size_t first, n;
    MPI_Request request;
    float *inbox;         /* [ranks][counts[rank]]: this rank's share, of each of them */
    int *counts, *places; /* [ranks]: the shares */
    int *in, *in_places;  /* [ranks]: those of inbox */
};

/* Parts go through two states, each in the order of the parts on a communicator of its own, as MPI wants it of all ranks. */
struct ranks_sum {
    MPI_Comm scatter, gather;
    int rank, ranks;
    float *values;
    size_t n, made, each; /* numbers; final here; of a part */
    size_t parts, scattered, summed,
        gathered;               /* all; so many of them have begun the first way, begun the second, ended */
    struct part window[WINDOW]; /* part i is in i % WINDOW */
};

static bool make_part(struct ctx *ctx, size_t ranks, struct part *p) {
    p->inbox = ctx_alloc(ctx, PART_MOST + 2 * ranks, sizeof *p->inbox); /* shares, and the part, are rounded up */
    p->counts = ctx_alloc(ctx, 4 * ranks, sizeof *p->counts);
    if (!p->inbox || !p->counts)
        return false;
    p->places = p->counts + ranks;
    p->in = p->places + ranks;
    p->in_places = p->in + ranks;
    return true;
}

enum status ranks_sum_open(struct ctx *ctx, struct ranks_sum **out) {
    struct ranks_sum *s = *out = ctx_zalloc(ctx, 1, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    MPI_Comm_rank(MPI_COMM_WORLD, &s->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &s->ranks);
    for (size_t i = 0; i < WINDOW; i++)
        if (!make_part(ctx, (size_t)s->ranks, &s->window[i]))
            return STATUS_NO_MEMORY;
    MPI_Comm_dup(MPI_COMM_WORLD, &s->scatter);
    MPI_Comm_dup(MPI_COMM_WORLD, &s->gather);
    return STATUS_OK;
}

void ranks_sum_close(struct ranks_sum *s) {
    MPI_Comm_free(&s->scatter);
    MPI_Comm_free(&s->gather);
}

void ranks_sum_begin(struct ranks_sum *s, float *values, size_t n) {
    size_t each = n / PARTS;
    each = each < PART_LEAST ? PART_LEAST : each < PART_MOST ? each : PART_MOST;
    s->values = values;
    s->n = n;
    s->each = each;
    s->parts = (n + each - 1) / each;
    s->made = s->scattered = s->summed = s->gathered = 0;
}

void ranks_sum_made(struct ranks_sum *s, size_t k) { s->made = k; }

static size_t end_of(const struct ranks_sum *s, size_t part) {
    return part + 1 < s->parts ? (part + 1) * s->each : s->n;
}

static void lay_out(const struct ranks_sum *s, struct part *p) {
    const size_t ranks = (size_t)s->ranks;
    for (size_t k = 0; k < ranks; k++) {
        p->places[k] = (int)(p->n * k / ranks);
        p->counts[k] = (int)(p->n * (k + 1) / ranks) - p->places[k];
    }
    for (size_t k = 0; k < ranks; k++) {
        p->in[k] = p->counts[s->rank];
        p->in_places[k] = (int)k * p->in[k];
    }
}

static void scatter(struct ranks_sum *s) {
    struct part *p = &s->window[s->scattered % WINDOW];
    p->first = s->scattered * s->each;
    p->n = end_of(s, s->scattered) - p->first;
    lay_out(s, p);
    MPI_Ialltoallv(s->values + p->first, p->counts, p->places, MPI_FLOAT, p->inbox, p->in, p->in_places, MPI_FLOAT,
                   s->scatter, &p->request);
    s->scattered++;
}

static void add_up(const struct ranks_sum *s, const struct part *p) {
    const size_t m = (size_t)p->counts[s->rank];
    float *to = s->values + p->first + p->places[s->rank];
    for (size_t i = 0; i < m; i++) {
        float sum = p->inbox[i];
        for (size_t k = 1; k < (size_t)s->ranks; k++)
            sum += p->inbox[k * m + i];
        to[i] = sum;
    }
}

static void gather(struct ranks_sum *s) {
    struct part *p = &s->window[s->summed % WINDOW];
    add_up(s, p);
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_FLOAT, s->values + p->first, p->counts, p->places, MPI_FLOAT, s->gather,
                    &p->request);
    s->summed++;
}

static bool arrived(struct ranks_sum *s, size_t part) {
    int done;
    MPI_Test(&s->window[part % WINDOW].request, &done, MPI_STATUS_IGNORE);
    return done;
}

bool ranks_sum_advance(struct ranks_sum *s) {
    const size_t before = s->scattered + s->summed + s->gathered;
    if (s->gathered < s->summed && arrived(s, s->gathered))
        s->gathered++;
    if (s->summed < s->scattered && arrived(s, s->summed))
        gather(s);
    while (s->scattered < s->parts && s->scattered < s->gathered + WINDOW && end_of(s, s->scattered) <= s->made)
        scatter(s);
    return s->scattered + s->summed + s->gathered > before;
}

bool ranks_sum_begun(const struct ranks_sum *s) { return s->scattered > 0; }

bool ranks_sum_done(const struct ranks_sum *s) { return s->gathered == s->parts; }

size_t ranks_sum_length(const struct ranks_sum *s) { return s->n; }

size_t ranks_sum_parts(const struct ranks_sum *s) { return s->parts; }

#endif
