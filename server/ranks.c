#include "server/ranks.h"

#include <stdlib.h>

/* What starts several processes says how many there are in the environment: Open MPI's mpirun, those that speak PMI
 * (MPICH, Slurm), and Slurm where it speaks PMIx. */
static bool with_others(void) {
    static const char *const SIZES[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        const char *size = getenv(SIZES[i]);
        if (size)
            return atoi(size) > 1;
    }
    const char *tasks = getenv("PMIX_RANK") ? getenv("SLURM_STEP_NUM_TASKS") : NULL;
    return tasks && atoi(tasks) > 1;
}

#ifdef SOLVENT_MPI
#include <mpi.h>
#include <sched.h>
#include <stdio.h>

#include "server/clock.h"
#include "server/ranks_sum.h"

enum { PATIENCE_S = 1800 };

struct ranks {
    struct team team;
    unsigned here;
    int64_t patience_ns, flies_ns; /* flies: since when a sum has been on its way */
    struct ranks_sum *sum;
    struct ranks_traffic traffic;
};

/* -- Waiting -- */

/* Turns of a wait in which nothing has come. */
struct lull {
    int64_t since_ns;
    unsigned turns;
};

static void give_up(const struct ranks *r) {
    fprintf(stderr,
            "solvent: Rank %zu: Nothing has come from the other ranks for %lld s; one of them, or the network between "
            "them, has failed, or --rank-timeout is too short. All end here.\n",
            r->team.rank, (long long)(r->patience_ns / NS_PER_S));
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* linger leaves the processor to others, who may be the ranks that are waited for. While one of them writes files, or
 * draws, it is a longer sleep. */
static void linger(const struct ranks *r, struct lull *l) {
    enum { AT_ONCE = 100, SOON_MS = 100 };
    const struct timespec nap = {.tv_nsec = NS_PER_MS / 2};
    if (l->turns++ == 0)
        l->since_ns = clock_ns();
    if (l->turns < AT_ONCE)
        return;
    int64_t waited = clock_ns() - l->since_ns;
    if (waited > r->patience_ns)
        give_up(r);
    else if (waited < SOON_MS * NS_PER_MS)
        sched_yield();
    else
        nanosleep(&nap, NULL);
}

static void finish(const struct ranks *r, MPI_Request *request) {
    struct lull lull = {0};
    int done;
    for (MPI_Test(request, &done, MPI_STATUS_IGNORE); !done; MPI_Test(request, &done, MPI_STATUS_IGNORE))
        linger(r, &lull);
}

/* -- Short sums -- */

static void sum_doubles(struct team *self, double *values, size_t n) {
    MPI_Request request;
    MPI_Iallreduce(MPI_IN_PLACE, values, (int)n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request);
    finish((struct ranks *)self, &request);
}

static void most(struct team *self, uint64_t *values, size_t n) {
    MPI_Request request;
    MPI_Iallreduce(MPI_IN_PLACE, values, (int)n, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD, &request);
    finish((struct ranks *)self, &request);
}

/* -- Long sums -- */

static void sum_begin(struct team *self, float *values, size_t n) {
    ranks_sum_begin(((struct ranks *)self)->sum, values, n);
}

static bool advance(struct ranks *r) {
    bool flew = ranks_sum_begun(r->sum), moved = ranks_sum_advance(r->sum);
    if (!flew && ranks_sum_begun(r->sum))
        r->flies_ns = clock_ns();
    return moved;
}

static void sum_made(struct team *self, size_t k) {
    struct ranks *r = (struct ranks *)self;
    ranks_sum_made(r->sum, k);
    advance(r);
}

/* sum_later is for an MPI that only its first thread may call: nothing begins before sum_end. */
static void sum_later(struct team *self, size_t k) { (void)self, (void)k; }

static void count_sum(struct ranks *r, size_t n, int64_t waits_ns) {
    const int64_t now = clock_ns(), waited = now - (waits_ns > r->flies_ns ? waits_ns : r->flies_ns);
    r->traffic.sums++;
    r->traffic.parts += ranks_sum_parts(r->sum);
    r->traffic.bytes += (double)(n * sizeof(float));
    r->traffic.seconds += (double)(now - r->flies_ns) / (double)NS_PER_S;
    r->traffic.waited += (double)waited / (double)NS_PER_S;
}

static void sum_end(struct team *self) {
    struct ranks *r = (struct ranks *)self;
    struct lull lull = {0};
    const size_t n = ranks_sum_length(r->sum);
    ranks_sum_made(r->sum, n);
    const int64_t began = clock_ns();
    while (!ranks_sum_done(r->sum))
        if (advance(r))
            lull.turns = 0;
        else
            linger(r, &lull);
    count_sum(r, n, began);
}

/* -- Who is there -- */

static unsigned count_here(void) {
    MPI_Comm here;
    int n;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
    MPI_Comm_size(here, &n);
    MPI_Comm_free(&here);
    return (unsigned)n;
}

bool ranks_built(void) { return true; }

enum status ranks_open(struct ctx *ctx, struct team **team) {
    int rank, n, level;
    *team = NULL;
    if (!with_others())
        return STATUS_OK;
    struct ranks *r = ctx_zalloc(ctx, 1, sizeof *r);
    if (!r)
        return STATUS_NO_MEMORY;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n);
    r->team = (struct team){.rank = (size_t)rank,
                            .ranks = (size_t)n,
                            .sum_doubles = sum_doubles,
                            .most = most,
                            .sum_begin = sum_begin,
                            .sum_made = level < MPI_THREAD_SERIALIZED ? sum_later : sum_made,
                            .sum_end = sum_end};
    r->here = count_here();
    ranks_patience(&r->team, PATIENCE_S);
    enum status status = ranks_sum_open(ctx, &r->sum);
    *team = status == STATUS_OK ? &r->team : NULL;
    return status;
}

void ranks_close(struct team *team) {
    if (!team)
        return;
    struct ranks *r = (struct ranks *)team;
    MPI_Request request;
    MPI_Ibarrier(MPI_COMM_WORLD, &request); /* mpirun ends the others where one ends with an error */
    finish(r, &request);
    ranks_sum_close(r->sum);
    MPI_Finalize();
}

void ranks_patience(struct team *team, int64_t seconds) {
    if (team)
        ((struct ranks *)team)->patience_ns = seconds * NS_PER_S;
}

unsigned ranks_here(const struct team *team) { return team ? ((const struct ranks *)team)->here : 1; }

struct ranks_traffic ranks_traffic(const struct team *team) {
    return ((const struct ranks *)team)->traffic;
}

#else

bool ranks_built(void) { return false; }

enum status ranks_open(struct ctx *ctx, struct team **team) {
    *team = NULL;
    if (!with_others())
        return STATUS_OK;
    return ctx_fail(
        ctx, STATUS_INVALID, "",
        "This program was built without MPI, and several of it would each train for itself; install Open MPI "
        "(libopenmpi-dev) and build again, or start one.");
}

void ranks_close(struct team *team) { (void)team; }

void ranks_patience(struct team *team, int64_t seconds) { (void)team, (void)seconds; }

unsigned ranks_here(const struct team *team) {
    (void)team;
    return 1;
}

struct ranks_traffic ranks_traffic(const struct team *team) {
    (void)team;
    return (struct ranks_traffic){0};
}

#endif
