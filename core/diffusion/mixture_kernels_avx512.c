#define MIXTURE_KERNELS mixture_kernels_avx512
#include "core/diffusion/mixture_kernels_body.h"
