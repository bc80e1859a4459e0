#define WAVES waves_ref
#include "core/base/waves_body.h"
