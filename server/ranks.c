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

#include "server/clock.h"

static const size_t PIECE = (size_t)1 << 28; /* MPI counts in int */

struct ranks {
    struct team team;
    unsigned here;
    struct ranks_traffic traffic;
};

static void sum_floats(struct team *self, float *values, size_t n) {
    struct ranks *r = (struct ranks *)self;
    int64_t began = clock_ns();
    for (size_t i = 0; i < n; i += PIECE) {
        int count = (int)(n - i < PIECE ? n - i : PIECE);
        MPI_Allreduce(MPI_IN_PLACE, values + i, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    }
    r->traffic.seconds += (double)(clock_ns() - began) / (double)NS_PER_S;
    r->traffic.bytes += (double)(n * sizeof *values);
    r->traffic.sums++;
}

static void sum_doubles(struct team *self, double *values, size_t n) {
    (void)self;
    MPI_Allreduce(MPI_IN_PLACE, values, (int)n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

static void most(struct team *self, uint64_t *values, size_t n) {
    (void)self;
    MPI_Allreduce(MPI_IN_PLACE, values, (int)n, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
}

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
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level); /* the threads of the pool do not call it */
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n);
    r->team = (struct team){
        .rank = (size_t)rank, .ranks = (size_t)n, .sum_floats = sum_floats, .sum_doubles = sum_doubles, .most = most};
    r->here = count_here();
    *team = &r->team;
    return STATUS_OK;
}

void ranks_close(struct team *team) {
    if (!team)
        return;
    MPI_Barrier(MPI_COMM_WORLD); /* mpirun ends the others where one ends with an error */
    MPI_Finalize();
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

unsigned ranks_here(const struct team *team) {
    (void)team;
    return 1;
}

struct ranks_traffic ranks_traffic(const struct team *team) {
    (void)team;
    return (struct ranks_traffic){0};
}

#endif
