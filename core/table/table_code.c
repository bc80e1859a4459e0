#include "core/table/table_code.h"

#include <math.h>

#define LARGEST 1e30

const char *const column_kind_names[] = {"numeric", "integer", "categorical", NULL};

static bool is_label(const struct table_code *code, size_t i) { return code->label == i; }

/* -- What a column is like -- */

/* power is 10^k, exactly. */
static double power(int k) {
    double p = 1;
    for (int i = 0; i < k; i++)
        p *= 10;
    return p;
}

/* at_step is the multiple of 10^-decimals next to x: the double that prints so. */
static double at_step(double x, int decimals) { return round(x * power(decimals)) / power(decimals); }

/* decimals_of is the fewest at which x is its own multiple, at least `least`; -1: there is none. */
static int decimals_of(double x, int least) {
    for (int k = least; k <= TABLE_DECIMALS_MAX; k++)
        if (at_step(x, k) == x)
            return k;
    return -1;
}

static void fit_step(const struct table *table, const struct table_column *in, struct column_code *c) {
    for (size_t r = 0; r < table->rows && c->decimals >= 0; r++)
        if (!isnan(in->values[r]))
            c->decimals = decimals_of(in->values[r], c->decimals);
}

/* fit_scores sums twice: the squares are of what the mean leaves. */
static void fit_scores(const struct table *table, const struct table_column *in, struct column_code *c) {
    double n = 0, sum = 0, squares = 0;
    for (size_t r = 0; r < table->rows; r++)
        if (!isnan(in->values[r]))
            n++, sum += in->values[r];
    c->mean = n > 0 ? sum / n : 0;
    for (size_t r = 0; r < table->rows; r++)
        if (!isnan(in->values[r]))
            squares += (in->values[r] - c->mean) * (in->values[r] - c->mean);
    c->std = c->high > c->low ? sqrt(squares / n) : 1;
}

static bool fits(const struct table_column *in, double x) {
    if (in->kind == COLUMN_CATEGORICAL)
        return x >= 0 && x < (double)in->categories && x == floor(x);
    return fabs(x) <= LARGEST && (in->kind == COLUMN_NUMERIC || x == floor(x));
}

static enum status fit_range(struct ctx *ctx, const struct table *table, size_t i, struct column_code *c) {
    const struct table_column *in = &table->columns[i];
    c->low = (double)INFINITY, c->high = (double)-INFINITY;
    for (size_t r = 0; r < table->rows; r++) {
        double x = in->values[r];
        c->gaps |= isnan(x);
        if (isnan(x))
            continue;
        if (!fits(in, x))
            return ctx_fail(ctx, STATUS_INVALID, "/rows", "Row %zu has %.9g in column %zu; want %s.", r, x, i,
                            in->kind == COLUMN_CATEGORICAL ? "one of its categories"
                            : in->kind == COLUMN_INTEGER   ? "an integer from -1e30 to 1e30"
                                                           : "a number from -1e30 to 1e30");
        c->low = x < c->low ? x : c->low;
        c->high = x > c->high ? x : c->high;
    }
    if (c->low > c->high)
        c->low = c->high = 0;
    return STATUS_OK;
}

static enum status fit_column(struct ctx *ctx, const struct table *table, size_t i, struct column_code *c) {
    const struct table_column *in = &table->columns[i];
    *c = (struct column_code){.kind = in->kind, .categories = in->categories, .std = 1};
    enum status status = fit_range(ctx, table, i, c);
    if (status != STATUS_OK || c->kind == COLUMN_CATEGORICAL)
        return status;
    fit_scores(table, in, c);
    fit_step(table, in, c);
    return STATUS_OK;
}

/* -- Where its features are -- */

static size_t width_of(const struct column_code *c) {
    return (c->kind == COLUMN_CATEGORICAL ? c->categories : 1) + (c->gaps ? 1 : 0);
}

static bool is_code(const struct column_code *c) {
    if (c->kind == COLUMN_CATEGORICAL)
        return c->categories >= 1 && c->categories <= TABLE_CATEGORIES_MAX;
    return c->low <= c->high && fabs(c->low) <= LARGEST && fabs(c->high) <= LARGEST && fabs(c->mean) <= LARGEST &&
           c->std > 0 && c->std <= LARGEST && c->decimals >= -1 && c->decimals <= TABLE_DECIMALS_MAX;
}

static enum status check_label(struct ctx *ctx, const struct table_code *code) {
    if (code->label == TABLE_NO_LABEL)
        return STATUS_OK;
    if (code->label >= code->n || code->columns[code->label].kind != COLUMN_CATEGORICAL)
        return ctx_fail(ctx, STATUS_INVALID, "/label", "The label is no column of categories; want one.");
    return STATUS_OK;
}

enum status table_code_place(struct ctx *ctx, struct table_code *code) {
    enum status status = check_label(ctx, code);
    if (status != STATUS_OK)
        return status;
    size_t others = 0; /* beside the label's */
    code->features = 0;
    for (size_t i = 0; i < code->n; i++) {
        struct column_code *c = &code->columns[i];
        if (!is_code(c))
            return ctx_fail(ctx, STATUS_INVALID, "/columns",
                            "Column %zu has no range, scale or categories that can be.", i);
        c->first = code->features;
        c->width = is_label(code, i) && !code->joint ? 0 : width_of(c);
        code->features += c->width;
        others += is_label(code, i) ? 0 : c->width;
    }
    if (others < 1 || code->features > TABLE_FEATURES_MAX)
        return ctx_fail(
            ctx, STATUS_INVALID, "/columns",
            "The columns make %zu features beside the label's %zu (one a number, one a category, one for what may be "
            "missing); want at least one, and at most %d in all.",
            others, code->features - others, TABLE_FEATURES_MAX);
    code->classes = code->label == TABLE_NO_LABEL ? 0 : width_of(&code->columns[code->label]);
    return STATUS_OK;
}

