#include "handlers/scheduler_request.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

const char scheduler_config_doc[] =
    "A scheduler_config.json of diffusers, in place of path, path_options and sampler. `_class_name` picks the class, "
    "keys "
    "that are missing or null take its defaults, and those that mean nothing to it are listed in the answer as "
    "`ignored`. "
    "What a pipeline would pass beside it may stand in sampler, where the class takes it: steps, or instead times "
    "(timesteps) or sigmas, as set_timesteps takes them; eta (DDIM, TCD), order (LMSDiscrete), s_churn, s_tmin, s_tmax "
    "and "
    "s_noise (EulerDiscrete, EDMEuler; DPMSolverSDE the last). `mu`, where use_dynamic_shifting asks for it, and "
    "`use_clipped_model_output` stand in the config itself. The steps are those of diffusers 0.42 in double "
    "precision, "
    "but for its known mistakes (FlowMatch* shift their levels once, not twice). DDIMInverseScheduler and "
    "DPMSolverMultistepInverseScheduler lead from init to its latents. Classes (each with Scheduler at the end): DDPM, "
    "DDIM, "
    "PNDM, LMSDiscrete, EulerDiscrete, EulerAncestralDiscrete, HeunDiscrete, KDPM2Discrete, KDPM2AncestralDiscrete, "
    "DPMSolverSDE, DPMSolverMultistep, DPMSolverSinglestep, UniPCMultistep, DEISMultistep, SASolver, EDMEuler, "
    "EDMDPMSolverMultistep, IPNDM, LCM, TCD, CMStochasticIterative, FlowMatchEulerDiscrete, FlowMatchHeunDiscrete, "
    "FlowMatchLCM, ScoreSdeVe, ScoreSdeVp, DDIMInverse, DPMSolverMultistepInverse; DDPMParallel and DDIMParallel "
    "are DDPM and DDIM.";

enum type { TYPE_REAL, TYPE_WHOLE, TYPE_FLAG, TYPE_CHOICE, TYPE_NUMBERS };

struct key {
    const char *name;
    enum type type;
    size_t offset;
    double low, high;
};

static const struct key KEYS[] = {
#define X(name, type, low, high, names) {#name, TYPE_##type, offsetof(struct scheduler_config, name), low, high},
    SCHEDULER_KEYS(X)
#undef X
};

/* names_of is the list of a CHOICE. */
static const char *const *names_of(size_t key) {
    const char *const *const LISTS[] = {
#define X(name, type, low, high, names) names,
        SCHEDULER_KEYS(X)
#undef X
    };
    return LISTS[key];
}

/* Keys of diffusers that would change the steps in ways that a request cannot say. */
static const char *const BEYOND[] = {"solver_p", "tau_func", "scale_factors"};

struct reading {
    struct ctx *ctx;
    struct scheduler_config config;
    const struct scheduler_class *class;
};

static enum status wrong(struct reading *r, const char *key, const char *format, ...) MUST_CHECK
    __attribute__((format(printf, 3, 4)));
static enum status wrong(struct reading *r, const char *key, const char *format, ...) {
    char sentence[300];
    int n = snprintf(sentence, 100, "scheduler_config.%.60s ", key);
    va_list args;
    va_start(args, format);
    vsnprintf(sentence + n, sizeof sentence - (size_t)n, format, args);
    va_end(args);
    return scheduler_fail(r->ctx, key, sentence);
}

static enum status read_number(struct reading *r, const struct key *key, json_t *value, double *out) {
    const char *text = json_string_value(value); /* as Python writes an infinity that JSON has no number for */
    if (!strcmp(key->name, "lambda_min_clipped") && text && (!strcmp(text, "-inf") || !strcmp(text, "-Infinity"))) {
        *out = key->low;
        return STATUS_OK;
    }
    *out = json_number_value(value);
    if (!json_is_number(value) || !(*out >= key->low && *out <= key->high) ||
        (key->type == TYPE_WHOLE && *out != (double)(int64_t)*out))
        return wrong(r, key->name, "wants %s from %.9g to %.9g.", key->type == TYPE_WHOLE ? "an integer" : "a number",
                     key->low, key->high);
    return STATUS_OK;
}

static enum status read_choice(struct reading *r, size_t i, json_t *value, int *out) {
    const char *text = json_string_value(value);
    const char *const *names = names_of(i);
    if (text && i == KEY_prediction_type && !strcmp(text, "original_sample"))
        text = "sample";
    char list[200] = "";
    for (int at = 0; names[at]; at++) {
        if (text && !strcmp(text, names[at])) {
            *out = at;
            return STATUS_OK;
        }
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", at ? ", " : "", names[at]);
    }
    return wrong(r, KEYS[i].name, "wants one of %s.", list);
}

