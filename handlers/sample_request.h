/* sample_request.h - a request to /v1/sample: its fields, what of it cannot be, and what it will cost. */
#ifndef SOLVENT_SAMPLE_REQUEST_H
#define SOLVENT_SAMPLE_REQUEST_H

#include "handlers/control_request.h"
#include "handlers/network_request.h"
#include "handlers/plot_request.h"

enum { SAMPLE_MAX_NUMBERS = 16 * 1000 * 1000 };
#define SAMPLE_SEED_LIMIT (INT64_C(1) << 53)

enum { NOISE_PHILOX, NOISE_TORCH }; /* sample_params.noise */

struct repaint_params {
    int64_t length, repeats;
    bool has_length, has_repeats;
};

struct interpolate_params {
    struct array from, to;
};

struct sample_params {
    struct choice model;
    int64_t count, seed, time_limit_ms;
    struct sampler_request how;
    struct network_request network;
    struct control_request control;
    struct array latents, init, mask, known, invert;
    double strength;
    bool has_count, has_strength, trajectory, diagnostics;
    int noise;
    struct repaint_params repaint;
    struct interpolate_params interpolate;
    int64_t stop_after, preview;
    int dtype; /* an enum graph_dtype */
    bool has_stop_after, has_plot;
    struct plot_params plot;
    const double *given; /* of no field: [count][d] numbers that are known, NaN elsewhere (denoiser.h); NULL: none */
    bool bare;           /* of no field: who asks makes rows of the samples */
};

extern const struct field sample_fields[];

/* sample_count settles the count of a request that names none. */
void sample_count(struct sample_params *p);

/* sample_repeats is how often inpainting takes each stretch of steps; 1: it does not jump. */
int64_t sample_repeats(const struct sample_params *p);

/* sample_predict predicts the nanoseconds of a run on one thread. */
double sample_predict(const struct sample_params *p);

/* sample_adopt loads a request's network (call->dtype) and gives it what it leaves open: how it is asked
 * (network_request.h), and the shape of its images for pictures and previews of them. Errors: as of
 * network_request_settle; INVALID ("/dtype": the model is a formula). */
enum status sample_adopt(struct call *call, struct sample_params *p, struct network_asked *asked) MUST_CHECK;

/* The checks that fields cannot make. sample_check is for all, before anything is made; the others for runs with a
 * denoiser of d numbers and samples of sample_d, with an adaptive solver, with a scheduler. Errors: INVALID, TOO_LARGE. */
enum status sample_check(struct call *call, const struct sample_params *p) MUST_CHECK;
enum status sample_check_shapes(struct ctx *ctx, const struct sample_params *p, size_t d, size_t sample_d) MUST_CHECK;
enum status sample_check_adaptive(struct ctx *ctx, const struct sample_params *p) MUST_CHECK;
enum status sample_check_scheduler(struct ctx *ctx, const struct sample_params *p,
                                   const struct scheduler *scheduler) MUST_CHECK;

#endif
