/* The classes of diffusers: what each takes, with its defaults, and what it refuses. */
#include <string.h>

#include "core/diffusion/scheduler_class.h"

static enum status check_dpm(struct making *m) {
    const struct scheduler_config *c = m->c;
    if (c->algorithm_type >= ALGORITHM_DATA)
        return scheduler_fail(m->ctx, "algorithm_type",
                              "This algorithm_type is SASolverScheduler's; want dpmsolver++, say.");
    bool eps = c->algorithm_type == ALGORITHM_DPM || c->algorithm_type == ALGORITHM_SDE_DPM;
    if (eps && c->final_sigmas_type == FINAL_AT_ZERO && m->s->class->takes & KEY(final_sigmas_type))
        return scheduler_fail(
            m->ctx, "final_sigmas_type",
            "dpmsolver and sde-dpmsolver predict noise, which does not lead to data in one step; want "
            "final_sigmas_type sigma_min.");
    if (c->algorithm_type == ALGORITHM_SDE_DPM && c->solver_order == 3)
        return scheduler_fail(m->ctx, "solver_order", "sde-dpmsolver has no third order; want solver_order 1 or 2.");
    return STATUS_OK;
}

static enum status check_single(struct making *m) {
    if (m->c->algorithm_type == ALGORITHM_SDE_DPM)
        return scheduler_fail(m->ctx, "algorithm_type",
                              "DPMSolverSinglestepScheduler has no sde-dpmsolver; want sde-dpmsolver++.");
    return check_dpm(m);
}

static enum status check_edm_dpm(struct making *m) {
    if (m->c->algorithm_type != ALGORITHM_DPMPP && m->c->algorithm_type != ALGORITHM_SDE_DPMPP &&
        m->c->algorithm_type != ALGORITHM_DEIS)
        return scheduler_fail(m->ctx, "algorithm_type", "Want dpmsolver++ or sde-dpmsolver++.");
    return check_dpm(m);
}

static enum status check_unipc(struct making *m) {
    if (m->c->solver_type != SOLVER_TYPE_BH1 && m->c->solver_type != SOLVER_TYPE_BH2)
        m->s->config.solver_type = SOLVER_TYPE_BH2;
    if (!m->c->predict_x0 && m->c->final_sigmas_type == FINAL_AT_ZERO)
        return scheduler_fail(m->ctx, "final_sigmas_type",
                              "Without predict_x0 noise is predicted, which does not lead to data in one step; want "
                              "final_sigmas_type sigma_min.");
    return STATUS_OK;
}

static enum status check_sa(struct making *m) {
    if (m->c->algorithm_type >= ALGORITHM_DATA)
        return STATUS_OK;
    return scheduler_fail(m->ctx, "algorithm_type", "Want data_prediction or noise_prediction.");
}

static enum status check_inverted(struct making *m) {
    if (!m->c->invert_sigmas || !m->c->stochastic_sampling)
        return STATUS_OK;
    return scheduler_fail(m->ctx, "invert_sigmas",
                          "Steps that add noise would take inverted sigmas for it; want invert_sigmas false.");
}

static size_t most_distilled(const struct scheduler_config *c) { return (size_t)c->original_inference_steps; }
static size_t unlimited(const struct scheduler_config *c) {
    (void)c;
    return 10000;
}

#define BETAS                                                                                               \
    (KEY(num_train_timesteps) | KEY(beta_start) | KEY(beta_end) | KEY(beta_schedule) | KEY(trained_betas) | \
     KEY(prediction_type))
#define CLIPS (KEY(clip_sample) | KEY(clip_sample_range))
#define THRESHOLDS (KEY(thresholding) | KEY(dynamic_thresholding_ratio) | KEY(sample_max_value))
#define SPACING (KEY(timestep_spacing) | KEY(steps_offset))
#define LEVELS (KEY(use_karras_sigmas) | KEY(use_exponential_sigmas) | KEY(use_beta_sigmas))
#define FLOWS (KEY(use_flow_sigmas) | KEY(flow_shift))
#define DYNAMIC (KEY(use_dynamic_shifting) | KEY(mu) | KEY(time_shift_type))
#define MULTI (KEY(solver_order) | KEY(solver_type) | KEY(algorithm_type) | KEY(lower_order_final))

