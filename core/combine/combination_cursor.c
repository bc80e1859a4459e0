#include "core/combine/combination_cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MARK = 16 }; /* hexadecimal digits */

static size_t run_of(const int64_t *values, size_t n, size_t i) {
    size_t run = 1;
    while (i + run < n && values[i + run] == values[i])
        run++;
    return run;
}

enum status combination_cursor_write(struct ctx *ctx, uint64_t mark, const int64_t *values, size_t n,
                                     struct str *cursor) {
    size_t runs = 0, at;
    for (size_t i = 0; i < n; i += run_of(values, n, i))
        runs++;
    if (runs > COMBINATION_MAX_RUNS)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/target",
                        "The page ends with a sequence of %zu runs of equal numbers, and a cursor holds at most %d.",
                        runs, COMBINATION_MAX_RUNS);
    const size_t longest = 42; /* "_", two numbers of 20 digits, "x" */
    char *text = ctx_alloc(ctx, MARK + 2 + runs * longest, 1);
    if (!text)
        return STATUS_NO_MEMORY;
    at = (size_t)snprintf(text, MARK + 2, "%016" PRIx64, mark);
    for (size_t i = 0, run; i < n; i += run) {
        run = run_of(values, n, i);
        at += (size_t)snprintf(text + at, longest + 1, "%c%" PRId64, i ? '_' : '.', values[i]);
        if (run > 1)
            at += (size_t)snprintf(text + at, longest + 1, "x%zu", run);
    }
    *cursor = (struct str){text, at};
    return STATUS_OK;
}

/* read_number reads digits from *at on; false where there are none, or more than int64 holds. */
static bool read_number(const struct str *s, size_t *at, int64_t *number) {
    size_t first = *at;
    *number = 0;
    for (; *at < s->n && s->p[*at] >= '0' && s->p[*at] <= '9'; ++*at)
        if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, s->p[*at] - '0', number))
            return false;
    return *at > first;
}

/* read_runs reads all of the runs; values NULL: only counts them. */
static bool read_runs(const struct str *s, size_t most, int64_t *values, size_t *n) {
    *n = 0;
    for (size_t at = MARK; at < s->n;) {
        int64_t value, run = 1;
        if (s->p[at++] != (*n ? '_' : '.') || !read_number(s, &at, &value))
            return false;
        if (at < s->n && s->p[at] == 'x' && (at++, !read_number(s, &at, &run)))
            return false;
        if (run < 1 || (uint64_t)run > most - *n)
            return false;
        for (int64_t i = 0; values && i < run; i++)
            values[*n + (size_t)i] = value;
        *n += (size_t)run;
    }
    return *n > 0;
}

enum status combination_cursor_read(struct ctx *ctx, uint64_t mark, size_t most, const struct str *cursor,
                                    int64_t **values, size_t *n) {
    char want[MARK + 1];
    snprintf(want, sizeof want, "%016" PRIx64, mark);
    if (cursor->n < MARK || memcmp(cursor->p, want, MARK) != 0 || !read_runs(cursor, most, NULL, n))
        return ctx_fail(ctx, STATUS_INVALID, "/cursor",
                        "The cursor belongs to another request, want the next_cursor of an answer to the same "
                        "candidates, target, reuse, ordered, distinct, lengths and order.");
    *values = ctx_alloc(ctx, *n, sizeof **values);
    if (!*values)
        return STATUS_NO_MEMORY;
    (void)read_runs(cursor, most, *values, n);
    return STATUS_OK;
}
