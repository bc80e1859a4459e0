#include "handlers/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/number.h"

enum { NUMBER_MAX = 400 };

struct reading {
    struct ctx *ctx;
    const char *file, *p, *end;
    char separator;
    size_t line;       /* of p, from 1 */
    size_t rows, n;    /* lines of fields; fields in each */
    struct str *cells; /* [rows][n] */
};

/* -- Fields -- */

/* unquote joins doubled quotes, in ctx where there are any. */
static enum status unquote(struct reading *r, const char *from, size_t n, struct str *out) {
    char *to = memchr(from, '"', n) ? ctx_alloc(r->ctx, n, 1) : NULL;
    *out = (struct str){from, n};
    if (!memchr(from, '"', n))
        return STATUS_OK;
    if (!to)
        return STATUS_NO_MEMORY;
    out->p = to;
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        to[out->n++] = from[i];
        i += from[i] == '"';
    }
    return STATUS_OK;
}

static bool at_end(const struct reading *r) {
    return r->p == r->end || *r->p == '\n' || (*r->p == '\r' && (r->p + 1 == r->end || r->p[1] == '\n'));
}

/* read_quoted reads from behind the opening quote to behind the closing one. */
static enum status read_quoted(struct reading *r, struct str *out) {
    const char *from = r->p, *p = from;
    const size_t line = r->line;
    for (; p < r->end && (*p != '"' || (p + 1 < r->end && p[1] == '"')); p += *p == '"' ? 2 : 1)
        r->line += *p == '\n';
    if (p == r->end)
        return ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s, line %zu: the quote is not closed.", r->file, line);
    r->p = p + 1;
    if (!at_end(r) && *r->p != r->separator)
        return ctx_fail(r->ctx, STATUS_INVALID, "",
                        "%.100s, line %zu: text follows the closing quote; want a separator or the line's end.",
                        r->file, r->line);
    return unquote(r, from, (size_t)(p - from), out);
}

static bool blank(char c) { return c == ' ' || c == '\t'; }

static enum status read_field(struct reading *r, struct str *out) {
    if (r->p < r->end && *r->p == '"') {
        r->p++;
        return read_quoted(r, out);
    }
    const char *from = r->p;
    while (!at_end(r) && *r->p != r->separator)
        r->p++;
    const char *to = r->p;
    while (from < to && blank(*from))
        from++;
    while (to > from && blank(to[-1]))
        to--;
    *out = (struct str){from, (size_t)(to - from)};
    return STATUS_OK;
}

static void skip_line_end(struct reading *r) {
    r->p += r->p < r->end && *r->p == '\r';
    r->line += r->p < r->end;
    r->p += r->p < r->end;
}

static void skip_empty_lines(struct reading *r) {
    while (r->p < r->end && at_end(r))
        skip_line_end(r);
}

/* read_line reads one line's fields to `to`, of which there is room for `room`; *n counts them. */
static enum status read_line(struct reading *r, struct str *to, size_t room, size_t *n) {
    *n = 0;
    for (;;) {
        struct str beyond;
        enum status status = read_field(r, *n < room ? &to[*n] : &beyond);
        if (status != STATUS_OK)
            return status;
        ++*n;
        if (at_end(r))
            break;
        r->p++; /* the separator */
    }
    skip_line_end(r);
    return STATUS_OK;
}

/* -- The whole table -- */

/* choose_separator counts outside of quotes. */
static char choose_separator(const struct reading *r) {
    static const char MARKS[] = ",;\t";
    size_t counts[3] = {0}, best = 0;
    bool quoted = false;
    for (const char *p = r->p; p < r->end && (quoted || *p != '\n'); p++) {
        quoted ^= *p == '"';
        for (size_t i = 0; i < 3; i++)
            counts[i] += !quoted && *p == MARKS[i];
    }
    for (size_t i = 1; i < 3; i++)
        if (counts[i] > counts[best])
            best = i;
    return MARKS[best];
}

/* count_lines is at least the number of lines with fields. */
static size_t count_lines(const struct reading *r) {
    size_t lines = 1;
    for (const char *p = r->p; p < r->end; p++)
        lines += *p == '\n';
    return lines;
}

