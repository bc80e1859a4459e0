/* Folders of every kind of network: what they come to, what of them cannot be. */
#include "handlers/model_graphs.h"

#include "handlers/model_report.h"
#include "tests/support/made_model.h"
#include "tests/support/test.h"

static void says(struct made_model *m, bool good, const char *text) {
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(model_report(&m->folder.files, ISA_REF, 256 << 20, &out), good);
    buf_byte(&out, '\0');
    assert_false(out.failed);
    if (strcmp(out.data, text) != 0)
        fail_msg("%s\nwant\n%s", out.data, text);
    buf_release(&out);
}

/* ends wants the report of a bad folder to end in a sentence. */
static void ends(struct made_model *m, const char *sentence) {
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_false(model_report(&m->folder.files, ISA_REF, 256 << 20, &out));
    buf_byte(&out, '\0');
    const char *error = strstr(out.data, "error: ");
    if (!error || strncmp(error + 7, sentence, strlen(sentence)) != 0 || strlen(error) != strlen(sentence) + 8)
        fail_msg("%s\nwant\n%s", out.data, sentence);
    buf_release(&out);
}

/* The counts are those of the same networks in diffusers 0.42. */
static void reports_tell_all_parts(void **state) {
    (void)state;
    struct made_model m;
    made_model_begin(&m);
    made_model_dit(&m);
    says(&m, true,
         "network: DiTTransformer2DModel of 16 x 16 latents, 4 channels in, 8 out\n"
         "autoencoder: AutoencoderKL of pictures of 16 x 16 pixels, 3 channels\n"
         "classes: 1000\nlabels: 3\n"
         "weights: 54256 numbers in 44 tensors (44 F32)\n"
         "autoencoder's weights: 563175 numbers in 92 tensors (92 F32)\n"
         "memory: 4.08 MB for the weights, 0.47 MB for each image\n"
         "scheduler: DDIMScheduler\n");
    made_model_end(&m);
    made_model_begin(&m);
    made_model_mlp(&m);
    says(&m, true,
         "network: MLP of rows of 2 numbers\nclasses: 2\n"
         "weights: 5154 numbers in 19 tensors (19 F32)\n"
         "memory: 0.02 MB for the weights, 0.00 MB for each image\n"
         "scheduler: FlowMatchEulerDiscreteScheduler\n");
    made_model_end(&m);
    made_model_begin(&m);
    made_model_latent(&m, false);
    says(&m, true,
         "network: UNet2DModel of 4 x 4 latents, 2 channels in, 2 out\n"
         "autoencoder: AutoencoderKL of pictures of 8 x 8 pixels, 1 channels, without an encoder\n"
         "weights: 11694 numbers in 144 tensors (144 F32)\n"
         "autoencoder's weights: 6703 numbers in 70 tensors (70 F32)\n"
         "memory: 0.07 MB for the weights, 0.01 MB for each image\n"
         "scheduler: DDIMScheduler\n");
    made_model_end(&m);
}

static void loaded_models_say_what_they_are(void **state) {
    (void)state;
    struct made_model m;
    made_model_begin(&m);
    made_model_dit(&m);
    made_model_load(&m);
    const struct loaded_model *l = m.loaded;
    assert_string_equal(l->architecture, "DiTTransformer2DModel");
    assert_true(l->dims == 3 && l->shape[0] == 3 && l->shape[1] == 16 && l->network.channels == 4);
    assert_true(l->network.out_channels == 8 && l->classes.n == 1000 && l->classes.none == 1000);
    assert_int_equal(l->parameters, 54256 + 563175);
    assert_int_equal(model_labels_find(&l->labels, (struct str){"Carassius auratus", 17}), 1);
    assert_int_equal(model_labels_find(&l->labels, (struct str){" tench, Tinca tinca ", 20}), 0);
    assert_int_equal(model_labels_find(&l->labels, (struct str){"tinca", 5}), -1);
    assert_int_equal(model_labels_find(&l->labels, (struct str){"", 0}), -1);
    assert_int_equal(model_labels_of(&l->labels, 999)->n, strlen("toilet tissue"));
    assert_null(model_labels_of(&l->labels, 2));
    static const char described[] = "{\"type\":\"network\",\"name\":\"made\",\"digest\":\"made\",\"shape\":[3,16,16],"
                                    "\"latents\":[4,16,16],\"work\":";
    if (m.json.n < sizeof described || memcmp(m.json.data, described, sizeof described - 1) != 0)
        fail_msg("%.*s", (int)m.json.n, m.json.data);
    made_model_end(&m);
}

/* The class had another name once, in the index and in its config. */
static void a_transformer_of_old_is_one(void **state) {
    (void)state;
    struct made_model m;
    made_model_begin(&m);
    made_model_transformer(&m);
    made_files_text(&m.folder, "model_index.json",
                    "{\"transformer\":[\"diffusers\",\"Transformer2DModel\"],\"scheduler\":[\"\",\"DDIMScheduler\"]}");
    made_model_load(&m);
    assert_string_equal(m.loaded->architecture, "DiTTransformer2DModel");
    made_model_end(&m);
}

#define PARTS(members) "{\"unet\":[\"\",\"UNet2DModel\"],\"scheduler\":[\"\",\"DDIMScheduler\"]," members "}"
#define UNET(members)                                                                                   \
    "{\"sample_size\":4,\"block_out_channels\":[4,8],\"layers_per_block\":1,\"norm_num_groups\":4,"     \
    "\"down_block_types\":[\"DownBlock2D\",\"AttnDownBlock2D\"],\"up_block_types\":[\"AttnUpBlock2D\"," \
    "\"UpBlock2D\"]," members "}"

