/* What a pipeline would pass to a scheduler of diffusers beside its config: timesteps or sigmas, and numbers for step. */
#include <math.h>
#include <stdio.h>

#include "core/diffusion/scheduler_class.h"

static enum status refuse_list(struct making *m, const char *name, const char *why) {
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/sampler/%s", name);
    return ctx_fail(m->ctx, STATUS_INVALID, pointer, "%s takes no sampler.%s%s; want sampler.steps.", m->s->class->name,
                    name, why);
}

enum status scheduler_run_check(struct making *m) {
    const struct scheduler_class *class = m->s->class;
    const struct scheduler_config *c = m->c;
    const bool times = m->run->times.n > 0, sigmas = m->run->sigmas.n > 0, flow = !class->schedules;
    if (times && !(class->lists & LISTS_TIMES))
        return refuse_list(m, "times", "");
    if (sigmas && !(class->lists & LISTS_SIGMAS))
        return refuse_list(m, "sigmas", "");
    if (times && !flow && (scheduler_regrids(c) || c->use_flow_sigmas))
        return refuse_list(m, "times", " where use_*_sigmas chooses the levels");
    if (sigmas && class->takes & KEY(use_flow_sigmas) && (scheduler_regrids(c) || !c->use_flow_sigmas))
        return refuse_list(m, "sigmas", " but those of a flow, with use_flow_sigmas alone");
    if (times && scheduler_continuous(c))
        return refuse_list(m, "times", " where they are continuous");
    return STATUS_OK;
}

enum status scheduler_run_wrong(struct making *m, const char *name, size_t i, double x, const char *want) {
    char pointer[48];
    snprintf(pointer, sizeof pointer, "/sampler/%s/%zu", name, i);
    return ctx_fail(m->ctx, STATUS_INVALID, pointer, "sampler.%s[%zu] is %.9g, want %s, falling.", name, i, x, want);
}

enum status scheduler_run_times(struct making *m, bool whole) {
    const double *t = m->run->times.v, last = (double)m->c->num_train_timesteps - 1;
    for (size_t i = 0; i < m->n; i++) {
        char want[60];
        snprintf(want, sizeof want, "%s from 0 to %.9g", whole ? "trained steps" : "times", last);
        if (!(t[i] >= 0 && t[i] <= last && (i == 0 || t[i] < t[i - 1])) || (whole && t[i] != floor(t[i])))
            return scheduler_run_wrong(m, "times", i, t[i], want);
        m->t[i] = t[i];
    }
    return STATUS_OK;
}

enum status scheduler_run_sigmas(struct making *m, double most) {
    const struct config_list *k = &m->run->sigmas;
    for (size_t i = 0; i < k->n; i++) {
        char want[60];
        snprintf(want, sizeof want, most < HUGE_VAL ? "levels above 0 and up to %.9g" : "levels above 0", most);
        if (!(k->v[i] >= 0 && k->v[i] <= most && (i == 0 || k->v[i] < k->v[i - 1])) || (i < m->n && k->v[i] == 0))
            return scheduler_run_wrong(m, "sigmas", i, k->v[i], want);
        m->k[i] = k->v[i];
    }
    return STATUS_OK;
}

enum status scheduler_run_options(struct making *m) {
    struct solver_options *o = &m->s->options;
    const struct option_owner owner = {"sampler", "scheduler", m->s->class->name, m->s->class->runs};
    if (!m->run->options)
        return STATUS_OK;
    enum status status = solver_take(m->ctx, &owner, m->run->options, o);
    if (status == STATUS_OK && m->run->options->given & OPT(eta))
        status = solver_range(m->ctx, "eta", o->eta, 0, 1);
    if (status == STATUS_OK && m->run->options->given & OPT(s_tmax))
        status = solver_range(m->ctx, "s_tmax", o->s_tmax, o->s_tmin, HUGE_VAL);
    return status;
}
