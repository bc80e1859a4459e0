#define TABLE extreme_avx2
#include "core/window/extreme_table.h"
