#define NORMAL_ROWS normal_rows_ref
#include "core/base/normal_body.h"
