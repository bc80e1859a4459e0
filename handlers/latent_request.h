/* latent_request.h - requests for latent models, whose network works on what an autoencoder makes of samples: what a
 * request gives of data is encoded before sampling (to the mean of its latents), what is drawn is decoded after it.
 * Of other models all stays as it is. */
#ifndef SOLVENT_LATENT_REQUEST_H
#define SOLVENT_LATENT_REQUEST_H

#include "handlers/sample_request.h"

/* The data of a request as the network sees them. A mask has the mean over the pixels and channels that a latent
 * stands for. */
struct latent_inputs {
    struct array init, invert, mask, known;
};

/* latent_coder is the decoder of a latent model; NULL of any other, and of a formula (model NULL). */
const struct coder *latent_coder(const struct loaded_model *model);

/* latent_encode is for a request whose shapes are checked. Errors: INVALID (there is no encoder; numbers too far out),
 * NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status latent_encode(struct call *call, const struct loaded_model *model, const struct sample_params *p,
                          struct latent_inputs *out) MUST_CHECK;

/* latent_decode makes samples[count][sample_d] of drawn[count][d], and puts what is known where the mask says so. A
 * time limit of the request does not end it. Errors: as of coder_run. */
enum status latent_decode(struct call *call, const struct loaded_model *model, const struct sample_params *p,
                          double *drawn, double **samples) MUST_CHECK;

/* latent_decode_ns measures what decoding so many samples takes, of one; 0 where there is nothing to decode, no clock to
 * measure by, or no time limit that makes it matter. Errors: as of coder_run. */
enum status latent_decode_ns(struct call *call, const struct loaded_model *model, size_t count, double *out) MUST_CHECK;

#endif