static enum status read_first(struct reading *r) {
    struct str *first = ctx_alloc(r->ctx, CSV_COLUMNS_MAX, sizeof *first);
    if (!first)
        return STATUS_NO_MEMORY;
    skip_empty_lines(r);
    if (r->p == r->end)
        return ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s is empty.", r->file);
    r->separator = choose_separator(r);
    enum status status = read_line(r, first, CSV_COLUMNS_MAX, &r->n);
    if (status == STATUS_OK && r->n > CSV_COLUMNS_MAX)
        return ctx_fail(r->ctx, STATUS_TOO_LARGE, "", "%.100s has %zu columns, want at most %d.", r->file, r->n,
                        CSV_COLUMNS_MAX);
    if (status != STATUS_OK)
        return status;
    size_t lines = count_lines(r) + 1;
    if (lines > CSV_ROWS_MAX)
        return ctx_fail(r->ctx, STATUS_TOO_LARGE, "", "%.100s has more than %d rows.", r->file, CSV_ROWS_MAX);
    r->cells = ctx_alloc(r->ctx, lines * r->n, sizeof *r->cells);
    if (!r->cells)
        return STATUS_NO_MEMORY;
    memcpy(r->cells, first, r->n * sizeof *first);
    r->rows = 1;
    return STATUS_OK;
}

static enum status read_rest(struct reading *r) {
    for (skip_empty_lines(r); r->p < r->end; skip_empty_lines(r)) {
        size_t n = 0, line = r->line;
        enum status status = ctx_stopped(r->ctx);
        if (status == STATUS_OK)
            status = read_line(r, r->cells + r->rows * r->n, r->n, &n);
        if (status != STATUS_OK)
            return status;
        if (n != r->n)
            return ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s, line %zu has %zu fields, want %zu as the first line.",
                            r->file, line, n, r->n);
        r->rows++;
    }
    return STATUS_OK;
}

/* -- Columns -- */

