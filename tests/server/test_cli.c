/* The program's commands and exit codes, as a shell sees them. */
#include <sys/wait.h>

#include "tests/support/test.h"

struct outcome {
    int code;
    char text[1 << 20];
};

/* run runs `solvent ...` with what it says on both streams. */
static struct outcome *run(const char *arguments) {
    static struct outcome o;
    const char *program = getenv("SOLVENT");
    char command[1024];
    snprintf(command, sizeof command, "%s %s 2>&1", program ? program : "./solvent", arguments);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    size_t n = fread(o.text, 1, sizeof o.text - 1, f);
    o.text[n] = '\0';
    int status = pclose(f);
    o.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return &o;
}

static void commands_and_exit_codes(void **state) {
    (void)state;
    static const struct {
        const char *arguments;
        int code;
        const char *says;
    } rows[] = {
        {"--version", 0, "solvent " SOLVENT_VERSION "\n"},
        {"--help", 0, "--listen HOST:PORT"},
        {"serve --help", 0, "SOLVENT_MAX_BODY"},
        {"", 2, "A command is wanted"},
        {"juggle", 2, "There is no such command"},
        {"serve now", 2, "one word too many"},
        {"serve --queue zero", 2, "--queue is \"zero\", want an integer."},
        {"serve --nonsense 1", 2, "There is no option --nonsense"},
        {"serve --listen nowhere", 1, "The address to listen on is \"nowhere\", want HOST:PORT"},
        {"serve --listen 192.0.2.1:1 --log off", 1, "Cannot listen on 192.0.2.1:1: "},
        {"serve --log /nowhere/at/all", 1, "Cannot open the log"},
        {"openapi", 0, "\"openapi\":\"3.1"},
        {"docs", 0, "/healthz"},
        {"models", 2, "models wants check DIR"},
        {"models check", 2, "models wants check DIR"},
        {"models check /nowhere/at/all", 1, "error: The folder /nowhere/at/all cannot be opened: "},
        {"models check tests", 1, "error: There is neither a model_index.json nor a config.json.\n"},
        {"call", 2, "call wants METHOD PATH"},
        {"call GET /healthz", 0, "\"status\":\"ok\""},
        {"call HEAD /healthz", 0, "\"status\":\"ok\""},
        {"call GET /nothing", 1, "\"code\":\"not_found\""},
        {"call PUT /healthz", 1, "\"code\":\"method_not_allowed\""},
        {"call GET /healthz --max-body 0", 0, "ok"},
        {"call GET /healthz '' text/html", 1, "\"code\":\"not_acceptable\""},
        {"call GET /healthz '' '*/*' more", 2, "call wants METHOD PATH"},
        {"call POST /v1/solve/combination-sum '{\"candidates\":[2,3,6,7],\"target\":7}' application/x-ndjson", 0,
         "[2,2,3]\n[7]\n{\"done\":true,\"count\":2}\n"},
        {"call POST /v1/solve/combination-sum '{\"candidates\":[1,2],\"target\":400000,\"limit\":100000000}' "
         "application/x-ndjson --time-limit 1s | tail -c 400000 | grep -o '\"next_cursor\":\"[^\"]*' | head -c 20",
         0, "\"next_cursor\":\""},
        {"call POST /v1/solve/knapsack '{\"items\":[{\"weight\":1,\"value\":1}],\"capacity\":2,\"at_most\":-1}' "
         "text/event-stream",
         1, "{\"type\":\"urn:solvent:problem:invalid\""},
        /* 10 bytes before the header, whose end is at a multiple of 64, and 8 for each number: no newline is added */
        {"call POST /v1/solve/sort '{\"values\":[3,1,2]}' application/x-npy | wc -c | tr -d ' '", 0, "152\n"},
        {"call GET /healthz '{}' --max-body 1", 2, "larger than --max-body (1 bytes)"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct outcome *o = run(rows[i].arguments);
        if (o->code != rows[i].code || !strstr(o->text, rows[i].says))
            fail_msg("solvent %s: exit code %d, says %s", rows[i].arguments, o->code, o->text);
    }
}

static void the_environment_is_named_in_errors(void **state) {
    (void)state;
    setenv("SOLVENT_DRAIN", "soon", 1);
    struct outcome *o = run("serve");
    unsetenv("SOLVENT_DRAIN");
    assert_int_equal(o->code, 2);
    assert_non_null(strstr(o->text, "SOLVENT_DRAIN is \"soon\", want a time"));
}

static void input_comes_from_a_pipe(void **state) {
    (void)state;
    struct outcome *o = run("call GET /healthz - < /dev/null");
    assert_int_equal(o->code, 0);
    assert_string_equal(strchr(o->text, '\n') + 1, ""); /* one line */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_and_exit_codes),
        cmocka_unit_test(the_environment_is_named_in_errors),
        cmocka_unit_test(input_comes_from_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
