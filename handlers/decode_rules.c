#include "handlers/decoder.h"

/* A rule held against an object: its names by whether they are given; NULL where there is none such. */
struct held {
    const char *first, *second, *missing; /* the first two that are given, the first that is not */
};

/* given: the request has the member, or the body itself is it. */
static bool given(const struct decoder *d, const struct path *path, json_t *object, const char *name) {
    return json_object_get(object, name) || (d->body && !path && strcmp(name, d->call->endpoint->npy_input) == 0);
}

static struct held hold(const struct decoder *d, const struct rule *rule, const struct path *path, json_t *object) {
    struct held held = {0};
    for (const char *const *name = rule->names; *name; name++) {
        const char **to = !given(d, path, object, *name) ? &held.missing : held.first ? &held.second : &held.first;
        if (!*to)
            *to = *name;
    }
    return held;
}

/* wrong_member names the member that breaks a rule; NULL: it holds. */
static const char *wrong_member(const struct rule *rule, const struct held *held) {
    switch (rule->kind) {
    case RULE_EXACTLY_ONE: return held->first ? held->second : held->missing;
    case RULE_AT_MOST_ONE: return held->second;
    case RULE_TOGETHER: return held->first ? held->missing : NULL;
    case RULE_REQUIRES: return held->first == rule->names[0] && held->missing ? held->first : NULL;
    case RULE_END: break;
    }
    return NULL;
}

static enum status check_rule(struct decoder *d, const struct rule *rule, const struct path *path, json_t *object) {
    const struct held held = hold(d, rule, path, object);
    const struct path at = {.up = path, .name = wrong_member(rule, &held)};
    char names[RULE_TEXT];
    if (!at.name)
        return STATUS_OK;
    if (rule->kind == RULE_REQUIRES)
        return decoder_wrong(d, &at, "is given without %s; want it beside %s only.", held.missing, held.missing);
    rule_names(rule, "", names);
    if (rule->kind == RULE_TOGETHER)
        return decoder_wrong(d, &at, "is missing beside %s; want all of %s, or none of them.", held.first, names);
    if (!held.first)
        return decoder_wrong(d, &at, "is missing; want exactly one of %s.", names);
    return decoder_wrong(d, &at, "is given beside %s; want %s one of %s.", held.first,
                         rule->kind == RULE_EXACTLY_ONE ? "exactly" : "at most", names);
}

enum status decoder_rules(struct decoder *d, const struct rule *rules, const struct path *path, json_t *object) {
    enum status status = STATUS_OK;
    for (const struct rule *rule = rules; rule && rule->kind && status == STATUS_OK; rule++)
        status = check_rule(d, rule, path, object);
    return status;
}
