#define TABLE median_ref
#define MOST 8
#include "core/window/median_table.h"
