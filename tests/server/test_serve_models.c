/* A folder as diffusers writes it, put under --models: sampled by its name, through the socket. Goldens: as of
 * tests/core/diffusion/test_network.c, diffusers' own pipeline test. */
#include <math.h>
#include <sys/stat.h>

#include "core/nn/unet.h"
#include "handlers/safetensors.h"
#include "tests/server/slow_endpoints.h"
#include "tests/support/network.h"
#include "tests/support/untrained.h"

static char folder[] = "/tmp/solvent-models-XXXXXX";

static void put(const char *name, const void *bytes, size_t n) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}
static void put_text(const char *name, const char *text) { put(name, text, strlen(text)); }

/* put_network writes the untrained network of seed 0; with six channels of output it says its variance. */
static void put_network(const char *name, size_t classes, size_t channels) {
    static struct tensor_values values[400];
    struct unet_config c = network_tiny_unet();
    struct untrained weights = {.sum = 0};
    struct ctx ctx;
    struct graph *g;
    const struct parameter *list;
    struct buf file;
    char path[200], config[600], embed[64] = "";
    if (classes)
        snprintf(embed, sizeof embed, "\"num_class_embeds\":%zu,", classes);
    if (channels != 3)
        snprintf(embed, sizeof embed, "\"out_channels\":%zu,", channels);
    c.out_channels = channels;
    snprintf(config, sizeof config,
             "{\"_class_name\":\"UNet2DModel\",\"sample_size\":8,\"block_out_channels\":[4,8],\"layers_per_block\":1,%s"
             "\"norm_num_groups\":4,\"down_block_types\":[\"DownBlock2D\",\"AttnDownBlock2D\"],"
             "\"up_block_types\":[\"AttnUpBlock2D\",\"UpBlock2D\"]}",
             embed);
    ctx_init(&ctx, 64 << 20);
    c.class_embed_type = classes ? UNET_CLASS_EMBEDDING : UNET_CLASS_NONE;
    c.num_class_embeds = classes;
    torch_random_seed(&weights.random, 0);
    assert_int_equal(unet_make(&ctx, &tensor_ref, &c, &g), STATUS_OK);
    size_t n = graph_parameters(g, &list);
    assert_true(n <= COUNT(values));
    for (size_t i = 0; i < n; i++) {
        float *v = ctx_alloc(&ctx, list[i].n, sizeof *v);
        assert_non_null(v);
        assert_int_equal(untrained_find(&weights, &ctx, &list[i], v), STATUS_OK);
        values[i] = (struct tensor_values){.name = list[i].name, .dtype = DTYPE_F32, .dims = list[i].dims, .values = v};
        memcpy(values[i].shape, list[i].shape, list[i].dims * sizeof *list[i].shape);
    }
    buf_init(&file, 64 << 20);
    safetensors_write(&file, values, n);
    assert_false(file.failed);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/config.json", name);
    put_text(path, config);
    snprintf(path, sizeof path, "%s/scheduler_config.json", name);
    put_text(path, channels == 3 ? "{\"_class_name\":\"DDPMScheduler\"}"
                                 : "{\"_class_name\":\"DDPMScheduler\",\"variance_type\":\"learned_range\"}");
    snprintf(path, sizeof path, "%s/diffusion_pytorch_model.safetensors", name);
    put(path, file.data, file.n);
    buf_release(&file);
    ctx_release(&ctx);
}

static int make_folder(void **state) {
    (void)state;
    char path[200];
    if (!mkdtemp(folder))
        return -1;
    put_network("tiny", 0, 3);
    put_network("classes", 3, 3);
    put_network("spread", 0, 6);
    put_text("bell.json", "{\"type\":\"mixture\",\"means\":[[0,0]],\"stds\":[1]}");
    snprintf(path, sizeof path, "%s/broken", folder);
    mkdir(path, 0700);
    put_text("broken/config.json", "{\"_class_name\":\"UNet2DModel\",\"sample_size\":7}");
    snprintf(path, sizeof path, "%s/notes", folder); /* no model: passed over in silence */
    return mkdir(path, 0700);
}

