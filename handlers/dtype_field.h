/* dtype_field.h - the `dtype` of a request: what the products of the networks that it runs are of.
 *
 *     struct params { ...; int dtype; };      an enum graph_dtype
 *     static const struct field INPUT[] = {..., DTYPE_INPUT(struct params, dtype), {0}}; */
#ifndef SOLVENT_DTYPE_FIELD_H
#define SOLVENT_DTYPE_FIELD_H

#include "handlers/field.h"

extern const char *const dtype_names[];
extern const char dtype_doc[];

#define DTYPE_INPUT(S, member) FIELD(S, member, ENUM, dtype_doc, .names = dtype_names, .def = "f32")

#endif
