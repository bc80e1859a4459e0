#include "handlers/splice.h"

#include <stdint.h>
#include <stdlib.h>

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_number_start(char c) { return c == '-' || (c >= '0' && c <= '9'); }
static bool is_number_char(char c) { return is_number_start(c) || c == '+' || c == '.' || c == 'e' || c == 'E'; }

static const char *skip_space(const char *p, const char *end) {
    while (p < end && is_space(*p))
        p++;
    return p;
}

/* find_mark returns the first of [ ] " { in p .. end, or end. memchr over pieces that grow: fast on long rows, and a
 * mark nearby costs no look at what lies far behind it. */
static const char *find_mark(const char *p, const char *end) {
    for (size_t piece = 64; p < end; piece = piece < 4096 ? piece * 2 : piece) {
        size_t n = (size_t)(end - p) < piece ? (size_t)(end - p) : piece;
        const char *first = NULL;
        for (const char *mark = "[]\"{"; *mark; mark++) {
            const char *at = memchr(p, *mark, first ? (size_t)(first - p) : n);
            if (at)
                first = at;
        }
        if (first)
            return first;
        p += n;
    }
    return end;
}

/* number_array_end returns the end of the array of numbers that starts at p, or NULL where there is something else. */
static const char *number_array_end(const char *p, const char *end) {
    int depth = 0;
    while (p < end && *p == '[' && depth < 4) {
        depth++;
        p = skip_space(p + 1, end);
    }
    bool empty_rows = depth > 1 && p < end && *p == ']';
    if (p == end || depth == 4 || !(is_number_start(*p) || empty_rows))
        return NULL;
    for (;;) {
        p = find_mark(p, end);
        if (p == end || *p != ']')
            return NULL;
        while (p < end && *p == ']') {
            if (--depth == 0)
                return p + 1;
            p = skip_space(p + 1, end);
        }
        if (p < end && *p == ',')
            p = skip_space(p + 1, end);
        if (p == end || *p != '[')
            return NULL;
        for (; p < end && *p == '['; p = skip_space(p + 1, end))
            if (++depth > 3)
                return NULL;
    }
}

/* add_stand_in writes the string that stands for a span: a NUL, and its number in base 16. */
static void add_stand_in(struct buf *out, size_t number) {
    char text[32];
    size_t at = sizeof text;
    text[--at] = '"';
    do
        text[--at] = "0123456789abcdef"[number % 16];
    while ((number /= 16) > 0);
    at -= 7;
    memcpy(text + at, "\"\\u0000", 7);
    buf_add(out, text + at, sizeof text - at);
}

static bool add_span(struct splice *s, const char *text, size_t n) {
    if (s->n_spans == s->size_spans) {
        size_t size = s->size_spans ? s->size_spans * 2 : 16;
        struct span *spans = realloc(s->spans, size * sizeof *spans);
        if (!spans)
            return false;
        s->spans = spans;
        s->size_spans = size;
    }
    s->spans[s->n_spans] = (struct span){text, n, s->skeleton.n};
    add_stand_in(&s->skeleton, s->n_spans++);
    return true;
}

/* string_end returns the end of the string that starts at the quote p; end where it is not closed. *nul: it holds the
 * escape \u0000. */
static const char *string_end(const char *p, const char *end, bool *nul) {
    for (p++; p < end; p++) {
        if (*p == '"')
            return p + 1;
        if (*p == '\\') {
            p++;
            if (end - p >= 5 && memcmp(p, "u0000", 5) == 0)
                *nul = true;
        }
    }
    return end;
}

/* add_without_nul copies a string with \\uffff for \\u0000, which would end a name and look like a span's stand-in. */
static void add_without_nul(struct splice *s, const char *p, const char *end) {
    s->nul = true;
    while (p < end) {
        size_t n = *p != '\\' || end - p < 2 ? 1 : 2;
        bool nul = n == 2 && end - p >= 6 && memcmp(p, "\\u0000", 6) == 0;
        buf_add(&s->skeleton, nul ? "\\uffff" : p, nul ? 6 : n);
        p += nul ? 6 : n;
    }
}

