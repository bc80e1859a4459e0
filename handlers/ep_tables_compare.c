#include <string.h>

#include "core/table/table_report.h"
#include "handlers/call.h"
#include "handlers/csv.h"
#include "handlers/table_text.h"
#include "handlers/time_limit_field.h"

enum { TEXT_MAX = 64 << 20 };

struct params {
    struct str real, drawn, held_out;
    struct array categorical;
    int64_t neighbours, time_limit_ms;

    /* prepare's: the tables, whose columns have the same categories */
    struct table_text text; /* of all rows */
    struct table tables[3]; /* in the order of PARTS */
    bool has_held_out;
};

static const struct field INPUT[] = {
    FIELD(struct params, real, STRING, "The rows that a model learnt from, as CSV with a header.", .required = true,
          .min_items = 1, .max_items = TEXT_MAX),
    FIELD(struct params, drawn, STRING, "Rows that it drew, with the same header.", .required = true, .min_items = 1,
          .max_items = TEXT_MAX),
    FIELD(struct params, held_out, STRING,
          "Real rows that it did not see, with the same header: what drawn ones are to be held against.",
          .min_items = 1, .max_items = TEXT_MAX),
    FIELD(struct params, categorical, ARRAY, "Columns of numbers whose numbers are names of categories.",
          .kinds = KIND_STRING, .min_items = 1, .max_items = TABLE_COLUMNS_MAX),
    FIELD(struct params, neighbours, INT, "k of coverage: how many neighbours a row's surroundings reach to.",
          .def = "5", FIELD_INTS(1, TABLE_NEIGHBOURS_MAX)),
    TIME_LIMIT_INPUT(struct params),
    {0}};

struct column_result {
    struct str name;
    int kind;
    double distance, missing_real, missing_drawn;
};
static const struct field COLUMN[] = {
    FIELD(struct column_result, name, STRING, "The column.", .required = true),
    FIELD(struct column_result, kind, ENUM, "What it holds.", .required = true, .names = column_kind_names),
    FIELD(struct column_result, distance, NUMBER,
          "From real to drawn, 0 to 1: the statistic of Kolmogorov and Smirnov of numbers, the total variation of "
          "categories.",
          .required = true),
    FIELD(struct column_result, missing_real, NUMBER, "The share that is missing of the real rows.", .required = true),
    FIELD(struct column_result, missing_drawn, NUMBER, "And of those drawn.", .required = true),
    {0}};

struct pair_result {
    struct str a, b;
    int measure;
    double real, drawn;
};
static const struct field PAIR[] = {
    FIELD(struct pair_result, a, STRING, "A column,", .required = true),
    FIELD(struct pair_result, b, STRING, "and another.", .required = true),
    FIELD(
        struct pair_result, measure, ENUM,
        "Pearson's correlation of numbers, the correlation ratio of categories and numbers, Cramer's V of categories; "
        "of the rows that have both.",
        .required = true, .names = pair_measure_names),
    FIELD(struct pair_result, real, NUMBER, "It of the real rows: 0, the two have nothing to do with each other.",
          .required = true),
    FIELD(struct pair_result, drawn, NUMBER, "And of those drawn.", .required = true),
    {0}};

struct rows_result {
    double wasserstein, coverage;
};
static const struct field ROWS[] = {
    FIELD(
        struct rows_result, wasserstein, NUMBER,
        "The 1-Wasserstein distance, exact, with L1 between rows; of more than 1000 rows a side, between 1000 of them.",
        .required = true),
    FIELD(struct rows_result, coverage, NUMBER,
          "The share of these rows that have a drawn one among their k nearest neighbours.", .required = true),
    {0}};

struct nearest_result {
    double least, median, mean;
    int64_t copies;
};
static const struct field NEAREST[] = {
    FIELD(struct nearest_result, least, NUMBER, "The least distance from such a row to its nearest real one.",
          .required = true),
    FIELD(struct nearest_result, median, NUMBER, "The median of these distances.", .required = true),
    FIELD(struct nearest_result, mean, NUMBER, "Their mean.", .required = true),
    FIELD(struct nearest_result, copies, INT, "Rows that are a real one in every column.", .required = true),
    {0}};

