/* solvent train, as a shell sees it: folders compared byte by byte, with a run that was killed and went on. */
#include <signal.h>
#include <sys/stat.h>

#include "tests/server/train_fixture.h"

static const char *const RESULTS[] = {"metrics.ndjson",
                                      "checkpoint",
                                      "model_index.json",
                                      "mlp/config.json",
                                      "mlp/diffusion_pytorch_model.safetensors",
                                      "scheduler/scheduler_config.json",
                                      "samples/00000300.png",
                                      "samples/00000600.png"};

static void same_run(const char *a, const char *b) {
    for (size_t i = 0; i < COUNT(RESULTS); i++)
        same(a, b, RESULTS[i]);
}

#define SMALL                                                                                                      \
    "--data moons --hidden-size 16 --num-blocks 1 --time-size 16 --batch 16 --steps 600 --warmup 10 "              \
    "--sample-every 300 --checkpoint-every 20 --metrics-every 7 --sample-count 4 --sample-steps 2 --held-out 0.1 " \
    "--kernels ref"

/* start begins a run in the background and waits for its first checkpoint. */
static pid_t start_with(const char *options, const char *name) {
    char command[1024], checkpoint[100];
    snprintf(command, sizeof command, "exec %s train %s --out %s > /dev/null 2>&1", program(), options, path_of(name));
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint", name);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    for (int status; !exists(checkpoint);) {
        if (waitpid(pid, &status, WNOHANG) == pid) /* it came to its end already: so much the better */
            return 0;
        usleep(1000);
    }
    return pid;
}

static pid_t start(const char *name) { return start_with(SMALL, name); }

static void end(pid_t pid, int number, int code) {
    int status;
    if (!pid)
        return;
    kill(pid, number);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        assert_true(WEXITSTATUS(status) == code || WEXITSTATUS(status) == 0); /* 0: it was faster */
}

static void a_killed_run_goes_on_to_the_same_bytes(void **state) {
    (void)state;
    fine("train " SMALL " --threads 1 --out @/whole");
    assert_non_null(strstr(said, "step 600/600"));
    end(start("killed"), SIGKILL, 0);
    if (exists("killed/checkpoint"))
        fine("train --out @/killed --threads 2"); /* its options are in its folder */
    same_run("whole", "killed");
    end(start("stopped"), SIGINT, 130);
    if (exists("stopped/checkpoint"))
        fine("train " SMALL " --out @/stopped");
    same_run("whole", "stopped");
}

/* Of a batch of two the loss is scaled too much at first: some steps are skipped, which the metrics count. */
static void a_killed_run_in_half_precision_goes_on_too(void **state) {
    (void)state;
    fine("train " SMALL " --dtype f16 --batch 2 --threads 1 --out @/whole16");
    assert_non_null(strstr(said, "  scale "));
    assert_non_null(strstr(said, " skipped  "));
    char *metrics = read_file(path_of("whole16/metrics.ndjson"), NULL);
    assert_non_null(metrics);
    const char *last = strstr(metrics, "\n{\"step\":600,\"loss\":"), *scale = last ? strstr(last, ",\"scale\":") : NULL;
    double is = 0;
    unsigned skipped = 0;
    assert_true(scale && sscanf(scale, ",\"scale\":%lf,\"skipped\":%u}", &is, &skipped) == 2);
    assert_true(skipped > 0 && is * (1u << skipped) == 65536);
    free(metrics);
    end(start_with(SMALL " --dtype f16 --batch 2", "killed16"), SIGKILL, 0);
    if (exists("killed16/checkpoint"))
        fine("train --out @/killed16 --threads 2");
    same_run("whole16", "killed16");
    refused("train --out @/killed16 --dtype bf16", 1, "holds a run with dtype \"f16\", and \"bf16\" is wanted");
    refused("train " SMALL " --dtype fp16 --out @/a", 2, "--dtype is fp16, want one of f32, bf16, f16.");
}

/* Each point where a run may be ended is the end of a shorter run for the files: there a checkpoint is put back, and
 * what was written after it must be written again. */
static void old_checkpoints_are_gone_on_from(void **state) {
    (void)state;
    size_t n;
    char *metrics = read_file(path_of("whole/metrics.ndjson"), &n);
    assert_non_null(metrics);
    assert_non_null(strstr(metrics, "{\"step\":7,\"loss\":"));
    assert_non_null(strstr(metrics, "\n{\"step\":600,\"loss\":"));
    const char *held = strstr(metrics, "{\"step\":300,\"held_out\":");
    assert_true(held && !strstr(held + 1, "{\"step\":300,\"held_out\":"));
    assert_non_null(strstr(held, "{\"step\":600,\"held_out\":"));
    free(metrics);
    pid_t pid = start("old");
    if (!pid)
        return;
    end(pid, SIGINT, 130);
    char *checkpoint = read_file(path_of("old/checkpoint"), &n);
    if (!checkpoint)
        return; /* it was faster */
    fine("train --out @/old");
    put("old/checkpoint", checkpoint, n);
    fine("train --out @/old");
    same_run("whole", "old");
    checkpoint[n / 2] ^= 1;
    put("old/checkpoint", checkpoint, n);
    refused("train --out @/old", 1, "checkpoint is damaged; remove it to begin again");
    put("old/checkpoint", checkpoint, 10);
    refused("train --out @/old", 1, "checkpoint is no checkpoint.");
    free(checkpoint);
}

