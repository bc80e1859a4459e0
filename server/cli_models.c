#include "server/cli_models.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "handlers/model_report.h"
#include "server/machine.h"
#include "server/mapped_files.h"
#include "server/options.h"

enum { REPORT_MAX = 1 << 20 };

static bool check(const struct options *options, enum isa isa, const char *folder, struct buf *out) {
    struct files *files = mapped_files_open(folder);
    if (!files) {
        buf_printf(out, "error: The folder %.300s cannot be opened: %s.\n", folder, strerror(errno));
        return false;
    }
    bool good = model_report(files, isa, (size_t)options->max_memory, out);
    mapped_files_close(files);
    return good;
}

int cli_models(const struct options *options, int argc, char **argv) {
    char error[MACHINE_ERROR];
    enum isa isa;
    bool good = true;
    if (argc < 2 || strcmp(argv[0], "check") != 0) {
        fputs("solvent: models wants check DIR..., for example: solvent models check ./ddpm-cifar10-32\n", stderr);
        return 2;
    }
    if (!machine_isa(options->kernels, &isa, error)) {
        fprintf(stderr, "solvent: %s\n", error);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        struct buf out;
        buf_init(&out, REPORT_MAX);
        if (argc > 2)
            buf_printf(&out, "%s%s:\n", i > 1 ? "\n" : "", argv[i]);
        good = check(options, isa, argv[i], &out) && good;
        good = fwrite(out.data, 1, out.n, stdout) == out.n && !fflush(stdout) && good;
        buf_release(&out);
    }
    return good ? 0 : 1;
}
