#define MIXTURE_KERNELS mixture_kernels_avx2
#include "core/diffusion/mixture_kernels_body.h"
