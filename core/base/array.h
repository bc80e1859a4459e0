/* array.h - numbers and strings as they come in and go out: flat, typed, row-major, up to three dimensions. */
#ifndef SOLVENT_ARRAY_H
#define SOLVENT_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

/* A string by length: UTF-8, may hold any code point but U+0000, not terminated. */
struct str {
    const char *p;
    size_t n; /* bytes */
};

enum kind { KIND_NONE = 0, KIND_INT = 1, KIND_REAL = 2, KIND_STRING = 4 }; /* also used as a mask */

/* shape[0 .. dims-1] are the extents, n their product. KIND_NONE: there is no array (an absent field). */
struct array {
    enum kind kind;
    unsigned dims; /* 1 .. 3 */
    size_t shape[3];
    size_t n;
    union {
        int64_t *ints;
        double *reals; /* finite */
        struct str *strings;
        void *data;
    };
};

/* Rows of integers, each of its own length: row i is values[start[i] .. start[i + 1] - 1]. start NULL: there are none,
 * not even an empty list. */
struct rows {
    size_t n;
    const size_t *start;   /* [n + 1], ascending from 0 */
    const int64_t *values; /* [start[n]] */
};

/* One number or string of either kind. KIND_NONE: absent. */
struct value {
    enum kind kind;
    union {
        int64_t i;
        double r;
        struct str s;
    };
};

/* array_1d describes n elements at data, which it borrows. */
static inline struct array array_1d(enum kind kind, void *data, size_t n) {
    return (struct array){.kind = kind, .dims = 1, .shape = {n}, .n = n, .data = data};
}

/* array_at is element i of a flat array as a value. */
static inline struct value array_at(const struct array *a, size_t i) {
    struct value v = {.kind = a->kind};
    if (a->kind == KIND_INT)
        v.i = a->ints[i];
    else if (a->kind == KIND_REAL)
        v.r = a->reals[i];
    else if (a->kind == KIND_STRING)
        v.s = a->strings[i];
    return v;
}

#endif
