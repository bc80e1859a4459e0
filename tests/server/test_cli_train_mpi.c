/* mpirun solvent train, as a shell sees it: losses beside those of one process; failures, signals and lost ranks end all
 * of them, and the run goes on. Where there is no mpirun, or a build without MPI (ThreadSanitizer's), these are skipped. */
#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/mpirun.h"
#include "tests/support/test.h"

static char folder[] = "/tmp/solvent-mpi-XXXXXX";
static char said[1 << 16];

#define SMALL                                                                                                   \
    " train --data moons --hidden-size 16 --num-blocks 1 --time-size 16 --batch 32 --warmup 5 --clip-norm 0.5 " \
    "--metrics-every 1 --sample-every 30 --sample-count 2 --sample-steps 2 --held-out 0.1 --threads 1 --kernels ref "

/* command fills in: % is the test's folder, $S the program. */
static void command(char out[2048], const char *text) {
    const char *program = getenv("SOLVENT");
    snprintf(out, 2048, "S=%s; ", program ? program : "./solvent");
    for (size_t n = strlen(out); *text; n = strlen(out), text++)
        snprintf(out + n, 2048 - n, *text == '%' ? "%s" : "%.1s", *text == '%' ? folder : text);
}

static int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

/* run runs a line of the shell; returns its exit code. */
static int run(const char *line) {
    char text[2048];
    command(text, line);
    strncat(text, " 2>&1", sizeof text - strlen(text) - 1);
    FILE *f = popen(text, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    return code_of(pclose(f));
}

static void fine(const char *line) {
    int code = run(line);
    if (code)
        fail_msg("%s: exit code %d, says %s", line, code, said);
}

static void refused(const char *line, const char *sentence) {
    int code = run(line);
    const char *at = strstr(said, sentence);
    if (code != 1 || !at || strstr(at + 1, sentence)) /* one rank says it */
        fail_msg("%s: exit code %d, says %s", line, code, said);
}

static char *path_of(const char *name) {
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool exists(const char *name) { return !access(path_of(name), F_OK); }

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    char text[200];
    (void)state;
    snprintf(text, sizeof text, "rm -r %s", folder);
    return system(text);
}

static void want_mpi(void) {
    if (!mpirun_here())
        skip();
}

/* -- Losses -- */

/* number_in reads a number of the line of metrics; false: it has none of the name. */
static bool number_in(const char *line, const char *name, double *x) {
    const char *end = strchr(line, '\n'), *at = strstr(line, name);
    return at && at < end && sscanf(at + strlen(name), "%lf", x) == 1;
}

/* runs_within compares what two runs have written, to a part of it; returns how many numbers. */
static size_t runs_within(double part, const char *a, const char *b) {
    static const char *const NAMES[] = {"\"step\":", "\"loss\":", "\"norm\":", "\"held_out\":"};
    char *p = read_file(path_of(a), NULL), *q = read_file(path_of(b), NULL);
    const char *x = p, *y = q;
    size_t n = 0;
    assert_non_null(p);
    assert_non_null(q);
    for (; *x && *y; x = strchr(x, '\n') + 1, y = strchr(y, '\n') + 1)
        for (size_t i = 0; i < COUNT(NAMES); i++) {
            double is = 0, wanted = 0;
            assert_int_equal(number_in(x, NAMES[i], &is), number_in(y, NAMES[i], &wanted));
            if (!(fabs(is - wanted) <= part * fabs(wanted)))
                fail_msg("%s and %s differ in %s%.9g and %.9g", a, b, NAMES[i], is, wanted);
            n += wanted != 0;
        }
    assert_true(!*x && !*y);
    free(p);
    free(q);
    return n;
}

static size_t near_runs(const char *a, const char *b) { return runs_within(1e-5, a, b); }

static void ranks_learn_as_one_process(void **state) {
    (void)state;
    want_mpi();
    fine("$S" SMALL "--steps 50 --out %/alone");
    fine(MPIRUN "1 $S" SMALL "--steps 50 --out %/one");
    fine(MPIRUN "2 $S" SMALL "--steps 50 --out %/two");
    assert_non_null(strstr(said, "50 steps of 32 on 2 ranks."));
    assert_non_null(strstr(said, "2 ranks summed "));
    assert_non_null(strstr(said, "GB/s of bus bandwidth; in "));
    fine(MPIRUN "4 $S" SMALL "--steps 50 --out %/four");
    assert_int_equal(near_runs("one/metrics.ndjson", "alone/metrics.ndjson"), 3 * 50 + 2 * 2);
    near_runs("two/metrics.ndjson", "alone/metrics.ndjson");
    near_runs("four/metrics.ndjson", "alone/metrics.ndjson");
    assert_true(exists("two/samples/00000050.png"));
    fine("cmp %/one/mlp/diffusion_pytorch_model.safetensors %/alone/mlp/diffusion_pytorch_model.safetensors");
}

static void same_scales(const char *a, const char *b) {
    char line[500];
    snprintf(line, sizeof line,
             "for r in %s %s; do grep -o '\"scale\".*' %%/$r/metrics.ndjson > %%/$r.scales; done; cmp %%/%s.scales "
             "%%/%s.scales",
             a, b, a, b);
    fine(line);
}

/* Of a batch of two the first steps are skipped, by all ranks. A sum that is rounded otherwise may round a factor otherwise,
 * by 2^-11 of itself. */
static void ranks_skip_as_one_process(void **state) {
    (void)state;
    want_mpi();
    fine("$S" SMALL "--steps 30 --batch 2 --dtype f16 --out %/alone16");
    fine(MPIRUN "2 $S" SMALL "--steps 30 --batch 2 --dtype f16 --out %/two16");
    same_scales("alone16", "two16");
    fine("grep -q '\"norm\":null.*\"skipped\":1}' %/two16/metrics.ndjson");
    runs_within(0x1p-8, "two16/metrics.ndjson", "alone16/metrics.ndjson");
}

/* The first rank alone meets a file where pictures should lie, between a checkpoint and a step. */
static void a_rank_that_fails_ends_all_and_they_go_on(void **state) {
    (void)state;
    want_mpi();
    assert_int_equal(mkdir(path_of("missed"), 0700), 0);
    fine("touch %/missed/samples");
    refused(MPIRUN "2 $S" SMALL "--steps 50 --out %/missed", "/missed/samples/00000030.png: Not a directory.");
    assert_true(exists("missed/checkpoint"));
    fine("cp -r %/missed %/other1");
    assert_int_equal(unlink(path_of("missed/samples")), 0);
    fine(MPIRUN "2 $S train --out %/missed");
    fine("cmp %/two/metrics.ndjson %/missed/metrics.ndjson && diff -r %/two/mlp %/missed/mlp");
}

/* What follows is a rank's own, and goes over what is said to all. */
#define OWN MPIRUN "2 sh -c 'exec \"$@\" "

static void one_rank_says_what_is_wrong(void **state) {
    (void)state;
    want_mpi();
    refused(MPIRUN "3 $S" SMALL "--out %/a",
            "A batch of 32 cannot be shared out to 3 ranks evenly; want a multiple of 3.");
    refused(MPIRUN "2 sh -c 'test $OMPI_COMM_WORLD_RANK = 0 || d=%/none.csv; exec \"$@\" --data ${d:-moons}' - $S" SMALL
                   "--out %/a",
            "solvent: Rank 1: There is no file ");
    assert_false(exists("a"));
    refused(OWN "--sample-every 1$OMPI_COMM_WORLD_RANK' - $S" SMALL "--out %/a",
            "solvent: Rank 1 has other options than rank 0; want the same for all.");
    fine("for i in 0 1; do { echo x,y; seq 40 | sed s/$/,$i/; } > %/$i.csv; done");
    refused(OWN "--data %/$OMPI_COMM_WORLD_RANK.csv' - $S" SMALL "--out %/a",
            "solvent: Rank 1 sees other data than rank 0; want the same files on all machines.");
    refused(OWN "--out %/other$OMPI_COMM_WORLD_RANK' - $S" SMALL "--out %/a --steps 50",
            "solvent: Rank 1 goes on from another checkpoint than rank 0; ");
    if (isa_best() != ISA_REF)
        refused(OWN "--kernels $(test $OMPI_COMM_WORLD_RANK = 0 && echo auto || echo ref)' - $S" SMALL "--out %/a",
                "solvent: Rank 1 has other kernels than rank 0, whose last digits differ; want the same --kernels.");
    assert_false(exists("a/train.json"));
}

/* -- Signals -- */

/* begin starts a run of two ranks that has no end of its own, and waits until it has taken a step. */
static pid_t begin(void) {
    char text[2048];
    struct stat st;
    command(text, "exec env " MPIRUN "2 sh -c 'echo $$ > %/pid$OMPI_COMM_WORLD_RANK; exec \"$@\"' - $S" SMALL
                  "--steps 100000000 --sample-every 0 --checkpoint-every 100000000 --out %/long > /dev/null 2>&1");
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid)
        execl("/bin/sh", "sh", "-c", text, (char *)NULL);
    off_t before = stat(path_of("long/metrics.ndjson"), &st) ? 0 : st.st_size;
    while (stat(path_of("long/metrics.ndjson"), &st) || st.st_size <= before) {
        int status;
        if (waitpid(pid, &status, WNOHANG) == pid)
            fail_msg("the run ended with %d", code_of(status));
        usleep(5000);
    }
    return pid;
}

