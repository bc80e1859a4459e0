/* train_config.h - all that a training run can be told, once: train.json has these names, and the command line has them
 * too, with '-' for '_' (--weight-decay 0.1 is "weight_decay": 0.1). The list makes the struct, the reader, the writer
 * and the help.
 *
 * kind    member         written as
 * TEXT    const char *   anything
 * COUNT   int64_t        an integer
 * REAL    double         a number
 * FLAG    bool           true or false
 * CHOICE  int            one of the words
 * SIZES   struct sizes   1 to 8 integers: an array in the file, 16,32,64 on the command line */
#ifndef SOLVENT_TRAIN_CONFIG_H
#define SOLVENT_TRAIN_CONFIG_H

#include "core/base/array.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "handlers/dataset.h"

enum { TRAIN_SIZES_MAX = 8 };
struct sizes {
    size_t n, v[TRAIN_SIZES_MAX];
};

/* Words, in the order of these. `auto` is settled when the data are known (train_plan.h). */
enum train_network { TRAIN_NETWORK_AUTO, TRAIN_UNET, TRAIN_MLP, TRAIN_DIT };
enum train_path { TRAIN_FLOW, TRAIN_DDPM_LINEAR, TRAIN_DDPM_SCALED_LINEAR, TRAIN_DDPM_COSINE, TRAIN_EDM };
enum train_prediction {
    TRAIN_PREDICTION_AUTO,
    TRAIN_X0,
    TRAIN_EPS,
    TRAIN_V,
    TRAIN_VELOCITY,
    TRAIN_EDM_F,
};
enum train_times { TRAIN_TIMES_AUTO, TRAIN_UNIFORM, TRAIN_LOGIT_NORMAL, TRAIN_LOG_NORMAL };
enum train_coupling { TRAIN_INDEPENDENT, TRAIN_OT };
enum train_keep { TRAIN_LAST, TRAIN_BEST };
extern const char *const train_networks[], *const train_paths[], *const train_predictions[],
                                                                     *const train_times[], *const train_couplings[],
                                                                                               *const train_dtypes[],
                                                                                                   *const train_keeps[];

/* X(kind, member, default as on the command line, least, greatest, words, of_result, what it is).
 * of_result: the trained weights depend on it, so that a run goes on only where it is the same. (What data and kernels
 * turned out to be counts, not their names.) */