/* class_of is what the network is told of a label. */
static int64_t class_of(const struct table_code *code, double x) {
    return (int64_t)(isnan(x) ? (double)code->columns[code->label].categories : x);
}

static enum status count_classes(struct ctx *ctx, const struct table *table, struct table_code *code) {
    if (!(code->counts = ctx_zalloc(ctx, code->classes, sizeof *code->counts)))
        return STATUS_NO_MEMORY;
    for (size_t r = 0; code->classes && r < table->rows; r++)
        code->counts[class_of(code, table->columns[code->label].values[r])]++;
    return STATUS_OK;
}

enum status table_code_fit(struct ctx *ctx, const struct table *table, size_t label, bool joint,
                           struct table_code *out) {
    *out = (struct table_code){.n = table->n, .rows = table->rows, .label = label, .joint = joint};
    if (!table->rows)
        return ctx_fail(ctx, STATUS_INVALID, "/rows", "The table has no rows; want at least one.");
    if (!(out->columns = ctx_alloc(ctx, table->n, sizeof *out->columns)))
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < table->n && status == STATUS_OK; i++)
        status = fit_column(ctx, table, i, &out->columns[i]);
    if (status == STATUS_OK)
        status = table_code_place(ctx, out);
    return status == STATUS_OK ? count_classes(ctx, table, out) : status;
}

/* -- There -- */

static void encode_categories(const struct column_code *c, double x, float *to) {
    const double at = isnan(x) ? (double)c->categories : x;
    for (size_t k = 0; k < c->width; k++)
        to[k] = at < (double)c->width ? ((double)k == at ? 1.0f : -1.0f) : 0.0f;
}

static void encode_value(const struct column_code *c, double x, float *to) {
    if (c->kind == COLUMN_CATEGORICAL) {
        encode_categories(c, x, to);
        return;
    }
    to[0] = isnan(x) ? 0 : (float)((x - c->mean) / c->std);
    if (c->gaps)
        to[1] = isnan(x) ? 1 : -1;
}

void table_encode(const struct table_code *code, const struct table *table, float *features, int64_t *labels) {
    for (size_t r = 0; r < table->rows; r++) {
        for (size_t i = 0; i < code->n; i++)
            if (code->columns[i].width)
                encode_value(&code->columns[i], table->columns[i].values[r],
                             features + r * code->features + code->columns[i].first);
        if (code->classes)
            labels[r] = class_of(code, table->columns[code->label].values[r]);
    }
}

/* -- And back -- */

static size_t greatest(const double *v, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (v[i] > v[best])
            best = i;
    return best;
}

static double decode_number(const struct column_code *c, double score) {
    double x = c->mean + c->std * score;
    x = x < c->low ? c->low : x > c->high ? c->high : x;
    return c->decimals < 0 || fabs(x) >= 0x1p52 / power(c->decimals) ? x : at_step(x, c->decimals);
}

static double category(const struct column_code *c, size_t k) { return k < c->categories ? (double)k : (double)NAN; }

static double decode_value(const struct column_code *c, const double *from) {
    if (c->kind == COLUMN_CATEGORICAL)
        return category(c, greatest(from, c->width));
    return c->gaps && from[1] > 0 ? (double)NAN : decode_number(c, from[0]);
}

void table_decode(const struct table_code *code, size_t rows, const double *features, const int64_t *labels,
                  struct table *out) {
    for (size_t i = 0; i < code->n; i++) {
        const struct column_code *c = &code->columns[i];
        double *to = out->columns[i].values;
        for (size_t r = 0; r < rows; r++)
            to[r] = is_label(code, i) && labels[r] != TABLE_DRAWN
                        ? category(c, (size_t)labels[r])
                        : decode_value(c, features + r * code->features + c->first);
    }
}

/* -- What is given -- */

void table_give(const struct table_code *code, size_t column, double value, double *given) {
    const struct column_code *c = &code->columns[column];
    float features[TABLE_CATEGORIES_MAX + 1] = {0};
    encode_value(c, value, features);
    for (size_t k = 0; k < c->width; k++)
        given[c->first + k] = (double)features[k];
}

void table_give_there(const struct table_code *code, size_t column, double *given) {
    const struct column_code *c = &code->columns[column];
    if (c->gaps)
        given[column_gap(c)] = -1;
}

void table_fill(const struct table_code *code, double *features) {
    for (size_t i = 0; i < code->n; i++)
        if (code->columns[i].gaps && code->columns[i].width)
            features[column_gap(&code->columns[i])] = (double)-INFINITY;
}

void table_groups(const struct table_code *code, uint32_t *groups, uint32_t *also) {
    uint32_t next = 0;
    for (size_t i = 0; i < code->n; i++) {
        const struct column_code *c = &code->columns[i];
        const uint32_t whole = is_label(code, i) ? TABLE_NEVER : next++;
        for (size_t k = 0; k < c->width; k++)
            groups[c->first + k] = also[c->first + k] = whole;
        if (c->gaps && !is_label(code, i))
            also[column_gap(c)] = next++;
    }
}

int64_t table_label_at(const struct table_code *code, double start, uint64_t i) {
    /* i / golden ratio, modulo 1, in integers of 2^-64: i may be large */
    const double at = start + (double)(i * UINT64_C(0x9E3779B97F4A7C15) >> 11) * 0x1p-53;
    const double place = (at - floor(at)) * (double)code->rows;
    int64_t sum = 0, last = 0;
    for (size_t k = 0; k < code->classes; k++) {
        sum += code->counts[k];
        if (code->counts[k])
            last = (int64_t)k;
        if (place < (double)sum)
            break;
    }
    return last;
}
