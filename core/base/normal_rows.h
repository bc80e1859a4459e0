/* normal_rows.h - private to normal*.c: normal_rows, compiled for each instruction set. */
#ifndef SOLVENT_NORMAL_ROWS_H
#define SOLVENT_NORMAL_ROWS_H

#include "core/base/normal.h"

normal_rows_function normal_rows_ref, normal_rows_avx2, normal_rows_avx512;

#endif
