/* option.h - lists of options: X(name, type, least, greatest, names, text), from which structs, request fields and
 * documentation are made. */
#ifndef SOLVENT_OPTION_H
#define SOLVENT_OPTION_H

#include <stdbool.h>
#include <stdint.h>

typedef double option_REAL;
typedef int64_t option_WHOLE;
typedef int option_CHOICE; /* an index into names */
typedef bool option_FLAG;

#endif
