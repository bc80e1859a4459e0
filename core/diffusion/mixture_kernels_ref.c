#define MIXTURE_KERNELS mixture_kernels_ref
#include "core/diffusion/mixture_kernels_body.h"
