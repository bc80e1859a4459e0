/* graph.h - a network as a list of operations on numbered values, made once from its configuration.
 *
 *     struct graph *g = graph_new(ctx, kernels);
 *     int x = graph_input(g, 32, 32, 3), y = graph_conv(g, x, &(struct conv){"conv_in", 128, .kernel = 3});
 *     graph_output(g, y);
 *     if (graph_error(g)) ...                          memory is asked for once, at the end
 *     status = graph_load(ctx, g, find, self);         the weights, packed
 *     ... graph_floats(g, images) floats of workspace, then
 *     graph_run(ctx, g, images, &in, out, workspace);
 *
 * A value is [height][width][channels] an image, channels last, with a border of zeros where a convolution reads it.
 * Values that do not live at the same time share memory, so the workspace is little more than the largest moment's.
 * A graph is immutable once loaded: any number of threads may run it, each with a workspace of its own. */
#ifndef SOLVENT_GRAPH_H
#define SOLVENT_GRAPH_H

#include "core/base/ctx.h"
#include "core/nn/dtype.h"
#include "core/tensor/product.h"

enum { PARAMETER_NAME = 112, GRAPH_NONE = -1 };

/* What a parameter is decides how an untrained network fills it (as PyTorch's layers do). */
enum parameter_role { PARAMETER_WEIGHT, PARAMETER_BIAS, PARAMETER_ONE, PARAMETER_ZERO, PARAMETER_EMBEDDING };

struct parameter {
    char name[PARAMETER_NAME]; /* as in weight files */
    enum parameter_role role;
    size_t dims, shape[4], n;
    size_t fan_in;
    bool half;     /* kept as bfloat16 (graph_halve) */
    float *values; /* [n] once loaded; NULL where only the packed form is kept */
};

struct graph;

struct graph *graph_new(struct ctx *ctx, const struct tensor_kernels *kernels); /* NULL: no memory */

/* Inputs: an image, the time (one number an image), the class (one number an image). */
int graph_input(struct graph *g, size_t height, size_t width, size_t channels);

/* graph_constant is a value that is the same for all images: values[height][width][channels], in the arena. No
 * convolution of 3x3 may read it. */
int graph_constant(struct graph *g, size_t height, size_t width, size_t channels, float *values);

/* A convolution of 3x3 or 1x1, one of patches (kernel = stride = 2 .. 9: no pixel is read twice), or a linear layer
 * over pixels (kernel 1): parameters NAME.weight and NAME.bias.
 * What comes out is scale * (residual + gate * act(x + bias + vector)). */
enum { PATCH_MAX = 9 };
struct conv {
    const char *name;
    size_t out, kernel; /* channels out; 1, 3 or a patch's */
    size_t stride;      /* 0: 1 */
    bool linear;        /* its weight is a matrix in the file */
    bool no_bias;
    bool late_border; /* stride 2: zeros are added on the right and at the bottom only */
    int vector; /* a value of [1][1][out] to be added, from channel vector_at on; 0: none (value 0 is the image) */
    size_t vector_at;
    int gate; /* a value of [1][1][], whose channels from gate_at on are factors; 0: none */
    size_t gate_at;
    int residual; /* a value to be added; 0: none */
    float scale;  /* of the sum; 0: 1 */
    enum activation activation;
};
int graph_conv(struct graph *g, int x, const struct conv *c);
/* graph_conv_first lists the parameters of a later graph_conv of that name and so many channels in: their order is
 * that of the network they come from, whose initial weights are drawn in it. */
void graph_conv_first(struct graph *g, size_t in, const struct conv *c);

struct norm {
    const char *name;
    size_t groups;
    float eps;
    int modulation; /* a value of [1][1][2 channels]: scale and shift; 0: none */
    enum activation activation;
};
int graph_group_norm(struct graph *g, int x, const struct norm *n);

/* Each pixel's channels have mean 0 and variance 1, and then (NAME.weight, NAME.bias and) 1 + scale and shift. No
 * convolution of 3x3 may read x. */
struct layer {
    const char *name; /* NULL: without weight and bias */
    float eps;
    int modulation; /* a value of [1][1][], in which scale and shift begin at these channels; 0: none */
    size_t scale_at, shift_at;
};
int graph_layer_norm(struct graph *g, int x, const struct layer *l);

