#include "server/train_checkpoint.h"

#include <stdint.h>

#define MAGIC_OF_ANY "solvent checkpoint "
#define MAGIC MAGIC_OF_ANY "3\n" /* 1 had another digest of options, 2 no best loss */

/* What lies between the magic and the state, in this machine's order of bytes: a checkpoint goes on where it was made. */
struct head {
    uint64_t order; /* tells another order */
    struct key of;
    char isa[CHECKPOINT_ISA];
    uint64_t metrics, shown, n_losses, n_state;
    double losses, best;
};

static const uint64_t ORDER = UINT64_C(0x0102030405060708);

static struct key digest(const void *p, size_t n) {
    struct key_state state;
    struct key key;
    key_start(&state);
    key_add(&state, p, n);
    key_end(&state, &key);
    return key;
}

void train_checkpoint_write(const struct train_checkpoint *c, struct buf *out) {
    struct head head = {.order = ORDER,
                        .of = c->of,
                        .metrics = c->metrics,
                        .shown = c->shown,
                        .n_losses = c->n_losses,
                        .n_state = c->n_state,
                        .losses = c->losses,
                        .best = c->best};
    const size_t from = out->n;
    memcpy(head.isa, c->isa, sizeof head.isa);
    buf_text(out, MAGIC);
    buf_add(out, &head, sizeof head);
    buf_add(out, c->state, c->n_state);
    if (out->failed)
        return;
    const struct key key = digest(out->data + from, out->n - from);
    buf_add(out, &key, sizeof key);
}

/* refuse: whoever has a checkpoint of another version has a model beside it. */
static enum status refuse(struct ctx *ctx, const char *file, const unsigned char *p, size_t n) {
    const size_t k = sizeof MAGIC_OF_ANY - 1;
    if (n >= sizeof MAGIC && !memcmp(p, MAGIC_OF_ANY, k) && memcmp(p, MAGIC, sizeof MAGIC - 1) != 0)
        return ctx_fail(
            ctx, STATUS_INVALID, "",
            "%.200s was written by another version of solvent, which alone can go on from it; choose another "
            "folder, with --init-from this one for its model.",
            file);
    return ctx_fail(ctx, STATUS_INVALID, "", "%.200s is no checkpoint.", file);
}

enum status train_checkpoint_read(struct ctx *ctx, const char *file, const unsigned char *p, size_t n,
                                  struct train_checkpoint *out) {
    struct head head;
    struct key key;
    const size_t before = sizeof MAGIC - 1 + sizeof head;
    if (n < before + sizeof key || memcmp(p, MAGIC, sizeof MAGIC - 1) != 0)
        return refuse(ctx, file, p, n);
    memcpy(&head, p + sizeof MAGIC - 1, sizeof head);
    memcpy(&key, p + n - sizeof key, sizeof key);
    const struct key is = digest(p, n - sizeof key);
    if (head.order != ORDER || head.n_state != n - before - sizeof key || !key_equal(&key, &is))
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "%.200s is damaged; remove it to begin again, or put an earlier copy in its place.", file);
    *out = (struct train_checkpoint){.of = head.of,
                                     .metrics = head.metrics,
                                     .shown = head.shown,
                                     .losses = head.losses,
                                     .n_losses = head.n_losses,
                                     .best = head.best,
                                     .state = p + before,
                                     .n_state = head.n_state};
    memcpy(out->isa, head.isa, sizeof out->isa);
    out->isa[CHECKPOINT_ISA - 1] = '\0';
    return STATUS_OK;
}
