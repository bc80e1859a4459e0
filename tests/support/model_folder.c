#include "tests/support/model_folder.h"
#include "tests/support/network.h"
#include "tests/support/test.h"

const char folder_config[] =
    "{\"_class_name\":\"UNet2DModel\",\"_diffusers_version\":\"0.30.0\",\"sample_size\":8,\"in_channels\":1,"
    "\"out_channels\":1,\"block_out_channels\":[4,8],\"layers_per_block\":1,\"norm_num_groups\":4,"
    "\"down_block_types\":[\"DownBlock2D\",\"AttnDownBlock2D\"],"
    "\"up_block_types\":[\"AttnUpBlock2D\",\"UpBlock2D\"]}";
const char folder_index[] =
    "{\"_class_name\":\"DDPMPipeline\",\"_diffusers_version\":\"0.30.0\",\"unet\":[\"diffusers\","
    "\"UNet2DModel\"],\"scheduler\":[\"diffusers\",\"DDIMScheduler\"],\"vae\":[null,null],\"other\":null}";
const char folder_scheduler[] = "{\"_class_name\":\"DDPMScheduler\",\"beta_start\":0.0001,\"trained_betas\":null,"
                                "\"timestep_spacing\":\"leading\",\"of_another\":-Infinity}";

float model_folder_value(size_t k, size_t i) { return (float)((int)((k * 31 + i * 7) % 129) - 64) * 0.25f; }

void model_folder_values(struct model_folder *f, enum dtype dtype) {
    for (size_t k = 0; k < f->n; k++) {
        const struct parameter *p = &f->parameters[k];
        float *v = ctx_alloc(&f->ctx, p->n, sizeof *v);
        assert_non_null(v);
        for (size_t i = 0; i < p->n; i++)
            v[i] = model_folder_value(k, i);
        f->values[k] = (struct tensor_values){.name = p->name, .dtype = dtype, .dims = p->dims, .values = v};
        memcpy(f->values[k].shape, p->shape, p->dims * sizeof *p->shape);
    }
}

void model_folder_weights(struct model_folder *f, const char *path, size_t first, size_t n) {
    struct buf file;
    buf_init(&file, 64 << 20);
    safetensors_write(&file, f->values + first, n);
    assert_false(file.failed);
    made_files_put(&f->folder, path, file.data, file.n);
    buf_release(&file);
}

void model_folder_begin(struct model_folder *f) {
    struct unet_config config = network_tiny_unet();
    config.in_channels = config.out_channels = 1;
    ctx_init(&f->ctx, 256 << 20);
    if (unet_make(&f->ctx, tensor_kernels_for(ISA_REF), &config, &f->graph))
        fail_msg("%s", f->ctx.err.detail);
    f->n = graph_parameters(f->graph, &f->parameters);
    assert_in_range(f->n, 50, FOLDER_PARAMETERS_MAX);
    made_files_init(&f->folder);
    model_folder_values(f, DTYPE_F32);
    made_files_text(&f->folder, "model_index.json", folder_index);
    made_files_text(&f->folder, "unet/config.json", folder_config);
    made_files_text(&f->folder, "scheduler/scheduler_config.json", folder_scheduler);
    model_folder_weights(f, "unet/" FOLDER_WEIGHTS, 0, f->n);
}

void model_folder_end(struct model_folder *f) {
    made_files_release(&f->folder);
    ctx_release(&f->ctx);
}
