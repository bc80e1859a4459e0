#include "tests/support/learning.h"

#include "core/nn/mlp.h"
#include "core/nn/unet.h"
#include "core/tensor/tensor.h"
#include "core/train/toy.h"
#include "tests/support/network.h"
#include "tests/support/test.h"

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

/* -- A run -- */

static enum status make_graph(struct learning *r, bool images) {
    if (images) {
        struct unet_config c = network_tiny_unet();
        c.in_channels = c.out_channels = 1;
        return unet_make(&r->ctx, tensor_kernels_for(r->ctx.isa), &c, &r->graph);
    }
    return learning_mlp(&r->ctx, &r->graph);
}

static void fill(struct learning *r, bool images) {
    uint64_t random = 3;
    r->data = (struct train_data){.n = LEARNING_POINTS, .d = images ? 64 : 2};
    toy_draw(TOY_EIGHT_GAUSSIANS, 1, LEARNING_POINTS, r->rows, r->labels);
    for (size_t i = 0; i < sizeof r->bytes; i++)
        r->bytes[i] = (unsigned char)test_below(&random, 256);
    if (images)
        r->data.bytes = r->bytes;
    else
        r->data.rows = r->rows, r->data.labels = r->labels;
}

enum status learning_try(struct learning *r, bool images, size_t fail_after) {
    ctx_init(&r->ctx, 256 << 20);
    r->ctx.isa = isa_best();
    r->ctx.fail_after = fail_after;
    fill(r, images);
    enum status status = path_make(&r->ctx, PATH_FLOW, NULL, &r->path);
    r->loss = learning_loss(&r->path);
    r->options = learning_options();
    r->options.steps = 400;
    r->options.batch = images ? 4 : LEARNING_BATCH;
    if (status == STATUS_OK)
        status = make_graph(r, images);
    return status == STATUS_OK ? trainer_make(&r->ctx, r->graph, &r->data, &r->loss, &r->options, &r->t) : status;
}

struct learning *learning_begin(bool images) {
    struct learning *r = calloc(1, sizeof *r);
    assert_non_null(r);
    if (learning_try(r, images, SIZE_MAX))
        fail_msg("%s", r->ctx.err.detail);
    return r;
}

void learning_anew(struct learning *r) {
    if (trainer_make(&r->ctx, r->graph, &r->data, &r->loss, &r->options, &r->t))
        fail_msg("%s", r->ctx.err.detail);
}

void learning_end(struct learning *r) {
    ctx_release(&r->ctx);
    free(r);
}

double learning_steps(struct learning *r, size_t n) {
    struct trainer_report report;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (trainer_step(r->t, &report))
            fail_msg("%s", r->ctx.err.detail);
        sum += report.loss / (double)n;
    }
    assert_int_equal(report.step, trainer_at(r->t));
    return sum;
}

void *learning_state(struct learning *r) {
    void *state = malloc(trainer_bytes(r->t));
    trainer_save(r->t, state);
    return state;
}

void learning_same(struct learning *a, struct learning *b) {
    void *x = learning_state(a), *y = learning_state(b);
    assert_int_equal(trainer_bytes(a->t), trainer_bytes(b->t));
    assert_memory_equal(x, y, trainer_bytes(a->t));
    free(x);
    free(y);
}
