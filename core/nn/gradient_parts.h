/* gradient_parts.h - the inside of a gradient, for gradient*.c.
 *
 * `forward` is a copy of the graph whose values all have places of their own, and more of them: what nodes keep for the
 * way back. `backward` is another, in whose values the derivatives by those of `forward` lie; there a border is around
 * what a convolution gave. Nodes are visited backwards. A node gets the derivative by its output whole, may change it
 * (nobody else reads it again but its own weights), and gives each input its part: written where it is the first to do
 * so, else added. What comes of weights is done at last, for all images. */
#ifndef SOLVENT_GRADIENT_PARTS_H
#define SOLVENT_GRADIENT_PARTS_H

#include <stdatomic.h>

#include "core/nn/gradient.h"
#include "core/nn/graph_parts.h"
#include "core/tensor/backward.h"

/* By what a value is to be differentiated. */
enum { BY_WEIGHTS = 1, BY_INPUT = 2 };

/* The pixels of a convolution's input that lie at (row, column) modulo its stride: their derivative is a product of that
 * of the output and some of the kernel's taps, whose pixels are dy, dx away. */
struct phase {
    size_t row, column, taps;
    size_t tap[TILE_SEGMENTS_MAX];
    int dy[TILE_SEGMENTS_MAX], dx[TILE_SEGMENTS_MAX]; /* -1 .. 1 */
    float *panels;                                    /* or, as bfloat16: */
    uint16_t *pairs;
    struct matrix matrix; /* [taps][out][in], packed in them */
};

struct step {
    bool alive;            /* the output depends on it */
    bool add[NODE_INPUTS]; /* that input's derivative has begun */
    int keep;              /* a value of `forward`: a convolution's before activation and gate, a norm's sums */
    struct phase *phases;  /* of a convolution: stride * stride */
    int narrow, d_narrow; /* of one whose factors are rounded: its input so; the derivative by its output as bfloat16 */
    uint16_t *pairs;      /* its packed weights as bfloat16 */
    float *panels, *sums; /* of a convolution: its packed weights and their gradient, [segments][rows][columns] */
    bool swapped;         /* rows are channels out, columns those in; else the other way round */
    bool direct;          /* the sums lie as in the file, and are made there */
};

/* A part of the gradient of weights: of a convolution, rows first .. end - 1 of its sums. */
struct piece {
    size_t node, first, end;
};

/* How far a gradient of weights is; pieces are in the order of the parameters, so that the first are final early. */
struct made {
    size_t *pieces;      /* [n_parameters]: so many write to it */
    atomic_size_t *left; /* [n_parameters]: of these, in this run */
    size_t final;        /* parameters before this one have none left; of who holds `telling` */
    atomic_flag telling;
};

struct gradient {
    struct graph forward, backward;
    enum gradient_dtype dtype;
    float *values, *slopes; /* their workspaces */
    struct step *steps;     /* [n_nodes] */
    unsigned char *needs;   /* [n_values]: on what a value depends */
    size_t *offset;         /* [n_parameters]: of a parameter in all weights */
    struct piece *pieces;
    size_t n_pieces;
    struct made made;
    struct gradient_watch *watch; /* NULL: none */
    const float *weights;
    bool points;   /* all values have one pixel */
    bool packed;   /* for the way back */
    size_t images; /* of the last run */
    size_t share;  /* of these that a body takes, on both ways */
    struct graph_in in;
    int input; /* the value */
};

/* A walk over some of the images. */
struct pass {
    const struct gradient *g;
    struct run v, d;   /* values and derivatives */
    unsigned wanted;   /* BY_ */
    bool begins, ends; /* the weights' gradient: there are no images before, or behind, these */
};

/* -- For the derivatives of a node's operation -- */

extern const int gradient_order[NODE_INPUTS]; /* in which a node's inputs get their parts */

static inline bool gradient_takes(const struct pass *p, const struct node *node, int k) {
    return node->in[k] >= 0 && (p->g->needs[node->in[k]] & p->wanted);
}

/* Lines in which the numbers of a value lie without gaps: the fewer the better. */
struct lines {
    size_t images, height, numbers;
};

/* gradient_lines of a pass's images are those of all the places, which have the value's shape (a list that NULL ends; one
 * without data does not count). */
struct lines gradient_lines(const struct pass *p, const struct value_place *v, const struct places *const *list);

static inline float *at(const struct places *p, size_t image, size_t y) {
    return p->data + image * p->image_step + y * p->row_step;
}

/* gradient_together is how many pixels that lie side by side are summed in one go: those of one or more images. */
enum { GRADIENT_TOGETHER = 64 }; /* images of one pixel */
static inline size_t gradient_together(const struct value_place *v) {
    enum { PIXELS = 256 };
    size_t pixels = v->height * v->width;
    if (pixels == 1)
        return GRADIENT_TOGETHER;
    return pixels < PIXELS ? PIXELS / pixels * pixels : pixels;
}

/* gradient_add gives input k the derivative by the output, times `factor`. */
void gradient_add(const struct pass *p, const struct node *node, const struct step *step, int k, float factor);

/* gradient_begin is where input k's derivative lies, cleared where nothing has been added to it yet. */
struct places gradient_begin(const struct pass *p, const struct node *node, const struct step *step, int k);

typedef void gradient_node(const struct pass *p, const struct node *node, const struct step *step);
gradient_node gradient_conv, gradient_group_norm, gradient_layer_norm, gradient_attention, gradient_concat,
    gradient_slice, gradient_unpatch, gradient_upsample, gradient_pool, gradient_affine, gradient_activation,
    gradient_plus, gradient_multiply;

/* gradient_sums is where the gradient of a parameter is summed, cleared where it begins. */
float *gradient_sums(const struct pass *p, int parameter, float *by_weights);

/* -- Convolutions -- */

/* gradient_conv_new fills the step's phases, panels and sums. Errors: NO_MEMORY. */
enum status gradient_conv_new(struct ctx *ctx, struct gradient *g, size_t node) MUST_CHECK;
/* gradient_pack_forward and gradient_pack_backward pack a convolution's weights for each way. */
void gradient_pack_forward(const struct gradient *g, size_t node);
void gradient_pack_backward(const struct gradient *g, size_t node);
/* gradient_conv_forward runs one and keeps what is before activation and gate. */
void gradient_conv_forward(const struct run *r, const struct node *node, const struct step *step);
/* gradient_conv_weights writes the rows of a piece. */
void gradient_conv_weights(const struct pass *p, const struct piece *piece, float *by_weights);
/* gradient_conv_rows is how many rows the sums have. */
size_t gradient_conv_rows(const struct node *node, const struct step *step);

/* -- Norms: floats an image that a norm keeps; the gradient of weight and bias -- */
size_t gradient_norm_keeps(const struct node *node, const struct value_place *out);
void gradient_norm_weights(const struct pass *p, const struct node *node, const struct step *step, float *by_weights);

#endif
