/* scheduler_config.h - what a scheduler_config.json of diffusers may say, once (option.h): the struct and what a request's
 * members are checked against come from this list. A class names the keys that mean something to it (scheduler.h). */
#ifndef SOLVENT_SCHEDULER_CONFIG_H
#define SOLVENT_SCHEDULER_CONFIG_H

#include <stddef.h>

#include "core/diffusion/option.h"

enum config_schedule {
    SCHEDULE_LINEAR,
    SCHEDULE_SCALED_LINEAR,
    SCHEDULE_COSINE,
    SCHEDULE_SIGMOID,
    SCHEDULE_EXP,
    SCHEDULE_LAPLACE
};
enum config_prediction { PREDICTS_EPSILON, PREDICTS_SAMPLE, PREDICTS_V, PREDICTS_FLOW };
enum config_variance {
    VARIANCE_FIXED_SMALL,
    VARIANCE_FIXED_SMALL_LOG,
    VARIANCE_FIXED_LARGE,
    VARIANCE_FIXED_LARGE_LOG,
    VARIANCE_LEARNED,
    VARIANCE_LEARNED_RANGE
};
enum config_spacing { SPACING_LINSPACE, SPACING_LEADING, SPACING_TRAILING };
enum config_shift { SHIFT_EXPONENTIAL, SHIFT_LINEAR };
enum config_interpolation { INTERPOLATION_LINEAR, INTERPOLATION_LOG_LINEAR };
enum config_timestep { TIMESTEP_DISCRETE, TIMESTEP_CONTINUOUS };
enum config_sigmas { SIGMAS_KARRAS, SIGMAS_EXPONENTIAL };
enum config_final { FINAL_AT_ZERO, FINAL_AT_MIN };
enum config_solver { SOLVER_TYPE_MIDPOINT, SOLVER_TYPE_HEUN, SOLVER_TYPE_BH1, SOLVER_TYPE_BH2, SOLVER_TYPE_LOGRHO };
enum config_algorithm {
    ALGORITHM_DPM,
    ALGORITHM_DPMPP,
    ALGORITHM_SDE_DPM,
    ALGORITHM_SDE_DPMPP,
    ALGORITHM_DEIS,
    ALGORITHM_DATA,
    ALGORITHM_NOISE
};
extern const char *const config_schedule_names[], *const config_prediction_names[],
                                                      *const config_variance_names[],
                                                          *const config_spacing_names[],
                                                              *const config_shift_names[],
                                                                  *const config_interpolation_names[],
                                                                      *const config_timestep_names[],
                                                                          *const config_sigmas_names[],
                                                                              *const config_final_names[],
                                                                                  *const config_solver_names[],
                                                                                      *const config_algorithm_names[];

struct config_list {
    const double *v;
    size_t n;
};
typedef struct config_list option_NUMBERS;

