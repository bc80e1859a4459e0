#include "tests/support/learning.h"

#include "core/nn/mlp.h"
#include "core/tensor/tensor.h"

enum status learning_mlp(struct ctx *ctx, struct graph **out) {
    struct mlp_config c = mlp_default();
    c.hidden_size = c.time_size = 32;
    c.num_blocks = 1;
    c.num_classes = 8;
    return mlp_make(ctx, tensor_kernels_for(ctx->isa), &c, out);
}

struct loss learning_loss(const struct path *path) {
    return (struct loss){
        .path = path, .prediction = PREDICTION_VELOCITY, .sigma_data = 1, .std = 1, .drop = 0.1, .none = 8, .seed = 5};
}

struct trainer_options learning_options(void) {
    return (struct trainer_options){.lr = 4e-3,
                                    .lr_end = 0.02,
                                    .warmup = 10,
                                    .beta1 = 0.9,
                                    .beta2 = 0.99,
                                    .weight_decay = 0.01,
                                    .clip_norm = 1,
                                    .ema = 0.99,
                                    .seed = 5};
}
