/* model_fixture.h - a folder of models, as diffusers writes them, for black-box tests of the server: "tiny" and "classes"
 * (UNets of seed 0 that were never trained), the formula "bell", and "broken". Made and removed by make_folder and
 * remove_folder; `folder` is its path. */
#ifndef SOLVENT_TEST_MODEL_FIXTURE_H
#define SOLVENT_TEST_MODEL_FIXTURE_H

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
static inline void put_text(const char *name, const char *text) { put(name, text, strlen(text)); }

/* put_network_of writes the untrained network of a seed; with six channels of output it says its variance; `spoil`, where
 * > 0, makes one of its numbers NaN. */
static void put_network_of(const char *name, size_t classes, size_t channels, uint32_t seed, size_t spoil) {
    static struct tensor_values values[400];
    struct unet_config c = network_tiny_unet();
    struct untrained weights = {.sum = 0};
    struct ctx ctx;
    struct graph *g;
    const struct parameter *list;
    struct buf file;
    char path[200], config[600], embed[80] = "";
    if (classes)
        snprintf(embed, sizeof embed, "\"num_class_embeds\":%zu,\"_null_class\":%zu,", classes, classes - 1);
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
    torch_random_seed(&weights.random, seed);
    assert_int_equal(unet_make(&ctx, &tensor_ref, &c, &g), STATUS_OK);
    size_t n = graph_parameters(g, &list);
    assert_true(n <= COUNT(values));
    for (size_t i = 0; i < n; i++) {
        float *v = ctx_alloc(&ctx, list[i].n, sizeof *v);
        assert_non_null(v);
        assert_int_equal(untrained_find(&weights, &ctx, &list[i], v), STATUS_OK);
        if (spoil && i == spoil)
            v[0] = NAN;
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

static inline void put_network(const char *name, size_t classes, uint32_t seed, size_t spoil) {
    put_network_of(name, classes, 3, seed, spoil);
}

static inline int make_folder(void **state) {
    (void)state;
    char path[200];
    if (!mkdtemp(folder))
        return -1;
    put_network("tiny", 0, 0, 0);
    put_network("classes", 3, 0, 0);
    put_text("bell.json", "{\"type\":\"mixture\",\"means\":[[0,0]],\"stds\":[1]}");
    snprintf(path, sizeof path, "%s/broken", folder);
    mkdir(path, 0700);
    put_text("broken/config.json", "{\"_class_name\":\"UNet2DModel\",\"sample_size\":7}");
    snprintf(path, sizeof path, "%s/notes", folder); /* no model: passed over in silence */
    return mkdir(path, 0700);
}

static inline int remove_folder(void **state) {
    (void)state;
    char command[200];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static inline void ask(int port, const char *headers, const char *body, int status, struct response *r) {
    assert_true(ask_once(port, "POST", "/v1/sample", headers, body, r));
    if (r->status != status)
        fail_msg("%s: %d %s", body, r->status, r->body);
}

/* A request that diffusers' own pipeline test has a golden of. */
#define TINY "{\"model\":\"tiny\",\"seed\":0,\"noise\":\"torch\",\"sampler\":{\"steps\":2}}"

#endif
