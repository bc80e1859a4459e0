#include "core/base/buf.h"
#include "server/options.h"
#include "tests/support/test.h"

static bool parse(struct options *options, const char *const *words, int *n_plain, char *error) {
    static char *argv[16];
    int argc = 0;
    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    return options_parse(options, argc, argv, n_plain, error);
}

static void defaults_are_those_of_the_list(void **state) {
    (void)state;
    struct options o;
    options_default(&o);
    assert_string_equal(o.listen, "127.0.0.1:8080");
    assert_string_equal(o.db, "");
    assert_int_equal(o.threads, 1);
    assert_int_equal(o.max_body, 64 << 20);
    assert_int_equal(o.time_limit, 60000);
    assert_int_equal(o.db_bytes, 1 << 30);
}

static const struct {
    const char *words[4];
    const char *error; /* NULL: fine */
    size_t offset;
    int64_t value;
} ROWS[] = {
    {{"--queue", "7"}, NULL, offsetof(struct options, queue), 7},
    {{"--queue=7"}, NULL, offsetof(struct options, queue), 7},
    {{"--max-body", "8M"}, NULL, offsetof(struct options, max_body), 8 << 20},
    {{"--max-body", "8k"}, NULL, offsetof(struct options, max_body), 8 << 10},
    {{"--max-body", "2G"}, NULL, offsetof(struct options, max_body), INT64_C(2) << 30},
    {{"--drain", "2m"}, NULL, offsetof(struct options, drain), 120000},
    {{"--drain", "250ms"}, NULL, offsetof(struct options, drain), 250},
    {{"--drain", "250"}, NULL, offsetof(struct options, drain), 250},
    {{"--drain", "0"}, NULL, offsetof(struct options, drain), 0},
    {{"--queue", "0"}, "--queue is \"0\", want an integer from 1 to 1000000.", 0, 0},
    {{"--queue", "x"}, "--queue is \"x\", want an integer.", 0, 0},
    {{"--queue", ""}, "--queue is \"\", want an integer.", 0, 0},
    {{"--queue", "-1"}, "--queue is \"-1\", want an integer.", 0, 0},
    {{"--queue", "5k"}, "--queue is \"5k\", want an integer.", 0, 0},
    {{"--queue", "99999999999999999999"}, "--queue is \"99999999999999999999\", want an integer.", 0, 0},
    {{"--max-body", "8T"}, "--max-body is \"8T\", want a size such as 4096, 64k, 8M or 1G.", 0, 0},
    {{"--max-body", "9223372036854775807G"},
     "--max-body is \"9223372036854775807G\", want a size such as 4096, 64k, 8M or 1G.",
     0,
     0},
    {{"--time-limit", "0"},
     "--time-limit is \"0\", want a time such as 250 (milliseconds), 250ms, 10s, 2m or 24h from 1 to 24h.",
     0,
     0},
    {{"--queue"}, "--queue wants a value: --queue N.", 0, 0},
    {{"--quux", "1"}, "There is no option --quux; see solvent --help.", 0, 0},
    {{"--que", "1"}, "There is no option --que; see solvent --help.", 0, 0},
};

static void flags_are_read_and_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct options o;
        char error[OPTIONS_ERROR] = "";
        int n;
        bool fine = parse(&o, ROWS[i].words, &n, error);
        assert_string_equal(error, ROWS[i].error ? ROWS[i].error : "");
        assert_int_equal(fine, ROWS[i].error == NULL);
        if (fine)
            assert_int_equal(*(int64_t *)((char *)&o + ROWS[i].offset), ROWS[i].value);
    }
}

static void plain_words_keep_their_order(void **state) {
    (void)state;
    struct options o;
    char error[OPTIONS_ERROR];
    char *argv[] = {(char[]){"call"}, (char[]){"--queue"}, (char[]){"3"},  (char[]){"POST"},
                    (char[]){"-"},    (char[]){"--"},      (char[]){"--x"}};
    int n;
    assert_true(options_parse(&o, COUNT(argv), argv, &n, error));
    assert_int_equal(n, 4);
    assert_string_equal(argv[0], "call");
    assert_string_equal(argv[1], "POST");
    assert_string_equal(argv[2], "-");
    assert_string_equal(argv[3], "--x");
    assert_int_equal(o.queue, 3);
}

static void the_environment_is_read_and_flags_win(void **state) {
    (void)state;
    struct options o;
    char error[OPTIONS_ERROR];
    int n;
    setenv("SOLVENT_GZIP_MIN", "5k", 1);
    assert_true(parse(&o, (const char *const[]){NULL}, &n, error));
    assert_int_equal(o.gzip_min, 5 << 10);
    assert_true(parse(&o, (const char *const[]){"--gzip-min", "6k", NULL}, &n, error));
    assert_int_equal(o.gzip_min, 6 << 10);
    setenv("SOLVENT_GZIP_MIN", "much", 1);
    assert_false(parse(&o, (const char *const[]){NULL}, &n, error));
    assert_string_equal(error, "SOLVENT_GZIP_MIN is \"much\", want a size such as 4096, 64k, 8M or 1G.");
    unsetenv("SOLVENT_GZIP_MIN");
}

static void help_names_every_option_and_variable(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 20);
    options_help(&out);
    buf_byte(&out, '\0');
#define X(kind, member, flag, ...) assert_non_null(strstr(out.data, "--" flag " "));
    OPTION_LIST(X)
#undef X
    assert_non_null(strstr(out.data, "[64M; SOLVENT_MAX_BODY]"));
    buf_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_list),       cmocka_unit_test(flags_are_read_and_refused),
        cmocka_unit_test(plain_words_keep_their_order),         cmocka_unit_test(the_environment_is_read_and_flags_win),
        cmocka_unit_test(help_names_every_option_and_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
