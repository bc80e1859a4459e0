/* train_fixture.h - solvent train as a shell runs it, in a folder of the test. */
#ifndef SOLVENT_TRAIN_FIXTURE_H
#define SOLVENT_TRAIN_FIXTURE_H

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

static char folder[] = "/tmp/solvent-train-XXXXXX"; /* of the test */

static inline const char *program(void) {
    const char *path = getenv("SOLVENT");
    return path ? path : "./solvent";
}

static char said[1 << 16];

/* shell runs a command, and keeps what it says; returns the exit code. */
static inline int shell(const char *command) {
    FILE *f = popen(command, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* run runs `solvent ARGUMENTS`, in which @ is the test's folder; returns the exit code. */
static inline int run(const char *arguments) {
    char command[2048], filled[1500];
    size_t n = 0;
    for (const char *p = arguments; *p && n + sizeof folder < sizeof filled; p++)
        if (*p == '@')
            n += (size_t)snprintf(filled + n, sizeof filled - n, "%s", folder);
        else
            filled[n++] = *p;
    filled[n] = '\0';
    snprintf(command, sizeof command, "%s %s 2>&1", program(), filled);
    return shell(command);
}

static inline void fine(const char *arguments) {
    int code = run(arguments);
    if (code)
        fail_msg("solvent %s: exit code %d, says %s", arguments, code, said);
}

static inline void refused(const char *arguments, int code, const char *sentence) {
    if (run(arguments) != code || !strstr(said, sentence))
        fail_msg("solvent %s says %s", arguments, said);
}

static inline char *path_of(const char *name) {
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline bool exists(const char *name) { return !access(path_of(name), F_OK); }

static inline void put(const char *name, const void *p, size_t n) {
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

static inline int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state) {
    char command[200];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* same compares a file of two runs. */
static inline void same(const char *a, const char *b, const char *name) {
    char path[200];
    size_t n, m;
    snprintf(path, sizeof path, "%s/%s", a, name);
    char *p = read_file(path_of(path), &n);
    snprintf(path, sizeof path, "%s/%s", b, name);
    char *q = read_file(path_of(path), &m);
    assert_non_null(p);
    assert_non_null(q);
    if (n != m || memcmp(p, q, n) != 0)
        fail_msg("%s of %s and %s differ", name, a, b);
    free(p);
    free(q);
}

#endif