/* A run that ends between a checkpoint and the picture of its step: here a file stands where the folder should be. */
static void a_picture_that_was_missed_is_drawn(void **state) {
    (void)state;
    assert_int_equal(mkdir(path_of("missed"), 0700), 0);
    put("missed/samples", "", 0);
    refused("train " SMALL " --out @/missed", 1, "/missed/samples/00000300.png: Not a directory.");
    assert_true(exists("missed/checkpoint"));
    assert_int_equal(unlink(path_of("missed/samples")), 0);
    fine("train --out @/missed");
    same_run("whole", "missed");
}

static void what_was_begun_is_not_changed(void **state) {
    (void)state;
    fine("train --out @/whole");
    assert_non_null(strstr(said, "whole is trained to its end, 600 steps; more --steps go on from there."));
    refused("train --out @/whole --steps 599", 1, "The run is at step 600 already, and 599 are wanted;");
    refused("train --out @/whole --lr 0.5", 1, "holds a run with lr 0.002, and 0.5 is wanted");
    refused("train --out @/whole --seed 2", 1, "holds a run with seed 1, and 2 is wanted");
}

static void wrong_usage(void **state) {
    (void)state;
    refused("train", 2, "train wants --out DIR; see solvent train --help.");
    refused("train --out", 2, "--out wants a value; see solvent train --help.");
    refused("train --out @/a moons", 2, "moons is no option; see solvent train --help.");
    refused("train --out @/a --stpes 3", 2, "There is no option --stpes; did you mean --steps?");
    refused("train --out @/a --data moons --kernels sse", 1, "sse");
    refused("train --out @/a", 1, "There are no data to learn from");
    refused("train --out @/a --data @/nothing", 1, "There is no file ");
    refused("train --out @/a --data @/no/thing", 1, "cannot be opened: No such file or directory.");
    refused("train --out @/no/thing --data moons", 1, "Cannot make the folder ");
    refused("train --out @/a --data moons --labels x", 1, "moons has labels of its own; want no others.");
    refused("train --out @/a --config @/none.json", 1, "There is no file ");
    put("bad.json", "{\"steps\":0}", 11);
    refused("train --out @/a --config @/bad.json", 1, "bad.json is 0, want an integer from 1 to 100000000.");
    assert_false(exists("a")); /* what is not begun leaves nothing */
    fine("train --help");
    assert_non_null(strstr(said, "--weight-decay X"));
}

/* Two images of 8 x 8, of classes 0 and 1. */
static void write_images(void) {
    unsigned char images[16 + 128] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 8};
    static const unsigned char LABELS[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    memset(images + 16, 200, 64);
    put("images", images, sizeof images);
    put("labels", LABELS, sizeof LABELS);
}

#define TINY                                                                                              \
    "--steps 2 --batch 2 --block-out-channels 4,8 --norm-num-groups 4 --sample-count 2 --sample-steps 1 " \
    "--sample-every "                                                                                     \
    "0 --kernels ref"

/* What was trained is served: with its classes, and as images. */
static void what_was_trained_is_a_model(void **state) {
    (void)state;
    write_images();
    assert_int_equal(mkdir(path_of("models"), 0700), 0);
    fine("train --data @/images --labels @/labels --out @/models/tiny " TINY);
    assert_true(exists("models/tiny/samples/00000002.png"));
    fine("models check @/models/tiny");
    fine("call POST /v1/sample '{\"model\":\"tiny\",\"class\":1,\"count\":2,\"seed\":1}' --models @/models");
    assert_non_null(strstr(said, "\"samples\":[["));
    fine("train --data @/images --labels @/labels --out @/models/ddpm --path ddpm-linear " TINY);
    fine("call POST /v1/sample '{\"model\":\"ddpm\",\"count\":1,\"seed\":1,\"sampler\":{\"steps\":4}}' --models "
         "@/models");
    fine("train --config @/models/tiny/train.json --out @/models/again");
    same("models/tiny", "models/again", "unet/diffusion_pytorch_model.safetensors");
}