#define TRAIN_OPTIONS(X)                                                                                               \
    X(TEXT, data, "", 0, 0, NULL, false,                                                                               \
      "what to learn: a file of IDX (.gz too), NPY or CSV, a folder of PNG, or one of moons, eight-gaussians, "        \
      "cfm-moons and cfm-gaussians, which are drawn")                                                                  \
    X(TEXT, labels, "", 0, 0, NULL, false, "IDX or NPY file with a class for each image or row")                       \
    X(TEXT, label_column, "", 0, 0, NULL, true, "column of a CSV that holds the classes")                              \
    X(CHOICE, kind, "auto", 0, 0, dataset_kind_names, false,                                                           \
      "of a CSV; table: of any columns, with gaps, for /v1/sample/rows; points: of numbers alone; auto: points where " \
      "it can be")                                                                                                     \
    X(TEXT, categorical, "", 0, 0, NULL, false,                                                                        \
      "columns of a table, with commas between them, whose numbers are names of categories")                           \
    X(TEXT, class_names, "", 0, 0, NULL, false,                                                                        \
      "names of the classes 0, 1, ..., with commas between them, for data that have none")                             \
    X(TEXT, source, "", 0, 0, NULL, false,                                                                             \
      "what a flow starts from in place of noise: a file, a folder or a name as data is, of the same shape")           \
    X(CHOICE, coupling, "independent", 0, 0, train_couplings, true,                                                    \
      "which start goes with which item of a batch; ot: those of least squared distance, class by class")              \
    X(TEXT, init_from, "", 0, 0, NULL, false,                                                                          \
      "folder of a model to start from in place of drawn weights; its network and objective are then the defaults")    \
    X(CHOICE, network, "auto", 0, 0, train_networks, true,                                                             \
      "auto: unet for images, mlp for rows; dit: labelled images")                                                     \
    X(SIZES, block_out_channels, "16,32,64", 1, 4096, NULL, true,                                                      \
      "unet: channels of each level; each has half of the pixels a side of the one before")                            \
    X(COUNT, layers_per_block, "1", 1, 16, NULL, true, "unet: residual blocks of a level, one more on the way up")     \
    X(COUNT, attention_levels, "0", 0, 8, NULL, true, "unet: so many of the lowest levels have attention")             \
    X(COUNT, attention_head_dim, "8", 1, 4096, NULL, true, "unet, dit: channels of a head of attention")               \
    X(COUNT, norm_num_groups, "8", 1, 4096, NULL, true, "unet: groups of a norm; they divide each level's channels")   \
    X(COUNT, num_layers, "4", 1, 256, NULL, true, "dit: blocks")                                                       \
    X(COUNT, num_attention_heads, "4", 1, 8192, NULL, true, "dit: heads; times attention_head_dim they are its width") \
    X(COUNT, patch_size, "2", 1, 9, NULL, true, "dit: pixels a side of a token")                                       \
    X(COUNT, hidden_size, "128", 1, 65536, NULL, true, "mlp: width")                                                   \
    X(COUNT, num_blocks, "3", 0, 256, NULL, true, "mlp: residual blocks")                                              \
    X(COUNT, time_size, "128", 2, 65536, NULL, true, "mlp: sines and cosines of the time")                             \
    X(CHOICE, path, "flow", 0, 0, train_paths, true, "how data turn into noise")                                       \
    X(FLAG, zero_snr, "false", 0, 0, NULL, true, "ddpm-*: the last step is noise alone (Lin et al. 2024)")             \
    X(CHOICE, prediction, "auto", 0, 0, train_predictions, true,                                                       \
      "what the network says; auto: velocity on flow, v on ddpm-*, edm on edm")                                        \
    X(REAL, sigma_data, "0", 0, 1000, NULL, true,                                                                      \
      "edm: the standard deviation of the data; 0: 0.5 for images, 1 for rows")                                        \
    X(CHOICE, times, "auto", 0, 0, train_times, true,                                                                  \
      "how noise levels are drawn; auto: uniform, and on edm log-normal, of mean -1.2 and deviation 1.2 unless they "  \
      "are "                                                                                                           \
      "given")                                                                                                         \
    X(REAL, times_mean, "0", -20, 20, NULL, true, "of the normal number behind levels that are not uniform")           \
    X(REAL, times_std, "1", 1e-3, 20, NULL, true, "its standard deviation")                                            \
    X(REAL, min_snr, "0", 0, 1e6, NULL, true, "gamma of min-SNR weights (Hang et al. 2023: 5); 0: none")               \
    X(REAL, label_drop, "0.1", 0, 1, NULL, true, "how often a label is left out, for guidance")                        \
    X(REAL, given, "0.8", 0, 1, NULL, true,                                                                            \
      "tables: how often some columns of a row are known to the network, so that they can be given later; 0: never")   \
    X(REAL, held_out, "0", 0, 0.5, NULL, true,                                                                         \
      "part of the data that is not learnt from; metrics.ndjson then has the loss on it with each picture")            \
    X(CHOICE, keep, "last", 0, 0, train_keeps, true,                                                                   \
      "which model stays in the folder; best: the one of least loss on what is held out, of those with a picture")     \
    X(FLAG, flip, "false", 0, 0, NULL, true, "images: half of them, drawn each time, are mirrored left to right")      \
    X(COUNT, steps, "3200", 1, 100000000, NULL, true, "steps of the optimiser")                                        \
    X(COUNT, batch, "32", 1, 65536, NULL, true, "items of a step")                                                     \
    X(REAL, lr, "0.002", 1e-9, 10, NULL, true, "learning rate")                                                        \
    X(REAL, lr_end, "0.02", 0, 1, NULL, true, "the part of it that half a cosine leads to")                            \
    X(COUNT, warmup, "150", 0, 100000000, NULL, true, "steps in which it rises from 0")                                \
    X(REAL, beta1, "0.9", 0, 0.9999, NULL, true, "AdamW: memory of the gradient")                                      \
    X(REAL, beta2, "0.99", 0, 0.99999, NULL, true, "AdamW: memory of its square")                                      \
    X(REAL, weight_decay, "0.01", 0, 10, NULL, true, "AdamW: weight decay")                                            \
    X(REAL, clip_norm, "1", 0, 1e9, NULL, true, "greatest norm of the gradient; 0: any")                               \
    X(REAL, ema, "0.999", 0, 0.999999, NULL, true, "the average of the weights keeps min(ema, (1 + n) / (10 + n))")    \
    X(COUNT, seed, "1", 0, (INT64_C(1) << 53) - 1, NULL, true, "of the initial weights and of all draws")              \
    X(CHOICE, dtype, "f32", 0, 0, train_dtypes, true,                                                                  \
      "what the factors of products with weights are rounded to; weights, sums and all else stay float32. bf16: "      \
      "faster where the CPU multiplies it; f16: IEEE half precision, the loss scaled as by torch.amp.GradScaler: not " \
      "faster than f32, it shows how a network fares where it is")                                                     \
    X(TEXT, kernels, "auto", 0, 0, NULL, false,                                                                        \
      "instruction set, as of solvent serve; the last digits of the weights depend on it")                             \
    X(COUNT, threads, "0", 0, 1024, NULL, false, "threads; 0: one a core. The result does not depend on it")           \
    X(COUNT, rank_timeout, "1800", 1, 1000000, NULL, false,                                                            \
      "below mpirun: seconds in which nothing comes from the other ranks, after which all end")                        \
    X(COUNT, metrics_every, "10", 1, 100000000, NULL, false, "steps of a line in metrics.ndjson: their mean loss")     \
    X(COUNT, checkpoint_every, "200", 1, 100000000, NULL, false, "steps between two checkpoints")                      \
    X(COUNT, sample_every, "400", 0, 100000000, NULL, false,                                                           \
      "steps between two pictures of samples (samples/STEP.png); 0: none but at the end")                              \
    X(COUNT, sample_count, "64", 1, 1024, NULL, false, "images in such a picture; points: 16 times as many")           \
    X(COUNT, sample_steps, "10", 1, 1000, NULL, false, "steps of the sampler for it, which is dpmpp_2m")               \
    X(REAL, sample_guidance, "2", 0, 100, NULL, false, "its guidance, where there are classes")

