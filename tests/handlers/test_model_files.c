#include "core/base/half_float.h"
#include "handlers/model_graphs.h"
#include "tests/support/model_folder.h"
#include "tests/support/test.h"

#include <math.h>

static enum status check(const struct model_folder *f, struct ctx *ctx, struct model_files *m) {
    const struct model_graphs g = {.network = f->graph};
    return model_graphs_check(ctx, m, &g);
}

static void loads(struct model_folder *f, struct model_files *m) {
    if (model_files_open(&f->ctx, &f->folder.files, m) || check(f, &f->ctx, m))
        fail_msg("%s", f->ctx.err.detail);
    for (size_t k = 0; k < f->n; k++) {
        const struct parameter *p = &f->parameters[k];
        float *got = ctx_alloc(&f->ctx, p->n, sizeof *got);
        assert_non_null(got);
        if (model_part_find(&m->network, &f->ctx, p, got))
            fail_msg("%s", f->ctx.err.detail);
        for (size_t i = 0; i < p->n; i++)
            assert_true(got[i] == model_folder_value(k, i));
    }
    if (graph_load(&f->ctx, f->graph, model_part_find, &m->network))
        fail_msg("%s", f->ctx.err.detail);
}

static void refused(struct model_folder *f, const char *detail) {
    struct model_files m;
    enum status status = model_files_open(&f->ctx, &f->folder.files, &m);
    if (status == STATUS_OK)
        status = check(f, &f->ctx, &m);
    if (status != STATUS_INVALID || strcmp(f->ctx.err.detail, detail) != 0)
        fail_msg("%d '%s'\nwant '%s'", status, f->ctx.err.detail, detail);
}

/* -- Folders that are right -- */

static void components_have_folders(void **state) {
    (void)state;
    struct model_folder f;
    struct model_files m;
    model_folder_begin(&f);
    loads(&f, &m);
    assert_string_equal(m.architecture, "UNet2DModel");
    assert_int_equal(m.unet.levels, 2);
    assert_int_equal(m.network.weights.n, f.n);
    assert_int_equal(m.network.tensors[DTYPE_F32], f.n);
    assert_int_equal(m.warnings.total, 0);
    static const char scheduler[] =
        "{\"_class_name\":\"DDIMScheduler\",\"beta_start\":0.0001,\"timestep_spacing\":\"leading\","
        "\"of_another\":\"-Infinity\"}";
    assert_int_equal(m.scheduler.n, sizeof scheduler - 1);
    assert_memory_equal(m.scheduler.p, scheduler, m.scheduler.n);
    model_folder_end(&f);
}

static void old_repositories_have_all_at_the_root(void **state) {
    (void)state;
    struct model_folder f;
    struct model_files m;
    model_folder_begin(&f);
    made_files_move(&f.folder, "unet/config.json", "config.json");
    made_files_move(&f.folder, "unet/" FOLDER_WEIGHTS, FOLDER_WEIGHTS);
    made_files_move(&f.folder, "scheduler/scheduler_config.json", "scheduler_config.json");
    loads(&f, &m);
    made_files_remove(&f.folder, "model_index.json"); /* a network alone */
    loads(&f, &m);
    assert_memory_equal(m.scheduler.p, "{\"_class_name\":\"DDPMScheduler\"", 30);
    made_files_remove(&f.folder, "scheduler_config.json");
    loads(&f, &m);
    assert_int_equal(m.scheduler.n, 0);
    assert_int_equal(m.warnings.n, 1);
    assert_string_equal(m.warnings.list[0], "There is no scheduler_config.json, so a request has to name its path.");
    model_folder_end(&f);
}

static void every_dtype_and_variant(void **state) {
    (void)state;
    static const struct {
        const char *path;
        enum dtype dtype;
    } ROWS[] = {{"unet/" FOLDER_WEIGHTS, DTYPE_F16},
                {"unet/" FOLDER_WEIGHTS, DTYPE_BF16},
                {"unet/" FOLDER_WEIGHTS, DTYPE_F64},
                {"unet/diffusion_pytorch_model.fp16.safetensors", DTYPE_F16},
                {"unet/diffusion_pytorch_model.bf16.safetensors", DTYPE_BF16}};
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct model_folder f;
        struct model_files m;
        model_folder_begin(&f);
        made_files_remove(&f.folder, "unet/" FOLDER_WEIGHTS);
        made_files_text(&f.folder, "unet/diffusion_pytorch_model.bin", "never read");
        model_folder_values(&f, ROWS[i].dtype);
        model_folder_weights(&f, ROWS[i].path, 0, f.n);
        loads(&f, &m);
        assert_int_equal(m.network.tensors[ROWS[i].dtype], f.n);
        model_folder_end(&f);
    }
}

