/* Every numeric limit of every request: what is at it is taken, what is one past it is refused by its own pointer.
 * Requests are decoded only, so that none of them is solved. */
#include <math.h>

#include "handlers/call.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

/* Where a field's value goes in a request, and its pointer. */
struct site {
    const struct endpoint *endpoint;
    const struct field *field;
    char before[300], after[100], pointer[200];
};

static size_t tried;

/* names_a_limit tells the sentence of a limit from that of a rule about fields that go together. */
static bool names_a_limit(const char *detail) {
    return strstr(detail, ", want an integer ") || strstr(detail, ", want a number ") ||
           strstr(detail, " elements, want ") || strstr(detail, " bytes, want ");
}

/* refused says whether the request with this value has an error that points exactly at the field, or into it. */
static bool refused(const struct site *site, const char *value, size_t n, bool inside) {
    struct buf body;
    struct call call;
    buf_init(&body, SIZE_MAX / 2);
    buf_printf(&body, "%s\"%s\":", site->before, site->field->name);
    buf_add(&body, value, n);
    buf_text(&body, site->after);
    call_init(&call, site->endpoint, &test_host);
    call.request = (struct request){.query = "", .body = body.data, .n = body.n};
    bool found = call_decode(&call) == STATUS_NO_MEMORY;
    size_t length = strlen(site->pointer);
    for (size_t i = 0; i < call.n_errors; i++) {
        const char *pointer = call.errors[i].pointer;
        bool at = strcmp(pointer, site->pointer) == 0;
        if (!names_a_limit(call.errors[i].detail))
            continue;
        found = found || at || (inside && strncmp(pointer, site->pointer, length) == 0);
    }
    call_release(&call);
    buf_release(&body);
    tried++;
    return found;
}

static void expect(const struct site *site, const char *what, const char *value, size_t n, bool inside, bool want) {
    if (refused(site, value, n, inside) != want)
        fail_msg("%s %s: %s: want it %s", site->endpoint->route, site->pointer, what, want ? "refused" : "taken");
}

/* number puts a number in the field's place, in as many arrays as it wants. */
static void number(const struct site *site, const char *what, const char *text, bool want) {
    const struct field *f = site->field;
    char value[120];
    unsigned dims = f->type != FIELD_ARRAY ? 0 : f->min_dims ? f->min_dims : 1;
    snprintf(value, sizeof value, "%.*s%s%.*s", (int)dims, "[[[", text, (int)dims, "]]]");
    if (!want && f->type == FIELD_ARRAY && f->min_items > 1)
        return; /* one element is too few, which is another limit */
    expect(site, what, value, strlen(value), f->type == FIELD_ARRAY, want);
}

static void try_ints(const struct site *site) {
    char text[32];
    const struct field *f = site->field;
    snprintf(text, sizeof text, "%lld", (long long)f->min_int);
    number(site, "at the least", text, false);
    snprintf(text, sizeof text, "%lld", (long long)f->max_int);
    number(site, "at the greatest", text, false);
    if (f->min_int > INT64_MIN) {
        snprintf(text, sizeof text, "%lld", (long long)f->min_int - 1);
        number(site, "below the least", text, true);
    }
    if (f->max_int < INT64_MAX) {
        snprintf(text, sizeof text, "%lld", (long long)f->max_int + 1);
        number(site, "above the greatest", text, true);
    }
}

static void try_reals(const struct site *site) {
    char text[40];
    const struct field *f = site->field;
    snprintf(text, sizeof text, "%.17g", f->above_min ? nextafter(f->min, INFINITY) : f->min);
    number(site, "at the least", text, false);
    snprintf(text, sizeof text, "%.17g", f->max);
    number(site, "at the greatest", text, false);
    snprintf(text, sizeof text, "%.17g", f->above_min ? f->min : nextafter(f->min, -INFINITY));
    number(site, "below the least", text, true);
    if (f->max < 1e307) {
        snprintf(text, sizeof text, "%.17g", nextafter(f->max, INFINITY));
        number(site, "above the greatest", text, true);
    }
}

