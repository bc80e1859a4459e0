/* train_checkpoint.h - a training run as bytes: a head that says what it is a checkpoint of, the trainer's state, and a
 * digest of both at the end, so that a damaged file is seen before anything of it is used. */
#ifndef SOLVENT_TRAIN_CHECKPOINT_H
#define SOLVENT_TRAIN_CHECKPOINT_H

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "server/key.h"

enum { CHECKPOINT_ISA = 16 };

struct train_checkpoint {
    struct key of;            /* a digest of the data and of the options that the result depends on */
    char isa[CHECKPOINT_ISA]; /* the kernels' name: the last digits depend on it */
    uint64_t metrics;         /* bytes of metrics.ndjson */
    uint64_t shown;           /* the last step whose picture and the like are whole */
    double losses;            /* the sum of those that are not in it yet, */
    uint64_t n_losses;        /* and their number */
    double best;              /* the least loss on what is held out; infinity: there was none */
    const void *state;        /* trainer_save's; borrowed */
    size_t n_state;
};

/* train_checkpoint_write appends the bytes. */
void train_checkpoint_write(const struct train_checkpoint *c, struct buf *out);

/* train_checkpoint_read takes the n bytes at p apart, to which out->state points. `file` names them in sentences.
 * Errors: INVALID (no checkpoint, of another version, damaged). */
enum status train_checkpoint_read(struct ctx *ctx, const char *file, const unsigned char *p, size_t n,
                                  struct train_checkpoint *out) MUST_CHECK;

#endif