static void put_sharded(struct model_folder *f, const char *path) {
    struct buf index;
    size_t half = f->n / 2;
    buf_init(&index, 1 << 20);
    buf_text(&index, "{\"metadata\":{\"total_size\":1},\"weight_map\":{");
    for (size_t k = 0; k < f->n; k++)
        buf_printf(&index, "%s\"%s\":\"part-%d.safetensors\"", k ? "," : "", f->parameters[k].name, k < half ? 1 : 2);
    buf_text(&index, "}}");
    made_files_put(&f->folder, path, index.data, index.n);
    buf_release(&index);
    made_files_remove(&f->folder, "unet/" FOLDER_WEIGHTS);
    model_folder_weights(f, "unet/part-1.safetensors", 0, half);
    model_folder_weights(f, "unet/part-2.safetensors", half, f->n - half);
}

static void sharded_weights(void **state) {
    (void)state;
    static const char *const PATHS[] = {"unet/" FOLDER_WEIGHTS ".index.json", "unet/" FOLDER_WEIGHTS ".index.fp16.json",
                                        "unet/diffusion_pytorch_model.safetensors.fp16.index.json"};
    for (size_t i = 0; i < COUNT(PATHS); i++) {
        struct model_folder f;
        struct model_files m;
        model_folder_begin(&f);
        put_sharded(&f, PATHS[i]);
        loads(&f, &m);
        assert_string_equal(safetensors_find(&m.network.weights, "conv_out.weight")->file, "unet/part-2.safetensors");
        model_folder_end(&f);
    }
}

static void old_names_of_attention(void **state) {
    (void)state;
    static const char *const NAMES[][2] = {
        {".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}};
    struct model_folder f;
    struct model_files m;
    model_folder_begin(&f);
    static char names[FOLDER_PARAMETERS_MAX][PARAMETER_NAME + 16];
    size_t renamed = 0;
    for (size_t k = 0; k < f.n; k++)
        for (size_t i = 0; i < COUNT(NAMES); i++) {
            const char *name = f.parameters[k].name, *at = strstr(name, NAMES[i][0]);
            if (!at)
                continue;
            snprintf(names[k], sizeof names[k], "%.*s%s%s", (int)(at - name), name, NAMES[i][1],
                     strrchr(name, '.') + 1);
            f.values[k].name = names[k];
            renamed++;
        }
    assert_int_equal(renamed, 4 * 8); /* weight and bias: one down, one in the middle, two up */
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n);
    loads(&f, &m);
    assert_int_equal(m.warnings.total, 0);
    model_folder_end(&f);
}

static void tensors_that_nothing_asks_for(void **state) {
    (void)state;
    struct model_folder f;
    struct model_files m;
    model_folder_begin(&f);
    f.values[f.n] = f.values[0];
    f.values[f.n].name = "ema.decay";
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n + 1);
    loads(&f, &m);
    assert_int_equal(m.warnings.total, 1);
    assert_string_equal(m.warnings.list[0], "The tensor ema.decay of unet/" FOLDER_WEIGHTS
                                            " is no parameter of the network; it is left out.");
    model_folder_end(&f);
}

/* -- Folders that are wrong -- */

#define NETWORKS "a UNet2DModel, a DiTTransformer2DModel or an MLP"

static void bad_folders_get_a_sentence(void **state) {
    (void)state;
    static const struct {
        const char *path, *text; /* text NULL: the file is removed; path NULL: none is there */
        const char *detail;
    } ROWS[] = {
        {NULL, NULL, "There is neither a model_index.json nor a config.json."},
        {"unet/config.json", NULL, "There is neither unet/config.json nor config.json."},
        {"unet/" FOLDER_WEIGHTS, NULL, "There are no weights: want unet/" FOLDER_WEIGHTS ", or its .index.json."},
        {"model_index.json", "[]", "model_index.json holds no JSON object."},
        {"model_index.json", "{", "model_index.json is not JSON, near its byte 1."},
        {"model_index.json", "{}", "model_index.json has no network: want " NETWORKS "."},
        {"model_index.json", "{\"unet\":[\"diffusers\"],\"unet_2\":\"UNet2DModel\",\"_unet\":[\"\",\"UNet2DModel\"]}",
         "model_index.json has no network: want " NETWORKS "."},
        {"model_index.json", "{\"../unet\":[\"diffusers\",\"UNet2DModel\"]}",
         "model_index.json has the component ../unet of class UNet2DModel; want one network (" NETWORKS
         "), a scheduler, and at most one AutoencoderKL."},
        {"model_index.json", "{\"a\":[\"\",\"UNet2DModel\"],\"b\":[\"\",\"UNet2DModel\"]}",
         "model_index.json has the component b of class UNet2DModel; want one network (" NETWORKS
         "), a scheduler, and at most one AutoencoderKL."},
        {"model_index.json", "{\"unet\":[\"\",\"UNet2DModel\"],\"vqvae\":[\"diffusers\",\"VQModel\"]}",
         "model_index.json has the component vqvae of class VQModel; want one network (" NETWORKS
         "), a scheduler, and at most one AutoencoderKL."},
        {"unet/config.json", "{\"_class_name\":\"UNet1DModel\"}",
         "unet/config.json is of a network of class \"UNet1DModel\", want \"UNet2DModel\"."},
        {"unet/" FOLDER_WEIGHTS, "", "unet/" FOLDER_WEIGHTS " has 0 bytes, want at least 8, its header's length."},
        {"unet/" FOLDER_WEIGHTS, "\x80\x02}q\x01X\x04",
         "unet/" FOLDER_WEIGHTS " has 7 bytes, want at least 8, its header's length."},
        {"unet/" FOLDER_WEIGHTS, "PK\x03\x04 and so on, a pickle",
         "unet/" FOLDER_WEIGHTS " says its header has 7236828441365138256 bytes, want at most 100000000."},
        {"scheduler/scheduler_config.json", "nil", "scheduler/scheduler_config.json is not JSON, near its byte 3."},
        {"scheduler/scheduler_config.json", "\"\"", "scheduler/scheduler_config.json holds no JSON object."},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct model_folder f;
        model_folder_begin(&f);
        if (!ROWS[i].path)
            made_files_release(&f.folder);
        else if (ROWS[i].text)
            made_files_text(&f.folder, ROWS[i].path, ROWS[i].text);
        else
            made_files_remove(&f.folder, ROWS[i].path);
        refused(&f, ROWS[i].detail);
        model_folder_end(&f);
    }
}

