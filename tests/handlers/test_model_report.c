#include "handlers/model_report.h"
#include "tests/support/model_folder.h"
#include "tests/support/test.h"

#include <math.h>

static void says(struct model_folder *f, bool good, const char *text) {
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(model_report(&f->folder.files, ISA_REF, 256 << 20, &out), good);
    buf_byte(&out, '\0');
    assert_false(out.failed);
    if (strcmp(out.data, text) != 0)
        fail_msg("%s\nwant\n%s", out.data, text);
    buf_release(&out);
}

/* The counts are those of the same network in diffusers 0.42. */
#define NETWORK                                                    \
    "network: UNet2DModel of 8 x 8 pixels, 1 channels in, 1 out\n" \
    "weights: 11621 numbers in 144 tensors (144 F32)\n"            \
    "memory: 0.05 MB for the weights, 0.01 MB for each image\n"

static void a_good_folder(void **state) {
    (void)state;
    struct model_folder f;
    model_folder_begin(&f);
    says(&f, true,
         NETWORK "scheduler: DDIMScheduler\n"
                 "warning: scheduler_config.json has the key of_another, which means nothing to its class.\n");
    made_files_text(&f.folder, "model_index.json", "{\"unet\":[\"\",\"UNet2DModel\"],\"scheduler\":[\"\",\"None\"]}");
    says(&f, true,
         NETWORK
         "warning: The scheduler is of no use, so a request has to name its path: scheduler_config._class_name is "
         "\"None\", want a scheduler of diffusers, such as EulerDiscreteScheduler.\n");
    model_folder_end(&f);
}

static void bad_folders(void **state) {
    (void)state;
    struct model_folder f;
    model_folder_begin(&f);
    ((float *)(uintptr_t)f.values[f.n - 1].values)[0] = NAN;
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n);
    says(&f, false,
         NETWORK "error: The tensor conv_out.bias of unet/" FOLDER_WEIGHTS
                 " has NaN as its number 0, want a finite one.\n");
    made_files_text(&f.folder, "unet/config.json",
                    "{\"sample_size\":9,\"block_out_channels\":[4,8,8,8],\"norm_num_groups\":4,\"mine\":1}");
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_false(model_report(&f.folder.files, ISA_REF, 256 << 20, &out));
    buf_byte(&out, '\0');
    assert_non_null(
        strstr(out.data, "warning: unet/config.json has the unknown key mine, which is left out.\nerror: "));
    assert_non_null(strstr(out.data, "sample_size"));
    buf_release(&out);
    made_files_text(&f.folder, "unet/config.json", "{\"_class_name\":\"\\u001b[2J\\n\\u007f\"}");
    says(&f, false, "error: unet/config.json is of a network of class \"?[2J??\", want \"UNet2DModel\".\n");
    made_files_release(&f.folder);
    says(&f, false, "error: There is neither a model_index.json nor a config.json.\n");
    model_folder_end(&f);
}

/* The memory is that of what a call wants of the file, as it is kept. */
static void memory_is_of_what_is_kept(void **state) {
    (void)state;
    enum { MORE = 1000 * 1000 };
    struct model_folder f;
    struct buf out;
    model_folder_begin(&f);
    model_folder_values(&f, DTYPE_BF16);
    f.values[f.n] = (struct tensor_values){.name = "unasked",
                                           .dtype = DTYPE_BF16,
                                           .dims = 1,
                                           .shape = {MORE},
                                           .values = ctx_zalloc(&f.ctx, MORE, sizeof(float))};
    assert_non_null(f.values[f.n].values);
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n + 1);
    buf_init(&out, 1 << 20);
    assert_true(model_report(&f.folder.files, ISA_REF, 256 << 20, &out));
    buf_byte(&out, '\0');
    if (!strstr(out.data, "memory: 0.02 MB for the weights, 0.01 MB") || !strstr(out.data, "1011621 numbers in 145"))
        fail_msg("%s", out.data);
    buf_release(&out);
    model_folder_end(&f);
}

/* Memory that ends while the folder is read. */
static void little_memory(void **state) {
    (void)state;
    struct model_folder f;
    model_folder_begin(&f);
    bool good = false;
    for (size_t memory = 0; !good; memory += 16 << 10) {
        struct buf out;
        buf_init(&out, 1 << 20);
        good = model_report(&f.folder.files, ISA_REF, memory, &out);
        buf_byte(&out, '\0');
        assert_true(good || strstr(out.data, "error: This request needs more memory than"));
        buf_release(&out);
        assert_true(memory < 64 << 20);
    }
    model_folder_end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_folder),
        cmocka_unit_test(bad_folders),
        cmocka_unit_test(memory_is_of_what_is_kept),
        cmocka_unit_test(little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