#define S(name) (1u << SCHEDULE_##name)
#define P(name) (1u << PREDICTS_##name)
#define USUAL .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE), .predictions = P(EPSILON) | P(SAMPLE) | P(V)

/* The defaults that most classes share. */
#define TABLE                                                                                  \
    .num_train_timesteps = 1000, .beta_start = 1e-4, .beta_end = 0.02, .clip_sample_range = 1, \
    .dynamic_thresholding_ratio = 0.995, .sample_max_value = 1, .flow_shift = 1, .shift = 1
#define STABLE                                                                                     \
    .num_train_timesteps = 1000, .beta_start = 0.00085, .beta_end = 0.012, .clip_sample_range = 1, \
    .dynamic_thresholding_ratio = 0.995, .sample_max_value = 1

#define IN_K .takes = BETAS | SPACING | LEVELS, .points = scheduler_points_k, .most = unlimited
#define EDM                                                                                                \
    .sigma_min = 0.002, .sigma_max = 80, .sigma_data = 0.5, .rho = 7, .dynamic_thresholding_ratio = 0.995, \
    .sample_max_value = 1
#define EDM_KEYS                                                                                                     \
    (KEY(num_train_timesteps) | KEY(sigma_min) | KEY(sigma_max) | KEY(sigma_data) | KEY(sigma_schedule) | KEY(rho) | \
     KEY(prediction_type) | KEY(final_sigmas_type))
#define FLOW_KEYS (KEY(num_train_timesteps) | KEY(shift) | DYNAMIC | KEY(invert_sigmas) | KEY(shift_terminal) | LEVELS)
#define CHURN (OPT(s_churn) | OPT(s_tmin) | OPT(s_tmax) | OPT(s_noise))
#define BOTH_LISTS (LISTS_TIMES | LISTS_SIGMAS)
#define FLOW .num_train_timesteps = 1000, .shift = 1

