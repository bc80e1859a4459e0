/* control_request.h - what a request wants the samples to be like: class and guidance, clipping, measurements. As
 * fields, and as a denoiser around the model's. */
#ifndef SOLVENT_CONTROL_REQUEST_H
#define SOLVENT_CONTROL_REQUEST_H

#include "handlers/model_request.h"

struct guidance_params {
    struct choice model;
    double scale, rescale, k_min, k_max;
    bool has_scale, has_rescale, has_k_min, has_k_max;
};

struct clip_params {
    double range, quantile, most;
    bool has_range, has_quantile, has_most;
};

struct measurement_params {
    struct array matrix, values;
};

struct control_request {
    struct array classes; /* KIND_NONE: none is asked for */
    struct guidance_params guidance;
    struct clip_params clip;
    struct measurement_params measurement;
    const struct network_use *use; /* no field: how a network is asked; NULL: it is refused */
};

extern const struct field guidance_fields[], clip_fields[], measurement_fields[];

/* CONTROL_FIELDS are the fields of a struct control_request that is member M of S; with at most MOST classes. */
#define CONTROL_FIELDS(S, M, DOC, MOST)                                                                               \
    {.name = "class",                                                                                                 \
     .doc = "Only this class of the model: the parts for which model.classes holds the number, or what a network is " \
            "told (a number, or a name where the model has names: GET /v1/models). "                                  \
            "Without one, a network is told the row that it learnt for none; a UNet2DModel has one where its "        \
            "config.json names it (_null_class), and wants a class and guidance.model where it does not." DOC,        \
     .type = FIELD_ARRAY,                                                                                             \
     .kinds = KIND_INT | KIND_STRING,                                                                                 \
     .scalar = true,                                                                                                  \
     .min_items = 1,                                                                                                  \
     .max_items = (MOST),                                                                                             \
     .offset = offsetof(S, M.classes)},                                                                               \
        {.name = "guidance",                                                                                          \
         .doc = "Exaggerates what sets `class` apart from the whole model (classifier-free guidance), or the model "  \
                "from a worse one (autoguidance): D = D_ref + scale (D - D_ref).",                                    \
         .type = FIELD_OBJECT,                                                                                        \
         .offset = offsetof(S, M.guidance),                                                                           \
         .fields = guidance_fields},                                                                                  \
        {.name = "clip",                                                                                              \
         .doc = "Keeps the denoised data in their range: either `range`, or `quantile`.",                             \
         .type = FIELD_OBJECT,                                                                                        \
         .offset = offsetof(S, M.clip),                                                                               \
         .fields = clip_fields},                                                                                      \
    {                                                                                                                 \
        .name = "measurement",                                                                                        \
        .doc = "Linear measurements of the data, matrix x0 = values, that every sample must meet: denoised data "     \
               "are moved to the nearest that do. What is not measured follows it as weakly as with mask and no "     \
               "repaint.",                                                                                            \
        .type = FIELD_OBJECT, .offset = offsetof(S, M.measurement), .fields = measurement_fields                      \
    }

/* control_denoiser prepares the model with all that the request wants around it, for so many samples. Errors: INVALID,
 * NO_MEMORY. */
enum status control_denoiser(struct call *call, const struct choice *model, const struct control_request *request,
                             size_t count, struct conditioned *out) MUST_CHECK;

/* control_around names what the request puts around the model: "guidance", "clip" or "measurement"; NULL: nothing. A
 * class is no such thing. */
const char *control_around(const struct control_request *request);

/* control_row_cost predicts the nanoseconds of one row of one call. */
double control_row_cost(const struct choice *model, const struct control_request *request);

#endif