/* end sends the second rank a signal; returns with what mpirun ended. */
static int end(pid_t pid, int number) {
    int status;
    char *rank = read_file(path_of("pid1"), NULL);
    assert_non_null(rank);
    kill((pid_t)atoi(rank), number);
    free(rank);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return code_of(status);
}

static void a_signal_to_one_rank_is_for_all(void **state) {
    (void)state;
    want_mpi();
    assert_int_equal(end(begin(), SIGINT), 130);
    assert_true(exists("long/checkpoint"));
    assert_int_equal(end(begin(), SIGKILL), 128 + SIGKILL); /* from that checkpoint on; the other rank does not wait */
    assert_true(exists("long/checkpoint"));
}

/* -- Without MPI -- */

static void others_without_mpi_are_refused(void **state) {
    (void)state;
    if (ranks_built())
        skip();
    assert_int_equal(run("OMPI_COMM_WORLD_SIZE=2 $S train --data moons --out %/none"), 2);
    assert_non_null(
        strstr(said, "This program was built without MPI, and several of it would each train for itself; "));
    assert_int_equal(run("PMI_SIZE=2 $S train --data moons --out %/none"), 2);
    assert_int_equal(run("PMIX_RANK=1 SLURM_STEP_NUM_TASKS=2 $S train --data moons --out %/none"), 2);
    assert_false(exists("none"));
    fine("OMPI_COMM_WORLD_SIZE=1 $S" SMALL "--steps 1 --out %/none");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_learn_as_one_process),
        cmocka_unit_test(ranks_skip_as_one_process),
        cmocka_unit_test(a_rank_that_fails_ends_all_and_they_go_on),
        cmocka_unit_test(one_rank_says_what_is_wrong),
        cmocka_unit_test(a_signal_to_one_rank_is_for_all),
        cmocka_unit_test(others_without_mpi_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
