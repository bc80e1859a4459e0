#include "core/train/team.h"

#include "tests/support/team.h"
#include "tests/support/test.h"

/* What the ranks bring, and what each gets. */
struct case_of {
    enum status status[TEST_RANKS], agreed[TEST_RANKS];
    uint64_t words[TEST_RANKS][2];
    size_t odd[TEST_RANKS];
    bool says[TEST_RANKS], first[TEST_RANKS];
};

static void body(struct team *team, void *arg) {
    struct case_of *c = arg;
    const size_t i = team->rank;
    c->agreed[i] = team_agree(team, c->status[i]);
    c->odd[i] = team_odd(team, c->words[i], 2);
    c->first[i] = team_first(team, c->says[i]);
}

/* The first that failed speaks for all, whatever the others' failures are. */
static void the_first_failure_is_that_of_all(void **state) {
    (void)state;
    static const enum status BROUGHT[][4] = {{STATUS_OK, STATUS_OK, STATUS_OK, STATUS_OK},
                                             {STATUS_INVALID, STATUS_OK, STATUS_INTERNAL, STATUS_OK},
                                             {STATUS_OK, STATUS_OK, STATUS_OK, STATUS_NO_MEMORY},
                                             {STATUS_OK, STATUS_CANCELLED, STATUS_INVALID, STATUS_INTERNAL}};
    static const enum status WANTED[] = {STATUS_OK, STATUS_INVALID, STATUS_NO_MEMORY, STATUS_CANCELLED};
    for (size_t k = 0; k < COUNT(BROUGHT); k++) {
        struct case_of c = {.status = {0}};
        memcpy(c.status, BROUGHT[k], sizeof BROUGHT[k]);
        test_team(4, body, &c);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(c.agreed[i], WANTED[k]);
    }
    assert_int_equal(team_agree(NULL, STATUS_INVALID), STATUS_INVALID);
}

static void the_first_that_differs_is_named(void **state) {
    (void)state;
    static const uint64_t OTHERS[] = {7, 6, 8, 0, UINT64_MAX};
    for (size_t k = 0; k < COUNT(OTHERS); k++)
        for (unsigned who = 0; who < 8; who++) { /* of ranks 1 to 3 */
            struct case_of c = {.words = {{1, 7}, {1, 7}, {1, 7}, {1, 7}}};
            for (unsigned i = 0; i < 3; i++)
                c.words[i + 1][k % 2] = who >> i & 1 ? OTHERS[k] : c.words[0][k % 2];
            const bool none = !who || OTHERS[k] == c.words[0][k % 2];
            test_team(4, body, &c);
            for (size_t i = 0; i < 4; i++)
                assert_int_equal(c.odd[i], none ? 0 : who & 1 ? 1 : who & 2 ? 2 : 3);
        }
    assert_int_equal(team_odd(NULL, OTHERS, 2), 0);
}

static void one_is_the_first(void **state) {
    (void)state;
    for (unsigned who = 0; who < 8; who++) {
        struct case_of c = {.says = {who & 1, who & 2, who & 4}};
        test_team(3, body, &c);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(c.first[i], who >> i & 1 && !(who & ((1U << i) - 1)));
    }
    assert_true(team_first(NULL, true));
    assert_false(team_first(NULL, false));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_is_that_of_all),
        cmocka_unit_test(the_first_that_differs_is_named),
        cmocka_unit_test(one_is_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
