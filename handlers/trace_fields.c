#include "handlers/trace_fields.h"

const struct field trace_fields[] = {FIELD(struct trace_params, max_steps, INT,
                                           "Steps to keep; further ones are only counted.", .def = "1000",
                                           FIELD_INTS(1, TRACE_MAX_STEPS)),
                                     {0}};
