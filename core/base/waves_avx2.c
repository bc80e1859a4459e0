#define WAVES waves_avx2
#include "core/base/waves_body.h"