typedef const char *train_TEXT;
typedef int64_t train_COUNT;
typedef double train_REAL;
typedef bool train_FLAG;
typedef int train_CHOICE;
typedef struct sizes train_SIZES;

struct train_config {
#define X(kind, member, ...) train_##kind member;
    TRAIN_OPTIONS(X)
#undef X
};

void train_config_default(struct train_config *c);

/* train_config_tables changes the defaults to those of tables: 3000 steps of 120 rows, of which 100 warm up, two blocks;
 * and a label, where there is one, left out of three in ten. */
void train_config_tables(struct train_config *c, bool label);

/* train_config_set sets the option of that name ('-' for '_' is fine) to what `text` says; it is copied into ctx.
 * Errors: INVALID (no such option; no such value, with what would do), NO_MEMORY. */
enum status train_config_set(struct ctx *ctx, const char *name, const char *text, struct train_config *c) MUST_CHECK;

/* train_config_read reads a JSON object of options; those it does not name stay as they are. `file` is for sentences.
 * Errors: INVALID (the key, and what it wants), NO_MEMORY. */
enum status train_config_read(struct ctx *ctx, const char *file, struct str text, struct train_config *c) MUST_CHECK;

/* train_config_write appends all options as JSON, one a line; reading it back gives the same. */
void train_config_write(const struct train_config *c, struct buf *out);

/* train_config_result appends the options of the result that are not as by default, but for the number of steps, in a form
 * that is the same where they are. */
void train_config_result(const struct train_config *c, struct buf *out);

/* train_config_differs names the first option of the result that is not the same, and writes both; NULL: there is none. */
enum { TRAIN_VALUE = 200 };
const char *train_config_differs(const struct train_config *a, const struct train_config *b, char is[TRAIN_VALUE],
                                 char wanted[TRAIN_VALUE]);

/* train_config_help appends a line for every option. */
void train_config_help(struct buf *out);

#endif