static void pickles_are_refused_by_name(void **state) {
    (void)state;
    static const char *const PATHS[] = {"unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.fp16.bin",
                                        "unet/diffusion_pytorch_model.ckpt"};
    for (size_t i = 0; i < COUNT(PATHS); i++) {
        struct model_folder f;
        char detail[300];
        model_folder_begin(&f);
        made_files_move(&f.folder, "unet/" FOLDER_WEIGHTS, PATHS[i]);
        snprintf(detail, sizeof detail,
                 "%s is a pickle, which may run any program when it is opened, so it is not; want the weights "
                 "as " FOLDER_WEIGHTS ".",
                 PATHS[i]);
        refused(&f, detail);
        model_folder_end(&f);
    }
}

static void files_that_cannot_be_opened(void **state) {
    (void)state;
    static const char *const PATHS[] = {"model_index.json", "unet/config.json", "unet/" FOLDER_WEIGHTS,
                                        "scheduler/scheduler_config.json"};
    for (size_t i = 0; i < COUNT(PATHS); i++) {
        struct model_folder f;
        char detail[200];
        model_folder_begin(&f);
        f.folder.broken = PATHS[i];
        snprintf(detail, sizeof detail, "%s cannot be opened.", PATHS[i]);
        refused(&f, detail);
        model_folder_end(&f);
    }
}

static void bad_indices_get_a_sentence(void **state) {
    (void)state;
    static const char path[] = "unet/" FOLDER_WEIGHTS ".index.json";
    static const struct {
        const char *text, *detail;
    } ROWS[] = {
        {"{}", "unet/" FOLDER_WEIGHTS ".index.json has no weight_map, want an object of names of files."},
        {"{\"weight_map\":{\"a\":1}}",
         "unet/" FOLDER_WEIGHTS ".index.json gives no string as the file of a, want the name of one beside it."},
        {"{\"weight_map\":{\"a\":\"../x\"}}",
         "unet/" FOLDER_WEIGHTS ".index.json gives a path as the file of a, want the name of one beside it."},
        {"{\"weight_map\":{\"a\":\"\"}}",
         "unet/" FOLDER_WEIGHTS ".index.json gives a path as the file of a, want the name of one beside it."},
        {"{\"weight_map\":{\"a\":\"x\"}}", "unet/" FOLDER_WEIGHTS ".index.json names the file x, which is not there."},
        {"{\"weight_map\":{\"a\":\"part-1.safetensors\"}}",
         "unet/" FOLDER_WEIGHTS ".index.json says that a is in part-1.safetensors, which does not have it."},
        {"{\"weight_map\":{\"a\":\"bad\"}}", "unet/bad has 3 bytes, want at least 8, its header's length."},
        {"{\"weight_map\":{}}", "The weights have no conv_in.weight; want it with the shape [4, 1, 3, 3]."},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct model_folder f;
        model_folder_begin(&f);
        put_sharded(&f, path);
        made_files_text(&f.folder, path, ROWS[i].text);
        made_files_text(&f.folder, "unet/bad", "bad");
        refused(&f, ROWS[i].detail);
        model_folder_end(&f);
    }
}

