/* cli_models.h - `solvent models check DIR...`. */
#ifndef SOLVENT_CLI_MODELS_H
#define SOLVENT_CLI_MODELS_H

struct options;

/* cli_models explains folders on standard output. The exit code: 0, 1 where one could not be served, 2 for a wrong
 * command. */
int cli_models(const struct options *options, int argc, char **argv);

#endif
