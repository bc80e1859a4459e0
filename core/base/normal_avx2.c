#define NORMAL_ROWS normal_rows_avx2
#include "core/base/normal_body.h"
