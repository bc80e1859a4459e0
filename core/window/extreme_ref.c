#define TABLE extreme_ref
#include "core/window/extreme_table.h"
