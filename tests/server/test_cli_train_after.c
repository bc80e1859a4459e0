/* solvent train, after another run: one that is made longer, and one that starts from a model; and in odd places. */
#include <sys/stat.h>

#include "tests/server/train_fixture.h"

#define POINTS                                                                                             \
    "--data moons --hidden-size 16 --num-blocks 1 --time-size 16 --batch 16 --warmup 10 --sample-every 0 " \
    "--metrics-every 5 --checkpoint-every 20 --sample-count 2 --sample-steps 2 --kernels ref "
#define RATES "--lr-end 1 " /* the rate does not depend on the number of steps */
#define WEIGHTS "mlp/diffusion_pytorch_model.safetensors"

/* At rates that do not change, a run that is made longer is the longer run. */
static void a_run_is_made_longer(void **state) {
    (void)state;
    static const char *const FILES[] = {"checkpoint", "metrics.ndjson", "train.json", WEIGHTS};
    fine("train " POINTS RATES "--steps 90 --out @/long");
    fine("train " POINTS RATES "--steps 40 --out @/short");
    fine("train --out @/short --steps 90");
    assert_non_null(strstr(said, "90 steps of 16 in place of 40."));
    for (size_t i = 0; i < COUNT(FILES); i++)
        same("long", "short", FILES[i]);
    assert_true(exists("short/samples/00000040.png") && exists("short/samples/00000090.png"));
    refused("train --out @/short --steps 80", 1, "The run is at step 90 already, and 80 are wanted; want no fewer");
    refused("train --out @/short --steps 100 --lr 1", 1, "short holds a run with lr 0.002, and 1.0 is wanted");
}

/* A longer run that was ended goes on as one that was not. */
static void a_longer_run_goes_on(void **state) {
    (void)state;
    size_t n;
    fine("train " POINTS "--steps 30 --out @/whole");
    fine("train " POINTS "--steps 30 --out @/ended");
    char *checkpoint = read_file(path_of("whole/checkpoint"), &n);
    fine("train --out @/whole --steps 70");
    fine("train --out @/ended --steps 50");
    put("ended/checkpoint", checkpoint, n); /* as if that had been ended at once */
    fine("train --out @/ended --steps 70");
    same("whole", "ended", WEIGHTS);
    same("whole", "ended", "metrics.ndjson");
    free(checkpoint);
    assert_int_equal(unlink(path_of("whole/checkpoint")), 0);
    refused("train --out @/whole --steps 90", 1,
            "whole holds a model, and no checkpoint to go on from; choose another folder, with");
}

static void old_checkpoints_are_told(void **state) {
    (void)state;
    size_t n;
    char *checkpoint = read_file(path_of("long/checkpoint"), &n);
    assert_non_null(checkpoint);
    checkpoint[sizeof "solvent checkpoint " - 1]--;
    put("long/checkpoint", checkpoint, n);
    refused("train --out @/long", 1, "checkpoint was written by another version of solvent");
    free(checkpoint);
}

static void a_run_starts_from_a_model(void **state) {
    (void)state;
    fine("train --data moons --init-from @/long --steps 60 --batch 16 --sample-count 2 --kernels ref --out @/after");
    assert_non_null(strstr(said, ", after "));
    fine("train --config @/after/train.json --out @/again --threads 2");
    same("after", "again", WEIGHTS);
    refused("train --out @/after --init-from @/ended", 1, "The data or the options are not those that ");
    refused("train --data moons --init-from @/long --hidden-size 32 --out @/a", 1,
            "long has hidden_size 16, and 32 is wanted; leave it out.");
    refused("train --data moons --init-from @/none --out @/a", 1, "none cannot be opened: No such file or directory.");
    refused("train --data moons --init-from @ --out @/a", 1,
            "is no model to start from: There is neither a model_index");
    assert_false(exists("a"));
}

#define NOISE                                                                                                       \
    "--data @/noise.csv --hidden-size 64 --num-blocks 2 --time-size 16 --batch 16 --warmup 10 --lr 0.01 --ema 0.9 " \
    "--held-out 0.4 --sample-every 20 --sample-count 1 --sample-steps 1 --checkpoint-every 1000 --kernels ref " RATES

/* least_held_out is the step of the least loss on what was held out, by metrics.ndjson. */
static size_t least_held_out(const char *name, size_t *last) {
    size_t n, best = 0, step;
    double loss, least = 1e9;
    char *metrics = read_file(path_of(name), &n);
    assert_non_null(metrics);
    for (const char *p = metrics; (p = strstr(p, "{\"step\":")); p++)
        if (sscanf(p, "{\"step\":%zu,\"held_out\":%lf", &step, &loss) == 2) {
            best = loss < least ? step : best;
            least = loss < least ? loss : least;
            *last = step;
        }
    free(metrics);
    return best;
}

/* Few rows of noise are learnt by heart: what is held out is worse from some step on, whose model stays. */
static void the_best_model_stays(void **state) {
    (void)state;
    char rows[4096] = "x,y\n", options[600];
    uint64_t random = 5;
    size_t last = 0;
    for (size_t i = 0, at = strlen(rows); i < 20; i++, at = strlen(rows))
        snprintf(rows + at, sizeof rows - at, "%d,%d\n", (int)test_below(&random, 1000),
                 (int)test_below(&random, 1000));
    put("noise.csv", rows, strlen(rows));
    fine("train " NOISE "--keep best --steps 200 --out @/best");
    const size_t step = least_held_out("best/metrics.ndjson", &last);
    assert_true(step > 0 && step < last && last == 200);
    assert_non_null(strstr(said, "and was less before: that model stays"));
    snprintf(options, sizeof options, "train " NOISE "--steps %zu --out @/least", step);
    fine(options);
    same("best", "least", WEIGHTS);
    fine("train " NOISE "--keep best --steps 160 --out @/later");
    fine("train --out @/later --steps 200"); /* what was best is known of a checkpoint, too */
    same("best", "later", WEIGHTS);
    same("best", "later", "metrics.ndjson");
    refused("train --out @/later --keep last", 1, "later holds a run with keep \"best\", and \"last\" is wanted");
}

/* Closed standard files are not those that the run opens next, which would get what is said. */
static void nobody_listens(void **state) {
    (void)state;
    fine("train " POINTS "--steps 40 --out @/heard");
    fine("train " POINTS "--steps 40 --out @/unheard 0<&- >&- 2>&- && true");
    same("heard", "unheard", "metrics.ndjson");
    same("heard", "unheard", "checkpoint");
}

/* A file that may not be larger than 8 blocks of 512 bytes is a full disk: the checkpoint is not, the metrics are. */
static void a_disk_is_full(void **state) {
    (void)state;
    char command[1024];
    snprintf(command, sizeof command, "ulimit -f 8; %s train " POINTS "--steps 40 --out %s/full 2>&1", program(),
             folder);
    if (shell(command) != 1 || !strstr(said, "/full/checkpoint: File too large."))
        fail_msg("says %s", said);
    assert_true(!exists("full/checkpoint.new") && !exists("full/checkpoint"));
    fine("train --out @/full");
    same("heard", "full", WEIGHTS);
    same("heard", "full", "metrics.ndjson");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_made_longer),
        cmocka_unit_test(a_longer_run_goes_on),
        cmocka_unit_test(a_run_starts_from_a_model),
        cmocka_unit_test(old_checkpoints_are_told),
        cmocka_unit_test(the_best_model_stays),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(a_disk_is_full),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