static enum status read_numbers(struct reading *r, const struct key *key, json_t *value, struct config_list *out) {
    size_t n = json_array_size(value);
    if (!json_is_array(value) || n > 100000)
        return wrong(r, key->name, "wants an array of at most 100000 numbers.");
    double *v = ctx_alloc(r->ctx, n ? n : 1, sizeof *v);
    if (!v)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        json_t *number = json_array_get(value, i);
        v[i] = json_number_value(number);
        if (!json_is_number(number) || !(v[i] >= key->low && v[i] <= key->high)) {
            char place[80];
            snprintf(place, sizeof place, "%s/%zu", key->name, i);
            return wrong(r, place, "is no number from %.9g to %.9g.", key->low, key->high);
        }
    }
    *out = (struct config_list){v, n};
    return STATUS_OK;
}

static enum status read_key(struct reading *r, size_t i, json_t *value) {
    const struct key *key = &KEYS[i];
    void *to = (char *)&r->config + key->offset;
    double number = 0;
    enum status status = STATUS_OK;
    switch (key->type) {
    case TYPE_REAL: return read_number(r, key, value, to);
    case TYPE_WHOLE:
        status = read_number(r, key, value, &number);
        *(int64_t *)to = (int64_t)number;
        return status;
    case TYPE_FLAG:
        *(bool *)to = json_is_true(value);
        return json_is_boolean(value) ? STATUS_OK : wrong(r, key->name, "wants true or false.");
    case TYPE_CHOICE: return read_choice(r, i, value, to);
    case TYPE_NUMBERS: return read_numbers(r, key, value, to);
    }
    return STATUS_INTERNAL;
}

static size_t find_key(const char *name) {
    size_t i = 0;
    while (i < KEY_COUNT && strcmp(KEYS[i].name, name))
        i++;
    return i;
}

/* read_member reads one; *known says whether it means anything. */
static enum status read_member(struct reading *r, const char *name, json_t *value, bool *known) {
    size_t i = find_key(name);
    *known = name[0] == '_' || (i < KEY_COUNT && scheduler_takes(r->class) & UINT64_C(1) << i);
    for (size_t j = 0; j < sizeof BEYOND / sizeof *BEYOND; j++)
        if (!strcmp(name, BEYOND[j]) && !json_is_null(value))
            return wrong(r, name, "would change the steps in a way that a request cannot say; want null.");
    if (!*known || name[0] == '_' || json_is_null(value))
        return STATUS_OK;
    r->config.given |= UINT64_C(1) << i;
    return read_key(r, i, value);
}

static enum status keep(struct ctx *ctx, const char *name, struct str *out) {
    size_t n = strlen(name);
    char *p = ctx_alloc(ctx, n + 1, 1);
    if (!p)
        return STATUS_NO_MEMORY;
    memcpy(p, name, n + 1);
    *out = (struct str){p, n};
    return STATUS_OK;
}

static enum status find_class(struct reading *r, json_t *object) {
    const char *name = json_string_value(json_object_get(object, "_class_name"));
    r->class = name ? scheduler_class_find(name) : NULL;
    if (r->class)
        return STATUS_OK;
    return wrong(r, "_class_name", "is %s%.60s%s, want a scheduler of diffusers, such as EulerDiscreteScheduler.",
                 name ? "\"" : "no string", name ? name : "", name ? "\"" : "");
}

static enum status read_object(struct reading *r, json_t *object, struct scheduler_answer *out) {
    enum status status = find_class(r, object);
    struct str *ignored = ctx_alloc(r->ctx, json_object_size(object) + 1, sizeof *ignored);
    size_t n = 0;
    const char *name;
    json_t *value;
    if (!ignored)
        return STATUS_NO_MEMORY;
    json_object_foreach(object, name, value) {
        bool known = true;
        if (status == STATUS_OK)
            status = read_member(r, name, value, &known);
        if (status == STATUS_OK && !known)
            status = keep(r->ctx, name, &ignored[n++]);
    }
    out->ignored = array_1d(KIND_STRING, ignored, n);
    return status;
}

enum status scheduler_request(struct call *call, struct str text, const struct scheduler_run *run,
                              struct scheduler_answer *out) {
    struct reading r = {.ctx = &call->ctx};
    json_error_t error;
    json_t *object = json_loadb(text.p, text.n, 0, &error);
    if (!object)
        return scheduler_fail(&call->ctx, "", "scheduler_config holds a number that is out of range, or is too deep.");
    enum status status = read_object(&r, object, out);
    json_decref(object);
    struct scheduler *made = status == STATUS_OK ? ctx_alloc(&call->ctx, 1, sizeof *made) : NULL;
    if (!made)
        return status == STATUS_OK ? STATUS_NO_MEMORY : status;
    out->made = made;
    status = scheduler_make(&call->ctx, r.class, &r.config, run, made);
    for (size_t i = 0; scheduler_class_name(i); i++)
        if (scheduler_class_find(scheduler_class_name(i)) == r.class)
            out->name = (struct str){scheduler_class_name(i), strlen(scheduler_class_name(i))};
    return status;
}
