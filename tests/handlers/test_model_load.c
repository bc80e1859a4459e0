#include "handlers/model_load.h"
#include "tests/support/model_folder.h"
#include "tests/support/test.h"

#include <math.h>

enum { PIXELS = 64, MEMORY = 64 << 20 };

static void run(const struct graph *graph, enum isa isa, float *y) {
    float x[PIXELS], time = 500;
    struct ctx ctx;
    for (int i = 0; i < PIXELS; i++)
        x[i] = (float)(i % 7) * 0.25f - 0.75f;
    ctx_init(&ctx, MEMORY);
    ctx.isa = isa;
    float *work = ctx_alloc(&ctx, graph_floats(graph, 1), sizeof *work);
    assert_non_null(work);
    graph_run(&ctx, graph, 1, &(struct graph_in){.x = x, .times = &time}, y, work);
    ctx_release(&ctx);
}

/* The folder is gone when the network runs; what it computes is what the parameters alone give. */
static void a_network_needs_its_folder_no_more(void **state) {
    (void)state;
    for (int i = 0; i < ISA_COUNT; i++) {
        struct model_folder f;
        struct model_files m;
        struct error why;
        float got[PIXELS], want[PIXELS];
        if (!isa_here((enum isa)i))
            continue;
        model_folder_begin(&f);
        assert_int_equal(model_files_open(&f.ctx, &f.folder.files, &m), STATUS_OK);
        assert_int_equal(unet_make(&f.ctx, tensor_kernels_for((enum isa)i), &m.unet, &f.graph), STATUS_OK);
        assert_int_equal(graph_load(&f.ctx, f.graph, model_part_find, &m.network), STATUS_OK);
        assert_int_equal(f.folder.passed, 4 * 11621); /* the memory of each is free to go once it is packed */
        run(f.graph, (enum isa)i, want);
        struct loaded_model *model = model_load(&f.folder.files, (enum isa)i, GRAPH_F32, MEMORY, &why);
        if (!model)
            fail_msg("%s", why.detail);
        model_folder_end(&f);
        run(model->network.graph, (enum isa)i, got);
        assert_memory_equal(got, want, sizeof got);
        assert_true(isfinite(got[0]) && got[0] != got[1]);
        assert_string_equal(model->architecture, "UNet2DModel");
        assert_int_equal(model->network.height, 8);
        assert_int_equal(model->network.out_channels, 1);
        assert_int_equal(model->dims, 3);
        assert_int_equal(model->shape[1], 8);
        assert_int_equal(model->classes.n, 0);
        assert_int_equal(model->parameters, 11621); /* as diffusers counts them */
        assert_memory_equal(model->scheduler.p, "{\"_class_name\":\"DDIMScheduler\"", 30);
        assert_in_range(model_load_bytes(model), 4 * 11621, MEMORY);
        model_unload(model);
    }
    model_unload(NULL);
}

/* Weights that the file has in bfloat16 stay so in memory, and give the bits of the numbers that they are. */
static void bfloat16_takes_half_the_memory(void **state) {
    (void)state;
    struct model_folder f;
    struct model_files m;
    struct error why;
    float got[PIXELS], want[PIXELS];
    enum isa isa = isa_best();
    model_folder_begin(&f);
    struct loaded_model *wide = model_load(&f.folder.files, isa, GRAPH_F32, MEMORY, &why);
    assert_non_null(wide);
    model_folder_values(&f, DTYPE_BF16);
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n);
    assert_int_equal(model_files_open(&f.ctx, &f.folder.files, &m), STATUS_OK);
    assert_int_equal(unet_make(&f.ctx, tensor_kernels_for(isa), &m.unet, &f.graph), STATUS_OK);
    assert_int_equal(graph_load(&f.ctx, f.graph, model_part_find, &m.network), STATUS_OK);
    run(f.graph, isa, want);
    struct loaded_model *model = model_load(&f.folder.files, isa, GRAPH_F32, MEMORY, &why);
    assert_non_null(model);
    run(model->network.graph, isa, got);
    assert_memory_equal(got, want, sizeof got);
    assert_in_range(model->weights[GRAPH_F32], wide->weights[GRAPH_F32] / 2, wide->weights[GRAPH_F32] * 55 / 100);
    model_unload(model), model_unload(wide);
    model_folder_end(&f);
}

/* An outline knows what the weights will take before they are read. */
static void an_outline_is_all_but_the_weights(void **state) {
    (void)state;
    struct model_folder f;
    struct error why;
    model_folder_begin(&f);
    struct loaded_model *outline = model_outline(&f.folder.files, ISA_REF, MEMORY, &why),
                        *model = model_load(&f.folder.files, ISA_REF, GRAPH_F32, MEMORY, &why);
    assert_true(outline && model);
    assert_int_equal(outline->parameters, model->parameters);
    assert_int_equal(outline->weights[GRAPH_F32], model->weights[GRAPH_F32]);
    assert_in_range(outline->weights[GRAPH_F32], 4 * model->parameters, model_load_bytes(model));
    assert_in_range(model_load_bytes(model), model_load_bytes(outline) + 1,
                    2 * (model_load_bytes(outline) + outline->weights[GRAPH_F32]));
    model_folder_end(&f);
    assert_int_equal(graph_work(outline->network.graph), graph_work(model->network.graph));
    model_unload(outline);
    model_unload(model);
}

static void what_is_wrong_is_told(void **state) {
    (void)state;
    struct model_folder f;
    struct error why;
    model_folder_begin(&f);
    assert_null(model_load(&f.folder.files, ISA_REF, GRAPH_F32, 0, &why));
    assert_string_equal(why.detail, "It needs more than the 0 bytes of memory that it may have.");
    model_folder_weights(&f, "unet/" FOLDER_WEIGHTS, 0, f.n - 1);
    assert_null(model_load(&f.folder.files, ISA_REF, GRAPH_F32, MEMORY, &why));
    assert_string_equal(why.detail, "The weights have no conv_out.bias; want it with the shape [1].");
    model_folder_end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_needs_its_folder_no_more),
        cmocka_unit_test(bfloat16_takes_half_the_memory),
        cmocka_unit_test(an_outline_is_all_but_the_weights),
        cmocka_unit_test(what_is_wrong_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
