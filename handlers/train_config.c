#include "handlers/train_config.h"

#include <stdio.h>
#include <string.h>

#include "handlers/encode.h"
#include "handlers/json_file.h"
#include "handlers/number.h"
#include "handlers/spelling.h"

const char *const train_networks[] = {"auto", "unet", "mlp", "dit", NULL};
const char *const train_paths[] = {"flow", "ddpm-linear", "ddpm-scaled-linear", "ddpm-cosine", "edm", NULL};
const char *const train_predictions[] = {"auto", "x0", "eps", "v", "velocity", "edm", NULL};
const char *const train_couplings[] = {"independent", "ot", NULL};
const char *const train_dtypes[] = {"f32", "bf16", "f16", NULL}; /* in the order of enum gradient_dtype */
const char *const train_keeps[] = {"last", "best", NULL};
const char *const train_times[] = {"auto", "uniform", "logit-normal", "log-normal", NULL};

enum option_kind { TEXT, COUNT, REAL, FLAG, CHOICE, SIZES };

struct option {
    enum option_kind kind;
    const char *name, *def;
    size_t offset;
    double least, greatest;
    const char *const *words;
    bool of_result;
    const char *doc;
};

static const struct option OPTIONS[] = {
#define X(kind, member, def, least, greatest, words, of_result, doc) \
    {kind, #member, def, offsetof(struct train_config, member), least, greatest, words, of_result, doc},
    TRAIN_OPTIONS(X)
#undef X
};

/* An option that is being set: who names it, for sentences. */
struct setting {
    struct ctx *ctx;
    const struct option *o;
    const char *where; /* "--lr" or "lr of train.json" */
    struct train_config *c;
};

static void *member(const struct setting *s) { return (char *)s->c + s->o->offset; }

/* -- One value -- */

static void list_words(const char *const *words, char *list, size_t room) {
    size_t n = 0;
    *list = '\0';
    for (; *words && n < room; words++)
        n += (size_t)snprintf(list + n, room - n, "%s%s", n ? ", " : "", *words);
}

static enum status wants(const struct setting *s, const char *is) {
    static const char *const TYPES[] = {
        [TEXT] = "a text", [COUNT] = "an integer", [REAL] = "a number", [SIZES] = "1 to 8 integers"};
    char list[200];
    if (s->o->kind == CHOICE || s->o->kind == FLAG) {
        static const char *const FLAGS[] = {"true", "false", NULL};
        list_words(s->o->kind == FLAG ? FLAGS : s->o->words, list, sizeof list);
        return ctx_fail(s->ctx, STATUS_INVALID, "", "%s is %.60s, want one of %s.", s->where, is, list);
    }
    is = *is ? is : "empty";
    if (s->o->kind == TEXT)
        return ctx_fail(s->ctx, STATUS_INVALID, "", "%s is %.60s, want a text.", s->where, is);
    return ctx_fail(s->ctx, STATUS_INVALID, "", "%s is %.60s, want %s from %.16g to %.16g.", s->where, is,
                    TYPES[s->o->kind], s->o->least, s->o->greatest);
}

static enum status set_text(const struct setting *s, const char *text) {
    size_t n = strlen(text) + 1;
    char *copy = ctx_alloc(s->ctx, n, 1);
    if (!copy)
        return STATUS_NO_MEMORY;
    *(const char **)member(s) = memcpy(copy, text, n);
    return STATUS_OK;
}

static enum status set_word(const struct setting *s, const char *text) {
    for (int i = 0; s->o->words[i]; i++)
        if (!strcmp(s->o->words[i], text)) {
            *(int *)member(s) = i;
            return STATUS_OK;
        }
    return wants(s, text);
}

static bool within(const struct option *o, double x) { return x >= o->least && x <= o->greatest; }

static enum status set_count(const struct setting *s, const char *text, size_t n, int64_t *to) {
    char is[64];
    snprintf(is, sizeof is, "%.*s", (int)(n < 60 ? n : 60), text);
    if (number_read_int(text, n, to) != NUMBER_OK || !within(s->o, (double)*to))
        return wants(s, is);
    return STATUS_OK;
}

static enum status set_sizes(const struct setting *s, const char *text) {
    struct sizes sizes = {0};
    for (const char *p = text;; p++) {
        size_t n = strcspn(p, ",");
        int64_t v;
        if (sizes.n == TRAIN_SIZES_MAX)
            return wants(s, text);
        enum status status = set_count(s, p, n, &v);
        if (status != STATUS_OK)
            return status;
        sizes.v[sizes.n++] = (size_t)v;
        p += n;
        if (!*p)
            break;
    }
    *(struct sizes *)member(s) = sizes;
    return STATUS_OK;
}

static enum status set(const struct setting *s, const char *text) {
    int64_t count = 0;
    double real = 0;
    enum status status;
    switch (s->o->kind) {
    case TEXT: return set_text(s, text);
    case CHOICE: return set_word(s, text);
    case SIZES: return set_sizes(s, text);
    case FLAG:
        *(bool *)member(s) = !strcmp(text, "true");
        return !strcmp(text, "true") || !strcmp(text, "false") ? STATUS_OK : wants(s, text);
    case COUNT:
        status = set_count(s, text, strlen(text), &count);
        if (status == STATUS_OK)
            *(int64_t *)member(s) = count;
        return status;
    case REAL:
        if (number_read_real(text, strlen(text), &real) != NUMBER_OK || !within(s->o, real))
            return wants(s, text);
        *(double *)member(s) = real;
        return STATUS_OK;
    }
    return STATUS_INTERNAL;
}

void train_config_default(struct train_config *c) {
    struct ctx none;
    ctx_init(&none, 0);
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < COUNT_OF(OPTIONS); i++) {
        const struct setting s = {&none, &OPTIONS[i], OPTIONS[i].name, c};
        if (OPTIONS[i].kind == TEXT) /* it is constant and needs no copy */
            *(const char **)member(&s) = OPTIONS[i].def;
        else
            (void)!set(&s, OPTIONS[i].def);
    }
    ctx_release(&none);
}