/* items writes n elements: characters of a string, empty objects, strings, or numbers within limits in rows of `row`. */
static void items(const struct field *f, size_t n, size_t row, struct buf *out) {
    bool text = f->type == FIELD_STRING;
    const char *one = f->limited && (f->min_int > 1 || f->min > 1) ? "2" : "1", *some = one;
    char rows[40];
    if (f->type == FIELD_LIST)
        some = "{}";
    else if (f->type == FIELD_ARRAY && f->kinds == KIND_STRING)
        some = "\"x\"";
    if (row > 1) {
        bool deep = f->min_dims > 2;
        snprintf(rows, sizeof rows, "%s%s,%s%s", deep ? "[[" : "[", one, one, deep ? "]]" : "]");
        some = rows;
    }
    size_t length = text ? 0 : strlen(some), step = text ? 1 : length + 1;
    char *to = buf_room(out, n / row * step + 2), *first = to;
    assert_non_null(to);
    *to++ = text ? '"' : '[';
    for (size_t i = 0; i < n / row; i++, to += step) {
        memcpy(to, text ? "x" : some, text ? 1 : length);
        if (!text)
            to[length] = ',';
    }
    to -= !text && n >= row;
    *to++ = text ? '"' : ']';
    buf_commit(out, (size_t)(to - first));
}

static void expect_items(const struct site *site, const char *what, size_t n, size_t row, bool want) {
    struct buf value;
    buf_init(&value, SIZE_MAX / 2);
    items(site->field, n, row, &value);
    assert_false(value.failed);
    expect(site, what, value.data, value.n, false, want);
    buf_release(&value);
}

/* Those that take their time to be tried: a field as large as one before it in its request is left out, and so is one that
 * another request has by the same name (`wkt`, `csv`). */
static const struct field *large[100];
static size_t n_large;

static bool as_large(const struct field *f, const struct field *g) {
    return g->type == f->type && g->max_items == f->max_items && g->min_dims == f->min_dims;
}

static bool tried_large(const struct field *f, const struct field *fields) {
    if (f->max_items <= 1000000)
        return false;
    for (const struct field *g = fields; g != f; g++)
        if (as_large(f, g))
            return true;
    for (size_t i = 0; i < n_large; i++)
        if (as_large(f, large[i]) && strcmp(f->name, large[i]->name) == 0)
            return true;
    assert_true(n_large < sizeof large / sizeof *large);
    large[n_large++] = f;
    return false;
}

static void try_sizes(const struct site *site, const struct field *fields) {
    const struct field *f = site->field;
    size_t row = f->type == FIELD_ARRAY && f->min_dims > 1 ? 2 : 1;
    if (f->max_items > 0 && !tried_large(f, fields)) {
        expect_items(site, "as many as may be", f->max_items, row, false);
        expect_items(site, "one too many", f->max_items + row, row, true);
    }
    if (f->min_items > 1 && f->min_items % row == 0) {
        expect_items(site, "as few as may be", f->min_items, row, false);
        expect_items(site, "one too few", f->min_items - row, row, true);
    }
}

static void try_fields(const struct site *above, const struct field *fields) {
    for (const struct field *f = fields; f->name; f++) {
        struct site site = *above;
        site.field = f;
        snprintf(site.pointer, sizeof site.pointer, "%.100s/%s", above->pointer, f->name);
        bool ints = f->type == FIELD_INT || (f->type == FIELD_ARRAY && f->kinds == KIND_INT);
        bool reals = f->type == FIELD_NUMBER || (f->type == FIELD_ARRAY && f->kinds == KIND_REAL);
        if (f->limited && ints)
            try_ints(&site);
        else if (f->limited && reals)
            try_reals(&site);
        if (f->type == FIELD_ARRAY || f->type == FIELD_LIST || f->type == FIELD_STRING)
            try_sizes(&site, fields);
        if (f->type != FIELD_OBJECT && f->type != FIELD_LIST)
            continue;
        bool list = f->type == FIELD_LIST;
        snprintf(site.before, sizeof site.before, "%.200s\"%s\":%s", above->before, f->name, list ? "[{" : "{");
        snprintf(site.after, sizeof site.after, "%s%.80s", list ? "}]" : "}", above->after);
        strcat(site.pointer, list ? "/0" : "");
        try_fields(&site, f->fields);
    }
}

static void every_limit_at_it_and_past_it(void **state) {
    (void)state;
    for (const struct endpoint *const *e = endpoints; *e; e++)
        if ((*e)->input) {
            struct site site = {.endpoint = *e, .before = "{", .after = "}"};
            try_fields(&site, (*e)->input);
        }
    assert_in_range(tried, 200, 100000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_limit_at_it_and_past_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
