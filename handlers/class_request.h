/* class_request.h - the classes that a request asks for: which parts of a formula they are, what a network is told.
 * `asked` is the request's field: one class for all samples, or a list, whose entry i % n is that of sample i. */
#ifndef SOLVENT_CLASS_REQUEST_H
#define SOLVENT_CLASS_REQUEST_H

#include "handlers/call.h"
#include "handlers/model_load.h"

enum { CLASSES_MAX = 1 << 16 };

/* Some of a formula's parts: index[n], rising. */
struct selection {
    size_t n;
    const size_t *index;
};

/* The parts that a class has. */
struct class_parts {
    int64_t class;
    struct selection parts;
};

/* class_select finds the parts of all asked classes together; class_select_each those of each: list[*n], by their classes,
 * rising, no two alike. `classes` is model.classes, of k parts.
 * Errors: INVALID ("/model/classes": not one for each part; "/class", "/class/3": nothing has it), NO_MEMORY. */
enum status class_select(struct ctx *ctx, const struct array *classes, size_t k, const struct array *asked,
                         struct selection *out) MUST_CHECK;
enum status class_select_each(struct ctx *ctx, const struct array *classes, size_t k, const struct array *asked,
                              struct class_parts **list, size_t *n) MUST_CHECK;

/* class_numbers gives what a network is told, out[asked->n]; a class may be named.
 * Errors: INVALID ("/class", "/class/3": it knows no classes, or not this one), NO_MEMORY. */
enum status class_numbers(struct ctx *ctx, const struct loaded_model *model, const struct array *asked,
                          int64_t **out) MUST_CHECK;

/* class_of_samples repeats numbers[n] to one for each sample. Errors: NO_MEMORY. */
enum status class_of_samples(struct ctx *ctx, const int64_t *numbers, size_t n, size_t count,
                             const int64_t **out) MUST_CHECK;

#endif