struct position {
    size_t line, column; /* from 1; columns are bytes */
};

static struct position position_of(const char *text, size_t offset) {
    struct position at = {1, 1};
    for (size_t i = 0; i < offset; i++)
        if (text[i] == '\n')
            at = (struct position){at.line + 1, 1};
        else
            at.column++;
    return at;
}

enum status splice_syntax(struct ctx *ctx, const char *text, size_t n, size_t offset) {
    struct position at = position_of(text, offset < n ? offset : n);
    if (offset >= n)
        return ctx_fail(ctx, STATUS_SYNTAX, "", "The body is not JSON: it ends too early, at line %zu, column %zu.",
                        at.line, at.column);
    char near[24];
    size_t m = 0;
    for (; m < sizeof near - 1 && offset + m < n; m++) {
        unsigned char c = (unsigned char)text[offset + m];
        if (c < 0x20 || c > 0x7e)
            break; /* the sentence stays plain ASCII whatever the body holds */
        near[m] = (char)c;
    }
    near[m] = '\0';
    if (m == 0)
        return ctx_fail(ctx, STATUS_SYNTAX, "",
                        "The body is not JSON: byte 0x%02x is not expected at line %zu, column %zu.",
                        (unsigned char)text[offset], at.line, at.column);
    return ctx_fail(ctx, STATUS_SYNTAX, "", "The body is not JSON: `%s` is not expected at line %zu, column %zu.", near,
                    at.line, at.column);
}

/* make_skeleton copies the text, numbers replaced. */
static enum status make_skeleton(struct ctx *ctx, struct splice *s) {
    const char *p = s->text, *end = s->text + s->n;
    size_t values = 0;
    while (p < end) {
        const char *stop = p + 1;
        bool nul = false, span = false;
        if (*p == '"') {
            stop = string_end(p, end, &nul);
        } else if (is_number_start(*p)) {
            while (stop < end && is_number_char(*stop))
                stop++;
            span = true;
        } else if (*p == '[') {
            const char *array = number_array_end(p, end);
            if (array) {
                stop = array;
                span = true;
            }
        } else {
            while (stop < end && *stop != '"' && *stop != '[' && *stop != '{' && *stop != ',' &&
                   !is_number_start(*stop))
                stop++;
        }
        values += *p == '{' ? 4 : *p == ',' || *p == '[';
        if (values > SPLICE_MAX_VALUES)
            return ctx_fail(ctx, STATUS_TOO_LARGE, "",
                            "The body holds more than %d values outside arrays of numbers (an object counts four); "
                            "send columns of numbers.",
                            SPLICE_MAX_VALUES);
        if (nul)
            add_without_nul(s, p, stop);
        else if (!span)
            buf_add(&s->skeleton, p, (size_t)(stop - p));
        else if (!add_span(s, p, (size_t)(stop - p)))
            s->skeleton.failed = true;
        p = stop;
    }
    if (s->skeleton.failed)
        return ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is not enough memory to read the body.");
    return STATUS_OK;
}

static const char *skeleton_text(const struct splice *s) { return s->skeleton.data ? s->skeleton.data : ""; }

/* original_offset maps a position of the skeleton to the text. */
static size_t original_offset(const struct splice *s, size_t at) {
    size_t low = 0, high = s->n_spans;
    while (low < high) { /* the last span that starts at or before `at` */
        size_t mid = low + (high - low) / 2;
        if (s->spans[mid].at <= at)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0)
        return at;
    const struct span *span = &s->spans[low - 1];
    size_t start = (size_t)(span->text - s->text);
    size_t stand_in = (low < s->n_spans ? s->spans[low].at : s->skeleton.n) - span->at;
    size_t width = (size_t)snprintf(NULL, 0, "\"\\u0000%zx\"", low - 1);
    if (stand_in > width)
        stand_in = width;
    return at - span->at < stand_in ? start : start + span->n + (at - span->at - stand_in);
}

