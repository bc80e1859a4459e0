#include "handlers/network_request.h"

const char network_prediction_doc[] =
    "With a network and a path: what the network says. Absent: the model's scheduler_config tells both.";
const char network_sigma_data_doc[] = "With prediction edm: the standard deviation of the data; default 0.5.";

static enum status refuse(struct call *call, const char *pointer, const char *sentence) {
    return ctx_fail(&call->ctx, STATUS_INVALID, pointer, "%s", sentence);
}

/* check_company: prediction and path are of no use without each other, and say the same as a scheduler. */
static enum status check_company(struct call *call, bool network, const struct network_request *r,
                                 const struct sampler_request *how) {
    if (!network && (r->has_prediction || r->has_sigma_data))
        return refuse(call, r->has_prediction ? "/prediction" : "/sigma_data",
                      "The model is a formula, which predicts the data themselves; a prediction is of a network.");
    if (r->has_prediction && how->scheduler_config.p)
        return refuse(call, "/prediction",
                      "scheduler_config says by its prediction_type what the network predicts; want no prediction "
                      "beside it.");
    if (r->has_prediction && !how->has_path)
        return refuse(call, "/prediction",
                      "A prediction goes with the path that the network was trained on; want path, too, or neither.");
    if (r->has_sigma_data && !(r->has_prediction && r->prediction == PREDICTION_EDM))
        return refuse(call, "/sigma_data", "sigma_data goes with prediction \"edm\"; want that, too, or neither.");
    return STATUS_OK;
}

static enum status by_path(struct call *call, const struct network_request *r, const struct sampler_request *how,
                           struct network_asked *out) {
    if (!r->has_prediction)
        return refuse(call, "/prediction",
                      "On a path of the request's own nobody knows what the network says; want prediction, too, or no "
                      "path.");
    out->use = (struct network_use){.path = &out->path,
                                    .prediction = (enum prediction_id)r->prediction,
                                    .sigma_data = r->has_sigma_data ? r->sigma_data : 0.5};
    return sampler_path(&call->ctx, how, &out->path);
}

/* by_training takes the model's scheduler for what the network was trained on, not for its steps. */
static enum status by_training(struct call *call, struct str config, struct sampler_request *how,
                               struct network_asked *out) {
    struct scheduler_answer answer = {0};
    enum status status = scheduler_request(call, config, NULL, &answer);
    if (status != STATUS_OK)
        return status;
    how->training = answer.made;
    out->use = (struct network_use){.scheduler = answer.made, .path = &answer.made->path};
    return STATUS_OK;
}

static enum status by_model(struct call *call, const struct loaded_model *m, bool chooses, struct sampler_request *how,
                            struct network_asked *out) {
    if (!m->scheduler.n)
        return refuse(
            call, "/scheduler_config",
            "This model came without a scheduler_config.json; want scheduler_config, or path and prediction.");
    if (sampler_options_of_path(how))
        return refuse(call, "/path_options",
                      "path_options are those of a path, which this request does not name; want path, too.");
    if (chooses || sampler_own(how))
        return by_training(call, m->scheduler, how, out);
    how->scheduler_config = m->scheduler;
    return STATUS_OK;
}

enum status network_request_settle(struct call *call, const struct network_request *r, bool chooses,
                                   struct sampler_request *how, struct network_asked *out) {
    const struct loaded_model *m = out->model;
    enum status status = check_company(call, m != NULL, r, how);
    if (status != STATUS_OK || !m || how->scheduler_config.p)
        return status;
    return how->has_path ? by_path(call, r, how, out) : by_model(call, m, chooses, how, out);
}
