#define TABLE median_avx2
#define MOST 80
#include "core/window/median_table.h"