static const struct scheduler_class CLASSES[] = {
    {.name = "DDPMScheduler",
     .solver = &scheduler_ddpm,
     .takes = BETAS | CLIPS | THRESHOLDS | SPACING | KEY(variance_type) | KEY(rescale_betas_zero_snr),
     .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE) | S(SIGMOID) | S(LAPLACE),
     .predictions = P(EPSILON) | P(SAMPLE) | P(V),
     .lists = LISTS_TIMES,
     .defaults = {TABLE, .clip_sample = true, .set_alpha_to_one = true, .timestep_spacing = SPACING_LEADING},
     .points = scheduler_points_table},
    {.name = "DDIMScheduler",
     .solver = &scheduler_ddim,
     .takes = BETAS | CLIPS | THRESHOLDS | SPACING | KEY(set_alpha_to_one) | KEY(rescale_betas_zero_snr) |
              KEY(use_clipped_model_output),
     .runs = OPT(eta),
     USUAL,
     .defaults = {TABLE, .clip_sample = true, .set_alpha_to_one = true, .timestep_spacing = SPACING_LEADING},
     .points = scheduler_points_ddim},
    {.name = "PNDMScheduler",
     .solver = &scheduler_pndm,
     .takes = BETAS | SPACING | KEY(set_alpha_to_one) | KEY(skip_prk_steps),
     .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE),
     .predictions = P(EPSILON) | P(V),
     .defaults = {TABLE, .timestep_spacing = SPACING_LEADING},
     .points = scheduler_points_pndm},
    {.name = "LMSDiscreteScheduler", .plain = SOLVER_LMS, IN_K, .runs = OPT(order), USUAL, .defaults = {TABLE}},
    {.name = "EulerDiscreteScheduler",
     .plain = SOLVER_EULER,
     .takes = BETAS | SPACING | LEVELS | KEY(interpolation_type) | KEY(sigma_min) | KEY(sigma_max) |
              KEY(timestep_type) | KEY(rescale_betas_zero_snr) | KEY(final_sigmas_type),
     .runs = CHURN,
     .lists = BOTH_LISTS,
     USUAL,
     .floors_snr = true,
     .defaults = {TABLE},
     .points = scheduler_points_k,
     .most = unlimited},
    {.name = "EulerAncestralDiscreteScheduler",
     .plain = SOLVER_EULER_ANCESTRAL,
     .takes = BETAS | SPACING | KEY(rescale_betas_zero_snr),
     .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE),
     .predictions = P(EPSILON) | P(V),
     .floors_snr = true,
     .defaults = {TABLE},
     .points = scheduler_points_k,
     .most = unlimited},
    {.name = "HeunDiscreteScheduler",
     .plain = SOLVER_HEUN,
     .takes = BETAS | SPACING | LEVELS | CLIPS,
     .lists = LISTS_TIMES,
     .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE) | S(EXP),
     .predictions = P(EPSILON) | P(SAMPLE) | P(V),
     .defaults = {STABLE},
     .points = scheduler_points_k,
     .most = unlimited},
    {.name = "KDPM2DiscreteScheduler", .plain = SOLVER_DPM2, IN_K, USUAL, .whole_karras = true, .defaults = {STABLE}},
    {.name = "KDPM2AncestralDiscreteScheduler",
     .plain = SOLVER_DPM2_ANCESTRAL,
     IN_K,
     USUAL,
     .whole_karras = true,
     .defaults = {STABLE}},
    {.name = "DPMSolverSDEScheduler",
     .plain = SOLVER_DPMPP_SDE,
     IN_K,
     .runs = OPT(s_noise),
     USUAL,
     .defaults = {STABLE}},
    {.name = "DPMSolverMultistepScheduler",
     .solver = &scheduler_dpm_multi,
     .takes = BETAS | THRESHOLDS | SPACING | LEVELS | FLOWS | DYNAMIC | MULTI | KEY(euler_at_final) |
              KEY(use_lu_lambdas) | KEY(final_sigmas_type) | KEY(lambda_min_clipped) | KEY(rescale_betas_zero_snr),
     .lists = LISTS_TIMES,
     .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE),
     .predictions = P(EPSILON) | P(SAMPLE) | P(V) | P(FLOW),
     .floors_snr = true,
     .defaults = {TABLE, .solver_order = 2, .algorithm_type = ALGORITHM_DPMPP, .lower_order_final = true},
     .check = check_dpm,
     .points = scheduler_points_lambda},
    {.name = "DPMSolverSinglestepScheduler",
     .solver = &scheduler_dpm_single,
     .takes = BETAS | THRESHOLDS | LEVELS | FLOWS | DYNAMIC | MULTI | KEY(final_sigmas_type) | KEY(lambda_min_clipped),
     .lists = LISTS_TIMES,
     .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE),
     .predictions = P(EPSILON) | P(SAMPLE) | P(V) | P(FLOW),
     .defaults = {TABLE, .solver_order = 2, .algorithm_type = ALGORITHM_DPMPP},
     .check = check_single,
     .points = scheduler_points_lambda},
    {.name = "UniPCMultistepScheduler",
     .plain = SOLVER_UNIPC,
     .takes = BETAS | THRESHOLDS | SPACING | LEVELS | FLOWS | DYNAMIC | KEY(solver_order) | KEY(solver_type) |
              KEY(lower_order_final) | KEY(predict_x0) | KEY(disable_corrector) | KEY(final_sigmas_type) |
              KEY(rescale_betas_zero_snr) | KEY(sigma_min) | KEY(sigma_max) | KEY(shift_terminal),
     .lists = LISTS_SIGMAS,
     .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE),
     .predictions = P(EPSILON) | P(SAMPLE) | P(V) | P(FLOW),
     .floors_snr = true,
     .defaults = {TABLE, .solver_order = 2, .solver_type = SOLVER_TYPE_BH2, .lower_order_final = true,
                  .predict_x0 = true},
     .check = check_unipc,
     .points = scheduler_points_lambda},
    {.name = "DEISMultistepScheduler",
     .plain = SOLVER_DEIS,
     .takes = BETAS | THRESHOLDS | SPACING | LEVELS | FLOWS | DYNAMIC | MULTI,
     .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE),
     .predictions = P(EPSILON) | P(SAMPLE) | P(V) | P(FLOW),
     .defaults = {TABLE, .solver_order = 2, .lower_order_final = true},
     .points = scheduler_points_lambda},
    {.name = "SASolverScheduler",
     .plain = SOLVER_SA_SOLVER,
     .takes = BETAS | THRESHOLDS | SPACING | LEVELS | FLOWS | KEY(predictor_order) | KEY(corrector_order) |
              KEY(algorithm_type) | KEY(lower_order_final) | KEY(lambda_min_clipped),
     .schedules = S(LINEAR) | S(SCALED_LINEAR) | S(COSINE),
     .predictions = P(EPSILON) | P(SAMPLE) | P(V) | P(FLOW),
     .defaults = {TABLE, .predictor_order = 2, .corrector_order = 2, .algorithm_type = ALGORITHM_DATA,
                  .lower_order_final = true},
     .check = check_sa,
     .points = scheduler_points_lambda},
    {.name = "EDMEulerScheduler",
     .plain = SOLVER_EULER,
     .takes = EDM_KEYS,
     .runs = CHURN,
     .predictions = P(EPSILON) | P(V),
     .defaults = {EDM, .num_train_timesteps = 1000},
     .points = scheduler_points_edm,
     .most = unlimited},
    {.name = "EDMDPMSolverMultistepScheduler",
     .solver = &scheduler_dpm_multi,
     .takes = EDM_KEYS | THRESHOLDS | MULTI | KEY(euler_at_final),
     .predictions = P(EPSILON) | P(V),
     .defaults = {EDM, .num_train_timesteps = 1000, .solver_order = 2, .algorithm_type = ALGORITHM_DPMPP,
                  .lower_order_final = true},
     .check = check_edm_dpm,
     .points = scheduler_points_edm,
     .most = unlimited},
    {.name = "IPNDMScheduler",
     .solver = &scheduler_ipndm,
     .takes = KEY(num_train_timesteps) | KEY(trained_betas),
     .predictions = P(V),
     .defaults = {.num_train_timesteps = 1000, .prediction_type = PREDICTS_V},
     .points = scheduler_points_ipndm,
     .most = unlimited},
    {.name = "LCMScheduler",
     .plain = SOLVER_LCM,
     .takes = BETAS | CLIPS | THRESHOLDS | KEY(set_alpha_to_one) | KEY(original_inference_steps) |
              KEY(timestep_scaling) | KEY(rescale_betas_zero_snr),
     .lists = LISTS_TIMES,
     USUAL,
     .defaults = {STABLE, .beta_schedule = SCHEDULE_SCALED_LINEAR, .original_inference_steps = 50,
                  .set_alpha_to_one = true, .timestep_scaling = 10},
     .points = scheduler_points_lcm,
     .most = most_distilled},
    {.name = "TCDScheduler",
     .plain = SOLVER_TCD,
     .takes = BETAS | KEY(set_alpha_to_one) | KEY(original_inference_steps) | KEY(rescale_betas_zero_snr),
     .runs = OPT(eta),
     .lists = LISTS_TIMES,
     USUAL,
     .defaults = {STABLE, .beta_schedule = SCHEDULE_SCALED_LINEAR, .original_inference_steps = 50,
                  .set_alpha_to_one = true},
     .points = scheduler_points_tcd,
     .most = most_distilled},
    {.name = "CMStochasticIterativeScheduler",
     .solver = &scheduler_cm,
     .takes = KEY(num_train_timesteps) | KEY(sigma_min) | KEY(sigma_max) | KEY(sigma_data) | KEY(s_noise) | KEY(rho) |
              KEY(clip_denoised),
     .lists = LISTS_TIMES,
     .predictions = P(EPSILON),
     .defaults = {EDM, .num_train_timesteps = 40, .s_noise = 1, .clip_denoised = true},
     .points = scheduler_points_cm},
    {.name = "FlowMatchEulerDiscreteScheduler",
     .plain = SOLVER_EULER,
     .takes = FLOW_KEYS | KEY(stochastic_sampling),
     .lists = BOTH_LISTS,
     .predictions = P(FLOW),
     .defaults = {FLOW, .prediction_type = PREDICTS_FLOW},
     .check = check_inverted,
     .points = scheduler_points_flow,
     .most = unlimited},
    {.name = "FlowMatchHeunDiscreteScheduler",
     .plain = SOLVER_HEUN,
     .takes = KEY(num_train_timesteps) | KEY(shift),
     .predictions = P(FLOW),
     .defaults = {FLOW, .prediction_type = PREDICTS_FLOW},
     .points = scheduler_points_flow,
     .most = unlimited},
    {.name = "FlowMatchLCMScheduler",
     .plain = SOLVER_LCM,
     .takes = FLOW_KEYS,
     .lists = BOTH_LISTS,
     .predictions = P(FLOW),
     .defaults = {FLOW, .prediction_type = PREDICTS_FLOW, .stochastic_sampling = true},
     .check = check_inverted,
     .points = scheduler_points_flow,
     .most = unlimited},
    {.name = "ScoreSdeVeScheduler",
     .solver = &scheduler_ve,
     .takes =
         KEY(num_train_timesteps) | KEY(snr) | KEY(sigma_min) | KEY(sigma_max) | KEY(sampling_eps) | KEY(correct_steps),
     .predictions = P(EPSILON),
     .defaults = {.num_train_timesteps = 2000,
                  .snr = 0.15,
                  .sigma_min = 0.01,
                  .sigma_max = 1348,
                  .sampling_eps = 1e-5,
                  .correct_steps = 1},
     .points = scheduler_points_ve,
     .most = unlimited},
    {.name = "ScoreSdeVpScheduler",
     .solver = &scheduler_vp,
     .takes = KEY(num_train_timesteps) | KEY(beta_min) | KEY(beta_max) | KEY(sampling_eps),
     .predictions = P(EPSILON),
     .defaults = {.num_train_timesteps = 2000, .beta_min = 0.1, .beta_max = 20, .sampling_eps = 1e-3},
     .points = scheduler_points_vp,
     .most = unlimited},
    {.name = "DDIMInverseScheduler",
     .solver = &scheduler_ddim_inverse,
     .takes = BETAS | CLIPS | SPACING | KEY(set_alpha_to_one) | KEY(rescale_betas_zero_snr),
     USUAL,
     .defaults = {TABLE, .clip_sample = true, .set_alpha_to_one = true, .timestep_spacing = SPACING_LEADING},
     .points = scheduler_points_inverse_ddim},
    {.name = "DPMSolverMultistepInverseScheduler",
     .solver = &scheduler_dpm_multi,
     .takes = BETAS | THRESHOLDS | SPACING | LEVELS | MULTI | KEY(euler_at_final) | KEY(lambda_min_clipped),
     USUAL,
     .defaults = {TABLE, .solver_order = 2, .algorithm_type = ALGORITHM_DPMPP, .lower_order_final = true,
                  .final_sigmas_type = FINAL_AT_MIN},
     .check = check_dpm,
     .points = scheduler_points_inverse_dpm},
};

enum { N_CLASSES = sizeof CLASSES / sizeof *CLASSES };

/* Classes that differ in how many states they step at once, and in no number. */
static const struct {
    const char *name, *as;
} ALIASES[] = {{"DDPMParallelScheduler", "DDPMScheduler"}, {"DDIMParallelScheduler", "DDIMScheduler"}};

const struct scheduler_class *scheduler_class_find(const char *name) {
    for (size_t i = 0; i < sizeof ALIASES / sizeof *ALIASES; i++)
        if (!strcmp(ALIASES[i].name, name))
            name = ALIASES[i].as;
    for (size_t i = 0; i < N_CLASSES; i++)
        if (!strcmp(CLASSES[i].name, name))
            return &CLASSES[i];
    return NULL;
}

const char *scheduler_class_name(size_t i) { return i < N_CLASSES ? CLASSES[i].name : NULL; }

uint64_t scheduler_takes(const struct scheduler_class *class) { return class->takes; }

const struct scheduler_config *scheduler_defaults(const struct scheduler_class *class) { return &class->defaults; }
