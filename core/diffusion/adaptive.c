#include "core/diffusion/adaptive.h"

#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/base/workspace.h"
#include "core/diffusion/adaptive_walk.h"

enum { LANES_IN_WORK = 64 };

struct run {
    struct ctx *ctx;
    struct walk walk;
    size_t chunk;
    struct workspaces spaces;
    atomic_size_t broken; /* the first chunk with a failure so far: those after it need not be run */
};

/* give_up notes that chunk `index` holds a sample that failed. */
static void give_up(struct run *run, size_t index) {
    size_t known = atomic_load(&run->broken);
    while (index < known && !atomic_compare_exchange_weak(&run->broken, &known, index))
        ;
}

static bool out_of_time(const struct run *run) {
    const struct time_limit *limit = run->walk.in->limit;
    return ctx_stop(run->ctx) == STOP_DEADLINE || (limit && limit->over(limit->self));
}

/* begin_chunk lets the samples of a chunk in; out of time, they need not go to be cut short. */
static void begin_chunk(const struct run *run, struct room *room, size_t index) {
    size_t first = index * run->chunk, left = run->walk.in->count - first, n = left < room->width ? left : room->width;
    if (run->walk.in->anytime && out_of_time(run))
        room_stay_out(&run->walk, room, first, n);
    else
        for (size_t i = 0; i < n; i++)
            room_enter(&run->walk, room, first + i);
}

/* advance makes so many calls at most for each sample of chunk `index`. */
static void advance(const struct run *run, struct room *room, size_t index, size_t calls) {
    while (calls-- > 0 && room->active && ctx_stop(run->ctx) == STOP_NONE && !out_of_time(run) &&
           index <= atomic_load(&run->broken))
        room_sweep(&run->walk, room);
}

static void end_chunk(struct run *run, struct room *room, size_t index) {
    size_t first = index * run->chunk;
    if (room->active && run->walk.in->anytime && ctx_stop(run->ctx) != STOP_CANCEL && out_of_time(run))
        room_cut_short(&run->walk, room);
    for (size_t i = first; i < first + room->width && i < run->walk.in->count; i++)
        if (run->walk.failed[i])
            give_up(run, index);
}

static void chunk(void *arg, size_t index) {
    struct run *run = arg;
    size_t mine = workspaces_take(&run->spaces);
    struct room room = room_make(&run->walk, run->chunk, run->spaces.pieces[mine]);
    begin_chunk(run, &room, index);
    advance(run, &room, index, SIZE_MAX);
    end_chunk(run, &room, index);
    workspaces_give(&run->spaces, mine);
}

static enum status run_chunks(struct run *run, size_t chunks) {
    enum status status = workspaces_make(run->ctx, 1, room_bytes(&run->walk, run->chunk), &run->spaces);
    if (status == STATUS_OK)
        parallel_for(run->ctx, chunks, chunk, run);
    return status;
}

/* -- With someone who watches: some chunks at a time, all of which advance by a step and then wait for each other -- */

struct batch {
    struct run *run;
    size_t first, n; /* chunks */
    struct room *rooms;
    size_t done; /* samples before this batch, and their calls */
    int64_t calls;
    double next; /* the share to tell of */
};

static void advance_room(void *arg, size_t i) {
    struct batch *b = arg;
    advance(b->run, &b->rooms[i], b->first + i, STAGES - 1);
}

static void end_room(void *arg, size_t i) {
    struct batch *b = arg;
    end_chunk(b->run, &b->rooms[i], b->first + i);
}

static size_t batch_end(const struct batch *b) {
    size_t end = (b->first + b->n) * b->run->chunk;
    return end < b->run->walk.in->count ? end : b->run->walk.in->count;
}

static struct adaptive_progress progress_of(const struct batch *b) {
    const struct adaptive_in *in = b->run->walk.in;
    const double from = elementary_atanpi(in->from.k), way = elementary_atanpi(in->to.k) - from;
    struct adaptive_progress p = {.done = batch_end(b), .calls = b->calls};
    double under_way = 0;
    for (size_t i = 0; i < b->n; i++) {
        p.done -= b->rooms[i].active;
        for (size_t row = 0; row < b->rooms[i].active; row++)
            under_way += (elementary_atanpi(b->rooms[i].walkers[row].at.k) - from) / way;
    }
    for (size_t i = b->done; i < batch_end(b); i++)
        p.calls += b->run->walk.out->calls[i];
    p.share = ((double)p.done + under_way) / (double)in->count;
    return p;
}

