/* rule.h - which members of a JSON object of a request go together, beside what each field says for itself.
 *
 *     static const struct rule RULES[] = {
 *         EXACTLY_ONE("k", "ks", "quantiles"),
 *         AT_MOST_ONE("order", "quantiles"),
 *         TOGETHER("a", "b", "c"),
 *         REQUIRES("method", "quantiles"),
 *         {0}};
 *
 * A member is given where the request has it, whatever its value. A canonical request writes out defaults, so a field
 * of a rule that has a default has `present` as well. What depends on a member's value is up to the endpoint. */
#ifndef SOLVENT_RULE_H
#define SOLVENT_RULE_H

#include "core/base/buf.h"

enum rule_kind { RULE_END, RULE_EXACTLY_ONE, RULE_AT_MOST_ONE, RULE_TOGETHER, RULE_REQUIRES };

enum { RULE_MAX_NAMES = 5, RULE_TEXT = 160 };

/* Lists of rules end with RULE_END, lists of names with NULL. */
struct rule {
    enum rule_kind kind;
    const char *names[RULE_MAX_NAMES + 1];
};

#define EXACTLY_ONE(...)                  \
    {                                     \
        RULE_EXACTLY_ONE, { __VA_ARGS__ } \
    }
#define AT_MOST_ONE(...)                  \
    {                                     \
        RULE_AT_MOST_ONE, { __VA_ARGS__ } \
    }
/* TOGETHER: all of them or none. */
#define TOGETHER(...)                  \
    {                                  \
        RULE_TOGETHER, { __VA_ARGS__ } \
    }
/* REQUIRES: the first one only beside the second. */
#define REQUIRES(name, other)          \
    {                                  \
        RULE_REQUIRES, { name, other } \
    }

/* rule_names writes "k, ks and quantiles", each name between quotes; what does not fit is cut. */
void rule_names(const struct rule *rule, const char *quote, char text[RULE_TEXT]);

/* rules_sentences writes a sentence of Markdown for each rule, with a space between two. NULL: no rules. */
void rules_sentences(const struct rule *rules, struct buf *out);

/* rules_schema writes a comma and the member "allOf" for the JSON Schema (2020-12) of the object. NULL: no rules. */
void rules_schema(const struct rule *rules, struct buf *out);

#endif
