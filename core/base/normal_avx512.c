#define NORMAL_ROWS normal_rows_avx512
#include "core/base/normal_body.h"
