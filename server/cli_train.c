#include "server/cli_train.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "handlers/train_init.h"
#include "server/machine.h"
#include "server/mapped_files.h"
#include "server/pool.h"
#include "server/ranks.h"
#include "server/train_data.h"
#include "server/train_run.h"
#include "server/train_tell.h"

enum { WRONG_USAGE = 2, STOPPED = 130 };

static const char USAGE[] =
    "solvent train --data DATA --out DIR [--config FILE] [--OPTION VALUE ...]\n"
    "\n"
    "Fits a diffusion or flow model to images, points or rows, and writes it to DIR as a folder that solvent serve\n"
    "--models offers and diffusers loads. DIR gets train.json (the options, to be given again as --config),\n"
    "metrics.ndjson (the loss), samples/*.png, and a checkpoint: the same command, or solvent train --out DIR, goes "
    "on\n"
    "where a run was ended, to the same bytes.\n"
    "\n"
    "  solvent train --data moons --out moons --steps 2000 --batch 256\n"
    "  solvent train --data train-images.gz --labels train-labels.gz --out digits\n"
    "  solvent train --data irises.csv --label-column species --out irises\n"
    "  solvent train --data pictures/ --block-out-channels 32,64,128 --attention-levels 1 --out mine\n"
    "  solvent train --init-from digits --data letters.gz --labels letters-labels.gz --lr 5e-4 --out letters\n"
    "  solvent train --out digits --steps 6400                        a run that came to its end goes on\n"
    "  mpirun -n 4 solvent train --data pictures/ --out mine          each rank learns from a quarter of every batch\n"
    "\n"
    "Options, with their defaults; in a file they have '_' for '-':\n";

static atomic_int stop; /* of the one run there is; the handler of signals has no other way to it */

static void on_signal(int number) {
    (void)number;
    atomic_store(&stop, STOP_CANCEL);
}

/* What the command line says. */
struct order {
    const char *out, *config;
    int argc;
    char **argv;
    struct team *team;
};

static int complain(const char *sentence) {
    fprintf(stderr, "solvent: %s\n", sentence);
    return WRONG_USAGE;
}

static int help(void) {
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_text(&text, USAGE);
    train_config_help(&text);
    bool fine = !text.failed && fwrite(text.data, 1, text.n, stdout) == text.n && !fflush(stdout);
    buf_release(&text);
    return fine ? 0 : 1;
}

/* next_option takes --NAME VALUE or --NAME=VALUE; false: it is neither. */
static bool next_option(const struct order *o, int *i, char name[64], const char **value) {
    const char *word = o->argv[*i];
    if (strncmp(word, "--", 2) != 0)
        return false;
    const char *equals = strchr(word, '=');
    snprintf(name, 64, "%.*s", equals ? (int)(equals - word - 2) : 60, word + 2);
    if (!equals && *i + 1 == o->argc)
        return false;
    *value = equals ? equals + 1 : o->argv[++*i];
    ++*i;
    return true;
}