/* A network of another kind, and one that learns to turn images into others; what each was begun with stays so. */
static void transformers_and_sources_are_models(void **state) {
    (void)state;
    unsigned char others[16 + 192] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 8, 0, 0, 0, 8};
    put("others", others, sizeof others);
    fine("train --data @/images --labels @/labels --out @/models/dit --network dit --num-layers 1 --attention-head-dim "
         "4 "
         "--steps 2 --batch 2 --sample-count 2 --sample-steps 1 --kernels ref");
    fine("models check @/models/dit");
    fine("call POST /v1/sample '{\"model\":\"dit\",\"class\":1,\"count\":2,\"seed\":1}' --models @/models");
    assert_non_null(strstr(said, "\"samples\":[["));
    fine("train --data @/images --labels @/labels --source @/others --coupling ot --out @/models/turned " TINY);
    assert_non_null(strstr(said, "2 images of 8 x 8, grey, 2 classes, from 3 others; ref, 2 steps of 2."));
    fine("models check @/models/turned");
    assert_non_null(strstr(said, "source: 3 points"));
    fine("call POST /v1/sample '{\"model\":\"turned\",\"class\":0,\"count\":1,\"seed\":1}' --models @/models");
    fine("call GET /v1/models/turned --models @/models");
    assert_non_null(strstr(said, "\"source_points\":3"));
    refused("train --out @/models/turned --coupling independent", 1,
            "with coupling \"ot\", and \"independent\" is wanted");
    refused("train --data @/images --source @/none --out @/a", 1, "There is no file ");
    refused("train --data moons --source @/images --out @/a", 1, "The source has images of 8 x 8 x 1 numbers");
    refused("train --data moons --coupling ot --batch 3000 --out @/a", 1, "too large to be coupled by ot");
}

/* Rows come back in their own units, with the names of their classes. */
static void rows_are_a_model(void **state) {
    (void)state;
    static const char TABLE[] = "x,kind,y\n1000,b,1\n1001,b,2\n1002,a,3\n1003,a,4\n";
    double x = 0;
    put("rows.csv", TABLE, sizeof TABLE - 1);
    fine("train --data @/rows.csv --label-column kind --out @/models/rows --steps 3 --batch 4 --hidden-size 8 "
         "--num-blocks 1 --time-size 8 --sample-count 2 --kernels ref");
    fine("call POST /v1/sample '{\"model\":\"rows\",\"class\":\"b\",\"count\":1,\"seed\":1}' --models @/models");
    const char *samples = strstr(said, "\"samples\":[[");
    assert_non_null(samples);
    assert_int_equal(sscanf(samples, "\"samples\":[[%lf", &x), 1);
    assert_true(x > 900 && x < 1100);
}

/* A CSV of any columns is a table, for rows with columns that are given; and who sends the same CSV to the service gets
 * the same model, to the byte. */
static void tables_are_models(void **state) {
    (void)state;
    static const char TABLE[] = "x,kind,n,side\n1.5,b,1,up\n1.0,b,,up\n,a,3,down\n1.25,a,1,up\n";
    static const char OPTIONS[] =
        "{\"name\":\"sent\",\"label\":\"kind\",\"categorical\":[\"n\"],\"csv\":"
        "\"x,kind,n,side\\n1.5,b,1,up\\n1.0,b,,up\\n,a,3,down\\n1.25,a,1,up\\n\",\"options\":{"
        "\"steps\":20,\"hidden_size\":8,\"time_size\":8,\"seed\":5,\"warmup\":2}}";
    put("table.csv", TABLE, sizeof TABLE - 1);
    put("table.json", OPTIONS, sizeof OPTIONS - 1);
    fine("train --data @/table.csv --label-column kind --categorical n --out @/models/table --steps 20 --hidden-size 8 "
         "--time-size 8 --seed 5 --warmup 2 --sample-count 2");
    assert_non_null(strstr(said, "4 rows of a table of 4 columns, 2 classes;"));
    assert_non_null(strstr(said,
                           "\nColumns: x numbers 1 to 1.5, with gaps; kind 2 categories, the label; n 2 categories, "
                           "with gaps; side 2 categories.\n"));
    fine("models check @/models/table");
    fine("call POST /v1/sample/rows '{\"model\":\"table\",\"count\":2,\"seed\":1,\"given\":{\"side\":\"down\",\"n\":"
         "null}}' --models @/models");
    assert_non_null(strstr(said, "\"n\":[null,null],\"side\":[\"down\",\"down\"]},\"seed\":1}"));
    fine("call POST /v1/models - --models @/models < @/table.json");
    static const char *const FILES[] = {"model_index.json", "table.json", "mlp/config.json",
                                        "mlp/diffusion_pytorch_model.safetensors", "scheduler/scheduler_config.json"};
    for (size_t i = 0; i < COUNT(FILES); i++)
        same("models/table", "models/sent", FILES[i]);
    refused("train --data @/table.csv --kind points --out @/a", 1, "want columns of numbers without gaps");
    refused("train --data @/table.csv --label-column kind --categorical n --source moons --out @/a", 1,
            "A table starts from noise");
    refused("train --data moons --kind table --out @/a", 1, "moons is no table; want a CSV.");
    refused("train --data moons --given 0.5 --out @/a", 1, "given is 0.5, which means nothing");
}