void train_config_tables(struct train_config *c, bool label) {
    c->steps = 3000;
    c->batch = 120;
    c->num_blocks = 2;
    c->warmup = 100;
    if (label)
        c->label_drop = 0.3; /* so often it is drawn with the rest, where other columns are given */
}

/* same_name takes '-' for '_'. */
static bool same_name(const char *a, const char *b) {
    while (*a && (*a == '-' ? '_' : *a) == *b)
        a++, b++;
    return !*a && !*b;
}

/* as_word writes an option as the command line has it. */
static void as_word(const char *name, char word[64]) {
    snprintf(word, 64, "--%s", name);
    for (char *p = word; (p = strchr(p, '_'));)
        *p = '-';
}

/* no_option names the option that was meant, where one is near. */
static enum status no_option(struct ctx *ctx, const char *where) {
    const struct str given = {where, strlen(where)};
    size_t best = SPELLING_NEAR + 1;
    char name[64], nearest[64] = "";
    for (size_t i = 0; i < COUNT_OF(OPTIONS); i++) {
        as_word(OPTIONS[i].name, name);
        const size_t distance = edit_distance(given, (struct str){name, strlen(name)});
        if (distance < best) {
            best = distance;
            memcpy(nearest, name, sizeof nearest);
        }
    }
    if (!*nearest)
        return ctx_fail(ctx, STATUS_INVALID, "", "There is no option %s; see solvent train --help.", where);
    return ctx_fail(ctx, STATUS_INVALID, "", "There is no option %s; did you mean %s?", where, nearest);
}

enum status train_config_set(struct ctx *ctx, const char *name, const char *text, struct train_config *c) {
    char where[64];
    snprintf(where, sizeof where, "--%.50s", name);
    for (size_t i = 0; i < COUNT_OF(OPTIONS); i++)
        if (same_name(name, OPTIONS[i].name))
            return set(&(struct setting){ctx, &OPTIONS[i], where, c}, text);
    return no_option(ctx, where);
}

/* -- A file -- */

static bool list_as_text(const json_t *list, char *to, size_t room) {
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_integer(v) || n >= room)
            return false;
        n += (size_t)snprintf(to + n, room - n, "%s%lld", i ? "," : "", (long long)json_integer_value(v));
    }
    return n < room;
}

/* as_text writes a JSON value as the command line has it; false: no option is of that type. */
static bool as_text(enum option_kind kind, const json_t *value, char *to, size_t room) {
    *to = '\0';
    switch (json_typeof(value)) {
    case JSON_STRING:
        return snprintf(to, room, "%s", json_string_value(value)) < (int)room && (kind == TEXT || kind == CHOICE);
    case JSON_INTEGER: snprintf(to, room, "%lld", (long long)json_integer_value(value)); break;
    case JSON_REAL: to[number_format_real(to, json_real_value(value))] = '\0'; break;
    case JSON_TRUE:
    case JSON_FALSE: snprintf(to, room, "%s", json_is_true(value) ? "true" : "false"); return kind == FLAG;
    case JSON_ARRAY: return kind == SIZES && list_as_text(value, to, room);
    default: return false;
    }
    return kind == COUNT || kind == REAL;
}

static enum status read_member(const struct setting *s, const json_t *value) {
    enum { ROOM = 4096 };
    char text[ROOM];
    return as_text(s->o->kind, value, text, sizeof text) ? set(s, text) : wants(s, "of another type");
}

