#include "server/options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

enum option_kind { TEXT, COUNT, BYTES, TIME };
struct option {
    enum option_kind kind;
    size_t offset;
    const char *flag, *value, *def;
    int64_t min, max;
    const char *doc;
};

static const struct option OPTIONS[] = {
#define X(kind, member, flag, value, def, min, max, doc) \
    {kind, offsetof(struct options, member), flag, value, def, min, max, doc},
    OPTION_LIST(X)
#undef X
};
enum { N_OPTIONS = sizeof OPTIONS / sizeof OPTIONS[0], NAME_MAX_BYTES = 48 };

struct suffix {
    const char *text;
    int64_t factor;
};
static const struct suffix BYTE_SUFFIXES[] = {{"", 1},        {"k", 1 << 10}, {"K", 1 << 10},
                                              {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
static const struct suffix TIME_SUFFIXES[] = {{"", 1},          {"ms", 1},          {"s", 1000},
                                              {"m", 60 * 1000}, {"h", 3600 * 1000}, {NULL, 0}};
static const struct suffix NO_SUFFIXES[] = {{"", 1}, {NULL, 0}};

static const struct suffix *suffixes(enum option_kind kind) {
    return kind == BYTES ? BYTE_SUFFIXES : kind == TIME ? TIME_SUFFIXES : NO_SUFFIXES;
}

static const char *wanted(enum option_kind kind) {
    return kind == BYTES  ? "a size such as 4096, 64k, 8M or 1G"
           : kind == TIME ? "a time such as 250 (milliseconds), 250ms, 10s, 2m or 24h"
                          : "an integer";
}

/* read_number reads digits and a suffix; false where the text is no such thing or passes int64. */
static bool read_number(const char *text, enum option_kind kind, int64_t *value) {
    const char *p = text;
    int64_t n = 0;
    while (*p >= '0' && *p <= '9')
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p++ - '0', &n))
            return false;
    if (p == text)
        return false;
    for (const struct suffix *s = suffixes(kind); s->text; s++)
        if (!strcmp(p, s->text))
            return !__builtin_mul_overflow(n, s->factor, value);
    return false;
}

/* write_size is a number as the reader would write it: 64M, 10s. */
static void write_size(char *to, size_t size, enum option_kind kind, int64_t value) {
    const struct suffix *best = suffixes(kind);
    for (const struct suffix *s = best; s->text; s++)
        if (value && value % s->factor == 0 && s->factor > best->factor)
            best = s;
    snprintf(to, size, "%lld%s", (long long)(value / best->factor), best->text);
}

static bool set(struct options *options, const struct option *o, const char *text, const char *name, char *error) {
    void *member = (char *)options + o->offset;
    if (o->kind == TEXT) {
        *(const char **)member = text;
        return true;
    }
    int64_t value;
    if (!read_number(text, o->kind, &value)) {
        snprintf(error, OPTIONS_ERROR, "%s is \"%.60s\", want %s.", name, text, wanted(o->kind));
        return false;
    }
    if (value < o->min || value > o->max) {
        char min[32], max[32];
        write_size(min, sizeof min, o->kind, o->min);
        write_size(max, sizeof max, o->kind, o->max);
        snprintf(error, OPTIONS_ERROR, "%s is \"%.60s\", want %s from %s to %s.", name, text, wanted(o->kind), min,
                 max);
        return false;
    }
    *(int64_t *)member = value;
    return true;
}

static void variable(const struct option *o, char name[NAME_MAX_BYTES]) {
    snprintf(name, NAME_MAX_BYTES, "SOLVENT_%s", o->flag);
    for (char *p = name; *p; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

void options_default(struct options *options) {
    char error[OPTIONS_ERROR];
    memset(options, 0, sizeof *options);
    for (size_t i = 0; i < N_OPTIONS; i++)
        set(options, &OPTIONS[i], OPTIONS[i].def, OPTIONS[i].flag, error);
}

static bool read_environment(struct options *options, char *error) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char name[NAME_MAX_BYTES];
        variable(&OPTIONS[i], name);
        const char *text = getenv(name);
        if (text && !set(options, &OPTIONS[i], text, name, error))
            return false;
    }
    return true;
}

static const struct option *find(const char *flag, size_t n) {
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (strlen(OPTIONS[i].flag) == n && !memcmp(OPTIONS[i].flag, flag, n))
            return &OPTIONS[i];
    return NULL;
}

/* read_flag reads argv[*i], and argv[*i + 1] where the value stands there. */
static bool read_flag(struct options *options, int argc, char **argv, int *i, char *error) {
    const char *flag = argv[*i] + 2, *equals = strchr(flag, '=');
    size_t n = equals ? (size_t)(equals - flag) : strlen(flag);
    const struct option *o = find(flag, n);
    if (!o) {
        snprintf(error, OPTIONS_ERROR, "There is no option --%.*s; see solvent --help.", (int)(n < 60 ? n : 60), flag);
        return false;
    }
    if (!equals && *i + 1 >= argc) {
        snprintf(error, OPTIONS_ERROR, "--%s wants a value: --%s %s.", o->flag, o->flag, o->value);
        return false;
    }
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "--%s", o->flag);
    return set(options, o, equals ? equals + 1 : argv[++*i], name, error);
}

bool options_parse(struct options *options, int argc, char **argv, int *n_plain, char error[OPTIONS_ERROR]) {
    *n_plain = 0;
    options_default(options);
    if (!read_environment(options, error))
        return false;
    bool flags = true;
    for (int i = 0; i < argc; i++) {
        if (flags && !strcmp(argv[i], "--"))
            flags = false;
        else if (!flags || strncmp(argv[i], "--", 2) != 0)
            argv[(*n_plain)++] = argv[i];
        else if (!read_flag(options, argc, argv, &i, error))
            return false;
    }
    return true;
}

void options_help(struct buf *out) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct option *o = &OPTIONS[i];
        char left[64], name[NAME_MAX_BYTES];
        variable(o, name);
        snprintf(left, sizeof left, "--%s %s", o->flag, o->value);
        buf_printf(out, "  %-26s %s\n  %-26s [%s%s%s]\n", left, o->doc, "", *o->def ? o->def : "empty", "; ", name);
    }
}
