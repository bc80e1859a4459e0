#include "handlers/diagnostics_request.h"

const char diagnostics_doc[] =
    "Also compare the samples with the model itself, of which as many are drawn from random numbers of their own. "
    "Wants "
    "at least 20 samples, and nothing that changes what is sampled (guidance, clip, measurement, init, mask, invert, "
    "interpolate).";

static const struct field SLICED_FIELDS[] = {
    FIELD(struct sliced_result, value, NUMBER, "The distance, in units of the data: the mean over ten batches.",
          .required = true),
    FIELD(struct sliced_result, standard_error, NUMBER, "Its standard error, from the spread of the batches.",
          .required = true),
    FIELD(struct sliced_result, baseline, NUMBER,
          "The distance of a second set of the model's own from the first. Finite sets are some distance apart even "
          "where nothing is wrong.",
          .required = true),
    FIELD(struct sliced_result, excess_error, NUMBER, "The standard error of value - baseline.", .required = true),
    {0}};

static const struct field ENERGY_FIELDS[] = {
    FIELD(struct energy_result, value, NUMBER,
          "2 E|X - Y| - E|X - X'| - E|Y - Y'|, unbiased: about 0 where nothing is wrong, and below it by chance.",
          .required = true),
    FIELD(struct energy_result, standard_error, NUMBER, "Its standard error, from the spread of ten batches.",
          .required = true),
    {0}};

#define EACH(member, text) FIELD(struct diagnostics_result, member, ARRAY, text, .kinds = KIND_REAL)
const struct field diagnostics_fields[] = {
    FIELD(struct diagnostics_result, used, INT,
          "How many samples were judged: the first of them, at most 10000 and fewer in high dimensions.",
          .required = true),
    FIELD(struct diagnostics_result, sliced_wasserstein, OBJECT,
          "The sliced Wasserstein distance of order 2, over 32 random directions.", .fields = SLICED_FIELDS,
          .required = true),
    FIELD(struct diagnostics_result, energy_distance, OBJECT, "The energy distance.", .fields = ENERGY_FIELDS,
          .required = true),
    EACH(shares, "How much of the samples belongs to each part: the posterior of the parts, averaged. [K] where the "
                 "model has at most 1000 parts."),
    EACH(share_errors, "The standard error of each share."),
    EACH(weights, "What the shares ought to be."),
    {0}};

enum status diagnostics_answer(struct ctx *ctx, const struct denoiser *model, uint64_t seed, const double *samples,
                               size_t count, struct diagnostics_result *out) {
    struct diagnostics found;
    enum status status = diagnostics_run(ctx, model, seed, samples, count, &found);
    if (status != STATUS_OK)
        return status;
    *out = (struct diagnostics_result){
        .used = (int64_t)found.used,
        .sliced_wasserstein = {found.sliced.value, found.sliced.standard_error, found.sliced.baseline,
                               found.sliced.excess_error},
        .energy_distance = {found.energy.value, found.energy.standard_error},
    };
    if (found.parts) {
        double *weights = ctx_alloc(ctx, found.parts, sizeof *weights);
        if (!weights)
            return STATUS_NO_MEMORY;
        for (size_t c = 0; c < found.parts; c++)
            weights[c] = found.weights[c];
        out->shares = array_1d(KIND_REAL, found.share, found.parts);
        out->share_errors = array_1d(KIND_REAL, found.error, found.parts);
        out->weights = array_1d(KIND_REAL, weights, found.parts);
    }
    return STATUS_OK;
}

double diagnostics_cost(size_t count, size_t k, size_t d) {
    double m = (double)diagnostics_batch(count, d), axes = (double)d;
    double shares = k <= DIAGNOSTICS_MAX_PARTS ? (double)k * (12 + 3 * axes) : 0;
    return 10 * m * (2 * m * (axes + 4) + 96 * (axes + 80) + shares);
}
