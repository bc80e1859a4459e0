/* model_request.h - the models that a request can bring, as fields and as denoisers. */
#ifndef SOLVENT_MODEL_REQUEST_H
#define SOLVENT_MODEL_REQUEST_H

#include "core/diffusion/mixture.h"
#include "handlers/call.h"
#include "handlers/model_load.h"

enum { MODEL_MAX_NUMBERS = 4 * 1000 * 1000 };

/* MODEL_FIELD is a request's model, in a struct choice. */
extern const struct variant model_variants[];
#define MODEL_FIELD(S, member, text, ...) \
    FIELD(S, member, UNION, text, .role = ROLE_MODEL, .variants = model_variants, __VA_ARGS__)

/* A model's size, for limits and costs; right or not, it is safe to compute with. */
struct model_extent {
    size_t k, d;     /* d: of what its denoiser works on, which are latents where it decodes them */
    size_t sample_d; /* of a sample */
    enum mixture_shape shape;
};
struct model_extent model_extent(const struct choice *model);

/* model_check_size refuses what has too many dimensions. `name` is the field's ("model"). */
enum status model_check_size(struct call *call, const struct choice *model, const char *name) MUST_CHECK;

/* model_setup_cost predicts the nanoseconds of model_make, model_row_cost those of one row of one call. */
double model_setup_cost(const struct choice *model);
double model_row_cost(const struct choice *model);

/* model_coding_cost predicts the nanoseconds that a latent model's autoencoder takes for so many samples; else 0. */
double model_coding_cost(const struct choice *model, double decoded, double encoded);

/* model_memory is the least bytes that a network's samples take, from latents to pictures; 0 for a formula. */
double model_memory(const struct choice *model, double count);

/* What a model is told beside x: classes, numbers or names, where they are asked for (class_request.h); and networks, how
 * they are asked (its own `class` is not looked at). */
struct model_class {
    struct array asked;            /* KIND_NONE: no class */
    const struct network_use *use; /* NULL: this use has none, and networks are refused */
};

/* A denoiser, and what it is told of each sample. */
struct conditioned {
    const struct denoiser *denoiser;
    const int64_t *classes; /* [count]; NULL: nothing */
};

/* model_is_network: it has no formula to compare samples with. */
bool model_is_network(const struct choice *model);

/* model_load_network gives the network that a model is, loaded for this call; NULL: it is a formula. Errors: INVALID
 * ("/model/name", "/model/digest": there is no such network); those of call_load_model. */
enum status model_load_network(struct call *call, const struct choice *model,
                               const struct loaded_model **out) MUST_CHECK;

/* model_describe writes the JSON object that stands for a network: what its name abbreviates. */
void model_describe(const struct loaded_model *outline, const char *name, const char *digest, struct buf *out);

/* model_make prepares the denoiser in call->ctx: of all parts, or of those of the classes together; a network is told the
 * first. model_make_each prepares one that has each of `count` samples come from its own class, where several are asked
 * for. Errors: as of mixture_make; INVALID (shapes that do not go together; "/class", "/class/3": there is no such one). */
enum status model_make(struct call *call, const struct choice *model, struct model_class of,
                       const struct denoiser **out) MUST_CHECK;
enum status model_make_each(struct call *call, const struct choice *model, struct model_class of, size_t count,
                            struct conditioned *out) MUST_CHECK;

/* columns is d of an array whose rows are samples: [n][d], or [n] in one dimension. */
static inline size_t model_columns(const struct array *a) { return a->dims == 2 ? a->shape[1] : 1; }

#endif
