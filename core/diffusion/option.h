/* option.h - lists of options: X(name, type, least, greatest, names, text), from which structs, request fields and
 * documentation are made. */
#ifndef SOLVENT_OPTION_H
#define SOLVENT_OPTION_H

#include <stddef.h>

#include "core/base/ctx.h"

typedef double option_REAL;
typedef int64_t option_WHOLE;
typedef int option_CHOICE; /* an index into names */
typedef bool option_FLAG;

/* One of a list: where it lies in its struct of options. */
struct option_entry {
    const char *name, *pointer;
    size_t offset, size;
};

/* Who takes options: "sampler" of "solver" "heun". */
struct option_owner {
    const char *group, *kind, *name;
    uint64_t takes; /* mask of the entries that mean something to it */
};

/* options_take copies those of n entries that `mask` names from one struct of options to another of the same type.
 * Errors: INVALID at the pointer of one that means nothing to the owner. */
enum status options_take(struct ctx *ctx, const struct option_entry *entries, size_t n,
                         const struct option_owner *owner, uint64_t mask, const void *from, void *to) MUST_CHECK;

#endif