/* read_words takes --out and --config first, since the other options go over what they name: `config` gets these. */
static enum status read_words(struct ctx *ctx, struct order *o, struct train_config *config) {
    for (int i = 0; i < o->argc;) {
        char name[64];
        const char *value, *word = o->argv[i];
        enum status status = STATUS_OK;
        if (!next_option(o, &i, name, &value))
            return ctx_fail(ctx, STATUS_INVALID, "", "%.100s %s; see solvent train --help.", word,
                            strncmp(word, "--", 2) ? "is no option" : "wants a value");
        if (!strcmp(name, "out"))
            o->out = value;
        else if (!strcmp(name, "config"))
            o->config = value;
        else
            status = train_config_set(ctx, name, value, config);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_config(struct ctx *ctx, const char *path, struct train_config *config) {
    struct train_folder folder;
    unsigned char *p;
    size_t n;
    enum status status = train_folder_open(ctx, ".", &folder);
    if (status == STATUS_OK)
        status = train_folder_read(ctx, &folder, path, &p, &n);
    train_folder_close(&folder);
    if (status == STATUS_OK && !p)
        status = ctx_fail(ctx, STATUS_INVALID, "", "There is no file %.300s.", path);
    return status == STATUS_OK ? train_config_read(ctx, path, (struct str){(const char *)p, n}, config) : status;
}

/* The options that a run in the folder was begun with, and those that are wanted. */
struct wanted {
    bool begun;
    struct train_config was, is;
};

/* read_options takes the defaults of tables where the data turned out to be one, and those of a model where there is one
 * to start from; init NULL: there is none, or it is not known yet. */
static enum status read_options(struct ctx *ctx, struct order *o, const struct train_folder *folder,
                                const struct dataset *data, const struct train_init *init, struct wanted *w) {
    train_config_default(&w->was);
    train_config_default(&w->is);
    if (data->table)
        train_config_tables(&w->is, data->classes > 0);
    enum status status = init ? train_init_options(ctx, init, &w->is) : STATUS_OK;
    if (status == STATUS_OK)
        status = train_run_options(ctx, folder, &w->was, &w->begun);
    if (status == STATUS_OK && o->config)
        status = read_config(ctx, o->config, &w->is);
    else if (w->begun)
        w->is = w->was;
    return status == STATUS_OK ? read_words(ctx, o, &w->is) : status;
}

/* What a run is made of; made by each rank for itself. */
struct job {
    struct train_folder folder;
    struct wanted wanted;
    struct train_files files, source_files;
    struct dataset data, source;
    struct files *model; /* of --init-from; NULL: there is none */
    struct train_init init;
    struct train_plan plan;
    struct pool *pool;
};

/* lend_threads: ranks on one machine share its cores. */
static enum status lend_threads(struct ctx *ctx, const struct order *o, struct job *j) {
    char error[MACHINE_ERROR];
    const struct train_config *c = &j->wanted.is;
    if (!machine_isa(c->kernels, &ctx->isa, error))
        return ctx_fail(ctx, STATUS_INVALID, "", "%s", error);
    unsigned cores = machine_cores() / ranks_here(o->team), threads = c->threads ? (unsigned)c->threads : cores;
    j->pool = pool_open(threads ? threads - 1 : 0, 0);
    ctx->parallel = j->pool ? pool_parallel(j->pool) : NULL;
    ctx->stop = &stop;
    return STATUS_OK;
}

/* source_of is what the run starts from; NULL: noise. */
static const struct dataset *source_of(const struct job *j) { return *j->wanted.is.source ? &j->source : NULL; }

/* refuse_change: what a folder was begun with is settled as the plan settles what is wanted now. Its steps may change,
 * and so may all where nothing was kept yet. */
static enum status refuse_change(struct ctx *ctx, const struct order *o, const struct job *j) {
    const struct wanted *w = &j->wanted;
    struct train_plan was;
    char is[TRAIN_VALUE], wanted[TRAIN_VALUE];
    if (!w->begun || !train_run_holds(&j->folder, &j->plan))
        return STATUS_OK;
    enum status status = train_plan_make(ctx, &w->was, &j->data, source_of(j), &was);
    was.config.steps = j->plan.config.steps;
    const char *name = status == STATUS_OK ? train_config_differs(&was.config, &j->plan.config, is, wanted) : NULL;
    if (name)
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "%.200s holds a run with %s %s, and %s is wanted; go on with the same, or choose another "
                        "folder.",
                        o->out, name, is, wanted);
    return status;
}

static enum status open_all(struct ctx *ctx, struct job *j) {
    enum status status = train_data_open(ctx, &j->wanted.is, &j->files, &j->data);
    return status == STATUS_OK && source_of(j) ? train_source_open(ctx, &j->wanted.is, &j->source_files, &j->source)
                                               : status;
}

/* open_model opens what the run starts from. */
static enum status open_model(struct ctx *ctx, struct job *j) {
    const char *name = j->wanted.is.init_from;
    if (!*name)
        return STATUS_OK;
    j->model = mapped_files_open(name);
    if (!j->model)
        return ctx_fail(ctx, STATUS_INVALID, "", "The folder %.300s cannot be opened: %s.", name, strerror(errno));
    return train_init_open(ctx, name, j->model, &j->init);
}

/* settle_options reads them again with what data and model make of the defaults. */
static enum status settle_options(struct ctx *ctx, struct order *o, struct job *j) {
    return j->data.table || j->model
               ? read_options(ctx, o, &j->folder, &j->data, j->model ? &j->init : NULL, &j->wanted)
               : STATUS_OK;
}

/* make_plan ends with the network, so that what is wrong with its sizes is said before anything is written. */
static enum status make_plan(struct ctx *ctx, const struct order *o, struct job *j) {
    struct graph *graph;
    enum status status = train_plan_make(ctx, &j->wanted.is, &j->data, source_of(j), &j->plan);
    j->plan.options.team = o->team;
    if (status == STATUS_OK)
        status = trainer_check(ctx, &j->plan.options);
    if (status == STATUS_OK)
        status = refuse_change(ctx, o, j);
    if (status == STATUS_OK)
        status = j->model ? train_init_apply(ctx, &j->init, &j->plan) : train_plan_graph(ctx, &j->plan, &graph);
    return status;
}

static enum status prepare(struct ctx *ctx, struct order *o, struct job *j) {
    enum status status = train_folder_open(ctx, o->out, &j->folder);
    if (status == STATUS_OK)
        status = read_options(ctx, o, &j->folder, &j->data, NULL, &j->wanted);
    if (status == STATUS_OK)
        status = lend_threads(ctx, o, j);
    ranks_patience(o->team, j->wanted.is.rank_timeout);
    if (status == STATUS_OK)
        status = open_all(ctx, j);
    if (status == STATUS_OK)
        status = open_model(ctx, j);
    if (status == STATUS_OK)
        status = settle_options(ctx, o, j);
    return status == STATUS_OK ? make_plan(ctx, o, j) : status;
}

/* tell_traffic says how fast gradients were summed, which is for whoever chooses how many ranks there are. */
static void tell_traffic(const struct team *team) {
    const struct ranks_traffic t = ranks_traffic(team);
    const double share = 2 * (double)(team->ranks - 1) / (double)team->ranks, sums = (double)t.sums;
    if (t.sums && t.seconds > 0)
        fprintf(stderr,
                "%zu ranks summed %.3g MB %llu times, in %.3g parts and %.3g ms each: %.3g GB/s of bus bandwidth; in "
                "%.0f %% of that time more of the gradient was made.\n",
                team->ranks, t.bytes / sums / 1e6, (unsigned long long)t.sums, (double)t.parts / sums,
                t.seconds / sums * 1e3, t.bytes * share / t.seconds / 1e9, 100 * (1 - t.waited / t.seconds));
}

/* train: ranks read before the first of them writes, and that one alone holds the folder. */
static enum status train(struct ctx *ctx, struct order *o, struct job *j) {
    const bool leads = team_leads(o->team);
    enum status status = team_agree(o->team, prepare(ctx, o, j));
    if (status == STATUS_OK)
        status = team_agree(o->team, leads ? train_folder_make(ctx, &j->folder) : STATUS_OK);
    if (status != STATUS_OK)
        return status;
    if (leads)
        train_tell(ctx, &j->plan, j->wanted.begun ? (size_t)j->wanted.was.steps : 0);
    status = train_run(ctx, &j->plan, &j->folder);
    if (leads && o->team)
        tell_traffic(o->team);
    return status;
}

/* conclude: where several ranks have failed, the first of them says why. Returns the exit code. */
static int conclude(struct ctx *ctx, const struct order *o, enum status status) {
    if (status == STATUS_NO_MEMORY && *ctx->err.detail)
        (void)ctx_fail(
            ctx, status, "",
            "There is not enough memory for this run, which may use %zu MiB; want a smaller batch, a smaller "
            "network or fewer data.",
            ctx->cap >> 20);
    const bool speaks = team_first(o->team, status != STATUS_OK && *ctx->err.detail);
    if (status == STATUS_CANCELLED && team_leads(o->team))
        fprintf(stderr, "solvent: The run was stopped; the same command goes on from its checkpoint.\n");
    else if (status != STATUS_CANCELLED && speaks && team_leads(o->team))
        fprintf(stderr, "solvent: %s\n", ctx->err.detail);
    else if (status != STATUS_CANCELLED && speaks)
        fprintf(stderr, "solvent: Rank %zu: %s\n", o->team->rank, ctx->err.detail);
    return status == STATUS_OK ? 0 : status == STATUS_CANCELLED ? STOPPED : 1;
}

static int run(struct ctx *ctx, struct order *o) {
    struct job j = {.folder.fd = -1};
    struct train_config words;
    if (read_words(ctx, o, &words) != STATUS_OK || !o->out) { /* the same on all ranks */
        const char *why =
            o->out || *ctx->err.detail ? ctx->err.detail : "train wants --out DIR; see solvent train --help.";
        return team_leads(o->team) ? complain(why) : WRONG_USAGE;
    }
    int code = conclude(ctx, o, train(ctx, o, &j));
    train_folder_close(&j.folder);
    mapped_files_close(j.model);
    train_data_close(&j.source_files);
    train_data_close(&j.files);
    pool_close(j.pool);
    return code;
}

/* catch_signals: under nohup a hang-up stays ignored, and a file that may not grow (ulimit -f) is an error like a full disk. */
static void catch_signals(void) {
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before;
    signal(SIGXFSZ, SIG_IGN);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

int cli_train(int argc, char **argv) {
    struct order o = {.argc = argc, .argv = argv};
    struct ctx ctx;
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return help();
    catch_signals();
    ctx_init(&ctx, machine_memory());
    bool joined = ranks_open(&ctx, &o.team) == STATUS_OK;
    int code = joined ? run(&ctx, &o) : complain(ctx.err.detail);
    ranks_close(o.team);
    ctx_release(&ctx);
    return code;
}