static void tell(struct batch *b, const struct adaptive_progress *p) {
    bool ended = p->done == b->run->walk.in->count;
    if (p->share < b->next || (p->share == 1 && !ended)) /* the call for the step to data is still to come */
        return;
    b->next = fmin(p->share + 0.01, 1);
    b->run->walk.in->watch->tell(b->run->walk.in->watch->self, p);
}

/* unfinished: some sample has a way to go, and nothing forbids it. */
static bool unfinished(const struct batch *b) {
    bool any = false;
    for (size_t i = 0; i < b->n; i++)
        any |= b->rooms[i].active && b->first + i <= atomic_load(&b->run->broken);
    return any && ctx_stop(b->run->ctx) == STOP_NONE && !out_of_time(b->run);
}

static void run_batch(struct batch *b) {
    struct ctx *ctx = b->run->ctx;
    struct adaptive_progress p;
    for (size_t i = 0; i < b->n; i++) {
        b->rooms[i].active = 0;
        begin_chunk(b->run, &b->rooms[i], b->first + i);
    }
    while (unfinished(b)) {
        parallel_for(ctx, b->n, advance_room, b);
        p = progress_of(b);
        tell(b, &p);
    }
    parallel_for(ctx, b->n, end_room, b);
    p = progress_of(b);
    b->done = p.done;
    b->calls = p.calls;
}

static enum status run_watched(struct run *run, size_t chunks) {
    enum { ROOMS = 16 };
    struct room rooms[ROOMS];
    const size_t numbers = run->chunk * run->walk.in->denoiser->d, fit = 1 + (1 << 18) / numbers;
    const size_t most = chunks < ROOMS ? chunks : ROOMS, size = most < fit ? most : fit;
    struct batch b = {.run = run, .rooms = rooms, .next = 0.01};
    for (size_t i = 0; i < size; i++) {
        void *piece = ctx_alloc(run->ctx, 1, room_bytes(&run->walk, run->chunk));
        if (!piece)
            return STATUS_NO_MEMORY;
        rooms[i] = room_make(&run->walk, run->chunk, piece);
    }
    for (; b.first < chunks; b.first += b.n) {
        b.n = chunks - b.first < size ? chunks - b.first : size;
        run_batch(&b);
    }
    return STATUS_OK;
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
    struct adaptive_out *out = run->walk.out;
    size_t n = run->walk.in->count;
    out->calls = ctx_zalloc(ctx, n, sizeof *out->calls);
    out->steps = ctx_zalloc(ctx, n, sizeof *out->steps);
    out->rejects = ctx_zalloc(ctx, n, sizeof *out->rejects);
    out->error = ctx_zalloc(ctx, n, sizeof *out->error);
    out->integral = run->walk.in->divergence ? ctx_zalloc(ctx, n, sizeof *out->integral) : NULL;
    out->cut = ctx_zalloc(ctx, n, sizeof *out->cut);
    run->walk.failed = ctx_zalloc(ctx, n, sizeof *run->walk.failed);
    if (!out->calls || !out->steps || !out->rejects || !out->error || !out->cut || !run->walk.failed ||
        (run->walk.in->divergence && !out->integral))
        return STATUS_NO_MEMORY;
    return STATUS_OK;
}

enum status adaptive_run(struct ctx *ctx, const struct adaptive_in *in, struct adaptive_out *out) {
    *out = (struct adaptive_out){0};
    struct run run = {.ctx = ctx, .walk = {.in = in, .out = out}, .chunk = chunk_rows(in->denoiser->d, in->count)};
    atomic_init(&run.broken, SIZE_MAX);
    enum status status = allocate(&run);
    if (status != STATUS_OK)
        return status;
    const size_t chunks = (in->count + run.chunk - 1) / run.chunk;
    status = in->watch ? run_watched(&run, chunks) : run_chunks(&run, chunks);
    if (status != STATUS_OK)
        return status;
    status = in->anytime && ctx_stop(ctx) == STOP_DEADLINE ? STATUS_OK : ctx_stopped(ctx);
    for (size_t i = 0; status == STATUS_OK && i < in->count; i++)
        if (run.walk.failed[i]) {
            out->failed = i;
            return ctx_fail(ctx, STATUS_INVALID, "/sampler/rtol",
                            "Sample %zu does not reach the tolerances rtol = %.9g, atol = %.9g: its steps become too "
                            "short or too many, or its state leaves the doubles; want larger tolerances.",
                            i, in->rtol, in->atol);
        }
    return status;
}