static void bad_pipelines_get_a_sentence(void **state) {
    (void)state;
    static const struct {
        const char *path, *text, *detail;
    } ROWS[] = {
        {"model_index.json", PARTS("\"vqvae\":[\"diffusers\",\"VQModel\"]"),
         "model_index.json has the component vqvae of class VQModel; want one network (a UNet2DModel, a "
         "DiTTransformer2DModel or an MLP), a scheduler, and at most one AutoencoderKL."},
        {"model_index.json", PARTS("\"a\":[\"\",\"AutoencoderKL\"],\"b\":[\"\",\"AutoencoderKL\"]"),
         "model_index.json has the component b of class AutoencoderKL; want one network (a UNet2DModel, a "
         "DiTTransformer2DModel or an MLP), a scheduler, and at most one AutoencoderKL."},
        {"model_index.json", PARTS("\"coder\":[\"\",\"AutoencoderKL\"]"),
         "There is neither coder/config.json nor config.json."},
        {"model_index.json", PARTS("\"id2label\":[\"cat\"]"),
         "model_index.json wants an object of classes and their names as id2label."},
        {"model_index.json", PARTS("\"id2label\":{\"-1\":\"cat\"}"),
         "model_index.json has the class -1 in id2label, want 0 to 999999."},
        {"model_index.json", PARTS("\"id2label\":{\"01\":\"cat\"}"),
         "model_index.json has the class 01 in id2label, want 0 to 999999."},
        {"model_index.json", PARTS("\"id2label\":{\"1000000\":\"cat\"}"),
         "model_index.json has the class 1000000 in id2label, want 0 to 999999."},
        {"model_index.json", PARTS("\"id2label\":{\"1\":1}"),
         "model_index.json wants a string of 1 to 1000 bytes for each class of id2label."},
        {"model_index.json", PARTS("\"id2label\":{\"1\":\"\"}"),
         "model_index.json wants a string of 1 to 1000 bytes for each class of id2label."},
        {"vae/config.json", "{\"_class_name\":\"VQModel\"}",
         "vae/config.json is of class \"VQModel\", want AutoencoderKL."},
        {"vae/config.json", "{\"latent_channels\":4}",
         "The autoencoder has 4 latent_channels, and the network 2 in_channels; want as many."},
        {"vae/config.json", "{\"latent_channels\":2,\"in_channels\":3,\"out_channels\":1}",
         "The autoencoder has 3 in_channels and 1 out_channels; want as many, the picture's."},
        {"vae/diffusion_pytorch_model.safetensors", "",
         "vae/diffusion_pytorch_model.safetensors has 0 bytes, want at least 8, its header's length."},
        {"unet/config.json", "{\"_class_name\":\"MLP\"}",
         "unet/config.json is of a network of class \"MLP\", want \"UNet2DModel\"."},
        {"unet/config.json", UNET("\"in_channels\":2,\"out_channels\":1"),
         "The network has 2 in_channels and 1 out_channels; want as many out as in, or more."},
        {"unet/config.json", UNET("\"in_channels\":2,\"out_channels\":4"),
         "The tensor conv_out.weight of unet/diffusion_pytorch_model.safetensors has the shape [2, 4, 3, 3], want [4, "
         "4, "
         "3, 3]."},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct made_model m;
        made_model_begin(&m);
        made_model_latent(&m, true);
        made_files_text(&m.folder, ROWS[i].path, ROWS[i].text);
        ends(&m, ROWS[i].detail);
        made_model_end(&m);
    }
}

/* An autoencoder makes no rows of numbers; its weights are read and checked as the network's. */
static void parts_have_to_fit(void **state) {
    (void)state;
    struct made_model m;
    const struct vae_config vae = made_model_latent_config();
    made_model_begin(&m);
    made_model_mlp(&m);
    made_files_text(&m.folder, "model_index.json", "{\"mlp\":[\"\",\"MLP\"],\"vae\":[\"\",\"AutoencoderKL\"]}");
    made_files_text(&m.folder, "vae/config.json", "{\"latent_channels\":2,\"in_channels\":1,\"out_channels\":1}");
    made_model_autoencoder(&m, "vae/", &vae, true);
    ends(&m, "An MLP works on rows of numbers, which no AutoencoderKL makes.");
    made_model_end(&m);
    made_model_begin(&m);
    made_model_latent(&m, true);
    made_files_text(&m.folder, "vae/config.json",
                    "{\"latent_channels\":2,\"in_channels\":1,\"out_channels\":1,\"block_out_channels\":[4],"
                    "\"norm_num_groups\":4}");
    ends(&m, "The tensor decoder.conv_in.weight of vae/diffusion_pytorch_model.safetensors has the shape [8, 2, 3, 3], "
             "want [4, 2, 3, 3].");
    made_model_end(&m);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    struct made_model m;
    made_model_begin(&m);
    made_model_latent(&m, true);
    for (size_t n = 0;; n++) {
        struct ctx ctx;
        struct model_files files;
        struct model_graphs g;
        ctx_init(&ctx, 64 << 20);
        ctx.fail_after = n;
        enum status status = model_files_open(&ctx, &m.folder.files, &files);
        if (status == STATUS_OK)
            status = model_graphs_make(&ctx, &files, &g);
        if (status == STATUS_OK)
            status = model_graphs_check(&ctx, &files, &g);
        ctx_release(&ctx);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_in_range(n, 0, 2000);
    }
    made_model_end(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_tell_all_parts),      cmocka_unit_test(loaded_models_say_what_they_are),
        cmocka_unit_test(a_transformer_of_old_is_one), cmocka_unit_test(bad_pipelines_get_a_sentence),
        cmocka_unit_test(parts_have_to_fit),           cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