struct result {
    struct list columns, pairs;
    bool has_pairs;
    double pairs_off;
    struct rows_result to_real, to_held_out;
    struct nearest_result drawn_nearest, held_out_nearest;
    bool has_held_out;
};
static const struct field OUTPUT[] = {
    FIELD(struct result, columns, LIST, "Column by column.", .required = true, .fields = COLUMN,
          .size = sizeof(struct column_result)),
    FIELD(struct result, pairs, LIST,
          "Any two columns: what was learnt of how they go together. Of tables of 2 to 128 columns.",
          .present = offsetof(struct result, has_pairs), .fields = PAIR, .size = sizeof(struct pair_result)),
    FIELD(struct result, pairs_off, NUMBER, "The mean over them of how far drawn is from real.",
          .present = offsetof(struct result, has_pairs)),
    FIELD(struct result, to_real, OBJECT, "Drawn rows and the real ones.", .required = true, .fields = ROWS),
    FIELD(struct result, to_held_out, OBJECT, "Drawn rows and those held out.",
          .present = offsetof(struct result, has_held_out), .fields = ROWS),
    FIELD(struct result, drawn_nearest, OBJECT, "How near drawn rows are to real ones.", .required = true,
          .fields = NEAREST),
    FIELD(struct result, held_out_nearest, OBJECT,
          "How near rows held out are to real ones: drawn rows that are much nearer are remembered, not drawn.",
          .present = offsetof(struct result, has_held_out), .fields = NEAREST),
    {0}};

/* -- Reading -- */

enum { REAL, DRAWN, HELD_OUT, PARTS };
static const char *const POINTERS[PARTS] = {"/real", "/drawn", "/held_out"};

/* header_end is where the header's line ends; all parts have to have the same. */
static size_t header_end(struct str text) {
    const char *end = memchr(text.p, '\n', text.n);
    return end ? (size_t)(end - text.p) + 1 : text.n;
}

static bool same_header(struct str a, struct str b) {
    const size_t n = header_end(a), m = header_end(b);
    return n == m && !memcmp(a.p, b.p, n);
}

/* count_rows reads a part by itself, for its number of rows and what is wrong with it. */
static enum status count_rows(struct call *call, struct str text, int part, size_t *rows) {
    struct ctx_mark mark = ctx_mark(&call->ctx);
    struct csv alone;
    enum status status = csv_read(&call->ctx, POINTERS[part] + 1, text.p, text.n, &alone);
    if (status == STATUS_INVALID || status == STATUS_TOO_LARGE)
        strcpy(call->ctx.err.pointer, POINTERS[part]);
    *rows = status == STATUS_OK ? alone.rows : 0;
    ctx_rewind(&call->ctx, mark);
    return status;
}

/* join writes the rows of all parts under one header, so that categories and kinds are those of all. */
static enum status join(struct call *call, const struct str parts[PARTS], struct str *out) {
    size_t room = 0;
    for (int i = 0; i < PARTS; i++)
        room += parts[i].n + 1;
    char *p = ctx_alloc(&call->ctx, room, 1);
    if (!p)
        return STATUS_NO_MEMORY;
    *out = (struct str){p, 0};
    for (int i = 0; i < PARTS && parts[i].n; i++) {
        const size_t skip = i ? header_end(parts[i]) : 0;
        memcpy(p + out->n, parts[i].p + skip, parts[i].n - skip);
        out->n += parts[i].n - skip;
        p[out->n++] = '\n';
    }
    return STATUS_OK;
}

/* share_out makes each part a table of its rows. */
static enum status share_out(struct call *call, struct params *p, const size_t rows[PARTS]) {
    const struct table *all = &p->text.table;
    size_t first = 0;
    for (int k = 0; k < PARTS; first += rows[k++]) {
        struct table_column *columns = ctx_alloc(&call->ctx, all->n, sizeof *columns);
        if (!columns)
            return STATUS_NO_MEMORY;
        for (size_t i = 0; i < all->n; i++) {
            columns[i] = all->columns[i];
            columns[i].values += first;
        }
        p->tables[k] = (struct table){rows[k], all->n, columns};
    }
    return STATUS_OK;
}

static enum status prepare(struct call *call, void *params) {
    struct params *p = params;
    const struct str parts[PARTS] = {p->real, p->drawn, p->held_out};
    size_t rows[PARTS] = {0};
    struct str joined;
    enum status status = STATUS_OK;
    for (int i = 0; i < PARTS && status == STATUS_OK; i++)
        if (parts[i].n && i && !same_header(parts[REAL], parts[i]))
            status = call_fail(call, STATUS_INVALID, POINTERS[i],
                               "The first line is not that of real; want the same columns.");
        else if (parts[i].n)
            status = count_rows(call, parts[i], i, &rows[i]);
    p->has_held_out = p->held_out.n > 0;
    if (status == STATUS_OK)
        status = join(call, parts, &joined);
    if (status == STATUS_OK)
        status = table_text_read(&call->ctx, "/real", joined, &p->categorical, (struct str){0}, &p->text);
    if (status == STATUS_OK && p->text.table.rows != rows[REAL] + rows[DRAWN] + rows[HELD_OUT])
        status = call_fail(call, STATUS_INVALID, "/real", "The first line is a row of numbers; want a header.");
    return status == STATUS_OK ? share_out(call, p, rows) : status;
}

/* -- The report -- */