enum status train_config_read(struct ctx *ctx, const char *file, struct str text, struct train_config *c) {
    json_t *object = NULL, *value;
    const char *name;
    enum status status = json_file_object(ctx, file, text, &object);
    if (status != STATUS_OK)
        return status;
    json_object_foreach(object, name, value) {
        char where[160];
        size_t i = 0;
        while (i < COUNT_OF(OPTIONS) && strcmp(name, OPTIONS[i].name) != 0)
            i++;
        snprintf(where, sizeof where, "%s of %.80s", i < COUNT_OF(OPTIONS) ? OPTIONS[i].name : "", file);
        status = i < COUNT_OF(OPTIONS)
                     ? read_member(&(struct setting){ctx, &OPTIONS[i], where, c}, value)
                     : ctx_fail(ctx, STATUS_INVALID, "",
                                "%.80s has the unknown option %.60s; see solvent train --help.", file, name);
        if (status != STATUS_OK)
            break;
    }
    json_decref(object);
    return status;
}

static void write_sizes(const struct sizes *sizes, struct buf *out) {
    for (size_t i = 0; i < sizes->n; i++)
        buf_printf(out, "%s%zu", i ? ", " : "[", sizes->v[i]);
    buf_byte(out, ']');
}

static void write_value(const struct option *o, const struct train_config *c, struct buf *out) {
    const void *at = (const char *)c + o->offset;
    switch (o->kind) {
    case TEXT: encode_text(out, *(const char *const *)at); break;
    case COUNT: buf_printf(out, "%lld", (long long)*(const int64_t *)at); break;
    case REAL: number_write_real(out, *(const double *)at); break;
    case FLAG: buf_text(out, *(const bool *)at ? "true" : "false"); break;
    case CHOICE: encode_text(out, o->words[*(const int *)at]); break;
    case SIZES: write_sizes(at, out); break;
    }
}

void train_config_write(const struct train_config *c, struct buf *out) {
    for (size_t i = 0; i < COUNT_OF(OPTIONS); i++) {
        buf_printf(out, "%s  \"%s\": ", i ? ",\n" : "{\n", OPTIONS[i].name);
        write_value(&OPTIONS[i], c, out);
    }
    buf_text(out, "\n}\n");
}

/* same_value compares the values as they are written, and shows both. */
static bool same_value(const struct option *o, const struct train_config *a, const struct train_config *b,
                       char is[TRAIN_VALUE], char wanted[TRAIN_VALUE]) {
    struct buf x, y;
    buf_init(&x, 1 << 20);
    buf_init(&y, 1 << 20);
    write_value(o, a, &x);
    write_value(o, b, &y);
    bool same = x.n == y.n && !memcmp(x.data, y.data, x.n);
    snprintf(is, TRAIN_VALUE, "%.*s", (int)x.n, x.data);
    snprintf(wanted, TRAIN_VALUE, "%.*s", (int)y.n, y.data);
    buf_release(&x);
    buf_release(&y);
    return same;
}

void train_config_result(const struct train_config *c, struct buf *out) {
    struct train_config plain;
    char is[TRAIN_VALUE], wanted[TRAIN_VALUE];
    train_config_default(&plain);
    plain.steps = c->steps;
    for (size_t i = 0; i < COUNT_OF(OPTIONS); i++)
        if (OPTIONS[i].of_result && !same_value(&OPTIONS[i], &plain, c, is, wanted)) {
            buf_printf(out, "%s ", OPTIONS[i].name);
            write_value(&OPTIONS[i], c, out);
            buf_byte(out, '\n');
        }
}

const char *train_config_differs(const struct train_config *a, const struct train_config *b, char is[TRAIN_VALUE],
                                 char wanted[TRAIN_VALUE]) {
    for (size_t i = 0; i < COUNT_OF(OPTIONS); i++)
        if (OPTIONS[i].of_result && !same_value(&OPTIONS[i], a, b, is, wanted))
            return OPTIONS[i].name;
    return NULL;
}

void train_config_help(struct buf *out) {
    for (size_t i = 0; i < COUNT_OF(OPTIONS); i++) {
        static const char *const VALUES[] = {"TEXT", "N", "X", "BOOL", "WORD", "N,N,..."};
        const struct option *o = &OPTIONS[i];
        char word[64], left[80], list[200] = "";
        as_word(o->name, word);
        snprintf(left, sizeof left, "%s %s", word, VALUES[o->kind]);
        if (o->words)
            list_words(o->words, list, sizeof list);
        buf_printf(out, "  %-26s %s%s%s\n  %-26s [%s]\n", left, o->doc, o->words ? ": " : "", list, "",
                   *o->def ? o->def : "empty");
    }
}
