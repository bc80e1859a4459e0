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

static void kernels_are_chosen_by_name(void **state) {
    (void)state;
    char error[MACHINE_ERROR];
    enum isa isa;
    assert_true(machine_isa("ref", &isa, error) && isa == ISA_REF);
    assert_true(machine_isa("auto", &isa, error) && isa == isa_best());
    assert_false(machine_isa("sse", &isa, error));
    assert_string_equal(error, "--kernels is \"sse\", want auto, ref, avx2, avx512, avx512bf16, amx or neon.");
    for (int i = 0; i < ISA_COUNT; i++) {
        const char *name = isa_text((enum isa)i);
        if (machine_isa(name, &isa, error) != isa_here((enum isa)i))
            fail_msg("%s", name);
        else if (isa_here((enum isa)i))
            assert_int_equal(isa, i);
        else
            assert_non_null(strstr(error, "which this machine does not have; its best is "));
    }
    assert_false(isa_here(ISA_NEON) && isa_here(ISA_AVX2));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_there_is), cmocka_unit_test(the_build_has_an_id),
                                       cmocka_unit_test(kernels_are_chosen_by_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
