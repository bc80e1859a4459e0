#include "server/train_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "handlers/model_write.h"
#include "handlers/number.h"
#include "handlers/train_samples.h"
#include "server/train_alike.h"
#include "server/train_checkpoint.h"
#include "server/train_key.h"
#include "server/train_progress.h"

#define OPTIONS_FILE "train.json"
#define METRICS_FILE "metrics.ndjson"
#define CHECKPOINT_FILE "checkpoint"

static const size_t FILE_MAX = (size_t)1 << 40;

struct run {
    struct ctx *ctx;
    const struct train_plan *plan;
    const struct train_folder *folder;
    struct team *team;
    struct graph *graph;
    struct trainer *trainer;
    struct key of;
    /* Of the rank that leads: */
    void *state; /* room for trainer_save */
    int metrics; /* the file */
    uint64_t metrics_size, shown;
    double best;   /* as of a checkpoint; on all ranks */
    double losses; /* since the last line of metrics */
    uint64_t n_losses;
    struct train_progress progress;
};

/* -- Files -- */

static enum status write_buf(const struct run *r, const char *path, const struct buf *b) {
    if (b->failed)
        return ctx_fail(r->ctx, STATUS_NO_MEMORY, "", "There is not enough memory to write %.200s.", path);
    return train_folder_write(r->ctx, r->folder, path, b->data, b->n);
}

static enum status write_options(const struct run *r) {
    struct buf text;
    buf_init(&text, 1 << 20);
    train_config_write(&r->plan->config, &text);
    enum status status = write_buf(r, OPTIONS_FILE, &text);
    buf_release(&text);
    return status;
}

static enum status write_checkpoint(struct run *r) {
    struct train_checkpoint c = {.of = r->of,
                                 .metrics = r->metrics_size,
                                 .shown = r->shown,
                                 .losses = r->losses,
                                 .n_losses = r->n_losses,
                                 .best = r->best,
                                 .state = r->state,
                                 .n_state = trainer_bytes(r->trainer)};
    struct buf bytes;
    snprintf(c.isa, sizeof c.isa, "%s", isa_text(r->ctx->isa));
    trainer_save(r->trainer, r->state);
    buf_init(&bytes, FILE_MAX);
    train_checkpoint_write(&c, &bytes);
    /* What the checkpoint counts must be on the disk before it is. */
    enum status status =
        fsync(r->metrics) ? ctx_fail(r->ctx, STATUS_INVALID, "", "Cannot write " METRICS_FILE ": %s.", strerror(errno))
                          : write_buf(r, CHECKPOINT_FILE, &bytes);
    buf_release(&bytes);
    return status;
}

static enum status write_model(struct run *r) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < MODEL_WRITE_FILES && status == STATUS_OK; i++) {
        struct buf bytes;
        if (!model_write_path(r->plan, i))
            continue;
        buf_init(&bytes, FILE_MAX);
        status = model_write_file(r->ctx, r->plan, r->graph, trainer_average(r->trainer), i, &bytes);
        if (status == STATUS_OK)
            status = write_buf(r, model_write_path(r->plan, i), &bytes);
        buf_release(&bytes);
    }
    return status;
}

static enum status write_samples(struct run *r) {
    char path[64];
    struct buf png;
    snprintf(path, sizeof path, "samples/%08zu.png", trainer_at(r->trainer));
    buf_init(&png, FILE_MAX);
    enum status status = train_samples(r->ctx, r->plan, trainer_average(r->trainer), &png);
    if (status == STATUS_OK)
        status = write_buf(r, path, &png);
    else if (status == STATUS_INVALID) { /* a network that has learnt little may draw what is no picture */
        train_progress_end(&r->progress);
        fprintf(stderr, "There is no %s: %s\n", path, r->ctx->err.detail);
        *r->ctx->err.detail = '\0'; /* it is said */
        status = STATUS_OK;
    }
    buf_release(&png);
    return status;
}

/* append writes a line of metrics. */
static enum status append(struct run *r, const struct buf *line) {
    if (line->failed || !train_folder_put(r->metrics, line->data, line->n))
        return ctx_fail(r->ctx, STATUS_INVALID, "", "Cannot write " METRICS_FILE ": %s.", strerror(errno));
    r->metrics_size += line->n;
    return STATUS_OK;
}

static bool metrics_due(const struct run *r, size_t step) {
    return step % (size_t)r->plan->config.metrics_every == 0 || step == r->plan->options.steps;
}

/* write_scale tells of a scaled loss. */
static void write_scale(const struct trainer_report *report, struct buf *line) {
    buf_text(line, ",\"scale\":");
    number_write_real(line, report->scale);
    buf_printf(line, ",\"skipped\":%zu", report->skipped);
}