static uint64_t cost(const void *params) {
    const struct params *p = params;
    const double n = (double)p->tables[REAL].rows, drawn = (double)p->tables[DRAWN].rows;
    const double held_out = (double)p->tables[HELD_OUT].rows, most = 2 * TABLE_REPORT_CARRIED;
    const double carried = (n < most ? n : most) + (drawn < most ? drawn : most);
    const double columns = (double)p->tables[REAL].n, pairs = columns <= TABLE_PAIRED ? columns * columns / 2 : 0;
    return (uint64_t)(8 * pairs * (n + drawn) +
                      ((n + held_out) * (n + drawn) + held_out * n) * (double)p->tables[REAL].n +
                      carried * carried * carried);
}

static enum status name_columns(struct call *call, const struct params *p, const struct table_report *report,
                                struct result *out) {
    const size_t n = p->text.names.n;
    struct column_result *list = ctx_alloc(&call->ctx, n, sizeof *list);
    if (!list)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct column_report *c = &report->columns[i];
        list[i] = (struct column_result){p->text.names.columns[i], (int)p->text.table.columns[i].kind, c->distance,
                                         c->missing_real, c->missing_drawn};
    }
    out->columns = (struct list){n, list};
    return STATUS_OK;
}

static enum status name_pairs(struct call *call, const struct params *p, const struct table_report *report,
                              struct result *out) {
    struct pair_result *list = ctx_alloc(&call->ctx, report->n_pairs + 1, sizeof *list);
    if (!list)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < report->n_pairs; i++) {
        const struct pair_report *pair = &report->pairs[i];
        list[i] = (struct pair_result){p->text.names.columns[pair->a], p->text.names.columns[pair->b],
                                       (int)pair->measure, pair->real, pair->drawn};
    }
    out->has_pairs = report->n_pairs > 0;
    out->pairs = (struct list){report->n_pairs, list};
    out->pairs_off = report->pairs_off;
    return STATUS_OK;
}

static struct nearest_result nearest_of(const struct nearness *n) {
    return (struct nearest_result){n->least, n->median, n->mean, (int64_t)n->copies};
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *p = params;
    struct result *out = result;
    struct table_report report;
    const struct table_report_in in = {&p->tables[REAL], &p->tables[DRAWN],
                                       p->has_held_out ? &p->tables[HELD_OUT] : NULL, (size_t)p->neighbours};
    enum status status = table_report_make(&call->ctx, &in, &report);
    if (status != STATUS_OK)
        return status;
    *out = (struct result){.to_real = {report.real.wasserstein, report.real.coverage},
                           .to_held_out = {report.held_out.wasserstein, report.held_out.coverage},
                           .drawn_nearest = nearest_of(&report.drawn_to_real),
                           .held_out_nearest = nearest_of(&report.held_out_to_real),
                           .has_held_out = p->has_held_out};
    status = name_columns(call, p, &report, out);
    return status == STATUS_OK ? name_pairs(call, p, &report, out) : status;
}

const struct endpoint ep_tables_compare = {
    .method = "POST",
    .route = "/v1/tables/compare",
    .version = 2,
    .title = "Drawn rows beside real ones",
    .doc =
        "How near the rows that a model drew are to those it learnt from and to those it never saw, column by column "
        "in pairs of columns and as a whole, and whether it copied. Distances between rows are L1: numbers scaled to 0 "
        "to 1 by the real "
        "rows' range, 1 between different categories. At most 20000 rows a table.",
    .source = "Naeem et al. 2020 (coverage); Cramer 1946 (V); the protocol of Jolicoeur-Martineau et al. 2024",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"real\":\"side,weight\\nheads,5.0\\ntails,5.2\\nheads,5.4\\n\","
               "\"drawn\":\"side,weight\\nheads,5.1\\ntails,5.2\\n\",\"neighbours\":1}",
    .answer =
        "{\"columns\":[{\"name\":\"side\",\"kind\":\"categorical\",\"distance\":0.16666666666666666,\"missing_re"
        "al\":0.0,\"missing_drawn\":0.0},{\"name\":\"weight\",\"kind\":\"numeric\",\"distance\":0.33333333333333"
        "337,\"missing_real\":0.0,\"missing_drawn\":0.0}],\"pairs\":[{\"a\":\"side\",\"b\":\"weight\",\"measure\":\""
        "correlation-ratio\",\"real\":0.0,\"drawn\":1.0}],\"pairs_off\":1.0,\"to_real\":{\"wasserstein\":0.458"
        "3333333333332,\"coverage\":1.0},\"drawn_nearest\":{\"least\":0.0,\"median\":0.12499999999999944,\"m"
        "ean\":0.12499999999999944,\"copies\":1}}",
    .prepare = prepare,
    .cost = cost,
    .run = run,
};