/* duplicate_key fails with the key's name; its pointer is exact for the keys of the top level. jansson stops right
 * behind the key. */
static enum status duplicate_key(struct ctx *ctx, const struct splice *s, const json_error_t *error) {
    size_t end = (size_t)error->position < s->skeleton.n ? (size_t)error->position : s->skeleton.n;
    const char *text = skeleton_text(s);
    int depth = 0;
    size_t key = 0, length = 0;
    for (size_t i = 0; i < end; i++) {
        if (text[i] == '"') {
            bool nul = false;
            const char *stop = string_end(text + i, text + end, &nul);
            key = i + 1;
            length = (size_t)(stop - text) - i - 1;
            if (length && stop[-1] == '"')
                length--;
            i = (size_t)(stop - text) - 1;
        } else {
            depth += text[i] == '{' || text[i] == '[';
            depth -= text[i] == '}' || text[i] == ']';
        }
    }
    int shown = length > 60 ? 60 : (int)length;
    char pointer[80];
    snprintf(pointer, sizeof pointer, "%s%.*s", depth == 1 ? "/" : "", depth == 1 ? shown : 0, text + key);
    return ctx_fail(ctx, STATUS_INVALID, pointer, "The field \"%.*s\" is given twice; want it once.", shown,
                    text + key);
}

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

static enum status parse_error(struct ctx *ctx, const struct splice *s, const json_error_t *error) {
    switch (json_error_code(error)) {
    case json_error_duplicate_key: return duplicate_key(ctx, s, error);
    case json_error_out_of_memory:
        return ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is not enough memory to read the body.");
    case json_error_stack_overflow:
        return ctx_fail(ctx, STATUS_SYNTAX, "", "The body is nested deeper than 2048 levels.");
    case json_error_invalid_utf8:
        return ctx_fail(ctx, STATUS_SYNTAX, "", "The body is not JSON: a string is not valid UTF-8, near byte %zu.",
                        original_offset(s, (size_t)error->position));
    default: break;
    }
    /* jansson's position is behind the token it did not expect; the token itself is the better place. */
    const char *text = skeleton_text(s);
    size_t at = (size_t)error->position;
    if (json_error_code(error) != json_error_premature_end_of_input && at > 0)
        at--;
    while (at > 0 && at < s->skeleton.n && is_letter(text[at]) && is_letter(text[at - 1]))
        at--;
    return splice_syntax(ctx, s->text, s->n, original_offset(s, at));
}

enum status splice_parse(struct ctx *ctx, struct splice *splice, const char *text, size_t n, json_t **root) {
    *splice = (struct splice){.text = text, .n = n};
    buf_init(&splice->skeleton, n > SIZE_MAX / 64 ? SIZE_MAX : n * 16 + 64);
    enum status status = make_skeleton(ctx, splice);
    if (status == STATUS_OK) {
        json_error_t error;
        *root = json_loadb(skeleton_text(splice), splice->skeleton.n,
                           JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
        if (!*root)
            status = parse_error(ctx, splice, &error);
    }
    if (status != STATUS_OK)
        splice_release(splice);
    return status;
}

void splice_release(struct splice *splice) {
    buf_release(&splice->skeleton);
    free(splice->spans);
    splice->spans = NULL;
    splice->n_spans = splice->size_spans = 0;
}

bool splice_has_nul(const struct splice *splice, const char *text, size_t n) {
    static const char stand_in[] = "\xef\xbf\xbf";
    return splice->nul && memmem(text, n, stand_in, sizeof stand_in - 1) != NULL;
}

const struct span *splice_span(const struct splice *splice, const json_t *value) {
    if (!json_is_string(value) || json_string_length(value) < 2 || json_string_value(value)[0] != '\0')
        return NULL;
    size_t i = strtoul(json_string_value(value) + 1, NULL, 16);
    return i < splice->n_spans ? &splice->spans[i] : NULL;
}