static enum status write_metrics(struct run *r, const struct trainer_report *report) {
    struct buf line;
    r->losses += report->loss;
    r->n_losses++;
    if (!metrics_due(r, report->step))
        return STATUS_OK;
    buf_init(&line, 4096);
    buf_printf(&line, "{\"step\":%zu,\"loss\":", report->step);
    number_write_real(&line, r->losses / (double)r->n_losses);
    buf_text(&line, ",\"norm\":");
    number_write_real(&line, report->norm);
    buf_text(&line, ",\"lr\":");
    number_write_real(&line, report->rate);
    if (report->scale > 0)
        write_scale(report, &line);
    buf_text(&line, "}\n");
    r->losses = 0;
    r->n_losses = 0;
    enum status status = append(r, &line);
    buf_release(&line);
    return status;
}

static enum status write_held_out(struct run *r, double loss, bool kept) {
    struct buf line;
    train_progress_end(&r->progress);
    fprintf(stderr, "step %zu: the loss on what was held out is %.4f%s\n", trainer_at(r->trainer), loss,
            kept ? "" : ", and was less before: that model stays");
    buf_init(&line, 4096);
    buf_printf(&line, "{\"step\":%zu,\"held_out\":", trainer_at(r->trainer));
    number_write_real(&line, loss);
    buf_text(&line, "}\n");
    enum status status = append(r, &line);
    buf_release(&line);
    return status;
}

/* lead has one rank do what writes, and the others wait for it: they go on, or end, as it does. */
static enum status lead(struct run *r, enum status (*work)(struct run *r)) {
    return team_agree(r->team, team_leads(r->team) ? work(r) : STATUS_OK);
}

/* -- The beginning -- */

enum status train_run_options(struct ctx *ctx, const struct train_folder *folder, struct train_config *config,
                              bool *found) {
    unsigned char *p;
    size_t n;
    enum status status = train_folder_read(ctx, folder, OPTIONS_FILE, &p, &n);
    *found = status == STATUS_OK && p;
    return *found ? train_config_read(ctx, OPTIONS_FILE, (struct str){(const char *)p, n}, config) : status;
}

bool train_run_holds(const struct train_folder *folder, const struct train_plan *plan) {
    return train_folder_has(folder, CHECKPOINT_FILE) ||
           train_folder_has(folder, model_write_path(plan, MODEL_WRITE_FILES - 1));
}

static enum status check_checkpoint(struct run *r, const struct train_checkpoint *c) {
    const char *isa = isa_text(r->ctx->isa);
    if (strcmp(c->isa, isa) != 0)
        return ctx_fail(r->ctx, STATUS_INVALID, "",
                        "The run was begun with the kernels %s, and these are %s, whose last digits differ; go on with "
                        "--kernels %s.",
                        c->isa, isa, c->isa);
    if (!key_equal(&c->of, &r->of))
        return ctx_fail(r->ctx, STATUS_INVALID, "",
                        "The data or the options are not those that %.200s/" CHECKPOINT_FILE
                        " is of; go on with the same, or choose another folder.",
                        r->folder->path);
    return STATUS_OK;
}

static enum status restore(struct run *r, bool *restored) {
    unsigned char *p;
    size_t n;
    struct train_checkpoint c;
    struct ctx_mark mark = ctx_mark(r->ctx);
    enum status status = train_folder_read(r->ctx, r->folder, CHECKPOINT_FILE, &p, &n);
    *restored = false;
    r->best = (double)INFINITY;
    if (status != STATUS_OK || !p)
        return status;
    status = train_checkpoint_read(r->ctx, CHECKPOINT_FILE, p, n, &c);
    if (status == STATUS_OK)
        status = check_checkpoint(r, &c);
    if (status == STATUS_OK)
        status = trainer_restore(r->trainer, c.state, c.n_state);
    if (status == STATUS_OK) {
        r->metrics_size = c.metrics;
        r->shown = c.shown;
        r->losses = c.losses;
        r->n_losses = c.n_losses;
        r->best = c.best;
        *restored = true;
    }
    ctx_rewind(r->ctx, mark);
    return status;
}

/* refuse_model: a model without a checkpoint is none of a run that could go on. */
static enum status refuse_model(const struct run *r) {
    const char *weights = model_write_path(r->plan, MODEL_WRITE_FILES - 1);
    if (!train_folder_has(r->folder, weights))
        return STATUS_OK;
    return ctx_fail(
        r->ctx, STATUS_INVALID, "",
        "%.200s holds a model, and no checkpoint to go on from; choose another folder, with --init-from this "
        "one for its weights, or remove its %s.",
        r->folder->path, weights);
}

static enum status load(struct run *r) {
    struct ctx *ctx = r->ctx;
    bool restored;
    enum status status = train_plan_graph(ctx, r->plan, &r->graph);
    if (status == STATUS_OK)
        status = trainer_make(ctx, r->graph, &r->plan->data->data, &r->plan->loss, &r->plan->options, &r->trainer);
    if (status == STATUS_OK && team_leads(r->team) && !(r->state = ctx_alloc(ctx, trainer_bytes(r->trainer), 1)))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = restore(r, &restored);
    if (status == STATUS_OK && !restored)
        status = refuse_model(r);
    return status;
}