/* A run on a table goes on to the same bytes, and not on another table of the same features. */
static void a_table_is_gone_on_with(void **state) {
    (void)state;
    char options[600];
    size_t n;
    static const char LONG[] = "x,kind\n1,a\n2,b\n3,a\n,b\n", OTHER[] = "x,kind\n10,a\n20,b\n30,a\n,b\n";
    put("long.csv", LONG, sizeof LONG - 1);
    put("other.csv", OTHER, sizeof OTHER - 1);
    snprintf(options, sizeof options,
             "--data %s --hidden-size 16 --time-size 16 --batch 16 --steps 300 --checkpoint-every 20 --sample-every 0 "
             "--sample-count 2 --kernels ref",
             path_of("long.csv"));
    pid_t pid = start_with(options, "long");
    end(pid, SIGKILL, 0);
    char *checkpoint = read_file(path_of("long/checkpoint"), &n);
    if (checkpoint) {
        refused("train --out @/long --data @/other.csv", 1, "The data or the options are not those that ");
        fine("train --out @/long");
    }
    free(checkpoint);
    fine("train --config @/long/train.json --out @/anew --threads 2");
    same("long", "anew", "mlp/diffusion_pytorch_model.safetensors");
    same("long", "anew", "table.json");
    same("long", "anew", "metrics.ndjson");
}

static void other_data_are_not_gone_on_with(void **state) {
    (void)state;
    size_t n;
    pid_t pid = start("data");
    end(pid, SIGINT, 130);
    char *checkpoint = read_file(path_of("data/checkpoint"), &n);
    if (!checkpoint)
        return;
    refused("train --out @/data --data eight-gaussians", 1, "The data or the options are not those that ");
    free(checkpoint);
}

/* 8 x 8 pixels of one colour, written by Python's zlib. */
static const unsigned char PICTURE[] = {
    137, 80, 78, 71, 13, 10,  26, 10,  0,  0,  0, 13,  73, 72, 68, 82, 0,   0,   0,  8,  0,   0,  0,   8,  8,
    2,   0,  0,  0,  75, 109, 41, 220, 0,  0,  0, 17,  73, 68, 65, 84, 120, 218, 99, 56, 145, 98, 132, 21, 49,
    12,  45, 9,  0,  86, 70,  87, 129, 65, 82, 0, 151, 0,  0,  0,  0,  73,  69,  78, 68, 174, 66, 96,  130};

static void folders_of_png_are_read(void **state) {
    (void)state;
    assert_int_equal(mkdir(path_of("pictures"), 0700), 0);
    refused("train --data @/pictures --out @/p", 1, "has no PNG in it, nor in the folders below it.");
    assert_int_equal(mkdir(path_of("pictures/a"), 0700), 0);
    assert_int_equal(mkdir(path_of("pictures/b"), 0700), 0);
    put("pictures/a/1.png", PICTURE, sizeof PICTURE);
    assert_int_equal(mkdir(path_of("pictures/b/2019"), 0700), 0);
    assert_int_equal(symlink("..", path_of("pictures/b/2019/loop")), 0);
    put("pictures/b/2019/2.PNG", PICTURE, sizeof PICTURE);
    refused("train --data @/pictures --labels @/labels --out @/p", 1, "want no file of labels beside it.");
    refused("train --data @/pictures --out @/p --block-out-channels 4", 1, "norm_num_groups");
    assert_false(exists("p"));
    fine("train --data @/pictures --out @/p " TINY);
    assert_non_null(strstr(said, "2 images of 8 x 8, colour, 2 classes; ref, 2 steps of 2."));
    put("pictures/a/0.png", "no", 2);
    refused("train --data @/pictures --out @/p", 1, "a/0.png is no PNG that can be read");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_run_goes_on_to_the_same_bytes),
        cmocka_unit_test(a_killed_run_in_half_precision_goes_on_too),
        cmocka_unit_test(old_checkpoints_are_gone_on_from),
        cmocka_unit_test(a_picture_that_was_missed_is_drawn),
        cmocka_unit_test(what_was_begun_is_not_changed),
        cmocka_unit_test(wrong_usage),
        cmocka_unit_test(what_was_trained_is_a_model),
        cmocka_unit_test(transformers_and_sources_are_models),
        cmocka_unit_test(rows_are_a_model),
        cmocka_unit_test(tables_are_models),
        cmocka_unit_test(a_table_is_gone_on_with),
        cmocka_unit_test(other_data_are_not_gone_on_with),
        cmocka_unit_test(folders_of_png_are_read),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
