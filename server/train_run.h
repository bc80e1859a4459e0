/* train_run.h - a training run in its folder:
 *
 *     train.json              the options, all of them
 *     metrics.ndjson          {"step", "loss", "norm", "lr"} every metrics_every steps: the mean loss since the line before;
 *                             "scale", "skipped" where the loss is scaled (trainer.h), and norm null of a step that was
 *                             skipped; {"step", "held_out"} with each picture, where data are held out
 *     samples/00000400.png    pictures (train_samples.h)
 *     checkpoint              where it goes on; at the end, too, should there be more steps one day
 *     model_index.json ...    the model (model_write.h), anew with each picture; with keep best, where the loss on what is
 *                             held out is less than ever
 *
 * Whatever ends the process, the same command goes on from the last checkpoint to the same bytes of all of these. With
 * another number of steps (not fewer than were taken) a run goes on, too, at the learning rates of that number.
 * SIGINT, SIGTERM and SIGHUP leave a checkpoint.
 * In a team (plan->options.team) all ranks read the folder, and the first alone writes it. */
#ifndef SOLVENT_TRAIN_RUN_H
#define SOLVENT_TRAIN_RUN_H

#include "handlers/train_plan.h"
#include "server/train_folder.h"

/* train_run_options reads the options of the run that a folder holds into *config; *found false: it holds none.
 * Errors: INVALID (of train_config_read), NO_MEMORY. */
enum status train_run_options(struct ctx *ctx, const struct train_folder *folder, struct train_config *config,
                              bool *found) MUST_CHECK;

/* train_run_holds says whether there is something to go on from, or to lose: a checkpoint, or a model. */
bool train_run_holds(const struct train_folder *folder, const struct train_plan *plan);

/* train_run goes on to the last step, and tells how far it is on standard error; of a run that is at its end it only says
 * so. ctx.stop ends it, on any rank. All ranks
 * get the same status; the sentence is on the one that failed, or on all.
 * Errors: INVALID (of the options, of the folder, a loss that is not finite, ranks that do not learn the same), NO_MEMORY,
 * CANCELLED (a checkpoint was left). */
enum status train_run(struct ctx *ctx, const struct train_plan *plan, const struct train_folder *folder) MUST_CHECK;

#endif