static enum status open_files(struct run *r) {
    enum status status = write_options(r);
    return status == STATUS_OK ? train_folder_append(r->ctx, r->folder, METRICS_FILE, r->metrics_size, &r->metrics)
                               : status;
}

static enum status begin(struct run *r) {
    enum status status = team_agree(r->team, load(r));
    if (status == STATUS_OK)
        status = train_alike(r->ctx, r->plan, &r->of, r->graph, r->trainer);
    return status == STATUS_OK ? lead(r, open_files) : status;
}

/* -- The loop -- */

static bool shows(const struct run *r, size_t step) {
    size_t every = (size_t)r->plan->config.sample_every;
    return step && every && step % every == 0;
}

/* write_shown: a model is there only where a checkpoint was before it, and the line of what was held out is written anew
 * with it. */
static enum status write_shown(struct run *r, double held_out, bool keeps) {
    enum status status = keeps ? write_model(r) : STATUS_OK;
    if (status == STATUS_OK)
        status = write_samples(r);
    return status == STATUS_OK && r->plan->options.held ? write_held_out(r, held_out, keeps) : status;
}

static enum status show(struct run *r) {
    double loss = 0;
    enum status status = r->plan->options.held ? trainer_held_out(r->trainer, &loss) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    const bool keeps = r->plan->config.keep == TRAIN_LAST || loss < r->best;
    status = team_agree(r->team, team_leads(r->team) ? write_shown(r, loss, keeps) : STATUS_OK);
    if (status != STATUS_OK)
        return status;
    r->best = fmin(r->best, loss);
    r->shown = trainer_at(r->trainer);
    return STATUS_OK;
}

static bool checkpoint_due(const struct run *r, size_t step) {
    return step == r->plan->options.steps || shows(r, step) || step % (size_t)r->plan->config.checkpoint_every == 0;
}

static enum status write_step(struct run *r, const struct trainer_report *report) {
    train_progress_step(&r->progress, report);
    enum status status = write_metrics(r, report);
    return status == STATUS_OK && checkpoint_due(r, report->step) ? write_checkpoint(r) : status;
}

static enum status after_step(struct run *r, const struct trainer_report *report) {
    const size_t step = report->step;
    enum status status = team_leads(r->team) ? write_step(r, report) : STATUS_OK;
    if (metrics_due(r, step) || checkpoint_due(r, step)) /* otherwise nothing was written, and there was no failure */
        status = team_agree(r->team, status);
    return status == STATUS_OK && shows(r, step) && step < r->plan->options.steps ? show(r) : status;
}

static enum status loop(struct run *r) {
    enum status status = STATUS_OK;
    while (status == STATUS_OK && trainer_at(r->trainer) < r->plan->options.steps) {
        struct trainer_report report;
        status = trainer_step(r->trainer, &report);
        if (status == STATUS_OK)
            status = after_step(r, &report);
    }
    return status;
}

/* finish leaves a checkpoint that says that all was shown, from which more steps can be taken. */
static enum status finish(struct run *r) {
    enum status status = show(r);
    return status == STATUS_OK ? lead(r, write_checkpoint) : status;
}

/* ended: there is nothing left to do. */
static bool ended(const struct run *r) {
    const size_t steps = r->plan->options.steps;
    return trainer_at(r->trainer) == steps && r->shown == steps &&
           train_folder_has(r->folder, model_write_path(r->plan, MODEL_WRITE_FILES - 1));
}

static enum status tell_end(const struct run *r) {
    if (team_leads(r->team))
        fprintf(stderr, "%s is trained to its end, %zu steps; more --steps go on from there.\n", r->folder->path,
                r->plan->options.steps);
    return STATUS_OK;
}

static enum status go(struct run *r) {
    const size_t first = trainer_at(r->trainer);
    train_progress_begin(&r->progress, first, r->plan->options.steps);
    bool missed = shows(r, first) && r->shown != first;
    enum status status = missed ? show(r) : STATUS_OK; /* it may have been ended before it had shown them */
    if (status == STATUS_OK)
        status = loop(r);
    train_progress_end(&r->progress);
    if (status == STATUS_OK)
        return finish(r);
    if (status != STATUS_CANCELLED)
        return status;
    enum status written = lead(r, write_checkpoint);
    return written == STATUS_OK ? STATUS_CANCELLED : written;
}

enum status train_run(struct ctx *ctx, const struct train_plan *plan, const struct train_folder *folder) {
    struct run r = {
        .ctx = ctx, .plan = plan, .folder = folder, .team = plan->options.team, .metrics = -1, .of = train_key(plan)};
    enum status status = begin(&r);
    if (status == STATUS_OK)
        status = ended(&r) ? tell_end(&r) : go(&r);
    if (r.metrics >= 0)
        close(r.metrics);
    return status;
}
