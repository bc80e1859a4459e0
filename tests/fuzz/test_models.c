/* test_models.c - replays tests/fuzz/corpus/models: WORD-....ok must be read, WORD-....bad must be refused, each as the
 * file of a model's folder that WORD says (model_input.h). */
#include <dirent.h>

#include "tests/fuzz/model_input.h"
#include "tests/support/test.h"

#define FOLDER "tests/fuzz/corpus/models"

static int is_input(const struct dirent *entry) { return *entry->d_name != '.'; }

static size_t which_file(const char *name) {
    size_t i = 0;
    while (i < MODEL_INPUTS && strncmp(name, model_input_words[i], strlen(model_input_words[i])) != 0)
        i++;
    return i;
}

static void replay(const char *name) {
    char path[512], why[512];
    size_t n = 0, which = which_file(name);
    bool good = false;
    snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    char *bytes = read_file(path, &n);
    assert_non_null(bytes);
    assert_true(which < MODEL_INPUTS);
    if (!model_input_check(which, bytes, n, &good, why) || good != !strcmp(strrchr(name, '.'), ".ok"))
        fail_msg("%s: %s", name, why);
    free(bytes);
}

static void corpus_holds(void **state) {
    (void)state;
    struct dirent **entries;
    int n = scandir(FOLDER, &entries, is_input, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        replay(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

static void seeds_are_right(void **state) {
    (void)state;
    for (size_t i = 0; i < MODEL_INPUTS; i++) {
        char why[512];
        size_t n;
        bool good = false;
        char *seed = model_input_seed(i, &n);
        if (!model_input_check(i, seed, n, &good, why) || !good)
            fail_msg("%s: %s", model_input_words[i], why);
        free(seed);
    }
}

/* Cut short, and with a byte replaced, at places that are spread over the file. */
static void damaged_seeds_hold(void **state) {
    (void)state;
    static const char NASTY[] = "\"{[]},-9\xff";
    uint64_t random = 1;
    for (size_t i = 0; i < MODEL_INPUTS; i++) {
        char why[512];
        size_t n;
        bool good;
        char *seed = model_input_seed(i, &n);
        for (int k = 0; k < 60; k++) {
            size_t at = test_below(&random, n < 4000 ? n : 4000);
            char was = seed[at];
            seed[at] = NASTY[test_below(&random, sizeof NASTY)];
            if (!model_input_check(i, seed, k % 2 ? n : at, &good, why))
                fail_msg("%s at %zu: %s", model_input_words[i], at, why);
            seed[at] = was;
        }
        free(seed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus_holds),
        cmocka_unit_test(seeds_are_right),
        cmocka_unit_test(damaged_seeds_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