static bool is_missing(struct str s) {
    static const char *const WORDS[] = {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"};
    for (size_t i = 0; i < COUNT_OF(WORDS); i++)
        if (s.n == strlen(WORDS[i]) && !memcmp(s.p, WORDS[i], s.n))
            return true;
    return false;
}

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* read_number takes what JSON writes, and +5, .5, 5. besides, by putting the digit there that JSON wants. */
static enum number_error read_number(struct str s, double *value) {
    char text[NUMBER_MAX];
    size_t n = 0, i = s.n && s.p[0] == '+', points = 0;
    if (s.n > NUMBER_MAX - 3)
        return number_read_real(s.p, s.n, value);
    if (i < s.n && s.p[i] == '-') {
        if (i)
            return NUMBER_SYNTAX; /* +-5 */
        text[n++] = s.p[i++];
    }
    if (i < s.n && s.p[i] == '.' && i + 1 < s.n && digit(s.p[i + 1]))
        text[n++] = '0';
    for (; i < s.n; i++) {
        points += s.p[i] == '.';
        if (points > 1) /* each may be followed by a digit more */
            return NUMBER_SYNTAX;
        text[n++] = s.p[i];
        if (s.p[i] == '.' && i && digit(s.p[i - 1]) && (i + 1 == s.n || !digit(s.p[i + 1])))
            text[n++] = '0';
    }
    return number_read_real(text, n, value);
}

static bool is_number(struct str s) {
    double value;
    enum number_error e = read_number(s, &value);
    return e == NUMBER_OK || e == NUMBER_RANGE;
}

static bool has_header(const struct reading *r) {
    size_t missing = 0;
    for (size_t i = 0; i < r->n; i++) {
        bool is = is_missing(r->cells[i]);
        missing += is;
        if (!is && is_number(r->cells[i]))
            return false;
    }
    return missing < r->n;
}

/* A column's fields: the first, and how far apart they lie. */
struct fields {
    const struct reading *r;
    const struct str *first;
    size_t rows, column;
};
static struct str field(const struct fields *f, size_t row) { return f->first[row * f->r->n + f->column]; }

static enum status read_numbers(const struct fields *f, struct csv_column *c) {
    if (!(c->numbers = ctx_alloc(f->r->ctx, f->rows, sizeof *c->numbers)))
        return STATUS_NO_MEMORY;
    c->whole = true;
    for (size_t i = 0; i < f->rows; i++) {
        struct str s = field(f, i);
        c->numbers[i] = (double)NAN;
        if (is_missing(s))
            continue;
        if (read_number(s, &c->numbers[i]) != NUMBER_OK)
            return ctx_fail(f->r->ctx, STATUS_INVALID, "", "%.100s, row %zu: %.*s is out of the range of numbers.",
                            f->r->file, i + 1, (int)(s.n < 40 ? s.n : 40), s.p);
        c->whole &= c->numbers[i] == floor(c->numbers[i]);
    }
    return STATUS_OK;
}

static int by_bytes(const void *a, const void *b) {
    const struct str *x = a, *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

static enum status read_categories(const struct fields *f, struct csv_column *c) {
    struct str *list = ctx_alloc(f->r->ctx, f->rows, sizeof *list);
    c->codes = ctx_alloc(f->r->ctx, f->rows, sizeof *c->codes);
    if (!list || !c->codes)
        return STATUS_NO_MEMORY;
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < f->rows; i++)
        if (!is_missing(list[n] = field(f, i)))
            n++;
    qsort(list, n, sizeof *list, by_bytes);
    for (size_t i = 0; i < n; i++)
        if (!kept || by_bytes(&list[kept - 1], &list[i]))
            list[kept++] = list[i];
    c->n_categories = kept;
    c->categories = list;
    for (size_t i = 0; i < f->rows; i++) {
        struct str s = field(f, i);
        const struct str *found = is_missing(s) ? NULL : bsearch(&s, list, kept, sizeof *list, by_bytes);
        c->codes[i] = found ? found - list : -1;
    }
    return STATUS_OK;
}

static enum status read_column(const struct fields *f, struct csv_column *c) {
    c->number = true;
    for (size_t i = 0; i < f->rows; i++) {
        bool missing = is_missing(field(f, i));
        c->missing += missing;
        c->number = c->number && (missing || is_number(field(f, i)));
    }
    c->number = c->number && c->missing < f->rows; /* nothing is known of what is missing everywhere */
    return c->number ? read_numbers(f, c) : read_categories(f, c);
}

static enum status name_column(struct reading *r, size_t i, bool header, struct str *out) {
    enum { ROOM = 32 };
    *out = r->cells[i];
    if (header && out->n) /* a table that was written with its index has no name for it */
        return STATUS_OK;
    char *text = ctx_alloc(r->ctx, ROOM, 1);
    if (!text)
        return STATUS_NO_MEMORY;
    *out = (struct str){text, (size_t)snprintf(text, ROOM, "column_%zu", i + 1)};
    return STATUS_OK;
}

static enum status read_columns(struct reading *r, struct csv *out) {
    bool header = has_header(r);
    out->n = r->n;
    out->rows = r->rows - header;
    out->columns = ctx_zalloc(r->ctx, r->n, sizeof *out->columns);
    if (!out->columns)
        return STATUS_NO_MEMORY;
    if (!out->rows)
        return ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s has a header and no rows.", r->file);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < r->n && status == STATUS_OK; i++) {
        struct fields f = {r, r->cells + (header ? r->n : 0), out->rows, i};
        if ((status = ctx_stopped(r->ctx)) != STATUS_OK)
            break;
        status = name_column(r, i, header, &out->columns[i].name);
        for (size_t j = 0; j < i && status == STATUS_OK; j++)
            if (!by_bytes(&out->columns[i].name, &out->columns[j].name))
                status =
                    ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s has two columns of the name %.*s.", r->file,
                             (int)(out->columns[i].name.n < 60 ? out->columns[i].name.n : 60), out->columns[i].name.p);
        if (status == STATUS_OK)
            status = read_column(&f, &out->columns[i]);
    }
    return status;
}

/* check_text tells the encodings and line ends that would make one field of everything. */
static enum status check_text(const struct reading *r) {
    const size_t n = (size_t)(r->end - r->p);
    if (n >= 2 && (!memcmp(r->p, "\xff\xfe", 2) || !memcmp(r->p, "\xfe\xff", 2)))
        return ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s is UTF-16; want UTF-8.", r->file);
    if (memchr(r->p, '\r', n) && !memchr(r->p, '\n', n))
        return ctx_fail(r->ctx, STATUS_INVALID, "", "%.100s ends its lines with CR alone; want LF or CRLF.", r->file);
    return STATUS_OK;
}

enum status csv_read(struct ctx *ctx, const char *file, const char *p, size_t n, struct csv *out) {
    struct reading r = {.ctx = ctx, .file = file, .p = p, .end = p + n, .line = 1};
    if (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
        r.p += 3;
    *out = (struct csv){0};
    enum status status = check_text(&r);
    if (status == STATUS_OK)
        status = read_first(&r);
    if (status == STATUS_OK)
        status = read_rest(&r);
    return status == STATUS_OK ? read_columns(&r, out) : status;
}

const struct csv_column *csv_find(const struct csv *csv, const char *name) {
    struct str wanted = {name, strlen(name)};
    for (size_t i = 0; i < csv->n; i++)
        if (!by_bytes(&csv->columns[i].name, &wanted))
            return &csv->columns[i];
    return NULL;
}
