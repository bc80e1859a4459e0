#include "server/train_alike.h"

#include "core/nn/gradient.h"

/* of_options leaves out what may be another on each machine. */
static struct key of_options(const struct train_plan *plan) {
    struct train_config c = plan->config, plain;
    struct buf text;
    struct key_state state;
    struct key key;
    train_config_default(&plain);
    c.data = plain.data;
    c.labels = plain.labels;
    c.source = plain.source;
    c.kernels = plain.kernels;
    c.threads = plain.threads;
    c.rank_timeout = plain.rank_timeout;
    buf_init(&text, 1 << 20);
    train_config_write(&c, &text);
    key_start(&state);
    key_add(&state, text.data, text.n);
    key_end(&state, &key);
    buf_release(&text);
    return key;
}

static struct key of_bytes(const void *p, size_t n, uint64_t number) {
    struct key_state state;
    struct key key;
    key_start(&state);
    key_add(&state, p, n);
    key_add(&state, &number, sizeof number);
    key_end(&state, &key);
    return key;
}

static bool odd(struct team *team, const struct key *key, size_t *rank) {
    uint64_t words[KEY_BYTES / sizeof(uint64_t)];
    memcpy(words, key, sizeof words);
    *rank = team_odd(team, words, sizeof words / sizeof *words);
    return *rank != 0;
}

enum status train_alike(struct ctx *ctx, const struct train_plan *plan, const struct key *of, const struct graph *graph,
                        const struct trainer *t) {
    static const char PROGRAM[] = SOLVENT_VERSION " " __VERSION__;
    size_t rank;
    const struct {
        struct key key;
        const char *differs;
    } WHAT[] = {
        {of_bytes(PROGRAM, sizeof PROGRAM, 0), "is another solvent than rank 0; want the same program everywhere"},
        {of_bytes("", 0, ctx->isa), "has other kernels than rank 0, whose last digits differ; want the same --kernels"},
        {of_options(plan), "has other options than rank 0; want the same for all"},
        {*of, "sees other data than rank 0; want the same files on all machines"},
        {of_bytes(trainer_weights(t), gradient_numbers(graph) * sizeof(float), trainer_at(t)),
         "goes on from another checkpoint than rank 0; want an --out that is one folder for all machines"},
    };
    for (size_t i = 0; i < sizeof WHAT / sizeof *WHAT; i++)
        if (odd(plan->options.team, &WHAT[i].key, &rank))
            return ctx_fail(ctx, STATUS_INVALID, "", "Rank %zu %s.", rank, WHAT[i].differs);
    return STATUS_OK;
}
