/* learning.h - what tests of training share: a small network for the points of eight-gaussians, and how it learns. */
#ifndef SOLVENT_TEST_LEARNING_H
#define SOLVENT_TEST_LEARNING_H

#include "core/train/trainer.h"

/* learning_mlp makes an MLP of 32, one block, two features and eight classes, with the kernels of ctx. */
enum status learning_mlp(struct ctx *ctx, struct graph **out);

/* learning_loss is that of flow matching along the path, of which a tenth of the labels is dropped. */
struct loss learning_loss(const struct path *path);

/* learning_options lack steps and batch. */
struct trainer_options learning_options(void);

enum { LEARNING_POINTS = 500, LEARNING_BATCH = 48 };

/* A run of 400 steps on points, or on images of bytes. */
struct learning {
    struct ctx ctx;
    struct path path;
    struct loss loss;
    struct train_data data;
    struct graph *graph;
    struct trainer_options options;
    struct trainer *t;
    float rows[2 * LEARNING_POINTS];
    unsigned char bytes[64 * LEARNING_POINTS];
    int64_t labels[LEARNING_POINTS];
    float starts[2 * LEARNING_POINTS];
    struct train_data source; /* starts */
};

/* learning_begin makes one, malloc'ed; learning_try gives the status of its making where allocations fail. */
struct learning *learning_begin(bool images);
enum status learning_try(struct learning *r, bool images, size_t fail_after);
void learning_end(struct learning *r);

/* learning_anew makes its trainer anew, of what stands in it by now. */
void learning_anew(struct learning *r);

/* learning_steps takes n steps and gives their mean loss. */
double learning_steps(struct learning *r, size_t n);

/* learning_state is what trainer_save writes, malloc'ed; learning_same wants that of both to be the same. */
void *learning_state(struct learning *r);
void learning_same(struct learning *a, struct learning *b);

#endif
