/* field.h - a JSON object described once: its members, their types, limits, defaults and places in a C struct.
 *
 * The same description decodes a request into a params struct, writes the canonical request and the answer from a
 * struct, and becomes JSON Schema, Markdown and the contract tests. An array of fields ends with an entry whose name is
 * NULL.
 *
 *     struct params { struct array values; int order; bool argsort; };
 *     static const char *const ORDERS[] = {"asc", "desc", NULL};
 *     static const struct field INPUT[] = {
 *         FIELD(struct params, values, ARRAY, "What to sort.", .required = true, .kinds = KIND_INT | KIND_REAL),
 *         FIELD(struct params, order, ENUM, "Smallest or greatest first.", .names = ORDERS, .def = "asc"),
 *         FIELD(struct params, argsort, BOOL, "Also give the indices.", .def = "false"),
 *         {0}};
 *
 * type    C member            JSON
 * INT     int64_t             an integer in min_int .. max_int
 * NUMBER  double              a finite number in min .. max (see above_min)
 * BOOL    bool                true, false
 * ENUM    int                 one of names[]; the member is its index
 * STRING  struct str          a string of at most max_items bytes
 * VALUE   struct value        one integer, number or string, as kinds allows
 * ARRAY   struct array        an array of one of the kinds; min_dims .. max_dims nested levels, rectangular;
 *                             min_items .. max_items elements in all; integers in min_int .. max_int, reals in
 *                             min .. max
 * OBJECT  the struct itself   an object of `fields`; absent: as if it were {}
 * LIST    struct list         an array of min_items .. max_items objects of `fields`, each in `size` bytes (see bare)
 * UNION   struct choice       an object whose "type" is one of variants[].name; its other members are that variant's
 *                             fields
 * JSON    struct str          any JSON object: its text without spaces, numbers as they were written
 * ROWS    struct rows         answers only: an array of arrays of integers, each of its own length (core/base/array.h)
 * TRACE   struct trace        answers only: the steps of an algorithm (core/base/trace.h)
 *
 * A member that is absent takes `def`; without `def` it stays all zero, and `present` (where given) stays false. */
#ifndef SOLVENT_FIELD_H
#define SOLVENT_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/array.h"
#include "handlers/rule.h"

enum field_type {
    FIELD_INT,
    FIELD_NUMBER,
    FIELD_BOOL,
    FIELD_ENUM,
    FIELD_STRING,
    FIELD_VALUE,
    FIELD_ARRAY,
    FIELD_OBJECT,
    FIELD_LIST,
    FIELD_UNION,
    FIELD_ROWS,
    FIELD_TRACE,
    FIELD_JSON,
};

struct list {
    size_t n;
    void *items; /* n structs of field.size bytes, one after the other */
};

struct choice {
    int variant;  /* index into field.variants */
    void *params; /* that variant's struct; NULL: the union is absent */
};

/* What a member means beyond its type. */
enum field_role {
    ROLE_PLAIN = 0,
    ROLE_SEED,       /* INT: drawn by the host when absent, and then echoed in the canonical request */
    ROLE_TIME_LIMIT, /* INT, milliseconds: becomes the call's deadline; no part of the canonical request */
    ROLE_MODEL,      /* UNION: a string names one of the host's models, whose JSON object takes its place */
};

struct field {
    const char *name;
    const char *doc; /* full sentences; units and meaning */
    enum field_type type;
    enum field_role role;
    size_t offset; /* of the member in its struct */
    size_t
        present;   /* of a bool that tells whether the member was given (or, in an answer, is to be written); 0: none */
    bool required; /* in a request: absent is an error. In an answer: always there */
    const char *def; /* default as JSON text, a string without its quotes; INT, NUMBER, BOOL, ENUM, STRING only */
    bool above_min;  /* NUMBER, real ARRAY: min itself is not allowed */
    bool limited;    /* min_int/max_int or min/max hold; else any int64, any finite double */
    int64_t min_int, max_int;
    double min, max;
    unsigned kinds;              /* VALUE, ARRAY: mask of enum kind */
    unsigned min_dims, max_dims; /* ARRAY; 0 means 1 */
    unsigned rows, columns; /* ARRAY: columns elements in each innermost array, rows of these in each array of them;
                                    0: any number. [[x,y],...] has 2 columns */
    bool lossless;          /* real ARRAY of a request: an integer that no double holds is refused (number.h) */
    bool scalar;            /* ARRAY: an element alone stands for an array of one */
    bool nullable;          /* NUMBER, real ARRAY of an answer: may be infinite, which is written as null */
    size_t min_items, max_items; /* STRING, ARRAY, LIST; max_items 0: FIELD_MAX_ITEMS */
    const char *const
        *names; /* ENUM; ends with NULL. Integer ARRAY of an answer: written as names[i], as npy the index */
    const struct alias *aliases;    /* ENUM of a request: other names that are taken for one of names[]; NULL: none */
    const struct field *fields;     /* OBJECT, LIST */
    const struct variant *variants; /* UNION; ends with a NULL name */
    size_t size;                    /* LIST: bytes of one element's struct */
    size_t bare; /* LIST of a request: of a bool of the element's struct that tells that it was given as its first
                    field, an ARRAY, alone: [[1,2],[3]] for [{"values":[1,2]},{"values":[3]}]; 0: objects only */
};

struct alias {
    const char *alias, *name; /* NULL ends a list */
};

struct variant {
    const char *name; /* the value of "type" */
    const char *doc;
    const struct field *fields;
    size_t size;              /* bytes of the params struct */
    const struct rule *rules; /* NULL: none */
};

enum { FIELD_MAX_ITEMS = 100 * 1000 * 1000 };

#define FIELD(S, member, T, text, ...) \
    { .name = #member, .doc = text, .type = FIELD_##T, .offset = offsetof(S, member), __VA_ARGS__ }
#define FIELD_INTS(low, high) .limited = true, .min_int = (low), .max_int = (high)
#define FIELD_REALS(low, high) .limited = true, .min = (low), .max = (high)

#endif
