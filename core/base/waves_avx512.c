#define WAVES waves_avx512
#include "core/base/waves_body.h"
