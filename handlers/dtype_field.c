#include "handlers/dtype_field.h"

#include <stddef.h>

const char *const dtype_names[] = {"f32", "bf16", NULL}; /* in the order of enum graph_dtype */

const char dtype_doc[] =
    "What a network multiplies. bf16: weights and the inputs of convolutions and linear layers are rounded to bfloat16 "
    "(8 "
    "bits of 24), sums and all else stay single precision. 1.3 to 1.8 times as fast where the CPU has instructions "
    "for it (AVX-512 BF16 or AMX), slower than f32 where it has none; half the memory. Samples then differ from those "
    "of f32 by about what the rounding is worth: a percent of a "
    "pixel's range or less.";
