#include "handlers/rule.h"

#include <stdio.h>

#include "handlers/encode.h"

void rule_names(const struct rule *rule, const char *quote, char text[RULE_TEXT]) {
    text[0] = '\0';
    for (size_t i = 0, at = 0; rule->names[i] && at < RULE_TEXT; i++) {
        const char *before = i == 0 ? "" : rule->names[i + 1] ? ", " : " and ";
        at += (size_t)snprintf(text + at, RULE_TEXT - at, "%s%s%s%s", before, quote, rule->names[i], quote);
    }
}

static void sentence(const struct rule *rule, struct buf *out) {
    if (rule->kind == RULE_REQUIRES) {
        buf_printf(out, "`%s` goes with `%s` only.", rule->names[0], rule->names[1]);
        return;
    }
    char names[RULE_TEXT];
    rule_names(rule, "`", names);
    if (rule->kind == RULE_TOGETHER)
        buf_printf(out, "%s go together.", names);
    else
        buf_printf(out, "%s one of %s is given.", rule->kind == RULE_EXACTLY_ONE ? "Exactly" : "At most", names);
}

void rules_sentences(const struct rule *rules, struct buf *out) {
    for (const struct rule *rule = rules; rule && rule->kind; rule++) {
        if (rule > rules)
            buf_byte(out, ' ');
        sentence(rule, out);
    }
}

/* names_list writes the names but the one at `without` as strings, each with `before` and `after` around it. */
static void names_list(const struct rule *rule, size_t without, const char *before, const char *after,
                       struct buf *out) {
    const char *between = "";
    for (size_t i = 0; rule->names[i]; i++) {
        if (i == without)
            continue;
        buf_printf(out, "%s%s", between, before);
        encode_text(out, rule->names[i]);
        buf_text(out, after);
        between = ",";
    }
}

/* one_of matches an object that has one of the names; for AT_MOST_ONE also one that has none of them. */
static void one_of(const struct rule *rule, struct buf *out) {
    buf_text(out, "{\"oneOf\":[");
    names_list(rule, SIZE_MAX, "{\"required\":[", "]}", out);
    if (rule->kind == RULE_AT_MOST_ONE) {
        buf_text(out, ",{\"not\":{\"anyOf\":[");
        names_list(rule, SIZE_MAX, "{\"required\":[", "]}", out);
        buf_text(out, "]}}");
    }
    buf_text(out, "]}");
}

/* dependent_required: each of TOGETHER wants all others, REQUIRES' first name the second. */
static void dependent_required(const struct rule *rule, struct buf *out) {
    buf_text(out, "{\"dependentRequired\":{");
    for (size_t i = 0; rule->names[i] && (i == 0 || rule->kind == RULE_TOGETHER); i++) {
        if (i)
            buf_byte(out, ',');
        encode_text(out, rule->names[i]);
        buf_text(out, ":[");
        names_list(rule, i, "", "", out);
        buf_byte(out, ']');
    }
    buf_text(out, "}}");
}

void rules_schema(const struct rule *rules, struct buf *out) {
    for (const struct rule *rule = rules; rule && rule->kind; rule++) {
        buf_text(out, rule == rules ? ",\"allOf\":[" : ",");
        if (rule->kind == RULE_EXACTLY_ONE || rule->kind == RULE_AT_MOST_ONE)
            one_of(rule, out);
        else
            dependent_required(rule, out);
    }
    if (rules)
        buf_byte(out, ']');
}