static void shapes_and_numbers_are_checked(void **state) {
    (void)state;
    struct model_folder f;
    struct model_files m;
    model_folder_begin(&f);
    f.values[0].shape[0] = 1, f.values[0].shape[1] = 4;
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n);
    refused(&f, "The tensor conv_in.weight of unet/" FOLDER_WEIGHTS " has the shape [1, 4, 3, 3], want [4, 1, 3, 3].");
    f.values[0].dims = 1, f.values[0].shape[0] = 36;
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n);
    refused(&f, "The tensor conv_in.weight of unet/" FOLDER_WEIGHTS " has the shape [36], want [4, 1, 3, 3].");
    model_folder_values(&f, DTYPE_F32);
    f.values[1].dims = 2, f.values[1].shape[1] = 1;
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n);
    refused(&f, "The tensor conv_in.bias of unet/" FOLDER_WEIGHTS " has the shape [4, 1], want [4].");
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 1, f.n - 1);
    refused(&f, "The weights have no conv_in.weight; want it with the shape [4, 1, 3, 3].");
    for (int i = 0; i < 2; i++) {
        model_folder_values(&f, DTYPE_F32);
        ((float *)(uintptr_t)f.values[1].values)[2] = i ? NAN : -INFINITY;
        model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n);
        assert_int_equal(model_files_open(&f.ctx, &f.folder.files, &m), STATUS_OK);
        assert_int_equal(graph_load(&f.ctx, f.graph, model_part_find, &m.network), STATUS_INVALID);
        assert_string_equal(f.ctx.err.detail, i ? "The tensor conv_in.bias of unet/" FOLDER_WEIGHTS
                                                  " has NaN as its number 2, want a finite one."
                                                : "The tensor conv_in.bias of unet/" FOLDER_WEIGHTS
                                                  " has an infinity as its number 2, want a finite one.");
    }
    model_folder_end(&f);
}

/* -- Each allocation, and damage -- */

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (int sharded = 0; sharded < 2; sharded++) {
        struct model_folder f;
        model_folder_begin(&f);
        if (sharded)
            put_sharded(&f, "unet/" FOLDER_WEIGHTS ".index.json");
        for (size_t fail_after = 0;; fail_after++) {
            struct ctx ctx;
            struct model_files m;
            ctx_init(&ctx, 64 << 20);
            ctx.fail_after = fail_after;
            enum status status = model_files_open(&ctx, &f.folder.files, &m);
            if (status == STATUS_OK)
                status = check(&f, &ctx, &m);
            ctx_release(&ctx);
            if (status == STATUS_OK)
                break;
            assert_int_equal(status, STATUS_NO_MEMORY);
            assert_in_range(fail_after, 0, 1000);
        }
        model_folder_end(&f);
    }
}

/* Cut after each byte, and each byte replaced by one that means something in JSON or is none in UTF-8. */
static void damaged_texts_hold(void **state) {
    (void)state;
    static const char NASTY[] = "\"{[]}:,\\-9eN\xff";
    static const char *const PATHS[] = {"model_index.json", "unet/config.json", "scheduler/scheduler_config.json"};
    struct model_folder f;
    model_folder_begin(&f);
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, 1);
    for (size_t k = 0; k < COUNT(PATHS); k++) {
        const char *text = k == 0 ? folder_index : k == 1 ? folder_config : folder_scheduler;
        size_t n = strlen(text);
        char *bytes = strdup(text);
        assert_non_null(bytes);
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c <= sizeof NASTY; c++) {
                struct ctx ctx;
                struct model_files m;
                ctx_init(&ctx, 64 << 20);
                if (c < sizeof NASTY)
                    bytes[i] = NASTY[c];
                made_files_put(&f.folder, PATHS[k], bytes, c < sizeof NASTY ? n : i);
                enum status status = model_files_open(&ctx, &f.folder.files, &m);
                if (status != STATUS_OK && (status != STATUS_INVALID || !ctx.err.detail[0]))
                    fail_msg("%s: %d '%s'", bytes, status, ctx.err.detail);
                bytes[i] = text[i];
                ctx_release(&ctx);
            }
        made_files_put(&f.folder, PATHS[k], bytes, n);
        free(bytes);
    }
    model_folder_end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_have_folders),
        cmocka_unit_test(old_repositories_have_all_at_the_root),
        cmocka_unit_test(every_dtype_and_variant),
        cmocka_unit_test(sharded_weights),
        cmocka_unit_test(old_names_of_attention),
        cmocka_unit_test(tensors_that_nothing_asks_for),
        cmocka_unit_test(bad_folders_get_a_sentence),
        cmocka_unit_test(pickles_are_refused_by_name),
        cmocka_unit_test(files_that_cannot_be_opened),
        cmocka_unit_test(bad_indices_get_a_sentence),
        cmocka_unit_test(shapes_and_numbers_are_checked),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(damaged_texts_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
