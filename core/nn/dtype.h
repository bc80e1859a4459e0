/* dtype.h - what the products of a network are of: float32, or bfloat16 with sums of float32 (core/tensor/half.h). */
#ifndef SOLVENT_DTYPE_H
#define SOLVENT_DTYPE_H

enum graph_dtype { GRAPH_F32, GRAPH_BF16, GRAPH_DTYPES };

#endif
