/* The team of ranks: this program is started again below mpirun, and there compares sums with those of the same numbers,
 * which are added one by one in the order of the ranks. Skipped where there is no mpirun, or a build without MPI. */
#include "server/ranks.h"

#include <string.h>
#include <unistd.h>

#include "tests/support/mpirun.h"
#include "tests/support/test.h"

/* -- Below mpirun -- */

enum { FENCE = 8, FENCED = 7777 };

static float number_of(size_t rank, size_t i) {
    uint64_t seed = rank << 32 | i;
    return (float)(int64_t)(test_random(&seed) >> 40) * 0x1p-20f - 8; /* whose sums are rounded */
}

static bool are_sums(const float *values, size_t ranks, size_t n) {
    for (size_t i = 0; i < FENCE; i++)
        if (values[-1 - (ptrdiff_t)i] != FENCED || values[n + i] != FENCED)
            return false;
    for (size_t i = 0; i < n; i++) {
        float sum = number_of(0, i);
        for (size_t k = 1; k < ranks; k++)
            sum += number_of(k, i);
        if (memcmp(&sum, &values[i], sizeof sum) != 0)
            return false;
    }
    return true;
}

static void fill(float *values, size_t rank, size_t from, size_t end) {
    for (size_t i = from; i < end; i++)
        values[i] = number_of(rank, i);
}

/* sum_pieces makes some more numbers at a time, each rank others, and says so. */
static bool sum_pieces(struct team *team, size_t n, size_t pieces) {
    uint64_t seed = team->rank;
    float *room = malloc((n + 2 * FENCE) * sizeof *room), *values = room + FENCE;
    size_t made = 0;
    for (size_t i = 0; room && i < n + 2 * FENCE; i++)
        room[i] = FENCED;
    if (!room)
        return false;
    team->sum_begin(team, values, n);
    for (size_t i = 0; i < pieces; i++) {
        size_t more = test_below(&seed, n - made + 1);
        fill(values, team->rank, made, made + more);
        team->sum_made(team, made += more);
    }
    fill(values, team->rank, made, n);
    team->sum_end(team);
    bool fine = are_sums(values, team->ranks, n);
    free(room);
    return fine;
}

/* Around the ends of parts, of one and of many; the last have the most numbers. */
static bool long_sums(struct team *team) {
    static const size_t LENGTHS[] = {2, (1 << 16) - 1, (1 << 16) + 1, (9 << 16) + 12345, (8 << 20) + 3};
    for (size_t i = 0; i < COUNT(LENGTHS); i++)
        for (size_t pieces = 0; pieces <= (i + 1 < COUNT(LENGTHS) ? 9U : 0U); pieces += 9)
            if (!sum_pieces(team, LENGTHS[i], pieces)) {
                printf("rank %zu: a sum of %zu in %zu pieces is wrong\n", team->rank, LENGTHS[i], pieces);
                return false;
            }
    const struct ranks_traffic t = ranks_traffic(team);
    return t.sums == 2 * (COUNT(LENGTHS) - 1) + 1 && t.parts == 2 * (1 + 1 + 2 + 9) + 9 && t.seconds > 0 &&
           t.waited > 0 && t.waited <= t.seconds;
}

static bool short_sums(struct team *team) {
    const uint64_t n = team->ranks, last = n - 1, all = n * last / 2;
    double values[] = {(double)team->rank, 0.5};
    uint64_t words[] = {team->rank, ~(uint64_t)team->rank};
    team->sum_doubles(team, values, 2);
    team->most(team, words, 2);
    return values[0] == (double)all && values[1] == 0.5 * (double)n && words[0] == last && words[1] == UINT64_MAX;
}

static bool sums(struct team *team) { return short_sums(team) && long_sums(team); }

/* silent: the last rank takes no part in a sum, and the others do not wait for ever. */
static bool silent(struct team *team) {
    float values[2] = {1, 2};
    ranks_patience(team, 1);
    while (team->rank + 1 == team->ranks)
        pause();
    team->sum_begin(team, values, 2);
    team->sum_end(team);
    return true;
}

static int below(bool (*check)(struct team *team)) {
    struct ctx ctx;
    struct team *team;
    ctx_init(&ctx, 64 << 20);
    bool fine = ranks_open(&ctx, &team) == STATUS_OK && team && ranks_here(team) == team->ranks;
    fine = fine && check(team);
    ranks_close(team);
    ctx_release(&ctx);
    return fine ? 0 : 1;
}

/* -- Above it -- */

static char program[4096];

static char said[1 << 14];

/* run starts this program again on so many ranks; returns what system() does. */
static int run(int ranks, const char *what) {
    char line[sizeof program + 512];
    snprintf(line, sizeof line, MPIRUN "%d %s %s 2>&1", ranks, program, what);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    return pclose(f);
}

static void sums_are_those_in_the_order_of_ranks(void **state) {
    (void)state;
    if (!mpirun_here())
        skip();
    for (int ranks = 2; ranks <= 3; ranks++)
        if (run(ranks, "sums"))
            fail_msg("on %d ranks: %s", ranks, said);
}

static void a_rank_that_is_silent_ends_all(void **state) {
    (void)state;
    if (!mpirun_here())
        skip();
    assert_int_not_equal(run(2, "silent"), 0);
    assert_non_null(strstr(said, "solvent: Rank 0: Nothing has come from the other ranks for 1 s; one of them, or the "
                                 "network between them, has failed, or --rank-timeout is too short. All end here.\n"));
}

static void one_process_is_no_team(void **state) {
    (void)state;
    struct ctx ctx;
    struct team *team;
    ctx_init(&ctx, 1 << 20);
    unsetenv("OMPI_COMM_WORLD_SIZE");
    assert_int_equal(ranks_open(&ctx, &team), STATUS_OK);
    assert_null(team);
    assert_int_equal(ranks_here(team), 1);
    ranks_patience(team, 1);
    ranks_close(team);
    ctx_release(&ctx);
}

int main(int argc, char **argv) {
    if (argc == 2)
        return below(strcmp(argv[1], "sums") ? silent : sums);
    snprintf(program, sizeof program, "%s", argv[0]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_in_the_order_of_ranks),
        cmocka_unit_test(a_rank_that_is_silent_ends_all),
        cmocka_unit_test(one_process_is_no_team),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
