#include <cmocka.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum outcome { PASSED, FAILED, SKIPPED };
static const char *const MARKS[] = {"       OK ", "  FAILED  ", "  SKIPPED "};

static _Thread_local jmp_buf *running; /* NULL: a thread that a test started */

void cross_end(const char *file, int line, const char *format, ...) {
    if (format) {
        va_list args;
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        printf("\n%s:%d: error: Failure!\n", file, line);
    }
    if (!running)
        exit(1);
    longjmp(*running, format ? FAILED : SKIPPED);
}

static enum outcome run(const struct CMUnitTest *test) {
    jmp_buf here;
    void *state = NULL;
    running = &here;
    int outcome = setjmp(here);
    if (outcome == PASSED)
        test->run(&state);
    return (enum outcome)outcome;
}

int cross_run(const struct CMUnitTest *tests, size_t n) {
    enum outcome *outcomes = calloc(n, sizeof *outcomes);
    int failed = 0;
    if (!outcomes)
        return 1;
    for (size_t i = 0; i < n; i++) {
        outcomes[i] = run(&tests[i]);
        printf("[%s] %s\n", MARKS[outcomes[i]], tests[i].name);
        fflush(stdout);
        failed += outcomes[i] == FAILED;
    }
    for (size_t i = 0; i < n; i++) /* a list of those that did not pass ends it: tests/run counts on both */
        if (outcomes[i] != PASSED)
            printf("[%s] %s\n", MARKS[outcomes[i]], tests[i].name);
    free(outcomes);
    return failed;
}
