/* cli_train.h - `solvent train --data DATA --out DIR [--config FILE] [--OPTION VALUE ...]`: fits a model to data.
 *
 * Options come from train.json in DIR, where a run was begun, or from FILE, and from the command line, which wins; all
 * are those of train_config.h. The same command goes on where a run was ended. Below mpirun all ranks are one run: the
 * first writes and speaks, unless another alone knows what is wrong. */
#ifndef SOLVENT_CLI_TRAIN_H
#define SOLVENT_CLI_TRAIN_H

/* cli_train runs argv[0 .. argc-1], the words behind "train". Returns the exit code: 0, 1 (one sentence on standard
 * error says why), 2 (wrong usage), 130 (SIGINT, SIGTERM or SIGHUP; a checkpoint was left). */
int cli_train(int argc, char **argv);

#endif
