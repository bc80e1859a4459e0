/* network_request.h - how a request's network is asked: by its model's scheduler, by one of the request's own, or by a
 * path and a prediction.
 *
 * scheduler_config in the request         its class takes the steps, its training says what the network predicts
 * path and prediction                     they say it; the sampler takes the steps, as of a formula
 * a sampler (beyond its steps), or a      the model's scheduler_config says it; the sampler takes the steps, on that
 * time that chooses one                   scheduler's path
 * none of these                           the model's scheduler_config in place of the request's */
#ifndef SOLVENT_NETWORK_REQUEST_H
#define SOLVENT_NETWORK_REQUEST_H

#include "handlers/model_request.h"
#include "handlers/sampler_request.h"

struct network_request {
    int prediction;
    double sigma_data;
    bool has_prediction, has_sigma_data;
};

/* NETWORK_REQUEST_FIELDS are the fields of a struct network_request that is member M of S. */
extern const char network_prediction_doc[], network_sigma_data_doc[];
#define NETWORK_REQUEST_FIELDS(S, M)                                                                        \
    {.name = "prediction",                                                                                  \
     .doc = network_prediction_doc,                                                                         \
     .type = FIELD_ENUM,                                                                                    \
     .offset = offsetof(S, M.prediction),                                                                   \
     .present = offsetof(S, M.has_prediction),                                                              \
     .names = prediction_names,                                                                             \
     .aliases = prediction_aliases},                                                                        \
    {                                                                                                       \
        .name = "sigma_data", .doc = network_sigma_data_doc, .type = FIELD_NUMBER,                          \
        .offset = offsetof(S, M.sigma_data), .present = offsetof(S, M.has_sigma_data), FIELD_REALS(0, 1e9), \
        .above_min = true,                                                                                  \
    }

/* What it comes to. It stays where it is while `use` is in use. */
struct network_asked {
    const struct loaded_model *model; /* NULL: a formula */
    struct path path;
    struct network_use use; /* scheduler and path NULL: its scheduler is yet to be made, from how->scheduler_config */
};

/* network_request_settle decides how out->model is asked, and writes what it takes from the model into `how`; `chooses`:
 * a time limit will choose solver and steps. Of a formula it only refuses what is for networks.
 * Errors: INVALID ("/prediction", "/sigma_data", "/scheduler_config" and below), NO_MEMORY. */
enum status network_request_settle(struct call *call, const struct network_request *request, bool chooses,
                                   struct sampler_request *how, struct network_asked *out) MUST_CHECK;

#endif