static int remove_folder(void **state) {
    (void)state;
    char command[200];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void ask(int port, const char *headers, const char *body, int status, struct response *r) {
    assert_true(ask_once(port, "POST", "/v1/sample", headers, body, r));
    if (r->status != status)
        fail_msg("%s: %d %s", body, r->status, r->body);
}

#define TINY "{\"model\":\"tiny\",\"seed\":0,\"noise\":\"torch\",\"sampler\":{\"steps\":2}}"

/* check_image compares the last pixels of the last channel. */
static void check_image(int port, const char *body, const double want[9]) {
    struct response r;
    ask(port, "", body, 200, &r);
    const char *p = strstr(r.body, "\"samples\":[[");
    assert_non_null(p);
    char *at = (char *)(uintptr_t)p + strlen("\"samples\":[[");
    double x[192];
    for (size_t i = 0; i < 192; i++, at++)
        x[i] = strtod(at, &at);
    for (size_t i = 0; i < 9; i++) {
        double v = fmin(1, fmax(0, x[2 * 64 + (5 + i / 3) * 8 + 5 + i % 3] / 2 + 0.5));
        if (!(fabs(v - want[i]) <= 1e-5))
            fail_msg("pixel %zu: %.9g, want %.9g", i, v, want[i]);
    }
    assert_non_null(strstr(r.body, "DDPMScheduler"));
    response_free(&r);
}

/* The second golden is from tests/core/diffusion/test_learned_variance.c. */
static void checkpoints_give_diffusers_images(void **state) {
    (void)state;
    static const double want[] = {0, .9996672, .00329116, 1, .9995991, 1, .0060907, .00115037, 0};
    static const double spread[] = {1, .484739185, .6922698, .9280709, .58695935, 1, 1, .1181478, 0};
    struct test_server server;
    START(&server, "--models", folder, "--workers", "2");
    check_image(server.port, TINY, want);
    check_image(server.port, "{\"model\":\"spread\",\"seed\":0,\"noise\":\"torch\",\"sampler\":{\"steps\":4}}", spread);
    assert_true(server_logged(&server, "broken is left out: ", 5000));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void batches_threads_and_restarts_change_no_byte(void **state) {
    (void)state;
    static const char ONE[] = "{\"model\":\"tiny\",\"seed\":5,\"count\":1,\"sampler\":{\"steps\":3}}";
    static const char MANY[] = "{\"model\":\"tiny\",\"seed\":5,\"count\":20,\"sampler\":{\"steps\":3}}";
    struct test_server server;
    struct response one, many, again;
    START(&server, "--models", folder, "--workers", "1");
    ask(server.port, "", ONE, 200, &one);
    ask(server.port, "", MANY, 200, &many);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    const char *a = strstr(one.body, "\"samples\":[["), *b = strstr(many.body, "\"samples\":[[");
    assert_true(a && b);
    assert_memory_equal(a, b, (size_t)(strchr(a, ']') - a)); /* the first sample of many */
    START(&server, "--models", folder, "--workers", "3");
    ask(server.port, "", MANY, 200, &again);
    assert_string_equal(again.body, many.body);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    response_free(&one), response_free(&many), response_free(&again);
}

static void classes_and_guidance_reach_the_network(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{\"model\":\"classes\",\"seed\":1,\"class\":0,\"sampler\":{\"steps\":3}}",
        "{\"model\":\"classes\",\"seed\":1,\"class\":1,\"sampler\":{\"steps\":3}}",
        "{\"model\":\"classes\",\"seed\":1,\"sampler\":{\"steps\":3}}",
        "{\"model\":\"classes\",\"seed\":1,\"class\":1,\"guidance\":{\"scale\":3},\"sampler\":{\"steps\":3}}",
        "{\"model\":\"classes\",\"seed\":1,\"class\":1,\"scheduler_config\":{\"_class_name\":"
        "\"DPMSolverMultistepScheduler\"},"
        "\"sampler\":{\"steps\":3}}"};
    enum { N = COUNT(bodies) };
    struct test_server server;
    struct response r[N], same;
    START(&server, "--models", folder, "--workers", "1");
    for (size_t i = 0; i < N; i++) {
        ask(server.port, "", bodies[i], 200, &r[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(strstr(r[i].body, "\"samples\""), strstr(r[k].body, "\"samples\""));
    }
    ask(server.port, "", "{\"model\":\"classes\",\"seed\":1,\"class\":2,\"sampler\":{\"steps\":3}}", 200, &same);
    assert_string_equal(strstr(same.body, "\"samples\""), strstr(r[2].body, "\"samples\"")); /* the last class: none */
    response_free(&same);
    for (size_t i = 0; i < N; i++)
        response_free(&r[i]);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void what_a_network_cannot_do_is_said(void **state) {
    (void)state;
    static const struct {
        const char *body, *pointer, *words;
    } rows[] = {
        {"{\"model\":\"broken\"}", "\"/model\"", "tiny"},
        {"{\"model\":\"tiny\",\"class\":1}", "\"/class\"", "this network knows none"},
        {"{\"model\":\"classes\",\"class\":3}", "\"/class\"", "want 0 to 2"},
        {"{\"model\":\"tiny\",\"path\":\"flow\"}", "\"/path\"", "scheduler_config"},
        {"{\"model\":\"tiny\",\"sampler\":{\"solver\":\"dopri5\"}}", "\"/sampler", "scheduler_config"},
        {"{\"model\":\"tiny\",\"diagnostics\":true,\"count\":500}", "\"/diagnostics\"", "network"},
        {"{\"model\":\"tiny\",\"latents\":[[1,2]]}", "\"/latents\"", "192"},
        {"{\"model\":{\"type\":\"network\",\"name\":\"x\",\"digest\":\"\",\"shape\":[3,8,8],\"work\":1}}",
         "\"/model/name\"", "loaded"},
        {"{\"model\":{\"type\":\"network\",\"name\":\"tiny\",\"digest\":\"0\",\"shape\":[3,8,8],\"work\":1}}",
         "\"/model/digest\"", "digest is "},
        {"{\"model\":{\"type\":\"network\",\"name\":\"tiny\",\"digest\":\"0\",\"shape\":[3,0,8],\"work\":1}}",
         "\"/model/shape", "want"},
    };
    struct test_server server;
    struct response r;
    START(&server, "--models", folder);
    for (size_t i = 0; i < COUNT(rows); i++) {
        ask(server.port, "", rows[i].body, 422, &r);
        if (!strstr(r.body, rows[i].pointer) || !strstr(r.body, rows[i].words))
            fail_msg("%s: %s, not %s %s", rows[i].body, r.body, rows[i].pointer, rows[i].words);
        response_free(&r);
    }
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void images_are_drawn_in_their_shape(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--models", folder);
    ask(server.port, "Accept: image/png\r\n", "{\"model\":\"tiny\",\"seed\":1,\"count\":4,\"sampler\":{\"steps\":2}}",
        200, &r);
    assert_true(r.n > 100);
    assert_memory_equal(r.body, "\x89PNG", 4);
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Previews of its images need not be told their shape. */
static void previews_are_drawn_in_their_shape(void **state) {
    (void)state;
    static const char *const PLOTS[] = {"", ",\"plot\":{\"image_shape\":[3,8,8]}", ",\"plot\":{\"scale\":1}"};
    struct test_server server;
    struct response r[COUNT(PLOTS)];
    START(&server, "--models", folder);
    for (size_t i = 0; i < COUNT(PLOTS); i++) {
        char body[200];
        snprintf(body, sizeof body,
                 "{\"model\":\"tiny\",\"seed\":1,\"count\":4,\"sampler\":{\"steps\":2},\"preview\":2%s}", PLOTS[i]);
        ask(server.port, "Accept: text/event-stream\r\n", body, 200, &r[i]);
        assert_non_null(strstr(r[i].body, "\"picture\":\"iVBORw0K"));
        assert_null(strstr(r[i].body, "\"preview\""));
    }
    assert_string_equal(r[0].body, r[1].body);
    assert_true(strcmp(r[0].body, r[2].body) != 0);
    for (size_t i = 0; i < COUNT(PLOTS); i++)
        response_free(&r[i]);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* A network that comes, changes and goes while the service runs. */
static void folders_may_change(void **state) {
    (void)state;
    struct test_server server;
    struct response before, after;
    char command[500];
    START(&server, "--models", folder);
    ask(server.port, "", TINY, 200, &before);
    snprintf(command, sizeof command, "cd %s && mv tiny gone && cp -r classes tiny", folder);
    assert_int_equal(system(command), 0);
    kill(server.pid, SIGHUP);
    bool changed = false;
    for (long end = now_ms() + 10000; !changed && now_ms() < end; wait_ms(5)) {
        ask(server.port, "", TINY, 200, &after);
        changed = strcmp(before.body, after.body) != 0;
        response_free(&after);
    }
    assert_true(changed);
    ask(server.port, "", "{\"model\":\"gone\",\"seed\":0,\"noise\":\"torch\",\"sampler\":{\"steps\":2}}", 200, &after);
    assert_string_equal(strstr(after.body, "\"samples\""), strstr(before.body, "\"samples\""));
    response_free(&after), response_free(&before);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void models_are_listed(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--models", folder);
    assert_true(ask_once(server.port, "GET", "/v1/models", "", NULL, &r));
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "{\"name\":\"bell\",\"kind\":\"formula\"}"));
    const char *at = strstr(r.body, "{\"name\":\"classes\",\"kind\":\"network\",\"architecture\":\"UNet2DModel\","
                                    "\"shape\":[3,8,8],\"classes\":3,\"parameters\":11815,");
    if (!at || !strstr(at, "\"scheduler\":{\"_class_name\":\"DDPMScheduler\"}"))
        fail_msg("%s", r.body);
    assert_null(strstr(r.body, "broken"));
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoints_give_diffusers_images),
        cmocka_unit_test(batches_threads_and_restarts_change_no_byte),
        cmocka_unit_test(classes_and_guidance_reach_the_network),
        cmocka_unit_test(what_a_network_cannot_do_is_said),
        cmocka_unit_test(previews_are_drawn_in_their_shape),
        cmocka_unit_test(images_are_drawn_in_their_shape),
        cmocka_unit_test(models_are_listed),
        cmocka_unit_test(folders_may_change),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