int graph_attention(struct graph *g, int q, int k, int v, size_t heads);
int graph_concat(struct graph *g, int a, int b);
int graph_slice(struct graph *g, int x, size_t from, size_t channels);
/* graph_unpatch makes patch * patch pixels of every one: its channels are [patch][patch][channels]. */
int graph_unpatch(struct graph *g, int x, size_t patch);
int graph_upsample(struct graph *g, int x); /* nearest, twice */
int graph_pool(struct graph *g, int x);     /* means of 2x2 */
int graph_affine(struct graph *g, int x, float factor, float offset);
int graph_over_time(struct graph *g, int x); /* x / time */
int graph_activation(struct graph *g, int x, enum activation activation);

/* The sinusoids of Vaswani et al. 2017 of a number: [1][1][n]; f_j = 10000^(-j / (n / 2 - shift)). */
enum graph_number { GRAPH_TIME, GRAPH_CLASS };
int graph_sinusoids(struct graph *g, enum graph_number number, size_t n, double shift, bool cos_first);
/* Sines, then cosines, of 2 pi w log t with random frequencies (NAME.weight of n / 2). */
int graph_fourier(struct graph *g, const char *name, size_t n);
/* A row of NAME.weight: that of the class, or of the time rounded down, within the rows. */
int graph_embedding(struct graph *g, enum graph_number number, const char *name, size_t rows, size_t n);
int graph_add(struct graph *g, int a, int b);
int graph_multiply(struct graph *g, int a, enum activation activation, int b); /* act(a) * b */

void graph_output(struct graph *g, int x);

size_t graph_channels(const struct graph *g, int value);
size_t graph_height(const struct graph *g, int value);
size_t graph_width(const struct graph *g, int value);

/* graph_failed: there was no memory while it was made. */
bool graph_failed(const struct graph *g);

size_t graph_parameters(const struct graph *g, const struct parameter **list);

/* graph_load asks `find` for each parameter, in order of their making, which fills to[p->n], and packs them; those of
 * convolutions that are faster by winograd.h take 16/9 of their numbers.
 * Errors: those of find; NO_MEMORY. */
typedef enum status graph_find(void *self, struct ctx *ctx, const struct parameter *p, float *to);
enum status graph_load(struct ctx *ctx, struct graph *g, graph_find *find, void *self) MUST_CHECK;

/* graph_halve, before graph_load, has parameter i kept as bfloat16 where it is the matrix of a convolution: half the
 * memory, and a direct sum of the same numbers where these are bfloat16 already; else they are rounded, to nearest. */
void graph_halve(struct graph *g, size_t i);

/* graph_halve_products, after graph_output and before graph_load, has convolutions and linear layers multiply bfloat16
 * numbers (core/tensor/half.h): their weights and inputs are rounded, to nearest; sums, and all else, stay as they are.
 * Such a graph is run, and has no derivatives. Errors: NO_MEMORY. */
enum status graph_halve_products(struct graph *g, const struct half_kernels *half) MUST_CHECK;

/* graph_load_bytes is what graph_load keeps; graph_halved_bytes, what it would after graph_halve_products. */
size_t graph_load_bytes(const struct graph *g);
size_t graph_halved_bytes(const struct graph *g, const struct half_kernels *half);

size_t graph_floats(const struct graph *g, size_t images);

/* What that has to hold, in floats an image. `moment` is the most that lives at once, which no placement of the values
 * goes below: the values of a layer, and all that later ones read (skip connections live long). `two_largest` is the two
 * largest values, whether they live at once or not: a chain of layers without skips needs no more. */
struct graph_memory {
    size_t moment, two_largest;
};
struct graph_memory graph_memory(const struct graph *g);

/* graph_work is the multiply-adds of an image's run; graph_cost its time on one thread, roughly, in nanoseconds. */
enum { GRAPH_RATE = 30 }; /* multiply-adds a nanosecond with AVX2, by bench/nn */
double graph_work(const struct graph *g);
double graph_cost(const struct graph *g);

struct graph_in {
    const float *x;         /* [images][height][width][channels] */
    const float *times;     /* [images] or NULL */
    const int64_t *classes; /* [images] or NULL; each within the embedding's rows */
};

/* graph_run writes out[images][height][width][channels]. It stops between operations where ctx asks for it; out is not
 * to be used then. */
void graph_run(struct ctx *ctx, const struct graph *g, size_t images, const struct graph_in *in, float *out,
               float *workspace);

#endif