/* X(name, type, least, greatest, names). */
#define SCHEDULER_KEYS(X)                                           \
    X(num_train_timesteps, WHOLE, 2, 100000, NULL)                  \
    X(beta_start, REAL, 0, 0.999, NULL)                             \
    X(beta_end, REAL, 0, 0.999, NULL)                               \
    X(beta_schedule, CHOICE, 0, 0, config_schedule_names)           \
    X(trained_betas, NUMBERS, 0, 1, NULL)                           \
    X(prediction_type, CHOICE, 0, 0, config_prediction_names)       \
    X(variance_type, CHOICE, 0, 0, config_variance_names)           \
    X(clip_sample, FLAG, 0, 0, NULL)                                \
    X(clip_sample_range, REAL, 1e-9, 1e9, NULL)                     \
    X(thresholding, FLAG, 0, 0, NULL)                               \
    X(dynamic_thresholding_ratio, REAL, 0, 1, NULL)                 \
    X(sample_max_value, REAL, 1e-9, 1e9, NULL)                      \
    X(timestep_spacing, CHOICE, 0, 0, config_spacing_names)         \
    X(steps_offset, WHOLE, 0, 100000, NULL)                         \
    X(rescale_betas_zero_snr, FLAG, 0, 0, NULL)                     \
    X(set_alpha_to_one, FLAG, 0, 0, NULL)                           \
    X(skip_prk_steps, FLAG, 0, 0, NULL)                             \
    X(use_karras_sigmas, FLAG, 0, 0, NULL)                          \
    X(use_exponential_sigmas, FLAG, 0, 0, NULL)                     \
    X(use_beta_sigmas, FLAG, 0, 0, NULL)                            \
    X(use_lu_lambdas, FLAG, 0, 0, NULL)                             \
    X(use_flow_sigmas, FLAG, 0, 0, NULL)                            \
    X(flow_shift, REAL, 0.01, 100, NULL)                            \
    X(shift, REAL, 0.01, 100, NULL)                                 \
    X(use_dynamic_shifting, FLAG, 0, 0, NULL)                       \
    X(mu, REAL, -10, 10, NULL)                                      \
    X(time_shift_type, CHOICE, 0, 0, config_shift_names)            \
    X(shift_terminal, REAL, 0, 0.999, NULL)                         \
    X(invert_sigmas, FLAG, 0, 0, NULL)                              \
    X(stochastic_sampling, FLAG, 0, 0, NULL)                        \
    X(interpolation_type, CHOICE, 0, 0, config_interpolation_names) \
    X(timestep_type, CHOICE, 0, 0, config_timestep_names)           \
    X(sigma_min, REAL, 1e-9, 1e9, NULL)                             \
    X(sigma_max, REAL, 1e-9, 1e9, NULL)                             \
    X(sigma_data, REAL, 1e-9, 1e9, NULL)                            \
    X(sigma_schedule, CHOICE, 0, 0, config_sigmas_names)            \
    X(rho, REAL, 0.1, 100, NULL)                                    \
    X(final_sigmas_type, CHOICE, 0, 0, config_final_names)          \
    X(solver_order, WHOLE, 1, 3, NULL)                              \
    X(solver_type, CHOICE, 0, 0, config_solver_names)               \
    X(algorithm_type, CHOICE, 0, 0, config_algorithm_names)         \
    X(lower_order_final, FLAG, 0, 0, NULL)                          \
    X(euler_at_final, FLAG, 0, 0, NULL)                             \
    X(lambda_min_clipped, REAL, -1e9, 1e9, NULL)                    \
    X(predict_x0, FLAG, 0, 0, NULL)                                 \
    X(disable_corrector, NUMBERS, 0, 100000, NULL)                  \
    X(predictor_order, WHOLE, 1, 4, NULL)                           \
    X(corrector_order, WHOLE, 1, 4, NULL)                           \
    X(original_inference_steps, WHOLE, 1, 100000, NULL)             \
    X(timestep_scaling, REAL, 1e-9, 1000, NULL)                     \
    X(s_noise, REAL, 0, 1000, NULL)                                 \
    X(clip_denoised, FLAG, 0, 0, NULL)                              \
    X(use_clipped_model_output, FLAG, 0, 0, NULL)                   \
    X(snr, REAL, 0, 10, NULL)                                       \
    X(correct_steps, WHOLE, 0, 100, NULL)                           \
    X(sampling_eps, REAL, 1e-9, 0.5, NULL)                          \
    X(beta_min, REAL, 1e-9, 1000, NULL)                             \
    X(beta_max, REAL, 1e-9, 1000, NULL)

enum scheduler_key {
#define X(name, ...) KEY_##name,
    SCHEDULER_KEYS(X)
#undef X
        KEY_COUNT
};
_Static_assert(KEY_COUNT <= 64, "keys fit a mask");

/* KEY(name) is a key's bit in a mask. */
#define KEY(name) (UINT64_C(1) << KEY_##name)

struct scheduler_config {
    uint64_t given; /* mask of those that a request gave */
#define X(name, type, ...) option_##type name;
    SCHEDULER_KEYS(X)
#undef X
};

#endif
