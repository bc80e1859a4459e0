/* Networks of every kind through /v1/sample. Golden pictures: diffusers 0.42.1 with PyTorch 2.13.0 on a CPU, that of
 * tests/pipelines/dit/test_dit.py (test_inference),
 *     torch.manual_seed(0); t = DiTTransformer2DModel(sample_size=16, num_layers=2, patch_size=4, attention_head_dim=8,
 *         num_attention_heads=2, in_channels=4, out_channels=8, num_embeds_ada_norm=1000); vae = AutoencoderKL()
 *     DiTPipeline(t.eval(), vae.eval(), DDIMScheduler())(class_labels=[1], num_inference_steps=2, output_type="np",
 *         generator=torch.Generator().manual_seed(0)).images[0, -3:, -3:, -1]
 * whose guidance_scale is 4, and the same with a guidance_scale of 1. */
#include "handlers/network_request.h"

#include <math.h>

#include "tests/support/made_model.h"
#include "tests/support/test.h"

enum { PIXELS = 16 * 16, D = 3 * PIXELS };

#define SAMPLE "/v1/sample"
#define DIT(members) "{\"model\":\"made\",\"seed\":0,\"noise\":\"torch\"," members "}"

static void check_slice(const char *answer, const double want[9], double within) {
    double x[D];
    made_model_numbers(answer, "\"samples\":[[", x, D);
    for (size_t i = 0; i < 9; i++) {
        double v = fmin(1, fmax(0, x[2 * PIXELS + (13 + i / 3) * 16 + 13 + i % 3] / 2 + 0.5));
        if (!(fabs(v - want[i]) <= within))
            fail_msg("pixel %zu: %.9g, want %.9g", i, v, want[i]);
    }
}

static void a_dit_pipeline_gives_diffusers_image(void **state) {
    (void)state;
    static const double guided[] = {.294638634, .660132408, .432884544, .329599917, .414426893,
                                    .531874776, .727291286, .501263082, .445725143};
    static const double plain[] = {.420720309, .549377620, .480448991, .0819875300, .459612608,
                                   .495858043, .607117534, .378085256, .542774200};
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        struct made_model m;
        if (!isa_here((enum isa)isa))
            continue;
        made_model_begin(&m);
        m.isa = (enum isa)isa;
        made_model_dit(&m);
        char *text = made_model_answer(
            &m, SAMPLE, DIT("\"class\":1,\"guidance\":{\"scale\":4},\"sampler\":{\"steps\":2}"));
        check_slice(text, guided, 1e-5);
        assert_non_null(strstr(text, "\"shape\":[1,768]"));
        free(text);
        text = made_model_answer(&m, SAMPLE, DIT("\"class\":\"goldfish\",\"sampler\":{\"steps\":2}"));
        check_slice(text, plain, 1e-5);
        free(text);
        made_model_end(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dit_pipeline_gives_diffusers_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
