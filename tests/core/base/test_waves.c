#include "core/base/waves.h"

#include "core/base/elementary.h"
#include "tests/support/guarded.h"
#include "tests/support/test.h"

/* Every set has the bits of the scalar forms, and touches n numbers alone. */
static void sets_give_the_bits_of_the_scalars(void **state) {
    (void)state;
    enum { MOST = 37 };
    uint64_t seed = 3;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (size_t n = 0; isa_here((enum isa)isa) && n <= MOST; n++) {
            float *angle = guarded(n, &seed), *cosine = guarded(n, &seed), *sine = guarded(n, &seed);
            for (size_t i = 0; i < n; i++)
                angle[i] *= i % 2 ? 250 : 1;
            waves_for((enum isa)isa)(n, angle, cosine, sine);
            for (size_t i = 0; i < n; i++) {
                double part = (double)angle[i] / 3.14159265358979323846;
                assert_true(cosine[i] == (float)elementary_cospi(part) && sine[i] == (float)elementary_sinpi(part));
            }
            drop(angle, n), drop(cosine, n), drop(sine, n);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sets_give_the_bits_of_the_scalars)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
