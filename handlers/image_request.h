/* image_request.h - a request for images in the form of OpenAI's API, as the request to /v1/sample that it stands for. */
#ifndef SOLVENT_IMAGE_REQUEST_H
#define SOLVENT_IMAGE_REQUEST_H

#include "core/picture/plot.h"
#include "handlers/call.h"
#include "handlers/model_named.h"

enum { IMAGES_MAX = 100 };

struct image_params {
    struct str model, prompt, size;
    int64_t n, seed, steps;
    double guidance;
    bool has_steps, has_guidance;
    int response_format, output_format, dtype;

    /* prepare's: */
    struct model_named named;
    struct call *sample;     /* the call of /v1/sample, decoded; NULL: it was not begun */
    struct plot_sheet sheet; /* how its samples are images; `samples` is the run's to set */
};

extern const struct field image_fields[];

/* image_prepare finds the model, reads prompt and size by it, and decodes params->sample. Errors: INVALID, TOO_LARGE,
 * NO_MEMORY; as of model_store.find. */
enum status image_prepare(struct call *call, struct image_params *params) MUST_CHECK;

/* image_adopt makes the failure of params->sample the call's, at the fields of this request. */
enum status image_adopt(struct call *call, const struct image_params *params);

/* image_canonical writes the request with its model by digest, NAME@DIGEST. */
void image_canonical(const struct image_params *params, struct buf *out);

#endif
