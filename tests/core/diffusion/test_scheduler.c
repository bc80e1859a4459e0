/* Schedulers with little memory; what they make is tested through /v1/schedule (tests/handlers/test_scheduler.c). */
#include "core/diffusion/scheduler.h"

#include "core/diffusion/noise.h"
#include "tests/support/test.h"

static enum status make_all(struct ctx *ctx, const struct scheduler_class *class) {
    struct scheduler s;
    struct plan plan;
    struct plan_build b;
    struct noise_torch torch;
    const struct scheduler_config laplace = {.given = KEY(beta_schedule), .beta_schedule = SCHEDULE_LAPLACE};
    const struct scheduler_config none = {0};
    bool ddpm = class == scheduler_class_find("DDPMScheduler");
    enum status status = scheduler_make(ctx, class, ddpm ? &laplace : &none, &(struct scheduler_run){.steps = 6}, &s);
    if (status != STATUS_OK)
        return status;
    plan_begin(&b, ctx, &s.path, &s.options, 0, s.start_sigma);
    b.targets = s.targets;
    b.clip = s.clip;
    plan_walk(&b, s.solver, s.points, s.steps, 0, s.steps);
    status = plan_end(&b, &plan);
    if (status == STATUS_OK && !plan.bridges)
        status = noise_of_torch(ctx, 1, &plan, 7, 3, true, &torch);
    return status;
}

/* Every class succeeds with enough, and says NO_MEMORY with less. */
static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    for (size_t i = 0; scheduler_class_name(i); i++) {
        const struct scheduler_class *class = scheduler_class_find(scheduler_class_name(i));
        enum status status = STATUS_NO_MEMORY;
        size_t failed = 0;
        for (size_t limit = 16; status != STATUS_OK && limit < 8 << 20; limit += limit / 64 + 16) {
            struct ctx ctx;
            ctx_init(&ctx, limit);
            status = make_all(&ctx, class);
            if (status != STATUS_OK && status != STATUS_NO_MEMORY)
                fail_msg("%s: %s", scheduler_class_name(i), ctx.err.detail);
            failed += status != STATUS_OK;
            ctx_release(&ctx);
        }
        assert_int_equal(status, STATUS_OK);
        assert_true(failed > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
