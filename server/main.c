/* main.c - the program: reads its command and options. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "handlers/call.h"
#include "server/cli_call.h"
#include "server/cli_health.h"
#include "server/cli_models.h"
#include "server/cli_train.h"
#include "server/options.h"
#include "server/serve.h"

static const size_t TEXT_MAX = 64 << 20;

static const char USAGE[] =
    "Solvent " SOLVENT_VERSION ": exact answers to classic problems, and samples from diffusion models, over HTTP.\n"
    "\n"
    "  solvent serve [OPTION...]                 serve HTTP\n"
    "  solvent call METHOD PATH [BODY [ACCEPT]]  answer one request without a server; BODY - reads standard input, "
    "ACCEPT is a media type\n"
    "  solvent train --data DATA --out DIR ...   fit a model to images, points or rows; solvent train --help tells "
    "all\n"
    "  solvent models check DIR...               explain models that diffusers wrote, and what is wrong with them\n"
    "  solvent health                            exit code 0 if the service answers that listens on --listen\n"
    "  solvent openapi                           write the API as OpenAPI 3.1\n"
    "  solvent docs                              write the API as Markdown\n"
    "  solvent --version, solvent --help\n"
    "\n"
    "Options (--name VALUE or --name=VALUE), each with its default and the variable that sets it too:\n";

static int put(struct buf *out) {
    bool fine = !out->failed && fwrite(out->data, 1, out->n, stdout) == out->n && fflush(stdout) == 0;
    buf_release(out);
    return fine ? 0 : 1;
}

static int write_text(void (*write)(struct buf *out)) {
    struct buf out;
    buf_init(&out, TEXT_MAX);
    write(&out);
    return put(&out);
}

static void help(struct buf *out) {
    buf_text(out, USAGE);
    options_help(out);
}

static void version(struct buf *out) { buf_text(out, "solvent " SOLVENT_VERSION "\n"); }

static int wrong(const char *sentence) {
    fprintf(stderr, "solvent: %s\n", sentence);
    return 2;
}

static int health(const struct options *options) {
    char error[HEALTH_ERROR];
    if (health_check(options->listen, HEALTH_TIMEOUT_MS, error))
        return 0;
    fprintf(stderr, "solvent: %s\n", error);
    return 1;
}

static int command(const char *name, struct options *options, int argc, char **argv) {
    if (!strcmp(name, "call"))
        return cli_call(options, argc, argv);
    if (!strcmp(name, "models"))
        return cli_models(options, argc, argv);
    if (argc > 0)
        return wrong("There is one word too many; see solvent --help.");
    if (!strcmp(name, "serve"))
        return serve(options);
    if (!strcmp(name, "health"))
        return health(options);
    if (!strcmp(name, "openapi"))
        return write_text(openapi_write);
    if (!strcmp(name, "docs"))
        return write_text(api_markdown_write);
    return wrong(
        "There is no such command; want serve, call, train, models, health, openapi or docs. See solvent --help.");
}

/* hold_standard_files: where one of the first three files is closed, the next one that is opened, a database or a checkpoint,
 * would take its place and get what is said. What takes it can be read, to its end, and not written to. */
static bool hold_standard_files(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            return false;
    return true;
}

int main(int argc, char **argv) {
    if (!hold_standard_files())
        return 1;
    if (argc > 1 && !strcmp(argv[1], "train")) /* its options are others */
        return cli_train(argc - 2, argv + 2);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return write_text(help);
        if (!strcmp(argv[i], "--version"))
            return write_text(version);
    }
    struct options options;
    char error[OPTIONS_ERROR];
    int n = 0;
    if (!options_parse(&options, argc - 1, argv + 1, &n, error))
        return wrong(error);
    if (n == 0)
        return wrong("A command is wanted: serve, call, train, models, health, openapi or docs. See solvent --help.");
    return command(argv[1], &options, n - 1, argv + 2);
}
