/* test_corpus.c - replays tests/fuzz/corpus, every endpoint's example, and every small damage that the example can
 * take. */
#include "tests/fuzz/check.h"
#include "tests/support/test.h"

/* A file's name may say what is wanted of it: ok-... must be answered with 200, bad-... must be refused. */
static bool named_so(const char *name, int http) {
    if (strncmp(name, "ok-", 3) == 0 || strcmp(name, "example.json") == 0)
        return http == 200;
    return strncmp(name, "bad-", 4) != 0 || http >= 400;
}

static void replay(void *arg, const char *name, const struct sample *sample) {
    size_t *failures = arg;
    char why[512];
    int http = 0;
    if (!check_sample(sample, &http, why)) {
        print_error("%s: %s\n", name, why);
        ++*failures;
    } else if (!named_so(name, http)) {
        print_error("%s: answered with %d\n", name, http);
        ++*failures;
    }
}

static void corpus_holds(void **state) {
    size_t failures = 0;
    assert_int_not_equal(corpus_each(*state, replay, &failures), 0);
    assert_int_equal(failures, 0);
}

static void damaged(const struct endpoint *endpoint, const char *body, size_t n) {
    char why[512];
    int http;
    struct sample sample = {.endpoint = endpoint, .query = "", .body = body, .n = n};
    if (!check_sample(&sample, &http, why))
        fail_msg("%.*s: %s", (int)n, body, why);
}

/* Cut after each byte; each byte left out; each byte replaced by one that means something in JSON or is none in
 * UTF-8. */
static void damaged_example_holds(void **state) {
    const struct endpoint *endpoint = *state;
    static const char NASTY[] = "\"{[]}:,\\-9e\xff%/?";
    const char *example = endpoint->example ? endpoint->example : endpoint->target;
    size_t n = strlen(example);
    char *body = malloc(n);
    assert_non_null(body);
    for (size_t i = 0; i < n; i++) {
        damaged(endpoint, example, i);
        memcpy(body, example, i);
        memcpy(body + i, example + i + 1, n - i - 1);
        damaged(endpoint, body, n - 1);
        memcpy(body, example, n);
        for (size_t k = 0; k < sizeof NASTY; k++) { /* with its NUL */
            body[i] = NASTY[k];
            damaged(endpoint, body, n);
        }
    }
    free(body);
}

int main(void) {
    enum { MOST = 512 };
    static struct CMUnitTest tests[MOST];
    static char names[MOST][80];
    size_t n = 0;
    for (const struct endpoint *const *e = endpoints; *e && n + 2 <= MOST; e++) {
        char word[64];
        endpoint_word(*e, word);
        snprintf(names[n], sizeof names[n], "corpus_%s", word);
        tests[n] = (struct CMUnitTest){names[n], corpus_holds, NULL, NULL, (void *)(uintptr_t)*e};
        n++;
        if (!(*e)->example && !(*e)->target)
            continue;
        snprintf(names[n], sizeof names[n], "damaged_%s", word);
        tests[n] = (struct CMUnitTest){names[n], damaged_example_holds, NULL, NULL, (void *)(uintptr_t)*e};
        n++;
    }
    return _cmocka_run_group_tests("corpus", tests, n, NULL, NULL);
}
