#include "server/machine.h"
#include "tests/support/test.h"

static void what_there_is(void **state) {
    (void)state;
    assert_true(machine_cores() >= 1);
    assert_true(machine_memory() > 1 << 20);
    assert_true(machine_files(16) >= 16);
    assert_true(machine_random() != machine_random());
}

static void the_build_has_an_id(void **state) {
    (void)state;
    size_t n;
    const unsigned char *id = machine_build(&n);
    if (!id)
        skip(); /* the linker made none */
    assert_true(n >= 8);
    size_t zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += id[i] == 0;
    assert_true(zeros < n);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_there_is), cmocka_unit_test(the_build_has_an_id)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
